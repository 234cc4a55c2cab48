"""Percentile curves and heat maps: what goes in is counted, once, where it belongs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.conftest import STARTED_NS, S
from whoson_load.measurement.histogram import Histogram
from whoson_load.record.latency_log import LogLine
from whoson_load.report.spread import CURVE, added_up, heat, percentile_curve

MS = 1_000_000


def filled(*durations_ns: int) -> Histogram:
    """A histogram of these times."""
    histogram = Histogram()
    for each in durations_ns:
        histogram.record(each)
    return histogram


def span(start_s: float, lasts_s: float, *durations_ns: int) -> LogLine:
    """A span of a log."""
    return LogLine(
        series="echo",
        start_ns=STARTED_NS + round(start_s * S),
        duration_ns=round(lasts_s * S),
        histogram=filled(*durations_ns).pack(),
    )


def test_a_curve_goes_no_further_than_there_are_samples_for() -> None:
    """A p99 of ten samples would be their greatest, and says nothing of one in a hundred."""
    assert percentile_curve(filled(*[MS] * 10)).percentiles[-1] == 90.0
    assert percentile_curve(filled(*[MS] * 20_000)).percentiles[-1] == 99.99
    assert percentile_curve(filled(MS)).percentiles == []
    assert percentile_curve(Histogram()).percentiles == []


def test_a_curve_says_what_the_histogram_says() -> None:
    """At every percentile of it."""
    histogram = filled(*(MS * each for each in range(1, 1001)))
    curve = percentile_curve(histogram)
    assert curve.times_ms == [each / 1e6 for each in histogram.percentiles_ns(curve.percentiles) if each is not None]
    assert {50.0, 90.0, 95.0, 99.0, 99.9, 99.99} <= set(CURVE)


def test_cells_hold_times_where_and_when_they_were() -> None:
    """A fast one in the first interval, a slow one in the third."""
    cells = heat([span(0, 5, 2 * MS), span(10, 5, 900 * MS)], STARTED_NS, STARTED_NS + 15 * S, 5.0)
    assert list((cells.begin_ms - STARTED_NS / 1e6) / 1000) == [0, 10]
    assert all(cells.low_ms < np.array([2, 900]))
    assert all(np.array([2, 900]) <= cells.high_ms * 1.001)
    assert list(cells.samples) == [1, 1]


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(1, 4 * 10**12)), min_size=1, max_size=40))
def test_every_sample_is_in_a_cell_once(samples: list[tuple[int, int]]) -> None:
    """Whatever its size, above an hour too, and whenever it was."""
    spans = [span(at, 5, duration_ns) for at, duration_ns in samples]
    cells = heat(spans, STARTED_NS, STARTED_NS + 905 * S, 5.0)
    assert cells.samples.sum() == pytest.approx(len(samples))
    assert all(cells.low_ms < cells.high_ms)


def test_an_interval_is_never_split() -> None:
    """Cells are whole intervals, also where there are more of these than cells."""
    spans = [span(5 * number, 5, MS) for number in range(1000)]
    cells = heat(spans, STARTED_NS, STARTED_NS + 5000 * S, 5.0)
    assert cells.column_s == 45
    assert set(cells.samples[:-1]) == {9.0}


def test_a_long_span_is_spread_over_its_cells() -> None:
    """Evenly, and the cells tell how long it was."""
    cells = heat([span(0, 300, *[MS] * 60)], STARTED_NS, STARTED_NS + 300 * S, 5.0)
    assert len(cells.samples) == 60
    assert cells.samples == pytest.approx(np.ones(60))
    assert cells.longest_s == 300


def test_only_spans_of_the_part_are_added_up() -> None:
    """By their begin."""
    spans = [span(0, 5, MS), span(5, 5, MS, MS), span(10, 5, MS)]
    assert added_up(spans, STARTED_NS + 5 * S, STARTED_NS + 10 * S).count == 2
