"""Who gives a run's orders, on the master or in the only process: sees workers come, go and be done."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import gevent

from whoson_load.clock import monotonic_ns
from whoson_load.errors import ConfigError
from whoson_load.swarm.orders import LOCAL, Orders, Shift
from whoson_load.swarm.shapes import Batch

__all__ = ["LEAD_NS", "NOTICE_NS", "Foreman"]

LEAD_NS = 1_000_000_000
"""How long after the start of a run with workers the schedule begins: until then each has had its orders and made its
personas, so that the first arrivals are nobody's late ones."""

NOTICE_NS = 2_000_000_000
"""How long before it holds a change of shifts is told: longer than `arrivals.DECIDED_BEFORE_NS`, so that every worker
knows it when it decides whose an arrival is."""

_WATCH_S = 0.5


class Foreman:
    """Keeps a run's orders up to date.

    Args:
        orders: as read, without shifts.
        workers: asked for the names of the workers that are there, in the order of their places; None in a run of one
            process.
        send: sends orders to all workers.
        note: told in a sentence what happened to the workers.
        finished: called once, when every worker's arrivals are over and their visitors gone.
        now_ns, sleep: the monotonic clock and how to wait.

    Raises:
        ConfigError: the cap on visitors is smaller than the number of workers, each of which needs one.
    """

    def __init__(
        self,
        orders: Orders,
        workers: Callable[[], Sequence[str]] | None,
        send: Callable[[Orders], None],
        note: Callable[[str], None],
        finished: Callable[[], None],
        *,
        now_ns: Callable[[], int] = monotonic_ns,
        sleep: Callable[[float], object] = gevent.sleep,
    ) -> None:
        at_work = [LOCAL] if workers is None else list(workers())
        if orders.max_visitors is not None and orders.max_visitors < len(at_work):
            raise ConfigError(
                f"--max-visitors: got {orders.max_visitors} for {len(at_work)} workers, expected one for each at least"
            )
        self._workers = workers
        self._send = send
        self._note = note
        self._finished = finished
        self._now_ns = now_ns
        self._sleep = sleep
        self._drained: set[str] = set()
        self._is_over = False
        self._orders = orders
        orders.shifts = [Shift(0, at_work)]
        self.begin()

    def begin(self) -> None:
        """The schedule begins now; with workers, when they are ready."""
        self._begin_ns = self._now_ns() + (0 if self._workers is None else LEAD_NS)

    def orders(self, batch: Batch | None = None) -> Orders:
        """The orders as they are at this moment.

        Args:
            batch: the seats that Locust adds now, where it does.
        """
        if batch is not None:
            self._orders.batch = batch
        self._orders.elapsed_ns = self._now_ns() - self._begin_ns
        return self._orders

    def change_rate(self, rate_per_s: float) -> Orders:
        """Let visitors arrive at another rate, from a moment on that all workers know of in time (`NOTICE_NS`).

        Returns:
            the orders, to be followed in a run of one process; workers are sent them.
        """
        orders = self.orders()
        at_s = max(orders.elapsed_ns + NOTICE_NS, 1) / 1e9
        orders.curve = str(orders.rate_curve.then(at_s, rate_per_s))
        if self._workers is not None:
            self._send(orders)
        return orders

    def drained(self, worker: str) -> None:
        """Take in that a worker's arrivals are over and its visitors gone; it may say so again and again."""
        if worker not in self._drained:
            self._drained.add(worker)
            self._finish_when_all_are_drained()

    def watch(self) -> None:
        """Watch the workers as long as the run lasts; in a run of one process there is nobody to watch."""
        while self._workers is not None:
            self._sleep(_WATCH_S)
            self.look_around()

    def look_around(self) -> None:
        """See who is there, and give out new shifts when others are than before."""
        if self._workers is None:
            return
        before, there = self._orders.shifts[-1].workers, list(self._workers())
        # Places go by the order of joining, so those who stay keep their order; with nobody there, the run is over.
        if there == before or not there:
            return
        orders = self.orders()
        from_ns = max(0, orders.elapsed_ns + NOTICE_NS)
        orders.shifts.append(Shift(from_ns, there))
        self._send(orders)
        for name in before:
            if name not in there:
                self._note(_left(name, orders))
        for name in there:
            if name not in before:
                self._note(_joined(name, orders))
        self._finish_when_all_are_drained()

    def _finish_when_all_are_drained(self) -> None:
        over = self._orders.is_open and self._drained.issuperset(self._orders.shifts[-1].workers)
        if over and not self._is_over:
            self._is_over = True
            self._finished()


def _left(name: str, orders: Orders) -> str:
    said = f"The worker {name} was gone {orders.elapsed_ns / 1e9:.0f} s after the run's begin"
    if not orders.is_open:
        return f"{said}; its visitors with it."
    from_s = orders.shifts[-1].from_ns / 1e9
    return f"{said}: its arrivals since it was last at work are missing; from {from_s:.0f} s on the others took them."


def _joined(name: str, orders: Orders) -> str:
    said = f"The worker {name} joined {orders.elapsed_ns / 1e9:.0f} s after the run's begin"
    if not orders.is_open:
        return f"{said}."
    return f"{said}; from {orders.shifts[-1].from_ns / 1e9:.0f} s on it took its share of the arrivals."
