"""Poisson arrivals along a rate curve: who comes when, decided by the seed alone. Knows no worker and no clock.

People who do not know of each other arrive as a Poisson process: whether one comes in the next second depends on the
rate, and on nothing that happened before. Source: the Palm-Khintchine theorem (Khintchine, Mathematical Methods in the
Theory of Queueing, 1960, not re-read): many independent visitors, each coming seldom, make one; Brown et al.,
Statistical Analysis of a Telephone Call Center, JASA 100 (2005; read in its abstract), find it in the arrivals of a
real one, with a rate that changes in the day.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from whoson_load.visitors.draws import stream
from whoson_load.visitors.rate_curve import RateCurve

__all__ = ["Appointment", "Arrival", "Schedule", "arrivals"]


class Arrival(NamedTuple):
    """One visitor's coming.

    Attributes:
        number: 0 for the first arrival of the run, then one more each time.
        at_ns: when, in nanoseconds from the curve's begin.
    """

    number: int
    at_ns: int


class Schedule:
    """All arrivals along a curve, in the order of time; with the same seed always the same ones.

    Exponential gaps of mean 1 are laid out on the axis of expected arrivals, N(t), and carried back to the axis of time
    (the time-rescaling theorem; Cinlar, Introduction to Stochastic Processes, 1975, not re-read): exact for any curve,
    without rejecting a draw. So a curve that is made steeper moves the same visitors closer together.

    Nothing is kept: memory does not grow, and an arrival costs about 4 us. Without an end where the curve has none.

    Args:
        curve: may still change ahead of who was taken last (`change`).
        seed: of the run.
    """

    def __init__(self, curve: RateCurve, seed: int) -> None:
        self._curve = curve
        self._rng = stream("arrivals", seed)
        self._number = self._stage = 0
        self._begin_s = self._reached = 0.0
        self._gap = self._draw()

    def ahead(self) -> Arrival | None:
        """Who comes next, without taking it; None when nobody does any more."""
        found = self._find()
        return None if found is None else found[0]

    def change(self, curve: RateCurve) -> None:
        """Go on along another curve, which is the same up to the arrival taken last, and behind it as is known."""
        self._curve = curve

    def __iter__(self) -> Iterator[Arrival]:
        return self

    def __next__(self) -> Arrival:
        found = self._find()
        if found is None:
            raise StopIteration
        arrival, self._stage, self._begin_s, self._reached = found
        self._number += 1
        self._gap = self._draw()
        return arrival

    def _find(self) -> tuple[Arrival, int, float, float] | None:
        """The next arrival, and where it is: its stage, that one's begin, and what is reached in it."""
        begin_s, reached, gap = self._begin_s, self._reached, self._gap
        for index in range(self._stage, len(self._curve.stages)):
            stage = self._curve.stages[index]
            total = stage.total
            if reached + gap <= total:
                reached += gap
                return Arrival(self._number, int((begin_s + stage.elapsed_s(reached)) * 1e9)), index, begin_s, reached
            gap -= total - reached
            reached = 0.0
            begin_s += stage.lasts_s
        return None

    def _draw(self) -> float:
        return -math.log(1.0 - self._rng.random())


class Appointment:
    """The schedule of a run with one visitor, who comes at its begin.

    Args:
        number: the visitor's.
    """

    def __init__(self, number: int) -> None:
        self._arrival: Arrival | None = Arrival(number, 0)

    def ahead(self) -> Arrival | None:
        """The visitor, until it is taken."""
        return self._arrival

    def change(self, curve: RateCurve) -> None:
        """Leave it as it is: no curve has a say in it."""

    def __iter__(self) -> Iterator[Arrival]:
        return self

    def __next__(self) -> Arrival:
        arrival, self._arrival = self._arrival, None
        if arrival is None:
            raise StopIteration
        return arrival


def arrivals(curve: RateCurve, seed: int) -> Iterator[Arrival]:
    """All arrivals along a curve (`Schedule`)."""
    return Schedule(curve, seed)
