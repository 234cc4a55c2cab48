"""Two builds side by side, one or several runs each: what became better or worse, and what cannot be told.

Is told what records hold; knows no file and no page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec
import numpy as np
from scipy import stats

from whoson_load.analysis.observation import LINE_FLAWS, STATISTICS, Observation
from whoson_load.analysis.resampling import Spread, spread
from whoson_load.measurement.sample import ACCEPTED, CONNECT, ECHO, GENERATOR_RECEIVE, GENERATOR_SEND, SERIES, VISIT

__all__ = ["Change", "Comparison", "Floor", "Standing", "compare"]

_COMPARED: Final = tuple(name for name in SERIES if name not in (VISIT, GENERATOR_RECEIVE, GENERATOR_SEND))
"""The series that say something of the server: not the generator's own, nor the visit, mostly people's time."""

_DECISIVE: Final = (CONNECT, ACCEPTED, ECHO)
"""What the server alone makes every visitor wait for: where these cannot be told, nothing can. (When an operator joins
is people's affair as well, and varies with them.)"""

_SIGNIFICANT: Final = 0.05
_FEWEST_INTERVALS: Final = 8  # Invented: with fewer there are too few blocks to know an error by
_BEYOND: Final = 10  # Invented: samples above a percentile that it takes to know it
_SEED: Final = 20_041_217  # any: the same records compare the same, always


class Standing(StrEnum):
    """How a candidate stands against its baseline."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"
    CANNOT_TELL = "cannot tell"


class Floor(msgspec.Struct, frozen=True, kw_only=True):
    """The least change that matters; a smaller one is `same`, however sure it is. All Invented.

    Attributes:
        share: of the baseline's figure (0.05 is 5 %).
        least_ms: of a time; both have to be exceeded.
        errors_share: of commands that failed (0.001 is a tenth of a percentage point).
    """

    share: float = 0.05
    least_ms: float = 1.0
    errors_share: float = 0.001


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """How one figure changed.

    Attributes:
        series: the series, or `lines`.
        statistic: `p50`, `p95`, `p99` (ms), `errors` (share), or a flaw of lines (share of the lines sent).
        baseline, candidate: the figure on both sides.
        low, high: the change's 95 % confidence interval, in the same unit; None where it was not reckoned.
        chance: how often chance alone would make so large a change, corrected for looking at many figures.
        standing: the verdict.
    """

    series: str
    statistic: str
    baseline: float
    candidate: float
    low: float | None = None
    high: float | None = None
    chance: float = 1.0
    standing: Standing


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison comes to.

    Attributes:
        standing: the verdict.
        reason: why, in one sentence.
        changes: figure by figure, in the order of tables.
        notes: what a reader must know, one sentence each.
    """

    standing: Standing
    reason: str
    changes: list[Change] = []
    notes: list[str] = []


def compare(
    baseline: Sequence[Observation], candidate: Sequence[Observation], floor: Floor | None = None
) -> Comparison:
    """Compare two sides that are comparable (see `comparable`).

    A time's figure is the mean of the intervals' percentiles, each weighing as much as it has samples. A figure is
    `worse` or `better` when chance alone is an unlikely cause (Holm's correction over all figures, 5 %) and the change
    is not below the floor; `same` when a change of twice the floor can be ruled out (95 %); else it cannot be told.

    Args:
        baseline, candidate: one or more runs each.
        floor: what matters.
    """
    floor = floor or Floor()
    rng = np.random.default_rng(_SEED)
    found = [
        change
        for series in _COMPARED
        for statistic in (*STATISTICS, "errors")
        if (change := _measured(series, statistic, baseline, candidate, rng)) is not None
    ]
    found += [_flaw(name, baseline, candidate) for name in LINE_FLAWS if _sent(baseline) and _sent(candidate)]
    changes = [_judged(change, chance, floor) for change, chance in zip(found, _holm(found), strict=True)]
    standing, reason = _overall(changes)
    return Comparison(standing=standing, reason=reason, changes=changes, notes=_notes(baseline, candidate))


def _measured(
    series: str,
    statistic: str,
    baseline: Sequence[Observation],
    candidate: Sequence[Observation],
    rng: np.random.Generator,
) -> Change | None:
    """The change of one figure, its chance not yet corrected; None where one side has too little to reckon with."""
    sides = []
    for side in (baseline, candidate):
        runs = [each.column(series, statistic) for each in side]
        weight = sum(float(weights.sum()) for _, weights in runs)
        intervals = min((int((weights > 0).sum()) for _, weights in runs), default=0)
        if intervals < _FEWEST_INTERVALS or weight < _fewest(statistic):
            return None
        sides.append(spread(runs, rng))
    before, after = sides
    error = math.hypot(before.error, after.error)
    difference = after.mean - before.mean
    if not error:
        low = high = difference
        chance = 1.0 if not difference else 0.0
    else:
        freedom = _welch(before, after)
        reach = float(stats.t.ppf(1 - _SIGNIFICANT / 2, freedom)) * error
        low, high = difference - reach, difference + reach
        chance = float(2 * stats.t.sf(abs(difference) / error, freedom))
    return Change(
        series=series,
        statistic=statistic,
        baseline=before.mean,
        candidate=after.mean,
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
        chance = float(stats.binomtest(after, before + after, sent_after / (sent_before + sent_after)).pvalue)
    return Change(
        series="lines",
        statistic=name,
        baseline=before / sent_before,
        candidate=after / sent_after,
        chance=chance,
        standing=Standing.CANNOT_TELL,
    )


def _holm(changes: Sequence[Change]) -> list[float]:
    """Each change's chance, corrected for their number. Source: Holm, Scandinavian Journal of Statistics 6 (1979)."""
    corrected = [1.0] * len(changes)
    worst = 0.0
    for rank, index in enumerate(sorted(range(len(changes)), key=lambda each: changes[each].chance)):
        worst = max(worst, min(1.0, changes[index].chance * (len(changes) - rank)))
        corrected[index] = worst
    return corrected


def _judged(change: Change, chance: float, floor: Floor) -> Change:
    difference = change.candidate - change.baseline
    if change.series == "lines":
        matters = 0.0
    elif change.statistic == "errors":
        matters = floor.errors_share
    else:
        matters = max(floor.share * change.baseline, floor.least_ms)
    if chance <= _SIGNIFICANT and difference and abs(difference) >= matters:
        standing = Standing.WORSE if difference > 0 else Standing.BETTER
    elif change.low is None or change.high is None:
        standing = Standing.SAME
    else:
        ruled_out = -2 * matters < change.low and change.high < 2 * matters
        standing = Standing.SAME if ruled_out else Standing.CANNOT_TELL
    return msgspec.structs.replace(change, chance=chance, standing=standing)


def _overall(changes: Sequence[Change]) -> tuple[Standing, str]:
    worse = _named(changes, Standing.WORSE)
    if worse:
        return Standing.WORSE, f"Worse: {worse}."
    decisive = [each for each in changes if each.series in _DECISIVE and each.statistic in ("p50", "p95")]
    open_ = _named(decisive, Standing.CANNOT_TELL)
    if not decisive:
        return Standing.CANNOT_TELL, "Cannot tell: the runs have too few samples of what every visitor waits for."
    if open_:
        return Standing.CANNOT_TELL, f"Cannot tell: {open_} varied too much for the runs' length."
    better = _named(changes, Standing.BETTER)
    if better:
        return Standing.BETTER, f"Better: {better}; nothing became worse."
    return Standing.SAME, "The same: no change that matters, and twice such a change can be ruled out."


def _named(changes: Sequence[Change], standing: Standing) -> str:
    return ", ".join(f"{each.series} {each.statistic}" for each in changes if each.standing is standing)


def _notes(baseline: Sequence[Observation], candidate: Sequence[Observation]) -> list[str]:
    notes = []
    if min(len(baseline), len(candidate)) < 2:
        notes.append(
            "With one run a side, what differs between any two runs of one build is not in the intervals: give several."
        )
    if any(each.doubtful for each in (*baseline, *candidate)):
        notes.append("The generator was doubtful in a run: its own slowness may be in the figures.")
    return notes
