from __future__ import annotations

import math
import sys
import tracemalloc
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from whoson_load.measurement.histogram import (
    HIGHEST_NS,
    OVER_RANGE_NS,
    PERCENTILES,
    Bucket,
    Histogram,
    PackedHistogram,
)

US, MS, S = 1_000, 1_000_000, 1_000_000_000

durations = st.one_of(
    st.integers(1, 100 * US),
    st.integers(1, 100 * MS),
    st.integers(1, HIGHEST_NS),
    st.sampled_from([1, 999, 1000, 1001, 2047 * US, 2048 * US, 2048 * US + 1, HIGHEST_NS - 1, HIGHEST_NS]),
)
any_durations = st.one_of(durations, st.integers(HIGHEST_NS + 1, 10 * HIGHEST_NS), st.just(0), st.integers(-S, -1))


def histogram_of(times_ns: list[int]) -> Histogram:
    """A histogram that recorded these times."""
    histogram = Histogram()
    for time_ns in times_ns:
        histogram.record(time_ns)
    return histogram


def exact_percentile(times_ns: list[int], percentile: float) -> int:
    """The nearest-rank percentile, in exact arithmetic."""
    rank = math.ceil(Fraction(str(percentile)) / 100 * len(times_ns))
    return sorted(times_ns)[max(rank, 1) - 1]


@given(st.lists(durations, min_size=1, max_size=200), st.sampled_from([*PERCENTILES, 0.001, 1, 33.3, 99.99, 100]))
def test_percentile_is_never_below_the_exact_one_and_at_most_a_thousandth_above(
    times_ns: list[int], percentile: float
) -> None:
    """Percentiles agree with the sorted samples' within 0.1 % or one microsecond, and never flatter the server."""
    exact_ns = exact_percentile(times_ns, percentile)
    stated_ns = histogram_of(times_ns).percentile_ns(percentile)
    assert stated_ns is not None
    assert exact_ns <= stated_ns <= max(exact_ns * 1.001, exact_ns + US)


@given(st.lists(any_durations, min_size=1, max_size=100))
def test_count_sum_min_and_max_are_exact(times_ns: list[int]) -> None:
    """Nothing is rounded and nothing dropped: times below 0 count as 0, those above an hour as they are."""
    histogram, taken = histogram_of(times_ns), [max(0, time_ns) for time_ns in times_ns]
    assert histogram.count == len(taken)
    assert histogram.sum_ns == sum(taken)
    assert histogram.mean_ns == sum(taken) / len(taken)
    assert (histogram.min_ns, histogram.max_ns) == (min(taken), max(taken))
    assert histogram.overflow == sum(time_ns > HIGHEST_NS for time_ns in taken)


@given(st.lists(any_durations, max_size=60), st.integers(1, 8), st.randoms())
def test_merged_parts_equal_the_whole_bit_for_bit(times_ns: list[int], parts: int, random: object) -> None:
    """The same samples through one or several histograms, added in any order, give the same encoded bytes."""
    histograms = [histogram_of(times_ns[part::parts]) for part in range(parts)]
    random.shuffle(histograms)  # type: ignore[attr-defined]
    merged = Histogram()
    for histogram in histograms:
        merged.add(histogram)
    assert merged == histogram_of(times_ns)
    assert merged.pack() == histogram_of(times_ns).pack()


@given(st.lists(any_durations, max_size=60))
def test_packed_histogram_unpacks_to_an_equal_one(times_ns: list[int]) -> None:
    """Packing loses nothing, and what was unpacked goes on recording like the original."""
    histogram = histogram_of(times_ns)
    unpacked = Histogram.unpack(histogram.pack())
    assert unpacked == histogram
    assert unpacked.percentiles_ns() == histogram.percentiles_ns()
    for each in (unpacked, histogram):
        each.record(5 * MS)
    assert unpacked == histogram


@given(st.lists(any_durations, max_size=60))
def test_cleared_histogram_is_an_empty_one(times_ns: list[int]) -> None:
    """After clearing no count is left anywhere, whatever buckets were used."""
    histogram = histogram_of(times_ns)
    histogram.clear()
    assert histogram == Histogram()
    assert list(histogram.buckets()) == []
    assert histogram.pack() == Histogram().pack()
    histogram.record(7 * MS)
    assert histogram == histogram_of([7 * MS])


@given(st.lists(any_durations, min_size=1, max_size=60))
def test_buckets_hold_every_time_between_their_ends(times_ns: list[int]) -> None:
    """Each time is above the lower and not above the upper end of a bucket, and the counts add up."""
    buckets = list(histogram_of(times_ns).buckets())
    assert buckets == sorted(buckets, key=lambda bucket: bucket.low_ns)
    assert sum(bucket.count for bucket in buckets) == len(times_ns)
    for bucket in buckets:
        inside = [time_ns for time_ns in times_ns if bucket.low_ns < max(1, time_ns) <= bucket.high_ns]
        assert len(inside) == bucket.count


def test_buckets_of_times_above_an_hour_end_at_the_greatest() -> None:
    """The bucket of all longer times begins at one hour and ends at the greatest of them."""
    assert list(histogram_of([2 * HIGHEST_NS, HIGHEST_NS + 1]).buckets()) == [Bucket(HIGHEST_NS, 2 * HIGHEST_NS, 2)]


@pytest.mark.parametrize(
    "times_ns, percentile, expected_ns",
    [
        ([20 * MS], 50, 20 * MS),  # never above the greatest, though the bucket ends later
        ([20 * MS, 30 * MS], 50, 20_015 * US),
        ([1], 50, 1),
        ([1, 1001], 50, 1000),  # a fraction of a microsecond counts as a whole one
        ([0], 99, 0),
        ([-5], 99, 0),
        ([HIGHEST_NS], 100, HIGHEST_NS),
        ([HIGHEST_NS + 1], 50, OVER_RANGE_NS),
        ([5 * HIGHEST_NS], 50, OVER_RANGE_NS),
        ([MS] * 999 + [5 * HIGHEST_NS], 99.9, MS),  # the 999th of 1,000, not the 1,000th
        ([MS] * 998 + [5 * HIGHEST_NS] * 2, 99.9, OVER_RANGE_NS),
        ([MS] * 33 + [S] * 2967, 1.1, MS),  # the 33rd of 3,000, not the 34th
    ],
)
def test_percentiles_at_the_borders(times_ns: list[int], percentile: float, expected_ns: int) -> None:
    """Rounding, ranks and the range's ends do what the documentation says."""
    assert histogram_of(times_ns).percentile_ns(percentile) == expected_ns


def test_empty_histogram_has_no_percentiles_and_no_mean() -> None:
    """Nothing was measured: no figure is made up."""
    assert Histogram().percentiles_ns() == [None] * len(PERCENTILES)
    assert Histogram().mean_ns is None
    assert Histogram().overflow == 0


@pytest.mark.parametrize("percentile", [0, -1, 100.001, math.nan])
def test_percentile_out_of_range_is_refused(percentile: float) -> None:
    """A percentile that means nothing is named in the message."""
    with pytest.raises(ValueError, match=r"got percentile .*, expected above 0 and up to 100"):
        histogram_of([1]).percentile_ns(percentile)


def test_adding_an_empty_histogram_changes_nothing() -> None:
    """Neither an unused nor a cleared histogram leaves a trace."""
    histogram, cleared = histogram_of([MS]), histogram_of([S])
    cleared.clear()
    for empty in (Histogram(), cleared):
        histogram.add(empty)
    assert histogram == histogram_of([MS])


def test_histogram_differs_by_any_count_or_exact_figure() -> None:
    """Two histograms in the same buckets are still two when their exact sums differ."""
    assert histogram_of([20 * MS]) != histogram_of([20 * MS + 1])
    assert histogram_of([20 * MS, 20 * MS + 2]) == histogram_of([20 * MS + 2, 20 * MS])
    assert histogram_of([]) != 0


def test_a_histogram_of_another_count_than_it_says_is_refused() -> None:
    """A packed histogram whose counts were damaged is not merged."""
    packed = histogram_of([MS, S]).pack()
    wrong = PackedHistogram(count=3, sum_ns=packed.sum_ns, min_ns=packed.min_ns, max_ns=packed.max_ns, hdr=packed.hdr)
    with pytest.raises(ValueError, match="got a histogram of 2 times, expected 3"):
        Histogram.unpack(wrong)


def test_empty_histogram_takes_no_buckets() -> None:
    """Twenty series without samples cost a process next to nothing."""
    assert sys.getsizeof(Histogram()) < 150


def growth_bytes(record: Callable[[], None]) -> int:
    """How much more memory the process has after a thousand samples; other threads of it may have a part in that."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(1000):
            record()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before


@example(20 * MS)
@given(durations)
def test_recording_leaves_nothing_behind(time_ns: int) -> None:
    """After the first one, a thousand samples take no more memory than one (the figures' own integers aside)."""
    histogram = histogram_of([time_ns])
    assert any(growth_bytes(lambda: histogram.record(time_ns)) < 500 for _ in range(3))


@given(st.lists(st.integers(0, 4 * HIGHEST_NS), max_size=40), st.lists(st.integers(-5, 5 * HIGHEST_NS), max_size=10))
def test_counts_up_to_a_duration_are_those_of_its_buckets(times: list[int], durations: list[int]) -> None:
    """As the buckets themselves count, nothing at 0, and everything at the greatest time."""
    histogram = Histogram()
    for each in times:
        histogram.record(each)
    expected = [
        sum(bucket.count for bucket in histogram.buckets() if duration > 0 and bucket.low_ns < duration)
        for duration in durations
    ]
    assert histogram.counts_up_to(durations) == expected
    assert histogram.counts_up_to([0, max(times, default=1) or 1]) == [0, len(times)]
