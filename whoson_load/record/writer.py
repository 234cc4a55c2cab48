"""Writes a run's record while the run goes: append-only, every interval whole or absent, small enough for days.

Knows nothing of where intervals come from, nor of what is made of the record.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeVar

import msgspec

from whoson_load.errors import RecordError
from whoson_load.measurement.capacity import Capacity
from whoson_load.measurement.histogram import Histogram
from whoson_load.measurement.interval import MergedInterval
from whoson_load.measurement.run import RunInfo, Summary, TimelineLine
from whoson_load.record.journal import Journal, replace_file
from whoson_load.record.latency_log import LogLine, format_header, format_line
from whoson_load.record.layout import CAPACITY, LATENCY, LATENCY_OPEN, RUN, SUMMARY, TIMELINE, make_folder

__all__ = ["FINE_S", "SPAN_S", "RunWriter"]

FINE_S: Final = 1800
"""So long from its begin a run's latencies are kept interval by interval. Invented: 14 MB of log for 20 busy series."""

SPAN_S: Final = 300
"""Afterwards they are kept in spans of so many seconds. Invented: a day of 20 busy series stays below 100 MB."""

_NS_PER_S: Final = 1_000_000_000
_NS_PER_MS: Final = 1_000_000

_Whole = TypeVar("_Whole", RunInfo, Summary, Capacity)


class RunWriter:
    """Writes the record of one run.

    Every interval goes first to the latency log, then, as the sign that it is complete, to the timeline; both are
    handed to the operating system before `write` returns, so that the end of this process costs the open interval only.

    After the first half hour the log holds one line for a series and five minutes: their intervals added up, which
    loses nothing but the borders between (the timeline has every interval's percentiles). Until such a span is over
    its intervals stand in a log of their own; a reader leaves out those that the span's line covers already. What
    comes late for a span that is written gets a line of its own.

    Args:
        parent: the folder of all runs.
        info: what is known of the run at its begin; its secrets taken out.

    Attributes:
        folder: the run's own folder.

    Raises:
        RecordError: the folder or a file cannot be made, or the interval is not in whole milliseconds.
    """

    def __init__(self, parent: Path, info: RunInfo) -> None:
        self._interval_ns = round(info.interval_s * 1000) * _NS_PER_MS
        if self._interval_ns <= 0 or abs(self._interval_ns / _NS_PER_S - info.interval_s) > 1e-9:
            raise RecordError(f"got an interval of {info.interval_s} s, expected whole milliseconds above 0")
        self.folder = make_folder(parent, info.name, info.started_ns)
        self._fine_until_ns = info.started_ns + FINE_S * _NS_PER_S
        self._header = format_header(info.started_ns)
        self._span: int | None = None
        self._pending: dict[str, Histogram] = {}
        self._pending_start_ns = 0
        self._pending_end_ns = 0
        self._broken: RecordError | None = None
        self.update(info)
        self._latency = Journal(self.folder / LATENCY)
        self._latency.append(self._header)
        self._timeline = Journal(self.folder / TIMELINE)
        self._open: Journal | None = None

    def update(self, info: RunInfo) -> None:
        """Replace `run.json`.

        Raises:
            RecordError: it cannot be written; the old one stays.
        """
        self._replace(RUN, info)

    def write(self, interval: MergedInterval, line: TimelineLine) -> None:
        """Append one interval, or what came late for one.

        Args:
            interval: the interval's figures, all added up.
            line: its line in the timeline (`run.timeline_line`).

        Raises:
            RecordError: it cannot be written. What was written before stays readable, and every later call raises
                the same error: a record with a hole would be worse than one that ends.
        """
        if self._broken is not None:
            raise self._broken
        try:
            self._write_latencies(interval)
            self._timeline.append(msgspec.json.encode(line) + b"\n")
        except RecordError as error:
            self._broken = error
            raise

    def write_summary(self, summary: Summary) -> None:
        """Write `summary.json`, or replace it.

        Raises:
            RecordError: it cannot be written; an old one stays.
        """
        self._replace(SUMMARY, summary)

    def write_capacity(self, capacity: Capacity) -> None:
        """Write `capacity.json`, or replace it.

        Raises:
            RecordError: it cannot be written; an old one stays.
        """
        self._replace(CAPACITY, capacity)

    def finish(self, info: RunInfo) -> None:
        """Write the span under way into the log and `run.json` for the last time, and close all files.

        Raises:
            RecordError: something cannot be written; what was written before stays readable.
        """
        try:
            if self._broken is None:
                self._roll()
                if self._open is not None:
                    self._open.remove()
            self.update(info)
        finally:
            for journal in (self._latency, self._timeline, self._open):
                if journal is not None:
                    journal.close()

    def _write_latencies(self, interval: MergedInterval) -> None:
        span = interval.start_ns // (SPAN_S * _NS_PER_S)
        if self._span is not None and span > self._span:
            self._roll()
        lines = b"".join(
            format_line(
                LogLine(
                    series=series,
                    start_ns=interval.start_ns,
                    duration_ns=self._duration_ns(interval),
                    histogram=histogram.pack(),
                )
            )
            for series, histogram in interval.series.items()
        )
        if interval.start_ns < self._fine_until_ns or (self._span is not None and span < self._span):
            self._latency.append(lines)
            return
        if self._open is None:
            self._open = Journal(self.folder / LATENCY_OPEN)
            self._open.append(self._header)
        self._open.append(lines)
        self._keep(interval, span)

    def _keep(self, interval: MergedInterval, span: int) -> None:
        end_ns = interval.start_ns + self._duration_ns(interval)
        if self._span is None:
            self._span, self._pending_start_ns, self._pending_end_ns = span, interval.start_ns, end_ns
        self._pending_start_ns = min(self._pending_start_ns, interval.start_ns)
        self._pending_end_ns = max(self._pending_end_ns, end_ns)
        for series, histogram in interval.series.items():
            self._pending.setdefault(series, Histogram()).add(histogram)

    def _roll(self) -> None:
        """Write the span's lines into the log, then empty the span's own log: in between, both hold them."""
        if self._open is None or self._span is None:
            return
        self._latency.append(
            b"".join(
                format_line(
                    LogLine(
                        series=series,
                        start_ns=self._pending_start_ns,
                        duration_ns=self._pending_end_ns - self._pending_start_ns,
                        histogram=histogram.pack(),
                    )
                )
                for series, histogram in self._pending.items()
                if histogram.count
            )
        )
        self._open.empty()
        self._open.append(self._header)
        for histogram in self._pending.values():
            histogram.clear()
        self._span = None

    def _duration_ns(self, interval: MergedInterval) -> int:
        """How long the interval was, but no longer than scheduled: else it would cover the next one's begin."""
        lasted_ns = (interval.end_ns - interval.start_ns) // _NS_PER_MS * _NS_PER_MS
        return max(_NS_PER_MS, min(lasted_ns, self._interval_ns))

    def _replace(self, name: str, whole: _Whole) -> None:
        replace_file(self.folder / name, msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n")
