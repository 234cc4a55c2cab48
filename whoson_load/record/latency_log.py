"""The lines of `latency.hlog`: the HdrHistogram interval log with tags, which other people's tools read, too.

    #[Exact: count=3 min_ns=20100000 max_ns=20400000 sum_ns=60700000]
    Tag=echo,1760000000.000,5.000,20.415,HISTFAAAAC...

The comment above each line holds the exact figures that the format has no place for; other tools skip it. Times are in
seconds since the epoch and seconds, the greatest in milliseconds, the counts in microseconds. Knows nothing of files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

from whoson_load.measurement.histogram import PackedHistogram

__all__ = ["LogLine", "format_header", "format_line", "parse_lines"]

_EXACT: Final = re.compile(rb"#\[Exact: count=(\d{1,30}) min_ns=(\d{1,30}) max_ns=(\d{1,30}) sum_ns=(\d{1,30})\]")
_LINE: Final = re.compile(rb"Tag=([^,\s]+),(\d{1,12})\.(\d{3}),(\d{1,12})\.(\d{3}),[\d.]+,([A-Za-z0-9+/=]+)")
_NS_PER_MS: Final = 1_000_000


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """One series' times in one span of the run.

    Attributes:
        series: the series' name.
        start_ns: when the span begins, ns since the epoch, in whole milliseconds.
        duration_ns: how long it is, in whole milliseconds.
        histogram: the times.
    """

    series: str
    start_ns: int
    duration_ns: int
    histogram: PackedHistogram


def format_header(started_ns: int) -> bytes:
    """The lines a log begins with."""
    started = datetime.fromtimestamp(started_ns // 1_000_000_000, UTC)
    return (
        "#[whoson-load latencies in microseconds]\n"
        "#[Histogram log format version 1.3]\n"
        f"#[StartTime: {_seconds(started_ns)} (seconds since epoch), {started:%Y-%m-%d %H:%M:%S} UTC]\n"
        "#[BaseTime: 0.000 (seconds since epoch)]\n"
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n'
    ).encode("ascii")


def format_line(line: LogLine) -> bytes:
    """One span as two lines: the comment with the exact figures, and the format's own."""
    packed = line.histogram
    span = f"{_seconds(line.start_ns)},{_seconds(line.duration_ns)}"
    return (
        f"#[Exact: count={packed.count} min_ns={packed.min_ns} max_ns={packed.max_ns} sum_ns={packed.sum_ns}]\n"
        f"Tag={line.series},{span},{packed.max_ns / 1e6:.3f},{packed.hdr}\n"
    ).encode("ascii")


def parse_lines(lines: Iterable[tuple[int, bytes]]) -> Iterator[LogLine]:
    """Read what `format_line` wrote.

    Args:
        lines: numbered lines, without their line feed.

    Raises:
        ValueError: a line that is none of ours; the message names its number.
    """
    exact: re.Match[bytes] | None = None
    for number, line in lines:
        if line.startswith((b"#", b'"')):
            exact = _EXACT.fullmatch(line)
            continue
        match = _LINE.fullmatch(line)
        if match is None or exact is None:
            shown = line[:40].decode("ascii", "replace")
            raise ValueError(f"line {number}: got '{shown}', expected a tagged histogram after its exact figures")
        count, min_ns, max_ns, sum_ns = (int(figure) for figure in exact.groups())
        yield LogLine(
            series=match[1].decode("ascii", "replace"),
            start_ns=_ns(match[2], match[3]),
            duration_ns=_ns(match[4], match[5]),
            histogram=PackedHistogram(
                count=count, sum_ns=sum_ns, min_ns=min_ns, max_ns=max_ns, hdr=match[6].decode("ascii")
            ),
        )
        exact = None


def _seconds(time_ns: int) -> str:
    """Seconds with three decimals, exactly; a double would do, but need not round as we do."""
    seconds, ms = divmod(time_ns // _NS_PER_MS, 1000)
    return f"{seconds}.{ms:03d}"


def _ns(seconds: bytes, ms: bytes) -> int:
    return (int(seconds) * 1000 + int(ms)) * _NS_PER_MS
