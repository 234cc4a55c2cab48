"""Writes docs/conformance.md from rules.toml. A test keeps the two the same.

python tests/conformance/document.py
"""

from __future__ import annotations

import tomllib
from itertools import groupby
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "conformance.md"

HEAD = """# What the simulated server does, rule by rule

Each rule of the WhosOn Chat API specification that a server can keep, in our own words, and where the specification
leaves a choice, the choice made here. The test beside it speaks to a running server through the `websockets` library,
which knows nothing of this project. For each rule one line of the server can be changed so that just its test fails:
`python tests/conformance/mutations.py` tries them all.

Made by `python tests/conformance/document.py` from `tests/conformance/rules.toml`; do not edit it here.
"""


def page() -> str:
    """The page as it has to be."""
    rules = tomllib.loads((HERE / "rules.toml").read_text(encoding="utf-8"))["rule"]
    parts = [HEAD]
    for section, members in groupby(rules, key=lambda rule: rule["section"]):
        parts.append(f"\n## {section}\n\n| | rule | test |\n|---|---|---|\n")
        for rule in members:
            says = rule["says"].replace("|", "\\|").replace("<", "&lt;")
            file, _, name = rule["test"].partition("::")
            parts.append(f"| {rule['number']} | {says} | [{name}](../tests/conformance/{file}) |\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
