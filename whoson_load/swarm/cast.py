"""Whom a visitor's number stands for: of which user class, with which of its tasks. Knows no target and no clock.

Locust draws both from a generator that nobody has seeded. Here they follow from the run's seed and the number alone,
so that a visit replays alone, and every process gives the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

from locust import TaskSet, User

from whoson_load.visitors.draws import WeightedChoice, pick, stream

__all__ = ["Cast"]


class Cast:
    """The user classes of a run.

    Args:
        seed: of the run.
        user_classes: their weights say how often each comes; one with a fixed count weighs 1.
    """

    def __init__(self, seed: int, user_classes: Sequence[type[User]] = ()) -> None:
        self._seed = seed
        weighted = [(each, 1 if each.fixed_count else each.weight) for each in user_classes]
        self._classes = sorted((each for each in weighted if each[1] > 0), key=lambda each: each[0].__name__)
        self._draw = WeightedChoice(self._classes) if self._classes else None

    def user_class(self, number: int) -> type[User]:
        """The class of the visitor of this number; there must be one. Takes about 10 us where there are several."""
        if self._draw is None or len(self._classes) == 1:
            return self._classes[0][0]
        return self._draw.draw(stream("class", self._seed, number))

    def task(self, user_class: type[User], number: int) -> TaskSet | Callable[..., Any]:
        """The task that the visitor of this number does, out of those of its class; there must be one."""
        tasks = user_class.tasks
        return tasks[0] if len(tasks) == 1 else pick(tasks, stream("task", self._seed, number))

    def numbers(self, user_class: type[User], first: int = 0, step: int = 1) -> Iterator[int]:
        """The numbers first, first + step and so on, without those that stand for another class than this one."""
        numbers = count(first, step)
        if len(self._classes) < 2:
            return numbers
        return (number for number in numbers if self.user_class(number) is user_class)
