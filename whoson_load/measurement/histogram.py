"""One series' times: an HDR histogram with exact count, sum, least and greatest beside it.

Knows nothing of series, intervals or files; it is told durations and gives figures.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import msgspec

from whoson_load.measurement.hdr import COUNTS_LENGTH, HIGHEST_US, Counts

__all__ = ["HIGHEST_NS", "OVER_RANGE_NS", "PERCENTILES", "Bucket", "Histogram", "PackedHistogram", "rank"]

HIGHEST_NS: Final = HIGHEST_US * 1000
"""One hour: the longest time that is told apart from longer ones."""

OVER_RANGE_NS: Final = HIGHEST_NS + 1
"""What a percentile reads as that falls among times above one hour: more than an hour, how much more is not known."""

PERCENTILES: Final = (50.0, 90.0, 95.0, 99.0, 99.9)
"""The percentiles every table and record line holds."""

_OVERFLOW: Final = COUNTS_LENGTH - 1
"""The last bucket (4,292,870,144 us and up) can hold no time of up to one hour, so all longer ones are counted there:
they travel, merge and reach the log like any other count."""

_NO_MINIMUM: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class Bucket:
    """Times that the histogram does not tell apart: above `low_ns`, up to and including `high_ns`."""

    low_ns: int
    high_ns: int
    count: int


class PackedHistogram(msgspec.Struct, frozen=True, kw_only=True):
    """A histogram as it travels and is kept: a few hundred bytes, or some thousand for many different times.

    Attributes:
        count: how many times, those above one hour included.
        sum_ns: their exact sum.
        min_ns: the least, exactly.
        max_ns: the greatest, exactly, also above one hour.
        hdr: the counts as base64 text of the compressed HDR format V2, in microseconds.
    """

    count: int
    sum_ns: int
    min_ns: int
    max_ns: int
    hdr: str


class Histogram:
    """Times from 1 us to 1 h to three significant digits, and exactly: how many, their sum, the least, the greatest.

    A fraction of a microsecond counts as a whole one, and 0 or less as the first microsecond: a time is above its
    bucket's lower and not above its upper end, so that what a percentile states is never below what was measured, and
    at most 0.1 % or 1 us above it. Times above one hour are counted as `overflow` and stay in `count`.

    Recording takes about 0.2 us (the library's own record_value: 0.7 us) and allocates nothing but the first time,
    when the buckets come: 188 KB. A histogram that was never used takes about 100 bytes.

    Merging is exact, whatever the order: two histograms are equal when all counts and exact figures are.
    """

    __slots__ = ("_buckets", "_view", "count", "max_ns", "min_ns", "sum_ns")

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __init__(self) -> None:
        self._buckets: Counts | None = None
        self._view: memoryview[int] | None = None
        self.count = 0
        """How many times were recorded, those above one hour included."""
        self.sum_ns = 0
        """Their exact sum."""
        self.min_ns = _NO_MINIMUM
        """The least, exactly; meaningless while `count` is 0."""
        self.max_ns = 0
        """The greatest, exactly; 0 while `count` is 0."""

    def record(self, duration_ns: int) -> None:
        """Record one time.

        Args:
            duration_ns: nanoseconds; below 0 (a clock was set back) is taken as 0.
        """
        if 0 < duration_ns <= HIGHEST_NS:
            index = -(-duration_ns // 1000)
            # The bucket's width is 2**shift us: 1 us below 2,048 us, then doubling with each power of two.
            shift = index.bit_length() - 11
            if shift > 0:
                index = (shift << 10) + (index >> shift)
        elif duration_ns > 0:
            index = _OVERFLOW
        else:
            index, duration_ns = 1, 0
        try:
            self._view[index] += 1  # type: ignore[index]  # None before the first time only, and a try costs nothing
        except TypeError:
            self._allocate().view[index] += 1
        self.count += 1
        self.sum_ns += duration_ns
        if duration_ns < self.min_ns:  # noqa: PLR1730  # min() would cost as much as all the rest
            self.min_ns = duration_ns
        if duration_ns > self.max_ns:  # noqa: PLR1730
            self.max_ns = duration_ns

    def add(self, other: Histogram) -> None:
        """Add all that another holds; nothing is rounded anew."""
        if other._buckets is None or not other.count:
            return
        (self._buckets or self._allocate()).add(other._buckets)
        self.count += other.count
        self.sum_ns += other.sum_ns
        self.min_ns = min(self.min_ns, other.min_ns)
        self.max_ns = max(self.max_ns, other.max_ns)

    def clear(self) -> None:
        """Become empty and keep the memory, so that an interval's end allocates nothing."""
        if self._buckets is not None and self.count:
            self._buckets.clear(*self._ends())
        self.count = self.sum_ns = self.max_ns = 0
        self.min_ns = _NO_MINIMUM

    @property
    def overflow(self) -> int:
        """How many of the times were above one hour."""
        return self._view[_OVERFLOW] if self._view is not None else 0

    @property
    def mean_ns(self) -> float | None:
        """The exact mean; None when empty."""
        return self.sum_ns / self.count if self.count else None

    def percentile_ns(self, percentile: float) -> int | None:
        """The time that `percentile` percent of all times are not above, as `percentiles_ns`."""
        return self.percentiles_ns((percentile,))[0]

    def percentiles_ns(self, percentiles: Iterable[float] = PERCENTILES) -> list[int | None]:
        """The times that so many percent of all times are not above (nearest rank).

        Args:
            percentiles: above 0, up to 100, told apart to a thousandth; in any order.

        Returns:
            one time in ns for each, the upper end of its bucket but never above the greatest time;
            `OVER_RANGE_NS` where it falls above one hour; None where the histogram is empty.
            About 0.1 ms for all together.

        Raises:
            ValueError: a percentile out of range.
        """
        wanted = tuple(percentiles)
        for percentile in wanted:
            if not 0 < percentile <= 100:
                raise ValueError(f"got percentile {percentile}, expected above 0 and up to 100")
        if not self.count or self._view is None:
            return [None for _ in wanted]
        first, last = self._ends()
        cumulative = list(accumulate(self._view[first : last + 1]))
        return [self._at_rank(cumulative, first, percentile) for percentile in wanted]

    def buckets(self) -> Iterator[Bucket]:
        """Every bucket that holds a count, ascending; one of times above one hour ends at `max_ns`."""
        if not self.count or self._view is None:
            return
        first, last = self._ends()
        for index, count in enumerate(self._view[first : last + 1], first):
            if count:
                low_ns, high_ns = (HIGHEST_NS, self.max_ns) if index == _OVERFLOW else _bucket_ns(index)
                yield Bucket(low_ns, high_ns, count)

    def counts_up_to(self, durations_ns: Iterable[int]) -> list[int]:
        """How many times are not above each of some durations, to the precision of buckets (about 0.3 ms for all).

        Args:
            durations_ns: in any order; nothing is up to 0. A bucket counts when it lies at or below a duration's own.
        """
        if not self.count or self._view is None:
            return [0 for _ in durations_ns]
        first, last = self._ends()
        cumulative = [0, *accumulate(self._view[first : last + 1])]
        behind = [_index(each) + 1 if each > 0 else 0 for each in durations_ns]
        return [cumulative[min(max(each - first, 0), last + 1 - first)] for each in behind]

    def pack(self) -> PackedHistogram:
        """The histogram as it travels (about 0.1 ms); empty ones have min 0."""
        last = self._ends()[1] if self.count else -1
        buckets = self._buckets or Counts()
        min_ns = self.min_ns if self.count else 0
        return PackedHistogram(
            count=self.count, sum_ns=self.sum_ns, min_ns=min_ns, max_ns=self.max_ns, hdr=buckets.encode(last)
        )

    @classmethod
    def unpack(cls, packed: PackedHistogram) -> Histogram:
        """The histogram that was packed, equal to it (about 0.1 ms).

        Raises:
            ValueError: no HDR V2 histogram, one of another range, or one of another number of times than it says.
        """
        counts, total = Counts.decode(packed.hdr)
        if total != packed.count:
            raise ValueError(f"got a histogram of {total} times, expected {packed.count}")
        histogram = cls()
        if total:
            histogram._buckets, histogram._view = counts, counts.view
            histogram.count, histogram.sum_ns = total, packed.sum_ns
            histogram.min_ns, histogram.max_ns = packed.min_ns, packed.max_ns
        return histogram

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Histogram):
            return NotImplemented
        mine = (self.count, self.sum_ns, self.min_ns, self.max_ns)
        if mine != (other.count, other.sum_ns, other.min_ns, other.max_ns):
            return False
        return not self.count or self._view == other._view

    def __repr__(self) -> str:
        return f"<Histogram of {self.count} times, {self.sum_ns} ns in all>"

    def _allocate(self) -> Counts:
        buckets = self._buckets = Counts()
        self._view = buckets.view
        return buckets

    def _ends(self) -> tuple[int, int]:
        return _index(self.min_ns), _index(self.max_ns)

    def _at_rank(self, cumulative: list[int], first: int, percentile: float) -> int:
        index = first + bisect_left(cumulative, rank(percentile, self.count))
        if index == _OVERFLOW:
            return OVER_RANGE_NS
        return min(_bucket_ns(index)[1], self.max_ns)


def rank(percentile: float, count: int) -> int:
    """Which of `count` ascending samples (from 1) is the percentile: the `count`th is the highest of them.

    Args:
        percentile: above 0, up to 100, told apart to a thousandth.
        count: from 1.
    """
    # In integers: 99.9 % of 1,000 is the 999th, which floating point would round up to the 1,000th.
    return max(1, -(-count * round(percentile * 1000) // 100_000))


def _index(duration_ns: int) -> int:
    """The bucket that `record` counts a time in."""
    if duration_ns > HIGHEST_NS:
        return _OVERFLOW
    index = max(1, -(-duration_ns // 1000))
    shift = index.bit_length() - 11
    return (shift << 10) + (index >> shift) if shift > 0 else index


def _bucket_ns(index: int) -> tuple[int, int]:
    """What the times in a bucket are above, and what they are not above."""
    shift = max(0, (index >> 10) - 1)
    low_us = (index & 1023 | 1024) << shift if shift else index
    return (low_us - 1) * 1000, min((low_us - 1 + (1 << shift)) * 1000, HIGHEST_NS)
