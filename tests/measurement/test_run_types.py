from __future__ import annotations

import msgspec
import pytest

from whoson_load.errors import Fault
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.histogram import HIGHEST_NS
from whoson_load.measurement.interval import MergedInterval, Totals, merge
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.run import (
    PRODUCT,
    SCHEMA_VERSION,
    Ending,
    RunInfo,
    SeriesFigures,
    Summary,
    TimelineLine,
    summarize,
    timeline_line,
)
from whoson_load.measurement.sample import SERIES
from whoson_load.measurement.trust import Finding, Judgement, Trust, Verdict

TRUSTED = Judgement(verdict=Verdict.TRUSTED, reason="All went well.")
FIGURES = ["min_ms", "mean_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms"]


def interval_of(recorder: Recorder) -> MergedInterval:
    """What the recorder holds, as an interval."""
    return merge([recorder.roll(0, 5_000_000_000)])[0]


def summary_of(recorder: Recorder, trust: Judgement = TRUSTED) -> Summary:
    """What the recorder holds, as a summary."""
    totals = Totals()
    totals.add(interval_of(recorder))
    return summarize(totals, trust, commands=["Connect", "Message"], events=["newline"])


def test_summary_of_an_empty_run_lists_everything_with_nothing_in_it() -> None:
    """Every series with count 0 and null figures, every outcome with 0: a script finds the keys in any run."""
    built = msgspec.to_builtins(summary_of(Recorder("w")))
    assert list(built["series"]) == list(SERIES)
    for figures in built["series"].values():
        assert figures == {"count": 0, "errors": 0, "overflow": 0, **dict.fromkeys(FIGURES)}
    assert built["outcomes"] == {outcome.value: 0 for outcome in Outcome}
    assert built["commands"] == {"Connect": 0, "Message": 0}
    assert built["events"] == {"newline": 0}
    assert (built["product"], built["schema"]) == (PRODUCT, SCHEMA_VERSION)


def test_summary_holds_the_figures_in_milliseconds() -> None:
    """Exact figures are exact, percentiles are the histogram's, errors are those of the series."""
    recorder = Recorder("w")
    for duration_ns in (20_000_001, 30_000_000, 40_000_000):
        recorder.sample("echo", 0, duration_ns)
    recorder.error("echo", Fault.REPLY_TIMEOUT)
    recorder.outcome(Outcome.SERVED)
    recorder.command("Message")
    recorder.event("surprise")
    summary = summary_of(recorder)
    echo = summary.series["echo"]
    assert (echo.count, echo.errors, echo.min_ms, echo.max_ms) == (3, 1, 20.000001, 40.0)
    assert echo.mean_ms == pytest.approx(30.0000003)
    assert echo.p50_ms is not None
    assert 30 <= echo.p50_ms <= 30.03
    assert echo.p999_ms == 40.0
    assert summary.errors == {"echo": {"reply_timeout": 1}}
    assert summary.outcomes["served"] == 1
    assert summary.commands == {"Connect": 0, "Message": 1}
    assert summary.events == {"newline": 0, "surprise": 1}


def test_times_above_an_hour_show_as_such() -> None:
    """A percentile among them reads as more than one hour, and how many there are is told."""
    recorder = Recorder("w")
    recorder.sample("echo", 0, 2 * HIGHEST_NS)
    echo = summary_of(recorder).series["echo"]
    assert (echo.overflow, echo.p50_ms, echo.max_ms) == (1, 3_600_000.000001, 7_200_000.0)
    line = timeline_line(_with_sample(2 * HIGHEST_NS))
    assert line.series["echo"].p50_us == 3_600_000_001


def test_series_of_a_locustfile_are_listed_after_ours() -> None:
    """A series of somebody's own is summarised, too."""
    recorder = Recorder("w", [*SERIES, "mine"])
    recorder.sample("mine", 0, 5)
    assert list(summary_of(recorder).series)[-1] == "mine"


def test_timeline_line_holds_series_with_samples_or_errors_only() -> None:
    """A quiet series takes no room; one that only failed is there, without figures."""
    recorder = Recorder("w")
    recorder.sample("echo", 0, 20_000_400)
    recorder.error("accepted", Fault.CLOSED)
    recorder.gauge("visits in progress", 4)
    recorder.peak("queue position", 2)
    merged = merge([recorder.roll(0, 5, GeneratorFigures(cpu_share=0.99))])[0]
    findings = Trust().add(merged.generators)
    line = timeline_line(merged, findings=findings, missing={"x": [3]}, late=True, server={"cpu": 0.5})
    assert line.series == {
        "accepted": SeriesFigures(0, 1),
        "echo": SeriesFigures(1, 0, 20_001, 20_001, 20_001, 20_001, 20_001, 20_001, 20_001, 20_001),
    }
    assert (line.start_ns, line.end_ns, line.gauges, line.peaks) == (
        0,
        5,
        {"visits in progress": 4},
        {"queue position": 2},
    )
    assert line.findings == {"w": [Finding(rule="cpu", level=Verdict.INVALID, value=0.99)]}
    assert (line.missing, line.late, line.server) == ({"x": [3]}, True, {"cpu": 0.5})


def test_figures_stand_as_a_list_in_the_order_that_is_documented() -> None:
    """In the file a series is a short list: a reader in any language goes by the order."""
    encoded = msgspec.json.encode(timeline_line(_with_sample(5_000)))
    assert msgspec.json.decode(encoded)["series"] == {"echo": [1, 0, 5, 5, 5, 5, 5, 5, 5, 5]}
    assert msgspec.json.decode(encoded, type=TimelineLine) == timeline_line(_with_sample(5_000))


def test_run_info_and_summary_read_back_equal() -> None:
    """What is written as JSON is what was there."""
    info = RunInfo(
        run_id="r",
        name="visitors",
        started_ns=1,
        interval_s=5.0,
        target="ws://127.0.0.1:8009/",
        seed=7,
        ending=Ending.INTERRUPTED,
        options={"users": 5, "tags": ["a"], "rate": None},
        machine={"cores": 2, "cpu": "x"},
    )
    assert msgspec.json.decode(msgspec.json.encode(info), type=RunInfo) == info
    summary = summary_of(Recorder("w"))
    assert msgspec.json.decode(msgspec.json.encode(summary), type=Summary) == summary


def _with_sample(duration_ns: int) -> MergedInterval:
    recorder = Recorder("w")
    recorder.sample("echo", 0, duration_ns)
    return interval_of(recorder)
