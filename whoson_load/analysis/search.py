"""A capacity search under way: which load to set when, told from the run's intervals as they come.

A state machine that reads no clock and sets nothing itself. A level is visited so:

    rest      after a bad level only: half the next load, until the server answers well again
    settle    the level's load is set; what is measured now is still the way there
    hold      every interval is evidence, until the verdict is sure or the longest hold is over
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from whoson_load.analysis.capacity import next_load
from whoson_load.analysis.levels import CERTAIN, MOST_HOLDS, Measured, worth_of
from whoson_load.analysis.objectives import Objective
from whoson_load.analysis.parts import IN_PROGRESS
from whoson_load.measurement.capacity import Level, Quantity, Wanted, Worth
from whoson_load.measurement.interval import MergedInterval
from whoson_load.measurement.run import TimelineLine

__all__ = ["LONGEST_RECOVERY_S", "LONGEST_SETTLE_S", "Order", "Phase", "Search"]

LONGEST_SETTLE_S: Final = 900.0
"""So long a level is left alone at most before it is measured, however long its visits take. Invented."""

LONGEST_RECOVERY_S: Final = 600.0
"""So long a server may rest after an overload. Invented."""

_VISITS_TO_SETTLE: Final = 1.5  # Invented: then nearly all who came before the change have left
_VISITS_TO_HOLD: Final = 3.0  # Invented
_LEAST_HOLD_S: Final = 60.0  # Invented
_LEAST_SETTLE_S: Final = 3.0  # Invented
_LOOKS: Final = 0.5  # of a hold, between two looks at an undecided level
_EARLY_LOOKS: Final = 0.25  # of a hold, between two looks whether a level is hopeless
_FEWEST_EARLY: Final = 8  # Invented: intervals before which nothing is decided
_WELL: Final = 3  # Invented: so many intervals together have to look well before a server has recovered
_BEGIN_S: Final = 5.0  # Invented: over which the first visitors come, before anybody knows how long they stay


class Phase(StrEnum):
    """What a search is doing."""

    REST = "rest"
    SETTLE = "settle"
    HOLD = "hold"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Order:
    """A load to be set now.

    Attributes:
        load: visitors, or arrivals a minute.
        over_s: over how long further visitors shall come, so that they are no stampede; 0 or more.
    """

    load: float
    over_s: float


class Search:
    """A search.

    Args:
        wanted: what is asked for.
        objectives: those of `wanted`, read.
        interval_s: how long an interval lasts.
        levels: what is known already, of a search that broke off.

    Attributes:
        levels: all that are judged, in the order they were visited.
        phase: what it is doing.
        load: the load of the level under way; while resting, of the next one. 0 when over.
        in_progress: visits in progress at the end of the last interval.
        distrust: why the generator cannot be trusted, as a sentence; empty while it can.
    """

    def __init__(
        self, wanted: Wanted, objectives: Sequence[Objective], interval_s: float, levels: Sequence[Level] = ()
    ) -> None:
        self.levels = list(levels)
        self.phase = Phase.OVER
        self.load = 0.0
        self.in_progress = 0
        self.distrust = ""
        self._wanted = wanted
        self._objectives = objectives
        self._interval_s = interval_s
        self._begun_ns = self._set_ns = self._held_ns = 0
        self._recovery_s: float | None = None
        self._recovered = True
        self._measured = self._measure()
        self._way = self._measure()

    def begin(self, now_ns: int) -> Order | None:
        """Begin, or go on after a break.

        Args:
            now_ns: ns since the epoch, as everywhere here.

        Returns:
            the first load to be set; None when all is known already.
        """
        load = next_load(self._wanted, self.levels)
        return None if load is None else self._settle(load, now_ns)

    def add(self, interval: MergedInterval, line: TimelineLine, now_ns: int) -> Order | None:
        """Take in an interval of the run, in the order of writing.

        Returns:
            a load to be set now, or None to go on; when it is over (`phase`), nothing is to be set any more.
        """
        if not line.late:
            self.in_progress = line.gauges.get(IN_PROGRESS, 0)
        if self.phase is Phase.OVER or line.start_ns < self._set_ns:
            return None
        if self.phase is Phase.HOLD or (self.phase is Phase.SETTLE and self._has_settled(line.start_ns)):
            return self._hold(interval, line, now_ns)
        self._way.add(interval, line)
        return self._recover(line, now_ns) if self.phase is Phase.REST else None

    def is_over(self) -> bool:
        """Whether nothing more is to be tried."""
        return self.phase is Phase.OVER

    @property
    def held_s(self) -> float:
        """How long the level under way has been held."""
        return self._measured.lasts_s

    @property
    def is_held_on(self) -> bool:
        """Whether the hold is over, and goes on because the level is undecided."""
        return self.phase is Phase.HOLD and self.held_s >= self.hold_s

    @property
    def hold_s(self) -> float:
        """How long a level is held, unless it is undecided then."""
        if self._wanted.hold_s is not None:
            return self._wanted.hold_s
        return max(_LEAST_HOLD_S, _VISITS_TO_HOLD * (self._visit_s() or self._way.visit_s or 0.0))

    # On the way to a level

    def _settle(self, load: float, now_ns: int) -> Order:
        before = self.levels[-1].load if self.levels and self.phase is not Phase.REST else 0.0
        self.phase, self.load = Phase.SETTLE, load
        self._begun_ns = self._set_ns = now_ns
        self._held_ns = 0
        self._measured, self._way = self._measure(), self._measure()
        visit_s = self._visit_s()
        over_s = _BEGIN_S if visit_s is None else visit_s / 2
        if self._wanted.settle_s is not None:
            over_s = min(over_s, self._wanted.settle_s / 2)
        return Order(load, 0.0 if load <= before else over_s)

    def _has_settled(self, start_ns: int) -> bool:
        settled_s = (start_ns - self._set_ns) / 1e9
        if self._wanted.settle_s is not None:
            return settled_s >= self._wanted.settle_s
        if settled_s >= LONGEST_SETTLE_S:
            return True
        visit_s = self._visit_s()
        if visit_s is None:
            # Of a first level nobody knows how long its visits take, until as many have ended as are there.
            visit_s = self._way.visit_s
            if visit_s is None or self._way.ended < max(3.0, self._way.in_progress):
                return False
        return settled_s >= max(_LEAST_SETTLE_S, _VISITS_TO_SETTLE * visit_s)

    def _visit_s(self) -> float | None:
        """How long visits take where the server does well; None before anybody knows."""
        known = [each for each in self.levels if each.visit_s is not None]
        good = [each.visit_s for each in known if each.worth is Worth.GOOD]
        return good[-1] if good else known[-1].visit_s if known else None

    def _recover(self, line: TimelineLine, now_ns: int) -> Order | None:
        """See whether the server has got over the last level."""
        self._recovery_s = (line.end_ns - self._set_ns) / 1e9
        if self._way.intervals >= _WELL:
            self._recovered = self._way.in_progress <= self._ceiling() and self._way.answers_well()
            if not self._recovered:
                self._way = self._measure()
        if (self._way.intervals >= _WELL and self._recovered) or self._recovery_s >= LONGEST_RECOVERY_S:
            self._recovered = self._recovered and self._way.intervals >= _WELL
            return self._settle(self.load, now_ns)
        return None

    def _ceiling(self) -> float:
        """So many visits may still be in progress when the server has recovered."""
        if self._wanted.quantity is Quantity.VISITORS:
            return 1.1 * self._resting_load() + 2
        good = [each.in_progress for each in self.levels if each.worth is Worth.GOOD]
        return 1.1 * max(good) + 2 if good else float("inf")

    def _resting_load(self) -> float:
        half = self.load / 2
        return max(1.0, half // 1) if self._wanted.quantity is Quantity.VISITORS else half

    # At a level

    def _measure(self) -> Measured:
        return Measured(self._objectives, self._interval_s)

    def _hold(self, interval: MergedInterval, line: TimelineLine, now_ns: int) -> Order | None:
        measured = self._measured
        if self.phase is Phase.SETTLE:
            self.phase, self._held_ns = Phase.HOLD, line.start_ns
        measured.add(interval, line)
        over = self._is_decided()
        if measured.is_untrusted(0.0 if over else self.hold_s):
            self.distrust = measured.distrust
            self.phase = Phase.OVER
        if self.is_over() or not over:
            return None
        self.levels.append(
            measured.level(
                len(self.levels) + 1,
                self.load,
                from_above=bool(self.levels) and self.levels[-1].load > self.load,
                begun_ns=self._begun_ns,
                held_ns=self._held_ns,
                ended_ns=line.end_ns,
                recovery_s=self._recovery_s,
                recovered=self._recovered,
            )
        )
        return self._go_on(now_ns)

    def _is_decided(self) -> bool:
        """Whether the level's hold is over: as long as asked for, longer while undecided, shorter when surely bad."""
        lasts_s, hold_s = self._measured.lasts_s, self.hold_s
        if lasts_s < hold_s:
            looks = lasts_s % (_EARLY_LOOKS * hold_s) < self._interval_s and self._measured.intervals >= _FEWEST_EARLY
            return looks and worth_of(self._measured.judged(CERTAIN)) is Worth.BAD
        if lasts_s >= MOST_HOLDS * hold_s:
            return True
        looks = (lasts_s - hold_s) % (_LOOKS * hold_s) < self._interval_s
        return looks and worth_of(self._measured.judged()) is not Worth.UNDECIDED

    def _go_on(self, now_ns: int) -> Order | None:
        self._recovery_s, self._recovered = None, True
        load = next_load(self._wanted, self.levels)
        if load is None:
            self.phase, self.load = Phase.OVER, 0.0
            return None
        if self.levels[-1].worth is Worth.GOOD:
            return self._settle(load, now_ns)
        self.phase, self.load, self._set_ns = Phase.REST, load, now_ns
        self._way = self._measure()
        return Order(self._resting_load(), 0.0)
