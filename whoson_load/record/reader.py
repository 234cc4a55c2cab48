"""Reads a run's record, also one of a run that goes on or was killed: what is there is whole, what is not is left out.

Knows the files; judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from whoson_load.errors import UnreadableError
from whoson_load.measurement.capacity import Capacity
from whoson_load.measurement.histogram import Histogram
from whoson_load.measurement.interval import Totals
from whoson_load.measurement.run import PRODUCT, SCHEMA_VERSION, RunInfo, Summary, TimelineLine
from whoson_load.record.journal import whole_lines
from whoson_load.record.latency_log import LogLine, parse_lines
from whoson_load.record.layout import CAPACITY, LATENCY, LATENCY_OPEN, RUN, SUMMARY, TIMELINE, reason

__all__ = ["RunReader"]

_Whole = TypeVar("_Whole", RunInfo, Summary, Capacity)

_FOREVER_NS: Final = 1 << 63


class _Marked(msgspec.Struct):
    """What tells a file of ours from a foreign or a newer one."""

    product: str = ""
    schema: int = 0


class RunReader:
    """The record of one run.

    Args:
        folder: the run's folder.

    Attributes:
        folder: the run's folder.
        info: what `run.json` holds.

    Raises:
        UnreadableError: no record, one of another product, or one of a newer version than this program reads.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.info: RunInfo = self._whole(RUN, RunInfo)

    @property
    def ended(self) -> bool:
        """Whether the run ended by itself; False while it runs, and for ever when it was killed."""
        return self.info.ending is not None

    def timeline(self) -> Iterator[TimelineLine]:
        """Every complete interval, in the order of writing (late ones come after), one at a time.

        Raises:
            UnreadableError: the file is missing, or a whole line in it is broken.
        """
        path = self.folder / TIMELINE
        decoder = msgspec.json.Decoder(TimelineLine)
        for number, line in whole_lines(path):
            try:
                yield decoder.decode(line)
            except msgspec.DecodeError as error:
                raise UnreadableError(f"cannot read {path}: line {number}: {error}") from error

    def latencies(self) -> Iterator[LogLine]:
        """Every span of the latency log that belongs to a complete interval, each time exactly once.

        Raises:
            UnreadableError: a file is missing, or a whole line in it is broken.
        """
        last_ns = max((line.start_ns for line in self.timeline()), default=-1)
        rolled: dict[str, list[LogLine]] = {}
        # Taken before the log is read: a span that is rolled meanwhile is then seen twice, not missed.
        open_lines = list(self._log(self.folder / LATENCY_OPEN, optional=True))
        earliest_ns = min((line.start_ns for line in open_lines), default=_FOREVER_NS)
        for line in self._log(self.folder / LATENCY):
            if line.start_ns <= last_ns:
                yield line
            if line.start_ns + line.duration_ns > earliest_ns:
                rolled.setdefault(line.series, []).append(line)
        for line in open_lines:
            covered = any(
                each.start_ns <= line.start_ns < each.start_ns + each.duration_ns
                for each in rolled.get(line.series, ())
            )
            if line.start_ns <= last_ns and not covered:
                yield line

    def totals(self, from_ns: int = 0, to_ns: int = _FOREVER_NS) -> Totals:
        """All that was measured and counted in the intervals that begin at `from_ns` or later and before `to_ns`.

        After a run's first half hour latencies are kept in spans of five minutes. Those that reach over either instant
        hold what was measured beyond it, and are left out; where none lies within, those count whose middle does.

        Raises:
            UnreadableError: a file is missing or broken.
        """
        totals = Totals()
        for line in self.timeline():
            if from_ns <= line.start_ns < to_ns:
                totals.add_counts(line.tally, line.peaks)
        longest_ns = 2 * round(self.info.interval_s * 1e9)  # an interval is handed over late, and no span is as short
        across: list[LogLine] = []
        for span in self.latencies():
            end_ns = span.start_ns + span.duration_ns
            rolled = span.duration_ns > longest_ns
            if from_ns <= span.start_ns < to_ns and not (rolled and end_ns > to_ns + longest_ns):
                self._add(totals, span)
            elif rolled and from_ns <= (span.start_ns + end_ns) // 2 < to_ns:
                across.append(span)
        if not totals.series:
            for span in across:
                self._add(totals, span)
        return totals

    def _add(self, totals: Totals, span: LogLine) -> None:
        try:
            totals.series.setdefault(span.series, Histogram()).add(Histogram.unpack(span.histogram))
        except ValueError as error:
            raise UnreadableError(f"cannot read {self.folder / LATENCY}: {span.series}: {error}") from error

    def summary(self) -> Summary | None:
        """What `summary.json` holds; None when the run did not come to write it.

        Raises:
            UnreadableError: it is broken, of another product, or of a newer version.
        """
        return self._whole(SUMMARY, Summary) if (self.folder / SUMMARY).exists() else None

    def capacity(self) -> Capacity | None:
        """What `capacity.json` holds; None when the run was no capacity search.

        Raises:
            UnreadableError: it is broken, of another product, or of a newer version.
        """
        return self._whole(CAPACITY, Capacity) if (self.folder / CAPACITY).exists() else None

    def _log(self, path: Path, *, optional: bool = False) -> Iterator[LogLine]:
        try:
            yield from parse_lines(whole_lines(path, optional=optional))
        except ValueError as error:
            raise UnreadableError(f"cannot read {path}: {error}") from error

    def _whole(self, name: str, kind: type[_Whole]) -> _Whole:
        path = self.folder / name
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            lack = f"got no {name}" if self.folder.is_dir() else "there is no such folder"
            raise UnreadableError(f"no run record in {self.folder}: {lack}") from None
        except OSError as error:
            raise UnreadableError(f"cannot read {path}: {reason(error)}") from error
        try:
            marked = msgspec.json.decode(content, type=_Marked)
            if marked.product != PRODUCT:
                raise UnreadableError(f"cannot read {path}: got a file of '{marked.product}', expected '{PRODUCT}'")
            if marked.schema > SCHEMA_VERSION:
                raise UnreadableError(
                    f"cannot read {path}: got version {marked.schema} of the record, expected at most {SCHEMA_VERSION}"
                )
            return msgspec.json.decode(content, type=kind)
        except msgspec.DecodeError as error:
            raise UnreadableError(f"cannot read {path}: {error}") from error
