from __future__ import annotations

import pytest

from tests.journeys.stage import STEADY, Stage
from whoson_load.journeys.languages import brings_a_translation, has_it_translated
from whoson_load.measurement.outcome import Outcome
from whoson_load.protocol.commands import Hello, Message, Preview
from whoson_load.visitors.talk import with_token

SITE = 'extends = "default"\n' + STEADY
ENGLISH = SITE + '[[operators]]\nname = "Howard"\nlang = "en"\n'


@pytest.mark.parametrize("number", range(4))
def test_each_line_brings_its_translation(number: int) -> None:
    """A chat shows the original alone, token and all, so that no line is lost; previews are of what is typed."""
    played = Stage(ENGLISH, number=number).play(brings_a_translation)
    assert played.outcome is Outcome.SERVED
    messages = [command.text for command in played.commands if isinstance(command, Message)]
    assert all("<original>" in text and text.endswith("</original>") for text in messages)
    assert not any("<" in command.text for command in played.commands if isinstance(command, Preview))
    assert played.tally.lines == {"sent": len(messages), "echoed": len(messages)}
    assert played.tally.deviations == {}
    (hello,) = [command for command in played.commands if isinstance(command, Hello)]
    assert (hello.language in ("fr", "de"), hello.translate) == (True, "true")


def test_nothing_is_translated_for_an_operator_of_the_same_language() -> None:
    """Who speaks French needs no English."""
    for number in range(6):
        played = Stage(SITE + '[[operators]]\nname = "Bastien"\nlang = "fr"\n', number=number).play(
            brings_a_translation
        )
        (hello,) = [command for command in played.commands if isinstance(command, Hello)]
        translated = any("<original>" in command.text for command in played.commands if isinstance(command, Message))
        assert translated is (hello.language != "fr")


def test_the_token_stands_ahead_of_the_original_too() -> None:
    """A chat shows the original alone."""
    assert with_token("Hello<original>Bonjour</original>", "wl1z") == "wl1z Hello<original>wl1z Bonjour</original>"
    assert with_token("<b>", "wl1z") == "wl1z <b>"


def test_the_server_translates() -> None:
    """Plain lines in the visitor's language; each of the operator's is followed by its translation."""
    played = Stage(ENGLISH).play(has_it_translated)
    assert played.outcome is Outcome.SERVED
    assert played.tally.line_classes["linet"] == played.tally.line_classes["lineo"]
    assert not any("<original>" in command.text for command in played.commands if isinstance(command, Message))
