from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import pytest

from tests.swarm_arrivals.conftest import FakeClock
from tests.visitors.randomness import curve_of, dispersion_p
from whoson_load.measurement.recorder import Recorder
from whoson_load.swarm.arrivals import DECIDED_BEFORE_NS, Arrivals
from whoson_load.swarm.orders import Orders, Shift

SECOND = 1_000_000_000
BEGIN_NS = 1_000_000_000_000 + 5 * SECOND


class Process:
    """One process's arrivals on a fake clock.

    Attributes:
        came: (number, when it was due, when it was received) in this order.
        there: how many visitors are in progress.
        is_drained: whether all came and the last left.
    """

    def __init__(
        self, orders: Orders, worker: str, clock: FakeClock, on_arrival: Callable[[int], None] = lambda _: None
    ) -> None:
        self.came: list[tuple[int, int, int]] = []
        self.there = 0
        self.is_drained = False
        self.recorder = Recorder(worker)

        def receive(number: int, due_ns: int) -> None:
            self.came.append((number, due_ns - BEGIN_NS, clock.now_ns - BEGIN_NS))
            self.there += 1
            on_arrival(number)

        self.arrivals = Arrivals(
            orders,
            1,
            worker,
            BEGIN_NS,
            self.recorder,
            receive,
            lambda: self.there,
            self._drain,
            now_ns=clock.read,
            sleep=clock.sleep,
        )

    def _drain(self) -> None:
        self.is_drained = True

    def run(self) -> dict[str, int]:
        """Let all come; everybody leaves in the end. Returns what was counted."""
        self._leave_when_over()
        self.arrivals.run()
        return self.recorder.roll(0, 0).tally.arrivals

    def _leave_when_over(self) -> None:
        sleep = self.arrivals._sleep

        def slept(seconds: float) -> None:
            sleep(seconds)
            if seconds == 0.2:  # waiting for the last to leave
                self.there -= 1

        self.arrivals._sleep = slept


def orders_of(curve: str, *shifts: tuple[int, str], **more: int) -> Orders:
    """Orders with shifts given as (from which second, workers' letters)."""
    return Orders(curve=curve, shifts=[Shift(at_s * SECOND, list(names)) for at_s, names in shifts], **more)


def test_each_visitor_is_received_when_due(clock: FakeClock) -> None:
    """All of the schedule, at their instants, and then the last one is waited for."""
    orders = orders_of("ramp to 20/s over 10s", (0, "a"))
    process = Process(orders, "a", clock)
    counted = process.run()
    assert [(number, due_ns) for number, due_ns, _ in process.came] == list(orders.schedule(1))
    assert all(received_ns == due_ns for _, due_ns, received_ns in process.came)
    assert counted == {"due": len(process.came)}
    assert process.is_drained
    assert not process.there


@pytest.mark.parametrize("workers", ["ab", "abc"])
def test_workers_share_the_same_schedule(workers: str) -> None:
    """Together they receive each arrival once, each of them its own numbers."""
    orders = orders_of("constant 20/s for 20s", (0, workers))
    came = []
    for place, name in enumerate(workers):
        process = Process(Orders.from_builtins(orders.to_builtins()), name, FakeClock())
        process.run()
        assert {number % len(workers) for number, _, _ in process.came} == {place}
        came += [(number, due_ns) for number, due_ns, _ in process.came]
    assert sorted(came) == list(orders.schedule(1))


def test_a_worker_sleeps_until_its_own_arrivals_are_near(clock: FakeClock) -> None:
    """Of a long schedule nothing is looked at earlier than it has to be decided."""
    decided: list[int] = []
    orders = orders_of("constant 6/min for 1h", (0, "ab"))
    place = orders.place

    class Watched(Orders, kw_only=True):
        """Orders that note how early they are asked."""

        def place(self, worker: str, at_ns: int) -> tuple[int, int]:
            decided.append(BEGIN_NS + at_ns - clock.now_ns)
            return place(worker, at_ns)

    process = Process(Watched(curve=orders.curve, shifts=orders.shifts), "b", clock)
    process.run()
    assert max(decided) <= DECIDED_BEFORE_NS


def test_a_change_of_shifts_moves_arrivals_to_those_who_stay() -> None:
    """One of two leaves at 10 s, known at 8 s: nobody due is missing or taken twice, whoever was asleep meanwhile."""
    first, later = (0, "ab"), (10, "b")
    full = orders_of("constant 1/s for 30s", first)
    came: list[tuple[int, int]] = []
    for name in "ab":
        clock = FakeClock()
        process = Process(orders_of("constant 1/s for 30s", first), name, clock)
        sleep = process.arrivals._sleep

        def sleep_and_hear(seconds: float, process: Process = process, sleep: Callable = sleep) -> None:  # type: ignore[type-arg]
            sleep(seconds)
            if clock.now_ns - BEGIN_NS >= 8 * SECOND:  # noqa: B023  # used in this turn only
                process.arrivals.change(orders_of("constant 1/s for 30s", first, later))

        process.arrivals._sleep = sleep_and_hear
        process.run()
        came += [(number, due_ns) for number, due_ns, _ in process.came]
        if name == "a":
            assert all(due_ns < 10 * SECOND for _, due_ns, _ in process.came)
    assert sorted(came) == list(full.schedule(1))


def test_older_orders_change_nothing(clock: FakeClock) -> None:
    """A message that was overtaken by a newer one is dropped."""
    process = Process(orders_of("constant 1/s for 5s", (0, "ab"), (1, "a")), "a", clock)
    process.arrivals.change(orders_of("constant 1/s for 5s", (0, "ab")))
    process.run()
    assert {number % 2 for number, due_ns, _ in process.came if due_ns > SECOND} == {0, 1}


def test_a_stall_makes_arrivals_late_and_loses_none(clock: FakeClock) -> None:
    """After a standstill of 3 s all who were due meanwhile come at once, each knowing when it was due."""
    orders = orders_of("constant 50/s for 10s", (0, "a"))
    stalled: list[int] = []

    def stall(number: int) -> None:
        if number == 100:
            clock.now_ns += 3 * SECOND
            stalled.append(clock.now_ns - BEGIN_NS)

    process = Process(orders, "a", clock, stall)
    counted = process.run()
    assert [(number, due_ns) for number, due_ns, _ in process.came] == list(orders.schedule(1))
    late = [each for each in process.came if each[2] > each[1]]
    assert len(late) == pytest.approx(150, abs=50)
    assert {received_ns for _, _, received_ns in late} == set(stalled)
    assert clock.yielded > len(late) / 40  # others went on meanwhile
    assert counted["due"] == len(process.came)


def test_whoever_would_be_too_many_is_turned_away_and_counted(clock: FakeClock) -> None:
    """The cap holds for visitors in progress, this worker's share of it, and each arrival is accounted for."""
    orders = orders_of("constant 10/s for 10s", (0, "ab"), max_visitors=15)
    process = Process(orders, "a", clock)
    counted = process.run()
    assert len(process.came) == 8
    assert counted["capped"] == counted["due"] - 8
    assert counted["due"] == sum(number % 2 == 0 for number, _ in orders.schedule(1))


def test_one_who_leaves_makes_room_under_the_cap(clock: FakeClock) -> None:
    """The cap is on visitors in progress, not on visits."""
    orders = orders_of("constant 10/s for 10s", (0, "a"), max_visitors=1)

    def leave_at_once(_: int) -> None:
        process.there -= 1

    process = Process(orders, "a", clock, leave_at_once)
    counted = process.run()
    assert "capped" not in counted
    assert len(process.came) == counted["due"]


def test_a_replay_makes_just_the_one_visit() -> None:
    """Of several workers, the one whose number it is."""
    made = {}
    for name in "ab":
        process = Process(orders_of("constant 1/s", (0, "ab"), only_visitor=7), name, FakeClock())
        process.run()
        made[name] = [number for number, _, _ in process.came]
    assert made == {"a": [], "b": [7]}


def test_sleeping_too_long_does_not_add_up() -> None:
    """A timer that is always 2 ms late makes each arrival 2 ms late, not each one later than the one before."""
    clock = FakeClock()
    clock.late_ns = 2_000_000
    process = Process(orders_of("constant 5/s for 60s", (0, "a")), "a", clock)
    process.run()
    assert max(received_ns - due_ns for _, due_ns, received_ns in process.came) <= 4_000_000


@pytest.mark.parametrize(
    "written",
    ["constant 30/min for 3h", "constant 5/s for 20m", "constant 100/s for 1m", "ramp 0/s to 20/s over 10m"],
)
def test_what_is_received_is_a_poisson_process_along_the_curve(written: str) -> None:
    """Of two workers together, as their clocks have it, with timers that are late: at three rates and along a ramp."""
    came_s = []
    for name in "ab":
        clock = FakeClock()
        clock.late_ns = 1_000_000
        process = Process(orders_of(written, (0, "ab")), name, clock)
        process.run()
        came_s += [received_ns / 1e9 for _, _, received_ns in process.came]
    assert dispersion_p(curve_of(written), sorted(came_s)) > 0.01


def test_an_endless_curve_is_followed_lazily(clock: FakeClock) -> None:
    """What has no end is never computed ahead."""
    orders = orders_of("constant 1/s", (0, "a"))
    seen: list[int] = []

    class Enough(Exception):
        """The test has seen enough."""

    def stop(number: int) -> None:
        seen.append(number)
        if number == 50:
            raise Enough

    with pytest.raises(Enough):
        Process(orders, "a", clock, stop).run()
    assert seen == [number for number, _ in islice(orders.schedule(1), 51)]
