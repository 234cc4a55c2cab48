"""What visitors say, in their language and on a topic of their own. Knows no chat, no operator and no time.

The sentences stand in `talk_LANGUAGE.toml`, made up, in lists that are parallel over the languages: what is said in
one can be said in any other. A line is put together of one to three of them, which gives some thousands of
different openings in each language.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import TypeAlias

from whoson_load.errors import ConfigError
from whoson_load.visitors.draws import WeightedChoice, between, happens, pick
from whoson_load.visitors.oddities import ODDITIES, Oddities

__all__ = ["LANGUAGES", "MAX_LINE_UNITS", "Kind", "Talk", "shorten", "with_token"]

LANGUAGES = ("en", "fr", "de")
"""What visitors speak: ISO 639-1."""

MAX_LINE_UNITS = 4000
"""The longest line a chat takes, in UTF-16 units.

Source: the WhosOn Chat API specification, "max 4000 characters"; that a server in .NET counts UTF-16 units is inferred.
"""

CASUAL = 0.2
"""How often a line is written without capitals and without its last full stop. Invented."""


class Kind(StrEnum):
    """What a line is for."""

    OPENING = "opening"
    QUESTION = "question"
    ANSWER = "answer"
    THANKS = "thanks"
    MESSAGE = "message"
    """Left where nobody answers: all that is to be known, at once."""


_Shape: TypeAlias = tuple[tuple[str, str], ...]

_SHAPES: Mapping[Kind, WeightedChoice[_Shape]] = {
    Kind.OPENING: WeightedChoice(
        [
            ((("any", "greeting"), ("topic", "problem")), 50),
            ((("any", "greeting"), ("topic", "problem"), ("topic", "detail")), 20),
            ((("any", "greeting"), ("topic", "question")), 20),
            ((("topic", "problem"),), 10),
        ]
    ),
    Kind.QUESTION: WeightedChoice(
        [
            ((("topic", "question"),), 60),
            ((("any", "question"),), 25),
            ((("topic", "detail"), ("topic", "question")), 15),
        ]
    ),
    Kind.ANSWER: WeightedChoice(
        [
            ((("any", "answer"),), 60),
            ((("topic", "detail"),), 30),
            ((("topic", "detail"), ("any", "question")), 10),
        ]
    ),
    Kind.THANKS: WeightedChoice([((("any", "thanks"),), 1)]),
    Kind.MESSAGE: WeightedChoice(
        [
            ((("any", "greeting"), ("topic", "problem"), ("topic", "detail"), ("topic", "question")), 60),
            ((("any", "greeting"), ("topic", "problem"), ("any", "question"), ("any", "thanks")), 40),
        ]
    ),
}
"""Which lists a line of a kind takes a sentence from, and how often. Invented.

"topic" is whatever the visitor came for. What comes out (5 to 20 words in most openings, 1 to 15 in most answers) is
to look like a help desk's chats.
"""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line in no language: (section, list, place) of each sentence, and what fills the gaps in them."""

    sentences: tuple[tuple[str, str, int], ...]
    order: str
    product: int
    day: int

    def said(self, language: str) -> str:
        """The line in a language."""
        book = _book(language)
        text = ""
        for section, name, place in self.sentences:
            sentence = book[section][name][place]
            if not text.endswith(","):
                sentence = sentence[0].upper() + sentence[1:]
            elif name == "question":
                sentence = sentence[0].lower() + sentence[1:]
            text = f"{text} {sentence}" if text else sentence
        return self.filled(text, language)

    def filled(self, text: str, language: str) -> str:
        """A text with its gaps filled."""
        words = _book(language)["words"]
        return text.format(order=self.order, product=words["product"][self.product], day=words["day"][self.day])


class Talk:
    """What one visitor says in one visit: one topic, one order number, one product from the first line to the last.

    Args:
        language: one of LANGUAGES.
        rng: everything random comes from it.
        oddities: how often a line has something in it that a server may stumble over.

    Raises:
        ConfigError: nobody here speaks that language.
    """

    __slots__ = ("_oddities", "_order", "_product", "_rng", "_said", "_topic", "language")

    def __init__(self, language: str, rng: random.Random, oddities: Oddities = ODDITIES) -> None:
        book = _book(language)
        self.language = language
        self._rng = rng
        self._oddities = oddities
        self._said: set[tuple[str, str, int]] = set()
        self._topic = pick([section for section in book if section not in ("any", "words")], rng)
        self._order = str(between(10_000, 99_999_999, rng))
        self._product = between(0, len(book["words"]["product"]) - 1, rng)

    def line(self, kind: Kind | str) -> str:
        """Something to say: never empty, no line break in it, at most MAX_LINE_UNITS long. Costs some 5 us.

        Args:
            kind: what for; a string is read as the value of a Kind.

        Raises:
            ValueError: there is no such kind.
        """
        line = self._line(Kind(kind))
        text = line.said(self.language)
        if happens(CASUAL, self._rng):
            text = text.lower().removesuffix(".")
        story = _book(self.language)["any"]["story"]
        return shorten(
            self._oddities.put_into(text, lambda: line.filled(pick(story, self._rng), self.language), self._rng)
        )

    def pasted(self, length: int = MAX_LINE_UNITS) -> str:
        """A text from elsewhere, of exactly so many characters (1 or more), each a single UTF-16 unit."""
        line = self._line(Kind.MESSAGE)
        story = [line.filled(sentence, self.language) for sentence in _book(self.language)["any"]["story"]]
        text = line.said(self.language)
        while len(text) < length:
            text = f"{text} {pick(story, self._rng)}"
        # A text that ends in a space would come back without it.
        return text[: length - 1] + text[length - 1].replace(" ", ".")

    def translated(self, kind: Kind | str, into: str) -> tuple[str, str]:
        """Something to say that the visitor's own window translates: (in the other language, in the visitor's own).

        Neither has an oddity in it: what is odd is for the server to handle.

        Args:
            kind: what for; see `line`.
            into: the language of the translation, one of LANGUAGES.

        Raises:
            ConfigError: nobody here speaks that language.
            ValueError: there is no such kind.
        """
        line = self._line(Kind(kind))
        return line.said(into), line.said(self.language)

    def _line(self, kind: Kind) -> _Line:
        book, rng = _book(self.language), self._rng
        sentences = []
        for section, name in _SHAPES[kind].draw(rng):
            found = self._topic if section == "topic" else section
            count = len(book[found][name])
            first = between(0, count - 1, rng)
            # People do not ask the same thing twice, before they have asked everything.
            places = [(found, name, (first + step) % count) for step in range(count)]
            sentences.append(next((each for each in places if each not in self._said), places[0]))
            self._said.add(sentences[-1])
        day = between(0, len(book["words"]["day"]) - 1, rng)
        return _Line(tuple(sentences), self._order, self._product, day)


_Book: TypeAlias = Mapping[str, Mapping[str, Sequence[str]]]


@lru_cache(maxsize=len(LANGUAGES))
def _book(language: str) -> _Book:
    """The sentences of a language: section -> list -> sentences; sections are "words", "any" and one for each topic."""
    if language not in LANGUAGES:
        raise ConfigError(f"language: got {language!r}, expected one of {', '.join(LANGUAGES)}")
    text = resources.files(__package__).joinpath(f"talk_{language}.toml").read_text("utf-8")
    book = tomllib.loads(text)
    return {"words": book["words"], "any": book["any"], **book["topic"]}


def with_token(text: str, token: str) -> str:
    """A line with the ledger's token in it, at most MAX_LINE_UNITS long: "7k2f0001a Hello, ...".

    The token stands first, a space behind it. So nothing a line may hold can swallow it on its way: no unclosed tag
    or quote stands before it, no link or Markdown touches it, and what is cut off a line that is too long is the
    line's end. Letters and digits are the same after escaping. A line that brings its own translation along has the
    token a second time, ahead of the original: that is all a chat shows of it.

    Args:
        text: the line; its end is cut off where both would be too long.
        token: ASCII letters and digits, fewer than MAX_LINE_UNITS.

    Raises:
        ValueError: the token is not such.
    """
    if not (token.isascii() and token.isalnum() and len(token) < MAX_LINE_UNITS):
        raise ValueError(f"token: got {token[:60]!r}, expected ASCII letters and digits")
    return shorten(f"{token} {text}".replace("<original>", f"<original>{token} ", 1)) if text else token


def shorten(text: str, units: int = MAX_LINE_UNITS) -> str:
    """The text, its end cut off where it has more than so many UTF-16 units; a character is never cut in half."""
    if 2 * len(text) <= units:
        return text
    return text.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "ignore")
