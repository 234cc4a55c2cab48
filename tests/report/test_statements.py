"""Every sentence of the page rests on the figures that it names, and on no other."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from whoson_load.measurement.outlook import Drifts, Staffing, Trend
from whoson_load.measurement.run import Summary
from whoson_load.report.statements import statements

UNLIKE = {"met": False, "verdict": "doubtful", "trend": "drifting"}
"""What words from a closed set are altered to."""

Path = tuple[str | int, ...]


@pytest.fixture
def told(summary: Summary) -> dict[str, Any]:
    """The known run's summary as it stands in `summary.json`, with something of everything."""
    full = msgspec.structs.replace(
        summary,
        faults={"reset": 3},
        deviations={"missing_field": 2},
        close_codes={"1000": 5, "none": 1},
        peaks={"queue position": 4},
        lines={**summary.lines, "lost": 2, "late": 1, "duplicated": 1, "reordered": 1, "crossed": 1},
        arrivals={**summary.arrivals, "due": 61, "late": 2, "capped": 1},
        funnel={name: count + 7 for name, count in summary.funnel.items()},
        drift=Drifts(trend=Trend.STEADY, reason="Nothing drifts."),
        staffing=Staffing(said="Nobody waited."),
        trust=msgspec.structs.replace(summary.trust, verdict="invalid", advice="Use more workers."),
    )
    built: dict[str, Any] = msgspec.to_builtins(full)
    return built


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:  # noqa: ANN401  # JSON
    """Every figure and text with the path to it."""
    if isinstance(value, dict | list):
        for key, below in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(below, (*path, key))
    else:
        yield path, value


def altered(told: dict[str, Any], path: Path) -> dict[str, Any]:
    """The same with one figure moved far enough to be seen."""
    copy: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(told))
    place: Any = copy
    for key in path[:-1]:
        place = place[key]
    old = place[path[-1]]
    if path[-1] in UNLIKE:
        place[path[-1]] = UNLIKE[str(path[-1])] if old != UNLIKE[str(path[-1])] else not old
    elif isinstance(old, bool):
        place[path[-1]] = not old
    elif isinstance(old, int | float):
        place[path[-1]] = old * 3 + 1700
    else:
        place[path[-1]] = f"{old or ''} (altered)"
    return copy


def said(told: dict[str, Any]) -> dict[str, str]:
    """Every sentence by its name."""
    return {name: each.text for name, each in statements(msgspec.convert(told, Summary)).items()}


def named(told: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """The keys that every sentence names."""
    return {name: each.keys for name, each in statements(msgspec.convert(told, Summary)).items()}


SKIPPED = {"product", "schema", "judged_on", "unit", "trend"}
"""Told by no sentence, and of types that cannot be altered freely."""


def test_a_figure_moves_the_sentences_that_name_it_and_no_other(told: dict[str, Any]) -> None:
    """Each of several hundred figures of a summary, one after the other."""
    before, keys = said(told), named(told)
    moved = set()
    for path, value in leaves(told):
        if path[-1] in SKIPPED or value is None:
            continue
        dotted = ".".join(map(str, path))
        after = said(altered(told, path))
        changed = {name for name in before if after.get(name) != before[name]}
        naming = {name for name, each in keys.items() if any(fnmatch.fnmatchcase(dotted, key) for key in each)}
        assert changed <= naming, f"{dotted} moved {changed - naming}"
        moved |= changed
        # A text that is quoted under a condition only, such as a missed objective's, need not move.
        if isinstance(value, int | float) and not isinstance(value, bool):
            assert changed == naming, f"{dotted} did not move {naming - changed}"
    assert moved == set(before)


def test_every_key_that_is_named_is_one_of_the_summary(told: dict[str, Any]) -> None:
    """No sentence points at what is not there."""
    paths = [".".join(map(str, path)) for path, _ in leaves(told)]
    for name, keys in named(told).items():
        for key in keys:
            assert any(fnmatch.fnmatchcase(path, key) for path in paths), f"{name}: {key}"


def test_what_a_run_has_not_is_not_spoken_of(summary: Summary) -> None:
    """A run without parts, funnel, rates or outlook says less, and nothing that is made up."""
    bare = msgspec.structs.replace(
        summary, parts=None, steady=None, funnel={}, rates={}, objectives=[], drift=None, staffing=None
    )
    assert set(statements(bare)) == {
        "answer", "trust", "lines", "flaws", "faults", "deviations", "closes", "connect", "accepted",
        "operatorjoined", "echo", "reply",
    }  # fmt: skip
    assert statements(bare)["reply"].text == "No sample, 0 errors."
