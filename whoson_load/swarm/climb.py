"""A capacity search carried out in one Locust run, where its record is kept: sets loads, and keeps what was found.

Knows runner, workload and record; which load comes next, and what it was worth, is the analysis's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import gevent
from locust.env import Environment

from whoson_load.analysis.finding import with_levels
from whoson_load.analysis.objectives import Objective
from whoson_load.analysis.search import Order, Search
from whoson_load.clock import wall_ns
from whoson_load.measurement.capacity import Capacity, Conclusion, Quantity
from whoson_load.measurement.interval import MergedInterval
from whoson_load.measurement.run import Summary, TimelineLine
from whoson_load.measurement.trust import Verdict
from whoson_load.swarm.run import OBJECTIVE_MISSED, UNTRUSTED, Run, gravest
from whoson_load.swarm.workload import Workload

__all__ = ["DRAIN_S", "Climb"]

DRAIN_S: Final = 300.0
"""How long, at life's pace, the visitors of a higher level may stay to finish their visits. Invented: longer than most
visits last."""

_FASTEST_PER_S: Final = 100.0  # above it Locust warns, and visitors that come or go by the hundred are a stampede
_EXIT_CODES: Final = {
    Conclusion.FOUND: 0,
    Conclusion.AT_LEAST: 0,
    Conclusion.NONE: OBJECTIVE_MISSED,
    Conclusion.UNTRUSTED: UNTRUSTED,
    Conclusion.INTERRUPTED: UNTRUSTED,
}


class Climb:
    """A search and the run that it is made in.

    Args:
        capacity: what is asked for, and the levels of a search that this one resumes.
        objectives: those of `capacity.wanted`, read.

    Attributes:
        capacity: what is known so far.
        search: None before the run begins.
        changed: called when a level has been judged, and when another load is set.
    """

    def __init__(self, capacity: Capacity, objectives: Sequence[Objective]) -> None:
        self.capacity = capacity
        self.search: Search | None = None
        self.changed: Callable[[], None] = lambda: None
        self._objectives = objectives
        self._environment: Environment | None = None
        self._workload: Workload | None = None
        self._run: Run | None = None
        self._over: Callable[[], None] = lambda: None
        self._setting: gevent.Greenlet[[], None] | None = None

    @property
    def drain_s(self) -> float:
        """How long the visitors of seats that are taken away may stay."""
        return DRAIN_S / self.capacity.pace

    def begin(self, environment: Environment, workload: Workload, run: Run, over: Callable[[], None]) -> None:
        """Begin with a run, whose first load is set already.

        Args:
            over: called once, when the run shall end.
        """
        self._environment, self._workload, self._run, self._over = environment, workload, run, over
        self.search = Search(self.capacity.wanted, self._objectives, run.info.interval_s, self.capacity.levels)
        self.search.begin(wall_ns())
        run.heard.append(self._hear)
        run.concluded = self._conclude
        self._keep()

    # On the way

    def _conclude(self, summary: Summary, exit_code: int) -> int:
        """Say what was found, now that the run is over; the exit code is the search's, or a graver one."""
        search = self.search
        if search is None:
            return exit_code
        if summary.trust.verdict is Verdict.INVALID:
            search.distrust = search.distrust or summary.trust.reason
        self._keep()
        return gravest(exit_code, _EXIT_CODES[self.capacity.conclusion])

    def _hear(self, interval: MergedInterval, line: TimelineLine) -> None:
        search = self.search
        if search is None or search.is_over():
            return
        known, state = len(search.levels), (search.phase, search.is_held_on)
        order = search.add(interval, line, wall_ns())
        if len(search.levels) > known or search.is_over():
            self._keep()
        if order is not None:
            self._set(order)
        if (search.phase, search.is_held_on) != state or order is not None:
            self.changed()
        if search.is_over():
            self._over()

    def _set(self, order: Order) -> None:
        if self._workload is None or self._environment is None or self._environment.runner is None:
            return
        if self.capacity.wanted.quantity is Quantity.ARRIVALS:
            self._workload.change_rate(order.load / 60)
            return
        runner, seats = self._environment.runner, round(order.load)
        change = abs(seats - (runner.target_user_count or 0))
        per_s = min(_FASTEST_PER_S, change / order.over_s if order.over_s else _FASTEST_PER_S)
        if self._setting is not None:
            self._setting.kill()
        # A master's start comes back only when all are there.
        self._setting = gevent.spawn(partial(runner.start, seats, max(per_s, 0.01)))

    def _keep(self) -> None:
        """Put what is known into the record."""
        search = self.search
        if search is None:
            return
        self.capacity = with_levels(
            self.capacity,
            search.levels,
            self._objectives,
            interrupted=not search.is_over(),
            distrust=search.distrust,
        )
        if self._run is not None:
            self._run.keep_capacity(self.capacity)
