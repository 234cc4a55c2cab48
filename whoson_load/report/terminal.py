"""A run's summary and its progress as text for a terminal. Knows figures, and nothing of how they were taken."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import PurePath

import msgspec
from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from whoson_load.measurement.answer import Judged
from whoson_load.measurement.outlook import Trend
from whoson_load.measurement.run import SeriesSummary, Summary
from whoson_load.measurement.sample import (
    ACCEPTED,
    ACKNOWLEDGED,
    CONNECT,
    ECHO,
    HEADLINE,
    OPERATORJOINED,
    REPLY,
    SERIES,
)
from whoson_load.measurement.trust import Verdict
from whoson_load.report.latencies import FEW, HEAD, format_ms, latency_cells, marks_any
from whoson_load.report.sentence import judged_where

__all__ = [
    "ProgressFigures",
    "live_progress",
    "plain_text",
    "render_progress",
    "render_summary",
    "time_spent",
]

_WIDTH = 100
_BAR_CELLS = 30


def time_spent(summary: Summary) -> list[tuple[str, float]]:
    """Where the visitors' time went, in all visits: those that the run's end broke off count as far as they got.

    Returns:
        (what, seconds in all), the visitors' own time last; empty when there was no visit.
    """
    visits_s = summary.traffic.get("visitor_us", 0) / 1e6
    if not visits_s:
        return []

    def total_s(name: str) -> float:
        figures = summary.series.get(name)
        answered_s = (figures.count * (figures.mean_ms or 0.0)) / 1000 if figures is not None else 0.0
        return answered_s + summary.traffic.get(f"waited_us {name}", 0) / 1e6

    accepted_s = total_s(ACCEPTED)
    parts = [
        ("connecting", total_s(CONNECT)),
        ("being accepted", accepted_s),
        ("waiting for an operator", max(0.0, total_s(OPERATORJOINED) - accepted_s)),
        ("waiting for one's own lines", total_s(ECHO)),
        ("waiting for replies", total_s(REPLY)),
        ("waiting for the survey's receipt", total_s(ACKNOWLEDGED)),
    ]
    return [*parts, ("reading, thinking, typing", max(0.0, visits_s - sum(seconds for _, seconds in parts)))]


def render_summary(summary: Summary, folder: PurePath | str) -> str:
    """The table at the end of a run.

    Args:
        folder: where the record lies.

    Returns:
        Lines of at most 100 columns, but for the folder's, without colours.
    """
    said = Group(
        "",
        *_latencies(summary),
        "",
        *_steady(summary),
        *_arrivals(summary.arrivals),
        _outcomes(summary),
        *_faults(summary.faults),
        _lines(summary.lines),
        "",
        _spent(summary),
        _trust(summary),
        *_objectives(summary.objectives),
        *_drift(summary),
    )
    # Whole, however long: it is there to be copied.
    return f"{plain_text(said)}\nRecord: {folder}"


def _latencies(summary: Summary) -> list[RenderableType]:
    told = {name: figures for name in SERIES if _has_something((figures := summary.series[name]), name)}
    return _series_table("series", told, title="Latencies")


def _has_something(figures: SeriesSummary, name: str) -> bool:
    return name in HEADLINE or bool(figures.count or figures.errors)


def _series_table(head: str, series: Mapping[str, SeriesSummary], title: str | None = None) -> list[RenderableType]:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column(head)
    for name in HEAD:
        table.add_column(name, justify="right")
    rows = {name: latency_cells(figures) for name, figures in series.items()}
    for name, cells in rows.items():
        table.add_row(name, *cells)
    return [table, FEW] if marks_any(rows.values()) else [table]


def _steady(summary: Summary) -> list[RenderableType]:
    """The steady part's headline figures, which objectives and comparisons go by; or why there is no such part."""
    if summary.parts is None:
        return []
    if summary.steady is None:
        return [summary.parts.reason, ""]
    steady = {name: summary.steady[name] for name in HEADLINE}
    return [summary.parts.reason, *_series_table("steady part", steady), ""]


def _objectives(objectives: Sequence[Judged]) -> list[RenderableType]:
    if not objectives:
        return []
    met = sum(each.met for each in objectives)
    table = Table(
        title=f"\nObjectives: {met} of {len(objectives)} met",
        title_justify="left",
        box=None,
        pad_edge=False,
        show_header=False,
    )
    table.add_column(no_wrap=True)
    table.add_column()
    for each in objectives:
        table.add_row(each.objective, f"{each.said} ({judged_where(each)})")
    return [table, ""]


def _drift(summary: Summary) -> list[str]:
    """What drifts, if anything does: most runs are too short to say, and `report` tells all of it."""
    drift = summary.drift
    return [f"Drift: {drift.reason}", ""] if drift is not None and drift.trend is Trend.DRIFTING else []


def _arrivals(arrivals: Mapping[str, int]) -> list[str]:
    """The line of an open model; none in the closed one, where nobody is due."""
    if not arrivals.get("due"):
        return []
    late, capped = arrivals.get("late", 0), arrivals.get("capped", 0)
    turned_away = f", {capped:,} turned away by --max-visitors" if capped else ""
    return [f"Arrivals: {arrivals['due']:,} due, {late:,} of them begun late{turned_away}"]


def _outcomes(summary: Summary) -> str:
    total = sum(summary.outcomes.values())
    ended = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in summary.outcomes.items() if count)
    broken_off = summary.arrivals.get("begun", 0) - summary.arrivals.get("ended", 0)
    more = f"; {broken_off:,} more broken off by the end of the run" if broken_off > 0 else ""
    return f"Visits: {total:,} ended" + (f": {ended}" if ended else "") + more


def _faults(faults: Mapping[str, int]) -> list[str]:
    """What the target did wrong, if it did: the cause behind refused, dropped and failed visits."""
    told = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in faults.items() if count)
    return [f"Faults: {told}"] if told else []


def _lines(lines: Mapping[str, int]) -> str:
    sent, echoed, lost = (lines.get(name, 0) for name in ("sent", "echoed", "lost"))
    more = "".join(
        f", {lines[name]:,} {name}" for name in ("late", "duplicated", "reordered", "crossed") if lines.get(name)
    )
    return f"Lines: {sent:,} sent, {echoed:,} echoed, {lost:,} lost, {sent - echoed - lost:,} in flight{more}"


def _spent(summary: Summary) -> RenderableType:
    spent = time_spent(summary)
    if not spent:
        return Text("No visit was made.")
    whole_s = sum(seconds for _, seconds in spent)
    visits = max(1, summary.arrivals.get("begun", 0))
    table = Table(title_justify="left", box=None, pad_edge=False, show_header=False)
    table.title = f"Where the visitors' time went ({visits:,} visits, {whole_s / visits:.1f} s each so far)"
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    table.add_column()
    for name, seconds in spent:
        share = seconds / whole_s if whole_s else 0.0
        table.add_row(name, f"{seconds / visits:.2f} s", f"{share:.1%}", "█" * round(share * _BAR_CELLS))
    return table


def _trust(summary: Summary) -> str:
    trust = summary.trust
    said = f"\nGenerator: {trust.verdict}. {trust.reason}"
    return said if trust.verdict is Verdict.TRUSTED else f"{said} {trust.advice}".rstrip()


class ProgressFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A run at one moment.

    Attributes:
        elapsed_s: since its begin.
        duration_s: how long it will last; None for until somebody stops it.
        visitors: seats taken.
        in_progress: visits under way.
        ended, served: visits so far.
        p50_ms, p99_ms: of the headline series so far, by name; None where there is no sample.
        errors: of the headline series so far, all together.
    """

    elapsed_s: float
    duration_s: float | None
    visitors: int
    in_progress: int
    ended: int
    served: int
    p50_ms: dict[str, float | None]
    p99_ms: dict[str, float | None]
    errors: int


def live_progress(figures: ProgressFigures) -> RenderableType:
    """A run's progress for a terminal: a bar (when the end is known), visits, the four latencies; as wide as it is."""
    time = Text(_time(figures.elapsed_s, figures.duration_s), no_wrap=True)
    head = Table.grid(padding=(0, 1, 0, 0), expand=True)
    if figures.duration_s:
        head.add_column(ratio=1)
        head.add_column()
        head.add_row(ProgressBar(figures.duration_s, min(figures.elapsed_s, figures.duration_s)), time)
    else:
        head.add_row(time)
    latencies = Table(box=None, pad_edge=False)
    latencies.add_column("")
    for name in HEADLINE:
        latencies.add_column(name, justify="right", no_wrap=True)
    for name, values in (("p50", figures.p50_ms), ("p99", figures.p99_ms)):
        latencies.add_row(name, *(format_ms(values.get(series)) for series in HEADLINE))
    return Group(head, Text(_visits(figures), no_wrap=True, overflow="ellipsis"), latencies)


def render_progress(figures: ProgressFigures) -> str:
    """A run's progress in one line, however long, for logs: time, visits, the four latencies as p50/p99."""
    latencies = "  ".join(
        f"{name} {format_ms(figures.p50_ms.get(name))}/{format_ms(figures.p99_ms.get(name))}" for name in HEADLINE
    )
    return f"{_time(figures.elapsed_s, figures.duration_s)}  {_visits(figures)}  p50/p99: {latencies}"


def _visits(figures: ProgressFigures) -> str:
    return (
        f"{figures.in_progress:,} in progress, {figures.ended:,} ended ({figures.served:,} served),"
        f" {figures.errors:,} errors"
    )


def _time(elapsed_s: float, duration_s: float | None) -> str:
    return f"{min(elapsed_s, duration_s):.0f}/{duration_s:.0f} s" if duration_s else f"{elapsed_s:.0f} s"


def plain_text(what: RenderableType) -> str:
    """What rich would show, as lines of at most 100 columns, without colours."""
    console = Console(file=io.StringIO(), width=_WIDTH, color_system=None, legacy_windows=False, highlight=False)
    console.print(what, markup=False)
    written = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in written.splitlines())
