"""How workers' interval reports become the intervals of the run: numbered on one side, merged and checked on the other.

Knows reports, and no transport: what carries them, and may lose, repeat or delay them on the way, is the courier's
affair. Reads no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from whoson_load.measurement.interval import IntervalReport, MergedInterval, interval_start_ns
from whoson_load.swarm.numbering import Sender

__all__ = ["PATIENCE_NS", "RESEND_NS", "Collector", "Outbox", "Ready"]

RESEND_NS: Final = 5_000_000_000
"""A report without a receipt is sent again after so long. Invented: far longer than a receipt takes."""

PATIENCE_NS: Final = 30_000_000_000
"""So long an interval waits for a report that should be in it; what comes later is written as late. Invented: several
times `RESEND_NS`, and half of what it takes Locust's workers to give up their master."""

_MOST_KEPT: Final = 720  # Invented: an hour of intervals; Locust's workers end a minute after their master did


class Outbox:
    """A worker's reports that the master has not acknowledged."""

    def __init__(self) -> None:
        self._reports: dict[int, dict[str, Any]] = {}
        self._sent_ns: dict[int, int] = {}

    def put(self, report: IntervalReport) -> None:
        """Keep a report until its receipt comes; past an hour's, the oldest go: their numbers will be missed."""
        self._reports[report.sequence] = report.to_builtins()
        while len(self._reports) > _MOST_KEPT:
            self.receipt([next(iter(self._reports))])

    def due(self, now_ns: int) -> list[dict[str, Any]]:
        """The reports to send now: those that were never sent, and those whose receipt is overdue.

        Args:
            now_ns: on a clock that never steps.
        """
        latest_ns = now_ns - RESEND_NS
        due = [number for number in self._reports if self._sent_ns.get(number, latest_ns) <= latest_ns]
        for number in due:
            self._sent_ns[number] = now_ns
        return [self._reports[number] for number in due]

    def receipt(self, numbers: Iterable[int]) -> None:
        """Forget reports that have arrived."""
        for number in numbers:
            self._reports.pop(number, None)
            self._sent_ns.pop(number, None)

    def __len__(self) -> int:
        """How many reports wait for their receipt."""
        return len(self._reports)


@dataclass(frozen=True, slots=True)
class Ready:
    """An interval that is written now.

    Attributes:
        interval: the figures of all workers.
        late: whether it, or a later one, was written before: this comes on top.
        missing: worker -> numbers of its reports that should be in here or before, and did not come.
        recovered: worker -> numbers told missing before that are in here after all.
    """

    interval: MergedInterval
    late: bool = False
    missing: dict[str, list[int]] = field(default_factory=dict)
    recovered: dict[str, list[int]] = field(default_factory=dict)


class Collector:
    """Merges reports by interval, in whatever order and however often they come.

    An interval is complete when every worker has brought all its reports up to it, and at the latest when
    `PATIENCE_NS` have passed since the first one came. What comes after that counts as well, as a late part. Memory
    is bounded, however long the run: by the number of workers, and by the patience.

    Args:
        interval_ns: how long an interval lasts.
    """

    def __init__(self, interval_ns: int) -> None:
        self._interval_ns = interval_ns
        self._open: dict[int, MergedInterval] = {}
        self._opened_ns: dict[int, int] = {}
        self._recovered: dict[int, dict[str, list[int]]] = {}
        self._senders: dict[str, Sender] = {}
        self._written_ns = -1

    # Who is there

    def expect(self, worker: str, wall_ns: int) -> None:
        """A worker takes part from an instant on: intervals wait for its reports. One that is known stays as it is."""
        if worker not in self._senders:
            begun_ns = interval_start_ns(wall_ns, self._interval_ns)
            self._senders[worker] = Sender(through_ns=begun_ns - self._interval_ns)

    def lose(self, worker: str) -> bool:
        """A worker is gone: nobody waits for it. Should it come back, its reports are taken.

        Returns:
            whether it was waited for until now: it had not sent its last report.
        """
        sender = self._senders.get(worker)
        if sender is None or sender.gone or sender.ended:
            return False
        sender.die()
        return True

    def excuse(self, worker: str) -> None:
        """A worker takes no part after all, unless it has sent something."""
        sender = self._senders.get(worker)
        if sender is not None and not sender.through and not sender.ahead:
            del self._senders[worker]

    def waited_for(self) -> list[str]:
        """The workers of whose reports the last, or one before it, is still to come."""
        return [worker for worker, sender in self._senders.items() if sender.owes]

    def skew(self, worker: str, sent_ns: int, arrived_ns: int) -> None:
        """Take down by the two clocks when a worker sent a message and when it arrived."""
        self.expect(worker, arrived_ns)
        self._senders[worker].offsets_ns.append(sent_ns - arrived_ns)

    # Reports

    def receive(self, worker: str, built: object, now_ns: int) -> int | None:
        """Take a report as it travelled.

        Returns:
            its number: no matter whether it was new, known or broken, it need not be sent again. None when it bears
            none.
        """
        number = built.get("sequence") if isinstance(built, Mapping) else None
        try:
            report = IntervalReport.from_builtins(built)
            if report.worker != worker:
                raise ValueError(f"got a report of worker {report.worker} from worker {worker}")
            self.add(report, now_ns)
        except ValueError:
            sender = self._senders.get(worker)
            if sender is None or not isinstance(number, int) or not sender.expects(number):
                return None
            sender.reject(number)
        return number

    def add(self, report: IntervalReport, now_ns: int) -> bool:
        """Take a report.

        Args:
            now_ns: when it arrived, on a clock that never steps.

        Returns:
            False for one that came before.

        Raises:
            ValueError: its histograms or its number are broken; it stays missing.
        """
        self.expect(report.worker, report.start_ns)
        sender = self._senders[report.worker]
        number, start_ns = report.sequence, report.start_ns
        if not sender.expects(number):
            raise ValueError(f"got report {number} of worker {report.worker} after {sender.through}, expected the next")
        if sender.has(number):
            sender.doubled += 1
            return False
        skew_ns = sender.skew_ns()
        if report.generator is not None and skew_ns is not None:
            figures = msgspec.structs.replace(report.generator, clock_skew_ns=abs(skew_ns))
            report = msgspec.structs.replace(report, generator=figures)
        interval = self._open.get(start_ns) or MergedInterval(start_ns)
        interval.add(report)
        self._open[start_ns] = interval
        self._opened_ns.setdefault(start_ns, now_ns)
        sender.late += start_ns <= self._written_ns
        sender.ended = sender.ended or report.last
        if sender.enter(number, start_ns):
            self._recovered.setdefault(start_ns, {}).setdefault(report.worker, []).append(number)
        return True

    def complete(self, now_ns: int, *, all_of_them: bool = False) -> list[Ready]:
        """The intervals to be written now, ascending; each is given once.

        Args:
            now_ns: on the clock of `add`.
            all_of_them: at the run's end: whatever is there, and what is not there is missing.
        """
        overdue_ns = max((start for start, at in self._opened_ns.items() if now_ns - at >= PATIENCE_NS), default=-1)
        for sender in self._senders.values():
            if all_of_them and not sender.gone and not sender.ended:
                sender.die()
            elif all_of_them or sender.through_ns < overdue_ns:
                sender.give_up()
        waiting = (sender for sender in self._senders.values() if sender.owes)
        until_ns = max(overdue_ns, min((sender.through_ns for sender in waiting), default=max(self._open, default=0)))
        starts = sorted(start_ns for start_ns in self._open if all_of_them or start_ns <= until_ns)
        ready = [self._hand_out(start_ns) for start_ns in starts]
        missing = {worker: sorted(sender.untold) for worker, sender in self._senders.items() if sender.untold}
        if missing and (ready or all_of_them):
            # Where no interval is left to tell of them, an empty part of the last one does.
            ready = ready or [Ready(MergedInterval(max(0, self._written_ns)), late=True)]
            ready[-1] = replace(ready[-1], missing=missing)
            for sender in self._senders.values():
                sender.untold.clear()
        return ready

    def _hand_out(self, start_ns: int) -> Ready:
        late = start_ns <= self._written_ns
        self._written_ns = max(self._written_ns, start_ns)
        del self._opened_ns[start_ns]
        return Ready(self._open.pop(start_ns), late, recovered=self._recovered.pop(start_ns, {}))

    # What went wrong

    def missing(self) -> dict[str, list[int]]:
        """Worker -> the numbers of its reports that are given up and have not come."""
        return {worker: sorted(sender.absent) for worker, sender in self._senders.items() if sender.absent}

    def oddities(self) -> list[str]:
        """What else was odd about the reports, one sentence for each worker and oddity; it cost nothing."""
        said = []
        for worker, sender in self._senders.items():
            if sender.late:
                said.append(f"Worker {worker}: late reports: {sender.late}; they are added to their intervals.")
            if sender.doubled:
                said.append(f"Worker {worker}: reports that came twice: {sender.doubled}; each counts once.")
        return said
