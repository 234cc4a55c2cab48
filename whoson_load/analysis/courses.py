"""The figures of a run that drift is looked for in, point by point from its timeline. Judges nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Final

from whoson_load.analysis.drift import Course
from whoson_load.analysis.objectives import read_objective
from whoson_load.analysis.parts import IN_PROGRESS
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.run import SeriesFigures, Summary, TimelineLine
from whoson_load.measurement.sample import ACCEPTED, CONNECT, ECHO

__all__ = ["courses"]

_SERIES: Final = (CONNECT, ACCEPTED, ECHO)
_STATISTICS: Final[dict[str, Callable[[SeriesFigures], int | None]]] = {
    "p50": lambda figures: figures.p50_us,
    "p99": lambda figures: figures.p99_us,
}
_GENERATOR: Final[dict[str, tuple[str, Callable[[GeneratorFigures], float | None]]]] = {
    "generator CPU": ("", lambda figures: figures.cpu_share),
    "generator loop lag p99": ("ms", lambda figures: _ms(figures.loop_lag_p99_ns)),
    "generator descriptors": ("", lambda figures: figures.descriptors),
}


def courses(summary: Summary, timeline: Iterable[TimelineLine]) -> list[Course]:
    """What every visitor waits for, the server's gauges, and the generator's own figures (its busiest worker's).

    Args:
        summary: completed from the record; its steady part is what is looked at, or all intervals with visits in
            progress where it has none, such as along a day's curve. Its objectives are the courses' limits.
        timeline: of the record; what came late is left out.
    """
    steady = summary.parts.steady if summary.parts is not None else None
    from_ns, to_ns = (steady.start_ns, steady.end_ns) if steady else (0, math.inf)
    found: dict[str, _Points] = {}
    chats = 0
    for line in timeline:
        chats += line.tally.outcomes.get(Outcome.SERVED, 0)
        load = line.gauges.get(IN_PROGRESS, 0)
        if line.late or not from_ns <= line.start_ns < to_ns or not load:
            continue
        for name, value, unit, mine in _figures(line):
            points = found.setdefault(name, _Points(unit, of_generator=mine))
            points.at_s.append(line.start_ns / 1e9)
            points.values.append(value)
            points.loads.append(load)
            points.chats.append(chats)
    limits = _limits(summary)
    return [
        Course(
            name=name,
            at_s=[each - points.at_s[0] for each in points.at_s],
            values=points.values,
            loads=points.loads,
            chats=points.chats,
            unit=points.unit,
            of_generator=points.of_generator,
            limit=limits.get(name),
        )
        for name, points in found.items()
    ]


class _Points:
    def __init__(self, unit: str, *, of_generator: bool) -> None:
        self.unit = unit
        self.of_generator = of_generator
        self.at_s: list[float] = []
        self.values: list[float] = []
        self.loads: list[float] = []
        self.chats: list[float] = []


def _figures(line: TimelineLine) -> Iterable[tuple[str, float, str, bool]]:
    """Name, value, unit, and whether it is the generator's own."""
    for series in _SERIES:
        for statistic, figure in _STATISTICS.items():
            value_us = figure(line.series[series]) if series in line.series else None
            if value_us is not None:
                yield f"{series} {statistic}", value_us / 1000, "ms", False
    for name, gauge in line.server.items():
        yield name, gauge, "", False
    for name, (unit, own) in _GENERATOR.items():
        known = [value for figures in line.generators.values() if (value := own(figures)) is not None]
        if known:
            yield name, max(known), unit, True


def _limits(summary: Summary) -> dict[str, float]:
    """What objectives allow a percentile at most, in ms; the strictest of each."""
    limits: dict[str, float] = {}
    for judged in summary.objectives:
        each = read_objective(judged.objective)
        if each.measure == "percentile" and each.operator in ("<", "<="):
            limits[each.of] = min(each.limit, limits.get(each.of, math.inf))
    return limits


def _ms(duration_ns: float | None) -> float | None:
    return None if duration_ns is None else duration_ns / 1e6
