"""Drift and staffing as text for a terminal. Knows figures, and nothing of how they were reckoned."""

from __future__ import annotations

from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table

from whoson_load.analysis.judging import brief
from whoson_load.measurement.outlook import Drift, Drifts, Staffing, Trend
from whoson_load.measurement.run import Summary
from whoson_load.report.latencies import format_ms
from whoson_load.report.terminal import plain_text

__all__ = [
    "DRIFT_HEAD",
    "STAFFING_HEAD",
    "drift_rows",
    "outlook_sentences",
    "render_drift",
    "render_outlook",
    "render_staffing",
    "staffing_rows",
]

DRIFT_HEAD: Final = ("figure", "first", "last", "an hour", "95 % sure it is", "verdict")
STAFFING_HEAD: Final = ("waiting for an operator", "predicted", "measured")


def outlook_sentences(summary: Summary) -> list[str]:
    """What a run lets one expect, in a sentence each; the generator's own growth apart from the server's."""
    told = []
    if summary.drift is not None:
        mine = [each.said for each in summary.drift.figures if each.of_generator and each.trend is Trend.DRIFTING]
        told += [f"Drift: {summary.drift.reason}", *(f"The generator itself drifts: {each}" for each in mine)]
    if summary.staffing is not None:
        told.append(f"Staffing: {summary.staffing.said}")
    return told


def render_outlook(summary: Summary) -> str:
    """Drift and staffing, as far as they are known."""
    drift = [render_drift(summary.drift)] if summary.drift is not None else []
    return "\n".join([*drift, *([render_staffing(summary.staffing)] if summary.staffing is not None else [])])


def render_drift(drifts: Drifts) -> str:
    """The sentence, then figure by figure.

    Returns:
        lines of at most 100 columns, without colours.
    """
    table = Table(box=None, pad_edge=False)
    for number, name in enumerate(DRIFT_HEAD):
        table.add_column(name, justify="right" if 0 < number < 5 else "left", no_wrap=True)
    for row in drift_rows(drifts):
        table.add_row(*row)
    drifting = [each.said for each in drifts.figures if each.trend is Trend.DRIFTING]
    lines: list[RenderableType] = ["", f"Drift: {drifts.reason}"]
    return plain_text(Group(*lines, *([table] if drifts.figures else []), *drifting))


def render_staffing(staffing: Staffing) -> str:
    """The sentence, then predicted and measured waiting side by side, where they were reckoned."""
    table = Table(box=None, pad_edge=False)
    for number, name in enumerate(STAFFING_HEAD):
        table.add_column(name, justify="right" if number else "left")
    rows = staffing_rows(staffing)
    for row in rows:
        table.add_row(*row)
    return plain_text(Group("", f"Staffing: {staffing.said}", *([table] if rows else [])))


def drift_rows(drifts: Drifts) -> list[tuple[str, ...]]:
    """The figures as rows under `DRIFT_HEAD`."""
    return [
        (each.name, _shown(each, each.first), _shown(each, each.last), *_slope(each), each.trend.value)
        for each in drifts.figures
    ]


def staffing_rows(staffing: Staffing) -> list[tuple[str, ...]]:
    """The figures as rows under `STAFFING_HEAD`; none where the queue could not be reckoned."""
    return [
        (name, show(predicted), show(measured))
        for name, show, predicted, measured in (
            ("mean wait of the served", "{:.2f} s".format, staffing.predicted_s, staffing.measured_s),
            ("gave up", "{:.1%}".format, staffing.gave_up_predicted, staffing.gave_up_measured),
        )
        if predicted is not None and measured is not None
    ]


def _shown(drift: Drift, value: float) -> str:
    return format_ms(value) if drift.unit == "ms" else f"{value:.4g}"


def _slope(drift: Drift) -> tuple[str, str]:
    if not drift.known:
        return "-", "-"
    unit = f" {drift.unit}".rstrip()
    per_h, low, high = (brief(each, signed=True) for each in (drift.per_h, drift.low_per_h, drift.high_per_h))
    return f"{per_h}{unit}", f"{low} to {high}{unit}"
