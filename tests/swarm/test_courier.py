from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from locust.exception import RPCSendError
from locust.rpc import Message

from whoson_load.clock import wall_ns
from whoson_load.measurement.interval import IntervalReport
from whoson_load.measurement.recorder import Recorder
from whoson_load.swarm import courier, exchange
from whoson_load.swarm.courier import MasterCourier, WorkerCourier
from whoson_load.swarm.exchange import Collector

INTERVAL_NS = 5_000_000_000


class Line:
    """Locust's connection between a master and its workers, as far as couriers use it.

    Attributes:
        down: whether sending fails, as it does when the connection is broken.
    """

    def __init__(self) -> None:
        self.down = False
        self.master = Runner(self, "master")
        self.workers: dict[str, Runner] = {}

    def join(self, name: str, state: str = "running") -> Runner:
        """A worker joins."""
        self.workers[name] = Runner(self, name)
        self.master.clients[name] = SimpleNamespace(id=name, state=state)
        return self.workers[name]

    def carry(self, sender: str, what: str, data: Any, to: Runner) -> None:  # noqa: ANN401  # whatever msgpack carries
        """Deliver a message, or fail."""
        if self.down:
            raise RPCSendError("ZMQ sent failure")
        listener, concurrent = to.listeners[what]
        message = Message(what, data, sender)
        if concurrent:
            gevent.spawn(listener, environment=None, msg=message)
        else:
            listener(environment=None, msg=message)


class Runner:
    """A Locust runner, as far as couriers use it."""

    def __init__(self, line: Line, name: str) -> None:
        self.line, self.name = line, name
        self.listeners: dict[str, tuple[Callable[..., None], bool]] = {}
        self.clients: dict[str, SimpleNamespace] = {}

    def register_message(self, what: str, listener: Callable[..., None], concurrent: bool = False) -> None:
        """Listen."""
        self.listeners[what] = (listener, concurrent)

    def send_message(self, what: str, data: object, client_id: str | None = None) -> None:
        """Send, to the master or to one or all workers."""
        if self.name != "master":
            self.line.carry(self.name, what, data, self.line.master)
        else:
            for name in [client_id] if client_id else list(self.line.workers):
                if name in self.line.workers:
                    self.line.carry(name, what, data, self.line.workers[name])


class Both:
    """A master and one worker of a run.

    Attributes:
        collector: the master's.
        arrived: how often reports came.
        stopped: how often the worker was asked to stop.
    """

    def __init__(self) -> None:
        self.line = Line()
        self.arrived = self.stopped = 0
        self.collector = Collector(INTERVAL_NS)
        self.recorder = Recorder("w1", ["echo"])
        self.master = MasterCourier(self.line.master, self._arrive)  # type: ignore[arg-type]
        self.worker = WorkerCourier(self.line.join("w1"), self._stop)  # type: ignore[arg-type]
        self.master.begin("run", self.collector)
        self.worker.begin("run")

    def _arrive(self) -> None:
        self.arrived += 1

    def _stop(self) -> None:
        self.stopped += 1
        self.worker.send(self.report(last=True))

    def report(self, *, last: bool = False) -> IntervalReport:
        """The worker's next."""
        now_ns = wall_ns()
        return self.recorder.roll(now_ns - now_ns % INTERVAL_NS, now_ns, last=last)


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Both:
    """With a courier that tries again soon."""
    monkeypatch.setattr(courier, "_LOOK_S", 0.01)
    monkeypatch.setattr(exchange, "RESEND_NS", 20_000_000)
    return Both()


def wait_until(holds: Callable[[], bool]) -> None:
    """Let the greenlets run until something is so; two seconds at most."""
    for _ in range(400):
        if holds():
            return
        gevent.sleep(0.005)
    raise AssertionError("it never came so")


def test_a_report_arrives_and_is_acknowledged(both: Both) -> None:
    """The master has it, and the worker forgets it."""
    both.worker.send(both.report())
    assert both.worker.wait_for_receipts(2)
    assert both.arrived == 1
    assert both.collector.waited_for() == ["w1"]


def test_a_failed_send_loses_nothing(both: Both) -> None:
    """While the connection is broken the reports stay; then all of them arrive, each counted once."""
    both.line.down = True
    for _ in range(3):
        both.worker.send(both.report())
    assert not both.worker.wait_for_receipts(0.05)
    both.line.down = False
    both.worker.send(both.report(last=True))
    assert both.worker.wait_for_receipts(2)
    both.collector.complete(0, all_of_them=True)
    assert both.collector.missing() == {}


def test_a_lost_receipt_makes_the_report_come_again(both: Both) -> None:
    """It is counted once, and acknowledged the second time."""
    receipt, _ = both.line.workers["w1"].listeners.pop("whoson_receipt")
    lost: list[object] = []
    both.line.workers["w1"].listeners["whoson_receipt"] = (lambda msg, **_: lost.append(msg), False)
    both.worker.send(both.report())
    wait_until(lambda: len(lost) > 0)
    both.line.workers["w1"].listeners["whoson_receipt"] = (receipt, False)
    assert both.worker.wait_for_receipts(2)
    assert "came twice" in both.collector.oddities()[0]


def test_reports_of_another_run_are_not_taken(both: Both) -> None:
    """A worker that has not heard of the new run yet does not spoil it."""
    both.master.begin("the next run", both.collector)
    both.worker.send(both.report())
    assert not both.worker.wait_for_receipts(0.05)
    assert both.arrived == 0


def test_the_last_reports_are_asked_for_and_waited_for(both: Both) -> None:
    """Workers stop when the master says so, and it goes on once it has everything."""
    both.worker.send(both.report())
    assert both.master.collect_last(2) == []
    assert both.stopped == 1
    both.collector.complete(0, all_of_them=True)
    assert both.collector.missing() == {}


def test_a_worker_that_is_gone_is_not_waited_for(both: Both) -> None:
    """Locust knows by the heartbeat: missing, or no client any more."""
    both.worker.send(both.report())
    wait_until(lambda: both.arrived == 1)
    both.line.master.clients["w1"].state = "missing"
    both.master.look_around()
    assert both.collector.missing() == {"w1": [2]}
    both.line.join("w2", "spawning")
    both.master.look_around()
    assert both.collector.waited_for() == ["w2"]
    del both.line.master.clients["w2"]
    both.master.look_around()
    assert both.collector.missing() == {"w1": [2], "w2": [1]}
    assert both.master.collect_last(0.05) == []


def test_a_worker_that_does_not_stop_is_named(both: Both) -> None:
    """The end of a run is bounded."""
    both.line.join("w2").register_message("whoson_stop", lambda **_: None)
    assert both.master.collect_last(0.05) == ["w2"]


def test_a_worker_that_never_began_is_excused(both: Both) -> None:
    """A run that ends before a worker has begun misses nothing of it."""
    idle = WorkerCourier(both.line.join("w2"), lambda: None)  # type: ignore[arg-type]
    idle.begin("the run before")
    assert both.master.collect_last(2) == []
    both.collector.complete(0, all_of_them=True)
    assert both.collector.missing() == {}


def test_who_is_there_at_the_begin_is_expected_and_who_only_connects_later_is_not(both: Both) -> None:
    """At the begin all are told to begin; later only those who have been."""
    both.line.join("w2", "ready").register_message("whoson_stop", lambda **_: None)
    both.master.look_around()
    assert both.collector.waited_for() == ["w1"]
    both.master.begin("the next run", Collector(INTERVAL_NS))
    assert both.master.collect_last(0.05) == ["w2"]  # w1 is in another run, and says so


def test_after_a_run_nothing_is_taken(both: Both) -> None:
    """What comes late from a worker that was thought dead has no run to belong to."""
    both.master.end()
    both.worker.send(both.report())
    assert not both.worker.wait_for_receipts(0.05)
    both.master.look_around()
    assert both.master.collect_last(0.05) == []


def test_who_asks_twice_for_the_last_reports_waits_for_the_first(both: Both) -> None:
    """Locust may stop a run that is stopping: it must not end before the reports are in."""
    asked = [gevent.spawn(both.master.collect_last, 2) for _ in range(2)]
    gevent.joinall(asked, timeout=5)
    assert [greenlet.value for greenlet in asked] == [[], []]
    assert (both.stopped, both.collector.waited_for()) == (1, [])
