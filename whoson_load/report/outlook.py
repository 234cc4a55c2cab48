"""Drift and staffing as text for a terminal. Knows figures, and nothing of how they were reckoned."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table

from whoson_load.analysis.drift import Drift, Drifts
from whoson_load.analysis.staffing import Staffing
from whoson_load.report.terminal import format_ms, plain_text

__all__ = ["render_drift", "render_staffing"]


def render_drift(drifts: Drifts) -> str:
    """The sentence, then figure by figure.

    Returns:
        lines of at most 100 columns, without colours.
    """
    table = Table(box=None, pad_edge=False)
    for number, name in enumerate(("figure", "first", "last", "an hour", "95 % sure it is", "verdict")):
        table.add_column(name, justify="right" if 0 < number < 5 else "left", no_wrap=True)
    for each in drifts.figures:
        table.add_row(each.name, *(_shown(each, value) for value in (each.first, each.last)), *_slope(each), each.trend)
    missed = [each.said for each in drifts.figures if each.missed_in_h is not None]
    lines: list[RenderableType] = ["", f"Drift: {drifts.reason}"]
    return plain_text(Group(*lines, *([table] if drifts.figures else []), *missed))


def render_staffing(staffing: Staffing | str) -> str:
    """The sentence, then predicted and measured waiting side by side; or why there is neither."""
    if isinstance(staffing, str):
        return plain_text(Group("", staffing))
    table = Table(box=None, pad_edge=False)
    for number, name in enumerate(("waiting for an operator", "predicted", "measured")):
        table.add_column(name, justify="right" if number else "left")
    table.add_row("mean wait of the served", *(f"{each:.2f} s" for each in (staffing.predicted_s, staffing.measured_s)))
    table.add_row("gave up", *(f"{each:.1%}" for each in (staffing.gave_up_predicted, staffing.gave_up_measured)))
    return plain_text(Group("", f"Staffing: {staffing.said}", table))


def _shown(drift: Drift, value: float) -> str:
    return format_ms(value) if drift.unit == "ms" else f"{value:.4g}"


def _slope(drift: Drift) -> tuple[str, str]:
    if not drift.known:
        return "-", "-"
    unit = f" {drift.unit}".rstrip()
    return f"{drift.per_h:+.3g}{unit}", f"{drift.low_per_h:+.3g} to {drift.high_per_h:+.3g}{unit}"
