"""Whether instants could be those of a Poisson process along a rate curve: two tests, for schedules and for runs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy import stats

from whoson_load.visitors.curve_language import read_curve
from whoson_load.visitors.rate_curve import RateCurve


def curve_of(written: str) -> RateCurve:
    """Read a curve that needs no file."""
    return read_curve(written, lambda name: name)


def gaps_p(curve: RateCurve, at_s: Sequence[float]) -> float:
    """How likely gaps like these are for a Poisson process along the curve (Kolmogorov-Smirnov).

    On the axis of expected arrivals its gaps are exponential with mean 1, whatever the curve.
    """
    on_axis = [0.0, *map(curve.expected, at_s)]
    return float(stats.kstest([b - a for a, b in pairwise(on_axis)], "expon").pvalue)


def dispersion_p(curve: RateCurve, at_s: Sequence[float]) -> float:
    """How likely counts like these are for a Poisson process along the curve, in 200 windows of equal expectation.

    The index of dispersion, sum of (n - m)^2 / m, is then chi-squared: too small for arrivals that keep their distance,
    too great for arrivals in bursts. Both ends count.
    """
    counts, _ = np.histogram([curve.expected(each) for each in at_s], bins=200, range=(0, curve.total))
    mean = curve.total / 200
    below = float(stats.chi2.cdf(((counts - mean) ** 2 / mean).sum(), 200))
    return 2 * min(below, 1 - below)
