"""What one worker recorded in one interval, and how such reports become intervals of the whole run, without loss.

Knows nothing of how reports travel, nor of files. Merging is exact; order and grouping of the reports do not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.histogram import Histogram, PackedHistogram
from whoson_load.measurement.tally import Tally

__all__ = ["IntervalReport", "MergedInterval", "Totals", "interval_start_ns", "merge"]


class IntervalReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one worker recorded in one interval.

    Attributes:
        worker: the worker's name, unique in the run.
        sequence: 1 for a worker's first report, then one more each time, so that a missing one is seen.
        start_ns: the interval's scheduled begin, ns since the epoch: the key that reports are merged by.
        end_ns: when it was handed over, ns since the epoch.
        tally: what was counted.
        series: what was timed; series without a sample are left out.
        gauges: how much of something there is at the end of the interval; workers' gauges add up.
        peaks: the greatest of something during the interval; of workers' peaks the greatest counts.
        generator: how busy the worker itself was; None when nobody looked.
        last: whether the worker stops after this one.
    """

    worker: str
    sequence: int
    start_ns: int
    end_ns: int
    tally: Tally
    series: dict[str, PackedHistogram] = {}
    gauges: dict[str, int] = {}
    peaks: dict[str, int] = {}
    generator: GeneratorFigures | None = None
    last: bool = False

    def to_builtins(self) -> dict[str, Any]:
        """The report as dicts, lists, strings and numbers that msgpack and JSON carry."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built

    @classmethod
    def from_builtins(cls, built: object) -> IntervalReport:
        """The report that `to_builtins` gave.

        Raises:
            ValueError: something else; the message names the field.
        """
        return msgspec.convert(built, cls)


class MergedInterval:
    """One interval of the whole run: the reports of all its workers added up.

    Attributes:
        start_ns: the interval's scheduled begin, ns since the epoch.
        end_ns: when the last of its reports was handed over.
        series: histogram by series; series without a sample are left out.
        tally: what was counted.
        gauges, peaks: as in the reports, over all workers.
        generators: how busy each worker was.
        parts: (worker, sequence) of every report in it.
    """

    __slots__ = ("end_ns", "gauges", "generators", "parts", "peaks", "series", "start_ns", "tally")

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __init__(self, start_ns: int) -> None:
        self.start_ns = start_ns
        self.end_ns = start_ns
        self.series: dict[str, Histogram] = {}
        self.tally = Tally()
        self.gauges: dict[str, int] = {}
        self.peaks: dict[str, int] = {}
        self.generators: dict[str, GeneratorFigures] = {}
        self.parts: set[tuple[str, int]] = set()

    def add(self, report: IntervalReport) -> bool:
        """Add a worker's report (about 2 ms for 20 busy series).

        Returns:
            False, and nothing changed, when this very report is in already.

        Raises:
            ValueError: a report of another interval, or a broken histogram; nothing changed then either.
        """
        if report.start_ns != self.start_ns:
            raise ValueError(f"got a report of interval {report.start_ns}, expected {self.start_ns}")
        part = (report.worker, report.sequence)
        if part in self.parts:
            return False
        series = {name: Histogram.unpack(packed) for name, packed in report.series.items()}
        self.parts.add(part)
        for name, histogram in series.items():
            # The first one is taken as it is: nobody else has it, and most intervals have one worker's samples only.
            self.series.setdefault(name, histogram)
            if self.series[name] is not histogram:
                self.series[name].add(histogram)
        self.tally.add(report.tally)
        for name, value in report.gauges.items():
            self.gauges[name] = self.gauges.get(name, 0) + value
        _add_peaks(self.peaks, report.peaks)
        if report.generator is not None:
            mine = self.generators.get(report.worker)
            self.generators[report.worker] = report.generator if mine is None else mine.worse(report.generator)
        self.end_ns = max(self.end_ns, report.end_ns)
        return True

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MergedInterval):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __repr__(self) -> str:
        return f"<MergedInterval from {self.start_ns} of {len(self.parts)} reports>"


class Totals:
    """The whole run, or any part of it: intervals added up. Gauges have no sum over time and are left out.

    Attributes:
        series: histogram by series.
        tally: what was counted.
        peaks: the greatest of each.
    """

    __slots__ = ("peaks", "series", "tally")

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __init__(self) -> None:
        self.series: dict[str, Histogram] = {}
        self.tally = Tally()
        self.peaks: dict[str, int] = {}

    def add(self, part: MergedInterval | Totals) -> None:
        """Add an interval, or other totals; the caller sees to it that nothing is added twice."""
        for name, histogram in part.series.items():
            self.series.setdefault(name, Histogram()).add(histogram)
        self.add_counts(part.tally, part.peaks)

    def add_counts(self, tally: Tally, peaks: Mapping[str, int]) -> None:
        """Add what was counted only, such as a line of the timeline holds."""
        self.tally.add(tally)
        _add_peaks(self.peaks, peaks)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Totals):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)


def merge(reports: Iterable[IntervalReport]) -> list[MergedInterval]:
    """Merge reports of any workers and intervals, in any order; a report that comes twice counts once.

    Returns:
        one interval for each start, ascending.
    """
    merged: dict[int, MergedInterval] = {}
    for report in reports:
        if report.start_ns not in merged:
            merged[report.start_ns] = MergedInterval(report.start_ns)
        merged[report.start_ns].add(report)
    return [merged[start_ns] for start_ns in sorted(merged)]


def interval_start_ns(now_ns: int, interval_ns: int) -> int:
    """The begin of the interval that an instant falls in: on every worker a multiple of the interval's length."""
    return now_ns - now_ns % interval_ns


def _add_peaks(mine: dict[str, int], theirs: Mapping[str, int]) -> None:
    for name, value in theirs.items():
        mine[name] = max(mine.get(name, value), value)
