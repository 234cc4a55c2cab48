"""The charts of how times are spread, as Bokeh figures: percentile curves, and heat maps over the run's time.

Knows figures, and nothing of where they come from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from bokeh.models import ColumnDataSource, FixedTicker, LogColorMapper, NumeralTickFormatter
from bokeh.models.annotations import ColorBar
from bokeh.palettes import Viridis256
from bokeh.plotting import figure

from whoson_load.report.charts import COLOURS, WHEN, TimeAxis, bare_figure, finished
from whoson_load.report.spread import Cells, Curve

__all__ = ["heat_map", "percentile_chart"]

_MARKS: Final = {50.0: "p50", 90.0: "p90", 99.0: "p99", 99.9: "p99.9", 99.99: "p99.99"}

_HEAT: Final = tuple(Viridis256[40:])
"""Ever brighter, for any colour vision and in print; without its darkest end, which a dark page would swallow."""


def percentile_chart(
    curves: Mapping[str, Curve], limits: Sequence[tuple[str, float, float]] = (), palette: Sequence[str] = COLOURS
) -> figure:
    """Times by percentile; every nine takes as much room as the one before, so that the tail is seen.

    Args:
        curves: by series.
        limits: what objectives allow at most: series, percentile, ms; a cross each.
    """
    plot = bare_figure("Times by percentile", height=320, x_axis="log", y_axis="log")
    plot.xaxis.ticker = FixedTicker(ticks=[_place(each) for each in _MARKS])
    plot.xaxis.major_label_overrides = {_place(each): label for each, label in _MARKS.items()}
    plot.xaxis.axis_label = "percentile"
    plot.yaxis.axis_label = "ms"
    drawn = []
    for (name, curve), colour in zip(curves.items(), palette, strict=False):
        source = ColumnDataSource(
            {
                "place": np.array([_place(each) for each in curve.percentiles], dtype=np.float32),
                "percentile": np.array(curve.percentiles, dtype=np.float32),
                "ms": np.array(curve.times_ms, dtype=np.float32),
                "series": [name] * len(curve.percentiles),
            }
        )
        drawn.append(plot.line("place", "ms", source=source, color=colour, line_width=2, legend_label=name))
        wanted = [(percentile, limit) for series, percentile, limit in limits if series == name]
        if wanted:
            plot.scatter(
                [_place(percentile) for percentile, _ in wanted],
                [limit for _, limit in wanted],
                marker="x",
                size=12,
                color=colour,
                line_width=3,
                legend_label=f"{name}: objective",
            )
    rows = [("series", "@series"), ("percentile", "@percentile{0.[000]}"), ("time", "@ms{0,0.[000]} ms")]
    return finished(plot, drawn, rows, mode="mouse")


def heat_map(cells: Cells, series: str, axis: TimeAxis) -> figure:
    """Where in time which times were how frequent; logarithmic in both the times and the colours."""
    plot = axis.figure(f"Heat map of {series}", "ms", height=240, scale="log")
    source = ColumnDataSource(
        {
            "begin_ms": cells.begin_ms,
            "end_ms": cells.end_ms,
            "low": cells.low_ms.astype(np.float32),
            "high": cells.high_ms.astype(np.float32),
            "samples": cells.samples.astype(np.float32),
        }
    )
    colours = LogColorMapper(
        palette=list(_HEAT), low=float(min(cells.samples, default=1)), high=float(max(cells.samples, default=2))
    )
    drawn = plot.quad(
        "begin_ms",
        "end_ms",
        "high",
        "low",
        source=source,
        fill_color={"field": "samples", "transform": colours},
        line_color=None,
    )
    bar = ColorBar(
        color_mapper=colours, width=10, background_fill_color=None, formatter=NumeralTickFormatter(format="0,0.[00]")
    )
    bar.title = "samples"
    bar.title_text_font_style = "normal"
    plot.add_layout(bar, "right")
    rows = [*WHEN, ("times", "@low{0,0.[000]} to @high{0,0.[000]} ms"), ("samples", "@samples{0,0.[0]}")]
    return finished(plot, [drawn], rows, mode="mouse")


def _place(percentile: float) -> float:
    """Where a percentile stands on the axis: 10 for p90, 100 for p99, 1000 for p99.9."""
    return round(100 / (100 - percentile), 6)
