from __future__ import annotations

import pytest

from tests.journeys.stage import STEADY, Stage
from whoson_load.journeys.reloading import reloads, resumes
from whoson_load.journeys.visit import Journey
from whoson_load.measurement.outcome import Outcome

SITE = 'extends = "default"\n' + STEADY
RESUMES = SITE + '[reconnect]\nreading = "resume"\n'


@pytest.mark.parametrize("site", [SITE, RESUMES])
def test_a_page_that_has_forgotten_everything_begins_anew(site: str) -> None:
    """A second Connect and Hello on a second connection; the lines of both chats are in one ledger."""
    played = Stage(site).play(reloads)
    assert played.outcome is Outcome.SERVED
    assert played.names.count("Connect") == played.names.count("Hello") == 2
    assert played.tally.lines == {"sent": 2, "echoed": 2}
    assert played.tally.deviations == {}
    assert played.stage.switchboard.floor.counts.incidents["dropped_visits"] == 1
    assert played.stage.switchboard.floor.counts.incidents["invalid_data"] == 0


def test_a_chat_is_resumed_where_the_server_lets_it() -> None:
    """One Connect, one Hello, one chat; all lines on either connection are accounted for."""
    played = Stage(RESUMES).play(resumes)
    assert played.outcome is Outcome.SERVED
    assert played.names.count("Connect") == played.names.count("Hello") == 1
    assert played.tally.lines == {"sent": 2, "echoed": 2}
    assert played.stage.switchboard.floor.counts.incidents["resumed_visits"] == 1
    assert played.stage.switchboard.book.total == 1


@pytest.mark.parametrize("journey", [reloads, resumes])
def test_a_page_is_not_loaded_anew_after_the_chat(journey: Journey) -> None:
    """An operator who hung up leaves nothing to come back to."""
    played = Stage(SITE + "[habits]\nhang_up = 1.0\n").play(journey)
    assert played.outcome is Outcome.ENDED_BY_SERVER
    assert played.names.count("Connect") == 1


def test_a_chat_that_cannot_be_resumed_begins_anew() -> None:
    """The server's refusal is an answer, and nothing wrong."""
    played = Stage(SITE).play(resumes)
    assert played.outcome is Outcome.SERVED
    assert played.problem is None
    assert played.tally.faults == {}
    assert played.names.count("Hello") == 2
    assert played.tally.lines == {"sent": 2, "echoed": 2}


@pytest.mark.parametrize("site", [SITE, RESUMES])
def test_no_old_session_is_tried_where_it_may_be_held_against_us(site: str) -> None:
    """Without leave for what outlasts the run the page forgets its session, and nothing is invalid to any server."""
    played = Stage(site, side_effects=False).play(resumes)
    assert played.outcome is Outcome.SERVED
    assert played.names == Stage(site).play(reloads).names
    assert played.stage.switchboard.floor.counts.incidents["invalid_data"] == 0


def test_an_old_session_costs_one_strike_where_sessions_end() -> None:
    """With leave it is tried once, and that is what the server counts."""
    played = Stage(SITE).play(resumes)
    assert played.stage.switchboard.floor.counts.incidents["invalid_data"] == 1
