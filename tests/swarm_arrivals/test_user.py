from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from gevent.pool import Group
from locust import constant, task
from locust.env import Environment
from locust.exception import StopUser

from whoson_load.client.session import Visitor as SessionVisitor
from whoson_load.client.target import Target
from whoson_load.errors import ConnectError, Fault, LocalProtocolError, TargetError
from whoson_load.journeys import mix
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.sample import GENERATOR_SEND, VISIT
from whoson_load.swarm import generator as generator_module
from whoson_load.swarm.cast import Cast
from whoson_load.swarm.generator import LATE_NS, Generator
from whoson_load.swarm.guard import MOST_REFUSALS
from whoson_load.swarm.user import ChatVisitor
from whoson_load.visitors.patience import MANNERS

WALL_NS = 1_800_000_000_000_000_000


def journey(_: object) -> Outcome:
    """What visitors do; in these tests nobody asks."""
    return Outcome.SERVED


class Visitor(ChatVisitor):
    """Makes a visit, and remembers what came of it."""

    wait_time = constant(0)
    done: list[Outcome]

    @task
    def chat(self) -> None:
        """Visit once."""
        self.done.append(self.visit(journey))


class Greedy(Visitor):
    """Wants two visits in one task."""

    @task
    def chat(self) -> None:
        """Visit twice."""
        for _ in range(2):
            self.done.append(self.visit(journey))


class Undecided(ChatVisitor):
    """Has two things to do."""

    wait_time = constant(0)
    done: list[str]

    @task
    def left(self) -> None:
        """One."""
        self.done.append("left")
        self.visit(journey)

    @task
    def right(self) -> None:
        """The other."""
        self.done.append("right")
        self.visit(journey)


class Visits:
    """What stands for `journeys.visit`: notes who came when, and ends as told.

    Attributes:
        made: (the visitor's number, when it was due or began).
        outcome, problem: how visits end.
    """

    def __init__(self) -> None:
        self.made: list[tuple[int, int]] = []
        self.outcome = Outcome.SERVED
        self.problem: TargetError | None = None

    def __call__(
        self, _journey: object, _target: object, visitor: SessionVisitor, _recorder: object, due_ns: int
    ) -> tuple[Outcome, TargetError | None]:
        """Note a visit."""
        self.made.append((visitor.persona.number, due_ns))
        return self.outcome, self.problem


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> Visits:
    """Visits that nobody really makes, at a wall clock that stands still."""
    made = Visits()
    monkeypatch.setattr(generator_module, "visit", made)
    monkeypatch.setattr(generator_module, "wall_ns", lambda: WALL_NS)
    return made


@pytest.fixture
def generator(visits: Visits) -> Iterator[Generator]:  # noqa: ARG001  # no visit is to be real
    """A generator, in force as the plugin puts it."""
    target = Target.read("ws://127.0.0.1:1", domain="d", environment={})
    made = Generator(
        target,
        Recorder("test"),
        seed=1,
        run_tag="t",
        languages=("en",),
        pace=2.0,
        cast=Cast(1, [Visitor]),
        numbers=(1, 2),
    )
    ChatVisitor.generator = made
    yield made
    ChatVisitor.generator = None


def new(user_class: type[Any]) -> Any:  # noqa: ANN401  # of whichever class
    """A visitor as Locust makes one."""
    visitor = user_class(Environment(user_classes=[user_class]))
    visitor.done = []
    return visitor


def run_until(holds: Callable[[], bool], group: Group) -> None:
    """Let greenlets run until something holds, then stop them."""
    with gevent.Timeout(10):
        while not holds():
            gevent.sleep(0)
    group.kill()


def test_an_arrival_makes_its_one_visit_and_is_gone(generator: Generator, visits: Visits) -> None:
    """Its greenlet ends by itself, so Locust's count goes down."""
    group, visitor = Group(), new(Visitor)
    visitor.arrive(group, 4711, WALL_NS)
    assert len(group) == 1
    with gevent.Timeout(10):
        group.join()
    assert visits.made == [(4711, WALL_NS)]
    assert visitor.done == [Outcome.SERVED]
    assert generator.recorder.roll(0, 0).tally.arrivals == {"begun": 1, "ended": 1}


def test_what_a_visitor_is_to_do_is_counted(generator: Generator, visits: Visits) -> None:  # noqa: ARG001
    """By its name; a mix counts the journey that it turns out to be, when it does."""
    generator.visit(journey, MANNERS, 1)
    generator.visit(mix({"everyday": 1}), MANNERS, 3)
    assert generator.recorder.roll(0, 1).tally.journeys == {"journey": 1}


def test_an_arrival_makes_no_second_visit(generator: Generator, visits: Visits) -> None:
    """A task that wants two visits gets one: who comes twice was due twice."""
    group, visitor = Group(), new(Greedy)
    visitor.arrive(group, 4711, WALL_NS)
    with gevent.Timeout(10):
        group.join()
    assert len(visits.made) == len(visitor.done) == 1
    assert generator.recorder.roll(0, 0).tally.arrivals["begun"] == 1


def test_a_seat_takes_one_visitor_after_another(generator: Generator, visits: Visits) -> None:
    """Each visit is a new visitor's, of this process's numbers."""
    group, visitor = Group(), new(Visitor)
    visitor.start(group)
    run_until(lambda: len(visits.made) >= 4, group)
    assert [number for number, _ in visits.made[:4]] == [1, 3, 5, 7]
    assert "late" not in generator.recorder.roll(0, 0).tally.arrivals


def test_two_visits_in_one_task_of_a_seat_are_two_visitors(generator: Generator, visits: Visits) -> None:  # noqa: ARG001
    """Nobody's number comes twice."""
    group, visitor = Group(), new(Greedy)
    visitor.start(group)
    run_until(lambda: len(visits.made) >= 4, group)
    assert [number for number, _ in visits.made[:4]] == [1, 3, 5, 7]


def test_a_new_seat_waits_for_its_slot_once(
    generator: Generator, visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first visitor comes at the slot, later ones by the wait time alone."""
    slept: list[float] = []
    asked: list[int] = []

    def slot_ns(now_ns: int) -> int:
        asked.append(now_ns)
        return now_ns + 3_600_000_000_000

    generator.slot_ns = slot_ns
    monkeypatch.setattr("whoson_load.swarm.user.gevent.sleep", slept.append)
    visitor = new(Visitor)
    visitor.start(Group())
    visitor.chat()
    visitor.chat()
    visitor.greenlet.kill(block=False)
    assert len(visits.made) == 2
    assert len(asked) == 1
    assert slept == [pytest.approx(3600, abs=60)]


@pytest.mark.parametrize("number", range(8))
def test_a_number_decides_the_task(generator: Generator, visits: Visits, number: int) -> None:  # noqa: ARG001
    """The same one whenever this visitor comes."""
    done = set()
    for _ in range(3):
        group, visitor = Group(), new(Undecided)
        visitor.arrive(group, number, WALL_NS)
        with gevent.Timeout(10):
            group.join()
        done.add(*visitor.done)
    assert done == {Cast(1, [Undecided]).task(Undecided, number).__name__}  # type: ignore[union-attr]


@pytest.mark.parametrize("late_ns, counted", [(0, 0), (LATE_NS, 0), (LATE_NS + 1, 1), (5_000_000_000, 1)])
def test_a_late_arrival_is_sent_late_and_counted(
    generator: Generator, visits: Visits, late_ns: int, counted: int
) -> None:
    """However late, it is timed from when it was due; the lateness is the generator's own."""
    group, visitor = Group(), new(Visitor)
    visitor.arrive(group, 1, WALL_NS - late_ns)
    with gevent.Timeout(10):
        group.join()
    report = generator.recorder.roll(0, 0)
    assert visits.made == [(1, WALL_NS - late_ns)]
    assert report.tally.arrivals.get("late", 0) == counted
    assert report.series[GENERATOR_SEND].max_ns == report.series[VISIT].max_ns == late_ns


def test_once_the_target_has_refused_too_often_nobody_begins(generator: Generator, visits: Visits) -> None:
    """Seats and arrivals alike end before they connect."""
    visits.outcome, visits.problem = Outcome.REFUSED, ConnectError(Fault.ACCESS_DENIED)
    group = Group()
    new(Visitor).start(group)
    with gevent.Timeout(10):
        group.join()
    new(Visitor).arrive(group, 5, WALL_NS)
    with gevent.Timeout(10):
        group.join()
    assert len(visits.made) == MOST_REFUSALS
    assert generator.gatekeeper.shut


def test_the_pace_shortens_the_wait_between_visits(generator: Generator) -> None:
    """Twice the pace, half the wait; an arrival has no next visit to wait for."""

    class Patient(Visitor):
        """Waits for ten seconds of life."""

        wait_time = constant(10)

    seat = new(Patient)
    assert seat.wait_time() == 10 / generator.pace
    arrival = new(Patient)
    arrival._due_ns = WALL_NS
    with pytest.raises(StopUser):
        arrival.wait_time()


def test_a_visit_before_the_test_is_our_own_mistake() -> None:
    """A locustfile that starts visitors by itself is told so."""
    with pytest.raises(LocalProtocolError, match="before the test began"):
        new(Visitor).chat()
