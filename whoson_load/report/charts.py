"""The charts of a run over its time, as Bokeh figures on columns; the report's and the live page's alike.

Knows the names of columns, and nothing of where they come from. Colours of text, axes and grids are the page's own
(CSS variables), so that a figure is light or dark as the page is; those of the data stand on both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from bokeh.models import (
    BoxZoomTool,
    ColumnDataSource,
    CrosshairTool,
    CustomJSHover,
    DataRange1d,
    DatetimeTickFormatter,
    HoverTool,
    NumeralTickFormatter,
    PanTool,
    Range,
    Range1d,
    ResetTool,
    WheelZoomTool,
)
from bokeh.models.annotations import BoxAnnotation, Legend
from bokeh.models.renderers import DataRenderer
from bokeh.plotting import figure

from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.sample import QUEUE_TICK
from whoson_load.report.columns import WAITING

__all__ = [
    "BLUE",
    "COLOURS",
    "GENERATOR_COLUMNS",
    "GREEN",
    "GREY",
    "LOAD_COLUMNS",
    "OUTCOME_COLOURS",
    "RED",
    "WAITING_COLUMNS",
    "WHEN",
    "TimeAxis",
    "bare_figure",
    "finished",
    "gauge_over_time",
    "generator_over_time",
    "latency_columns",
    "latency_over_time",
    "load_over_time",
    "outcomes_over_time",
    "waiting_over_time",
]

COLOURS: Final = ("#2878b5", "#c8501e", "#12876f", "#a8559b", "#8a7215", "#6a6ad4", "#6b7780")
"""Told apart by people of any colour vision, and 3:1 at least against white and against near-black.

Source: the hues of M. Okabe and K. Ito, Color Universal Design (2008), each darkened or lightened to that contrast."""

BLUE, RED, GREEN, PURPLE, OLIVE, INDIGO, GREY = COLOURS

OUTCOME_COLOURS: Final[dict[str, str]] = {
    Outcome.SERVED: GREEN,
    Outcome.ABANDONED: RED,
    Outcome.UNANSWERED: PURPLE,
    Outcome.TURNED_AWAY: OLIVE,
    Outcome.QUEUE_TIMEOUT: INDIGO,
    Outcome.LEFT_MESSAGE: BLUE,
    Outcome.BROWSED: GREY,
    Outcome.ENDED_BY_SERVER: "#b8860b",
    Outcome.REFUSED: "#d03a6a",
    Outcome.DROPPED: "#8c564b",
    Outcome.TIMED_OUT: "#4b8b9b",
    Outcome.FAILED: "#c00000",
}
"""One colour for each way out, the same in every chart."""

LOAD_COLUMNS: Final = ("visits in progress", "visits chatting", WAITING, "arrivals")
WAITING_COLUMNS: Final = (WAITING, "queue position", f"{QUEUE_TICK} p50", f"{QUEUE_TICK} p99")
GENERATOR_COLUMNS: Final = (
    "generator CPU",
    "generator loop lag p99",
    "generator receive p99",
    "generator send p99",
)

WHEN: Final = [("time", "@begin_ms{%F %T} to @end_ms{%T} UTC")]
"""What the pointer tells first on a time axis: the time of the point."""

_HEIGHT: Final = 220
_SINCE: Final = [*WHEN, ("since the begin", "@elapsed_s{00:00:00}")]

Scale = Literal["linear", "log"]


class TimeAxis:
    """The one time axis of a page: what is zoomed in one chart is zoomed in all, and one line runs through them.

    Args:
        begin_ms, end_ms: what it shows, ms since the epoch; without both, whatever there is, as it comes.
        steady_ms: where the steady part lies, to be shaded; None for nowhere.
    """

    def __init__(
        self,
        begin_ms: float | None = None,
        end_ms: float | None = None,
        steady_ms: tuple[float, float] | None = None,
    ) -> None:
        self._steady_ms = steady_ms
        self._crosshair = CrosshairTool(dimensions="height", line_color=GREY, line_alpha=0.6, visible=False)
        self.range: Range1d | DataRange1d = DataRange1d(range_padding=0)
        if begin_ms is not None and end_ms is not None:
            # No further than the run: who zooms out gets lost otherwise.
            self.range = Range1d(start=begin_ms, end=end_ms, bounds=(begin_ms, end_ms))

    def figure(self, title: str, unit: str, *, height: int = _HEIGHT, scale: Scale = "linear") -> figure:
        """A figure on this axis, without data."""
        plot = bare_figure(title, height=height, x_axis="datetime", y_axis=scale, x_range=self.range)
        plot.yaxis.axis_label = unit
        plot.add_tools(self._crosshair)
        if self._steady_ms is not None:
            left, right = self._steady_ms
            shade = BoxAnnotation(left=left, right=right, fill_color=GREY, fill_alpha=0.1, line_color=None)
            shade.level = "underlay"
            plot.add_layout(shade)
        plot.xaxis.formatter = DatetimeTickFormatter(
            milliseconds="%H:%M:%S.%3N",
            seconds="%H:%M:%S",
            minsec="%H:%M:%S",
            minutes="%H:%M",
            hourmin="%H:%M",
            hours="%H:%M",
            days="%d %b",
        )
        plot.xaxis.axis_label = "time (UTC)"
        return plot


def bare_figure(
    title: str,
    *,
    height: int = _HEIGHT,
    x_axis: Literal["linear", "log", "datetime"] = "linear",
    y_axis: Scale = "linear",
    x_range: Range | None = None,
    y_range: Range | None = None,
) -> figure:
    """A figure as all of ours are: as wide as its place, to be zoomed by dragging, without a logo.

    Args:
        title: what it shows; told to screen readers by the page, not drawn.
        x_range, y_range: where they are not just what there is; a range brings its kind of axis with it.
    """
    zoom = BoxZoomTool(dimensions="width")
    plot = figure(
        name=title,
        height=height,
        sizing_mode="stretch_width",
        tools=[zoom, PanTool(dimensions="width"), WheelZoomTool(dimensions="width"), ResetTool()],
        active_drag=zoom,
        active_scroll=None,  # the wheel scrolls the page until somebody asks for it
        toolbar_location="right",
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
        min_border_left=50,
        x_axis_type=x_axis,
        y_axis_type=y_axis if y_range is None else "auto",
        x_range=x_range or DataRange1d(),
        y_range=y_range or (DataRange1d(start=0) if y_axis == "linear" else DataRange1d()),
    )
    plot.toolbar.logo = None
    plot.grid.grid_line_alpha = 1.0
    plot.axis.minor_tick_line_color = None
    plot.axis.axis_label_text_font_style = "normal"
    plot.axis.axis_label_text_font_size = "12px"
    plot.axis.major_label_text_font_size = "12px"
    # Above the chart, where it hides nothing; a click on a name hides or shows what it names.
    legend = Legend(
        orientation="horizontal",
        ncols="auto",
        location="top_left",
        margin=0,
        spacing=14,
        glyph_height=14,
        glyph_width=14,
        label_text_font_size="12px",
        border_line_color=None,
        background_fill_color=None,
        click_policy="hide",
        # Its style is made before it stands in the page, whose variables it then does not know yet.
        stylesheets=[".bk-label { color: var(--bk-label-text-color) !important; }"],
    )
    plot.add_layout(legend, "above")
    if y_range is None:
        plot.yaxis.formatter = NumeralTickFormatter(format="0,0.[000]")
    return plot


def latency_columns(series: str) -> tuple[str, ...]:
    """The columns that `latency_over_time` draws."""
    return tuple(f"{series} {statistic}" for statistic in ("count", "p50", "p90", "p99", "max"))


def latency_over_time(source: ColumnDataSource, series: str, axis: TimeAxis, colour: str = BLUE) -> figure:
    """One series' percentiles: the median as a line, bands up to p90 and p99, the greatest as points; log scale."""
    plot = axis.figure(f"{series} over time", "ms", scale="log")
    p50, p90, p99, top = (f"{series} {statistic}" for statistic in ("p50", "p90", "p99", "max"))
    # A box for each point, and no area through all of them, which would run on over times without a sample.
    for low, high, alpha, label in ((p90, p99, 0.22, "p90 to p99"), (p50, p90, 0.45, "p50 to p90")):
        plot.quad(
            left="begin_ms",
            right="end_ms",
            bottom=low,
            top=high,
            source=source,
            color=colour,
            line_color=None,
            fill_alpha=alpha,
            legend_label=label,
        )
    plot.line("time_ms", p99, source=source, color=colour, line_width=1, line_alpha=0.7)
    line = plot.line("time_ms", p50, source=source, color=colour, line_width=2, legend_label="p50")
    plot.scatter("time_ms", top, source=source, color=colour, size=3, fill_alpha=0.8, legend_label="max")
    rows = [
        *_SINCE,
        ("samples", f"@{{{series} count}}{{0,0}}"),
        *((each, f"@{{{series} {each}}}{{0,0.[000]}} ms") for each in ("p50", "p90", "p99", "max")),
    ]
    return finished(plot, [line], rows)


def load_over_time(source: ColumnDataSource, axis: TimeAxis) -> figure:
    """Visits in progress, those of them that chat and that wait, and arrivals a minute on an axis of the same scale."""
    plot = axis.figure("Load over time", "visits; arrivals a minute")
    lines = {
        "visits in progress": (BLUE, "in progress", "solid"),
        "visits chatting": (GREEN, "chatting", "solid"),
        WAITING: (RED, "waiting", "solid"),
        "arrivals": (GREY, "arrivals a minute", "dashed"),
    }
    drawn = [
        plot.line("time_ms", name, source=source, color=colour, line_width=2, line_dash=dash, legend_label=label)
        for name, (colour, label, dash) in lines.items()
    ]
    rows = [*_SINCE, *((label, f"@{{{name}}}{{0,0.[0]}}") for name, (_, label, _) in lines.items())]
    return finished(plot, drawn[:1], rows)


def outcomes_over_time(source: ColumnDataSource, axis: TimeAxis, outcomes: Sequence[str], width: float | str) -> figure:
    """How visits ended, a minute, stacked; and commands whose event did not come, as a line.

    Args:
        outcomes: those to be shown, from the bottom; members of `Outcome`.
        width: of a bar, in ms; or the column that holds it.
    """
    plot = axis.figure("Outcomes over time", "a minute")
    bars = plot.vbar_stack(
        list(outcomes),
        x="time_ms",
        width=width,
        source=source,
        color=[OUTCOME_COLOURS[each] for each in outcomes],
        line_color=None,
        legend_label=[each.replace("_", " ") for each in outcomes],
    )
    line = plot.line("time_ms", "errors", source=source, color=GREY, line_width=2, legend_label="errors")
    rows = [*_SINCE, *((each.replace("_", " "), f"@{{{each}}}{{0,0.[0]}} a minute") for each in (*outcomes, "errors"))]
    return finished(plot, [line] if not bars else bars[-1:], rows, mode="mouse" if bars else "vline")


def waiting_over_time(source: ColumnDataSource, axis: TimeAxis) -> figure:
    """Visits that wait for an operator, and the worst position that anybody was told."""
    plot = axis.figure("Queue over time", "visits")
    plot.varea("time_ms", 0, WAITING, source=source, color=RED, fill_alpha=0.25)
    line = plot.line("time_ms", WAITING, source=source, color=RED, line_width=2, legend_label="waiting")
    plot.scatter(
        "time_ms", "queue position", source=source, color=INDIGO, size=5, legend_label="worst position that was told"
    )
    rows = [
        *_SINCE,
        ("waiting", f"@{{{WAITING}}}{{0,0.[0]}}"),
        ("worst position", "@{queue position}{0,0}"),
        ("queue event every", f"@{{{QUEUE_TICK} p50}}{{0,0}} ms (p50), @{{{QUEUE_TICK} p99}}{{0,0}} ms (p99)"),
    ]
    return finished(plot, [line], rows)


def generator_over_time(source: ColumnDataSource, axis: TimeAxis) -> tuple[figure, figure]:
    """The generator's own figures, of its worst worker: how late it was, and how busy."""
    late = axis.figure("Generator's lateness over time", "ms", scale="log", height=180)
    lines = {"generator loop lag p99": PURPLE, "generator receive p99": BLUE, "generator send p99": OLIVE}
    drawn = [
        late.line("time_ms", name, source=source, color=colour, line_width=2, legend_label=_own(name))
        for name, colour in lines.items()
    ]
    rows = [*_SINCE, *((_own(name), f"@{{{name}}}{{0,0.[000]}} ms") for name in lines)]
    busy = axis.figure("Generator's CPU over time", "% of one core", height=140)
    line = busy.line("time_ms", "generator CPU", source=source, color=GREEN, line_width=2)
    return finished(late, drawn[:1], rows), finished(busy, [line], [*_SINCE, ("CPU", "@{generator CPU}{0.[0]} %")])


def finished(
    plot: figure,
    hovered: Sequence[DataRenderer],
    rows: list[tuple[str, str]],
    *,
    mode: Literal["mouse", "vline"] = "vline",
) -> figure:
    """Add what the pointer tells.

    Args:
        hovered: what it has to meet.
        rows: labels, and Bokeh's templates of values.
        mode: whether it meets what is right under it, or all that is above or below.
    """
    formatters: dict[str, Literal["numeral", "datetime", "printf"] | CustomJSHover] = {
        "@begin_ms": "datetime",
        "@end_ms": "datetime",
    }
    plot.add_tools(HoverTool(renderers=list(hovered), tooltips=rows, formatters=formatters, mode=mode, visible=False))
    return plot


def gauge_over_time(source: ColumnDataSource, column: str, name: str, axis: TimeAxis) -> figure:
    """Any gauge of the server's own, as it was sampled beside the load.

    Args:
        column: where it stands; of letters and digits, for the pointer's sake.
        name: what it is called.
    """
    plot = axis.figure(f"{name} over time", "", height=150)
    line = plot.line("time_ms", column, source=source, color=OLIVE, line_width=2)
    return finished(plot, [line], [*_SINCE, ("value", f"@{column}{{0,0.[000]}}")])


def _own(name: str) -> str:
    return name.removeprefix("generator ")
