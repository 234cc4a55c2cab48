"""The charts of a capacity search, as Bokeh figures: latency and throughput against load. Knows figures and no file."""

from __future__ import annotations

from collections.abc import Sequence

from bokeh.models import ColumnDataSource
from bokeh.models.annotations import Span
from bokeh.models.glyphs import Scatter
from bokeh.models.renderers import GlyphRenderer
from bokeh.plotting import figure

from whoson_load.measurement.capacity import Capacity, Law, Level, Worth
from whoson_load.measurement.sample import HEADLINE
from whoson_load.report.charts import COLOURS, GREEN, GREY, RED, bare_figure, finished

__all__ = ["latency_against_load", "throughput_against_load"]

_LOOKS = {Worth.GOOD: ("circle", GREEN), Worth.BAD: ("x", RED), Worth.UNDECIDED: ("triangle", GREY)}
_ROWS = [("level", "@level"), ("in progress", "@in_progress{0,0.[0]}"), ("verdict", "@worth")]


def latency_against_load(capacity: Capacity) -> figure:
    """p99 of the headline series by visits in progress, level by level; the knee is a dashed line."""
    plot = bare_figure("Latency against load", height=320, y_axis="log")
    plot.xaxis.axis_label = "visits in progress"
    plot.yaxis.axis_label = "ms"
    drawn = []
    for name, colour in zip(HEADLINE, COLOURS, strict=False):
        levels = [each for each in _ascending(capacity.levels) if name in each.latencies]
        source = _source(levels, [each.latencies[name].p99_ms for each in levels], name)
        plot.line("in_progress", "value", source=source, color=colour, line_width=2, legend_label=f"{name} p99")
        drawn.append(
            plot.scatter("in_progress", "value", source=source, marker="look", size=9, color=colour, line_width=2)
        )
    if capacity.knee is not None:
        place = Span(location=capacity.knee.in_progress, dimension="height", line_color=GREY, line_dash="dashed")
        plot.add_layout(place)
    return finished(plot, drawn, [*_ROWS, ("p99 of @series", "@value{0,0.[000]} ms")], mode="mouse")


def throughput_against_load(capacity: Capacity) -> figure:
    """Answers a second by visits in progress, and the law through them: dashed where it is a forecast."""
    plot = bare_figure("Throughput against load", height=260)
    plot.xaxis.axis_label = "visits in progress"
    plot.yaxis.axis_label = "answers a second"
    levels = _ascending(capacity.levels)
    source = _source(levels, [each.answers_per_s for each in levels], "measured")
    drawn = _points(plot, source, "colour")
    if capacity.law is not None:
        _draw_law(plot, capacity.law)
    return finished(plot, [drawn], [*_ROWS, ("answers a second", "@value{0,0.[0]}")], mode="mouse")


def _points(plot: figure, source: ColumnDataSource, colour: str) -> GlyphRenderer[Scatter]:
    return plot.scatter("in_progress", "value", source=source, marker="look", size=9, color=colour, line_width=2)


def _draw_law(plot: figure, law: Law) -> None:
    known = [each for each in law.curve if each.in_progress <= law.measured_to]
    ahead = [*known[-1:], *(each for each in law.curve if each.in_progress > law.measured_to)]
    for points, dash, label in ((known, "solid", "fitted law"), (ahead, "dashed", "forecast by the law")):
        plot.line(
            [each.in_progress for each in points],
            [each.answers_per_s for each in points],
            color=GREY,
            line_width=2,
            line_dash=dash,
            legend_label=label,
        )


def _ascending(levels: Sequence[Level]) -> list[Level]:
    return sorted(levels, key=lambda each: each.in_progress)


def _source(levels: Sequence[Level], values: Sequence[float | None], series: str) -> ColumnDataSource:
    return ColumnDataSource(
        {
            "in_progress": [each.in_progress for each in levels],
            "value": [float("nan") if each is None else each for each in values],
            "level": [each.number for each in levels],
            "worth": [each.worth.value for each in levels],
            "look": [_LOOKS[each.worth][0] for each in levels],
            "colour": [_LOOKS[each.worth][1] for each in levels],
            "series": [series] * len(levels),
        }
    )
