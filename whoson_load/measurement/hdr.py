"""The typed boundary to the hdrhistogram library: counts that its compiled code encodes, decodes and adds.

The only importer of `hdrh`, which has no types. Knows nothing of samples, exact figures or percentiles.
"""

from __future__ import annotations

import binascii
import zlib
from typing import Any, Final

from hdrh.codec import HdrCookieException, HdrLengthException
from hdrh.histogram import HdrHistogram

__all__ = ["COUNTS_LENGTH", "HIGHEST_US", "LOWEST_US", "SIGNIFICANT_DIGITS", "Counts"]

LOWEST_US: Final = 1
HIGHEST_US: Final = 3_600_000_000
SIGNIFICANT_DIGITS: Final = 3
"""1 us to 1 h to three significant digits: the range of all series."""

COUNTS_LENGTH: Final[int] = HdrHistogram(LOWEST_US, HIGHEST_US, SIGNIFICANT_DIGITS).counts_len
"""Buckets in a histogram of that range (23,552)."""

_UNREADABLE: Final = (binascii.Error, HdrCookieException, HdrLengthException, zlib.error, ValueError, TypeError)


class Counts:
    """The buckets of one histogram, in the library's own memory.

    They take 188 KB whatever they hold, so an owner makes them late and keeps them: clearing is cheaper than new ones.

    Attributes:
        view: the counts as unsigned 64-bit integers, `COUNTS_LENGTH` of them. Writing it is recording: nothing else
            keeps track, so that the hot path pays for one addition and not for the library's bookkeeping.
    """

    __slots__ = ("_hdr", "view")

    def __init__(self, hdr: Any = None) -> None:  # noqa: ANN401  # the library has no types
        self._hdr = hdr or HdrHistogram(LOWEST_US, HIGHEST_US, SIGNIFICANT_DIGITS)
        # ctypes declares the byte order and memoryview indexes native formats only: hence the way over bytes.
        self.view: memoryview[int] = memoryview(self._hdr.counts).cast("B").cast("Q")

    def add(self, other: Counts) -> None:
        """Add all counts of another (about 10 us)."""
        self._hdr.encoder.add(other._hdr.encoder)

    def clear(self, first: int, last: int) -> None:
        """Set the counts from index `first` to index `last`, both included, to 0."""
        self.view[first : last + 1] = memoryview(bytes(8 * (last + 1 - first))).cast("Q")

    def encode(self, last: int) -> str:
        """The counts as base64 text of the compressed HDR format V2, as histogram logs hold it.

        Args:
            last: the highest index that holds a count; -1 for none.
        """
        # The library writes up to the bucket of `max_value`, and nothing at all when the total is 0.
        self._hdr.total_count = int(last >= 0)
        self._hdr.max_value = self._hdr.get_value_from_index(last) if last >= 0 else 0
        encoded: bytes = self._hdr.encode()
        return encoded.decode("ascii")

    @classmethod
    def decode(cls, text: str) -> tuple[Counts, int]:
        """Read what `encode`, or another HDR implementation with the same range and digits, wrote.

        Returns:
            the counts, and their total.

        Raises:
            ValueError: the text is no HDR V2 histogram, or one of another range or precision.
        """
        try:
            hdr = HdrHistogram.decode(text)
        except _UNREADABLE as error:
            raise ValueError(f"got no HDR V2 histogram: {error or type(error).__name__}") from error
        got = (hdr.lowest_trackable_value, hdr.highest_trackable_value, hdr.significant_figures)
        if got != (LOWEST_US, HIGHEST_US, SIGNIFICANT_DIGITS):
            raise ValueError(f"got a histogram of range and digits {got}, expected (1, 3600000000, 3)")
        return cls(hdr), hdr.total_count
