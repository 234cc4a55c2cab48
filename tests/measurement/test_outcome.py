from __future__ import annotations

import json

import pytest

from whoson_load.measurement.outcome import Outcome


def test_outcomes_are_the_closed_set() -> None:
    """A visit ends in one of twelve ways, spelt as in the record."""
    assert [outcome.value for outcome in Outcome] == [
        "served",
        "abandoned",
        "unanswered",
        "turned_away",
        "queue_timeout",
        "left_message",
        "browsed",
        "ended_by_server",
        "refused",
        "dropped",
        "timed_out",
        "failed",
    ]


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_says_what_it_means(outcome: Outcome) -> None:
    """Each has one sentence of its own."""
    assert outcome.meaning[0].isupper()
    assert outcome.meaning.endswith(".")
    assert [other.meaning for other in Outcome].count(outcome.meaning) == 1


def test_outcome_is_its_word_wherever_text_is_expected() -> None:
    """An outcome is found by its word and written as its word."""
    assert Outcome("served") is Outcome.SERVED
    assert {Outcome.SERVED: 1} == {"served": 1}
    assert json.dumps({Outcome.SERVED: f"{Outcome.SERVED}"}) == '{"served": "served"}'
