"""How much a run wanders: whether its intervals, alike as they are, say as much as they seem to. Knows no record.

A server that is slow for a minute, then fast for one, can be slow in all of one run and fast in all of another, and no
interval of either tells. One figure of one run shows too little of that, and hides it in its own noise; all figures of
all runs together show it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from whoson_load.analysis.resampling import Floats, Spread

__all__ = ["steadied", "unrest"]

_WAVES: Final = 2  # half a wave over the run and a whole one: the slowest that it shows
_WANDERS: Final = 2.0  # Invented: twice what chance makes of intervals that are not alike


def unrest(columns: Iterable[Floats]) -> float:
    """How much more than chance the slowest waves make of the intervals' variance, over all columns; 1 or more.

    The squares of the first cosine coefficients of a column, over the variance of its values: 1 on average where
    neighbours are not alike, and what the variance of the column's mean has to be multiplied by where they are.

    Source: Lazarus, Lewis, Stock and Watson, HAR Inference: Recommendations for Practice, Journal of Business and
    Economic Statistics 36 (2018), the equally weighted cosine transform.
    """
    shares = []
    for values in columns:
        count, variance = len(values), float(values.var(ddof=1)) if len(values) > 1 else 0.0
        if variance > 0:
            waves = np.cos(np.pi * np.outer(np.arange(1, _WAVES + 1), np.arange(count) + 0.5) / count)
            shares.append(float(((waves @ values) ** 2).mean()) * 2 / count / variance)
    return max(1.0, float(np.mean(shares))) if shares else 1.0


def steadied(told: Spread, runs: Sequence[tuple[Floats, Floats]], wandering: float) -> Spread:
    """A spread that takes into account how much the runs wander.

    Its error is at least what their common unrest makes of it. Where they wander, even the slowest waves that a run
    shows are not all there is: the error doubles, and has six degrees of freedom a run at most. Both numbers are
    invented, and held by trials with modelled runs: one build is found worse than itself in 1 of 50, and one that takes
    twice as long in nearly all.

    Args:
        told: from `spread`.
        runs: values and weights, as `spread` had them.
        wandering: from `unrest`, of all figures on both sides.
    """
    values, weights = (np.concatenate(each) for each in zip(*runs, strict=True))
    # What an interval adds to the weighted mean: one with two samples moves it little, however slow they were.
    parts = weights[weights > 0] * (values[weights > 0] - told.mean) / weights[weights > 0].mean()
    error = max(told.error, math.sqrt(float(parts.var()) * wandering / max(1, len(parts) - 1)))
    freedom = told.freedom
    if wandering > _WANDERS:
        error, freedom = 2 * error, min(freedom, 6.0 * len(runs))
    return Spread(told.mean, error, freedom)
