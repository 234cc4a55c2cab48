"""A run's intervals as columns over its time, for charts: the report's and the live page's alike.

Knows figures, and nothing of what draws them.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.run import SeriesFigures, TimelineLine

__all__ = ["GENERATOR", "MOST_POINTS", "PERCENTILES", "TIME", "WAITING", "Intervals", "TimeColumns"]

Floats = npt.NDArray[np.float64]

MOST_POINTS: Final = 600
"""Points of time that a chart has at most: no screen shows more. A longer run is rolled up to them."""

PERCENTILES: Final[dict[str, Callable[[SeriesFigures], int | None]]] = {
    "p50": lambda figures: figures.p50_us,
    "p90": lambda figures: figures.p90_us,
    "p99": lambda figures: figures.p99_us,
    "max": lambda figures: figures.max_us,
}
"""The statistics of a series that have a column, by the name that is in the column's."""

TIME: Final = ("begin_ms", "end_ms", "time_ms", "elapsed_s")
"""The columns that say when a point of time is."""

WAITING: Final = "visits waiting for an operator"
"""The gauge that is the sum of those that wait, in a queue with positions or without."""

GENERATOR: Final[dict[str, Callable[[GeneratorFigures], float | None]]] = {
    "generator CPU": lambda figures: _scaled(figures.cpu_share, 100.0),
    "generator waiting": lambda figures: _scaled(figures.waiting_share, 100.0),
    "generator loop lag p99": lambda figures: _scaled(figures.loop_lag_p99_ns, 1e-6),
    "generator receive p99": lambda figures: _scaled(figures.receive_p99_ns, 1e-6),
    "generator send p99": lambda figures: _scaled(figures.send_p99_ns, 1e-6),
}
"""The generator's own figures that have a column: of the worker that was worst; shares in %, times in ms."""

_MIDDLE: Final = "p50"
_WAIT: Final = ("visits waiting", "visits queued")


@dataclass(frozen=True, slots=True)
class TimeColumns:
    """A run over its time. All columns have one value for each point of time.

    Attributes:
        columns: by name.
            `begin_ms`, `end_ms`, `time_ms`: where the point begins, ends, and its middle, ms since the epoch (UTC).
            `elapsed_s`: its end, in seconds since the run's begin.
            `GAUGE`: how much of it there was, on average, such as `visits in progress`, and `WAITING`; `server GAUGE`
            likewise.
            `PEAK`: the greatest of it, such as `queue position`; not a number where there was none.
            `arrivals`, `due`, `errors`, and every `OUTCOME`: how many a minute (visits begun, visitors due, commands
            whose event did not come, visits that ended so).
            `lines`: Messages sent a second.
            `SERIES p50|p90|p99|max`: in ms; not a number where there was no sample. `SERIES count`: samples.
            Those of `GENERATOR`.
        intervals_a_point: how many of the record's intervals one point stands for. Where it is more than one, p50 is
            the middle interval's (by samples), every other percentile and every figure of the generator the worst
            interval's: a short stall stays visible however long the run.
        interval_s: how long one interval is.
    """

    columns: dict[str, Floats]
    intervals_a_point: int
    interval_s: float

    def has(self, name: str) -> bool:
        """Whether there is such a column, and anything but zeros in it."""
        return name in self.columns and bool(np.any(np.nan_to_num(self.columns[name])))

    def chosen(self, names: Iterable[str]) -> dict[str, Floats]:
        """The columns of these names, and those of time; one that the run does not have is not a number throughout."""
        blank = np.full(len(self.columns["time_ms"]), math.nan)
        return {name: self.columns.get(name, blank) for name in (*TIME, *names)}


@dataclass(slots=True)
class _Column:
    """One figure; intervals become a point by `rate` (`scale` times a second), `sum`, `mean`, `worst` or `middle`."""

    way: str
    values: array[float]
    scale: float = 1.0

    @property
    def blank(self) -> float:
        """What stands where there was nothing."""
        return math.nan if self.way in ("worst", "middle") else 0.0


class Intervals:
    """A run's intervals as they come, turned into columns whenever asked (40 us to add one, 1 KB kept of it).

    Args:
        begun_ns: when the run began, ns since the epoch.
        interval_s: how long an interval is scheduled to be.
        lines: of the timeline, in any order.
    """

    def __init__(self, begun_ns: int, interval_s: float, lines: Iterable[TimelineLine] = ()) -> None:
        self._begun_ns = begun_ns
        self._interval_s = interval_s
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._rows: dict[int, int] = {}
        self._columns: dict[str, _Column] = {}
        for line in lines:
            self.add(line)

    def add(self, line: TimelineLine) -> None:
        """Add an interval; what came late for one that is there already is added to it."""
        row = self._rows.setdefault(line.start_ns, len(self._starts))
        if row == len(self._starts):
            self._starts.append(line.start_ns)
            self._ends.append(line.end_ns)
        for name, count in (("arrivals", "begun"), ("due", "due")):
            self._put(row, name, "rate", line.tally.arrivals.get(count, 0), 60.0)
        for outcome in Outcome:
            self._put(row, outcome.value, "rate", line.tally.outcomes.get(outcome.value, 0), 60.0)
        self._put(row, "errors", "rate", sum(each.errors for each in line.series.values()), 60.0)
        self._put(row, "lines", "rate", line.tally.lines.get("sent", 0))
        for name, gauge in line.gauges.items():
            self._put(row, name, "mean", gauge)
        self._put(row, WAITING, "mean", sum(line.gauges.get(name, 0) for name in _WAIT))
        for name, gauge_now in line.server.items():
            self._put(row, f"server {name}", "mean", gauge_now)
        for name, peak in line.peaks.items():
            self._put(row, name, "worst", peak)
        for series, figures in line.series.items():
            self._put(row, f"{series} count", "sum", figures.count)
            for statistic, figure in PERCENTILES.items():
                way = "middle" if statistic == _MIDDLE else "worst"
                self._put(row, f"{series} {statistic}", way, _scaled(figure(figures), 1e-3))
        for name, own in GENERATOR.items():
            known = [found for each in line.generators.values() if (found := own(each)) is not None]
            self._put(row, name, "worst", max(known, default=None))

    def columns(self, most: int = MOST_POINTS) -> TimeColumns:
        """All of them (about 10 ms, and 50 ms for a day's).

        Args:
            most: points of time at most, from 1; where there are more intervals, they are rolled up.
        """
        if not self._starts:
            return TimeColumns({name: np.zeros(0) for name in TIME}, 1, self._interval_s)
        starts = np.array(self._starts, dtype=np.int64)
        interval_ns = round(self._interval_s * 1e9)
        places = (starts - starts.min()) // interval_ns
        each = math.ceil((int(places.max()) + 1) / most)
        order = np.argsort(places, kind="stable")
        points = places[order] // each
        firsts = np.flatnonzero(np.diff(points, prepend=-1))
        begins_ns = starts.min() + points[firsts] * each * interval_ns
        ends_ns = np.minimum(begins_ns + each * interval_ns, max(self._ends))
        columns = {
            "begin_ms": begins_ns / 1e6,
            "end_ms": ends_ns / 1e6,
            "time_ms": (begins_ns + ends_ns) / 2e6,
            "elapsed_s": (ends_ns - self._begun_ns) / 1e9,
        }
        values = {name: self._values(column)[order] for name, column in self._columns.items()}
        for name, column in self._columns.items():
            counts = values.get(f"{name.removesuffix(_MIDDLE)}count", values[name])
            columns[name] = _rolled(column, values[name], counts, firsts, (ends_ns - begins_ns) / 1e9)
        return TimeColumns(columns, each, self._interval_s)

    def _put(self, row: int, name: str, way: str, value: float | None, scale: float = 1.0) -> None:
        """Add a value to what stands in a row: counts add up, and of percentiles the greater one stays."""
        if value is None:
            return
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = _Column(way, array("d"), scale)
        column.values.extend([column.blank] * (row + 1 - len(column.values)))
        there = column.values[row]
        if not math.isnan(column.blank):
            column.values[row] = there + value
        else:
            column.values[row] = value if math.isnan(there) else max(there, value)

    def _values(self, column: _Column) -> Floats:
        found = np.full(len(self._starts), column.blank)
        found[: len(column.values)] = column.values
        return found


def _rolled(column: _Column, values: Floats, counts: Floats, firsts: npt.NDArray[np.intp], spans_s: Floats) -> Floats:
    """Intervals to points; `firsts` are the points' first intervals."""
    if column.way == "worst":
        return np.fmax.reduceat(values, firsts)
    if column.way == "middle":
        if len(firsts) == len(values):
            return values
        ends = [*firsts[1:], len(values)]
        return np.array([_middle(values[a:b], counts[a:b]) for a, b in zip(firsts, ends, strict=True)])
    sums = np.add.reduceat(values, firsts)
    if column.way == "mean":
        return sums / np.diff(firsts, append=len(values))
    return sums if column.way == "sum" else column.scale * sums / np.maximum(spans_s, 1e-9)


def _middle(values: Floats, counts: Floats) -> float:
    """The value that half of the samples' intervals are not above; not a number without a sample."""
    known = ~np.isnan(values)
    if not known.any():
        return math.nan
    values, counts = values[known], counts[known]
    ascending = np.argsort(values)
    passed = np.cumsum(counts[ascending])
    return float(values[ascending[np.searchsorted(passed, passed[-1] / 2)]])


def _scaled(value: float | None, by: float) -> float | None:
    return None if value is None else value * by
