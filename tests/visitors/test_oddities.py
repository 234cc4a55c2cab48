from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest

from whoson_load.visitors.oddities import NO_ODDITIES, ODDITIES, Oddities

LOOKS = {
    "emoji": r"[^\x00-\u00ff]|[:;]-?[()]",
    "link": r"example\.(com|org|net)",
    "html": r"[<&\"]",
    "markdown": r"[*_`#~\[\\]",
    "foreign": r"[^\x00-\x7f]",
}


@pytest.mark.parametrize("oddity", LOOKS)
def test_an_oddity_comes_behind_the_line(oddity: str) -> None:
    """With its chance at 1 every line has one; the line stands before it as it was."""
    always = replace(NO_ODDITIES, **{oddity: 1.0})
    rng = random.Random(1)
    for _ in range(100):
        text = always.put_into("plain", lambda: "story", rng)
        assert text.startswith("plain ")
        assert re.search(LOOKS[oddity], text)


def test_a_very_long_line_is_as_long_as_asked() -> None:
    """From the least to the most characters, put together of further sentences."""
    long = replace(NO_ODDITIES, very_long=1.0, long_low=500, long_high=800)
    rng = random.Random(2)
    lengths = [len(long.put_into("plain", lambda: "and then this happened.", rng)) for _ in range(300)]
    assert 499 <= min(lengths) < 520
    assert 780 < max(lengths) <= 800


def test_without_oddities_a_line_stays_as_it_is() -> None:
    """NO_ODDITIES never adds a thing."""
    rng = random.Random(3)
    assert {NO_ODDITIES.put_into("plain", lambda: "story", rng) for _ in range(500)} == {"plain"}


def test_about_one_line_in_ten_is_odd() -> None:
    """As the chances add up."""
    rng = random.Random(4)
    odd = sum(ODDITIES.put_into("plain", lambda: "story", rng) != "plain" for _ in range(20_000))
    assert odd / 20_000 == pytest.approx(0.1, abs=0.01)


def test_lines_without_an_oddity_are_the_same_when_its_chance_changes() -> None:
    """Every chance is drawn whether it is nought or not: two visits differ only where something odd is said."""
    ends = []
    for oddities in (NO_ODDITIES, replace(NO_ODDITIES, link=1e-12), ODDITIES):
        rng = random.Random(5)
        oddities.put_into("plain", lambda: "story", rng)
        ends.append(rng.random())
    assert len(set(ends)) == 1


@pytest.mark.parametrize(
    "changed, complaint",
    [
        ({"emoji": 1.5}, "emoji: got 1.5, expected a chance from 0 to 1"),
        ({"very_long": -0.1}, "very_long: got -0.1"),
        ({"long_low": 900, "long_high": 800}, r"long_low: got 900, expected 1 to long_high \(800\)"),
        ({"long_low": 0}, "long_low: got 0"),
    ],
)
def test_chances_that_are_none_are_refused(changed: dict[str, float], complaint: str) -> None:
    """One line says what was got and what was expected."""
    with pytest.raises(ValueError, match=complaint):
        Oddities(**changed)  # type: ignore[arg-type]
