"""The language of objectives: what it reads, and where it points when it cannot."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.analysis.objectives import LINES, read_objective, read_objectives
from whoson_load.errors import ConfigError
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.sample import SERIES


@pytest.mark.parametrize(
    "written, measure, percentile, limit, unit",
    [
        ("echo p99 < 500ms", "percentile", 99.0, 500.0, "ms"),
        ("echo p99<500ms", "percentile", 99.0, 500.0, "ms"),
        ("connect p95 <= 2 s", "percentile", 95.0, 2000.0, "ms"),
        ("connect.tcp p99.95 < 250us", "percentile", 99.95, 0.25, "ms"),
        ("operatorjoined mean < 1.5min", "mean", 0.0, 90_000.0, "ms"),
        ("echo max < 1s", "max", 0.0, 1000.0, "ms"),
        ("accepted errors < 0.1%", "errors", 0.0, 0.1, "%"),
        ("accepted errors == 0", "errors", 0.0, 0.0, ""),
        ("echo rate >= 50/s", "rate", 0.0, 50.0, "/s"),
        ("visit rate > 30/min", "rate", 0.0, 0.5, "/s"),
        ("lost == 0", "count", 0.0, 0.0, ""),
        ("duplicated < 1%", "count", 0.0, 1.0, "%"),
        ("abandoned < 5%", "count", 0.0, 5.0, "%"),
        ("queue_timeout <= 3", "count", 0.0, 3.0, ""),
    ],
)
def test_objectives_are_read(written: str, measure: str, percentile: float, limit: float, unit: str) -> None:
    """Each form of the language, in its base unit."""
    read = read_objective(f"  {written} ")
    assert read.text == written
    assert (read.measure, read.percentile, read.unit) == (measure, percentile, unit)
    assert read.limit == pytest.approx(limit)
    assert (read.share, read.abort_after_s) == (None, None)


def test_clauses_are_read() -> None:
    """For how many intervals, and when a miss ends the run."""
    read = read_objective("echo p95 < 50ms for 99% of intervals abort after 30s")
    assert (read.share, read.abort_after_s) == (0.99, 30.0)
    assert read_objective("lost == 0 abort after 2min").abort_after_s == 120.0


@pytest.mark.parametrize(
    "written, column, got",
    [
        ("", 1, "the end"),
        ("ecko p99 < 5ms", 1, "'ecko'"),
        ("echo p100 < 5ms", 6, "'p100'"),
        ("echo p0 < 5ms", 6, "'p0'"),
        ("echo < 5ms", 6, "'<'"),
        ("echo p99 = 5ms", 10, "'='"),
        ("echo p99 <", 11, "the end"),
        ("echo p99 < fast", 12, "'fast'"),
        ("echo p99 < 5", 13, "the end"),
        ("echo p99 < 5 parsecs", 14, "'parsecs'"),
        ("echo p99 < 5%", 13, "'%'"),
        ("echo rate > 5ms", 14, "'ms'"),
        ("accepted errors < 1ms", 20, "'ms'"),
        ("lost == 0 lines", 11, "'lines'"),
        ("lost p99 == 0", 6, "'p99'"),
        ("echo p99 < 5ms for 101% of intervals", 20, "'101'"),
        ("echo p99 < 5ms for 99% of hours", 27, "'hours'"),
        ("echo p98 < 5ms for 99% of intervals", 16, "'for'"),
        ("echo p98 < 5ms abort after 3s", 16, "'abort'"),
        ("echo p99 < 5ms abort after 3h", 29, "'h'"),
        ("echo p99 < 5ms and so on", 16, "'and'"),
        ("echo p99 < -5ms", 12, "'-5ms'"),
    ],
)
def test_errors_point_at_the_column(written: str, column: int, got: str) -> None:
    """One line says what is wrong, and a caret below the text stands where."""
    with pytest.raises(ConfigError) as caught:
        read_objective(written)
    said, shown, caret = str(caught.value).split("\n")
    assert said.startswith(f"objective, column {column}: got {got}, expected ")
    assert shown == f"  {written}"
    assert caret.index("^") == column + 1


@given(
    st.text(max_size=40)
    | st.from_regex(re.compile(r"(echo|lost) (p\d\d )?[<>=]{1,2} ?\d+(ms|%)?.{0,12}"), fullmatch=True)
)
def test_any_text_is_read_or_refused(written: str) -> None:
    """Nothing but ConfigError ever comes out."""
    try:
        read = read_objective(written)
    except ConfigError:
        return
    assert read.text == written.strip()
    assert read.limit >= 0


def test_every_name_can_be_asked_for() -> None:
    """Each series, each count of lines and each outcome has an objective."""
    written = [*(f"{name} p50 < 1s" for name in SERIES), *(f"{name} < 9" for name in (*LINES, *Outcome))]
    assert [each.name for each in read_objectives(written)] == [*SERIES, *LINES, *Outcome]


def test_the_same_objective_twice_counts_once() -> None:
    """A locustfile and the command line may say the same."""
    assert len(read_objectives(["lost == 0", " lost == 0", "lost < 1"])) == 2
