"""How a series' times are spread: percentile by percentile, and over the run's time. Figures for charts.

Knows histograms, and nothing of what draws them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from whoson_load.measurement.histogram import Histogram, PackedHistogram

__all__ = ["CURVE", "Cells", "Curve", "Span", "added_up", "heat", "percentile_curve"]

Floats = npt.NDArray[np.float64]

CURVE: Final = tuple(
    sorted(
        {
            *(float(each) for each in range(5, 100, 5)),
            *(round(100 - 10 ** (1 - nines / 8), 3) for nines in range(25)),
            99.95,
            99.99,
        }
    )
)
"""The percentiles of a curve: to 95 evenly, then eight for each further nine, to p99.99."""

_MOST_COLUMNS: Final = 120
_ROWS_A_DECADE: Final = 8


class Span(Protocol):
    """One series' times in one stretch of the run, as the record's log holds it."""

    @property
    def series(self) -> str:
        """The series' name."""

    @property
    def start_ns(self) -> int:
        """Its begin, ns since the epoch."""

    @property
    def duration_ns(self) -> int:
        """How long it is."""

    @property
    def histogram(self) -> PackedHistogram:
        """The times."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A series' times by percentile.

    Attributes:
        percentiles: ascending, none so high that fewer than one sample would lie above it.
        times_ms: at each.
    """

    percentiles: list[float]
    times_ms: list[float]


@dataclass(frozen=True, slots=True)
class Cells:
    """A series' times over the run: the cells that hold a sample. All arrays have one value for each of them.

    Attributes:
        begin_ms, end_ms: where in time, ms since the epoch.
        low_ms, high_ms: the times, in ms: eight rows a decade.
        samples: how many. Where the record keeps longer spans than a cell's, a span's samples are spread evenly.
        column_s: how long a cell is, in seconds.
        longest_s: the longest span of the record behind them.
    """

    begin_ms: Floats
    end_ms: Floats
    low_ms: Floats
    high_ms: Floats
    samples: Floats
    column_s: float
    longest_s: float


def added_up(spans: Iterable[Span], from_ns: int, to_ns: int) -> Histogram:
    """The times of all spans that begin at an instant or later, and before another.

    Raises:
        ValueError: a span's histogram is none.
    """
    whole = Histogram()
    for span in spans:
        if from_ns <= span.start_ns < to_ns:
            whole.add(Histogram.unpack(span.histogram))
    return whole


def percentile_curve(histogram: Histogram) -> Curve:
    """A histogram's times at the percentiles of `CURVE` that it has samples for; without a sample, nothing."""
    known = [each for each in CURVE if histogram.count and each <= 100 * (1 - 1 / histogram.count)]
    times = histogram.percentiles_ns(known) if known else []
    return Curve(known, [each / 1e6 for each in times if each is not None])


def heat(spans: Sequence[Span], begin_ns: int, end_ns: int, interval_s: float) -> Cells:
    """Count a series' times in cells of time and size (about 0.4 ms a span).

    Args:
        spans: of one series.
        begin_ns, end_ns: of the run, ns since the epoch.
        interval_s: how long an interval is; a cell is as long, or several times as long.

    Raises:
        ValueError: a span's histogram is none.
    """
    known = [span for span in spans if span.histogram.count]
    interval_ns = round(interval_s * 1e9)
    intervals = max(1, math.ceil((end_ns - begin_ns) / interval_ns))
    width_ns = math.ceil(intervals / _MOST_COLUMNS) * interval_ns  # whole intervals, or samples would be split
    columns = math.ceil(intervals * interval_ns / width_ns)
    low, high = _rows([span.histogram for span in known])
    edges_ns = [round(10 ** (row / _ROWS_A_DECADE) * 1000) if row >= 0 else 0 for row in range(low, high + 1)]
    counts = np.zeros((columns, high - low))
    for span in known:
        inside = np.diff(Histogram.unpack(span.histogram).counts_up_to(edges_ns))
        for column, share in _shares((span.start_ns - begin_ns) / width_ns, span.duration_ns / width_ns, columns):
            counts[column] += share * inside
    at, row = np.nonzero(counts)
    return Cells(
        begin_ms=np.float64(begin_ns / 1e6) + at * (width_ns / 1e6),
        end_ms=np.float64(begin_ns / 1e6) + (at + 1) * (width_ns / 1e6),
        low_ms=10 ** ((row + low) / _ROWS_A_DECADE) / 1000,
        high_ms=10 ** ((row + low + 1) / _ROWS_A_DECADE) / 1000,
        samples=counts[at, row],
        column_s=width_ns / 1e9,
        longest_s=max((span.duration_ns for span in known), default=0) / 1e9,
    )


def _rows(histograms: Sequence[PackedHistogram]) -> tuple[int, int]:
    """The first row of a heat map, and the one behind its last; rows are numbered from 1 us up."""
    low = min((each.min_ns for each in histograms), default=1000)
    high = max((each.max_ns for each in histograms), default=1000)
    # What shares the least time's bucket (1 us wide, or a part of a row) has to lie above the first row's begin.
    first = math.floor(_ROWS_A_DECADE * math.log10((low - 1000) / 1000)) - 1 if low > 2000 else -1
    last = math.ceil(_ROWS_A_DECADE * math.log10(max(high, 1001) / 1000)) + 1
    return first, last


def _shares(begin: float, length: float, columns: int) -> list[tuple[int, float]]:
    """Which columns a span lies in, each with its share of the span; what overhangs counts to the nearest column."""
    end = begin + max(length, 1e-9)
    first, last = (min(max(math.floor(each), 0), columns - 1) for each in (begin, math.ceil(end) - 1))
    if first == last:
        return [(first, 1.0)]
    inside = [(column, max(0.0, min(end, column + 1) - max(begin, column))) for column in range(first, last + 1)]
    whole = sum(share for _, share in inside)
    return [(column, share / whole) for column, share in inside if share > 0]
