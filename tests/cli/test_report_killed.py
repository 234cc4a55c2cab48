from __future__ import annotations

from pathlib import Path

import pytest

from whoson_load.cli.main import main
from whoson_load.cli.report import summary_of
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.interval import Totals, merge
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.run import Ending, RunInfo, summarize, timeline_line
from whoson_load.measurement.trust import Trust, Verdict
from whoson_load.protocol.commands import COMMANDS
from whoson_load.protocol.events import EVENTS
from whoson_load.record.reader import RunReader
from whoson_load.record.writer import RunWriter

BEGUN_NS = 1_760_000_000 * 1_000_000_000
INTERVAL_NS = 5_000_000_000


class Written:
    """A record of four intervals, and what its summary must be.

    Attributes:
        folder: where it lies.
        totals, trust: of all its intervals.
    """

    def __init__(
        self, parent: Path, *, missing: bool = False, recovered: bool = False, objectives: tuple[str, ...] = ()
    ) -> None:
        self.info = RunInfo(
            run_id="r",
            name="paper",
            started_ns=BEGUN_NS,
            interval_s=5.0,
            target="ws://x/",
            seed=1,
            objectives=list(objectives),
            notes=["Mind this."],
        )
        self.writer = RunWriter(parent, self.info)
        self.folder, self.totals, self.trust = self.writer.folder, Totals(), Trust()
        recorder = Recorder("w1")
        for number in range(4):
            recorder.sample("echo", 0, 20_000_000 + number)
            recorder.outcome(Outcome.SERVED)
            start_ns = BEGUN_NS + number * INTERVAL_NS
            (interval,) = merge([recorder.roll(start_ns, start_ns + INTERVAL_NS, GeneratorFigures(cpu_share=0.95))])
            self.totals.add(interval)
            told = {"w2": [3, 4]} if missing and number == 2 else {}
            back = {"w2": [3, 4]} if recovered and number == 3 else {}
            line = timeline_line(
                interval, findings=self.trust.add(interval.generators), missing=told, recovered=back, late=bool(back)
            )
            self.writer.write(interval, line)

    def finish(self) -> None:
        """End it as a run ends."""
        summary = summarize(self.totals, self.trust.judgement(), commands=COMMANDS, events=EVENTS)
        self.writer.write_summary(summary)
        self.info.ended_ns, self.info.ending = BEGUN_NS + 20_000_000_000, Ending.INTERRUPTED
        self.writer.finish(self.info)

    def kill(self) -> None:
        """Leave it as a killed process does."""
        for journal in (self.writer._latency, self.writer._timeline):
            journal.close()


def test_a_finished_run_is_shown_as_it_was_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table, when it was, how it ended, and the notes."""
    written = Written(tmp_path)
    written.finish()
    assert main(["report", str(written.folder)]) == 0
    shown = capsys.readouterr().out
    assert "paper: ws://x/, 2025-10-09 08:53:20 UTC, 20 s, interrupted" in shown
    assert "Visits: 4 ended: 4 served" in shown
    assert "Note: Mind this." in shown


def test_a_killed_run_is_summed_up_from_its_intervals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To the same figures and the same trust as if it had come to its end."""
    written = Written(tmp_path)
    written.kill()
    reader = RunReader(written.folder)
    assert reader.summary() is None
    found = summary_of(reader)
    expected = summarize(written.totals, written.trust.judgement(), commands=COMMANDS, events=EVENTS)
    for name in ("series", "outcomes", "commands", "events", "trust"):
        assert getattr(found, name) == getattr(expected, name)
    assert main(["report", str(written.folder)]) == 0
    shown = capsys.readouterr().out
    assert "goes on or was killed" in shown
    assert "used 95% of one CPU core" in shown


def test_a_killed_run_is_held_to_its_objectives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For a program that reads test results, none judged would be none missed."""
    written = Written(tmp_path, objectives=("echo p50 < 1s", "echo p99 < 1ms"))
    written.kill()
    assert [each.met for each in summary_of(RunReader(written.folder)).objectives] == [True, False]
    assert main(["report", str(written.folder), "--format", "junit"]) == 0
    assert 'tests="3" failures="1"' in capsys.readouterr().out


@pytest.mark.parametrize("recovered, verdict", [(False, Verdict.INVALID), (True, Verdict.DOUBTFUL)])
def test_missing_reports_of_a_killed_run_are_told(tmp_path: Path, recovered: bool, verdict: Verdict) -> None:
    """Unless a later line brought them."""
    written = Written(tmp_path, missing=True, recovered=recovered)
    written.kill()
    trust = summary_of(RunReader(written.folder)).trust
    assert trust.verdict is verdict
    assert ("2 reports" in trust.reason) is not recovered


@pytest.mark.parametrize(
    "arguments, code, told",
    [
        ([], 2, "got no RUN, expected a run's folder or --latest"),
        (["nowhere"], 2, "no run record in nowhere: there is no such folder"),
        (["nowhere", "--format", "poem"], 2, "invalid choice: 'poem'"),
    ],
)
def test_what_cannot_be_reported_is_told_in_one_line(
    arguments: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the exit code of wrong usage, or of a record that is none."""
    assert main(["report", *arguments]) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("whoson-load report: ")
    assert told in line
