"""A comparison of two builds as text, and as Markdown. Knows figures and no file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table

from whoson_load.analysis.changes import Change, Standing
from whoson_load.analysis.comparison import Comparison
from whoson_load.analysis.judging import brief
from whoson_load.analysis.observation import STATISTICS
from whoson_load.report.latencies import format_ms
from whoson_load.report.markdown import markdown_table
from whoson_load.report.terminal import plain_text

__all__ = ["CHANGE_HEAD", "change_row", "render_comparison", "render_comparison_markdown"]

CHANGE_HEAD: Final = ("figure", "baseline", "candidate", "change", "90 % sure it is", "verdict")


def render_comparison(comparison: Comparison, baseline: Sequence[str], candidate: Sequence[str]) -> str:
    """For a terminal: the sentence, then figure by figure.

    Args:
        baseline, candidate: names of the runs on both sides.

    Returns:
        lines of at most 100 columns, without colours.
    """
    table = Table(box=None, pad_edge=False)
    for number, name in enumerate(CHANGE_HEAD):
        table.add_column(name, justify="right" if 0 < number < 5 else "left", no_wrap=True)
    for each in comparison.changes:
        table.add_row(*change_row(each))
    sides = [f"Baseline:  {', '.join(baseline)}", f"Candidate: {', '.join(candidate)}"]
    figures: list[RenderableType] = ["", table, comparison.meaning, ""] if comparison.changes else []
    return plain_text(Group(comparison.reason, "", *sides, *figures, *_notes(comparison)))


def render_comparison_markdown(comparison: Comparison, baseline: Sequence[str], candidate: Sequence[str]) -> str:
    """For a pull request; it ends with a line break."""
    sign = {Standing.WORSE: "❌", Standing.CANNOT_TELL: "❔"}.get(comparison.standing, "✅")
    parts = [
        "## whoson-load: comparison",
        f"**{sign} {comparison.reason}**",
        f"Baseline: {_quoted(baseline)}. Candidate: {_quoted(candidate)}.",
        *([markdown_table(CHANGE_HEAD, map(change_row, comparison.changes))] if comparison.changes else []),
        *([comparison.meaning] if comparison.changes else []),
        *(f"> {note}" for note in _notes(comparison)),
    ]
    return "\n\n".join(parts) + "\n"


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"`{each}`" for each in names)


def change_row(change: Change) -> tuple[str, ...]:
    """A figure on both sides and how it moved, under `CHANGE_HEAD`."""
    share = change.statistic not in STATISTICS
    show = (lambda value: f"{100 * value:.3g} %") if share else format_ms
    if share:
        moved = f"{100 * (change.candidate - change.baseline):+.2g} pp"
        sure = _range(change, 100.0, " pp")
    else:
        moved = f"{change.candidate / change.baseline - 1:+.1%}" if change.baseline else "-"
        sure = _range(change, 100 / change.baseline, " %") if change.baseline else "-"
    name = f"{change.series} {change.statistic}"
    return (name, show(change.baseline), show(change.candidate), moved, sure, change.standing.value)


def _range(change: Change, factor: float, unit: str) -> str:
    if change.low is None or change.high is None:
        return "-"
    low, high = (brief(factor * each, signed=True) for each in (change.low, change.high))
    return f"{low} to {high}{unit}"


def _notes(comparison: Comparison) -> list[str]:
    return [f"Note: {note}" for note in comparison.notes]
