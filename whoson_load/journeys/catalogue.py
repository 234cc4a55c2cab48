"""Every journey there is, in one table: how often it is made, who says so, and what it copes with.

Knows nothing of what happens in a journey. A mix draws from the table with the visitor's own dice, so that the same
visitor makes the same visit in every run of the same seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from whoson_load.client.session import ChatSession
from whoson_load.errors import ConfigError
from whoson_load.journeys.browsing import browses
from whoson_load.journeys.choosing import asks_for_a_department, asks_for_an_operator
from whoson_load.journeys.erring import errs_first
from whoson_load.journeys.everyday import everyday, wants_the_transcript
from whoson_load.journeys.files import answers_file_requests, sends_a_file
from whoson_load.journeys.keyboard import pastes, types_and_sends_nothing
from whoson_load.journeys.languages import brings_a_translation, has_it_translated
from whoson_load.journeys.patience import (
    abandons_the_queue,
    goes_silent,
    leaves_a_message_at_once,
    leaves_a_message_when_turned_away,
)
from whoson_load.journeys.reloading import reloads, resumes
from whoson_load.journeys.visit import Journey
from whoson_load.measurement.outcome import Outcome
from whoson_load.visitors.draws import WeightedChoice

__all__ = ["ANYTHING", "CATALOGUE", "Entry", "Mishap", "Mix", "mix"]


class Mishap(StrEnum):
    """What may happen to a visit at any step of it."""

    ERROR = "an error that names no command"
    TRANSFER = "another operator takes over"
    FILE_REQUEST = "the operator asks for a file"
    FIELD_REQUEST = "the operator asks for a field"
    QUEUE = "a place in the queue"
    TURNED_AWAY = "notaccepted, before or after having been accepted"
    FINAL_LINE = "the final waiting line"
    QUIT = "the operator or the server ends the chat"
    UNKNOWN = "an event, and a line of a class, that nobody has heard of"
    CLOSE = "the server closes the connection"
    RESET = "the connection breaks"
    SILENCE = "the server says nothing any more"
    LOSS = "the server no longer knows the chat"


ANYTHING = frozenset(Mishap)
"""A visit may end early by any of these; it never hangs, and never does what its state does not allow."""


class Entry(NamedTuple):
    """A journey of the catalogue.

    Attributes:
        journey: what the visitor does.
        weight: how often it is made, beside the others.
        source: of the weight.
        copes_with: what may happen to it at every step.
    """

    journey: Journey
    weight: float
    source: str = "Invented"
    copes_with: frozenset[Mishap] = ANYTHING

    @property
    def about(self) -> str:
        """What the visitor does, in one line."""
        return (self.journey.__doc__ or "").partition("\n")[0]


CATALOGUE: Mapping[str, Entry] = {
    "everyday": Entry(everyday, 50),
    "browses": Entry(browses, 10),
    "abandons_the_queue": Entry(abandons_the_queue, 5),
    "leaves_a_message_when_turned_away": Entry(leaves_a_message_when_turned_away, 5),
    "leaves_a_message_at_once": Entry(leaves_a_message_at_once, 3),
    "asks_for_a_department": Entry(asks_for_a_department, 3),
    "asks_for_an_operator": Entry(asks_for_an_operator, 2),
    "sends_a_file": Entry(sends_a_file, 3),
    "answers_file_requests": Entry(answers_file_requests, 3),
    "brings_a_translation": Entry(brings_a_translation, 2),
    "has_it_translated": Entry(has_it_translated, 2),
    "wants_the_transcript": Entry(wants_the_transcript, 3),
    "goes_silent": Entry(goes_silent, 2),
    "reloads": Entry(reloads, 2),
    "resumes": Entry(resumes, 1),
    "types_and_sends_nothing": Entry(types_and_sends_nothing, 1),
    "pastes": Entry(pastes, 1),
    "errs_first": Entry(errs_first, 2),
}
"""Name -> journey. All answer an operator's `requestfield`; `errs_first` at the second try.

Two of them send what a strict server may hold against the address they come from: `resumes` where sessions do not
outlive their connection, `errs_first` where answers are judged. On a target that is not this machine they do so only
with --allow-side-effects, and are like `reloads` and `everyday` otherwise.
"""


class Mix:
    """A journey that is now one, now another; the one that it is gets counted, and not the mix.

    Args:
        choice: of journeys, drawn with the visitor's dice.
    """

    def __init__(self, choice: WeightedChoice[Journey]) -> None:
        self._choice = choice

    def __call__(self, chat: ChatSession) -> Outcome:
        """Be one of them."""
        journey = self._choice.draw(chat.visitor.rng)
        chat.recorder.journey(journey.__name__)
        return journey(chat)


def mix(weights: Mapping[str, float] | None = None) -> Mix:
    """A journey that is now one of the catalogue's, now another: each visitor's own dice decide.

    Args:
        weights: name -> how often; None for the catalogue's own.

    Raises:
        ConfigError: a name that is not in the catalogue, or weights of which none is above 0 or one is below.
    """
    if weights is None:
        weights = {name: entry.weight for name, entry in CATALOGUE.items()}
    unknown = [name for name in weights if name not in CATALOGUE]
    if unknown:
        raise ConfigError(f"journeys: got {', '.join(unknown)}, expected of {', '.join(CATALOGUE)}")
    try:
        choice = WeightedChoice([(CATALOGUE[name].journey, weight) for name, weight in weights.items()])
    except ValueError as problem:
        raise ConfigError(f"journeys: {problem}") from None
    return Mix(choice)
