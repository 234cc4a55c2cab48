"""What was measured at one load: its intervals added up, and the verdict on its objectives. Knows no other load."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from whoson_load.analysis.bounds import Point, bounded, point
from whoson_load.analysis.judging import Evidence
from whoson_load.analysis.objectives import Objective
from whoson_load.analysis.parts import IN_PROGRESS
from whoson_load.measurement.capacity import Bounded, Level, Worth
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.histogram import Histogram
from whoson_load.measurement.interval import MergedInterval, Totals
from whoson_load.measurement.run import TimelineLine, summarize
from whoson_load.measurement.sample import ACCEPTED, ACKNOWLEDGED, CONNECT, ECHO, HEADLINE, VISIT
from whoson_load.measurement.trust import INVALID_PART, LOST_REPORTS, RULES, Judgement, Trust, Verdict

__all__ = ["ANSWERED", "CERTAIN", "MOST_HOLDS", "SURE", "Measured", "worth_of"]

ANSWERED: Final = (CONNECT, ACCEPTED, ECHO, ACKNOWLEDGED)
"""The series whose samples are commands that the server itself answered, without a person: the throughput."""

SURE: Final = 0.95
"""The confidence of a verdict at the end of a hold."""

CERTAIN: Final = 0.999
"""The confidence of one before its end: who looks often is deceived more often. Invented."""


_DOUBTED_PART: Final = 0.5
"""With more of its intervals doubtful, a worker is what was measured; hiccups are fewer, also of many. Invented."""


_OF_SPEED: Final = ("cpu", "gc", "loop", "receive", "send")
"""The rules of trust that say how busy a worker was, or how late."""

MOST_HOLDS: Final = 3.0
"""A level that is undecided after its hold is held on, up to so many times as long. Invented."""


class Measured:
    """The intervals in which one load was held.

    Args:
        objectives: to be judged.
        interval_s: how long an interval lasts.

    Attributes:
        intervals: how many there are.
        distrusted: in how many of them the generator was the bottleneck, of those in which it looked at itself.
        doubted: in how many each worker was at least near to that. Mere waiting for a CPU is left out, and what is no
            matter of its speed: what it did to the lags is what counts.
    """

    def __init__(self, objectives: Sequence[Objective], interval_s: float) -> None:
        self.intervals = self.distrusted = self._looked = 0
        self.doubted: Counter[str] = Counter()
        self._objectives = objectives
        self._interval_s = interval_s
        self._totals = Totals()
        self._lines: list[TimelineLine] = []
        self._points: list[list[Point | None]] = [[] for _ in objectives]
        self._trust = Trust()
        self._by_worker: dict[str, Trust] = {}

    def add(self, interval: MergedInterval, line: TimelineLine) -> None:
        """Add an interval; what came late for one counts in the totals, and is no interval of its own."""
        self._totals.add(interval)
        self._trust.lost(sum(map(len, line.missing.values())))
        self._lines.append(line)
        if line.late:
            return
        self.intervals += 1
        found = self._trust.add(interval.generators)
        self._looked += any(each != GeneratorFigures() for each in interval.generators.values())
        self.distrusted += any(each.level is Verdict.INVALID for findings in found.values() for each in findings)
        for worker, figures in interval.generators.items():
            self._by_worker.setdefault(worker, Trust()).add({worker: figures})
        self.doubted.update(worker for worker, figures in interval.generators.items() if _is_slow(figures))
        for points, objective in zip(self._points, self._objectives, strict=True):
            points.append(point(objective, interval, line))

    @property
    def lasts_s(self) -> float:
        """How long all intervals last together."""
        return self.intervals * self._interval_s

    @property
    def trust(self) -> Judgement:
        """Whether the generator kept up."""
        return self._trust.judgement()

    @property
    def distrust(self) -> str:
        """Why these figures are the generator's, as a sentence, where they are: of the worker that was worst."""
        if self.trust.verdict is Verdict.INVALID or not self.doubted:
            return self.trust.reason
        ((worker, _),) = self.doubted.most_common(1)
        return self._by_worker[worker].judgement().reason

    def is_untrusted(self, hold_s: float = 0.0) -> bool:
        """Whether these figures are the generator's.

        Args:
            hold_s: while the level is held: how long it will be. Then only what the rest of it will not change counts.
        """
        if self.trust.rule == LOST_REPORTS:
            return True
        looked = max(self._looked, hold_s / self._interval_s)
        return self.distrusted > INVALID_PART * looked or max(self.doubted.values(), default=0) > _DOUBTED_PART * looked

    @property
    def in_progress(self) -> float:
        """Visits in progress at the intervals' ends, on average; 0 without an interval."""
        gauges = [line.gauges.get(IN_PROGRESS, 0) for line in self._lines if not line.late]
        return sum(gauges) / len(gauges) if gauges else 0.0

    @property
    def ended(self) -> int:
        """Visits that ended in them."""
        return self._series(VISIT).count

    @property
    def visit_s(self) -> float | None:
        """How long visits took that ended in them, on average; None where none did."""
        mean_ns = self._series(VISIT).mean_ns
        return None if mean_ns is None else mean_ns / 1e9

    def judged(self, confidence: float = SURE) -> list[Bounded]:
        """Every objective, with how sure it is."""
        counts: dict[str, int] = {}
        for line in self._lines:
            for name, figures in line.series.items():
                counts[name] = counts.get(name, 0) + figures.count
        evidence = Evidence(self._totals, self.lasts_s, True, self._totals.tally, counts, self._lines)
        return [
            bounded(objective, points, evidence, confidence)
            for objective, points in zip(self._objectives, self._points, strict=True)
        ]

    def answers_well(self) -> bool:
        """Whether all that objectives forbid to be large is small enough, going by the figures alone."""
        judged = zip(self._objectives, self.judged(), strict=True)
        return all(
            each.figure is None or objective.holds(each.figure)
            for objective, each in judged
            if objective.operator in ("<", "<=") and objective.share is None
        )

    def level(
        self,
        number: int,
        load: float,
        *,
        from_above: bool,
        begun_ns: int,
        held_ns: int,
        ended_ns: int,
        recovery_s: float | None,
        recovered: bool,
    ) -> Level:
        """All that is known about the level; where chance is not ruled out, the figures decide."""
        judged = self.judged()
        worth = worth_of(judged)
        sure = worth is not Worth.UNDECIDED
        if not sure:
            worth = Worth.GOOD if all(map(self._met, self._objectives, judged)) else Worth.BAD
        missed = [
            each
            for objective, each in zip(self._objectives, judged, strict=True)
            if each.worth is Worth.BAD or not self._met(objective, each)
        ]
        series = summarize(self._totals, self.trust).series
        a_second = 1 / self.lasts_s if self.intervals else 0.0
        tally = self._totals.tally
        return Level(
            number=number,
            load=load,
            worth=worth,
            sure=sure,
            from_above=from_above,
            begun_ns=begun_ns,
            held_ns=held_ns,
            ended_ns=ended_ns,
            recovery_s=recovery_s,
            recovered=recovered,
            judged=judged,
            limiting=max(missed, key=_excess).objective if worth is Worth.BAD and missed else "",
            in_progress=self.in_progress,
            arrivals_per_min=60 * a_second * tally.arrivals.get("begun", 0),
            visits_per_min=60 * a_second * sum(tally.outcomes.values()),
            commands_per_s=a_second * sum(tally.commands.values()),
            answers_per_s=a_second * sum(self._series(name).count for name in ANSWERED),
            visit_s=self.visit_s,
            latencies={name: series[name] for name in HEADLINE},
            trust=self.trust,
        )

    def _series(self, name: str) -> Histogram:
        return self._totals.series.get(name) or Histogram()

    @staticmethod
    def _met(objective: Objective, each: Bounded) -> bool:
        if each.figure is None:
            return False
        return each.figure >= each.limit if objective.share is not None else objective.holds(each.figure)


def _is_slow(figures: GeneratorFigures) -> bool:
    """Whether a worker was too busy, or too late, in an interval, whatever the cause."""
    return any(
        RULES[name].level(value) is not Verdict.TRUSTED
        for name in _OF_SPEED
        if (value := RULES[name].figure(figures)) is not None
    )


def worth_of(judged: Sequence[Bounded]) -> Worth:
    """Bad when one objective is surely missed, good when all are surely met."""
    worths = {each.worth for each in judged}
    if Worth.BAD in worths:
        return Worth.BAD
    return Worth.UNDECIDED if Worth.UNDECIDED in worths else Worth.GOOD


def _excess(each: Bounded) -> float:
    """How far a figure is from its limit, so that a time and a share can be held against each other."""
    if each.figure is None:
        return float("inf")
    return abs(each.figure - each.limit) / each.limit if each.limit else abs(each.figure)
