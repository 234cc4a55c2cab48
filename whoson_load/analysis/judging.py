"""Judges objectives: at a run's end on its figures, and while it goes for those that shall end it.

Knows figures and nothing of where they come from, nor of exit codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from whoson_load.analysis.objectives import Objective
from whoson_load.measurement.answer import Judged
from whoson_load.measurement.histogram import Histogram, rank
from whoson_load.measurement.interval import Totals
from whoson_load.measurement.run import TimelineLine
from whoson_load.measurement.tally import Tally

__all__ = ["Evidence", "Lookout", "brief", "interval_figure", "judge", "show"]

_SO_MANY_TIMES: Final = 10  # from here on nobody reads percent
_OF_PERCENTILE = {50.0: "p50_us", 90.0: "p90_us", 95.0: "p95_us", 99.0: "p99_us", 99.9: "p999_us"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What objectives are judged on.

    Attributes:
        judged: what was measured in the steady part, or in all of the run.
        lasts_s: how long that was.
        steady: whether it is the steady part.
        whole: what was counted in all of the run.
        counts: samples by series in that part. They are the timeline's: in a long run the histograms' spans may reach
            over its ends.
        lines: that part's intervals, where an objective asks for them.
    """

    judged: Totals
    lasts_s: float
    steady: bool
    whole: Tally
    counts: Mapping[str, int]
    lines: Sequence[TimelineLine] = ()


def judge(objective: Objective, evidence: Evidence) -> Judged:
    """Judge one objective. Without anything to measure it is missed: nothing shows that it was met."""
    if objective.share is not None:
        return _judge_intervals(objective, evidence)
    lines = objective.subject == "lines"
    tally = evidence.whole if lines else evidence.judged.tally
    count = evidence.counts.get(objective.name, 0)
    figure = _figure(objective, tally, count, evidence.judged.series.get(objective.name), evidence.lasts_s)
    met = figure is not None and objective.holds(figure)
    judged_on = "steady" if evidence.steady and not lines else "whole run"
    return Judged(
        objective=objective.text,
        met=met,
        figure=figure,
        limit=objective.limit,
        unit=objective.unit,
        margin=_margin(objective, figure),
        judged_on=judged_on,
        said=_said(objective, figure, met=met) + _highest(objective, figure, count),
    )


def show(value: float, unit: str) -> str:
    """A figure with its unit, to four digits: `20.8 ms`, `0.13 %`, `50 /s`, `3`."""
    shown = f"{value:,.0f}" if abs(value) >= 1000 or (not unit and value == int(value)) else f"{value:.4g}"
    return f"{shown} {unit}".rstrip()


def brief(value: float, *, signed: bool = False) -> str:
    """A figure to three digits, without a power of ten however large: `0.13`, `20.8`, `16,512`."""
    sign = "+" if signed else ""
    return f"{value:{sign},.0f}" if abs(value) >= 100 else f"{value:{sign}.3g}"


@dataclass(slots=True)
class _Streak:
    """Since when an objective is missed without a break, and what it cumulates."""

    since_ns: int | None = None
    tally: Tally = field(default_factory=Tally)


class Lookout:
    """Watches a run for objectives that have been missed for as long as they may be.

    Each interval is judged on its own, lines on all of the run so far. An interval in which there is nothing to judge
    neither begins nor ends a streak.

    Args:
        objectives: all of the run; those that end nothing are left alone.
    """

    def __init__(self, objectives: Iterable[Objective]) -> None:
        self._streaks = {each: _Streak() for each in objectives if each.abort_after_s is not None}

    def add(self, line: TimelineLine) -> str:
        """Add one interval of the timeline, in the order of writing.

        Returns:
            Why the run shall end, in a sentence; empty while it may go on.
        """
        for objective, streak in self._streaks.items():
            if objective.subject == "lines":
                streak.tally.add(line.tally)
                figure = _figure(objective, streak.tally)
            else:
                figure = None if line.late else interval_figure(objective, line)
            if figure is None:
                continue
            if objective.holds(figure):
                streak.since_ns = None
                continue
            if streak.since_ns is None:
                streak.since_ns = line.start_ns
            missed_s = (line.end_ns - streak.since_ns) / 1e9
            if objective.abort_after_s is not None and missed_s >= objective.abort_after_s:
                return f"{objective.text}: missed for {missed_s:.0f} s, at last with {show(figure, objective.unit)}"
        return ""


def _judge_intervals(objective: Objective, evidence: Evidence) -> Judged:
    figures = [
        figure for line in evidence.lines if not line.late and (figure := interval_figure(objective, line)) is not None
    ]
    share = sum(map(objective.holds, figures)) / len(figures) if figures else None
    wanted = objective.share or 0.0
    met = share is not None and share >= wanted
    if share is None:
        said = f"missed: no interval has anything to judge {objective.of} by"
    else:
        said = (
            f"{'met' if met else 'missed'}: it held in {100 * share:.4g}% of {len(figures)} intervals,"
            f" {100 * wanted:.4g}% were asked for"
        )
    return Judged(
        objective=objective.text,
        met=met,
        figure=None if share is None else 100 * share,
        limit=100 * wanted,
        unit="%",
        margin=None if share is None else share / wanted - 1,
        judged_on="intervals",
        said=said,
    )


def _figure(
    objective: Objective, tally: Tally, count: int = 0, histogram: Histogram | None = None, lasts_s: float = 0.0
) -> float | None:
    """The figure of a stretch of time in the objective's unit; None where there is nothing to measure."""
    name, measure = objective.name, objective.measure
    if objective.subject == "lines":
        return _counted(tally.lines.get(name, 0), tally.lines.get("sent", 0), objective.unit)
    if objective.subject == "outcome":
        return _counted(tally.outcomes.get(name, 0), sum(tally.outcomes.values()), objective.unit)
    if measure == "errors":
        errors = tally.errors_of(name)
        return _counted(errors, count + errors, objective.unit)
    if measure == "rate":
        return count / lasts_s if lasts_s else None
    if histogram is None or not histogram.count:
        return None
    if measure == "percentile":
        duration_ns: float | None = histogram.percentile_ns(objective.percentile)
    else:
        duration_ns = histogram.mean_ns if measure == "mean" else histogram.max_ns
    return None if duration_ns is None else duration_ns / 1e6


def interval_figure(objective: Objective, line: TimelineLine) -> float | None:
    """The figure of one interval; None where it holds nothing to measure."""
    if objective.subject != "series":
        return _figure(objective, line.tally)
    figures = line.series.get(objective.name)
    count, errors = (figures.count, figures.errors) if figures is not None else (0, 0)
    if objective.measure == "errors":
        return _counted(errors, count + errors, objective.unit)
    if objective.measure == "rate":
        lasts_ns = line.end_ns - line.start_ns
        return count / (lasts_ns / 1e9) if lasts_ns > 0 else None
    of = {"mean": "mean_us", "max": "max_us"}.get(objective.measure) or _OF_PERCENTILE[objective.percentile]
    duration_us: int | None = getattr(figures, of) if figures is not None else None
    return None if duration_us is None else duration_us / 1000


def _counted(count: int, total: int, unit: str) -> float | None:
    """A count, or its share of all in percent; of nothing there is no share."""
    if unit == "%":
        return 100 * count / total if total else None
    return float(count)


def _margin(objective: Objective, figure: float | None) -> float | None:
    if figure is None or not objective.limit:
        return None
    room = objective.limit - figure if objective.operator in ("<", "<=") else figure - objective.limit
    if objective.operator == "==":
        room = -abs(figure - objective.limit)
    return room / objective.limit


def _highest(objective: Objective, figure: float | None, count: int) -> str:
    """What has to be known of a percentile of few samples: that it is one sample, and chance which."""
    if figure is None or objective.measure != "percentile" or rank(objective.percentile, count) < count:
        return ""
    return f"; of {count:,} sample{'s' * (count != 1)} that is the highest"


def _said(objective: Objective, figure: float | None, *, met: bool) -> str:
    if figure is None:
        return f"missed: there was nothing to judge {objective.of} by"
    was = f"{'met' if met else 'missed'}: {objective.of} was {show(figure, objective.unit)}"
    away = abs(figure - objective.limit)
    if not away:
        return was
    if objective.limit and figure >= _SO_MANY_TIMES * objective.limit:
        return f"{was}, {figure / objective.limit:,.0f} times {show(objective.limit, objective.unit)}"
    share = f" ({away / objective.limit:.1%})" if objective.limit else ""
    side = "over" if figure > objective.limit else "below"
    return f"{was}, {show(away, objective.unit)}{share} {side} {show(objective.limit, objective.unit)}"
