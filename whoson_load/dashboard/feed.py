"""The run that is shown, fed by what its record is given: figures so far, and points over time that only grow.

Knows no web server and reads no clock: time is what the intervals say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from whoson_load.measurement.interval import MergedInterval, Totals
from whoson_load.measurement.run import RunInfo, Summary, TimelineLine
from whoson_load.report.columns import Intervals, TimeColumns

__all__ = ["BAR_WIDTH", "Feed", "Shown"]

BAR_WIDTH = "bar_width_ms"
"""The column that says how wide a point's bar is drawn, in ms: a tenth less than it lasts."""


class Shown(Protocol):
    """What is asked of a run, under way or over."""

    @property
    def info(self) -> RunInfo:
        """What `run.json` holds; it has an ending once the run is over."""

    @property
    def totals(self) -> Totals:
        """All that is merged so far."""

    @property
    def heard(self) -> list[Callable[[MergedInterval, TimelineLine], None]]:
        """Called with each interval once the record has it."""

    def summary(self) -> Summary:
        """What is known so far."""


class Feed:
    """The run under way, or the last one when it is over. It keeps 1 KB of each interval.

    Points of time are numbered from 0 within an epoch, in which they are only added to: a reader that has some asks for
    those that follow. Whenever points change that were there before, a new epoch begins: with a run, when a long run is
    rolled up more, and when something came late for an interval that was complete.

    Attributes:
        run: None before the first one.
        page: where the report of the run will lie when it is over.
        line: the last interval's, in the order of time; None before the first one.
    """

    def __init__(self) -> None:
        self.run: Shown | None = None
        self.page = Path()
        self.line: TimelineLine | None = None
        self._runs = 0
        self._changes = 0
        self._intervals = Intervals(0, 1.0)
        self._timed: TimeColumns | None = None
        self._so_far: Summary | None = None
        self._completed: Summary | None = None

    def begin(self, run: Shown, page: Path) -> None:
        """Show another run from now on.

        Args:
            page: where its report will lie when it is over.
        """
        self.run, self.page, self.line = run, page, None
        self._runs += 1
        self._changes = 0
        self._intervals = Intervals(run.info.started_ns, run.info.interval_s)
        self._timed = self._so_far = self._completed = None
        run.heard.append(self.add)

    def add(self, _: MergedInterval, line: TimelineLine) -> None:
        """Take an interval that the record has (70 us)."""
        self._intervals.add(line)
        self._so_far = None
        if line.late:
            self._changes += 1
            self._timed = None
            return
        self.line = line
        # Of a day's run, columns take 60 ms: made again only when there is another whole point.
        if self._timed is not None and self._is_whole(self._timed, line):
            self._timed = None

    def end(self, summary: Summary) -> None:
        """The run is over, and this is what it came to."""
        self._completed, self._timed = summary, None

    @property
    def is_over(self) -> bool:
        """Whether the run that is shown has ended, well or not."""
        return self._completed is not None or (self.run is not None and self.run.info.ending is not None)

    @property
    def summary(self) -> Summary | None:
        """The whole run's once it is over, until then of what there is (2 ms after each interval); None without one."""
        if self._completed is not None:
            return self._completed
        if self._so_far is None and self.run is not None:
            self._so_far = self.run.summary()
        return self._so_far

    # Points over time

    @property
    def epoch(self) -> str:
        """The name of the epoch, unlike any other's of this process."""
        return f"{self._runs}.{self._changes}.{self._columns.intervals_a_point}"

    @property
    def intervals_a_point(self) -> int:
        """How many intervals a point stands for."""
        return self._columns.intervals_a_point

    @property
    def points(self) -> int:
        """How many points of the epoch are there; one whose intervals are not all there yet is not counted."""
        timed = self._columns
        there = len(timed.columns["begin_ms"])
        open_yet = self.line is not None and not self.is_over and not self._is_whole(timed, self.line)
        return max(0, there - open_yet)

    def columns(self, names: Iterable[str], first: int, behind: int) -> dict[str, list[float | None]]:
        """Columns of some points of the epoch, and of their time.

        Args:
            names: of columns, as `TimeColumns` has them.
            first, behind: the first point's number, and the number behind the last one's.

        Returns:
            name -> a value for each point; None where there is none.
        """
        chosen = self._columns.chosen(names)
        chosen[BAR_WIDTH] = 0.9 * (chosen["end_ms"] - chosen["begin_ms"])
        part = slice(first, min(behind, self.points))
        return {
            name: [None if value != value else value for value in values[part].tolist()]  # noqa: PLR0124  # not a number
            for name, values in chosen.items()
        }

    @property
    def _columns(self) -> TimeColumns:
        if self._timed is None:
            self._timed = self._intervals.columns()
        return self._timed

    @staticmethod
    def _is_whole(timed: TimeColumns, line: TimelineLine) -> bool:
        """Whether the last point has its last interval, or cannot get it any more, once this line is there."""
        begins_ms = timed.columns["begin_ms"]
        if not len(begins_ms):
            return True
        place = round((line.start_ns / 1e6 - begins_ms[-1]) / (1000 * timed.interval_s))
        return int(place) >= timed.intervals_a_point - 1
