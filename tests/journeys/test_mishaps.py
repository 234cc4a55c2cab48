"""Everything that may go wrong, at every step of every journey."""

from __future__ import annotations

import pytest

from tests.journeys.stage import STEADY, Played, Stage
from whoson_load.client.session import ChatSession
from whoson_load.journeys.catalogue import CATALOGUE, Mishap
from whoson_load.journeys.steps import arrive, ask
from whoson_load.measurement.outcome import Outcome

PLAIN = 'extends = "default"\n' + STEADY
SITE = (
    PLAIN
    + '[habits]\nrequest_file = 1.0\nrequest_field = 1.0\n[[habits.fields]]\nfield_name = "Seats"\n'
    + 'field_type = "numeric"\nvalidate_low = 1\nvalidate_high = 500\n'
)
"""Operators who ask for something each time, so that a mishap may also come while the visitor is about to oblige."""

BUSY = PLAIN + '[[operators]]\nname = "Ursula"\npicks_up = false\nmax_chats = 1\n'


def _steps(played: Played) -> list[int]:
    """One of each kind of step: what was sent or heard, and the server's state then."""
    firsts: dict[tuple[str, ...], int] = {}
    for number, step in enumerate(played.steps):
        firsts.setdefault(step, number)
    return list(firsts.values())


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_journey_ends_as_one_outcome_whatever_happens(name: str) -> None:
    """At each step each of its mishaps: no hang, no error beside the target's, nothing out of turn, no lost count."""
    journey, mishaps = CATALOGUE[name].journey, CATALOGUE[name].copes_with
    undisturbed = Stage(SITE).play(journey)
    undisturbed.check()
    assert undisturbed.problem is None
    assert undisturbed.tally.deviations == {}
    for mishap in sorted(mishaps):
        for step in _steps(undisturbed):
            stage = Stage(SITE, mishap=mishap, at_step=step)
            stage.play(journey).check()
            assert stage.switchboard.floor.counts.incidents["internal_errors"] == 0


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_journey_ends_while_nobody_picks_up(name: str) -> None:
    """The same where visitors wait in vain: mishaps of waiting, at each step."""
    journey = CATALOGUE[name].journey
    waiting = Stage(BUSY).play(journey)
    waiting.check()
    for mishap in (Mishap.QUIT, Mishap.QUEUE, Mishap.TURNED_AWAY, Mishap.TRANSFER, Mishap.CLOSE, Mishap.SILENCE):
        for step in _steps(waiting):
            Stage(BUSY, mishap=mishap, at_step=step).play(journey).check()


def test_mishaps_happen() -> None:
    """The stage does bring about what the tests above rely on: each leaves its mark on an everyday chat."""
    everyday = CATALOGUE["everyday"].journey
    steps = Stage(SITE).play(everyday).steps
    talking = next(number for number, step in enumerate(steps) if step[1] == "Message")
    outcomes = {
        mishap: Stage(SITE, mishap=mishap, at_step=talking).play(everyday)
        for mishap in (Mishap.QUIT, Mishap.CLOSE, Mishap.RESET, Mishap.SILENCE, Mishap.ERROR, Mishap.UNKNOWN)
    }
    assert outcomes[Mishap.QUIT].outcome is Outcome.ENDED_BY_SERVER
    assert outcomes[Mishap.CLOSE].tally.close_codes == {"1012": 1}
    assert outcomes[Mishap.RESET].outcome is Outcome.DROPPED
    assert outcomes[Mishap.SILENCE].outcome is Outcome.TIMED_OUT
    assert outcomes[Mishap.ERROR].tally.events["error"] == 1
    assert outcomes[Mishap.UNKNOWN].tally.events["fanfare"] == 1


def test_a_journey_that_breaks_the_rules_is_found_out() -> None:
    """A journey that sends what its state does not allow does not pass here."""

    def breaks_the_rules(chat: ChatSession) -> Outcome:
        arrive(chat)
        ask(chat)
        chat.quit()
        chat.operators()
        return Outcome.SERVED

    with pytest.raises(AssertionError, match="GetOperators while ended"):
        Stage(SITE).play(breaks_the_rules)


def test_a_journey_that_hangs_is_found_out() -> None:
    """Nor does one that waits for ever."""

    def hangs(chat: ChatSession) -> Outcome:
        arrive(chat)
        while True:
            chat.idle(0.1)

    with pytest.raises(AssertionError, match="does not end"):
        Stage(SITE).play(hangs)
