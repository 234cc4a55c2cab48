from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.errors import ConfigError
from whoson_load.visitors.draws import Constant
from whoson_load.visitors.keystrokes import (
    KEYBOARD,
    PREVIEW_EVERY_KEY,
    PREVIEW_NEVER,
    TOUCHSCREEN,
    Act,
    Keystroke,
    Rhythm,
    paste,
    type_out,
)

KSPC = 1.173


def metronome(key_s: float, **changed: object) -> Rhythm:
    """A rhythm without chance: a key every `key_s` seconds, no slips, no pauses, sent half a second later."""
    even = Rhythm(
        words_per_minute=Constant(60 / (5 * key_s * KSPC)),
        preview_every_s=PREVIEW_EVERY_KEY,
        jitter=0,
        word_pause_chance=0,
        thought_chance=0,
        sentence_chance=0,
        slip_chance=0,
        send_after_s=Constant(0.5),
    )
    return replace(even, **changed)  # type: ignore[arg-type]


class Scripted(random.Random):
    """Random numbers from a list, the last one for ever; counts how many were taken."""

    def __init__(self, numbers: Iterable[float]) -> None:
        super().__init__()
        self._numbers = iter(numbers)
        self._last = 0.5
        self.taken = 0

    def random(self) -> float:
        """The next number of the list."""
        self.taken += 1
        self._last = next(self._numbers, self._last)
        return self._last


def acts(actions: Iterable[Keystroke]) -> list[tuple[float, str, str]]:
    """The actions as a table: (seconds to the millisecond, command, text)."""
    return [(round(each.at_s, 3), each.act.value, each.text) for each in actions]


TABLES = {
    "a preview at every key": (
        "Hi!",
        metronome(0.1),
        [
            (0.0, "StartTyping", ""),
            (0.0, "Preview", "H"),
            (0.1, "Preview", "Hi"),
            (0.2, "Preview", "Hi!"),
            (0.7, "Message", "Hi!"),
        ],
    ),
    "no preview where the site wants none": (
        "Hi!",
        metronome(0.1, preview_every_s=PREVIEW_NEVER),
        [(0.0, "StartTyping", ""), (0.7, "Message", "Hi!")],
    ),
    "a preview every two seconds in which something changed": (
        "abcdefgh",
        metronome(0.7, preview_every_s=2.0, send_after_s=Constant(1.5)),
        [
            (0.0, "StartTyping", ""),
            (2.0, "Preview", "abc"),
            (4.0, "Preview", "abcdef"),
            (6.0, "Preview", "abcdefgh"),
            (6.4, "Message", "abcdefgh"),
        ],
    ),
    "none of them at a tick when nothing changed": (
        "A. B",
        metronome(0.1, preview_every_s=1.0, sentence_chance=1, thought_s=Constant(3)),
        [
            (0.0, "StartTyping", ""),
            (1.0, "Preview", "A. "),
            (2.2, "StopTyping", ""),
            (3.3, "StartTyping", ""),
            (3.8, "Message", "A. B"),
        ],
    ),
    "StopTyping after two seconds without a key, StartTyping at the next": (
        "A. B",
        metronome(0.1, sentence_chance=1, thought_s=Constant(3)),
        [
            (0.0, "StartTyping", ""),
            (0.0, "Preview", "A"),
            (0.1, "Preview", "A."),
            (0.2, "Preview", "A. "),
            (2.2, "StopTyping", ""),
            (3.3, "StartTyping", ""),
            (3.3, "Preview", "A. B"),
            (3.8, "Message", "A. B"),
        ],
    ),
    "none when the pause is just short of it": (
        "A. B",
        metronome(0.1, sentence_chance=1, thought_s=Constant(1.85), preview_every_s=None),
        [(0.0, "StartTyping", ""), (2.65, "Message", "A. B")],
    ),
    "a long look before sending stops the typing": (
        "Hi",
        metronome(0.1, preview_every_s=None, send_after_s=Constant(5)),
        [(0.0, "StartTyping", ""), (2.1, "StopTyping", ""), (5.1, "Message", "Hi")],
    ),
    "at pace 4 every time is a quarter": (
        "A. B",
        metronome(0.1, preview_every_s=1.0, sentence_chance=1, thought_s=Constant(3), pace=4),
        [
            (0.0, "StartTyping", ""),
            (0.25, "Preview", "A. "),
            (0.55, "StopTyping", ""),
            (0.825, "StartTyping", ""),
            (0.95, "Message", "A. B"),
        ],
    ),
    "nothing to type": ("", metronome(0.1), []),
}


@pytest.mark.parametrize("text, rhythm, expected", TABLES.values(), ids=TABLES)
def test_a_text_is_typed_as_the_table_says(text: str, rhythm: Rhythm, expected: list[tuple[float, str, str]]) -> None:
    """Every action, its time and its text."""
    assert acts(type_out(text, rhythm, random.Random(1))) == expected


def test_a_wrong_key_is_seen_and_taken_back() -> None:
    """`b` becomes its left neighbour `v`, the preview shrinks, and the right key follows."""
    no, yes, any_number = 0.9, 0.1, 0.5
    script = [any_number, no, any_number, yes, 0.0, *[any_number] * 9]
    typed = type_out("ab", metronome(0.1, slip_chance=0.3, slips_seen_after=1), Scripted(script))
    assert acts(typed) == [
        (0.0, "StartTyping", ""),
        (0.0, "Preview", "a"),
        (0.1, "Preview", "av"),
        (0.2, "Preview", "a"),
        (0.3, "Preview", "ab"),
        (0.8, "Message", "ab"),
    ]


def test_a_wrong_key_may_be_seen_late() -> None:
    """Two right keys follow the wrong one before it is seen; all three are taken back, one by one."""
    script = [0.5, 0.1, 0.0, *[0.5, 0.1, 0.5, 0.1, 0.5, 0.9], *[0.5] * 5, *[0.9] * 20]
    typed = type_out("abcd", metronome(0.1, slip_chance=0.3, slips_seen_after=2), Scripted(script))
    previews = [each.text for each in typed if each.act is Act.PREVIEW]
    assert previews == ["s", "sb", "sbc", "sb", "s", "", "a", "ab", "abc", "abcd"]


def test_a_visitor_may_think_better_of_it() -> None:
    """Typed and not sent: the last preview is the whole text, then typing stops, and there is no message."""
    typed = acts(type_out("Hi", metronome(0.1), random.Random(1), sends=False))
    assert typed[-2:] == [(0.1, "Preview", "Hi"), (2.1, "StopTyping", "")]


def test_a_paste_is_one_key() -> None:
    """4,000 characters come at once, and are sent."""
    text = "x" * 4000
    assert acts(paste(text, metronome(0.1), random.Random(1))) == [
        (0.0, "StartTyping", ""),
        (0.0, "Preview", text),
        (0.5, "Message", text),
    ]
    assert [act for _, act, _ in acts(paste(text, metronome(0.1), random.Random(1), sends=False))] == [
        "StartTyping",
        "Preview",
        "StopTyping",
    ]
    assert acts(paste("", metronome(0.1), random.Random(1))) == []


def test_a_text_too_long_to_be_typed_is_pasted() -> None:
    """From 400 characters on, or from where the rhythm says."""
    rhythm = Rhythm(preview_every_s=PREVIEW_EVERY_KEY)
    for length, pasted in ((399, False), (400, True), (4000, True)):
        typed = [each.act for each in type_out("x" * length, rhythm, random.Random(1))]
        assert typed == [Act.START_TYPING, Act.PREVIEW, Act.MESSAGE] if pasted else typed.count(Act.PREVIEW) >= length
    assert len(list(type_out("abc", replace(rhythm, pastes_from=3), random.Random(1)))) == 3


rhythms = st.builds(
    Rhythm,
    words_per_minute=st.sampled_from([KEYBOARD, TOUCHSCREEN, Constant(20), Constant(120)]),
    preview_every_s=st.sampled_from([None, 0.0, 0.5, 2.0, 5.0]),
    slip_chance=st.floats(0, 0.5),
    slips_seen_after=st.floats(1, 5),
    pace=st.sampled_from([0.5, 1.0, 8.0, 100.0]),
)


@given(st.text(min_size=1, max_size=80), rhythms, st.integers(0, 2**32))
def test_whatever_is_typed_is_sent_as_it_was_given(text: str, rhythm: Rhythm, seed: int) -> None:
    """Times never fall, StartTyping and StopTyping alternate, and the message is last and is the text."""
    typed = list(type_out(text, rhythm, random.Random(seed)))
    assert typed[0] == Keystroke(0.0, Act.START_TYPING, "")
    assert all(one.at_s <= next_.at_s for one, next_ in pairwise(typed))
    switches = [each.act for each in typed if each.act in (Act.START_TYPING, Act.STOP_TYPING)]
    assert all(each is (Act.STOP_TYPING if place % 2 else Act.START_TYPING) for place, each in enumerate(switches))
    assert [each.act for each in typed].count(Act.MESSAGE) == 1
    assert typed[-1].act is Act.MESSAGE
    assert typed[-1].text == text
    if rhythm.preview_every_s is None:
        assert not any(each.act is Act.PREVIEW for each in typed)


@given(st.text(min_size=1, max_size=80), rhythms, st.integers(0, 2**32))
def test_a_key_changes_one_character_at_the_end(text: str, rhythm: Rhythm, seed: int) -> None:
    """With a preview at every key each is the one before with a character more or less, from nothing to the text."""
    every_key = replace(rhythm, preview_every_s=PREVIEW_EVERY_KEY)
    previews = ["", *(k.text for k in type_out(text, every_key, random.Random(seed)) if k.act is Act.PREVIEW)]
    for before, after in pairwise(previews):
        assert abs(len(before) - len(after)) == 1
        assert before.startswith(after) or after.startswith(before)
    assert previews[-1] == text


@given(st.text(min_size=1, max_size=80), rhythms, st.integers(0, 2**32))
def test_typing_stops_two_seconds_after_the_last_key(text: str, rhythm: Rhythm, seed: int) -> None:
    """A StopTyping stands exactly its delay after the key before, and no two keys further apart go without one."""
    every_key = replace(rhythm, preview_every_s=PREVIEW_EVERY_KEY)
    delay_s = rhythm.stop_typing_after_s / rhythm.pace
    key_at_s, stopped = 0.0, False
    for action in type_out(text, every_key, random.Random(seed), sends=False):
        if action.act is Act.STOP_TYPING:
            assert action.at_s == pytest.approx(key_at_s + delay_s)
            stopped = True
        elif action.act is Act.PREVIEW:
            assert stopped == (action.at_s - key_at_s > delay_s * (1 - 1e-12)) or action.at_s == 0
            key_at_s, stopped = action.at_s, False
    assert stopped


@given(st.text(min_size=1, max_size=60), rhythms, st.integers(0, 2**32), st.floats(0.1, 100))
def test_pace_changes_times_and_nothing_else(text: str, rhythm: Rhythm, seed: int, faster: float) -> None:
    """At another pace the same seed gives the same actions, each at its time divided by it."""
    life = list(type_out(text, replace(rhythm, pace=1.0), random.Random(seed)))
    paced = list(type_out(text, replace(rhythm, pace=faster), random.Random(seed)))
    assert [each[1:] for each in paced] == [each[1:] for each in life]
    assert [each.at_s for each in paced] == pytest.approx([each.at_s / faster for each in life])


def test_only_what_is_asked_for_is_made() -> None:
    """The first actions of a text of a million characters take a handful of random numbers."""
    rng = Scripted([0.9])
    rhythm = Rhythm(preview_every_s=0, pastes_from=10_000_000)
    first = list(islice(type_out("x" * 1_000_000, rhythm, rng), 4))
    assert [each.text for each in first] == ["", "x", "xx", "xxx"]
    assert rng.taken < 10


@pytest.mark.parametrize(
    "changed, complaint",
    [
        ({"preview_every_s": 0.01}, "preview_every_s: got 0.01, expected None, 0 or at least 0.1"),
        ({"preview_every_s": -1}, "preview_every_s: got -1"),
        ({"stop_typing_after_s": 0}, "stop_typing_after_s: got 0, expected more than 0"),
        ({"jitter": -0.1}, "jitter: got -0.1, expected 0 or more"),
        ({"slip_chance": 1}, "slip_chance: got 1, expected 0 to below 1"),
        ({"slips_seen_after": 0.5}, "slips_seen_after: got 0.5, expected 1 or more"),
        ({"thought_chance": -0.5}, "thought_chance: got -0.5, expected 0 to 1"),
        ({"word_pause_chance": 0.7, "sentence_chance": 0.6}, "word_pause_chance: got 0.7, expected 0 to 1 in all"),
        ({"pastes_from": 0}, "pastes_from: got 0, expected 1 or more"),
        ({"pace": 0}, "pace: got 0, expected more than 0"),
        ({"pace": float("nan")}, "pace: got nan, expected more than 0"),
    ],
)
def test_a_rhythm_nobody_has_is_refused(changed: dict[str, float], complaint: str) -> None:
    """One line says what was got and what was expected."""
    with pytest.raises(ConfigError, match=complaint):
        Rhythm(**changed)  # type: ignore[arg-type]
