"""The locustfiles that come with the project load, and are what they shall be: short, and about the load alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from locust.main import merge_locustfiles_content

from tests.programs import ROOT
from whoson_load import ChatVisitor

LOCUSTFILES = sorted((ROOT / "locustfiles").glob("*.py"))
LONGEST = 30


def test_there_are_locustfiles() -> None:
    """The everyday mix is one of them."""
    assert "visitors.py" in [path.name for path in LOCUSTFILES]


@pytest.mark.parametrize("path", LOCUSTFILES, ids=lambda path: path.name)
def test_locust_finds_visitors_in_it(path: Path) -> None:
    """As it loads it itself."""
    classes, *_ = merge_locustfiles_content([str(path)])
    assert classes
    for visitor in classes.values():
        assert issubclass(visitor, ChatVisitor)
        assert visitor.tasks


@pytest.mark.parametrize("path", LOCUSTFILES, ids=lambda path: path.name)
def test_it_has_less_than_thirty_lines_of_code(path: Path) -> None:
    """What takes more belongs into the package; docstrings and blank lines are free."""
    assert len(_lines_of_code(path.read_text("utf-8"))) < LONGEST


@pytest.mark.parametrize("path", LOCUSTFILES, ids=lambda path: path.name)
def test_it_says_what_it_is_and_how_it_is_run(path: Path) -> None:
    """In its first sentence, and in a command that names it."""
    said = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    assert said.splitlines()[0].endswith((".", "?"))
    assert f"whoson-load run locustfiles/{path.name}" in said


def _lines_of_code(source: str) -> list[str]:
    documented = {
        line
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    return [
        line
        for number, line in enumerate(source.splitlines(), 1)
        if line.strip() and not line.strip().startswith("#") and number not in documented
    ]
