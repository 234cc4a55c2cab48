from __future__ import annotations

import ast
import runpy
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

Rules = list[dict[str, Any]]


def test_the_page_is_current() -> None:
    """docs/conformance.md is what `python tests/conformance/document.py` makes of rules.toml."""
    made = runpy.run_path(str(HERE / "document.py"))
    assert made["PAGE"].read_text(encoding="utf-8") == made["page"]()


def test_each_test_holds_one_rule_and_each_rule_has_its_test(rules: Rules) -> None:
    """Rules and conformance tests are the same set, and the rules are numbered through."""
    tests = {
        f"{file.name}::{node.name}"
        for file in HERE.glob("test_*.py")
        if file.name != Path(__file__).name
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert sorted(rule["test"] for rule in rules) == sorted(tests)
    assert [rule["number"] for rule in rules] == list(range(1, len(rules) + 1))


def test_each_rule_has_a_mutation_that_still_fits(rules: Rules) -> None:
    """The text that a mutation replaces stands exactly once in its file, and one line of it changes."""
    for rule in rules:
        mutation = rule["mutation"]
        text = (ROOT / "whoson_load" / mutation["file"]).read_text(encoding="utf-8")
        assert text.count(mutation["old"]) == 1, rule["test"]
        old, new = mutation["old"].splitlines(), mutation["new"].splitlines()
        kept = [line for line in old if line in new]
        assert len(old) - len(kept) <= 1, rule["test"]
        assert len(new) - len(kept) <= 2, rule["test"]
