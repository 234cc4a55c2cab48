"""How far a weighted mean over intervals can be trusted: the moving-block bootstrap. Knows no series and no record.

Neighbouring intervals are alike: a server that is slow in one is slow in the next. Drawn one by one they would promise
more than they hold, so they are drawn in blocks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "Spread", "autoregressive_worth", "block_length", "spread"]

Floats = NDArray[np.float64]

_DRAWS = 999


@dataclass(frozen=True, slots=True)
class Spread:
    """A weighted mean, and how far chance moves it.

    Attributes:
        mean: of all intervals of all runs.
        error: its standard error, in the same unit.
        freedom: the degrees of freedom of that error, 1 or more.
    """

    mean: float
    error: float
    freedom: float


def block_length(values: Floats) -> int:
    """How many neighbours to draw together: from 1 up to a quarter of them.

    With n values that follow a first-order autoregression of coefficient r, (sqrt(6) r / (1 - r^2))^(2/3) n^(1/3) is
    best for the variance of a mean, and n^(1/3) is the least that is used, since r is known no better than that.

    Source: Carlstein, The Use of Subseries Values for Estimating the Variance of a General Statistic from a Stationary
    Sequence, Annals of Statistics 14 (1986).
    """
    count = len(values)
    alike = _likeness(values)
    least = math.pow(count, 1 / 3)
    best = math.pow(math.sqrt(6) * alike / (1 - alike**2), 2 / 3) * least
    return max(1, min(math.ceil(max(best, least)), count // 4))


def spread(runs: Sequence[tuple[Floats, Floats]], rng: np.random.Generator) -> Spread:
    """The weighted mean over the intervals of one or several runs, and its error.

    Within a run the error comes from blocks of intervals. With several runs it is at least what their own means differ
    by: what changes from run to run shows in no interval of one run.

    Args:
        runs: (values, weights) of each run, one for each interval, in order of time; weights 0 or more, not all 0.
        rng: draws the blocks.
    """
    sums = np.array([float(values @ weights) for values, weights in runs])
    weighed = np.array([float(weights.sum()) for _, weights in runs])
    mean = float(sums.sum() / weighed.sum())
    drawn = np.zeros((2, _DRAWS))
    blocks, freedom, square = 0, 0.0, 0.0
    for (values, weights), share in zip(runs, weighed / weighed.sum(), strict=True):
        parts, count = _drawn(values, weights, rng)
        drawn += parts
        blocks += count
        error, free = _autoregressive(values[weights > 0])
        square += (share * error) ** 2
        freedom += free
    # Blocks of a few are drawn around their own mean: the usual correction for that.
    resampled = float((drawn[0] / drawn[1]).std()) * math.sqrt(blocks / max(1, blocks - len(runs)))
    within = max(resampled, math.sqrt(square))
    freedom = max(1.0, min(freedom, blocks - len(runs)))
    if len(runs) > 1:
        between = float((sums / weighed).std(ddof=1)) / math.sqrt(len(runs))
        if between > within:
            return Spread(mean, between, len(runs) - 1)
    return Spread(mean, within, freedom)


def _likeness(values: Floats) -> float:
    """How alike neighbours are: the first autocorrelation, from 0 to 0.97."""
    departures = values - values.mean()
    scale = float(departures @ departures)
    return min(max(float(departures[1:] @ departures[:-1]) / scale, 0.0), 0.97) if scale > 0 else 0.0


def autoregressive_worth(values: Floats) -> float:
    """How many values that are not alike would say as much as these do of their mean, 2 or more.

    Blocks as long as a short run allows miss part of what lasts long; this misses none of it. With n values of
    autocorrelation r (what is seen of it is too low by (1 + 4 r) / n), the variance of the mean is s^2 / m, where
    m = n (1 - r) / (1 + r) values that were not alike would say as much, and s^2 is seen too low by (1 - 1 / m).

    Source: Kendall, Note on Bias in the Estimation of Autocorrelation, Biometrika 41 (1954); Bayley and Hammersley,
    The Effective Number of Independent Observations in an Autocorrelated Time Series, JRSS Supplement 8 (1946).
    """
    count = len(values)
    alike = _likeness(values)
    alike = min(alike + (1 + 4 * alike) / count, 0.97) if alike > 0 else 0.0
    return max(2.0, count * (1 - alike) / (1 + alike))


def _autoregressive(values: Floats) -> tuple[float, float]:
    """The standard error of a plain mean of a first-order autoregression, and its degrees of freedom."""
    if len(values) < 4:
        return 0.0, 1.0
    worth = autoregressive_worth(values)
    return float(values.std()) / math.sqrt(worth - 1), worth - 1


def _drawn(values: Floats, weights: Floats, rng: np.random.Generator) -> tuple[Floats, int]:
    """Sums of weighted values and of weights over as many blocks as the run has, `_DRAWS` times; and how many."""
    count = len(values)
    length = block_length(values[weights > 0]) if (weights > 0).sum() > 3 else 1
    blocks = math.ceil(count / length)
    starts = rng.integers(0, count, (_DRAWS, blocks))
    sums = []
    for column in (values * weights, weights):
        # Around the end the begin follows, so that every interval is drawn as often as any other.
        running = np.concatenate(([0.0], np.cumsum(np.concatenate((column, column[:length])))))
        sums.append((running[starts + length] - running[starts]).sum(axis=1))
    return np.array(sums), blocks
