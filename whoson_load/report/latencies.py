"""Latencies as tables show them: times that read well, and percentiles of too few samples told apart.

Knows figures, and nothing of what draws a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from whoson_load.measurement.histogram import rank
from whoson_load.measurement.run import SeriesSummary

__all__ = ["FEW", "HEAD", "MORE", "format_ms", "latency_cells", "marks_any"]

HEAD: Final = ("count", "errors", "p50", "p95", "p99", "max")
"""The columns of a table of latencies, behind the series."""

MORE: Final = ("count", "errors", "p50", "p90", "p95", "p99", "p99.9", "max")
"""Those of a table that has room."""

FEW: Final = "* the highest sample itself: there are too few of them for this percentile"
"""What stands below a table that marks one."""

_MARK: Final = "*"

_PERCENTILES: Final[dict[str, tuple[float, Callable[[SeriesSummary], float | None]]]] = {
    "p50": (50, lambda figures: figures.p50_ms),
    "p90": (90, lambda figures: figures.p90_ms),
    "p95": (95, lambda figures: figures.p95_ms),
    "p99": (99, lambda figures: figures.p99_ms),
    "p99.9": (99.9, lambda figures: figures.p999_ms),
}

_OTHERS: Final[dict[str, Callable[[SeriesSummary], str]]] = {
    "count": lambda figures: f"{figures.count:,}",
    "errors": lambda figures: f"{figures.errors:,}",
    "max": lambda figures: format_ms(figures.max_ms),
}


def format_ms(milliseconds: float | None) -> str:
    """A time in milliseconds to three significant digits, in a unit that reads well; "-" for none."""
    if milliseconds is None:
        return "-"
    if milliseconds > 3_600_000:
        return ">1 h"
    # The bounds are where rounding leads to the next size: 999.5 ms would read "1000 ms".
    for below, size, unit, digits in (
        (9.995, 1, "ms", 2),
        (99.95, 1, "ms", 1),
        (999.5, 1, "ms", 0),
        (9_995, 1_000, "s", 2),
        (59_950, 1_000, "s", 1),
    ):
        if milliseconds < below:
            return f"{milliseconds / size:.{digits}f} {unit}"
    return f"{milliseconds / 60_000:.1f} min"


def latency_cells(figures: SeriesSummary, columns: Sequence[str] = HEAD) -> tuple[str, ...]:
    """One series as the cells of a row; a percentile that is but the highest sample is marked (`FEW`).

    Args:
        columns: of `HEAD` or `MORE`.
    """
    return tuple(_cell(figures, column) for column in columns)


def _cell(figures: SeriesSummary, column: str) -> str:
    if column in _OTHERS:
        return _OTHERS[column](figures)
    percentile, of = _PERCENTILES[column]
    few = figures.count > 0 and rank(percentile, figures.count) == figures.count
    # In front, so that the units of a column stay below each other.
    return (_MARK if few else "") + format_ms(of(figures))


def marks_any(rows: Iterable[Sequence[str]]) -> bool:
    """Whether a cell of a table is marked, so that `FEW` has to be said."""
    return any(cell.startswith(_MARK) for row in rows for cell in row)
