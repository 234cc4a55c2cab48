"""Whether runs can be compared at all: they may differ in the server, and by chance. Knows records and no files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

import numpy as np
import scipy  # which loads its parts when they are first used: no run needs half a second of them to begin

from whoson_load.errors import ConfigError
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.run import RunInfo, Summary

__all__ = ["Contender", "check_comparable", "differences_to_know"]

_CHANCE: Final = 0.001  # journeys are drawn: shares that chance explains as rarely are other shares
_FEW: Final = 5  # expected visits of a journey below which it is counted together with the other rare ones
_LOAD: Final = 0.20  # Invented: a slower server keeps visitors longer, so visits in progress differ a little
_RATE: Final = 0.05  # Invented: beside chance, what arrivals a minute may differ by

_TROUBLE: Final = (Outcome.REFUSED, Outcome.DROPPED, Outcome.TIMED_OUT, Outcome.FAILED, Outcome.ENDED_BY_SERVER)
_MUCH_TROUBLE: Final = 0.05  # Invented: of the visits that ended

_SAME_OPTIONS: Final = {
    "user_classes": "visitors of",
    "num_users": "visitors at once (-u)",
    "spawn_rate": "new visitors a second (-r)",
    "arrivals": "arrivals",
    "max_visitors": "--max-visitors",
    "tags": "tags",
    "exclude_tags": "excluded tags",
}
_SAME_MACHINE: Final = ("system", "processor", "cores", "usable_cores")


@dataclass(frozen=True, slots=True)
class Contender:
    """One run as it is looked at before any figure is.

    Attributes:
        name: what to call it.
        info: what its `run.json` holds.
        summary: its figures.
    """

    name: str
    info: RunInfo
    summary: Summary


def check_comparable(runs: Sequence[Contender], *, other_machines: bool = False) -> None:
    """See whether runs differ in nothing but the server.

    Journeys are those that visitors really began, with their shares; what chance explains is allowed (a chi-squared
    test, 1 in 1,000). The load is what was asked for, its model, and how much of it there was.

    Args:
        runs: the first is what the others are held against.
        other_machines: whether generators may have run on different machines.

    Raises:
        ConfigError: two runs had other journeys, another load, pace, interval, or machine; it says which.
    """
    first = runs[0]
    for run in runs[1:]:
        for what, mine, theirs in _differences(first, run, other_machines=other_machines):
            raise ConfigError(f"{run.name} cannot be compared with {first.name}: got {what} {theirs}, expected {mine}")


def differences_to_know(runs: Sequence[Contender]) -> list[str]:
    """What may differ, and a reader has to know, one sentence each."""
    notes = []
    if len({run.info.seed for run in runs}) > 1:
        notes.append("The runs' seeds differ: their visitors were others of a kind (--seed makes them the same).")
    if len({run.info.versions.get("whoson-load") for run in runs}) > 1:
        notes.append("The runs were made by different versions of whoson-load.")
    return notes


def _differences(mine: Contender, theirs: Contender, *, other_machines: bool) -> Iterable[tuple[str, object, object]]:
    before, after = mine.info, theirs.info
    pairs: list[tuple[str, object, object]] = [
        *_journeys(mine, theirs),
        ("the pace", f"{before.pace:g}", f"{after.pace:g}"),
        ("intervals of", f"{before.interval_s:g} s", f"{after.interval_s:g} s"),
        ("a load of", _model(mine), _model(theirs)),
    ]
    pairs += [(what, before.options.get(key), after.options.get(key)) for key, what in _SAME_OPTIONS.items()]
    if not other_machines:
        pairs += [(f"a machine with {key}", before.machine.get(key), after.machine.get(key)) for key in _SAME_MACHINE]
    pairs += _loads(mine.summary, theirs.summary)
    return (pair for pair in pairs if pair[1] != pair[2])


def _journeys(mine: Contender, theirs: Contender) -> list[tuple[str, object, object]]:
    """Journeys where they differ; records that did not count them are held to their locustfile's name."""
    before, after = mine.summary.journeys, theirs.summary.journeys
    if not before or not after:
        return [("the locustfile", _file(mine.info.options), _file(theirs.info.options))]
    names = sorted(before.keys() | after.keys())
    table = np.array([[each.get(name, 0) for name in names] for each in (before, after)], dtype=np.float64)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    rare = expected.min(axis=0) < _FEW
    if rare.any():
        table = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or scipy.stats.chi2_contingency(table).pvalue >= _CHANCE:
        return []
    return [("journeys", _shares(before), _shares(after))]


def _shares(journeys: Mapping[str, int]) -> str:
    total = sum(journeys.values())
    return ", ".join(f"{name} {count / total:.0%}" for name, count in sorted(journeys.items()))


def _model(run: Contender) -> str:
    return "visitors who arrive (open model)" if run.summary.arrivals.get("due") else "visitors on seats (closed model)"


def _loads(mine: Summary, theirs: Summary) -> list[tuple[str, object, object]]:
    """How much load there was, where it differs by more than chance and the server explain."""
    before, after = mine.rates, theirs.rates
    if not before or not after or not mine.steady or not theirs.steady:
        return []
    if mine.arrivals.get("due"):
        counts = [each["arrivals_per_min"] * each["lasts_s"] / 60 for each in (before, after)]
        chance = sum(1 / max(1.0, count) for count in counts)
        key, what, allowed = "arrivals_per_min", "arrivals a minute of", _RATE + 4 * math.sqrt(chance)
    elif _troubled(mine) or _troubled(theirs):
        return []  # who is refused is soon gone: that is the server's doing
    else:
        key, what, allowed = "in_progress", "visits in progress of", _LOAD + 2 / max(1.0, before["in_progress"])
    if abs(after[key] - before[key]) <= allowed * max(before[key], after[key]):
        return []
    return [(what, f"{before[key]:.1f}", f"{after[key]:.1f}")]


def _troubled(summary: Summary) -> bool:
    bad = sum(summary.outcomes.get(each, 0) for each in _TROUBLE)
    return bad > _MUCH_TROUBLE * sum(summary.outcomes.values())


def _file(options: Mapping[str, object]) -> str:
    return PurePath(str(options.get("locustfile", "?")).replace("\\", "/")).name
