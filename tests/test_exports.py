"""Every public module says what it offers, and offers what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TypedDict

import pytest

ROOT = Path(__file__).parent.parent

MODULES = sorted(
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for file in (ROOT / "whoson_load").glob("**/*.py")
    if file.name != "__main__.py" and not any(part.startswith("_") for part in file.relative_to(ROOT).parts[:-1])
)

# Runs in an interpreter of its own: a module of ours may bring Locust, which patches the standard library.
INSPECT = """
import importlib, inspect, json, sys, traceback
offers = {}
for name in sys.argv[1:]:
    try:
        module = importlib.import_module(name)
    except Exception:
        offers[name] = {"failure": traceback.format_exc(), "declared": None, "missing": [], "undeclared": []}
        continue
    declared = getattr(module, "__all__", None)
    offers[name] = {
        "failure": None,
        "declared": None if declared is None else list(declared),
        "missing": [each for each in declared or () if not hasattr(module, each)],
        "undeclared": sorted(
            each for each, value in vars(module).items()
            if not each.startswith("_") and each not in (declared or ())
            and (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__ == name
        ),
    }
print(json.dumps(offers))
"""


class Offer(TypedDict):
    """What one module declares, what of it is missing, and which public classes and functions it keeps quiet about.

    Attributes:
        failure: the traceback of a module that cannot be imported, else None.
    """

    failure: str | None
    declared: list[str] | None
    missing: list[str]
    undeclared: list[str]


@pytest.fixture(scope="module")
def offers() -> dict[str, Offer]:
    """Module -> what it offers, from importing them all."""
    result = subprocess.run(
        [sys.executable, "-c", INSPECT, *MODULES], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )
    assert result.returncode == 0, result.stderr
    found: dict[str, Offer] = json.loads(result.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("module", MODULES)
def test_a_module_declares_what_it_offers(module: str, offers: dict[str, Offer]) -> None:
    """`__all__` is there, names nothing twice, and names every public class and function the module defines."""
    assert offers[module]["failure"] is None, offers[module]["failure"]
    declared = offers[module]["declared"]
    assert declared is not None, f"{module} has no __all__"
    assert len(declared) == len(set(declared))
    assert offers[module]["undeclared"] == []


@pytest.mark.parametrize("module", MODULES)
def test_what_a_module_declares_exists(module: str, offers: dict[str, Offer]) -> None:
    """Each name in `__all__` can be had from the module."""
    assert offers[module]["failure"] is None, offers[module]["failure"]
    assert offers[module]["missing"] == []
