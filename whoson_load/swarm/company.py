"""Master and workers that lose each other: neither goes on alone, and neither takes the other for lost while it works.

Knows Locust's heartbeats and nothing of what a run measures.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

import gevent
from locust import runners
from locust.exception import RPCError, RPCSendError
from locust.rpc import Message
from locust.runners import MasterRunner, Runner, WorkerRunner

__all__ = ["PATIENCE_S", "be_patient", "has_lost_all", "outlive_not", "sign_of_life"]

PATIENCE_S: Final = 10
"""How long a master waits for a sign of life of a worker. Invented: starved machines left workers without a turn for
five seconds. Locust waits three; and because it ends a run that has no worker left, one bad moment would end a soak of
days."""

_LOOK_S: Final = 1.0


def be_patient() -> None:
    """Let this process, as a master, take a worker for lost after `PATIENCE_S` of silence, and not sooner."""
    runners.HEARTBEAT_LIVENESS = PATIENCE_S // runners.HEARTBEAT_INTERVAL


def sign_of_life(runner: Runner | None) -> Callable[[], None]:
    """What a process calls now and then while it computes without a pause, so that its master knows that it is there.

    A master takes a worker for lost that it has not heard of for `PATIENCE_S`, stops a run that has lost all workers,
    and never starts it again. On a busy machine a worker may need longer to prepare its visitors.

    Returns:
        sends a heartbeat of a worker; does nothing in any other process.
    """
    if not isinstance(runner, WorkerRunner):
        return lambda: None

    def beat() -> None:
        figures = {
            "state": runner.worker_state,
            "current_cpu_usage": runner.current_cpu_usage,
            "current_memory_usage": runner.current_memory_usage,
        }
        try:
            runner.client.send(Message("heartbeat", figures, runner.client_id))  # type: ignore[no-untyped-call]
        except (RPCError, RPCSendError):
            return  # Locust's own heartbeat mends the connection

    return beat


def has_lost_all(runner: Runner | None) -> bool:
    """Whether this is a master that had workers and has none any more: it stops, and nothing would ever end it."""
    return isinstance(runner, MasterRunner) and len(runner.clients) > 0 and runner.worker_count == 0


def outlive_not(parent: int, *then: Callable[[], None]) -> None:
    """End a forked worker when the master that forked it is gone, whatever ended that.

    Locust's own worker would go on for a minute: against a target, and with nobody to measure for.

    Args:
        parent: the master's process id.
        then: what begins the end of this process; called once, one after the other.
    """

    def look() -> None:
        while os.getppid() == parent:
            gevent.sleep(_LOOK_S)
        for each in then:
            each()

    gevent.spawn(look)
