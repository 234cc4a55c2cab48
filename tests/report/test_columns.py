"""Intervals as columns: one by one they are what the record holds, rolled up they lose no stall."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.conftest import STARTED_NS, KnownRun, S
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.run import SeriesFigures, TimelineLine
from whoson_load.measurement.tally import Tally
from whoson_load.report.columns import TIME, WAITING, Intervals


def line(number: int, p50_us: int = 1000, p99_us: int = 2000, count: int = 10, **more: object) -> TimelineLine:
    """An interval of 5 s with some echoes."""
    start_ns = STARTED_NS + 5 * S * number
    series = {"echo": SeriesFigures(count, 0, 1, 2, p50_us, p50_us, p50_us, p99_us, p99_us, p99_us)} if count else {}
    return TimelineLine(start_ns=start_ns, end_ns=start_ns + 5 * S, series=series, **more)  # type: ignore[arg-type]


def test_an_interval_is_a_point_with_what_it_holds() -> None:
    """Counts a minute, gauges as they are, times in ms, all at the middle of the interval."""
    run = KnownRun()
    timed = Intervals(run.info.started_ns, 5.0, run.timeline()).columns()
    columns = timed.columns
    assert timed.intervals_a_point == 1
    assert len(columns["time_ms"]) == 12
    assert columns["time_ms"][0] == STARTED_NS / 1e6 + 2500
    assert list(columns["elapsed_s"][:2]) == [5.0, 10.0]
    assert list(columns["visits in progress"]) == [8, 16, *[20] * 9, 0]
    assert list(columns["arrivals"]) == [96.0, 288.0, *[60.0] * 10]
    assert columns["served"][0] == 12.0
    assert columns["served"][1] == 24.0
    assert columns["echo max"][0] == 20.0
    assert columns["echo count"].sum() == 60


def test_what_did_not_happen_is_no_number_and_not_zero() -> None:
    """A gap in a line is a gap; a count of nothing is 0."""
    columns = Intervals(STARTED_NS, 5.0, [line(0), line(1, count=0), line(2)]).columns().columns
    assert [math.isnan(each) for each in columns["echo p50"]] == [False, True, False]
    assert list(columns["echo count"]) == [10, 0, 10]


def test_what_came_late_is_added_to_its_interval() -> None:
    """Counts add up, and of percentiles the worse one stays."""
    first = line(0, tally=Tally(outcomes={"served": 1}))
    late = line(0, p99_us=9000, count=1, late=True, tally=Tally(outcomes={"served": 2}))
    columns = Intervals(STARTED_NS, 5.0, [first, line(1), late]).columns().columns
    assert list(columns["served"]) == [36.0, 0.0]
    assert list(columns["echo p99"]) == [9.0, 2.0]
    assert list(columns["echo count"]) == [11, 10]


def test_a_stall_of_one_interval_stays_visible_when_rolled_up() -> None:
    """The middle interval's median, the worst one's other percentiles."""
    lines = [line(number, p50_us=1000 + number, p99_us=900_000 if number == 7 else 2000) for number in range(20)]
    timed = Intervals(STARTED_NS, 5.0, lines).columns(most=2)
    assert timed.intervals_a_point == 10
    assert list(timed.columns["echo p99"]) == [900.0, 2.0]
    assert list(timed.columns["echo p50"]) == [1.004, 1.014]


def test_the_median_that_stands_for_many_goes_by_samples() -> None:
    """Nine intervals with a sample each do not outweigh one with a thousand."""
    lines = [line(number, p50_us=1000, count=1) for number in range(9)] + [line(9, p50_us=5000, count=1000)]
    assert list(Intervals(STARTED_NS, 5.0, lines).columns(most=1).columns["echo p50"]) == [5.0]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60), st.integers(1, 60))
def test_rolling_up_loses_no_count(counts: list[int], most: int) -> None:
    """Rates times seconds are the counts that were put in, however many points there may be."""
    lines = [line(number, tally=Tally(outcomes={"served": count})) for number, count in enumerate(counts)]
    timed = Intervals(STARTED_NS, 5.0, lines).columns(most)
    assert len(timed.columns["time_ms"]) <= most
    seconds = (timed.columns["end_ms"] - timed.columns["begin_ms"]) / 1000
    assert np.sum(timed.columns["served"] / 60 * seconds) == pytest.approx(sum(counts))


def test_the_generator_is_as_bad_as_its_worst_worker() -> None:
    """Shares in per cent, times in ms."""
    workers = {"a": GeneratorFigures(cpu_share=0.2, loop_lag_p99_ns=3_000_000), "b": GeneratorFigures(cpu_share=0.9)}
    columns = Intervals(STARTED_NS, 5.0, [line(0, generators=workers)]).columns().columns
    assert columns["generator CPU"][0] == pytest.approx(90)
    assert columns["generator loop lag p99"][0] == pytest.approx(3)
    assert "generator send p99" not in columns


def test_who_waits_is_who_waits_with_and_without_a_position() -> None:
    """Two states of a visit, one wait."""
    columns = Intervals(STARTED_NS, 5.0, [line(0, gauges={"visits waiting": 2, "visits queued": 5})]).columns().columns
    assert list(columns[WAITING]) == [7.0]


def test_a_run_without_intervals_has_columns_without_values() -> None:
    """Nothing to draw, and nothing that breaks."""
    timed = Intervals(STARTED_NS, 5.0).columns()
    assert {name: len(values) for name, values in timed.chosen(["echo p50"]).items()} == {
        **dict.fromkeys(TIME, 0),
        "echo p50": 0,
    }
    assert not timed.has("echo p50")
