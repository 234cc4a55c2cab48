"""How people type: text in, timed typing actions out. Knows nothing of who types, nor of the wire the actions go over.

The model, for a typist of w words (of 5 characters) a minute who copies a text, in seconds:

    key interval    60 / (5 w KSPC) x jitter, jitter lognormal with mean 1
    pause           before some words, and longer before some sentences: what composing costs on top of copying
    correction      some wrong keys, noticed a key or more later, taken back and typed again: the preview shrinks

Sources of its figures:

- Dhakal, Feit, Kristensson, Oulasvirta: Observations on Typing from 136 Million Keystrokes, CHI 2018: 168,000
  people copying sentences on keyboards: 51.56 words a minute (SD 20.20), a tenth of them below about 26 and a tenth
  above about 78, inter-key interval 238.66 ms (SD 111.60), 1.173 keystrokes a character (KSPC). Read in the abstract
  and in two transcriptions of its figures that agree.
- Palin, Feit, Kim, Kristensson, Oulasvirta: How do People Type on Mobile Devices?, MobileHCI 2019: 37,370 people:
  36.17 words a minute (SD 13.22), three quarters of them below 43.98. Read likewise.
- Karat, Halverson, Horn, Karat: Patterns of Entry and Correction in Large Vocabulary Continuous Speech Recognition
  Systems, CHI 1999: 32.5 words a minute when copying a text, 19.0 when composing one: composing takes 1.71 times as
  long. The pauses are chosen to give that ratio. Not re-read: as others quote it.
- Medimorec, Risko: Pauses in Written Composition, Reading and Writing 30 (2017), and the studies beside it: pauses are
  longer and more frequent before a sentence than before a word, and before a word than within one. Read in its
  abstract, which says that it replicates this, and in a review that sums it up (doi 10.1007/s11145-022-10284-4).

Errors left in the text (1.17 % of characters in Dhakal et al.) are not imitated: what is sent is exactly the text
that was given.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from whoson_load.errors import ConfigError
from whoson_load.visitors.draws import Constant, Distribution, Lognormal, pick

__all__ = [
    "KEYBOARD",
    "PREVIEW_EVERY_KEY",
    "PREVIEW_NEVER",
    "TOUCHSCREEN",
    "Act",
    "Keystroke",
    "Rhythm",
    "paste",
    "type_out",
]

KEYBOARD = Lognormal.of(51.56, 20.2, low=10, high=160)
"""Words a minute at a keyboard. Source: mean and SD of Dhakal et al. 2018; the shape and the bounds are Invented.

That shape has the study's ninth decile, 78, but a first one of 30 where the study has about 26.
"""

TOUCHSCREEN = Lognormal.of(36.17, 13.22, low=8, high=120)
"""Words a minute on a phone. Source: mean and SD of Palin et al. 2019; the shape and the bounds are Invented."""

KEYSTROKES_PER_CHARACTER = 1.173
"""Keys pressed for each character of the finished text, taking back included. Source: Dhakal et al. 2018."""

PREVIEW_EVERY_KEY = 0.0
PREVIEW_NEVER = None


class Act(Enum):
    """What the chat window does while a visitor types."""

    START_TYPING = "StartTyping"
    PREVIEW = "Preview"
    STOP_TYPING = "StopTyping"
    MESSAGE = "Message"


class Keystroke(NamedTuple):
    """One timed action.

    Attributes:
        at_s: seconds since the first key, never falling from one action to the next.
        act: what the chat window does.
        text: what stands in the input (PREVIEW) or is sent (MESSAGE); "" for the others.
    """

    at_s: float
    act: Act
    text: str


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How somebody types, and what their chat window sends meanwhile; times are in seconds of life.

    Attributes:
        words_per_minute: typing speed when copying, a word being 5 characters.
        preview_every_s: 0 for a preview at every key, n for one every n seconds in which the text changed, None for
            none. The specification allows both; one every 2 s is Invented.
        stop_typing_after_s: without a key for so long, StopTyping is sent. Source: the WhosOn Chat API
            specification, "(say) 2 seconds".
        jitter: standard deviation of the logarithm of one typist's key intervals. Invented.
        word_pause_chance, word_pause_s: how often and how long a word is sought. Invented, see the ratio of Karat
            et al. in this module's docstring.
        thought_chance, sentence_chance, thought_s: how often (before a word, before a sentence) and how long
            somebody thinks. Invented, likewise.
        slip_chance: of a wrong key, at each character; chosen so that KEYSTROKES_PER_CHARACTER comes out.
        slips_seen_after: mean number of keys, the wrong one included, until a wrong key is seen. Invented.
        send_after_s: from the last key to the key that sends. Invented.
        pastes_from: a text of so many characters is not typed but pasted: nobody sits at one line for half an hour.
            Invented.
        pace: human times are divided by it; more than 0.

    Raises:
        ConfigError: one of these is outside its range.
    """

    words_per_minute: Distribution = KEYBOARD
    preview_every_s: float | None = 2.0
    stop_typing_after_s: float = 2.0
    jitter: float = 0.45
    word_pause_chance: float = 0.28
    word_pause_s: Distribution = Lognormal.of(1.2, 0.8)
    thought_chance: float = 0.14
    sentence_chance: float = 0.6
    thought_s: Distribution = Lognormal.of(4.5, 3.5, high=40)
    slip_chance: float = 0.05
    slips_seen_after: float = 1.73
    send_after_s: Distribution = Lognormal.of(0.6, 0.5, high=10)
    pastes_from: int = 400
    pace: float = 1.0

    def __post_init__(self) -> None:
        every_s, thinks = self.preview_every_s, max(self.thought_chance, self.sentence_chance)
        for name, value, holds, expected in (
            ("preview_every_s", every_s, every_s is None or every_s == 0 or every_s >= 0.1, "None, 0 or at least 0.1"),
            ("stop_typing_after_s", self.stop_typing_after_s, self.stop_typing_after_s > 0, "more than 0"),
            ("jitter", self.jitter, self.jitter >= 0, "0 or more"),
            ("slip_chance", self.slip_chance, 0 <= self.slip_chance < 1, "0 to below 1"),
            ("slips_seen_after", self.slips_seen_after, self.slips_seen_after >= 1, "1 or more"),
            ("thought_chance", self.thought_chance, min(self.thought_chance, self.sentence_chance) >= 0, "0 to 1"),
            ("word_pause_chance", self.word_pause_chance, 0 <= self.word_pause_chance <= 1 - thinks, "0 to 1 in all"),
            ("pastes_from", self.pastes_from, self.pastes_from >= 1, "1 or more"),
            ("pace", self.pace, 0 < self.pace < math.inf, "more than 0"),
        ):
            if not holds:
                raise ConfigError(f"{name}: got {value}, expected {expected}")

    def typist(self, rng: random.Random) -> Rhythm:
        """The rhythm of one person: the speed drawn once, so that one pair of hands types all of a chat."""
        return replace(self, words_per_minute=Constant(self.words_per_minute.draw(rng)))


def type_out(text: str, rhythm: Rhythm, rng: random.Random, sends: bool = True) -> Iterator[Keystroke]:
    """Type a text, lazily: an action is made when it is asked for, at a few microseconds and a copy of the text so far.

    StartTyping comes at the first key, and again at the first key after a StopTyping; Message comes last.

    Args:
        text: what is sent in the end, exactly. "" yields nothing; one too long to be typed is pasted.
        rhythm: whose hands and window these are; a speed that is a distribution is drawn once, at the start.
        rng: everything random comes from it, and nothing after the last action was taken.
        sends: False for a visitor who thinks better of it: the last action is a StopTyping, no Message.
    """
    if len(text) >= rhythm.pastes_from:
        return paste(text, rhythm, rng, sends)
    return _window(_keys(text, rhythm, rng), text, rhythm, rng, sends)


def paste(text: str, rhythm: Rhythm, rng: random.Random, sends: bool = True) -> Iterator[Keystroke]:
    """Put a whole text into the input with one key, and send it; see `type_out`."""
    return _window(iter([(0.0, text)] if text else []), text, rhythm, rng, sends)


def _window(
    keys: Iterator[tuple[float, str]], text: str, rhythm: Rhythm, rng: random.Random, sends: bool
) -> Iterator[Keystroke]:
    """The chat window around the keys: its typing timer, its preview timer, and the sending."""
    pace, every_s = rhythm.pace, rhythm.preview_every_s
    at_s, stop_at_s, tick_at_s = 0.0, math.inf, math.inf
    shown = previewed = ""

    def timers_until(until_s: float) -> Iterator[Keystroke]:
        nonlocal stop_at_s, tick_at_s, previewed
        while min(stop_at_s, tick_at_s) <= until_s:
            if stop_at_s <= tick_at_s:
                yield Keystroke(stop_at_s / pace, Act.STOP_TYPING, "")
                stop_at_s = math.inf
            else:
                if shown != previewed:
                    yield Keystroke(tick_at_s / pace, Act.PREVIEW, shown)
                    previewed = shown
                tick_at_s += every_s or math.inf

    for delay_s, shown_next in keys:
        at_s += delay_s
        if stop_at_s <= at_s or tick_at_s <= at_s:
            yield from timers_until(at_s)
        if stop_at_s == math.inf:
            yield Keystroke(at_s / pace, Act.START_TYPING, "")
        stop_at_s = at_s + rhythm.stop_typing_after_s
        shown = shown_next
        if every_s == PREVIEW_EVERY_KEY:
            yield Keystroke(at_s / pace, Act.PREVIEW, shown)
        elif every_s is not None and tick_at_s == math.inf:
            tick_at_s = at_s + every_s
    if stop_at_s == math.inf:
        return
    if sends:
        at_s += rhythm.send_after_s.draw(rng)
        yield from timers_until(at_s)
        yield Keystroke(at_s / pace, Act.MESSAGE, text)
    else:
        yield from timers_until(stop_at_s)


def _keys(text: str, rhythm: Rhythm, rng: random.Random) -> Iterator[tuple[float, str]]:
    """The hands: (seconds since the key before, what then stands in the input) for each key."""
    draw, jitter = rng.random, _jitter_table(rhythm.jitter)
    key_s = 60 / (5 * rhythm.words_per_minute.draw(rng) * KEYSTROKES_PER_CHARACTER)
    slip_chance, word_starts = rhythm.slip_chance, False
    # The first key is where the time starts, whatever it is.
    delay_s = 0.0
    for index, character in enumerate(text):
        is_space = character.isspace()
        if word_starts and not is_space:
            delay_s += _pause_s(text[index - 2 : index - 1], rhythm, rng)
        word_starts = is_space
        if draw() < slip_chance:
            for shown in _slip(text, index, rhythm, rng):
                yield delay_s, shown
                delay_s = key_s * jitter[int(draw() * _JITTER_STEPS)]
        yield delay_s, text[: index + 1]
        delay_s = key_s * jitter[int(draw() * _JITTER_STEPS)]


def _pause_s(before_space: str, rhythm: Rhythm, rng: random.Random) -> float:
    """What composing costs before the next word: a thought, the search for the word, or nothing."""
    point = rng.random()
    thought_chance = rhythm.sentence_chance if before_space in _SENTENCE_ENDS else rhythm.thought_chance
    if point < thought_chance:
        return rhythm.thought_s.draw(rng)
    if point < thought_chance + rhythm.word_pause_chance:
        return rhythm.word_pause_s.draw(rng)
    return 0.0


def _slip(text: str, index: int, rhythm: Rhythm, rng: random.Random) -> Iterator[str]:
    """A wrong key, some right ones after it, then each of them taken back: what stands in the input each time."""
    good = text[:index]
    bad = good + pick(_NEIGHBOURS.get(text[index].lower(), _ANY_LETTER), rng)
    yield bad
    unseen = 1 - 1 / rhythm.slips_seen_after
    for character in text[index + 1 :] if unseen else "":
        if not rng.random() < unseen:
            break
        bad += character
        yield bad
    while len(bad) > len(good):
        bad = bad[:-1]
        yield bad


_SENTENCE_ENDS = frozenset(".?!…\n")
_ANY_LETTER = "etaoinsr"
_NEIGHBOURS = {
    key: row[max(0, place - 1) : place] + row[place + 1 : place + 2]
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890")
    for place, key in enumerate(row)
}
"""The keys left and right of a key on a QWERTY keyboard: where a finger that misses lands."""

_JITTER_STEPS = 1024


@lru_cache(maxsize=8)
def _jitter_table(sigma: float) -> tuple[float, ...]:
    # Drawing from a table of quantiles costs a tenth of drawing from the distribution, and no test of times can tell.
    shape = Lognormal(1.0, sigma)
    quantiles = [shape.quantile((step + 0.5) / _JITTER_STEPS) for step in range(_JITTER_STEPS)]
    mean = sum(quantiles) / _JITTER_STEPS
    return tuple(quantile / mean for quantile in quantiles)
