"""How long people wait, read and think, and how long a chat they make of it: all human times of a visit in one object.

Knows no chat and no clock.

Every time is drawn as a person would take it and divided by the pace.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace

from whoson_load.errors import ConfigError
from whoson_load.visitors.draws import Constant, Distribution, Exponential, Lognormal, between
from whoson_load.visitors.keystrokes import KEYBOARD, TOUCHSCREEN, Rhythm

__all__ = ["MANNERS", "Manners"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """All human times of a visit, in seconds of life.

    A journey takes one; `dataclasses.replace` changes what is to be otherwise. The methods draw a time and divide it
    by the pace: what they return is what the visitor really waits.

    Attributes:
        pace: human times are divided by it: 1 is life, 8 an hour in seven and a half minutes. More than 0.
        patience: from Hello until a visitor whom nobody takes gives up. Source of the exponential shape: the
            Palm/Erlang-A model of impatient customers (Mandelbaum, Zeltyn: The Palm/Erlang-A Queue, with
            Applications to Call Centers, 2005, after Palm); Brown et al. (Statistical Analysis of a Telephone Call
            Center, JASA 100, 2005; not re-read but for its abstract) see it disturbed only by what callers are told
            while they wait. The mean of 5 minutes is Invented; with it, and waits of 46 s (Comm100 Live Chat
            Benchmark Report 2020), one visitor in six or seven gives up, since in that model the share that abandons
            is mean wait / mean patience.
        reading_words_per_minute: silent reading. Source: Brysbaert, How many words do we read per minute?, Journal
            of Memory and Language 109 (2019): 238, most adults from 175 to 300 (read here as the middle 80 %,
            Invented, as is the lognormal shape).
        notice: from the arrival of a line until the visitor looks at it. Invented.
        thought: from having read until the first key of the answer; the pauses of composing are in the rhythm.
            Invented.
        reply_patience: how long a visitor waits for the operator's next line before going on without it. Invented.
        field: to understand a survey field and move to it, typing not counted. Invented.
        browse: to look at a page before doing the next thing on it. Invented.
        goodbye: from the last line until the window is closed. Invented.
        turns_low, turns_high: the fewest and the most messages of an everyday chat, 1 or more; of two
            numbers drawn between them the lower one, since most chats are short. Invented.
        rhythm: how this visitor types; its pace becomes the one above.
    """

    pace: float = 1.0
    patience: Distribution = Exponential(300)
    reading_words_per_minute: Distribution = Lognormal.of(238, 51, low=100, high=500)
    notice: Distribution = Lognormal.of(1.5, 1.5, high=60)
    thought: Distribution = Lognormal.of(2.0, 2.0, high=60)
    reply_patience: Distribution = Lognormal.of(120, 90, low=20, high=900)
    field: Distribution = Lognormal.of(2.5, 1.5, low=0.5, high=30)
    browse: Distribution = Lognormal.of(20, 20, low=2, high=300)
    goodbye: Distribution = Lognormal.of(3.0, 3.0, high=60)
    turns_low: int = 3
    turns_high: int = 8
    rhythm: Rhythm = Rhythm()

    def __post_init__(self) -> None:
        if not self.pace > 0:
            raise ConfigError(f"pace: got {self.pace:g}, expected more than 0")
        if not 1 <= self.turns_low <= self.turns_high:
            raise ConfigError(f"turns: got {self.turns_low} to {self.turns_high}, expected 1 or more, ascending")
        object.__setattr__(self, "rhythm", replace(self.rhythm, pace=self.pace))

    def of_one(self, rng: random.Random, mobile: bool = False) -> Manners:
        """The manners of one visitor: typing and reading speed drawn once, so that one person types and reads it all.

        A typing speed that was not changed from the one of a keyboard becomes the one of a touchscreen where the
        visitor is mobile.
        """
        rhythm = self.rhythm
        if mobile and rhythm.words_per_minute == KEYBOARD:
            rhythm = replace(rhythm, words_per_minute=TOUCHSCREEN)
        return replace(
            self,
            rhythm=rhythm.typist(rng),
            reading_words_per_minute=Constant(self.reading_words_per_minute.draw(rng)),
        )

    def turns(self, rng: random.Random) -> int:
        """How many messages the visitor sends in an everyday chat."""
        return min(between(self.turns_low, self.turns_high, rng), between(self.turns_low, self.turns_high, rng))

    def patience_s(self, rng: random.Random) -> float:
        """How long the visitor waits to be taken."""
        return self.patience.draw(rng) / self.pace

    def reading_s(self, text: str, rng: random.Random) -> float:
        """How long it takes to notice a text and to read it: 0 words take only the noticing."""
        minutes = len(text.split()) / self.reading_words_per_minute.draw(rng)
        return (self.notice.draw(rng) + 60 * minutes) / self.pace

    def thought_s(self, rng: random.Random) -> float:
        """How long the visitor thinks before the first key of an answer."""
        return self.thought.draw(rng) / self.pace

    def reply_patience_s(self, rng: random.Random) -> float:
        """How long the visitor waits for an operator's line before going on without it."""
        return self.reply_patience.draw(rng) / self.pace

    def browse_s(self, rng: random.Random) -> float:
        """How long the visitor looks at a page."""
        return self.browse.draw(rng) / self.pace

    def goodbye_s(self, rng: random.Random) -> float:
        """How long the visitor stays after the last line."""
        return self.goodbye.draw(rng) / self.pace

    def filling_s(self, answers: Iterable[tuple[str, str]], rng: random.Random) -> float:
        """How long it takes to fill a survey in: for each field the time to understand it and to type the answer.

        Args:
            answers: (field name, value) pairs as `answer_survey` gives them.
        """
        characters_per_s = 5 * self.rhythm.words_per_minute.draw(rng) / 60
        return sum(self.field.draw(rng) + len(value) / characters_per_s for _, value in answers) / self.pace


MANNERS = Manners()
"""People as they are, at the pace of life."""
