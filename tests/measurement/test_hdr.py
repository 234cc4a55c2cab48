from __future__ import annotations

from contextlib import suppress

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.measurement.hdr import COUNTS_LENGTH, HIGHEST_US, Counts
from whoson_load.measurement.histogram import Histogram


def library_histogram(times_us: list[int]) -> HdrHistogram:
    """What the library's own recording makes of the times."""
    histogram = HdrHistogram(1, HIGHEST_US, 3)
    for time_us in times_us:
        assert histogram.record_value(time_us)
    return histogram


@given(st.lists(st.one_of(st.integers(1, 5_000), st.integers(1, HIGHEST_US)), max_size=100))
def test_ours_encodes_to_the_same_bytes_as_the_librarys_own_recording(times_us: list[int]) -> None:
    """Writing the counts ourselves gives exactly what the library's own bookkeeping gives."""
    ours = Histogram()
    for time_us in times_us:
        ours.record(time_us * 1000)
    assert ours.pack().hdr == library_histogram(times_us).encode().decode()


@given(st.lists(st.integers(1, HIGHEST_US), min_size=1, max_size=100))
def test_the_library_reads_what_we_encode(times_us: list[int]) -> None:
    """Other people's decoders find our counts, also of what is above one hour."""
    ours = Histogram()
    for time_us in times_us:
        ours.record(time_us * 1000)
    ours.record(10**16)
    theirs = HdrHistogram.decode(ours.pack().hdr)
    assert theirs.get_total_count() == len(times_us) + 1
    assert theirs.get_max_value() > HIGHEST_US
    expected = library_histogram(times_us)
    for time_us in times_us:
        assert theirs.get_count_at_value(time_us) == expected.get_count_at_value(time_us)


@given(st.lists(st.integers(1, HIGHEST_US), max_size=100))
def test_we_read_what_the_library_encodes(times_us: list[int]) -> None:
    """Counts that another program encoded come in as they are."""
    counts, total = Counts.decode(library_histogram(times_us).encode().decode())
    assert total == len(times_us)
    assert sum(counts.view) == len(times_us)
    assert len(counts.view) == COUNTS_LENGTH


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "HISTFAAA",
        "AAAAAAAAAAAAAAAA",
        "HISTFAAAABx42pNpmSzMwMCgyAABTBDKT4GBgdnNYMcCBvsPEBEJISEuATEZMQ4uASkhIR4nrxg9v2lMaxhvMekILGZkKmcCAEf2CsI=",
        "€",
    ],
)
def test_text_that_is_no_histogram_of_ours_is_refused(text: str) -> None:
    """Broken base64, broken headers, truncated data and other ranges end as one clear error."""
    with pytest.raises(ValueError, match=r"got (no HDR V2 histogram|a histogram of range)"):
        Counts.decode(text)


def test_histogram_of_another_range_is_refused() -> None:
    """Counts of other buckets are never added to ours."""
    other = HdrHistogram(1, 60_000_000, 3)
    other.record_value(5)
    with pytest.raises(ValueError, match=r"range and digits \(1, 60000000, 3\), expected \(1, 3600000000, 3\)"):
        Counts.decode(other.encode().decode())


@given(st.data())
def test_damaged_text_never_does_anything_but_raise_a_value_error_or_decode(data: st.DataObject) -> None:
    """A byte changed anywhere in an encoded histogram crashes nothing."""
    ours = Histogram()
    for time_ns in data.draw(st.lists(st.integers(1, 10**9), min_size=1, max_size=20)):
        ours.record(time_ns)
    text = ours.pack().hdr
    place = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:place] + data.draw(st.sampled_from("AZaz09+/=-")) + text[place + 1 :]
    with suppress(ValueError):
        counts, total = Counts.decode(damaged)
        assert total <= sum(counts.view)
