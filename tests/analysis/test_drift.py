"""Soaks whose leak is known: what is found, what is not, and how often chance deceives."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.analysis.modelled import at_least, at_most, wander
from whoson_load.analysis.drift import Course, find_drift
from whoson_load.measurement.outlook import Drift, Trend, Wear

TRIALS = 200
STEP_S = 60.0


def soak(
    rng: np.random.Generator, *, hours: float = 8.0, leak: float = 0.0, day: float = 0.0, unrest: float = 0.10
) -> Course:
    """A latency of 40 ms over a run.

    Args:
        leak: its growth an hour, as a share.
        day: how far the load swings around 100 in 4 hours, as a share; the latency goes with it.
        unrest: standard deviation of a minute's figure, alike from one to the next (0.5).
    """
    at_s = np.arange(0.0, hours * 3600, STEP_S)
    swing = day * np.sin(2 * math.pi * at_s / (4 * 3600))
    values = 40 * (1 + leak * at_s / 3600 + swing) * np.exp(wander(rng, len(at_s), unrest, 0.5))
    return Course(
        name="echo p99", at_s=at_s.tolist(), values=values.tolist(), loads=(100 * (1 + swing)).tolist(), unit="ms"
    )


def alone(course: Course) -> Drift:
    """The drift of one course."""
    (drift,) = find_drift([course]).figures
    return drift


@pytest.mark.parametrize("day", [0.0, 0.4])
def test_a_known_leak_is_found_and_no_leak_is_not(day: float) -> None:
    """200 trials each way, with and without a tide of visitors: 4 % an hour is found, and its slope in the interval."""
    found = covered = false = 0
    for seed in range(TRIALS):
        rng = np.random.default_rng(seed)
        leaking = alone(soak(rng, leak=0.04, day=day))
        found += leaking.trend is Trend.DRIFTING
        covered += leaking.low_per_h <= 1.6 <= leaking.high_per_h
        false += alone(soak(rng, day=day)).trend is Trend.DRIFTING
    assert at_least(found, TRIALS, 0.95), f"found {found} of {TRIALS}"
    assert at_least(covered, TRIALS, 0.93), f"covered {covered} of {TRIALS}"
    assert at_most(false, TRIALS, 0.05), f"{false} false alarms in {TRIALS}"


def test_a_calm_soak_is_steady() -> None:
    """Long enough, it is said so, and not that it is too short."""
    trends = [alone(soak(np.random.default_rng(seed), hours=12)).trend for seed in range(40)]
    assert at_least(trends.count(Trend.STEADY), 40, 0.9)


def test_a_minute_is_too_short() -> None:
    """And an hour of great unrest."""
    rng = np.random.default_rng(1)
    assert alone(soak(rng, hours=0.1)).trend is Trend.TOO_SHORT
    assert alone(soak(rng, hours=1, unrest=0.5)).trend is Trend.TOO_SHORT
    assert find_drift([]).trend is Trend.TOO_SHORT


def test_outliers_move_no_slope() -> None:
    """A bad quarter of an hour at the end is none."""
    course = soak(np.random.default_rng(2))
    values = [*course.values[:-15], *[4000.0] * 15]
    drift = alone(Course(name="a", at_s=course.at_s, values=values, loads=course.loads))
    assert drift.trend is not Trend.DRIFTING


def test_growth_with_the_load_is_no_drift() -> None:
    """Twice the visitors, twice the latency, up and down again."""
    at_s = np.arange(0.0, 8 * 3600, STEP_S)
    loads = 100 + 100 * np.minimum(at_s, 8 * 3600 - at_s) / (4 * 3600)
    values = loads * np.exp(wander(np.random.default_rng(3), len(at_s), 0.02, 0.3))
    drift = alone(Course(name="a", at_s=at_s.tolist(), values=values.tolist(), loads=loads.tolist()))
    assert drift.trend is Trend.STEADY


@pytest.mark.parametrize(
    "moved_ms, hours, trend",
    [(0.06, 0.1, Trend.TOO_SHORT), (0.3, 0.1, Trend.DRIFTING), (0.06, 24.0, Trend.STEADY), (2.0, 24.0, Trend.DRIFTING)],
)
def test_what_a_machine_warming_up_moves_is_no_drift(moved_ms: float, hours: float, trend: Trend) -> None:
    """0.06 ms in six minutes would be 0.6 an hour, if it went on; in a day it is nothing."""
    at_s = np.linspace(0.0, hours * 3600, 120)
    noise = np.random.default_rng(6).normal(0.0, 0.002, 120)
    values = 1.5 + moved_ms * at_s / at_s[-1] + noise
    course = Course(name="connect p50", at_s=at_s.tolist(), values=values.tolist(), loads=[9.0] * 120, unit="ms")
    assert alone(course).trend is trend


def test_it_says_when_an_objective_will_be_missed() -> None:
    """40 ms and 4 ms more an hour: after 8 hours 72 ms, so 100 ms are passed in about 7 hours."""
    course = soak(np.random.default_rng(4), leak=0.1, unrest=0.02)
    drift = alone(Course(name="echo p99", at_s=course.at_s, values=course.values, loads=course.loads, limit=100.0))
    assert drift.missed_in_h == pytest.approx(7, abs=0.5)
    assert "its objective will be missed in " in drift.said
    assert drift.first == pytest.approx(42, rel=0.02)
    assert drift.last == pytest.approx(70, rel=0.02)


def test_the_generators_own_growth_is_kept_apart() -> None:
    """It is told, and is not the server's."""
    rng = np.random.default_rng(5)
    calm, leaking = soak(rng, hours=12, unrest=0.02), soak(rng, leak=0.5)
    mine = Course(name="cpu", at_s=leaking.at_s, values=leaking.values, loads=leaking.loads, of_generator=True)
    told = find_drift([mine, calm])
    assert told.trend is Trend.STEADY
    assert [(each.name, each.trend) for each in told.figures] == [
        ("echo p99", Trend.STEADY),
        ("cpu", Trend.DRIFTING),
    ]


def test_what_never_changes_is_steady() -> None:
    """Without noise there is no error to divide by."""
    at_s = [60.0 * each for each in range(100)]
    drift = alone(Course(name="a", at_s=at_s, values=[7.0] * 100, loads=[9.0] * 100))
    assert (drift.trend, drift.per_h) == (Trend.STEADY, 0.0)


def tide(rng: np.random.Generator, *, by_time: float = 0.0, by_chats: float = 0.0, day: float = 0.6) -> Course:
    """40 ms over a day whose visitors come and go by 60 %; it grows by shares an hour, or a 2,000 chats."""
    at_s = np.arange(0.0, 24 * 3600, 300.0)
    loads = 100 * (1 + day * np.sin(2 * math.pi * at_s / (24 * 3600)))
    chats = np.cumsum(loads * 300 / 180)
    growth = 1 + by_time * at_s / 3600 + by_chats * chats / 2000
    values = 40 * growth * np.exp(wander(rng, len(at_s), 0.1, 0.5))
    return Course(
        name="echo p99",
        at_s=at_s.tolist(),
        values=values.tolist(),
        loads=loads.tolist(),
        chats=chats.tolist(),
        unit="ms",
    )


def test_growth_with_chats_is_told_from_growth_with_time() -> None:
    """60 modelled days each way: the one is found in four of five, and the other blamed in none but by chance."""
    by_chats = [alone(tide(np.random.default_rng(seed), by_chats=0.04)) for seed in range(60)]
    by_time = [alone(tide(np.random.default_rng(seed), by_time=0.04)) for seed in range(60)]
    for found, right, wrong in ((by_chats, Wear.CHATS, Wear.TIME), (by_time, Wear.TIME, Wear.CHATS)):
        blamed = [each.goes_with for each in found]
        assert at_least(blamed.count(right), 60, 0.80), blamed
        assert at_most(blamed.count(wrong), 60, 0.05), blamed
    grown = [each.per_1000_chats for each in by_chats if each.per_1000_chats is not None]
    assert float(np.median(grown)) == pytest.approx(0.8, rel=0.1)


def test_at_a_steady_load_nobody_can_tell() -> None:
    """Each hour has as many chats as any other."""
    drift = alone(tide(np.random.default_rng(1), by_chats=0.04, day=0.0))
    assert (drift.trend, drift.goes_with) == (Trend.DRIFTING, Wear.UNKNOWN)
    assert "; time and chats served cannot be told apart (+0." in drift.said


def test_what_does_not_drift_goes_with_nothing() -> None:
    """Nor does anything of a run that counted no chats."""
    assert alone(tide(np.random.default_rng(2))).goes_with is None
    assert alone(soak(np.random.default_rng(3), leak=0.1)).goes_with is None
