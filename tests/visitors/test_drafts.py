from __future__ import annotations

import random

import pytest

from whoson_load.protocol.events import Operator
from whoson_load.visitors.drafts import Drafts
from whoson_load.visitors.keystrokes import Act


def drafts(*texts: str, seed: int = 1) -> Drafts:
    """The drafts of a visitor who sends so many lines."""
    return Drafts("en", random.Random(seed), texts or ("", "", ""))


@pytest.mark.parametrize("characters", [0, 1, 2, 17, 80, 400, 4000])
def test_a_text_is_as_long_as_it_shall_be(characters: int) -> None:
    """And does not end in a space, which a server may take off."""
    for seed in range(30):
        text = drafts(seed=seed).text(Act.MESSAGE, characters, None)
        assert len(text) == characters
        assert not text.endswith(" ")
        assert text.isprintable()


def test_a_preview_shows_the_beginning_of_what_is_sent() -> None:
    """Also when more was typed than is sent, and when it grows step by step."""
    typed = drafts()
    shown = [typed.text(Act.PREVIEW, characters, None) for characters in (3, 90, 200, 0, 60)]
    sent = typed.text(Act.MESSAGE, 150, None)
    assert all(shown[2].startswith(each) for each in shown)
    assert shown[2][:149] == sent[:149]


def test_each_line_is_a_new_one() -> None:
    """What was sent is not shown again."""
    typed = drafts()
    sent = [typed.text(Act.MESSAGE, 40, None) for _ in range(3)]
    assert len(set(sent)) == 3


def test_a_text_of_ones_own_is_shown_and_sent_as_it_stands() -> None:
    """Its previews are its own beginnings; what is shown beyond it is made up."""
    typed = drafts("Is it blue? ", "")
    assert typed.text(Act.PREVIEW, 5, None) == "Is it"
    assert typed.text(Act.PREVIEW, 30, None).startswith("Is it blue? ")
    assert typed.text(Act.MESSAGE, "Is it blue? ", None) == "Is it blue? "
    assert not typed.text(Act.MESSAGE, 30, None).startswith("Is it blue?")


@pytest.mark.parametrize("lang", ["fr", "xx", None])
def test_a_translation_has_its_original_beside_it(lang: str | None) -> None:
    """Both of their lengths; what is previewed is the original."""
    typed = drafts()
    shown = typed.text(Act.PREVIEW, 10, None)
    operator = None if lang is None else Operator(lang=lang)
    line = typed.text(Act.MESSAGE, (30, 20), operator)
    translation, _, rest = line.partition("<original>")
    assert (len(translation), len(rest)) == (30, 20 + len("</original>"))
    assert rest.startswith(shown)


def test_keys_show_nothing_by_themselves() -> None:
    """StartTyping and StopTyping have no text."""
    assert drafts().text(Act.START_TYPING, "", None) == drafts().text(Act.STOP_TYPING, "", None) == ""


def test_how_far_a_draft_got_changes_nothing_else() -> None:
    """One draw of the visit's dice, however much is typed."""
    rolls = []
    for characters in (0, 4000):
        rng = random.Random(5)
        Drafts("en", rng, ("",)).text(Act.MESSAGE, characters, None)
        rolls.append(rng.random())
    assert rolls[0] == rolls[1]


def test_a_message_is_left_in_its_length() -> None:
    """Or as it stands."""
    assert len(drafts().message(333)) == 333
    assert drafts().message("Call me") == "Call me"
