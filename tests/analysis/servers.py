"""A model of a chat server whose capacity is known, and a search made on it: intervals without a run, and no clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from whoson_load.analysis.objectives import read_objectives
from whoson_load.analysis.search import Order, Phase, Search
from whoson_load.measurement.capacity import Level, Quantity, Wanted
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.histogram import Histogram
from whoson_load.measurement.interval import MergedInterval
from whoson_load.measurement.run import timeline_line
from whoson_load.measurement.tally import Tally

SECOND = 1_000_000_000
BEGIN_NS = 1_760_000_000 * SECOND
VISIT_S = 20.0
ECHOES_PER_VISIT = 8.0
MOST_S = 20_000
FAST_NS, SLOW_NS = 450_000_000, 550_000_000

WELL = GeneratorFigures(cpu_share=0.2, loop_lag_p99_ns=1_000_000, receive_p99_ns=1_000_000, send_p99_ns=1_000_000)
OVERWORKED = GeneratorFigures(cpu_share=1.0, loop_lag_p99_ns=300_000_000)


@dataclass
class ModelServer:
    """Answers in 450 ms until its knee, and above it ever more often in 550 ms.

    The two are near each other, so that a histogram of them is quickly added up: a search has hundreds of intervals.

    Attributes:
        knee: visitors at once (or arrivals a minute) at which 1 % of the echoes take more than 500 ms.
        rng: of its unrest: each interval has a load of its own, like the one before.
        noise: how much the load seems to differ from interval to interval, as a share.
        recovers_s: how long after an overload it is still as slow as then.
        generator: how busy the generator is at a load.
        steepness: the share of echoes beyond the limit grows e-fold with every so many-th of the load.
    """

    knee: float
    rng: np.random.Generator
    quantity: Quantity = Quantity.VISITORS
    noise: float = 0.02
    recovers_s: float = 0.0
    generator: Callable[[float], GeneratorFigures] = lambda _: WELL
    steepness: float = 60.0
    slow_until_ns: int = 0
    wander: float = 0.0

    def interval(self, load: float, start_ns: int, interval_s: int = 1) -> MergedInterval:
        """One interval at a load."""
        self.wander = 0.5 * self.wander + float(self.rng.normal(0.0, self.noise * math.sqrt(0.75)))
        felt = load * math.exp(self.wander) / self.knee
        if felt > 1.2:
            self.slow_until_ns = start_ns + round(self.recovers_s * SECOND)
        # On average 1 % beyond the limit at the knee: what unrest adds to the mean of so steep a curve is taken off.
        added = (self.steepness * self.noise) ** 2 / 2
        above = min(1.0, 0.01 * math.exp(self.steepness * (felt - 1) - added))
        if start_ns < self.slow_until_ns:
            above = 1.0
        visitors = load if self.quantity is Quantity.VISITORS else load / 60 * VISIT_S
        served = min(visitors, 1.05 * visitors / max(felt, 1e-9))
        interval = MergedInterval(start_ns)
        interval.end_ns = start_ns + interval_s * SECOND
        echoes = int(self.rng.poisson(served * interval_s * ECHOES_PER_VISIT / VISIT_S))
        slow = int(self.rng.binomial(echoes, above))
        interval.series["echo"] = _times([(echoes - slow, FAST_NS), (slow, SLOW_NS)])
        ended = int(self.rng.poisson(served * interval_s / VISIT_S))
        interval.tally = Tally(
            outcomes={"served": ended},
            arrivals={"begun": ended, "ended": ended},
            commands={"Message": echoes},
            lines={"sent": echoes, "echoed": echoes},
        )
        interval.gauges = {"visits in progress": round(visitors)}
        interval.generators = {"local": self.generator(load)}
        return interval


def _times(counted: Sequence[tuple[int, int]]) -> Histogram:
    histogram = Histogram()
    for count, duration_ns in counted:
        for power in range(count.bit_length()):
            if count >> power & 1:
                histogram.add(_doubled(duration_ns, power))
    return histogram


@cache
def _doubled(duration_ns: int, power: int) -> Histogram:
    """One time, doubled so often: thousands recorded one by one are most of what a search on a model costs."""
    histogram = Histogram()
    if not power:
        histogram.record(duration_ns)
        return histogram
    for _ in range(2):
        histogram.add(_doubled(duration_ns, power - 1))
    return histogram


def wanted(
    lowest: float = 10.0,
    highest: float = 10_000.0,
    *,
    quantity: Quantity = Quantity.VISITORS,
    within: float = 0.05,
    objectives: Sequence[str] = ("echo p99 < 500ms",),
) -> Wanted:
    """What a search on a model is asked for; levels of 60 s."""
    return Wanted(
        quantity=quantity,
        objectives=list(objectives),
        lowest=lowest,
        highest=highest,
        within=within,
        hold_s=60.0,
        settle_s=10.0,
    )


@dataclass
class Searched:
    """A search that was made.

    Attributes:
        search: as it ended.
        orders: every load that was set, in order.
        seconds: how long it would have taken.
    """

    search: Search
    orders: list[Order]
    seconds: int


def make(
    asked: Wanted, server: ModelServer, levels: Sequence[Level] = (), *, interval_s: int = 1, most_levels: int = 99
) -> Searched:
    """Make a search on a model.

    Args:
        levels: what is known before.
        interval_s: seconds that an interval lasts.
        most_levels: it is broken off after so many.
    """
    search = Search(asked, read_objectives(asked.objectives), interval_s, levels)
    first = search.begin(BEGIN_NS)
    assert first is not None
    orders, load = [first], first.load
    for second in range(0, MOST_S, interval_s):
        interval = server.interval(load, BEGIN_NS + second * SECOND, interval_s)
        order = search.add(interval, timeline_line(interval), interval.end_ns)
        if order is not None:
            orders.append(order)
            load = order.load
        if search.phase is Phase.OVER or len(search.levels) >= most_levels:
            return Searched(search, orders, second + interval_s)
    raise AssertionError(f"after {MOST_S} s: it never ended")
