"""A load that is changed on demand: another rate of arrivals, and seats whose visitors may finish."""

from __future__ import annotations

import math
from collections.abc import Iterator

import gevent
import pytest
from gevent.pool import Group
from hypothesis import given
from hypothesis import strategies as st
from locust import task
from locust.env import Environment

from tests.swarm_arrivals.conftest import FakeClock
from whoson_load.client.target import Target
from whoson_load.measurement.recorder import Recorder
from whoson_load.swarm.arrivals import DECIDED_BEFORE_NS, Arrivals
from whoson_load.swarm.foreman import NOTICE_NS, Foreman
from whoson_load.swarm.generator import Generator
from whoson_load.swarm.leaving import Leaving
from whoson_load.swarm.orders import Orders, Shift
from whoson_load.swarm.user import ChatVisitor
from whoson_load.visitors.curve_language import read_curve
from whoson_load.visitors.poisson import Schedule, arrivals
from whoson_load.visitors.rate_curve import RateCurve

SECOND = 1_000_000_000
FOR_EVER = [(math.inf, 1.0, 1.0)]


def curve(written: str) -> RateCurve:
    """A curve that needs no file."""
    return read_curve(written, lambda name: name)


@given(at_s=st.floats(0.5, 50), rate_per_s=st.floats(0.1, 20), seed=st.integers(0, 1000))
def test_a_changed_curve_moves_only_who_is_still_to_come(at_s: float, rate_per_s: float, seed: int) -> None:
    """Up to the change everybody comes as before; behind it at the new rate."""
    before = RateCurve.of(FOR_EVER)
    after = before.then(at_s, rate_per_s)
    changed = Schedule(before, seed)
    taken = []
    while (ahead := changed.ahead()) is not None and ahead.at_ns < (at_s - 0.25) * 1e9:
        taken.append(next(changed))
    changed.change(after)
    taken += [next(changed) for _ in range(20)]
    unchanged = arrivals(after, seed)
    assert taken == [next(unchanged) for _ in taken]


def test_a_curve_can_be_continued_otherwise() -> None:
    """Whole stages before the instant stay, the one at it is cut, those behind it go."""
    continued = curve("ramp 0/s to 10/s over 10s; constant 10/s for 10s").then(5, 3.0)
    assert str(continued) == "ramp 0.0/s to 5.0/s over 5.0s; constant 3.0/s"
    assert curve("constant 1/s for 10s").then(10, 2.0).rate_per_s(10) == 2.0


@pytest.mark.parametrize("workers", ["a", "ab"])
def test_workers_follow_a_changed_rate_together(workers: str) -> None:
    """Told in time, each takes its share of the same arrivals; a sleep that was to last long ends for them."""
    first, then = curve("constant 0.02/s"), curve("constant 0.02/s").then(20.0, 5.0)
    told = Orders(curve=str(then), shifts=[Shift(0, list(workers))], may_change=True)
    came: list[tuple[int, int]] = []
    for name in workers:
        clock = FakeClock()
        begin_ns = clock.now_ns
        orders = Orders(curve=str(first), shifts=[Shift(0, list(workers))], may_change=True)
        process = Arrivals(
            orders,
            1,
            name,
            begin_ns,
            Recorder(name),
            lambda number, due_ns, begin_ns=begin_ns: came.append((number, due_ns - begin_ns)),  # type: ignore[misc]
            lambda: 0,
            lambda: None,
            now_ns=clock.read,
        )

        def sleep(
            seconds: float, clock: FakeClock = clock, process: Arrivals = process, begin_ns: int = begin_ns
        ) -> None:
            clock.sleep(seconds)
            if clock.now_ns - begin_ns >= 18 * SECOND:
                process.change(told)
            if clock.now_ns - begin_ns >= 40 * SECOND:
                raise StopIteration

        process._sleep = sleep
        with pytest.raises(StopIteration):
            process.run()
    expected = arrivals(then, 1)
    due = [next(expected) for _ in came]
    assert sorted(came) == due
    assert sum(at_ns > 20 * SECOND for _, at_ns in came) > 50


def test_in_one_process_the_foremans_own_orders_are_followed(clock: FakeClock) -> None:
    """They are changed before anybody is told of it."""
    orders = Orders(curve="constant 0.02/s", shifts=[Shift(0, ["a"])], may_change=True)
    process = Arrivals(
        orders, 1, "a", clock.now_ns, Recorder("a"), lambda *_: None, lambda: 0, lambda: None,
        now_ns=clock.read, sleep=clock.sleep,
    )  # fmt: skip
    orders.curve = str(orders.rate_curve.then(20.0, 5.0))
    process.change(orders)
    ahead = process._schedule.ahead()
    assert ahead is not None
    assert ahead.at_ns < 25 * SECOND


def test_a_rate_that_is_not_to_change_does_not(clock: FakeClock) -> None:
    """An ordinary run keeps its curve, whatever comes."""
    came: list[int] = []
    orders = Orders(curve="constant 1/s for 5s", shifts=[Shift(0, ["a"])])
    process = Arrivals(
        orders, 1, "a", clock.now_ns, Recorder("a"), lambda number, _: came.append(number), lambda: 0, lambda: None,
        now_ns=clock.read, sleep=clock.sleep,
    )  # fmt: skip
    process.change(Orders(curve="constant 9/s for 5s; constant 9/s", shifts=[Shift(0, ["a"])]))
    process.run()
    assert len(came) == len(list(arrivals(curve("constant 1/s for 5s"), 1)))


def test_the_foreman_tells_a_change_before_anybody_decides(clock: FakeClock) -> None:
    """From the notice on, which is longer than what workers decide ahead; one process is told as well."""
    sent: list[str] = []
    foreman = Foreman(
        Orders(curve="constant 1.0/s", may_change=True),
        lambda: ["a"],
        lambda orders: sent.append(orders.curve),
        lambda _: None,
        lambda: None,
        now_ns=clock.read,
        sleep=clock.sleep,
    )
    clock.now_ns += 11 * SECOND
    told = foreman.change_rate(2.5)
    assert sent == [told.curve]
    assert NOTICE_NS > DECIDED_BEFORE_NS
    assert told.rate_curve.rate_per_s(11.9) == 1.0
    assert told.rate_curve.rate_per_s(12.1) == 2.5
    clock.now_ns += 60 * SECOND
    assert len(foreman.change_rate(1.0).rate_curve.stages) == 3


# Seats that are taken away


class Slow(ChatVisitor):
    """Sits in its seat until it is let go."""

    wait_time = lambda _: 0  # noqa: E731

    @task
    def stay(self) -> None:
        """Visit."""
        self.began.append(self)  # type: ignore[attr-defined]
        self.let_go.wait()  # type: ignore[attr-defined]
        self.ended.append(self)  # type: ignore[attr-defined]


@pytest.fixture
def seated() -> Iterator[tuple[Slow, Group]]:
    """A visitor in the midst of a visit, and the group in which Locust counts it."""
    target = Target.read("ws://127.0.0.1:1", domain="d", environment={})
    ChatVisitor.generator = Generator(target, Recorder("test"), seed=1, run_tag="t", languages=("en",), pace=1.0)
    visitor = Slow(Environment(user_classes=[Slow]))
    visitor.began, visitor.ended, visitor.let_go = [], [], gevent.event.Event()  # type: ignore[attr-defined]
    group = Group()
    visitor.start(group)
    with gevent.Timeout(10):
        while not visitor.began:  # type: ignore[attr-defined]
            gevent.sleep(0)
    yield visitor, group
    group.kill()
    ChatVisitor.generator = None


def test_a_seat_is_free_at_once_and_its_visitor_may_finish(seated: tuple[Slow, Group]) -> None:
    """Locust counts it no more; the visit ends by itself, and no other follows."""
    visitor, group = seated
    assert ChatVisitor.generator is not None
    leaving = ChatVisitor.generator.leaving = Leaving(60.0)
    visitor.stop(force=True)
    assert (len(group), len(leaving)) == (0, 1)
    visitor.let_go.set()  # type: ignore[attr-defined]
    with gevent.Timeout(10):
        visitor.greenlet.join()
    assert len(visitor.ended) == len(visitor.began) == 1  # type: ignore[attr-defined]
    assert len(leaving) == 0


def test_who_does_not_finish_in_time_has_to_go(seated: tuple[Slow, Group]) -> None:
    """The visit is broken off."""
    visitor, _ = seated
    assert ChatVisitor.generator is not None
    ChatVisitor.generator.leaving = Leaving(0.01)
    visitor.stop(force=True)
    with gevent.Timeout(10):
        visitor.greenlet.join()
    assert not visitor.ended  # type: ignore[attr-defined]


def test_at_the_end_nobody_stays(seated: tuple[Slow, Group]) -> None:
    """Who is leaving goes at once, and so does who is stopped from then on."""
    visitor, _ = seated
    assert ChatVisitor.generator is not None
    leaving = ChatVisitor.generator.leaving = Leaving(60.0)
    visitor.stop(force=True)
    leaving.end()
    assert visitor.greenlet.dead
    assert not leaving.allowed


def test_in_an_ordinary_run_a_stopped_visitor_is_gone(seated: tuple[Slow, Group]) -> None:
    """As Locust wants it."""
    visitor, group = seated
    visitor.stop(force=True)
    assert visitor.greenlet.dead
    assert len(group) == 0
