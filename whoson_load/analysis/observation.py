"""One run as a comparison sees it: its steady part interval by interval.

Knows what a record holds and nothing of files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from whoson_load.analysis.resampling import Floats
from whoson_load.measurement.run import SeriesFigures, Summary, TimelineLine
from whoson_load.measurement.trust import Verdict

__all__ = ["LINE_FLAWS", "STATISTICS", "Observation", "observe", "unusable"]

STATISTICS: Final = ("p50", "p95", "p99")
"""The percentiles that are compared."""

LINE_FLAWS: Final = ("lost", "duplicated", "reordered", "crossed")
"""What can happen to a line besides being echoed."""

_COLUMNS: Final = {"p50": 2, "p95": 3, "p99": 4}


@dataclass(frozen=True, slots=True)
class Observation:
    """A run's steady part.

    Attributes:
        series: series -> one row for each interval that has a sample or an error, in order of time: samples, errors,
            p50, p95, p99 (ms; 0 without a sample).
        lines: the ledger's counts of all of the run.
        doubtful: whether the generator was.
    """

    series: Mapping[str, Floats]
    lines: Mapping[str, int] = field(default_factory=dict)
    doubtful: bool = False

    def column(self, series: str, statistic: str) -> tuple[Floats, Floats]:
        """A statistic by interval, and its weights: samples for a percentile, commands for the share of errors."""
        rows = self.series.get(series)
        if rows is None:
            return np.zeros(0), np.zeros(0)
        samples, errors = rows[:, 0], rows[:, 1]
        if statistic == "errors":
            commands = samples + errors
            return errors / np.maximum(commands, 1.0), commands
        return rows[:, _COLUMNS[statistic]], samples


def observe(summary: Summary, timeline: Iterable[TimelineLine]) -> Observation:
    """A run as comparisons see it.

    Args:
        summary: completed from the record.
        timeline: all of the record's; what came late is left out: it is a few samples of an interval that is there.
    """
    steady = summary.parts.steady if summary.parts is not None else None
    rows: dict[str, list[tuple[float, ...]]] = {}
    for line in timeline:
        if steady is None or line.late or not steady.start_ns <= line.start_ns < steady.end_ns:
            continue
        for name, figures in line.series.items():
            rows.setdefault(name, []).append(_row(figures))
    series = {name: np.array(each, dtype=np.float64) for name, each in rows.items()}
    return Observation(series, summary.lines, summary.trust.verdict is Verdict.DOUBTFUL)


def _row(figures: SeriesFigures) -> tuple[float, ...]:
    times = (figures.p50_us, figures.p95_us, figures.p99_us)
    return (float(figures.count), float(figures.errors), *((each or 0) / 1000 for each in times))


def unusable(name: str, summary: Summary) -> str:
    """Why nothing can be told from a run, in a sentence; empty when something can."""
    if summary.trust.verdict is Verdict.INVALID:
        return f"{name} is invalid: {summary.trust.reason}"
    if summary.parts is None or summary.parts.steady is None:
        return f"{name}: {summary.parts.reason if summary.parts else 'its parts are not known.'}"
    return ""
