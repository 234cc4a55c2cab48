"""The Locust user that is a chat visitor: what a locustfile subclasses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import gevent
from gevent.pool import Group
from locust import User, between
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_RUNNING

from whoson_load.clock import monotonic_ns
from whoson_load.errors import LocalProtocolError
from whoson_load.journeys.visit import Journey
from whoson_load.measurement.outcome import Outcome
from whoson_load.swarm.generator import Generator
from whoson_load.visitors.patience import MANNERS, Manners
from whoson_load.visitors.rate_curve import RateCurve

__all__ = ["ChatVisitor"]


class ChatVisitor(User):
    """A visitor who chats: in the open model for one visit, in the closed model a seat that one after another takes.

    Subclass it, and let its tasks make visits:

        class Visitor(ChatVisitor):
            arrivals = "ramp 0/min to 60/min over 2m; hold 10m"

            @task
            def chat(self):
                self.visit(everyday)

    With `arrivals` the model is open: visitors come when they are due, however the server does, and each makes one
    visit and is gone. Without, it is closed: Locust's -u seats, each with one visitor after another, `wait_time` apart.
    Where a class has several tasks, or a file several classes, a visitor's number and the run's seed decide which.

    Attributes:
        arrivals: a rate curve, or a text in the language of `curve_language`; --arrivals replaces it. One for all
            classes of a locustfile: their weights share it.
        pace: human times are divided by it, where neither --pace nor WHOSON_PACE says otherwise. Arrivals are not.
        manners: how long people read, think, type and wait.
        languages: which the visitors speak, each as often.
        objectives: what the run has to meet, such as ("echo p99 < 500ms", "lost == 0"); --objective adds to them.
        wait_time: from one visit to the next of a seat, in seconds of life: the pace divides it, too. Invented.
    """

    abstract = True
    wait_time = between(1, 5)
    arrivals: ClassVar[str | RateCurve | None] = None
    pace: ClassVar[float] = 1.0
    manners: ClassVar[Manners] = MANNERS
    languages: ClassVar[tuple[str, ...]] = ("en",)
    objectives: ClassVar[tuple[str, ...]] = ()

    generator: ClassVar[Generator | None] = None
    """Of this process; the plugin sets it when a test starts."""

    _number: int | None = None
    _due_ns: int | None = None
    _slot_ns: int | None = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "wait_time" in vars(cls):
            cls.wait_time = _between_visits(cls.wait_time)

    def arrive(self, group: Group, number: int, due_ns: int) -> None:
        """Begin as a visitor of the open model.

        Args:
            group: where the visitor's greenlet goes; Locust's own, so that Locust counts and stops it.
            number: the visitor's.
            due_ns: when it was due, wall clock.
        """
        self._due_ns = due_ns
        self._become(number)
        super().start(group)

    def start(self, group: Group) -> gevent.Greenlet[..., Any]:
        """Begin as a seat of the closed model; called by Locust."""
        if self.generator is not None:
            self._slot_ns = self.generator.slot_ns(monotonic_ns())
            self._become(self.generator.next_number(type(self)))
        greenlet: gevent.Greenlet[..., Any] = super().start(group)
        return greenlet

    def stop(self, force: bool = False) -> bool:
        """Give up the seat; called by Locust. Where the run allows it, a visit under way is finished before."""
        leaving = self.generator.leaving if self.generator is not None else None
        visiting = self._state == LOCUST_STATE_RUNNING and self._due_ns is None
        if leaving is None or not leaving.allowed or not visiting:
            return bool(super().stop(force))
        leaving.take(self.greenlet, self.group)
        return bool(super().stop(force=False))

    def visit(self, journey: Journey) -> Outcome:
        """Let a visitor make a visit: in the closed model a new one each time, in the open model the one that this is.

        Args:
            journey: what the visitor does, such as `everyday`.

        Returns:
            How it ended; whatever the target does, no error of it gets here.
        """
        generator = self.generator
        if generator is None:
            raise LocalProtocolError("a visit before the test began: a locustfile imports ChatVisitor from whoson_load")
        if generator.gatekeeper.shut or (self._number is None and self._due_ns is not None):
            raise StopUser
        number, self._number = self._number, None
        if number is None:
            number = generator.next_number(type(self))
        if self._slot_ns is not None:
            slot_ns, self._slot_ns = self._slot_ns, None
            gevent.sleep(max(0, slot_ns - monotonic_ns()) / 1e9)
        outcome, _ = generator.visit(journey, self.manners, number, self._due_ns)
        return outcome

    def _become(self, number: int) -> None:
        """Be the visitor of this number; Locust then has only its task to choose from."""
        self._number = number
        if self.generator is not None and type(self).tasks:
            self.tasks = [self.generator.cast.task(type(self), number)]

    def _leave_or_make_room(self) -> None:
        """After a visit: who came for one is gone, and a seat is the next visitor's."""
        if self._due_ns is not None:
            raise StopUser
        if self.generator is not None:
            self._become(self.generator.next_number(type(self)))


def _between_visits(wait_time: Callable[[Any], float]) -> Callable[[Any], float]:
    """A wait time that Locust asks for after each task: in the open model there is nothing to wait for."""

    def paced(self: ChatVisitor) -> float:
        self._leave_or_make_room()
        return wait_time(self) / (self.generator.pace if self.generator is not None else 1.0)

    return paced


ChatVisitor.wait_time = _between_visits(ChatVisitor.wait_time)
