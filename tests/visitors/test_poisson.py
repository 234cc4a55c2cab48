from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from itertools import islice, pairwise

import pytest
from scipy import stats

from tests.visitors.randomness import curve_of, dispersion_p, gaps_p
from whoson_load.visitors.poisson import Arrival, arrivals
from whoson_load.visitors.rate_curve import RateCurve

KNOWN = [
    Arrival(0, 3_731_428_955),
    Arrival(1, 4_996_131_650),
    Arrival(2, 5_331_820_543),
    Arrival(3, 5_591_071_189),
]

CURVES = {
    "30 a minute": "constant 30/min for 8h",
    "5 a second": "constant 5/s for 1h",
    "200 a second": "constant 200/s for 90s",
    "a ramp": "ramp 0/s to 20/s over 30m",
    "a spike": "constant 2/s for 10m; spike 30/s for 2m; hold 10m",
    "steps down": "steps 12/s to 1/s by 3/s every 5m",
}


def seconds(curve: RateCurve, seed: int) -> list[float]:
    """When all arrive."""
    return [at_ns / 1e9 for _, at_ns in arrivals(curve, seed)]


@pytest.mark.parametrize("written", CURVES.values(), ids=CURVES.keys())
def test_arrivals_are_a_poisson_process_along_the_curve(written: str) -> None:
    """Gaps and counts pass, at three rates, along a ramp, a spike and steps."""
    curve = curve_of(written)
    at_s = seconds(curve, seed=7)
    assert gaps_p(curve, at_s) > 0.01
    assert dispersion_p(curve, at_s) > 0.01


@pytest.mark.parametrize("test", [gaps_p, dispersion_p])
def test_over_many_seeds_the_tests_fail_as_often_as_chance_says(
    test: Callable[[RateCurve, Sequence[float]], float],
) -> None:
    """Of 200 seeds, about 10 fall below a probability of 0.05: neither too random nor too regular."""
    curve = curve_of("ramp 1/s to 5/s over 400s")
    low = sum(test(curve, seconds(curve, seed)) < 0.05 for seed in range(200))
    assert stats.binomtest(low, 200, 0.05).pvalue > 0.001


def test_the_tests_tell_other_arrivals_from_poisson_ones() -> None:
    """Evenly spaced arrivals, and batches once a second as Locust makes them, fail both tests."""
    curve = curve_of("constant 5/s for 10m")
    even = [number / 5 for number in range(3000)]
    batches = [number // 5 + 0.001 * (number % 5) for number in range(3000)]
    for other in (even, batches):
        assert gaps_p(curve, other) < 1e-6
        assert dispersion_p(curve, other) < 1e-6


@pytest.mark.parametrize("written", CURVES.values(), ids=CURVES.keys())
def test_arrivals_are_numbered_and_in_order_within_the_curve(written: str) -> None:
    """Numbers rise by one from 0; nobody comes before the begin, after the end or before the one before."""
    curve = curve_of(written)
    came = list(arrivals(curve, 1))
    assert [arrival.number for arrival in came] == list(range(len(came)))
    assert all(a.at_ns <= b.at_ns for a, b in pairwise(came))
    assert came[0].at_ns >= 0
    assert came[-1].at_ns <= curve.lasts_s * 1e9


def test_the_same_seed_gives_the_same_arrivals_in_every_version() -> None:
    """The schedule is part of what a seed promises: these instants must not change."""
    curve = curve_of("ramp 0/s to 2/s over 10s; hold")
    assert list(islice(arrivals(curve, 42), 4)) == list(islice(arrivals(curve, 42), 4))
    assert list(islice(arrivals(curve, 42), 4)) == KNOWN
    assert list(islice(arrivals(curve, 43), 4)) != KNOWN


def test_nobody_arrives_while_the_rate_is_zero() -> None:
    """A silence is silent, and the one after it is not owed the silence's arrivals."""
    curve = curve_of("constant 5/s for 60s; constant 0/s for 60s; constant 5/s for 60s")
    at_s = seconds(curve, 3)
    assert not [each for each in at_s if 60 < each < 120]
    assert len([each for each in at_s if each >= 120]) == pytest.approx(300, abs=60)


def test_a_steeper_curve_moves_the_same_visitors_together() -> None:
    """Twice the rate brings visitor number n at half the time: one seed's runs compare."""
    slow, fast = curve_of("constant 1/s"), curve_of("constant 2/s")
    for a, b in islice(zip(arrivals(slow, 5), arrivals(fast, 5), strict=True), 1000):
        assert a.number == b.number
        assert a.at_ns == pytest.approx(2 * b.at_ns, abs=2)


def test_memory_does_not_grow_with_the_arrivals() -> None:
    """The schedule of a run without an end holds no arrival that is over."""
    endless = arrivals(curve_of("constant 1000/s"), 1)
    next(endless)
    tracemalloc.start()
    try:
        for _ in islice(endless, 20_000):
            pass
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 2_000
