"""The open model in one process: each visitor that is this process's begins when it is due, whatever the others do.

Knows the orders, and nothing of what a visitor is or does: whoever receives one is told its number and when it was due.
"""

from __future__ import annotations

from collections.abc import Callable

import gevent

from whoson_load.clock import monotonic_ns
from whoson_load.measurement.recorder import Recorder
from whoson_load.swarm.orders import Orders
from whoson_load.visitors.poisson import Arrival

__all__ = ["DECIDED_BEFORE_NS", "Arrivals"]

DECIDED_BEFORE_NS = 1_000_000_000
"""So long before it is due it is decided whose an arrival is. A change of workers announced earlier is known to all by
then."""

_DRAIN_POLL_S = 0.2
_HEED_S = 0.25  # while the curve may change: a change is told earlier than this and the decision together
_UNSLEPT = 16


class Arrivals:
    """One process's part of the arrivals.

    The schedule is the same in every process and lazy, so memory does not grow. While this process is behind, arrivals
    follow each other without a pause until it has caught up: none is left out, and each knows when it was due.

    Args:
        orders: of the run; `change` puts newer ones in place.
        seed: of the run.
        worker: this process's name in the shifts.
        begin_ns: the run's begin on the monotonic clock.
        recorder: counts the arrivals that are `due`, and those `capped`.
        receive: lets a visitor begin; is given its number and the monotonic instant it was due.
        in_progress: how many visitors there are in this process now.
        drained: called once, when all have arrived and the last has left.
        now_ns, sleep: the clock and how to wait.
    """

    def __init__(
        self,
        orders: Orders,
        seed: int,
        worker: str,
        begin_ns: int,
        recorder: Recorder,
        receive: Callable[[int, int], None],
        in_progress: Callable[[], int],
        drained: Callable[[], None],
        *,
        now_ns: Callable[[], int] = monotonic_ns,
        sleep: Callable[[float], object] = gevent.sleep,
    ) -> None:
        self._orders = orders
        self._schedule = orders.schedule(seed)
        self._stages = len(orders.rate_curve.stages) if orders.curve else 0
        self._worker = worker
        self._begin_ns = begin_ns
        self._recorder = recorder
        self._receive = receive
        self._in_progress = in_progress
        self._drained = drained
        self._now_ns = now_ns
        self._sleep = sleep
        self._unslept = 0

    def change(self, orders: Orders) -> None:
        """Take over the shifts of newer orders, and their curve where it may change."""
        if len(orders.shifts) > len(self._orders.shifts):
            self._orders.shifts = orders.shifts
        if self._orders.may_change and orders.curve:
            curve = orders.rate_curve
            # Each change adds a stage: a message that was overtaken has fewer. In a run of one process the orders are
            # the foreman's own, so they cannot tell what was followed last.
            if len(curve.stages) > self._stages:
                self._stages = len(curve.stages)
                self._schedule.change(curve)

    def run(self) -> None:
        """Let them all arrive, and see the last one leave."""
        while (number_and_time := self._next()) is not None:
            number, at_ns = number_and_time
            due_ns = self._begin_ns + at_ns
            place, places = self._orders.place(self._worker, at_ns)
            if places and number % places == place:
                self._wait_until(due_ns)
                self._arrive(number, at_ns)
        while self._in_progress():
            self._sleep(_DRAIN_POLL_S)
        self._drained()

    def _next(self) -> Arrival | None:
        """Who comes next, at the moment when it is decided whose that is."""
        while (ahead := self._schedule.ahead()) is not None:
            decided_ns = self._begin_ns + ahead.at_ns - DECIDED_BEFORE_NS
            if not self._orders.may_change:
                self._wait_until(decided_ns)
            elif (left_ns := decided_ns - self._now_ns()) > 0:
                self._sleep(min(left_ns / 1e9, _HEED_S))
                continue  # another may come earlier now
            return next(self._schedule)
        return None

    def _arrive(self, number: int, at_ns: int) -> None:
        self._recorder.arrival("due")
        most = self._orders.share(self._worker, at_ns)
        if most is not None and self._in_progress() >= most:
            self._recorder.arrival("capped")
        else:
            self._receive(number, self._begin_ns + at_ns)

    def _wait_until(self, due_ns: int) -> None:
        while (left_ns := due_ns - self._now_ns()) > 0:
            self._sleep(left_ns / 1e9)
            self._unslept = 0
        self._unslept += 1
        if self._unslept % _UNSLEPT == 0:
            # Behind: those who are here already must go on, too.
            self._sleep(0)
