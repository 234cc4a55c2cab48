"""Percentiles of too few samples are told apart, by the very rank that the histogram takes."""

from __future__ import annotations

import pytest

from whoson_load.measurement.histogram import Histogram, rank
from whoson_load.measurement.run import SeriesSummary
from whoson_load.report.latencies import HEAD, MORE, latency_cells, marks_any


def summarized(histogram: Histogram, errors: int = 0) -> SeriesSummary:
    """A series as a summary has it."""
    times = [None if each is None else each / 1e6 for each in histogram.percentiles_ns((50, 90, 95, 99, 99.9, 100))]
    p50, p90, p95, p99, p999, most = times
    return SeriesSummary(
        count=histogram.count,
        errors=errors,
        overflow=0,
        min_ms=None,
        mean_ms=None,
        p50_ms=p50,
        p90_ms=p90,
        p95_ms=p95,
        p99_ms=p99,
        p999_ms=p999,
        max_ms=most,
    )


@pytest.mark.parametrize(
    "count, marked",
    [
        (0, ()),
        (1, ("p50", "p90", "p95", "p99", "p99.9")),
        (2, ("p90", "p95", "p99", "p99.9")),
        (9, ("p90", "p95", "p99", "p99.9")),
        (10, ("p95", "p99", "p99.9")),
        (19, ("p95", "p99", "p99.9")),
        (20, ("p99", "p99.9")),
        (99, ("p99", "p99.9")),
        (100, ("p99.9",)),
        (999, ("p99.9",)),
        (1000, ()),
    ],
)
def test_a_percentile_that_is_but_the_highest_sample_is_marked(count: int, marked: tuple[str, ...]) -> None:
    """Of N samples, pQ is the highest as long as N is below 100 / (100 - Q)."""
    histogram = Histogram()
    for number in range(count):
        histogram.record(1_000_000 * (number + 1))
    cells = dict(zip(MORE, latency_cells(summarized(histogram), MORE), strict=True))
    assert tuple(name for name, cell in cells.items() if cell.startswith("*")) == marked
    assert {cells[name].removeprefix("*") for name in marked} <= {cells["max"]}
    assert marks_any([tuple(cells.values())]) is bool(marked)


def test_the_short_row_is_of_the_same_cells() -> None:
    """A table without much room leaves columns out and changes none."""
    histogram = Histogram()
    histogram.record(1_500_000)
    figures = summarized(histogram, 3)
    more = dict(zip(MORE, latency_cells(figures, MORE), strict=True))
    assert latency_cells(figures) == tuple(more[name] for name in HEAD)
    assert (more["count"], more["errors"]) == ("1", "3")


@pytest.mark.parametrize("count", [1, 3, 20, 100, 1000])
@pytest.mark.parametrize("percentile", [50, 95, 99, 99.9, 100])
def test_the_rank_is_the_one_the_histogram_states(percentile: float, count: int) -> None:
    """Samples of 1, 2, ... us are told apart exactly."""
    histogram = Histogram()
    for number in range(count):
        histogram.record(1000 * (number + 1))
    assert histogram.percentile_ns(percentile) == 1000 * rank(percentile, count)
