"""How sure an objective is met or missed over some intervals: confidence bounds for what it limits.

Knows figures of intervals and nothing of levels, loads or searches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy  # which loads its parts when they are first used: no run needs half a second of them to begin

from whoson_load.analysis.judging import Evidence, interval_figure, judge
from whoson_load.analysis.objectives import Objective
from whoson_load.analysis.resampling import spread
from whoson_load.measurement.capacity import Bounded, Worth
from whoson_load.measurement.histogram import Histogram
from whoson_load.measurement.interval import MergedInterval
from whoson_load.measurement.run import TimelineLine

__all__ = ["Point", "bounded", "get_ready", "point", "too_few"]

_SEED: Final = 19_790_101  # any: the same intervals are judged the same, always


def get_ready() -> None:
    """Load what SciPy puts off until it is first used: half a second that nobody who is timed shall wait."""
    scipy.stats.t.ppf(0.5, 1)
    scipy.stats.beta.ppf(0.5, 1, 1)


@dataclass(frozen=True, slots=True)
class Point:
    """What one interval says of one objective.

    Attributes:
        value: a share (0 to 1), a mean in ms, or a rate a second.
        weight: how much it counts, 0 for nothing measured: times, commands, visits or lines; of a rate, 1.
    """

    value: float
    weight: float


def point(objective: Objective, interval: MergedInterval, line: TimelineLine) -> Point | None:
    """What an interval says of an objective; None of one that chance has no say in (a count, a maximum)."""
    if objective.share is not None:
        figure = interval_figure(objective, line)
        return Point(0.0, 0.0) if figure is None else Point(float(objective.holds(figure)), 1.0)
    name, measure, lasts_ns = objective.name, objective.measure, line.end_ns - line.start_ns
    histogram = interval.series.get(name) or Histogram()
    if measure == "percentile":
        return _ratio(_above(histogram, objective.limit), histogram.count)
    if measure == "mean":
        return Point((histogram.mean_ns or 0.0) / 1e6, float(histogram.count))
    if measure == "rate":
        return Point(histogram.count / (lasts_ns / 1e9), 1.0) if lasts_ns > 0 else Point(0.0, 0.0)
    return _ratio(*_counted(objective, interval)) if objective.unit == "%" else None


def _counted(objective: Objective, interval: MergedInterval) -> tuple[int, int]:
    """What an objective in percent counts, and out of how many."""
    name, tally = objective.name, interval.tally
    if objective.subject == "lines":
        return tally.lines.get(name, 0), tally.lines.get("sent", 0)
    if objective.subject == "outcome":
        return tally.outcomes.get(name, 0), sum(tally.outcomes.values())
    errors = tally.errors_of(name)
    return errors, (interval.series.get(name) or Histogram()).count + errors


def bounded(
    objective: Objective, points: Sequence[Point | None], evidence: Evidence, confidence: float = 0.95
) -> Bounded:
    """Judge an objective over intervals, and say how sure that is.

    "p99 < 500ms" says that at most 1 % of the times may be above 500 ms: so percentiles are judged as shares, too. The
    bounds come from drawing blocks of intervals, and of shares they are never narrower than what as many independent
    trials allow (Clopper and Pearson, The Use of Confidence or Fiducial Limits, Biometrika 26, 1934): where nothing
    went wrong, blocks of intervals know no doubt. What chance has no say in is good or bad as it was counted.

    Args:
        points: of each interval, in order of time (`point`).
        evidence: of the same intervals.
        confidence: of each bound for itself, 0.5 to 1.
    """
    judged = judge(objective, evidence)
    said = {
        "objective": objective.text,
        "of": objective.of,
        "figure": judged.figure,
        "limit": judged.limit,
        "unit": judged.unit,
    }
    plain = Worth.GOOD if judged.met else Worth.BAD
    if None in points or objective.operator == "==":
        return Bounded(**said, worth=plain)  # type: ignore[arg-type]
    told = [each for each in points if each is not None and each.weight > 0]
    weights = np.array([each.weight for each in told], dtype=np.float64)
    if not told:
        return Bounded(**said, worth=Worth.UNDECIDED)  # type: ignore[arg-type]
    limit, upper_is_bad = _limit(objective)
    if _is_share(objective) and not (limit if upper_is_bad else 1 - limit):
        return Bounded(**said, worth=plain)  # type: ignore[arg-type]  # no number of trials rules every exception out
    values = np.array([each.value for each in told], dtype=np.float64)
    seen = spread([(values, weights)], np.random.default_rng(_SEED))
    reach = float(scipy.stats.t.ppf(confidence, seen.freedom)) * seen.error
    low, high = seen.mean - reach, seen.mean + reach
    if _is_share(objective):
        hits, trials = float(values @ weights), float(weights.sum())
        low = min(low, float(scipy.stats.beta.ppf(1 - confidence, hits, trials - hits + 1))) if hits > 0 else 0.0
        high = max(high, float(scipy.stats.beta.ppf(confidence, hits + 1, trials - hits))) if hits < trials else 1.0
        low, high = max(0.0, low), min(1.0, high)
    if upper_is_bad:
        worth = Worth.GOOD if high <= limit else Worth.BAD if low > limit else Worth.UNDECIDED
    else:
        worth = Worth.GOOD if low >= limit else Worth.BAD if high < limit else Worth.UNDECIDED
    return Bounded(**said, worth=worth, share=seen.mean, low=low, high=high)  # type: ignore[arg-type]


def too_few(objective: Objective, told: Bounded, confidence: float = 0.95) -> tuple[int, int] | None:
    """Whether an objective is undecided for want of trials alone: nothing went wrong, in too few to rule chance out.

    Returns:
        how many trials (times, commands, visits, lines or intervals) there were, and how many would have done; None
        where the reason is another one.
    """
    limit, upper_is_bad = _limit(objective)
    clean, allowed = (0.0, limit) if upper_is_bad else (1.0, 1 - limit)
    reach = told.high if upper_is_bad else None if told.low is None else 1 - told.low
    if (
        told.worth is not Worth.UNDECIDED
        or not _is_share(objective)
        or told.share != clean
        or reach is None
        or not 0 < allowed < 1
    ):
        return None
    # Of n clean trials the bound of Clopper and Pearson is 1 - (1 - confidence)^(1/n).
    doubt = math.log(1 - confidence)
    return (round(doubt / math.log1p(-reach)) if reach < 1 else 0), math.ceil(doubt / math.log1p(-allowed))


def _is_share(objective: Objective) -> bool:
    return objective.share is not None or objective.measure not in ("mean", "rate")


def _limit(objective: Objective) -> tuple[float, bool]:
    """What the points' mean is held against, and whether more is worse."""
    less = objective.operator in ("<", "<=")
    if objective.share is not None:
        return objective.share, False
    if objective.measure == "percentile":
        return 1 - objective.percentile / 100, less
    return (objective.limit / 100 if objective.unit == "%" else objective.limit), less


def _ratio(count: int, total: int) -> Point:
    return Point(count / total, float(total)) if total else Point(0.0, 0.0)


def _above(histogram: Histogram, limit_ms: float) -> int:
    """How many times a percentile would state as above a limit."""
    limit_ns = limit_ms * 1e6
    if histogram.max_ns <= limit_ns:
        return 0
    return sum(each.count for each in histogram.buckets() if min(each.high_ns, histogram.max_ns) > limit_ns)
