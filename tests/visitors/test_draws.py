from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest
from scipy import stats

from whoson_load.visitors.draws import (
    Constant,
    Exponential,
    Lognormal,
    WeightedChoice,
    between,
    happens,
    pick,
    stream,
    visit_random,
)


def test_a_stream_is_the_same_in_every_version_of_python() -> None:
    """The first numbers of known streams, as any Python yields them: another derivation would change every run."""
    rng = visit_random(1, 2, 3)
    assert [rng.random(), rng.random()] == VISIT_1_2_3
    assert stream("persona", 1, 2).random() == PERSONA_1_2


VISIT_1_2_3 = [0.7638798064475961, 0.7073253197408874]
PERSONA_1_2 = 0.1715374719304067


@pytest.mark.parametrize("other", [(2, 2, 3), (1, 3, 3), (1, 2, 4), (1, 23, 0), (12, 3, 0)])
def test_streams_of_different_visits_share_nothing(other: tuple[int, int, int]) -> None:
    """A change of seed, visitor or visit, or digits that move from one to the next, gives another stream."""
    mine, theirs = visit_random(1, 2, 3), visit_random(*other)
    ours = {mine.random() for _ in range(1000)}
    assert not ours & {theirs.random() for _ in range(1000)}


def test_streams_of_neighbours_are_not_correlated() -> None:
    """The first numbers of visitors 0 to 4,999 are as even as random ones (Kolmogorov-Smirnov, 1 %)."""
    first = [visit_random(7, number, 0).random() for number in range(5000)]
    assert stats.kstest(first, "uniform").pvalue > 0.01
    assert abs(stats.pearsonr(first[:-1], first[1:]).statistic) < 0.04


def test_a_stream_does_not_depend_on_the_hash_seed() -> None:
    """Two processes with different hash seeds draw the same."""
    code = "from whoson_load.visitors.draws import visit_random; print(visit_random(5, 6, 7).random())"
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_pick_and_between_reach_every_value_as_often() -> None:
    """Each of ten values comes in its tenth of the draws (chi squared, 1 %), the first and the last too."""
    rng = random.Random(1)
    for draw in (lambda: pick("abcdefghij", rng), lambda: between(-4, 5, rng)):
        counts: dict[object, int] = {}
        for _ in range(10_000):
            value = draw()
            counts[value] = counts.get(value, 0) + 1
        assert len(counts) == 10
        assert stats.chisquare(list(counts.values())).pvalue > 0.01


@pytest.mark.parametrize("chance, expected", [(0, 0), (1, 2000), (0.25, 500)])
def test_happens_as_often_as_its_chance(chance: float, expected: int) -> None:
    """Never at 0, always at 1, and a quarter of the time at 0.25, within three standard deviations."""
    rng = random.Random(2)
    assert abs(sum(happens(chance, rng) for _ in range(2000)) - expected) <= 3 * (2000 * chance * (1 - chance)) ** 0.5


def test_a_weighted_choice_follows_its_weights() -> None:
    """Draws agree with the weights (chi squared, 1 %), and what weighs nothing never comes."""
    rng, choice = random.Random(3), WeightedChoice([("a", 5), ("never", 0), ("b", 3), ("c", 2)])
    drawn = [choice.draw(rng) for _ in range(10_000)]
    assert "never" not in drawn
    assert stats.chisquare([drawn.count(each) for each in "abc"], [5000, 3000, 2000]).pvalue > 0.01


@pytest.mark.parametrize(
    "weights", [[], [("a", 0)], [("a", 1), ("b", -1)], [("a", float("inf"))], [("a", float("nan"))]]
)
def test_weights_that_are_none_are_refused(weights: list[tuple[str, float]]) -> None:
    """No weights, none above 0, a negative or an infinite one: one line that says so."""
    with pytest.raises(ValueError, match=r"got weights .* expected"):
        WeightedChoice(weights)


def test_exponential_and_lognormal_are_what_they_say() -> None:
    """10,000 draws of each pass for the distribution they are of (Kolmogorov-Smirnov, 1 %)."""
    rng = random.Random(4)
    exponential = [Exponential(300).draw(rng) for _ in range(10_000)]
    assert stats.kstest(exponential, "expon", (0, 300)).pvalue > 0.01
    lognormal = Lognormal(48, 0.4)
    drawn = [lognormal.draw(rng) for _ in range(10_000)]
    assert stats.kstest(drawn, "lognorm", (0.4, 0, 48)).pvalue > 0.01
    assert sum(drawn) / len(drawn) == pytest.approx(lognormal.mean, rel=0.02)


def test_a_lognormal_of_mean_and_deviation_has_them() -> None:
    """The mean and the standard deviation come back from its formulae."""
    made = Lognormal.of(51.56, 20.2)
    reference = stats.lognorm(made.sigma, scale=made.median)
    assert made.mean == pytest.approx(51.56)
    assert float(reference.mean()) == pytest.approx(51.56)
    assert float(reference.std()) == pytest.approx(20.2)
    assert made.quantile(0.5) == pytest.approx(made.median)


def test_bounds_hold_at_the_ends_of_the_random_numbers() -> None:
    """The least and the greatest random number there is give finite times within the bounds."""

    class Ends(random.Random):
        value = 0.0

        def random(self) -> float:
            return self.value

    rng = Ends()
    for value in (0.0, 1 - 2**-53):
        rng.value = value
        assert 0 <= Exponential(300).draw(rng) < 300 * 40
        assert 10 <= Lognormal.of(51.56, 20.2, low=10, high=160).draw(rng) <= 160
        assert 0 < Lognormal(1, 1).draw(rng) < 1e5
        assert pick("ab", rng) in "ab"
        assert between(3, 8, rng) in (3, 8)
        assert WeightedChoice([("a", 0.1), ("b", 0.2)]).draw(rng) in "ab"


def test_a_constant_uses_up_one_draw_like_the_others() -> None:
    """Making one time constant leaves the times drawn after it as they were."""
    after = []
    for distribution in (Constant(3), Exponential(3), Lognormal(3, 1)):
        rng = random.Random(5)
        distribution.draw(rng)
        after.append(rng.random())
    assert len(set(after)) == 1
    assert Constant(3).draw(random.Random(5)) == Constant(3).mean == 3


@pytest.mark.parametrize(
    "make, complaint",
    [
        (lambda: Constant(-1), "value: got -1, expected 0 or more"),
        (lambda: Exponential(0), "mean: got 0, expected more than 0"),
        (lambda: Exponential(float("nan")), "mean: got nan, expected more than 0"),
        (lambda: Lognormal(0, 1), "median: got 0, expected more than 0"),
        (lambda: Lognormal(1, -1), "sigma: got -1, expected 0 or more"),
        (lambda: Lognormal(1, 1, low=3, high=2), r"low: got 3, expected 0 to high \(2\)"),
        (lambda: Lognormal.of(0, 1), "mean: got 0, expected more than 0"),
        (lambda: Lognormal.of(1, -1), "deviation: got -1, expected 0 or more"),
    ],
)
def test_a_distribution_that_is_none_is_refused(make: object, complaint: str) -> None:
    """One line says what was got and what was expected."""
    with pytest.raises(ValueError, match=complaint):
        make()  # type: ignore[operator]
