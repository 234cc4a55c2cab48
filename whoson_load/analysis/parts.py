"""Finds a run's ramp, steady part and drain from its timeline alone. Knows nothing of what the run was asked to be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from whoson_load.measurement.answer import Part, Parts
from whoson_load.measurement.run import TimelineLine

__all__ = ["IN_PROGRESS", "LEAST_SHARE", "Load", "find_parts", "loads"]

IN_PROGRESS: Final = "visits in progress"
"""The gauge that says how much load there is."""

LEAST_SHARE: Final = 0.2
"""A stretch shorter than this share of the run is not what the run was about. Invented."""

_FEWEST: Final = 2  # intervals
_MOST_POINTS: Final = 240  # the search is quadratic; a longer run is looked at in coarser steps
_BAND: Final = 0.10  # Invented: how far the load may be from its own mean
_TREND: Final = 0.05  # Invented: how far its two halves may be apart


@dataclass(slots=True)
class Load:
    """The load of one interval.

    Attributes:
        start_ns, end_ns: ns since the epoch.
        in_progress: visits in progress at its end.
        due: visitors that were due in it (open model).
        begun: visits begun in it.
    """

    start_ns: int
    end_ns: int
    in_progress: float = 0.0
    due: float = 0.0
    begun: float = 0.0


def loads(lines: Iterable[TimelineLine]) -> list[Load]:
    """The load of every interval, ascending; what came late is added to its interval."""
    by_start: dict[int, Load] = {}
    for line in lines:
        load = by_start.setdefault(line.start_ns, Load(line.start_ns, line.end_ns))
        load.end_ns = max(load.end_ns, line.end_ns)
        load.in_progress += line.gauges.get(IN_PROGRESS, 0)
        load.due += line.tally.arrivals.get("due", 0)
        load.begun += line.tally.arrivals.get("begun", 0)
    ascending = [by_start[start_ns] for start_ns in sorted(by_start)]
    for load, after in pairwise(ascending):
        load.end_ns = after.start_ns  # reports are handed over a moment late: the schedule is what counts
    return ascending


def find_parts(load: Sequence[Load], begun_ns: int = 0) -> Parts:
    """Find the longest stretch of intervals in which the load stayed level, the ramp before it and the drain after.

    Level means: at the begin and at the end of each interval the visits in progress are within a tenth of their mean
    (or within what chance does to so few), their mean in the stretch's two halves differs by a twentieth at most (or
    by what chance explains), and in the open model so does the number of visitors that were due in them.

    A stretch begins when as many visits have ended as are in progress, counted since there were last fewer than half of
    them. For in the closed model the population is level at once, and what it does is not: who came together does for
    one visit the same at the same time; and in the open model a few visits are no more than chance away from none, so
    that their filling up looks level. Where visits are too long for that, the closed model's stretch begins with the
    level population, and the reason says that these were the first visits. (How many visits begin is no condition
    there: a server that becomes slower has fewer, at the same load.) In the open model it ends with the last arrival.

    Args:
        load: of all intervals, ascending.
        begun_ns: when the run began, ns since the epoch; its first interval was scheduled a little before.
    """
    if len(load) < _FEWEST + 1:
        return Parts(reason=f"No steady part: the run has {len(load)} intervals, and {_FEWEST + 1} are the fewest.")
    step = math.ceil(len(load) / _MOST_POINTS)
    points = [_joined(load[first : first + step]) for first in range(0, len(load), step)]
    search = _Search(points)
    least = max(_FEWEST, math.ceil(LEAST_SHARE * len(points)))
    first, last = search.longest(parted=True)
    parted = last - first >= least
    if not parted and not search.is_open:
        first, last = search.longest(parted=False)
    if last - first < least:
        low, high = min(each.in_progress for each in points), max(each.in_progress for each in points)
        return Parts(
            reason=f"No steady part: visits in progress were between {low:,.0f} and {high:,.0f}, and at no time level"
            f" for {LEAST_SHARE:.0%} of the run{' after a first visit' * search.is_open}."
        )
    # The load is known at the ends of intervals: in the first point's own interval it may still have grown.
    begin, end = (first + 1) * step, min((last + 1) * step, len(load))
    steady = _part(load[begin:end])
    begun_ns = max(begun_ns, load[0].start_ns)
    whole_s = (load[-1].end_ns - begun_ns) / 1e9
    since_s = (steady.start_ns - begun_ns) / 1e9
    return Parts(
        ramp=_part(load[:begin]),
        steady=steady,
        drain=_part(load[end:]) if end < len(load) else None,
        reason=f"Steady for {steady.lasts_s:,.0f} s of {whole_s:,.0f} s, from {since_s:,.0f} s after the begin,"
        f" with {steady.in_progress:,.1f} visits in progress."
        + ("" if parted else " Their first visits were still under way when it began, so its rates may not be level."),
    )


class _Search:
    """The search for the longest level stretch of points, with sums that make each question cheap."""

    def __init__(self, points: Sequence[Load]) -> None:
        self._level = [point.in_progress for point in points]
        self._sums = [0.0, *accumulate(self._level)]
        begun = [0.0, *accumulate(point.begun for point in points)]
        self._ended = [all_ - point.in_progress for all_, point in zip(begun[1:], points, strict=True)]
        self._idle = [point.in_progress == 0 and point.begun == 0 for point in points]
        self._due = [0.0, *accumulate(point.due for point in points)]
        self.is_open = self._due[-1] > 0
        self._last = max((place for place, point in enumerate(points) if point.due), default=len(points) - 1)
        steps = [after - before for before, after in pairwise(self._level)]
        # The median step is the slope of a ramp; what departs from it is noise, whatever the load does besides.
        middle = _median(steps)
        self._noise = 1.4826 * _median([abs(each - middle) for each in steps]) / math.sqrt(2)

    def longest(self, *, parted: bool) -> tuple[int, int]:
        """The first and the last point of the longest stretch; equal when there is none.

        Args:
            parted: whether it may begin only when a whole population's visits have ended.
        """
        best = (0, 0)
        for first in range(len(self._level)):
            if parted and not self._have_parted(first):
                continue
            if len(self._level) - 1 - first <= best[1] - best[0]:
                break
            low = high = self._level[first]
            for last in range(first, self._last + 1):
                if self._idle[last]:
                    break
                low, high = min(low, self._level[last]), max(high, self._level[last])
                mean = (self._sums[last + 1] - self._sums[first]) / (last + 1 - first)
                # Wider than any band around any mean that could still come: no longer stretch from here is level.
                if high - low > 4 * self._band(max(high, mean)):
                    break
                if last - first > best[1] - best[0] and self._is_level(first, last, low, high, mean):
                    best = (first, last)
        return best

    def _have_parted(self, point: int) -> bool:
        """Whether as many visits have ended by the end of a point as are in progress, since half of them were not."""
        level = self._level[point]
        half = next((each for each in range(point, -1, -1) if self._level[each] < level / 2), None)
        return self._ended[point] - (0.0 if half is None else self._ended[half]) >= level

    def _band(self, mean: float) -> float:
        return max(_BAND * mean, 2.0, (3.5 if self.is_open else 1.5) * math.sqrt(mean))

    def _is_level(self, first: int, last: int, low: float, high: float, mean: float) -> bool:
        band = self._band(mean)
        if not (low >= mean - band and high <= mean + band):
            return False
        half = (last + 1 - first) // 2
        early = (self._sums[first + half] - self._sums[first]) / half
        late = (self._sums[last + 1] - self._sums[last + 1 - half]) / half
        chance = 2 * self._noise * math.sqrt(2 / half)
        if self.is_open:
            chance = max(chance, math.sqrt(mean))  # visits last many intervals: neighbours are alike
        if abs(late - early) > max(_TREND * mean, 1.0, chance):
            return False
        # The first point's own arrivals came before its level was known, and are not the stretch's.
        half = (last - first) // 2
        early = self._due[first + 1 + half] - self._due[first + 1]
        late = self._due[last + 1] - self._due[last + 1 - half]
        # Arrivals of a Poisson process: the difference of two counts has their sum as its variance.
        return abs(late - early) <= max(_TREND * (early + late), 2 * math.sqrt(early + late))


def _joined(loads_: Sequence[Load]) -> Load:
    return Load(
        loads_[0].start_ns,
        loads_[-1].end_ns,
        sum(each.in_progress for each in loads_) / len(loads_),
        sum(each.due for each in loads_),
        sum(each.begun for each in loads_),
    )


def _part(load: Sequence[Load]) -> Part:
    return Part(
        start_ns=load[0].start_ns,
        end_ns=load[-1].end_ns,
        intervals=len(load),
        in_progress=sum(each.in_progress for each in load) / len(load),
    )


def _median(values: Sequence[float]) -> float:
    ascending = sorted(values)
    middle = len(ascending) // 2
    return ascending[middle] if len(ascending) % 2 else (ascending[middle - 1] + ascending[middle]) / 2
