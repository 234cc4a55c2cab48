"""Two builds side by side, one or several runs each: what became better or worse, and what cannot be told.

Is told what records hold; knows no file and no page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import scipy  # which loads its parts when they are first used: no run needs half a second of them to begin

from whoson_load.analysis.changes import (
    DECISIVE,
    SIGNIFICANT,
    Change,
    Floor,
    Short,
    Standing,
    corrected,
    judged,
    overall,
)
from whoson_load.analysis.observation import LINE_FLAWS, STATISTICS, Observation
from whoson_load.analysis.resampling import Floats, Spread, spread
from whoson_load.analysis.unrest import steadied, unrest
from whoson_load.measurement.sample import SERIES, VISIT

__all__ = ["Comparison", "compare"]

_COMPARED: Final = tuple(name for name in SERIES if name != VISIT and not name.startswith("generator."))
"""The series that say something of the server: not the generator's own, nor the visit, mostly people's time."""

_FEWEST_INTERVALS: Final = 8  # Invented: with fewer there are too few blocks to know an error by
_BEYOND: Final = 10  # Invented: samples above a percentile that it takes to know it
_SEED: Final = 20_041_217  # any: the same records compare the same, always


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison comes to.

    Attributes:
        standing: the verdict.
        reason: why, in one sentence.
        changes: figure by figure, in the order of tables.
        notes: what a reader must know, one sentence each.
        meaning: what the verdicts of `changes` mean.
    """

    standing: Standing
    reason: str
    changes: list[Change] = []
    notes: list[str] = []
    meaning: str = ""


def compare(
    baseline: Sequence[Observation], candidate: Sequence[Observation], floor: Floor | None = None
) -> Comparison:
    """Compare two sides that are comparable (see `check_comparable`).

    A time's figure is the mean of the intervals' percentiles, each weighing as much as it has samples; its error comes
    from blocks of intervals, and from how much the runs wander. `judged` says what becomes of a change, corrected for
    looking at many figures.

    Args:
        baseline, candidate: one or more runs each.
        floor: what matters.
    """
    floor = floor or Floor()
    rng = np.random.default_rng(_SEED)
    measured = [
        (series, statistic, sides)
        for series in _COMPARED
        for statistic in (*STATISTICS, "errors")
        if (sides := _sides(series, statistic, baseline, candidate)) is not None
    ]
    wandering = unrest(
        values[weights > 0]
        for _, statistic, sides in measured
        if statistic != "errors"
        for side in sides
        for values, weights in side
    )
    found = [_measured(series, statistic, sides, wandering, rng) for series, statistic, sides in measured]
    found += [_flaw(name, baseline, candidate) for name in LINE_FLAWS if _sent(baseline) and _sent(candidate)]
    changes = [judged(change, chance, floor) for change, chance in zip(found, corrected(found), strict=True)]
    short = [each for series in DECISIVE if (each := _short(series, baseline, candidate)) is not None]
    standing, reason = overall(changes, floor, short)
    changes = [*(each.change for each in short), *changes]
    notes = _notes(baseline, candidate)
    return Comparison(standing=standing, reason=reason, changes=changes, notes=notes, meaning=floor.meaning)


_Side = list[tuple[Floats, Floats]]


def _sides(
    series: str, statistic: str, baseline: Sequence[Observation], candidate: Sequence[Observation]
) -> tuple[_Side, _Side] | None:
    """A figure's values and weights, run by run; None where one side has too little to reckon with."""
    sides = [[each.column(series, statistic) for each in side] for side in (baseline, candidate)]
    for runs in sides:
        intervals, samples = _there(runs)
        if intervals < _FEWEST_INTERVALS or samples < _fewest(statistic):
            return None
    return sides[0], sides[1]


def _there(runs: _Side) -> tuple[int, float]:
    """In how many intervals of the run with the fewest something was measured, and how often in all runs."""
    intervals = min((int((weights > 0).sum()) for _, weights in runs), default=0)
    return intervals, sum(float(weights.sum()) for _, weights in runs)


def _short(series: str, baseline: Sequence[Observation], candidate: Sequence[Observation]) -> Short | None:
    """What the runs lack to say anything of a series that both sides have; None where they lack nothing."""
    sides = [[each.column(series, "p50") for each in side] for side in (baseline, candidate)]
    intervals, samples = (min(each) for each in zip(*map(_there, sides), strict=True))
    fewest = _fewest("p50")
    if not samples or (intervals >= _FEWEST_INTERVALS and samples >= fewest):
        return None
    means = [
        sum(float(values @ weights) for values, weights in runs) / _there(runs)[1]
        for runs in ([(np.where(weights > 0, values, 0.0), weights) for values, weights in side] for side in sides)
    ]
    had, needed, of = min(
        (intervals, _FEWEST_INTERVALS, "intervals"),
        (samples, fewest, "samples"),
        key=lambda each: each[0] / each[1],
    )
    together = " in all runs of a side" if of == "samples" and len(baseline) + len(candidate) > 2 else ""
    return Short(
        change=Change(
            series=series,
            statistic="p50",
            baseline=means[0],
            candidate=means[1],
            samples=round(samples),
            standing=Standing.CANNOT_TELL,
        ),
        times=needed / max(had, 1),
        lack=f"{had:.0f} {of} of {series}{together}, where {needed:.0f} are the fewest",
    )


def _measured(
    series: str, statistic: str, sides: tuple[_Side, _Side], wandering: float, rng: np.random.Generator
) -> Change:
    """The change of one figure, its chance not yet corrected."""
    before, after = (steadied(spread(runs, rng), runs, wandering) for runs in sides)
    error = math.hypot(before.error, after.error)
    difference = after.mean - before.mean
    if not error:
        low = high = difference
        chance = 1.0 if not difference else 0.0
    else:
        freedom = _welch(before, after)
        reach = float(scipy.stats.t.ppf(1 - SIGNIFICANT, freedom)) * error
        low, high = difference - reach, difference + reach
        chance = float(2 * scipy.stats.t.sf(abs(difference) / error, freedom))
    return Change(
        series=series,
        statistic=statistic,
        baseline=before.mean,
        candidate=after.mean,
        samples=round(min(sum(float(weights.sum()) for _, weights in runs) for runs in sides)),
        low=low,
        high=high,
        chance=chance,
        standing=Standing.CANNOT_TELL,
    )


def _fewest(statistic: str) -> float:
    return _BEYOND if statistic == "errors" else _BEYOND / (1 - float(statistic[1:]) / 100)


def _welch(before: Spread, after: Spread) -> float:
    """The degrees of freedom of a difference (Welch and Satterthwaite)."""
    squares = (before.error**2, after.error**2)
    return sum(squares) ** 2 / (squares[0] ** 2 / before.freedom + squares[1] ** 2 / after.freedom)


def _sent(side: Sequence[Observation]) -> int:
    return sum(each.lines.get("sent", 0) for each in side)


def _flaw(name: str, baseline: Sequence[Observation], candidate: Sequence[Observation]) -> Change:
    before, after = (sum(each.lines.get(name, 0) for each in side) for side in (baseline, candidate))
    sent_before, sent_after = _sent(baseline), _sent(candidate)
    chance = 1.0
    if name == "crossed" and after and not before:
        chance = 0.0  # nobody may ever read somebody else's line: one is no chance
    elif before + after:
        chance = float(scipy.stats.binomtest(after, before + after, sent_after / (sent_before + sent_after)).pvalue)
    return Change(
        series="lines",
        statistic=name,
        baseline=before / sent_before,
        candidate=after / sent_after,
        samples=min(sent_before, sent_after),
        chance=chance,
        standing=Standing.CANNOT_TELL,
    )


def _notes(baseline: Sequence[Observation], candidate: Sequence[Observation]) -> list[str]:
    notes = []
    if min(len(baseline), len(candidate)) < 2:
        notes.append(
            "With one run a side, what differs between any two runs of one build is not in the intervals: give several."
        )
    if any(each.doubtful for each in (*baseline, *candidate)):
        notes.append("The generator was doubtful in a run: its own slowness may be in the figures.")
    return notes
