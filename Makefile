# Needs Python 3.11 or newer and make, nothing else. Each target sets up .venv by itself when it is missing or stale:
# the packages again when requirements.lock is newer than they are, this package again when pyproject.toml is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

LOCKED := $(VENV)/.locked
READY := $(VENV)/.ready

# One computes while two wait for programs; tests/lanes.py tells which does what. They start hundreds of processes, so
# compiled modules are kept, whatever the environment says.
TEST_PROCESSES ?= 3

# Resolves requirements.lock; of use to nobody else, so it has an environment of its own.
UV := uv==0.13.9
LOCK_VENV := build/lock

.DEFAULT_GOAL := help
.PHONY: help demo test test-browser lint examples bench lock clean

define require_python
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "whoson-load needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1 || true). Name another one: make PYTHON=python3.11 ..." >&2; \
	exit 1; }
endef

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile

demo: $(READY) ## 50 visitors for 45 seconds against the simulator; the record goes to reports/
	@$(BIN)/whoson-load run locustfiles/visitors.py --simulator -u 50 -r 50 -t 45s --pace 8 \
		--objective "echo p99 < 500ms" --objective "lost == 0"
	@echo "Open $$(ls -d reports/*-visitors | tail -n 1)/report.html in a browser."

test: lint ## lint, then all tests
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n $(TEST_PROCESSES) -m "not browser and not alone"
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -m alone

test-browser: $(READY) ## the pages, in Debian's Chromium (or the one that CHROMIUM names)
	$(BIN)/pytest -m browser

lint: $(READY) ## ruff, mypy --strict, and who may import whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

examples: $(READY) ## the pages of the runs in reports/example-*
	@for run in reports/example-*/; do $(BIN)/whoson-load report "$$run" --format html || exit 1; done
	@$(BIN)/whoson-load compare reports/example-old-build reports/example-new-build \
		--format html -o reports/example-comparison.html || [ $$? -eq 6 ]

BENCH ?= session
bench: $(READY) ## what the claims on speed and memory rest on; BENCH=NAME for another one, see benchmarks/README.md
	@grep -q '^| `$(BENCH)` |' benchmarks/README.md || { echo "got BENCH=$(BENCH), expected a name in benchmarks/README.md" >&2; exit 2; }
	$(BIN)/python benchmarks/$(BENCH).py $(ARGS)

lock: ## resolve requirements.lock again, keeping its versions where they fit; make lock UPGRADE=1 takes the newest
	$(require_python)
	@$(PYTHON) -m venv $(LOCK_VENV)
	@$(LOCK_VENV)/bin/python -m pip install --quiet --disable-pip-version-check $(UV)
	$(LOCK_VENV)/bin/uv pip compile pyproject.toml --all-extras --universal --fork-strategy fewest --python-version 3.11 \
		--generate-hashes --custom-compile-command "make lock" --quiet $(if $(UPGRADE),--upgrade) \
		--output-file requirements.lock

clean: ## remove .venv, caches and what builds leave; never reports
	rm -rf $(VENV) build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(LOCKED): requirements.lock
	$(require_python)
	@echo "Setting up $(VENV): the packages that requirements.lock names."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

# Both files have to agree, or what is tested is not what others install.
$(READY): pyproject.toml $(LOCKED)
	@echo "Setting up $(VENV): whoson-load itself, in place."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@said=$$($(BIN)/python -m pip check --disable-pip-version-check 2>&1) || { \
		echo "$$said"; \
		echo "requirements.lock does not hold what pyproject.toml asks for: run make lock." >&2; \
		exit 1; }
	@touch $@
