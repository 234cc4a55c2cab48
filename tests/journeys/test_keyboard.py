from __future__ import annotations

from tests.journeys.stage import STEADY, Stage
from whoson_load.journeys.keyboard import pastes, types_and_sends_nothing
from whoson_load.measurement.outcome import Outcome
from whoson_load.protocol.commands import Message
from whoson_load.protocol.lines import utf16_length

SITE = 'extends = "default"\n' + STEADY


def test_who_thinks_better_of_it_sends_nothing() -> None:
    """The operator sees typing and previews, and no line."""
    played = Stage(SITE).play(types_and_sends_nothing)
    assert played.outcome is Outcome.SERVED
    assert "Message" not in played.names
    assert played.names.count("StartTyping") == played.names.count("StopTyping") >= 2
    assert "Preview" in played.names


def test_a_pasted_text_is_as_long_as_a_line_may_be() -> None:
    """4,000 characters, token included, and the server takes them."""
    played = Stage(SITE).play(pastes)
    first, thanks = (command.text for command in played.commands if isinstance(command, Message))
    assert utf16_length(first) == 4000
    assert len(thanks) < 400
    assert played.outcome is Outcome.SERVED
    assert played.tally.lines == {"sent": 2, "echoed": 2}


def test_a_site_that_refuses_long_lines_is_no_mystery() -> None:
    """A server that takes nothing longer than 4,000 takes this."""
    assert Stage(SITE + '[chat]\ntoo_long = "close"\n').play(pastes).outcome is Outcome.SERVED
