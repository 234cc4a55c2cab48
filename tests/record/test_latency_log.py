from __future__ import annotations

from pathlib import Path

import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.measurement.histogram import HIGHEST_NS, Histogram, PackedHistogram
from whoson_load.measurement.sample import SERIES
from whoson_load.record.latency_log import LogLine, format_header, format_line, parse_lines

MS = 1_000_000
START_NS = 1_760_000_000_000 * MS


def packed_of(times_ns: list[int]) -> PackedHistogram:
    """These times, packed."""
    histogram = Histogram()
    for time_ns in times_ns:
        histogram.record(time_ns)
    return histogram.pack()


log_lines = st.lists(
    st.builds(
        LogLine,
        series=st.sampled_from(sorted(SERIES)),
        start_ns=st.integers(0, 10**6).map(lambda ms: START_NS + ms * MS),
        duration_ns=st.integers(1, 10**6).map(lambda ms: ms * MS),
        histogram=st.lists(st.integers(0, 2 * HIGHEST_NS), min_size=1, max_size=20).map(packed_of),
    ),
    max_size=6,
)


def parsed(content: bytes) -> list[LogLine]:
    """What our own reader makes of a file's content."""
    return list(parse_lines(enumerate(content.split(b"\n")[:-1], 1)))


@given(log_lines)
def test_log_reads_back_exactly(lines: list[LogLine]) -> None:
    """Starts, lengths, counts and exact figures are those that were written."""
    assert parsed(format_header(START_NS) + b"".join(map(format_line, lines))) == lines


@given(log_lines)
def test_the_librarys_own_reader_reads_the_log_tags_included(
    tmp_path_factory: pytest.TempPathFactory, lines: list[LogLine]
) -> None:
    """Somebody else's tool finds the same histograms under the same tags at the same times."""
    path = tmp_path_factory.mktemp("log") / "latency.hlog"
    path.write_bytes(format_header(START_NS) + b"".join(map(format_line, lines)))
    reader = HistogramLogReader(str(path), HdrHistogram(1, 3_600_000_000, 3))
    try:
        for line in lines:
            theirs = reader.get_next_interval_histogram()
            assert theirs.get_tag() == line.series
            assert theirs.encode().decode() == line.histogram.hdr
            assert theirs.get_start_time_stamp() == pytest.approx(line.start_ns / MS, abs=0.5)
            lasted_ms = theirs.get_end_time_stamp() - theirs.get_start_time_stamp()
            assert lasted_ms == pytest.approx(line.duration_ns / MS, abs=0.5)
        assert reader.get_next_interval_histogram() is None
        assert reader.get_start_time_sec() == START_NS / 1e9
    finally:
        reader.close()


def test_log_looks_as_the_format_wants_it() -> None:
    """Header, legend, and one tagged line under its exact figures."""
    line = LogLine(
        series="echo", start_ns=START_NS + 1500 * MS, duration_ns=5000 * MS, histogram=packed_of([20_000_001])
    )
    assert (format_header(START_NS) + format_line(line)).decode().splitlines() == [
        "#[whoson-load latencies in microseconds]",
        "#[Histogram log format version 1.3]",
        "#[StartTime: 1760000000.000 (seconds since epoch), 2025-10-09 08:53:20 UTC]",
        "#[BaseTime: 0.000 (seconds since epoch)]",
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
        "#[Exact: count=1 min_ns=20000001 max_ns=20000001 sum_ns=20000001]",
        f"Tag=echo,1760000001.500,5.000,20.000,{line.histogram.hdr}",
    ]


@pytest.mark.parametrize(
    "broken",
    [
        b"Tag=echo,1.000,5.000,20.000,HISTF\n",  # without its exact figures
        b"#[Exact: count=1 min_ns=1 max_ns=1 sum_ns=1]\nTag=echo,1.000,5.000\n",
        b"#[Exact: count=1 min_ns=1 max_ns=1 sum_ns=1]\n1.000,5.000,20.000,HISTF\n",
        b"#[Exact: count=1 min_ns=1 max_ns=1 sum_ns=1]\n# something else\nTag=echo,1.000,5.000,20.000,HISTF\n",
        b"\n",
        b"\xff\xfe\n",
    ],
)
def test_a_broken_line_is_named(broken: bytes) -> None:
    """A damaged or foreign log ends as an error with the line's number, not as wrong figures."""
    content = format_header(START_NS) + broken
    last = len(content.splitlines())
    with pytest.raises(ValueError, match=rf"^line {last}: got .*, expected a tagged histogram"):
        parsed(content)


def test_header_is_a_file_other_tools_accept(tmp_path: Path) -> None:
    """A run that was killed before its first interval leaves a log without lines, not a broken one."""
    path = tmp_path / "latency.hlog"
    path.write_bytes(format_header(START_NS))
    reader = HistogramLogReader(str(path), HdrHistogram(1, 3_600_000_000, 3))
    assert reader.get_next_interval_histogram() is None
    reader.close()
    assert parsed(path.read_bytes()) == []
