from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest
from locust import task
from scipy import stats

from whoson_load.swarm.cast import Cast
from whoson_load.swarm.user import ChatVisitor


class Often(ChatVisitor):
    """Three visitors in four."""

    weight = 3

    @task(4)
    def chat(self) -> None:
        """Four visits in five."""

    @task
    def browse(self) -> None:
        """One in five."""


class Seldom(ChatVisitor):
    """One visitor in four."""

    weight = 1

    @task
    def chat(self) -> None:
        """All of its visits."""


class Never(ChatVisitor):
    """Switched off by its weight."""

    weight = 0


def test_classes_come_by_their_weights() -> None:
    """Of many numbers, each class has its share."""
    cast = Cast(1, [Often, Seldom, Never])
    drawn = Counter(cast.user_class(number) for number in range(2000))
    assert set(drawn) == {Often, Seldom}
    assert stats.binomtest(drawn[Seldom], 2000, 0.25).pvalue > 0.001


def test_tasks_come_by_their_weights() -> None:
    """Of many numbers, each task has its share."""
    cast = Cast(1, [Often])
    drawn = Counter(cast.task(Often, number) for number in range(2000))
    assert stats.binomtest(drawn[Often.browse], 2000, 0.2).pvalue > 0.001


def test_a_number_stands_for_the_same_visitor_whoever_asks() -> None:
    """The order in which Locust gives the classes does not matter, the seed does."""
    one, other = Cast(1, [Often, Seldom]), Cast(1, [Seldom, Often])
    numbers = range(200)
    assert [one.user_class(number) for number in numbers] == [other.user_class(number) for number in numbers]
    assert [one.task(Often, number) for number in numbers] == [other.task(Often, number) for number in numbers]
    assert [one.user_class(number) for number in numbers] != [Cast(2, [Often, Seldom]).user_class(n) for n in numbers]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_every_number_is_one_seats_of_one_worker(workers: int) -> None:
    """Over all classes and workers of the closed model, no number comes twice and none is left out."""
    cast = Cast(1, [Often, Seldom])
    given = [
        list(islice(cast.numbers(user_class, worker, workers), 100))
        for worker in range(workers)
        for user_class in (Often, Seldom)
    ]
    together = [number for numbers in given for number in numbers]
    assert len(together) == len(set(together))
    assert set(range(min(map(max, given)))) <= set(together)
    assert all(cast.user_class(n) is Often for n in islice(cast.numbers(Often, 0, workers), 100))


def test_one_class_takes_all_numbers() -> None:
    """Nothing is drawn where there is nothing to choose."""
    assert list(islice(Cast(1, [Seldom]).numbers(Seldom, 1, 2), 3)) == [1, 3, 5]
    assert list(islice(Cast(1).numbers(Seldom), 3)) == [0, 1, 2]


def test_a_fixed_count_weighs_one() -> None:
    """Locust ignores the weight of such a class; so it must not be 0 here."""

    class Fixed(Never):
        """Two of these, always."""

        fixed_count = 2

    cast = Cast(1, [Fixed, Seldom])
    assert {cast.user_class(number) for number in range(50)} == {Fixed, Seldom}
