from __future__ import annotations

import pytest

from tests.journeys.stage import STEADY, Stage
from whoson_load.client.target import Deadlines
from whoson_load.journeys.patience import (
    abandons_the_queue,
    goes_silent,
    leaves_a_message_at_once,
    leaves_a_message_when_turned_away,
)
from whoson_load.measurement.outcome import Outcome

SITE = 'extends = "default"\n' + STEADY
FULL = SITE + '[[operators]]\nname = "Busy"\nstatus = "Busy"\n'
NO_MESSAGES = "[site]\nleave_message_enabled = false\n"


def test_the_queue_is_abandoned() -> None:
    """After some positions, long before others would give up, with Quit."""
    played = Stage(FULL).play(abandons_the_queue)
    assert played.outcome is Outcome.ABANDONED
    assert 2 <= played.tally.events["queue"] <= 10
    assert played.names[-1] == "Quit"


def test_who_is_taken_soon_abandons_nothing() -> None:
    """Without a queue it is an everyday chat."""
    assert Stage(SITE).play(abandons_the_queue).outcome is Outcome.SERVED


@pytest.mark.parametrize(
    "site",
    [
        'extends = "closed"',
        FULL + '[queue]\ntimeout = "20s"\n',
        SITE + '[waiting]\nfinal_after = "20s"\n[[operators]]\nname = "Ursula"\npicks_up = false\n',
    ],
)
def test_a_message_is_left_where_nobody_comes(site: str) -> None:
    """After `notaccepted`, after a queue's timeout, after the final line; with the chat's own ids."""
    played = Stage(site).play(leaves_a_message_when_turned_away)
    assert played.outcome is Outcome.LEFT_MESSAGE
    assert played.names[-1] == "LeaveMessage"
    (left,) = played.stage.switchboard.reception.left_messages
    assert left["chat_uid"]
    assert left["email"].endswith("@example.com")
    assert played.stage.switchboard.floor.counts.incidents["invalid_data"] == 0


def test_a_message_is_left_without_a_chat() -> None:
    """No Hello, no UID."""
    played = Stage(SITE).play(leaves_a_message_at_once)
    assert played.names == ["Connect", "LeaveMessage"]
    assert played.outcome is Outcome.LEFT_MESSAGE
    assert played.stage.switchboard.reception.left_messages[0]["chat_uid"] == ""


@pytest.mark.parametrize("site, allowed", [('extends = "closed"', False), ('extends = "closed"\n' + NO_MESSAGES, True)])
def test_no_message_is_left_where_none_may_be(site: str, allowed: bool) -> None:
    """Neither beyond this machine without leave, nor where the site takes none; the outcome is what it was before."""
    for journey, outcome in (
        (leaves_a_message_when_turned_away, Outcome.TURNED_AWAY),
        (leaves_a_message_at_once, Outcome.BROWSED),
    ):
        played = Stage(site, side_effects=allowed).play(journey)
        assert played.outcome is outcome
        assert "LeaveMessage" not in played.names


def test_silence_lasts_until_the_server_ends_it() -> None:
    """The warning is a line like any other; then `quit`, and the survey."""
    played = Stage(SITE).play(goes_silent)
    assert played.outcome is Outcome.ENDED_BY_SERVER
    assert played.names.count("Message") == 1
    assert "Quit" not in played.names
    assert played.stage.switchboard.floor.counts.incidents["inactive_chats"] == 1


def test_silence_ends_with_the_chat() -> None:
    """Nobody sits before a chat that an operator has ended."""
    played = Stage(SITE + "[habits]\nhang_up = 1.0\n").play(goes_silent)
    assert played.outcome is Outcome.ENDED_BY_SERVER
    assert played.seconds < 300


def test_silence_lasts_an_hour_where_no_server_ends_it() -> None:
    """Then the visitor leaves; unless it calls a connection dead before, over which nothing comes for so long."""
    patient = SITE + '[chat]\ninactivity_line_after = "300s"\ninactivity_quit_after = "9000s"\n'
    played = Stage(patient, deadlines=Deadlines(idle_s=7200)).play(goes_silent)
    assert played.outcome is Outcome.SERVED
    assert "Quit" in played.names
    played = Stage(patient, deadlines=Deadlines(idle_s=600)).play(goes_silent)
    assert played.outcome is Outcome.TIMED_OUT
    assert played.tally.faults == {"idle_timeout": 1}
