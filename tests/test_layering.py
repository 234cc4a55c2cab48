"""The layers hold: in the source, by the table in pyproject.toml, and in what a fresh interpreter really loads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "whoson_load"
LINT_IMPORTS = Path(sysconfig.get_path("scripts")) / "lint-imports"

PURE = ("protocol", "visitors", "measurement", "analysis", "report")

# module -> what it imports; each is a breach, named by the line that the linter has to print for it.
BREACHES = {
    "protocol.a": ("whoson_load.clock", "a part without a clock reads it"),
    "protocol.b": ("socket", "a pure part opens a socket"),
    "measurement.a": ("time", "a pure part asks the time behind the clock's back"),
    "measurement.b": ("whoson_load.protocol", "a row of its own grants nothing sideways"),
    "visitors.a": ("gevent", "a pure part waits"),
    "analysis.a": ("whoson_load.record", "a pure part reads files"),
    "report.a": ("locust", "a pure part meets Locust"),
    "client.a": ("websocket", "websocket-client has two homes"),
    "client.b": ("whoson_load.swarm", "an import upwards"),
    "journeys.a": ("locust", "Locust has one home"),
    "record.a": ("whoson_load.analysis", "record knows measurement only"),
    "simulator.a": ("gevent", "the simulator never meets gevent"),
    "simulator.b": ("whoson_load.visitors", "the simulator knows the protocol only"),
    "swarm.a": ("whoson_load.report", "what the table does not grant to swarm"),
    "plugin": ("whoson_load.protocol", "a part that is one module"),
    "cli.a": ("locust", "the one command that runs Locust is cli.run"),
}
GRANTED = {
    "protocol": "whoson_load.errors",
    "visitors": "whoson_load.protocol",
    "client.wire": "websocket",
    "client.session": "gevent",
    "swarm.user": "locust",
    "cli.run": "locust",
    "simulator.server": "asyncio",
    "clock": "time",
}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the linter with the project's own configuration on the package that lies in a folder."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "COLUMNS": "200"}
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache", "--no-logo", "--config", ROOT / "pyproject.toml"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def write_package(folder: Path, imports: dict[str, str]) -> None:
    """Write a package named as ours, whose modules each hold one import; a folder's own module is its `__init__`."""
    packages = {"whoson_load", *(f"whoson_load.{name.partition('.')[0]}" for name in imports if "." in name)}
    for package in packages:
        place = folder.joinpath(*package.split("."))
        place.mkdir(parents=True, exist_ok=True)
        place.joinpath("__init__.py").touch()
    for name in ("errors", "clock", "protocol", "visitors", "record", "analysis", "swarm", "journeys"):
        if f"whoson_load.{name}" not in packages:
            folder.joinpath("whoson_load", f"{name}.py").touch()
    for name, imported in imports.items():
        place = folder.joinpath("whoson_load", *name.split("."))
        module = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        module.write_text(f"import {imported}\n", encoding="utf-8")


def printed_breaches(result: subprocess.CompletedProcess[str]) -> set[str]:
    """The lines with which the linter names what it found, without their line numbers."""
    return {
        line.strip().removeprefix("- ").partition(" (line")[0]
        for line in result.stdout.splitlines()
        if line.strip().startswith("- ")
    }


def test_the_package_keeps_to_the_import_table() -> None:
    """Nothing in the package imports what its row does not grant."""
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_breach_of_the_table_is_named_and_nothing_else(tmp_path: Path) -> None:
    """The linter finds each forbidden import, and takes none of the granted ones for one."""
    write_package(tmp_path, GRANTED | {name: imported for name, (imported, _) in BREACHES.items()})
    result = lint_imports(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert printed_breaches(result) == {f"whoson_load.{name} -> {imported}" for name, (imported, _) in BREACHES.items()}


def test_granted_imports_alone_pass(tmp_path: Path) -> None:
    """A package that holds only granted imports is kept."""
    write_package(tmp_path, GRANTED)
    result = lint_imports(tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_part_without_a_row_is_a_breach(tmp_path: Path) -> None:
    """Nobody adds a part to the package without saying what it may import."""
    write_package(tmp_path, {"newcomer": "json"})
    result = lint_imports(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert printed_breaches(result) == {"whoson_load.newcomer has no row in may_import"}


LOAD = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
foreign = {"gevent", "greenlet", "locust", "websocket"}
print(json.dumps(sorted(foreign & set(sys.modules))))
"""

LOAD_A_RUN = """
import json, sys
import locust.main
import whoson_load.cli.run, whoson_load.cli.progress, whoson_load.plugin
heavy = {"bokeh", "scipy.integrate", "scipy.optimize", "scipy.stats"}
print(json.dumps(sorted(heavy & set(sys.modules))))
"""


def modules_of(part: str) -> list[str]:
    """The dotted names of all modules of a part, `[]` for one that does not exist."""
    return sorted(
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for file in [*PACKAGE.glob(f"{part}.py"), *PACKAGE.glob(f"{part}/**/*.py")]
        if file.name != "__main__.py"
    )


@pytest.mark.parametrize("part", ["__init__", "errors", "clock", *PURE, "simulator", "cli/main", "cli/simulate"])
def test_what_must_not_meet_gevent_does_not_load_it(part: str) -> None:
    """Importing every module of the part leaves gevent, Locust and websocket-client out of the interpreter."""
    modules = modules_of(part)
    if not modules:
        pytest.skip(f"whoson_load/{part} does not exist yet")
    result = subprocess.run(
        [sys.executable, "-c", LOAD, *modules], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == []


def test_a_run_begins_without_what_only_its_end_may_need() -> None:
    """Charts and statistics would cost each worker a second and 80 MB before its first visitor."""
    result = subprocess.run(
        [sys.executable, "-c", LOAD_A_RUN], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == []
