"""The Locust user that is a chat visitor: what a locustfile subclasses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from locust import User, between

from whoson_load.errors import LocalProtocolError
from whoson_load.journeys.visit import Journey
from whoson_load.measurement.outcome import Outcome
from whoson_load.swarm.generator import Generator
from whoson_load.visitors.patience import MANNERS, Manners

__all__ = ["ChatVisitor"]


class ChatVisitor(User):
    """A seat at which one visitor after another chats.

    Subclass it, and let its tasks make visits:

        class Visitor(ChatVisitor):
            wait_time = between(1, 5)

            @task
            def chat(self):
                self.visit(everyday)

    Attributes:
        pace: human times are divided by it, where neither --pace nor WHOSON_PACE says otherwise.
        manners: how long people read, think, type and wait.
        languages: which the visitors speak, each as often.
        wait_time: from one visit to the next, in seconds of life: the pace divides it, too. Invented.
    """

    abstract = True
    wait_time = between(1, 5)
    pace: ClassVar[float] = 1.0
    manners: ClassVar[Manners] = MANNERS
    languages: ClassVar[tuple[str, ...]] = ("en",)

    generator: ClassVar[Generator | None] = None
    """Of this process; the plugin sets it when a test starts."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "wait_time" in vars(cls):
            cls.wait_time = _paced(cls.wait_time)

    def visit(self, journey: Journey) -> Outcome:
        """Let a new visitor make a visit.

        Args:
            journey: what the visitor does, such as `everyday`.

        Returns:
            How it ended; whatever the target does, no error of it gets here.
        """
        generator = ChatVisitor.generator
        if generator is None:
            raise LocalProtocolError("a visit before the test began: a locustfile imports ChatVisitor from whoson_load")
        outcome, _ = generator.visit(journey, self.manners)
        return outcome


def _paced(wait_time: Callable[[Any], float]) -> Callable[[Any], float]:
    def paced(self: Any) -> float:
        generator = ChatVisitor.generator
        return wait_time(self) / (generator.pace if generator is not None else 1.0)

    return paced


ChatVisitor.wait_time = _paced(ChatVisitor.wait_time)
