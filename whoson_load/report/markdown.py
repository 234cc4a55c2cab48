"""A run's summary as Markdown, short enough for a pull request. Knows figures and no file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from whoson_load.analysis.summary import FUNNEL
from whoson_load.measurement.run import RunInfo, SeriesSummary, Summary
from whoson_load.measurement.sample import HEADLINE, SERIES
from whoson_load.report.latencies import FEW, HEAD, latency_cells, marks_any
from whoson_load.report.outlook import outlook_sentences
from whoson_load.report.sentence import judged_where, sentence

__all__ = ["markdown_table", "render_markdown"]


def render_markdown(info: RunInfo, summary: Summary, *, searched: bool = False) -> str:
    """A run's answer, objectives, latencies, visits, lines and trust, as GitHub's Markdown.

    Args:
        searched: whether these are all levels of a capacity search together, whose answer stands elsewhere: a load that
            is changed all the time meets no objective, has no drift, and nobody can be staffed for it.

    Returns:
        text that ends with a line break.
    """
    steady = summary.steady is not None
    parts = [
        f"## whoson-load: {_plain(info.name)}",
        "All levels of the search together:" if searched else f"**{_plain(sentence(summary))}**",
        *_objectives(summary),
        f"### Latencies{' of the steady part' if steady else ''}",
        _latencies(summary.steady or summary.series),
        *([_plain(summary.parts.reason)] if summary.parts is not None else []),
        *_funnel(summary),
        _lines(summary),
        *([] if searched else map(_plain, outlook_sentences(summary))),
        f"Generator: {summary.trust.verdict}. {_plain(summary.trust.reason)}",
        f"Target `{info.target}`, seed `{info.seed}`, run `{info.run_id}`.",
        *(f"> {_plain(note)}" for note in info.notes),
    ]
    return "\n\n".join(parts) + "\n"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> str:
    """A table whose first `left` columns hold text and the others numbers."""
    rules = ["---" if number < left else "---:" for number in range(len(head))]
    lines = [head, rules, *([_plain(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _objectives(summary: Summary) -> list[str]:
    if not summary.objectives:
        return []
    rows = [
        ("✅ met" if each.met else "❌ missed", each.objective, each.said, judged_where(each))
        for each in summary.objectives
    ]
    return ["### Objectives", markdown_table(("", "objective", "judgement", "judged on"), rows, left=4)]


def _latencies(series: dict[str, SeriesSummary]) -> str:
    rows = [
        (name, *latency_cells(figures))
        for name in SERIES
        if (figures := series[name]).count or figures.errors or name in HEADLINE
    ]
    table = markdown_table(("series", *HEAD), rows)
    return f"{table}\n\n{_plain(FEW)}" if marks_any(rows) else table


def _funnel(summary: Summary) -> list[str]:
    if not summary.funnel:
        return []
    rows = [
        (name.replace("_", " "), f"{count:,}")
        for name, count in summary.funnel.items()
        if count or name in ("arrived", "connected", "accepted", "picked_up", "served")
    ]
    steps = [row for row in rows if row[0].replace(" ", "_") in FUNNEL]
    ways_out = [f"{count} {name}" for name, count in rows if name.replace(" ", "_") not in FUNNEL]
    out = [f"Other ways out: {', '.join(ways_out)}."] if ways_out else []
    return ["### Visits", markdown_table(("step", "visits"), steps), *out]


def _lines(summary: Summary) -> str:
    counts = {name: summary.lines.get(name, 0) for name in ("sent", "echoed", "lost")}
    flaws = {name: summary.lines[name] for name in ("duplicated", "reordered", "crossed") if summary.lines.get(name)}
    return f"Lines: {', '.join(f'{count:,} {name}' for name, count in {**counts, **flaws}.items())}."


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    for character in "\\|`*_<>#[]":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())
