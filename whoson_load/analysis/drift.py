"""Does a run stay as it began? Robust slopes of latencies and resources over its time, at equal load.

Is told points of time; knows no record and no page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
import scipy  # which loads its parts when they are first used: no run needs half a second of them to begin

from whoson_load.analysis.judging import brief
from whoson_load.analysis.resampling import Floats, autoregressive_worth, block_length
from whoson_load.analysis.wear import wear
from whoson_load.measurement.outlook import Drift, Drifts, Trend, Wear

__all__ = ["Course", "find_drift"]

_FEWEST: Final = 12  # Invented: points below which a slope has no error worth the name
_MOST_POINTS: Final = 64  # all pairs of them are looked at, a few hundred times
_DRAWS: Final = 199
_SIGNIFICANT: Final = 0.05
_BLAMED: Final = 0.01  # Invented: what growth goes with is said less lightly than that there is some
_SEED: Final = 20_041_217  # any: the same record drifts the same, always
_LIKE: Final = 0.15  # Invented: loads are alike that differ by less than this share of their mean
_MATTERS_PER_H: Final = 0.02  # Invented: half as much again in a day
_LEAST_MS_PER_H: Final = 0.04  # Invented: of a time, a millisecond in a day
_LEAST_MS: Final = 0.1  # Invented: in all; as much a machine's caches and clock rates move in minutes, and then no more


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """One figure over a run's time.

    Attributes:
        name: of the figure, such as `echo p99`.
        at_s: seconds since the run's begin, ascending.
        values: the figure at each, in `unit`.
        loads: visits in progress at each.
        chats: chats served from the run's begin until each, ascending; empty where nobody counted them.
        unit: `ms`, or nothing.
        of_generator: whether it is the generator's own.
        limit: what an objective allows it at most; None without one.
    """

    name: str
    at_s: Sequence[float]
    values: Sequence[float]
    loads: Sequence[float]
    chats: Sequence[float] = ()
    unit: str = ""
    of_generator: bool = False
    limit: float | None = None


def find_drift(courses: Sequence[Course]) -> Drifts:
    """See which figures drift.

    A slope is the median over all pairs of points of equal load (Theil 1950, Sen 1968): a few outliers do not move it,
    and that the evening has more visitors than the morning is no drift. Its error comes from drawing blocks of what is
    left when the slope is taken away. A figure drifts when chance is an unlikely cause (Holm's correction, 5 %) and it
    moves by more than 2 % of itself an hour (a time by 0.04 ms at least, and by 0.1 ms in all); it is steady when twice
    that much an hour can be ruled out (95 %). Of what drifts it is said whether it goes with time or with the chats
    served (see `wear`).

    Args:
        courses: any figures; those that are too short are said to be.
    """
    rng = np.random.default_rng(_SEED)
    seen = [(course, _slope(course, rng)) for course in courses]
    chances = _corrected([slope.chance if slope is not None else 1.0 for _, slope in seen])
    figures = [_judged(course, slope, chance) for (course, slope), chance in zip(seen, chances, strict=True)]
    figures.sort(key=lambda each: each.of_generator)
    trend, reason = _overall([each for each in figures if not each.of_generator])
    return Drifts(trend=trend, reason=reason, figures=figures)


class _Slope(msgspec.Struct, frozen=True):
    per_h: float
    reach_per_h: float
    chance: float
    last: float
    per_chat: float | None
    goes_with: Wear


def _slope(course: Course, rng: np.random.Generator) -> _Slope | None:
    """The slope of a course; None when it is too short, or no two points have the same load."""
    at_h, values, loads, chats = _thinned(course)
    count = len(at_h)
    if count < _FEWEST:
        return None
    early, late = np.triu_indices(count, 1)
    alike = np.abs(loads[early] - loads[late]) <= _LIKE * max(float(loads.mean()), 1e-9)
    # Neighbours say little of a slope and much of noise: only pairs that lie well apart count.
    apart = at_h[late] - at_h[early] >= (at_h[-1] - at_h[0]) / 6
    early, late = early[alike & apart], late[alike & apart]
    if len(early) < 2 * count:
        return None
    gaps = at_h[late] - at_h[early]
    slope = float(np.median((values[late] - values[early]) / gaps))
    residuals = values - slope * at_h
    last = float(np.median(residuals)) + slope * float(at_h[-1])
    left = residuals - _by_load(residuals, loads)
    drawn = _drawn(left, rng)
    resampled = np.median((drawn[:, late] - drawn[:, early]) / gaps, axis=1)
    worth = autoregressive_worth(left)
    # Blocks of a short run miss part of what lasts long: the error of a first-order autoregression is the least.
    line = float(left.std() / at_h.std()) / math.sqrt(max(1.0, worth - 2))
    error = max(float(resampled.std()), line)
    freedom = max(1.0, worth - 2)
    reach = float(scipy.stats.t.ppf(1 - _SIGNIFICANT / 2, freedom)) * error
    chance = float(2 * scipy.stats.t.sf(abs(slope) / error, freedom)) if error > 0 else float(slope == 0)
    per_chat, goes_with = None, Wear.UNKNOWN
    if chats[-1] > chats[0]:

        def draw(noise: Floats) -> Floats:
            return _drawn(noise - _by_load(noise, loads), rng)

        per_chat, goes_with = wear(
            at_h, chats, values, (early, late), draw, float(scipy.stats.t.ppf(1 - _BLAMED / 2, freedom))
        )
    return _Slope(slope, reach, chance, last, per_chat, goes_with)


def _drawn(residuals: Floats, rng: np.random.Generator) -> Floats:
    """As many residuals again, in blocks of neighbours, `_DRAWS` times: one row each."""
    count, length = len(residuals), block_length(residuals)
    starts = rng.integers(0, count, (_DRAWS, -(-count // length)))
    rows: Floats = residuals[(starts[:, :, None] + np.arange(length)) % count].reshape(_DRAWS, -1)[:, :count]
    return rows


def _thinned(course: Course) -> tuple[Floats, Floats, Floats, Floats]:
    """At most `_MOST_POINTS` points, each the mean of its neighbours: hours since the begin, value, load, chats."""
    known = (course.at_s, course.values, course.loads, course.chats or [0.0] * len(course.at_s))
    columns = [np.asarray(each, dtype=np.float64) for each in known]
    step = max(1, -(-len(columns[0]) // _MOST_POINTS))
    starts = np.arange(0, len(columns[0]), step)
    if not len(starts):
        return columns[0], columns[1], columns[2], columns[3]
    sizes = np.diff(np.append(starts, len(columns[0])))
    at_s, values, loads, chats = (np.add.reduceat(each, starts) / sizes for each in columns)
    return at_s / 3600, values, loads, chats


def _by_load(residuals: Floats, loads: Floats) -> Floats:
    """What of the residuals goes with the load: the median of those at a load like each one's."""
    like = np.abs(loads[:, None] - loads[None, :]) <= _LIKE * max(float(loads.mean()), 1e-9)
    medians: Floats = np.array([np.median(residuals[each]) for each in like])
    return medians


def _corrected(chances: Sequence[float]) -> list[float]:
    """Holm's correction for looking at many figures."""
    corrected, worst = [1.0] * len(chances), 0.0
    for rank, index in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        worst = max(worst, min(1.0, chances[index] * (len(chances) - rank)))
        corrected[index] = worst
    return corrected


def _judged(course: Course, slope: _Slope | None, chance: float) -> Drift:
    values = np.asarray(course.values, dtype=np.float64)
    at_s = np.asarray(course.at_s, dtype=np.float64)
    level = float(np.median(values)) if len(values) else 0.0
    first, last = _ends(at_s, values)
    same = {"name": course.name, "unit": course.unit, "of_generator": course.of_generator, "level": level}
    if slope is None:
        return Drift(
            **same,  # type: ignore[arg-type]
            trend=Trend.TOO_SHORT,
            known=False,
            per_h=0.0,
            low_per_h=0.0,
            high_per_h=0.0,
            first=first,
            last=last,
            missed_in_h=None,
            said=f"{course.name}: too short to say.",
        )
    matters = max(_MATTERS_PER_H * abs(level), _LEAST_MS_PER_H if course.unit == "ms" else 0.0)
    lasts_h = float(at_s[-1] - at_s[0]) / 3600
    moved = course.unit != "ms" or abs(slope.per_h) * lasts_h >= _LEAST_MS
    low, high = slope.per_h - slope.reach_per_h, slope.per_h + slope.reach_per_h
    if chance <= _SIGNIFICANT and abs(slope.per_h) > matters and moved:
        trend = Trend.DRIFTING
    elif -2 * matters <= low and high <= 2 * matters:
        trend = Trend.STEADY
    else:
        trend = Trend.TOO_SHORT
    missed_in_h = None
    goes_with = slope.goes_with if trend is Trend.DRIFTING and slope.per_chat is not None else None
    per_1000 = None if slope.per_chat is None else 1000 * slope.per_chat
    if trend is Trend.DRIFTING and course.limit is not None and slope.per_h > 0:
        missed_in_h = max(0.0, (course.limit - slope.last) / slope.per_h)
    return Drift(
        **same,  # type: ignore[arg-type]
        trend=trend,
        known=True,
        per_h=slope.per_h,
        low_per_h=low,
        high_per_h=high,
        per_1000_chats=per_1000,
        goes_with=goes_with,
        first=first,
        last=last,
        missed_in_h=missed_in_h,
        said="".join(
            (
                _said(course, trend, slope.per_h, low, high),
                _wears(course, per_1000, goes_with),
                _until(missed_in_h),
                ".",
            )
        ),
    )


def _ends(at_s: Floats, values: Floats) -> tuple[float, float]:
    if not len(at_s):
        return 0.0, 0.0
    lasts_s = float(at_s[-1] - at_s[0])
    end_s = min(3600.0, lasts_s / 2)
    return float(values[at_s <= at_s[0] + end_s].mean()), float(values[at_s >= at_s[-1] - end_s].mean())


def _said(course: Course, trend: Trend, per_h: float, low: float, high: float) -> str:
    unit = f" {course.unit}".rstrip()
    sure = f"({brief(low, signed=True)} to {brief(high, signed=True)}{unit})"
    verdict = "" if trend is Trend.DRIFTING else f"{trend}, "
    return f"{course.name}: {verdict}{brief(per_h, signed=True)}{unit} an hour {sure}"


def _wears(course: Course, per_1000: float | None, goes_with: Wear | None) -> str:
    if goes_with is None or per_1000 is None:
        return ""
    by_chats = f"{brief(per_1000, signed=True)} {course.unit}".rstrip() + " with 1,000 chats"
    return {
        Wear.CHATS: f"; it goes with the chats served ({by_chats}), not with time",
        Wear.TIME: "; it goes with time, not with the chats served",
        Wear.BOTH: f"; it goes with time and with the chats served ({by_chats})",
        Wear.UNKNOWN: f"; time and chats served cannot be told apart ({by_chats})",
    }[goes_with]


def _until(missed_in_h: float | None) -> str:
    return "" if missed_in_h is None else f"; its objective will be missed in {brief(missed_in_h)} h"


def _overall(figures: Sequence[Drift]) -> tuple[Trend, str]:
    by_trend: Mapping[Trend, list[str]] = {
        trend: [each.name for each in figures if each.trend is trend] for trend in Trend
    }
    if by_trend[Trend.DRIFTING]:
        soon = [each for each in figures if each.missed_in_h is not None]
        missed = "".join(
            f" The objective of {each.name} will be missed in {brief(each.missed_in_h or 0.0)} h." for each in soon
        )
        return Trend.DRIFTING, f"Drifting: {', '.join(by_trend[Trend.DRIFTING])}.{missed}"
    if not figures or by_trend[Trend.TOO_SHORT]:
        named = ", ".join(by_trend[Trend.TOO_SHORT]) or "nothing was measured"
        return Trend.TOO_SHORT, f"Too short to say whether it drifts: {named}."
    return Trend.STEADY, f"Steady: none of {len(figures)} figures drifts."
