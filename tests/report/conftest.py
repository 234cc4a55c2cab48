"""One run whose every figure is known, as reports get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from whoson_load.analysis.objectives import read_objectives
from whoson_load.analysis.summary import complete
from whoson_load.measurement.interval import Totals, merge
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.run import Ending, RunInfo, Summary, TimelineLine, summarize, timeline_line
from whoson_load.measurement.trust import Judgement, Verdict
from whoson_load.record.latency_log import LogLine
from whoson_load.record.writer import RunWriter

S = 1_000_000_000
STARTED_NS = 1_760_000_000 * S
OBJECTIVES = ("echo p99 < 15ms", "accepted p95 < 2s", "lost == 0", "abandoned < 50% abort after 30s")


class KnownRun:
    """Twelve intervals of 5 s: two of ramp, nine steady with 20 visits in progress, one of drain.

    Attributes:
        info: what its run.json holds.
    """

    def __init__(self) -> None:
        recorder = Recorder("w1")
        self._intervals = []
        for number, level in enumerate([8, 16, *[20] * 9, 0]):
            start_ns = STARTED_NS + 5 * S * number
            for sample in range(1, 6):
                recorder.sample("connect", 0, sample * 2_000_000)
                recorder.sample("accepted", 0, sample * 500_000)
                recorder.sample("operatorjoined", 0, sample * 300_000_000)
                recorder.sample("echo", 0, sample * 4_000_000)
                recorder.sample("visit", 0, sample * 10 * S)
                recorder.spent(sample * 10 * S)
                recorder.line("sent")
                recorder.line("echoed")
                recorder.event("connected")
                recorder.event("accepted")
                recorder.arrival("begun")
            for _ in range((3, 19)[number] if number < 2 else 0):
                recorder.arrival("begun")  # so that the first visits are over when it is level
            recorder.outcome(Outcome.SERVED)
            recorder.outcome(Outcome.SERVED if number % 3 else Outcome.ABANDONED)
            merged = merge([recorder.roll(start_ns, start_ns + 5 * S)])[0]
            merged.gauges = {"visits in progress": level, "visits chatting": level}
            self._intervals.append(merged)
        self.info = RunInfo(
            run_id="0123456789abcdef",
            name="known",
            started_ns=STARTED_NS,
            ended_ns=STARTED_NS + 60 * S,
            ending=Ending.FINISHED,
            exit_code=3,
            interval_s=5.0,
            target="ws://127.0.0.1:8009/",
            seed=7,
            pace=8.0,
            notes=["Human times were 8 times shorter than in life; the server's times were not."],
        )

    def timeline(self) -> list[TimelineLine]:
        """Its lines."""
        return [timeline_line(each) for each in self._intervals]

    def totals(self, from_ns: int = 0, to_ns: int = 1 << 63) -> Totals:
        """Its intervals added up."""
        totals = Totals()
        for each in self._intervals:
            if from_ns <= each.start_ns < to_ns:
                totals.add(each)
        return totals

    def latencies(self) -> list[LogLine]:
        """Its latency log."""
        return [
            LogLine(series=name, start_ns=each.start_ns, duration_ns=5 * S, histogram=histogram.pack())
            for each in self._intervals
            for name, histogram in each.series.items()
        ]

    def write(self, parent: Path) -> Path:
        """Write its record without a summary; the folder."""
        writer = RunWriter(parent, self.info)
        for interval in self._intervals:
            writer.write(interval, timeline_line(interval))
        writer.finish(self.info)
        return writer.folder


@pytest.fixture
def info() -> RunInfo:
    """Of the known run."""
    return KnownRun().info


@pytest.fixture
def summary() -> Summary:
    """Of the known run: one objective of four is missed."""
    return known_summary()


def known_summary() -> Summary:
    """The known run's."""
    run = KnownRun()
    trust = Judgement(verdict=Verdict.TRUSTED, reason="The generator kept up in every interval.")
    return complete(summarize(run.totals(), trust), run, read_objectives(OBJECTIVES))
