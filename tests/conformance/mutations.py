"""Proves the conformance tests: breaks each rule by one line of the server, and sees that just its test fails.

    python tests/conformance/mutations.py [NUMBER ...]      all rules, or some by their numbers

Copies the package, changes the copy, runs all conformance tests against it: half an hour for all, no part of
`make test`. Ends with exit code 1 when a mutation let its test pass or made another fail.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

Rule = dict[str, Any]


def failed(rule: Rule, original: Path) -> set[str]:
    """The conformance tests that fail on the mutated server: "file::name"."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder, "whoson_load")
        shutil.copytree(original, package)
        mutation = rule["mutation"]
        file = package / mutation["file"]
        text = file.read_text(encoding="utf-8")
        assert text.count(mutation["old"]) == 1, f"rule {rule['number']} no longer fits {mutation['file']}"
        file.write_text(text.replace(mutation["old"], mutation["new"]), encoding="utf-8")
        result = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", str(HERE), "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider"),
                *("--ignore", f"{HERE / 'test_document.py'}"),
            ],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1", "CONFORMANCE_PATIENCE_S": "4"},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    return set(re.findall(r"^(?:FAILED|ERROR) \S*?(test_\w+\.py::test_\w+)", result.stdout, re.MULTILINE))


def judge(rule: Rule, original: Path) -> bool:
    """Try one rule and say how it went."""
    found = failed(rule, original)
    fine = found == {rule["test"]}
    others = ", ".join(sorted(found - {rule["test"]}))
    missed = "" if rule["test"] in found else "its test passed; "
    verdict = "killed" if fine else f"{missed}{f'others failed: {others}' if others else ''}"
    print(f"{rule['number']:4} {rule['test']}: {verdict}", flush=True)  # noqa: T201 (it is a program)
    return fine


def main() -> int:
    """Try the rules that were asked for, two at a time."""
    rules: list[Rule] = tomllib.loads((HERE / "rules.toml").read_text(encoding="utf-8"))["rule"]
    asked = {int(each) for each in sys.argv[1:]} or {rule["number"] for rule in rules}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        # A copy of our own: whoever works on the server meanwhile shall not change what is tried.
        original = Path(folder, "whoson_load")
        shutil.copytree(ROOT / "whoson_load", original, ignore=shutil.ignore_patterns("__pycache__"))
        chosen = [rule for rule in rules if rule["number"] in asked]
        verdicts = list(pool.map(lambda rule: judge(rule, original), chosen))
    print(f"{sum(verdicts)} of {len(verdicts)} mutations were killed by their own test alone")  # noqa: T201 (it is a program)
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
