"""Modelled runs whose truth is known: lognormal times in intervals that are like their neighbours."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from whoson_load.analysis.observation import Observation
from whoson_load.analysis.resampling import Floats

MEANS_MS = {"connect": 60.0, "accepted": 40.0, "operatorjoined": 900.0, "echo": 30.0, "reply": 3000.0}


def modelled(
    rng: np.random.Generator,
    *,
    slower: dict[str, float] | None = None,
    intervals: int = 60,
    samples: int = 40,
    variation: float = 0.5,
    unrest: float = 0.03,
    alike: float = 0.5,
) -> Observation:
    """One run.

    Args:
        slower: series -> factor on all its times.
        intervals, samples: how many, and so many times in each, for each series.
        variation: the times' coefficient of variation.
        unrest: the standard deviation of an interval's own factor; `alike` is its correlation with the one before.
    """
    sigma = math.sqrt(math.log(1 + variation**2))
    series = {}
    for name, mean_ms in MEANS_MS.items():
        factor = (slower or {}).get(name, 1.0) * np.exp(wander(rng, intervals, unrest, alike))
        times = mean_ms * factor[:, None] * rng.lognormal(-(sigma**2) / 2, sigma, (intervals, samples))
        ranks = np.sort(times, axis=1)
        columns = [ranks[:, math.ceil(samples * share) - 1] for share in (0.5, 0.95, 0.99)]
        series[name] = np.column_stack([np.full(intervals, float(samples)), np.zeros(intervals), *columns])
    return Observation(series, {"sent": intervals * samples, "echoed": intervals * samples})


def wander(rng: np.random.Generator, count: int, deviation: float, alike: float) -> Floats:
    """A first-order autoregression around 0."""
    steps = rng.normal(0.0, deviation * math.sqrt(1 - alike**2), count)
    steps[0] = rng.normal(0.0, deviation)
    for number in range(1, count):
        steps[number] += alike * steps[number - 1]
    return steps


def at_most(hits: int, trials: int, rate: float) -> bool:
    """Whether so many hits are no evidence (1 in 1,000) that the true rate is above `rate`."""
    return bool(stats.binom.sf(hits - 1, trials, rate) > 0.001)


def at_least(hits: int, trials: int, rate: float) -> bool:
    """Whether so many hits are no evidence (1 in 1,000) that the true rate is below `rate`."""
    return bool(stats.binom.cdf(hits, trials, rate) > 0.001)
