"""Poisson arrivals along a rate curve: who comes when, decided by the seed alone. Knows no worker and no clock.

People who do not know of each other arrive as a Poisson process: whether one comes in the next second depends on the
rate, and on nothing that happened before. Source: the Palm-Khintchine theorem (Khintchine, Mathematical Methods in the
Theory of Queueing, 1960): many independent visitors, each coming seldom, make one; Brown et al., Statistical Analysis
of a Telephone Call Center, JASA 100 (2005), find it in the arrivals of a real one, with a rate that changes in the day.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from whoson_load.visitors.draws import stream
from whoson_load.visitors.rate_curve import RateCurve

__all__ = ["Arrival", "arrivals"]


class Arrival(NamedTuple):
    """One visitor's coming.

    Attributes:
        number: 0 for the first arrival of the run, then one more each time.
        at_ns: when, in nanoseconds from the curve's begin.
    """

    number: int
    at_ns: int


def arrivals(curve: RateCurve, seed: int) -> Iterator[Arrival]:
    """All arrivals along a curve, in the order of time; with the same seed always the same ones.

    Exponential gaps of mean 1 are laid out on the axis of expected arrivals, N(t), and carried back to the axis of time
    (the time-rescaling theorem; Cinlar, Introduction to Stochastic Processes, 1975): exact for any curve, without
    rejecting a draw. So a curve that is made steeper moves the same visitors closer together.

    Nothing is kept: memory does not grow, and an arrival costs about 3 us. Without an end where the curve has none.
    """
    rng = stream("arrivals", seed)
    number, begin_s = 0, 0.0
    gap = -math.log(1.0 - rng.random())
    for stage in curve.stages:
        total, reached = stage.total, 0.0
        while reached + gap <= total:
            reached += gap
            yield Arrival(number, int((begin_s + stage.elapsed_s(reached)) * 1e9))
            number += 1
            gap = -math.log(1.0 - rng.random())
        gap -= total - reached
        begin_s += stage.lasts_s
