"""How the workers' interval reports become the intervals of the run: numbered on one side, merged and checked on the other.

Knows the shape of reports and no transport: what carries them (Locust's report_to_master) is the plugin's affair.
"""

from __future__ import annotations

from typing import Any

from whoson_load.measurement.interval import IntervalReport, MergedInterval

__all__ = ["REPORTS_KEY", "Collector", "Outbox"]

REPORTS_KEY = "whoson_reports"
"""Where in a worker's message to the master its reports lie."""


class Outbox:
    """A worker's reports that have not left yet."""

    def __init__(self) -> None:
        self._reports: list[IntervalReport] = []

    def put(self, report: IntervalReport) -> None:
        """Keep a report for the next message."""
        self._reports.append(report)

    def empty_into(self, data: dict[str, Any]) -> None:
        """Put all reports into a message that leaves now."""
        if self._reports:
            data[REPORTS_KEY] = [report.to_builtins() for report in self._reports]
            self._reports = []


class Collector:
    """Merges reports by interval, in whatever order they come.

    An interval is complete when a report of each worker known so far is in for it, or for a later one.

    Attributes:
        broken: reports that could not be read, by worker: they show as missing numbers, too.
    """

    def __init__(self) -> None:
        self._open: dict[int, MergedInterval] = {}
        self._seen: dict[str, set[int]] = {}
        self._greatest: dict[str, int] = {}
        self._latest_ns: dict[str, int] = {}
        self._gone: set[str] = set()
        self.broken: dict[str, int] = {}

    def receive(self, worker: str, data: dict[str, Any]) -> None:
        """Take the reports out of a worker's message, if it has any."""
        for built in data.pop(REPORTS_KEY, ()):
            try:
                self.add(IntervalReport.from_builtins(built))
            except ValueError:
                self.broken[worker] = self.broken.get(worker, 0) + 1

    def add(self, report: IntervalReport) -> bool:
        """Take a report.

        Returns:
            False for one that came before.

        Raises:
            ValueError: its histograms are broken.
        """
        seen = self._seen.setdefault(report.worker, set())
        floor = self._greatest.get(report.worker, 0) - len(seen)
        if report.sequence in seen or report.sequence <= min(floor, 0):
            return False
        interval = self._open.get(report.start_ns)
        if interval is None:
            interval = self._open[report.start_ns] = MergedInterval(report.start_ns)
        if not interval.add(report):
            return False
        seen.add(report.sequence)
        self._greatest[report.worker] = max(report.sequence, self._greatest.get(report.worker, 0))
        self._latest_ns[report.worker] = max(report.start_ns, self._latest_ns.get(report.worker, 0))
        if report.last:
            self._gone.add(report.worker)
        return True

    def lose(self, worker: str) -> None:
        """A worker is gone: nobody waits for it any more."""
        self._gone.add(worker)

    def missing(self) -> dict[str, list[int]]:
        """Worker -> the numbers of its reports that never came, though later ones did."""
        gaps = {
            worker: [number for number in range(1, self._greatest.get(worker, 0)) if number not in seen]
            for worker, seen in self._seen.items()
        }
        return {worker: numbers for worker, numbers in gaps.items() if numbers}

    def complete(self, *, all_of_them: bool = False) -> list[MergedInterval]:
        """The intervals that nothing more is expected for, ascending; each is given once.

        Args:
            all_of_them: at the run's end: whatever is there.
        """
        waiting = [start_ns for worker, start_ns in self._latest_ns.items() if worker not in self._gone]
        until_ns = min(waiting, default=max(self._open, default=0))
        ready = sorted(start_ns for start_ns in self._open if all_of_them or start_ns <= until_ns)
        return [self._open.pop(start_ns) for start_ns in ready]
