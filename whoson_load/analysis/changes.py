"""What a change between two builds comes to: worse, better, the same, or not to be told. Knows no run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

from whoson_load.measurement.sample import ACCEPTED, CONNECT, ECHO

__all__ = ["DECISIVE", "SIGNIFICANT", "Change", "Floor", "Short", "Standing", "corrected", "judged", "overall"]

SIGNIFICANT: Final = 0.05
"""How often chance may deceive."""

DECISIVE: Final = (CONNECT, ACCEPTED, ECHO)
"""What the server alone makes every visitor wait for: where these cannot be told, nothing can. (When an operator joins
is people's affair as well, and varies with them.)"""

_SAMPLES: Final = {"p50": 0, "p95": 1000}
"""The percentiles that decide, and the samples they take for it (invented: 50 above the p95). One with fewer, and any
other, can find a release worse, and cannot keep it from being the same."""

_SUSPICIOUS: Final = 0.2  # Invented: so unlikely, a change is neither found nor ruled out
_MOST_TIMES: Final = 12  # Invented: to run so many times as long is no advice


class Standing(StrEnum):
    """How a candidate stands against its baseline."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"
    CANNOT_TELL = "cannot tell"


class Floor(msgspec.Struct, frozen=True, kw_only=True):
    """What changes matter, and how large a change has to be ruled out before two builds are the same. All Invented.

    Attributes:
        share: a time's change below this share of the baseline's figure does not matter (0.05 is 5 %).
        least_ms: nor does one below this; both have to be exceeded.
        errors_share: of commands that failed (0.001 is a tenth of a percentage point).
        ruled_out: a change of this share of the baseline's figure has to be ruled out for a time to be the same (0.25
            is a quarter, which runs of a minute with 30 visitors can tell); twice `least_ms` and twice `errors_share`
            are always enough.
    """

    share: float = 0.05
    least_ms: float = 1.0
    errors_share: float = 0.001
    ruled_out: float = 0.25

    @property
    def meaning(self) -> str:
        """What the verdicts on times mean, in two sentences."""
        least, most = 100 * self.share, 100 * max(self.share, self.ruled_out)
        return (
            f"Times are worse or better by {least:.3g}% and {self.least_ms:g} ms or more, and the same where a change"
            f" of {most:.3g}% (or {2 * self.least_ms:g} ms) is ruled out. What is neither cannot be told."
        )


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """How one figure changed.

    Attributes:
        series: the series, or `lines`.
        statistic: `p50`, `p95`, `p99` (ms), `errors` (share), or a flaw of lines (share of the lines sent).
        baseline, candidate: the figure on both sides.
        samples: what it was measured from, on the side that had fewer: times, commands or lines.
        low, high: the change's 90 % confidence interval, in the same unit: 95 % sure it is not below the one, and 95 %
            that it is not above the other; None where it was not reckoned.
        chance: how often chance alone would make so large a change, corrected for looking at many figures.
        standing: the verdict.
    """

    series: str
    statistic: str
    baseline: float
    candidate: float
    samples: int = 0
    low: float | None = None
    high: float | None = None
    chance: float = 1.0
    standing: Standing


class Short(msgspec.Struct, frozen=True, kw_only=True):
    """A series of which the runs have too little to compare it.

    Attributes:
        change: its medians as far as they are known, standing `cannot tell`.
        times: the steady part would have to be so many times as long, above 1.
        lack: what there is and what it takes, as the end of a sentence.
    """

    change: Change
    times: float
    lack: str


def corrected(changes: Sequence[Change]) -> list[float]:
    """Each change's chance, corrected for their number. Source: Holm, Scandinavian Journal of Statistics 6 (1979)."""
    chances = [1.0] * len(changes)
    worst = 0.0
    for rank, index in enumerate(sorted(range(len(changes)), key=lambda each: changes[each].chance)):
        worst = max(worst, min(1.0, changes[index].chance * (len(changes) - rank)))
        chances[index] = worst
    return chances


def judged(change: Change, chance: float, floor: Floor) -> Change:
    """A change with its verdict.

    It is `worse` or `better` when chance is an unlikely cause and it is not below the floor. It is the `same` when
    two one-sided tests (5 % each) rule a change out in either direction, unless it may well have changed by more than
    the floor (20 %). Else it cannot be told.

    Source: Schuirmann, A Comparison of the Two One-Sided Tests Procedure and the Power Approach for Assessing the
    Equivalence of Average Bioavailability, Journal of Pharmacokinetics and Biopharmaceutics 15 (1987).

    Args:
        chance: from `corrected`.
        floor: what matters.
    """
    difference = change.candidate - change.baseline
    matters, ruled_out = _limits(change, floor)
    moved = bool(difference) and abs(difference) >= matters
    if chance <= SIGNIFICANT and moved:
        standing = Standing.WORSE if difference > 0 else Standing.BETTER
    elif change.low is None or change.high is None:
        standing = Standing.SAME
    else:
        seems = moved and chance <= _SUSPICIOUS
        within = -ruled_out < change.low and change.high < ruled_out
        standing = Standing.SAME if within and not seems else Standing.CANNOT_TELL
    return msgspec.structs.replace(change, chance=chance, standing=standing)


def _limits(change: Change, floor: Floor) -> tuple[float, float]:
    """The least change that matters, and the one to be ruled out."""
    if change.series == "lines":
        return 0.0, 0.0
    if change.statistic == "errors":
        return floor.errors_share, 2 * floor.errors_share
    matters = max(floor.share * change.baseline, floor.least_ms)
    return matters, max(matters, floor.ruled_out * change.baseline, 2 * floor.least_ms)


def overall(changes: Sequence[Change], floor: Floor, short: Sequence[Short] = ()) -> tuple[Standing, str]:
    """What all changes come to, and why, in a sentence: what is ruled out, or what would help to tell.

    Args:
        short: the series that every visitor waits for and that the runs have too little of. They decide nothing, but
            where their medians are so far apart that it would have to be ruled out, nobody can say `same` or `better`.
    """
    worse = _named(changes, Standing.WORSE)
    if worse:
        return Standing.WORSE, f"Worse: {worse}."
    heard = [each for each in changes if each.series in DECISIVE and each.statistic in _SAMPLES]
    decisive = [each for each in heard if each.samples >= _SAMPLES[each.statistic]]
    apart = [each for each in short if _seems_moved(each.change, floor)]
    if short and (apart or not decisive):
        lacking = max(apart or short, key=lambda each: each.times)
        return Standing.CANNOT_TELL, (
            f"Cannot tell: the steady part has {lacking.lack}. Steady parts about {math.ceil(lacking.times)} times as"
            " long would do."
        )
    unknown = "".join(f" Nothing is known of {each.change.series}: the steady part has {each.lack}." for each in short)
    if not decisive:
        return Standing.CANNOT_TELL, (
            "Cannot tell: the runs have too few samples of what every visitor waits for. Longer runs, or more visitors,"
            " have more."
        )
    vaguest = max(decisive, key=lambda each: _farthest(each) / max(_limits(each, floor)[1], 1e-9))
    if any(each.standing is Standing.CANNOT_TELL for each in decisive):
        return Standing.CANNOT_TELL, _undecided(decisive, vaguest, floor)
    better = _named(changes, Standing.BETTER)
    if better:
        return Standing.BETTER, f"Better: {better}; nothing became worse.{unknown}"
    return Standing.SAME, (
        "The same: no change that matters was seen, and of what every visitor waits for a change of more than"
        f" {_shown(vaguest, _farthest(vaguest))} can be ruled out (the vaguest: {vaguest.series} {vaguest.statistic})."
        f"{_unheard(heard, decisive)}{unknown}"
    )


def _seems_moved(change: Change, floor: Floor) -> bool:
    """Whether the bare figures are farther apart than what has to be ruled out."""
    return abs(change.candidate - change.baseline) > _limits(change, floor)[1]


def _unheard(heard: Sequence[Change], decisive: Sequence[Change]) -> str:
    """Which figures might have told more, had they had more samples."""
    few = _named([each for each in heard if each not in decisive], Standing.CANNOT_TELL)
    return f" Not of {few}: it takes {_SAMPLES['p95']:,} samples to decide." if few else ""


def _undecided(decisive: Sequence[Change], vaguest: Change, floor: Floor) -> str:
    """What cannot be told, and what would help: an error falls with the root of the length, and so of the runs."""
    named = _named(decisive, Standing.CANNOT_TELL)
    limit, farthest = _limits(vaguest, floor)[1], _farthest(vaguest)
    if farthest < limit:
        return (
            f"Cannot tell: {named} seems to have changed, and chance may still be the cause."
            " Runs of twice the length, or two runs a side, may tell."
        )
    longer = max(2, math.ceil(min(100.0, farthest / max(limit, 1e-9)) ** 2))
    advice = f"Runs about {longer} times as long, or {longer} runs a side, would do."
    if longer > _MOST_TIMES:
        advice = "Something disturbed a run: make them again, several a side, on a machine that does nothing else."
    return (
        f"Cannot tell: {named} varied too much. A change of {_shown(vaguest, limit)} in {vaguest.series}"
        f" {vaguest.statistic} has to be ruled out (--rule-out), and one of {_shown(vaguest, farthest)} cannot be."
        f" {advice}"
    )


def _farthest(change: Change) -> float:
    """The farthest change that cannot be ruled out, in the change's own unit."""
    return max((abs(each) for each in (change.low, change.high) if each is not None), default=0.0)


def _shown(change: Change, amount: float) -> str:
    """An amount of a time as a share of the baseline's, or in milliseconds where that share says little."""
    return f"{amount:.2g} ms" if change.baseline < 10 else f"{amount / change.baseline:.0%}"


def _named(changes: Sequence[Change], standing: Standing) -> str:
    """Figures of a standing, series by series: `connect p50 p95, echo p50`."""
    found: dict[str, list[str]] = {}
    for each in changes:
        if each.standing is standing:
            found.setdefault(each.series, []).append(each.statistic)
    return ", ".join(" ".join((series, *statistics)) for series, statistics in found.items())
