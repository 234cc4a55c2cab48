"""Master and workers that lose each other, with runners that have no connection."""

from __future__ import annotations

import os
from typing import Any, TypeVar

import gevent
import pytest
from gevent.pool import Group
from locust import runners
from locust.exception import RPCSendError
from locust.runners import (
    STATE_MISSING,
    STATE_RUNNING,
    STATE_SPAWNING,
    MasterRunner,
    Runner,
    WorkerNode,
    WorkerNodes,
    WorkerRunner,
)

from whoson_load.swarm import company
from whoson_load.swarm.company import PATIENCE_S, be_patient, has_lost_all, outlive_not, sign_of_life

Kind = TypeVar("Kind", bound=Runner)


def without_connection(kind: type[Kind], **attributes: object) -> Kind:
    """A runner that never was initialised, with these attributes."""
    runner = object.__new__(kind)
    vars(runner).update(attributes, greenlet=Group())
    return runner


class Line:
    """What a worker sends to its master with."""

    def __init__(self, *, broken: bool = False) -> None:
        self.sent: list[tuple[str, dict[str, Any], str]] = []
        self._broken = broken

    def send(self, message: Any) -> None:  # noqa: ANN401  # Locust's message, without types
        """Keep it, or fail."""
        if self._broken:
            raise RPCSendError("nobody there")
        self.sent.append((message.type, message.data, message.node_id))


def worker(line: Line) -> WorkerRunner:
    """A worker at the end of a line."""
    figures = {"worker_state": STATE_SPAWNING, "current_cpu_usage": 97, "current_memory_usage": 1234}
    return without_connection(WorkerRunner, client=line, client_id="w1", **figures)


def test_a_worker_that_computes_tells_that_it_is_there() -> None:
    """By a heartbeat like Locust's own, in whatever state it is."""
    line = Line()
    beat = sign_of_life(worker(line))
    beat()
    beat()
    figures = {"state": STATE_SPAWNING, "current_cpu_usage": 97, "current_memory_usage": 1234}
    assert line.sent == [("heartbeat", figures, "w1")] * 2


def test_a_broken_line_is_no_reason_to_end() -> None:
    """Locust mends it."""
    sign_of_life(worker(Line(broken=True)))()


@pytest.mark.parametrize("runner", [None, without_connection(MasterRunner)])
def test_only_workers_have_somebody_to_tell(runner: Runner | None) -> None:
    """A master has none above it."""
    sign_of_life(runner)()


@pytest.mark.parametrize(
    "states, lost",
    [
        ([], False),
        ([STATE_MISSING], True),
        ([STATE_MISSING, STATE_MISSING], True),
        ([STATE_MISSING, STATE_RUNNING], False),
        ([STATE_SPAWNING], False),
    ],
)
def test_a_master_has_lost_all_when_each_one_it_had_is_missing(states: list[str], lost: bool) -> None:
    """Not when it never had one."""
    nodes = WorkerNodes()
    for number, state in enumerate(states):
        nodes[str(number)] = WorkerNode(str(number), state)
    assert has_lost_all(without_connection(MasterRunner, clients=nodes)) is lost


class Enough(Exception):
    """The master has looked around for long enough."""


@pytest.mark.parametrize("silent_s, lost", [(PATIENCE_S - 1, False), (PATIENCE_S + 2, True)])
def test_a_master_waits_for_a_worker_that_does_not_get_a_turn(
    silent_s: int, lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For so many turns of Locust's own look at the heartbeats, one a second; and not for ever."""
    turns = iter(range(silent_s))

    def sleep(seconds: float) -> None:
        assert seconds == 1
        if next(turns, None) is None:
            raise Enough

    monkeypatch.setattr(runners, "HEARTBEAT_LIVENESS", runners.HEARTBEAT_LIVENESS)  # so that it is put back
    monkeypatch.setattr(runners.gevent, "sleep", sleep)
    be_patient()
    nodes = WorkerNodes()
    nodes["silent"] = WorkerNode("silent", STATE_RUNNING, heartbeat_liveness=runners.HEARTBEAT_LIVENESS)
    nodes["other"] = WorkerNode("other", STATE_RUNNING, heartbeat_liveness=100)
    master = without_connection(MasterRunner, clients=nodes, connection_broken=False, _users_dispatcher=None)
    with pytest.raises(Enough):
        master.heartbeat_worker()  # type: ignore[no-untyped-call]
    assert (nodes["silent"].state == STATE_MISSING) is lost
    assert nodes["other"].state == STATE_RUNNING


def test_a_process_without_workers_has_none_to_lose() -> None:
    """Nor has one that is a worker itself."""
    assert not has_lost_all(None)
    assert not has_lost_all(worker(Line()))


def test_a_worker_ends_when_its_parent_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before; and all that was asked for is done, once, in its order."""
    monkeypatch.setattr(company, "_LOOK_S", 0.001)
    parents = iter([7, 7, 7, 1])
    done: list[str] = []
    monkeypatch.setattr(os, "getppid", lambda: next(parents))
    outlive_not(7, lambda: done.append("given up"), lambda: done.append("ended"))
    assert done == []
    with gevent.Timeout(10):
        while len(done) < 2:
            gevent.sleep(0.001)
    assert done == ["given up", "ended"]
    assert next(parents, None) is None
