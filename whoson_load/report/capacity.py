"""A capacity search as text: the table that grows level by level, and the answer. Knows figures and no file."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from whoson_load.analysis.judging import show
from whoson_load.measurement.capacity import Bounded, Capacity, Conclusion, Knee, Level, Quantity, Wanted, Worth
from whoson_load.report.latencies import format_ms
from whoson_load.report.markdown import markdown_table
from whoson_load.report.terminal import plain_text

__all__ = [
    "Underway",
    "beyond_levels",
    "level_head",
    "level_row",
    "live_capacity",
    "render_capacity",
    "render_capacity_markdown",
    "render_level",
    "render_underway",
]

_MOST_OBJECTIVES = 3
_STYLES = {Worth.GOOD: "green", Worth.BAD: "red", Worth.UNDECIDED: "yellow"}


class Underway(msgspec.Struct, frozen=True, kw_only=True):
    """What a search is doing at one moment.

    Attributes:
        number: of the level under way, from 1.
        load: its load, in the search's quantity.
        phase: `rest` (the server recovers from the level before), `settle`, `hold` or `over`.
        held_s, hold_s, longest_s: how long it has been held, how long it will be at least, and at most if it stays
            undecided.
        in_progress: visits in progress now.
        further: how many levels may follow at most.
        level_s: how long a level takes; None before anybody knows.
    """

    number: int
    load: float
    phase: str
    held_s: float
    hold_s: float
    longest_s: float
    in_progress: int
    further: int
    level_s: float | None


def live_capacity(wanted: Wanted, levels: Sequence[Level], now: Underway) -> RenderableType:
    """The table so far with the level under way below it; as wide as the terminal."""
    return Group(_table(wanted, levels), Text(render_underway(wanted, now), style="dim", no_wrap=True))


def render_underway(wanted: Wanted, now: Underway) -> str:
    """What a search is doing, in one line."""
    load = _load(wanted, now.load)
    held = f"held {now.held_s:.0f} of {now.hold_s:.0f} s"
    if now.held_s >= now.hold_s:
        held = f"undecided, held {now.held_s:.0f} of at most {now.longest_s:.0f} s"
    doing = {
        "rest": f"the server rests before {load}",
        "settle": f"{load}: settling",
        "hold": f"{load}: {held}",
        "over": "over",
    }[now.phase]
    return f"level {now.number}: {doing}, {now.in_progress:,} chats in progress{_further(now)}"


def _further(now: Underway) -> str:
    if not now.further:
        return "; the last level"
    if now.level_s is None:
        return f"; up to {now.further} more"
    return f"; up to {math.ceil(now.further * now.level_s / 60)} min more"


def render_level(wanted: Wanted, level: Level) -> str:
    """One judged level in one line, for logs."""
    judged = ", ".join(f"{each.of} {_figure(each)}" for each in level.judged)
    return (
        f"level {level.number}: {_load(wanted, level.load)}: {_verdict(level)}; {judged};"
        f" {level.in_progress:,.0f} chats in progress, {level.answers_per_s:,.1f} answers/s"
    )


def render_capacity(capacity: Capacity) -> str:
    """What a search came to: the sentence, the table of its levels, the knee, the forecast, the notes.

    Returns:
        lines of at most 100 columns, without colours.
    """
    parts: list[RenderableType] = ["", capacity.sentence, ""]
    if capacity.levels:
        parts += [_table(capacity.wanted, capacity.levels), ""]
    parts += [*beyond_levels(capacity), *(f"Note: {note}" for note in capacity.notes)]
    return plain_text(Group(*parts))


def render_capacity_markdown(capacity: Capacity) -> str:
    """The same for a pull request; it ends with a line break."""
    sign = {Conclusion.FOUND: "✅", Conclusion.AT_LEAST: "✅", Conclusion.NONE: "❌"}.get(capacity.conclusion, "❔")
    rows = [level_row(each, capacity.wanted) for each in capacity.levels]
    parts = [
        "## whoson-load: capacity",
        f"**{sign} {capacity.sentence}**",
        *([markdown_table(level_head(capacity.wanted, capacity.levels), rows)] if rows else []),
        *beyond_levels(capacity),
        *(f"> Note: {note}" for note in capacity.notes),
    ]
    return "\n\n".join(parts) + "\n"


def beyond_levels(capacity: Capacity) -> list[str]:
    """What follows from the levels for loads between and above them; nothing for a generator that was in the way."""
    if capacity.conclusion is Conclusion.UNTRUSTED:
        return []
    said = [_bend(capacity.wanted, capacity.knee)] if capacity.knee is not None else []
    forecast = capacity.law.said if capacity.law is not None else capacity.law_refused
    return [*said, *([forecast] if forecast else [])]


def _bend(wanted: Wanted, knee: Knee) -> str:
    named = f"{knee.series} p{knee.percentile:g}"
    return f"Knee: {named} begins to climb at {_load(wanted, knee.load)}, with {format_ms(knee.latency_ms)}."


def _table(wanted: Wanted, levels: Sequence[Level]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in level_head(wanted, levels):
        # Names in two lines leave the verdict, which is the longest, room for its words.
        head = name.replace(" ", "\n", 1).replace("/", "\n/", 1)
        words = name == "verdict"
        table.add_column(head, justify="left" if words else "right", no_wrap=not words, overflow="fold")
    for each in levels:
        *figures, verdict = level_row(each, wanted)
        table.add_row(*figures, Text(verdict, style=_STYLES[each.worth]))
    return table


def level_head(wanted: Wanted, levels: Sequence[Level]) -> tuple[str, ...]:
    """The names of the table's columns."""
    asked = "visitors" if wanted.quantity is Quantity.VISITORS else "arrivals/min"
    also = ("arrivals/min",) if wanted.quantity is Quantity.VISITORS else ()
    names = [each.of for each in levels[0].judged[:_MOST_OBJECTIVES]] if levels else []
    return ("level", asked, "in progress", *also, "answers/s", *names, "verdict")


def level_row(level: Level, wanted: Wanted) -> tuple[str, ...]:
    """One level under them; the verdict last."""
    also = (f"{level.arrivals_per_min:,.0f}",) if wanted.quantity is Quantity.VISITORS else ()
    return (
        str(level.number),
        f"{level.load:,.6g}",
        f"{level.in_progress:,.0f}",
        *also,
        f"{level.answers_per_s:,.1f}",
        *(_figure(each) for each in level.judged[:_MOST_OBJECTIVES]),
        _verdict(level),
    )


def _verdict(level: Level) -> str:
    said = level.worth.value if level.sure else f"{level.worth.value}, unsure"
    if level.limiting and len(level.judged) > 1:
        said += f" ({level.limiting})"
    return f"{said}, from above" if level.from_above else said


def _figure(each: Bounded) -> str:
    if each.figure is None:
        return "-"
    return format_ms(each.figure) if each.unit == "ms" else show(each.figure, each.unit)


def _load(wanted: Wanted, load: float) -> str:
    return f"{load:,.6g} visitors" if wanted.quantity is Quantity.VISITORS else f"{load:,.6g} arrivals/min"
