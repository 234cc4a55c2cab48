from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from statistics import fmean, median

import pytest
from scipy import stats

from whoson_load.errors import ConfigError
from whoson_load.visitors.draws import Constant
from whoson_load.visitors.keystrokes import Rhythm
from whoson_load.visitors.patience import MANNERS, Manners

TIMES: dict[str, Callable[[Manners, random.Random], float]] = {
    "patience": lambda manners, rng: manners.patience_s(rng),
    "reading": lambda manners, rng: manners.reading_s("How can I help you today?", rng),
    "thought": lambda manners, rng: manners.thought_s(rng),
    "reply_patience": lambda manners, rng: manners.reply_patience_s(rng),
    "browse": lambda manners, rng: manners.browse_s(rng),
    "goodbye": lambda manners, rng: manners.goodbye_s(rng),
    "filling": lambda manners, rng: manners.filling_s([("Name", "Sophie"), ("Rating", "5")], rng),
}


@pytest.mark.parametrize("time", TIMES)
def test_pace_divides_every_time(time: str) -> None:
    """At pace 8 the same draw takes an eighth."""
    life = [TIMES[time](MANNERS, random.Random(seed)) for seed in range(50)]
    fast = [TIMES[time](replace(MANNERS, pace=8), random.Random(seed)) for seed in range(50)]
    assert fast == pytest.approx([each / 8 for each in life])
    assert min(life) >= 0


def test_patience_is_exponential() -> None:
    """The Palm/Erlang-A model's: 10,000 draws pass for exponential with a mean of 300 s (Kolmogorov-Smirnov, 1 %)."""
    rng = random.Random(1)
    drawn = [MANNERS.patience_s(rng) for _ in range(10_000)]
    assert stats.kstest(drawn, "expon", (0, 300)).pvalue > 0.01
    assert fmean(drawn) == pytest.approx(300, rel=0.03)
    assert median(drawn) == pytest.approx(208, rel=0.04)


def test_people_read_as_fast_as_the_meta_analysis_found() -> None:
    """Brysbaert 2019: 238 words a minute on average, most adults from 175 to 300."""
    rng, quick = random.Random(2), replace(MANNERS, notice=Constant(0))
    speeds = [60 * 50 / quick.reading_s("word " * 50, rng) for _ in range(5000)]
    assert fmean(speeds) == pytest.approx(238, rel=0.02)
    assert sum(175 <= each <= 300 for each in speeds) / 5000 == pytest.approx(0.8, abs=0.03)


def test_a_longer_text_takes_longer() -> None:
    """Ten times the words, ten times the reading; no words, only the noticing."""
    steady = replace(MANNERS, notice=Constant(1), reading_words_per_minute=Constant(240))
    assert steady.reading_s("", random.Random(1)) == 1
    assert steady.reading_s("word " * 4, random.Random(1)) == 2
    assert steady.reading_s("word " * 40, random.Random(1)) == 11


def test_filling_in_takes_time_for_each_field_and_each_letter() -> None:
    """At 60 words of 5 letters a minute and 2 s a field: 2 fields and 10 letters are 6 s."""
    steady = Manners(field=Constant(2), rhythm=Rhythm(words_per_minute=Constant(60)))
    assert steady.filling_s([("A", "12345"), ("B", "67890")], random.Random(1)) == pytest.approx(6)
    assert steady.filling_s([], random.Random(1)) == 0


def test_an_everyday_chat_has_three_to_eight_turns() -> None:
    """Each number as often (chi squared, 1 %)."""
    rng = random.Random(3)
    turns = [MANNERS.turns(rng) for _ in range(6000)]
    # The lower of two throws of a die: 11, 9, 7, 5, 3 and 1 of 36.
    expected = [6000 * share / 36 for share in (11, 9, 7, 5, 3, 1)]
    assert stats.chisquare([turns.count(each) for each in range(3, 9)], expected).pvalue > 0.01
    assert set(turns) == set(range(3, 9))


def test_one_visitor_types_and_reads_at_one_speed() -> None:
    """The speeds are drawn once; the rest of the manners stay as they were."""
    one = MANNERS.of_one(random.Random(4))
    assert isinstance(one.rhythm.words_per_minute, Constant)
    assert isinstance(one.reading_words_per_minute, Constant)
    assert one.patience == MANNERS.patience
    assert one.of_one(random.Random(5)) == one


def test_who_is_mobile_types_as_on_a_touchscreen() -> None:
    """36.17 words a minute on average (Palin et al. 2019), 51.56 at a keyboard; a speed that was set stays."""
    rng = random.Random(6)
    mobile = [MANNERS.of_one(rng, mobile=True).rhythm.words_per_minute.mean for _ in range(4000)]
    seated = [MANNERS.of_one(rng, mobile=False).rhythm.words_per_minute.mean for _ in range(4000)]
    assert fmean(mobile) == pytest.approx(36.17, rel=0.03)
    assert fmean(seated) == pytest.approx(51.56, rel=0.03)
    set_by_hand = replace(MANNERS, rhythm=Rhythm(words_per_minute=Constant(99)))
    assert set_by_hand.of_one(rng, mobile=True).rhythm.words_per_minute.mean == 99


def test_typing_goes_at_the_pace_of_the_rest() -> None:
    """There is one pace: that of the manners, whatever the rhythm came with."""
    assert Manners(pace=5).rhythm.pace == 5
    assert replace(MANNERS, pace=3, rhythm=Rhythm(pace=2)).of_one(random.Random(1)).rhythm.pace == 3


@pytest.mark.parametrize(
    "changed, complaint",
    [
        ({"pace": 0}, "pace: got 0, expected more than 0"),
        ({"pace": float("inf")}, "pace: got inf, expected more than 0"),
        ({"turns_low": 0}, "turns: got 0 to 8, expected 1 or more, ascending"),
        ({"turns_low": 9}, "turns: got 9 to 8"),
    ],
)
def test_manners_nobody_has_are_refused(changed: dict[str, float], complaint: str) -> None:
    """One line says what was got and what was expected."""
    with pytest.raises(ConfigError, match=complaint):
        Manners(**changed)  # type: ignore[arg-type]
