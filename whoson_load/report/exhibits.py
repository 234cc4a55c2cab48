"""The charts of a run's page, each with what it shows in words and as a table. Knows figures, and no HTML."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from whoson_load.analysis.objectives import read_objective
from whoson_load.measurement.capacity import Capacity
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.run import RunInfo, Summary
from whoson_load.measurement.sample import HEADLINE, REPLY
from whoson_load.report.capacity_charts import latency_against_load, throughput_against_load
from whoson_load.report.charts import (
    COLOURS,
    GENERATOR_COLUMNS,
    LOAD_COLUMNS,
    WAITING_COLUMNS,
    TimeAxis,
    gauge_over_time,
    generator_over_time,
    latency_columns,
    latency_over_time,
    load_over_time,
    outcomes_over_time,
    waiting_over_time,
)
from whoson_load.report.columns import WAITING, Intervals, TimeColumns
from whoson_load.report.latencies import format_ms
from whoson_load.report.spread import Span, added_up, heat, percentile_curve
from whoson_load.report.spread_charts import heat_map, percentile_chart

__all__ = ["CHARTED", "Exhibit", "capacity_exhibits", "exhibits"]

CHARTED: Final = (*HEADLINE, REPLY)
"""The series that have charts; all others stand in the table."""

_TABLE_ROWS: Final = 24
_MOST_GAUGES: Final = 6
_FOREVER_NS: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One chart.

    Attributes:
        section: of the page: `capacity`, `latency`, `load`, `percentiles`, `heat`, `queue` or `trust`.
        title: what it shows, as a heading.
        said: how it is to be read, in a sentence or two.
        plot: the figure.
        head, rows: the same as a table; without rows where another table of the page tells it.
    """

    section: str
    title: str
    said: str
    plot: figure
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def exhibits(info: RunInfo, summary: Summary, intervals: Intervals, spans: Iterable[Span]) -> list[Exhibit]:
    """All charts that a run has figures for, in the order of the page.

    Raises:
        ValueError: a span's histogram is none.
    """
    timed = intervals.columns()
    if not len(timed.columns["time_ms"]):
        return []
    steady = summary.parts.steady if summary.parts is not None else None
    begin_ms, end_ms = float(timed.columns["begin_ms"][0]), float(timed.columns["end_ms"][-1])
    axis = TimeAxis(begin_ms, end_ms, (steady.start_ns / 1e6, steady.end_ns / 1e6) if steady else None)
    over_time = _OverTime(timed, intervals.columns(_TABLE_ROWS), axis)
    known: dict[str, list[Span]] = {name: [] for name in CHARTED}
    for span in spans:
        if span.series in known:
            known[span.series].append(span)
    judged = (steady.start_ns, steady.end_ns) if steady else (0, _FOREVER_NS)
    return [
        *over_time.latencies(),
        *over_time.load(),
        *_percentiles(known, judged, summary, whole=steady is None),
        *_heat_maps(known, (round(begin_ms * 1e6), round(end_ms * 1e6)), info.interval_s, axis),
        *over_time.queue(),
        *over_time.trust(),
    ]


class _OverTime:
    """The charts on the time axis; one source for all of them, so that every figure is in the page once."""

    def __init__(self, timed: TimeColumns, rough: TimeColumns, axis: TimeAxis) -> None:
        self._timed = timed
        self._rough = rough
        self._axis = axis
        self._series = [name for name in CHARTED if timed.has(f"{name} count")]
        self._outcomes = [each.value for each in Outcome if timed.has(each.value)]
        self._gauges = [name for name in timed.columns if name.startswith("server ")][:_MOST_GAUGES]
        wanted = [name for series in self._series for name in latency_columns(series)]
        wanted += [*LOAD_COLUMNS, *WAITING_COLUMNS, *GENERATOR_COLUMNS, *self._outcomes, "errors"]
        columns = timed.chosen(dict.fromkeys(wanted))
        columns |= {f"gauge{place}": timed.columns[name] for place, name in enumerate(self._gauges)}
        self._source = ColumnDataSource({name: _short(name, values) for name, values in columns.items()})

    def latencies(self) -> Iterable[Exhibit]:
        """One chart a series."""
        for name, colour in zip(self._series, COLOURS, strict=False):
            yield Exhibit(
                "latency",
                name,
                f"The median of {name} as a line, bands up to p90 and p99, the longest as points.",
                latency_over_time(self._source, name, self._axis, colour),
                *self._table(*latency_columns(name), cut=f"{name} "),
            )

    def load(self) -> Iterable[Exhibit]:
        """Load, outcomes, and what the server says of itself."""
        width_ms = 0.9 * float(np.median(self._timed.columns["end_ms"] - self._timed.columns["begin_ms"]))
        yield Exhibit(
            "load",
            "Load",
            "Visits in progress, those that chat and those that wait for an operator; visits begun a minute.",
            load_over_time(self._source, self._axis),
            *self._table(*LOAD_COLUMNS),
        )
        yield Exhibit(
            "load",
            "Outcomes",
            "How visits ended, a minute, stacked; the line is commands whose answer did not come.",
            outcomes_over_time(self._source, self._axis, self._outcomes, width_ms),
            *self._table(*self._outcomes, "errors"),
        )
        for place, name in enumerate(self._gauges):
            shown = name.removeprefix("server ")
            yield Exhibit(
                "load",
                shown,
                f"The server's own gauge {shown}, sampled beside the load.",
                gauge_over_time(self._source, f"gauge{place}", shown, self._axis),
                *self._table(name, cut="server "),
            )

    def queue(self) -> Iterable[Exhibit]:
        """Who waits."""
        if self._timed.has(WAITING) or self._timed.has("queue position"):
            yield Exhibit(
                "queue",
                "Queue",
                "Visits that wait for an operator, and the worst position that anybody was told.",
                waiting_over_time(self._source, self._axis),
                *self._table(WAITING, "queue position"),
            )

    def trust(self) -> Iterable[Exhibit]:
        """The generator's own figures."""
        late, busy = generator_over_time(self._source, self._axis)
        if any(self._timed.has(name) for name in GENERATOR_COLUMNS[1:]):
            yield Exhibit(
                "trust",
                "How late the generator was",
                "p99 of its probe timer, of reading what had arrived and of sending what was due; worst worker.",
                late,
                *self._table(*GENERATOR_COLUMNS[1:], cut="generator "),
            )
        if self._timed.has("generator CPU"):
            yield Exhibit(
                "trust",
                "How busy the generator was",
                "CPU time of the busiest worker, in per cent of the one core that a Python process can use.",
                busy,
                *self._table("generator CPU", cut="generator "),
            )

    def _table(self, *names: str, cut: str = "") -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
        columns = self._rough.chosen(names)
        head = ("from", *(name.removeprefix(cut).replace("_", " ") for name in names))
        since_s = (columns["begin_ms"] - columns["end_ms"]) / 1000 + columns["elapsed_s"]
        rows = [
            (_clock(begin_s), *(_number(float(value)) for value in values))
            for begin_s, *values in zip(since_s, *(columns[name] for name in names), strict=True)
        ]
        return head, tuple(rows)


def capacity_exhibits(capacity: Capacity) -> list[Exhibit]:
    """The charts of a capacity search that judged a level."""
    if not capacity.levels:
        return []
    knee = capacity.knee
    said = f" The dashed line is the knee, where {knee.series} p{knee.percentile:g} begins to climb." if knee else ""
    law = " The line is the fitted law; where it is dashed it is a forecast, and was not measured."
    return [
        Exhibit(
            "capacity",
            "Latency against load",
            f"p99 by visits in progress, level by level: a circle is a good level, a cross a bad one.{said}",
            latency_against_load(capacity),
        ),
        Exhibit(
            "capacity",
            "Throughput against load",
            f"Commands answered a second by visits in progress.{law if capacity.law else ''}",
            throughput_against_load(capacity),
        ),
    ]


def _percentiles(
    known: dict[str, list[Span]], judged: tuple[int, int], summary: Summary, *, whole: bool
) -> Iterable[Exhibit]:
    histograms = {name: added_up(spans, *judged) for name, spans in known.items() if spans}
    curves = {name: percentile_curve(each) for name, each in histograms.items() if each.count}
    curves = {name: curve for name, curve in curves.items() if curve.percentiles}
    if not curves:
        return
    read = [read_objective(each.objective) for each in summary.objectives]
    limits = [(each.name, each.percentile, each.limit) for each in read if each.measure == "percentile"]
    marks = (50.0, 90.0, 95.0, 99.0, 99.9, 99.99)
    rows = [(name, *(_at(curve.percentiles, curve.times_ms, mark) for mark in marks)) for name, curve in curves.items()]
    part = "the whole run" if whole else "the steady part"
    yield Exhibit(
        "percentiles",
        "Times by percentile",
        f"Times of {part} by percentile, to p99.99 where there are samples for it; both axes are logarithmic. A cross"
        " is what an objective allows.",
        percentile_chart(curves, limits),
        ("series", *(f"p{mark:g}" for mark in marks)),
        tuple(rows),
    )


def _heat_maps(
    known: dict[str, list[Span]], run_ns: tuple[int, int], interval_s: float, axis: TimeAxis
) -> Iterable[Exhibit]:
    for name, spans in known.items():
        if not spans:
            continue
        cells = heat(spans, *run_ns, interval_s)
        spread = (
            f" The record keeps spans of up to {cells.longest_s:,.0f} s, whose samples are spread evenly."
            if cells.longest_s > 1.5 * cells.column_s
            else ""
        )
        yield Exhibit(
            "heat",
            name,
            f"How often {name} took how long: a cell is {cells.column_s:,.0f} s wide, the brighter the more"
            f" samples.{spread}",
            heat_map(cells, name, axis),
        )


def _short(name: str, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | npt.NDArray[np.float32]:
    """Figures in half the room; instants need all of it."""
    return values if name.endswith("_ms") else values.astype(np.float32)


def _at(percentiles: Sequence[float], times_ms: Sequence[float], mark: float) -> str:
    return format_ms(times_ms[percentiles.index(mark)]) if mark in percentiles else "too few samples"


def _clock(seconds: float) -> str:
    whole = round(seconds)
    sign, whole = ("-", -whole) if whole < 0 else ("+", whole)
    return f"{sign}{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _number(value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
