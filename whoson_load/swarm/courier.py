"""Carries workers' reports to their master over Locust's own connection, and receipts back; asks for the last ones.

Locust's stats reports empty a worker's figures before they are sent, so a send that fails loses them, and nobody
notices. Messages of our own do better: a report is kept, and sent again, until the master has said that it came.
Knows nothing of what reports hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import gevent
from gevent.event import Event
from locust.exception import RPCError, RPCSendError
from locust.rpc import Message
from locust.runners import STATE_MISSING, STATE_RUNNING, STATE_SPAWNING, MasterRunner, WorkerRunner

from whoson_load.clock import Deadline, monotonic_ns, wall_ns
from whoson_load.measurement.interval import IntervalReport
from whoson_load.swarm.exchange import Collector, Outbox

__all__ = ["MasterCourier", "WorkerCourier"]

_REPORTS: Final = "whoson_reports"
_RECEIPT: Final = "whoson_receipt"
_STOP: Final = "whoson_stop"

_SEND_FAILURES: Final = (RPCError, RPCSendError)  # which are no kin, whatever their names say

_LOOK_S: Final = 1.0
_POLL_S: Final = 0.05


class WorkerCourier:
    """A worker's side.

    Args:
        runner: Locust's.
        stop: ends the worker's part of the run: visitors leave, and the last report is sent; called in a greenlet of
            its own, so that receipts can still be taken.
    """

    def __init__(self, runner: WorkerRunner, stop: Callable[[], None]) -> None:
        self._runner = runner
        self._stop = stop
        self._run_id = ""
        self._outbox = Outbox()
        self._given_up = False
        self._wake = Event()
        self._greenlet: gevent.Greenlet[[], None] | None = None
        runner.register_message(_RECEIPT, self._receipt)
        runner.register_message(_STOP, self._stop_asked, concurrent=True)

    def begin(self, run_id: str) -> None:
        """Carry the reports of a new run; what is left of one before is given up with it."""
        self._run_id, self._outbox = run_id, Outbox()
        if self._greenlet is None:
            self._greenlet = gevent.spawn(self._deliver)

    def send(self, report: IntervalReport) -> None:
        """Send a report, as often as it takes; returns at once."""
        self._outbox.put(report)
        self._wake.set()

    def give_up(self) -> None:
        """Nobody will take a report any more."""
        self._given_up = True

    def wait_for_receipts(self, timeout_s: float) -> bool:
        """Wait until the master has everything.

        Returns:
            False when it has not said so in time.
        """
        deadline = Deadline(timeout_s)
        while len(self._outbox) and not (self._given_up or deadline.passed):
            gevent.sleep(_POLL_S)
        return not len(self._outbox)

    def _deliver(self) -> None:
        while True:
            reports = self._outbox.due(monotonic_ns())
            if reports:
                self._send(self._run_id, reports=reports)
            self._wake.wait(_LOOK_S)
            self._wake.clear()

    def _send(self, run_id: str, **data: object) -> None:
        try:
            self._runner.send_message(_REPORTS, {"run": run_id, "sent_ns": wall_ns(), **data})
        except _SEND_FAILURES:
            return  # Locust has logged it, and what has no receipt is sent again

    def _receipt(self, msg: Message, **_: object) -> None:
        if msg.data["run"] == self._run_id:
            self._outbox.receipt(msg.data["numbers"])

    def _stop_asked(self, msg: Message, **_: object) -> None:
        if msg.data["run"] == self._run_id:
            self._stop()
        else:
            self._send(msg.data["run"], takes_no_part=True)


class MasterCourier:
    """The master's side.

    Args:
        runner: Locust's.
        arrived: called when reports have come.
    """

    def __init__(self, runner: MasterRunner, arrived: Callable[[], None]) -> None:
        self._runner = runner
        self._arrived = arrived
        self._run_id = ""
        self._collector: Collector | None = None
        self._idle: set[str] = set()
        self._collected: Event | None = None
        runner.register_message(_REPORTS, self._take)

    def begin(self, run_id: str, collector: Collector) -> None:
        """Take in the reports of a new run, which all workers that are there are about to be told of."""
        self._run_id, self._collector = run_id, collector
        self._idle.clear()
        self._collected = None
        for name, client in self._runner.clients.items():
            if client.state != STATE_MISSING:
                collector.expect(name, wall_ns())

    def look_around(self) -> None:
        """See which workers take part and which are gone: Locust knows by their heartbeats."""
        collector, clients = self._collector, self._runner.clients
        if collector is None:
            return
        for name, client in clients.items():
            if client.state in (STATE_SPAWNING, STATE_RUNNING) and name not in self._idle:
                collector.expect(name, wall_ns())
        for name in collector.waited_for():
            client = clients.get(name)
            if client is None or client.state == STATE_MISSING:
                collector.lose(name)

    def collect_last(self, timeout_s: float) -> list[str]:
        """Ask all workers to end their part of the run, and wait for their last reports.

        Locust stops a run as often as it is told to: who asks a second time only waits until the first one is done.

        Returns:
            the workers whose reports have not all come in time.
        """
        if self._collector is None:
            return []
        if self._collected is not None:
            self._collected.wait()
            return []
        done = self._collected = Event()
        try:
            return self._collect_last(self._collector, timeout_s)
        finally:
            done.set()

    def _collect_last(self, collector: Collector, timeout_s: float) -> list[str]:
        self.look_around()
        if collector.waited_for():
            self._tell(_STOP, {"run": self._run_id})
        deadline = Deadline(timeout_s)
        while (owing := collector.waited_for()) and not deadline.passed:
            gevent.sleep(_POLL_S)
            self.look_around()
        return owing

    def end(self) -> None:
        """The run is over: what comes now is of no use."""
        self._collector = None

    def _take(self, msg: Message, **_: object) -> None:
        data: dict[str, Any] = msg.data
        collector, worker = self._collector, str(msg.node_id)
        if collector is None or data["run"] != self._run_id:
            return
        if data.get("takes_no_part"):
            self._idle.add(worker)
            collector.excuse(worker)
            return
        self.look_around()
        collector.skew(worker, data["sent_ns"], wall_ns())
        now_ns = monotonic_ns()
        numbers = [collector.receive(worker, built, now_ns) for built in data["reports"]]
        self._tell(_RECEIPT, {"run": self._run_id, "numbers": [each for each in numbers if each is not None]}, worker)
        self._arrived()

    def _tell(self, what: str, data: dict[str, Any], worker: str | None = None) -> None:
        try:
            self._runner.send_message(what, data, client_id=worker)
        except _SEND_FAILURES:
            return  # Locust has logged it. What has no receipt comes again; who does not stop is not waited for long
