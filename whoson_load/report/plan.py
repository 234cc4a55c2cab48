"""A run's plan as text for a terminal: how many visitors are to arrive, and how many to be there at once.

Knows the figures, and nothing of curves, seats or how the figures were reckoned.
"""

from __future__ import annotations

import msgspec

__all__ = ["BINS", "PlanFigures", "render_plan"]

BINS = 80
"""How many columns a chart has, so as to fit a terminal of 100."""

_HEIGHT = 8
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_TOPS = (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10)  # a quarter of each is a round number
_STEPS_S = {
    "s": (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30),
    "min": (60, 120, 300, 600, 900, 1200, 1800),
    "h": (3600, 7200, 3 * 3600, 6 * 3600, 12 * 3600),
    "d": (86_400, 2 * 86_400, 5 * 86_400, 10 * 86_400, 30 * 86_400, 60 * 86_400),
}
_SIZES_S = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_MARKS = 8


class PlanFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is expected to be, in equal parts of its time.

    Attributes:
        headline: what run this is, in a sentence.
        lasts_s: what the charts show, in seconds; more than 0.
        arrivals_per_min: in each part, arrivals a minute.
        in_progress: in the middle of each part, chats in progress.
        remarks: what the figures rest on and what else is to be known, a sentence each.
    """

    headline: str
    lasts_s: float
    arrivals_per_min: list[float]
    in_progress: list[float]
    remarks: list[str] = []


def render_plan(figures: PlanFigures) -> str:
    """The plan, as lines of at most 100 columns, without colours."""
    parts = [
        figures.headline,
        "",
        _chart("Expected arrivals per minute", figures.arrivals_per_min, figures.lasts_s),
        "",
        _chart("Expected chats in progress", figures.in_progress, figures.lasts_s),
        "",
        *figures.remarks,
    ]
    return "\n".join(parts)


def _chart(title: str, values: list[float], lasts_s: float) -> str:
    top = _round_top(max(values, default=0.0))
    rows = []
    for row in range(_HEIGHT, 0, -1):
        label = _number(top * row / _HEIGHT) if row % 2 == 0 else ""
        cells = "".join(_cell(value / top * _HEIGHT - (row - 1)) for value in values)
        rows.append(f"{label:>8} ┤{cells}".rstrip())
    return "\n".join([f"{title} (at most {_number(max(values, default=0.0))})", *rows, *_axis(len(values), lasts_s)])


def _cell(height: float) -> str:
    """What is drawn of a bar in one row, `height` rows of which are left above the row's floor."""
    return _EIGHTHS[max(0, min(8, round(height * 8)))]


def _axis(columns: int, lasts_s: float) -> list[str]:
    steps = [(step_s, unit) for unit, steps_s in _STEPS_S.items() for step_s in steps_s]
    step_s, unit = next((each for each in steps if lasts_s / each[0] <= _MARKS), steps[-1])
    line, labels = list("─" * columns), [" "] * (columns + 12)
    mark = 0
    while mark * step_s <= lasts_s * (1 + 1e-9):
        place = min(columns - 1, round(mark * step_s / lasts_s * columns))
        line[place] = "┴"
        for offset, letter in enumerate(f"{_number(mark * step_s / _SIZES_S[unit])} {unit}" if mark else "0"):
            labels[place + offset] = letter
        mark += 1
    return [f"{'0':>8} ┼{''.join(line)}", " " * 10 + "".join(labels).rstrip()]


def _round_top(value: float) -> float:
    """The least round number that is not below a value; 1 for 0."""
    if value <= 0:
        return 1.0
    size = 1.0
    while size * 10 <= value:
        size *= 10
    while size > value:
        size /= 10
    return next(each * size for each in _TOPS if each * size >= value * (1 - 1e-9))


def _number(value: float) -> str:
    """A figure as short as it can be read: 3 significant digits, thousands parted."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
