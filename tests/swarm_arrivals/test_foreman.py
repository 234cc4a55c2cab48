from __future__ import annotations

import pytest

from tests.swarm_arrivals.conftest import FakeClock
from whoson_load.errors import ConfigError
from whoson_load.swarm.arrivals import DECIDED_BEFORE_NS
from whoson_load.swarm.foreman import LEAD_NS, NOTICE_NS, Foreman
from whoson_load.swarm.orders import LOCAL, Orders, Shift
from whoson_load.swarm.shapes import Batch

SECOND = 1_000_000_000


class Site:
    """A foreman, the workers it sees, and what it does.

    Attributes:
        there: the workers that are there.
        sent: orders sent to all workers.
        notes: what was noted for the reader of the run.
        finished: how often the run was said to be over.
    """

    def __init__(self, clock: FakeClock, there: str | None = "ab", orders: Orders | None = None) -> None:
        self.there = there or ""
        self.sent: list[Orders] = []
        self.notes: list[str] = []
        self.finished = 0
        self.foreman = Foreman(
            orders or Orders(curve="constant 1/s for 60s"),
            None if there is None else lambda: self.there,
            lambda orders: self.sent.append(Orders.from_builtins(orders.to_builtins())),
            self.notes.append,
            self._finish,
            now_ns=clock.read,
            sleep=clock.sleep,
        )

    def _finish(self) -> None:
        self.finished += 1


def test_orders_say_how_long_the_run_has_gone_on(clock: FakeClock) -> None:
    """With workers the schedule begins when all are ready; a late reader learns how late it is."""
    site = Site(clock)
    assert site.foreman.orders().elapsed_ns == -LEAD_NS
    clock.now_ns += 5 * SECOND
    assert site.foreman.orders().elapsed_ns == 5 * SECOND - LEAD_NS
    assert site.foreman.orders().shifts == [Shift(0, ["a", "b"])]


def test_a_run_of_one_process_begins_at_once(clock: FakeClock) -> None:
    """Nobody has to be waited for, and there is nobody to watch."""
    site = Site(clock, there=None)
    assert site.foreman.orders().elapsed_ns == 0
    assert site.foreman.orders().shifts == [Shift(0, [LOCAL])]
    site.foreman.watch()
    site.foreman.look_around()
    clock.now_ns += SECOND
    site.foreman.begin()
    assert site.foreman.orders().elapsed_ns == 0


def test_a_batch_of_seats_goes_out_with_the_orders(clock: FakeClock) -> None:
    """And stays in them until the next one."""
    site = Site(clock)
    batch = Batch(3, 2.5, ["b", "a"])
    assert site.foreman.orders(batch).batch == batch
    assert site.foreman.orders().batch == batch


def test_as_long_as_nobody_comes_or_goes_nothing_is_sent(clock: FakeClock) -> None:
    """Looking around alone changes nothing."""
    site = Site(clock)
    site.foreman.look_around()
    assert (site.sent, site.notes) == ([], [])


def test_a_worker_that_left_is_noted_and_its_arrivals_are_taken(clock: FakeClock) -> None:
    """The change holds from a moment on that all can know of in time."""
    site = Site(clock)
    clock.now_ns += LEAD_NS + 10 * SECOND
    site.there = "b"
    site.foreman.look_around()
    assert site.sent[-1].shifts == [Shift(0, ["a", "b"]), Shift(10 * SECOND + NOTICE_NS, ["b"])]
    assert NOTICE_NS > DECIDED_BEFORE_NS
    (note,) = site.notes
    assert note.startswith("The worker a was gone 10 s after the run's begin: its arrivals")
    assert note.endswith("are missing; from 12 s on the others took them.")


def test_a_worker_that_joined_is_noted_and_takes_its_share(clock: FakeClock) -> None:
    """Those who were there keep their order."""
    site = Site(clock)
    clock.now_ns += LEAD_NS + 10 * SECOND
    site.there = "abc"
    site.foreman.look_around()
    assert site.sent[-1].shifts[-1] == Shift(10 * SECOND + NOTICE_NS, ["a", "b", "c"])
    assert site.notes == [
        "The worker c joined 10 s after the run's begin; from 12 s on it took its share of the arrivals."
    ]


def test_in_the_closed_model_changes_are_noted_only(clock: FakeClock) -> None:
    """Locust moves the seats; the reader of the run learns why there were fewer visitors."""
    site = Site(clock, orders=Orders())
    clock.now_ns += LEAD_NS + 10 * SECOND
    site.there = "bc"
    site.foreman.look_around()
    assert site.notes == [
        "The worker a was gone 10 s after the run's begin; its visitors with it.",
        "The worker c joined 10 s after the run's begin.",
    ]
    for name in "bc":
        site.foreman.drained(name)
    assert not site.finished


def test_with_nobody_left_the_shifts_stay(clock: FakeClock) -> None:
    """Locust ends a run without workers by itself."""
    site = Site(clock)
    site.there = ""
    site.foreman.look_around()
    assert not site.sent


def test_the_run_is_over_when_every_worker_is_done(clock: FakeClock) -> None:
    """Workers say so with each report, and it is told once."""
    site = Site(clock)
    for name in "aab":
        assert not site.finished
        site.foreman.drained(name)
    site.foreman.drained("b")
    site.foreman.look_around()
    assert site.finished == 1


def test_a_worker_that_left_is_not_waited_for(clock: FakeClock) -> None:
    """The last one that was not done is gone: then all are."""
    site = Site(clock)
    site.foreman.drained("b")
    site.there = "b"
    site.foreman.look_around()
    assert site.finished == 1


def test_a_cap_needs_one_visitor_for_each_worker(clock: FakeClock) -> None:
    """A worker without a share would turn everybody away."""
    with pytest.raises(ConfigError, match="--max-visitors: got 1 for 2 workers"):
        Site(clock, orders=Orders(curve="constant 1/s", max_visitors=1))
    Site(clock, orders=Orders(curve="constant 1/s", max_visitors=2))
