from __future__ import annotations

import random
import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whoson_load.visitors.masks import matching

MASKS = [
    r"\d{5}(-\d{4})?",
    r"^[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}$",
    r"\+?[0-9 ()-]{7,20}",
    r"[^,;\s]+",
    r"[^\W_]{3,}",
    r"\S+\s\S+",
    r"(Mr|Mrs|Dr)\.? [A-Z][a-z]+",
    r"(?i:yes|no)",
    r"([a-f])-\1",
    r"(?P<half>\d{2})/(?P=half)",
    r"(?:a|b|cd)*?x",
    r"\w{2,4}\W\w{2,4}",
    r".{3,}",
    r".*",
    r"",
    r"(?>ab)c++d?+",
    r"^(?=.*\d)(?=.*[a-z])(?=.*[A-Z])(?=.*[!@#$%]).{8,}$",
    r"(?!000)\d{3}",
    r"[^\x00-\x7f]{2}",
    r"[\u4e00-\u9fff]{2}",
    r"\D\d\D",
    r"[\d.,]+ ?(EUR|USD)",
    r"\bword\b",
    r"(?x) \d  # a digit",
]


@pytest.mark.parametrize("mask", MASKS)
def test_a_text_matches_its_mask(mask: str) -> None:
    """Nine of ten guesses match, with long repetitions and with the shortest."""
    rng = random.Random(1)
    for spare in (12, 3, 0):
        texts = [matching(mask, rng, spare) for _ in range(100)]
        assert sum(text is not None and re.fullmatch(mask, text) is not None for text in texts) >= 90


def test_a_conditional_is_obeyed() -> None:
    """What depends on a group being there is there with it, and not without it."""
    rng = random.Random(2)
    texts = {matching(r"(<)?a(?(1)>|!)", rng, 5) for _ in range(50)}
    assert texts == {"<a>", "a!"}


def test_spare_bounds_the_length() -> None:
    """No repetition is longer than its least and what there is to spare."""
    rng = random.Random(3)
    assert {len(matching(r"\d*", rng, 4) or "") for _ in range(200)} == {0, 1, 2, 3, 4}
    assert {len(matching(r"\d{2,}", rng, 0) or "") for _ in range(20)} == {2}
    assert {len(matching(r"\d{2,3}", rng, 9) or "") for _ in range(50)} == {2, 3}


@pytest.mark.parametrize("mask", [r"(a)?\1b", r"[^\s\S]", r"(?!)"])
def test_what_has_no_text_gives_none_or_no_match(mask: str) -> None:
    """A reference to a group that did not take part, a set of nothing, a sure failure: never an exception."""
    rng = random.Random(4)
    texts = [matching(mask, rng, 3) for _ in range(20)]
    assert any(text is None or re.fullmatch(mask, text) is None for text in texts)


def test_a_mask_python_cannot_read_says_so() -> None:
    """The caller decides what an unreadable mask means."""
    with pytest.raises(re.error):
        matching(r"\p{Lu}+[", random.Random(1), 3)


def test_the_same_seed_gives_the_same_text() -> None:
    """A known text for a known seed, set order and hash seed notwithstanding."""
    assert matching(r"[^,]{4}-\w{3}", random.Random(5), 3) == matching(r"[^,]{4}-\w{3}", random.Random(5), 3)
    assert matching(r"[^a-m]{6}", random.Random(6), 3) == KNOWN


KNOWN = "1LunZK"

atoms = st.sampled_from([r"\d", r"\w", "[a-f]", "[^x]", "a", "-", r"\.", "[A-Z0-9]", "(?:ab|c)", "."])
quantified = st.builds(str.__add__, atoms, st.sampled_from(["", "?", "*", "+", "{2}", "{1,3}", "*?", "{2,}"]))
sequences = st.lists(quantified, min_size=1, max_size=6).map("".join)
masks = st.builds(lambda one, other, both: f"(?:{one}|{other})" if both else one, sequences, sequences, st.booleans())


@given(masks, st.integers(0, 2**32), st.integers(0, 12))
@settings(max_examples=150)
def test_any_mask_without_look_arounds_is_matched_at_once(mask: str, seed: int, spare: int) -> None:
    """What is put together of sets, repetitions and branches is matched by the first guess."""
    text = matching(mask, random.Random(seed), spare)
    assert text is not None
    assert re.fullmatch(mask, text)
    assert set(text) <= set(string.printable)
