from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.errors import ConfigError
from whoson_load.visitors.rate_curve import HIGHEST_PER_S, LONGEST_S, MOST_STAGES, RateCurve, Stage

RATES = st.floats(0, 1000, allow_subnormal=False)
STAGES = st.tuples(st.floats(0.01, 10_000), RATES, RATES)
CURVES = st.lists(STAGES, min_size=1, max_size=6).filter(lambda stages: any(a + b > 1e-3 for _, a, b in stages))

RAMP = RateCurve.of([(10, 0, 2), (5, 2, 2), (10, 1, 0)])


@pytest.mark.parametrize(
    "at_s, rate_per_s, expected",
    [
        (-1, 0, 0),
        (0, 0, 0),
        (5, 1, 2.5),
        (10, 2, 10),
        (12, 2, 14),
        (15, 1, 20),  # the jump: the later rate
        (20, 0.5, 23.75),
        (25, 0, 25),
        (100, 0, 25),
    ],
)
def test_rate_and_expected_visitors_at_an_instant(at_s: float, rate_per_s: float, expected: float) -> None:
    """A ramp up, a plateau and a ramp down give the rate, and its integral, at each instant."""
    assert RAMP.rate_per_s(at_s) == pytest.approx(rate_per_s)
    assert RAMP.expected(at_s) == pytest.approx(expected)


def test_a_curve_knows_its_length_total_and_peak() -> None:
    """What a plan needs to know of a whole curve."""
    assert (RAMP.lasts_s, RAMP.total, RAMP.highest_per_s) == (25, 25, 2)


def test_a_stage_without_an_end_goes_on() -> None:
    """The last stage may last until the run is stopped."""
    curve = RateCurve.of([(10, 0, 1), (math.inf, 3, 3)])
    assert (curve.lasts_s, curve.total) == (math.inf, math.inf)
    assert curve.expected(110) == pytest.approx(5 + 300)
    assert curve.rate_per_s(1e9) == 3


@given(CURVES, st.floats(0, 1), st.floats(0, 1))
def test_expected_visitors_never_decrease(stages: list[tuple[float, float, float]], a: float, b: float) -> None:
    """The later, the more are expected, up to the total."""
    curve = RateCurve.of(stages)
    early, late = sorted((a * curve.lasts_s, b * curve.lasts_s))
    slack = 1e-9 * curve.total
    assert 0 <= curve.expected(early) <= curve.expected(late) + slack <= curve.total + 2 * slack


@given(STAGES, st.floats(0, 1))
def test_time_and_expectation_are_each_others_inverse(stage: tuple[float, float, float], share: float) -> None:
    """Going to the instant at which so many are expected, and asking there, gives the same number again."""
    stretch = Stage(*stage)
    expected = share * stretch.total
    elapsed_s = stretch.elapsed_s(expected)
    assert 0 <= elapsed_s <= stretch.lasts_s
    assert stretch.expected(elapsed_s) == pytest.approx(expected, rel=1e-6, abs=1e-6 * max(stretch.total, 1e-3))


@given(CURVES)
def test_the_integral_is_that_of_the_rate(stages: list[tuple[float, float, float]]) -> None:
    """Between two instants without a jump, as many are expected as the mean rate times the time."""
    curve = RateCurve.of(stages)
    begin_s = 0.0
    for stage in curve.stages:
        end_s = begin_s + stage.lasts_s
        for from_s, to_s in pairwise([begin_s + stage.lasts_s * part / 4 for part in range(5)]):
            inside = curve.rate_per_s((from_s + to_s) / 2)
            difference = curve.expected(to_s) - curve.expected(from_s)
            assert difference == pytest.approx(inside * (to_s - from_s), rel=1e-6, abs=1e-9 * (curve.total + 1))
        begin_s = end_s


@pytest.mark.parametrize(
    "stages, said",
    [
        ([], "got 0 stages"),
        ([(0, 1, 1)], "got a stage of 0 s"),
        ([(-5, 1, 1)], "got a stage of -5 s"),
        ([(2 * LONGEST_S, 1, 1)], "at most a year"),
        ([(5, -1, 1)], "got -1/s"),
        ([(5, 1, math.nan)], "got nan/s"),
        ([(5, 1, 2 * HIGHEST_PER_S)], "got 2e+06/s"),
        ([(math.inf, 1, 2)], "a ramp without an end"),
        ([(math.inf, 1, 1), (5, 1, 1)], "behind one without an end"),
        ([(5, 0, 0), (5, 0, 0)], "0 all the time"),
        ([(math.inf, 0, 0)], "0 all the time"),
        ([(1, 1, 1)] * (MOST_STAGES + 1), "10,001 stages"),
    ],
)
def test_what_is_no_curve_is_refused_in_one_line(stages: list[tuple[float, float, float]], said: str) -> None:
    """Empty, negative and endless curves are refused, with what was got and what was expected."""
    with pytest.raises(ConfigError, match=r"arrivals: got .*expected") as refused:
        RateCurve.of(stages)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
