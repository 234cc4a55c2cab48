"""A comparison of two builds as one HTML page, as self-contained as a run's. Knows figures and no file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bokeh.models import ColumnDataSource, FactorRange
from bokeh.models.annotations import Span
from bokeh.plotting import figure

from whoson_load.analysis.changes import Change, Standing
from whoson_load.analysis.comparison import Comparison
from whoson_load.report.charts import BLUE, GREEN, GREY, RED, bare_figure, finished
from whoson_load.report.comparison import CHANGE_HEAD, change_row
from whoson_load.report.exhibits import Exhibit
from whoson_load.report.facts import Row
from whoson_load.report.page import written
from whoson_load.report.statements import Statement

__all__ = ["render_comparison_page"]

_SOURCE: Final = "compare --format json"
_COLOURS: Final = {Standing.WORSE: RED, Standing.BETTER: GREEN, Standing.SAME: BLUE, Standing.CANNOT_TELL: GREY}
_MOODS: Final = {Standing.WORSE: "bad", Standing.BETTER: "good", Standing.SAME: "good"}
_ROW_HEIGHT: Final = 24


def render_comparison_page(comparison: Comparison, baseline: Sequence[str], candidate: Sequence[str]) -> str:
    """The sentence, then figure by figure how far it moved and how sure that is, as a chart and as a table.

    Args:
        baseline, candidate: names of the runs on both sides.

    Returns:
        an HTML document.
    """
    said = {"answer": Statement(comparison.reason, ("comparison.reason",), _SOURCE)}
    if comparison.meaning:
        said["meaning"] = Statement(comparison.meaning, ("comparison.meaning",), _SOURCE)
    for place, note in enumerate(comparison.notes):
        said[f"note {place}"] = Statement(note, (f"comparison.notes.{place}",), _SOURCE)
    rows = [Row(change_row(each), f"comparison.changes.{place}") for place, each in enumerate(comparison.changes)]
    drawn = [each for each in comparison.changes if each.baseline and None not in (each.low, each.high)]
    return written(
        "comparison.html",
        _exhibits(drawn),
        source=_SOURCE,
        said=said,
        mood=_MOODS.get(comparison.standing, "doubt"),
        standing=comparison.standing.value,
        baseline=baseline,
        candidate=candidate,
        head=CHANGE_HEAD,
        rows=rows,
    )


def _exhibits(changes: Sequence[Change]) -> list[Exhibit]:
    if not changes:
        return []
    said = "How far each figure moved, in per cent of the baseline's; the bar is what it is 90 % sure to lie in."
    return [Exhibit("changes", "How far it moved", said, _moves(changes))]


def _moves(changes: Sequence[Change]) -> figure:
    """A point with its interval for each figure, the first on top."""
    names = [f"{each.series} {each.statistic}" for each in changes]
    plot = bare_figure(
        "How far it moved", height=150 + _ROW_HEIGHT * len(changes), y_range=FactorRange(factors=names[::-1])
    )
    plot.xaxis.axis_label = "change, %"
    source = ColumnDataSource(
        {
            "name": names,
            "change": [100 * (each.candidate - each.baseline) / each.baseline for each in changes],
            "low": [100 * (each.low or 0.0) / each.baseline for each in changes],
            "high": [100 * (each.high or 0.0) / each.baseline for each in changes],
            "colour": [_COLOURS[each.standing] for each in changes],
            "standing": [each.standing.value for each in changes],
        }
    )
    plot.hbar(y="name", left="low", right="high", height=0.5, source=source, color="colour", fill_alpha=0.35)
    drawn = plot.scatter("change", "name", source=source, size=9, color="colour", legend_group="standing")
    plot.add_layout(Span(location=0, dimension="height", line_color=GREY, line_width=1))
    rows = [("figure", "@name"), ("change", "@change{+0.[0]} %"), ("90 % sure", "@low{+0.[0]} to @high{+0.[0]} %")]
    return finished(plot, [drawn], [*rows, ("verdict", "@standing")], mode="mouse")
