from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from whoson_load.client.target import Target
from whoson_load.errors import GuardError, RecordError
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.interval import IntervalReport
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.run import Ending
from whoson_load.measurement.trust import Verdict
from whoson_load.record.reader import RunReader
from whoson_load.swarm import run as run_module
from whoson_load.swarm.exchange import PATIENCE_NS
from whoson_load.swarm.options import Settings
from whoson_load.swarm.run import Run, gravest

BEGUN_NS = 1_760_000_000 * 1_000_000_000
INTERVAL_NS = 5_000_000_000
WELL: dict[str, Any] = {
    "cpu_share": 0.2,
    "waiting_share": 0.0,
    "descriptors": 10,
    "descriptors_limit": 1000,
    "ports": 1,
}


class Clock:
    """The steady clock, by hand."""

    now_ns = 0

    def __call__(self) -> int:
        """The time."""
        return self.now_ns


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What `Run` reads."""
    clock = Clock()
    monkeypatch.setattr(run_module, "monotonic_ns", clock)
    return clock


@pytest.fixture
def begin(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., Run]:
    """Begin a run against nobody."""

    def begin_run(**options: object) -> Run:
        settings = Settings(pace=1.0, seed=7, out=str(tmp_path), run_name="paper", interval_s=5.0)
        target = Target.read("ws://127.0.0.1:8009", domain="www.mycompany.com", environment={})
        given = {"scrape": None, "scrape_series": [], **options}
        run = Run("id", settings, 1.0, target, argparse.Namespace(**given), ["whoson-load"])
        request.addfinalizer(lambda: run.fail(1))  # closes its files
        return run

    return begin_run


class Worker:
    """A worker's recorder, and the number of the interval it is in."""

    def __init__(self, name: str) -> None:
        self.recorder, self.number = Recorder(name, ["echo"]), 0

    def report(self, *, last: bool = False, **figures: object) -> IntervalReport:
        """Its next report, with one echo."""
        self.recorder.sample("echo", 0, 20_000_000)
        start_ns, self.number = BEGUN_NS + self.number * INTERVAL_NS, self.number + 1
        generator = GeneratorFigures(**{**WELL, **figures})
        return self.recorder.roll(start_ns, start_ns + INTERVAL_NS, generator, last=last)


def take(run: Run, *reports: IntervalReport) -> None:
    """Let reports come, and keep what is complete."""
    for report in reports:
        run.collector.add(report, run_module.monotonic_ns())
    run.keep()


def test_of_several_exit_codes_the_one_that_says_most_wins() -> None:
    """Wrong usage, then guards, our own failures, distrust, a missed objective last, in whatever order they came."""
    order = (2, 5, 1, 4, 3, 0)
    for worse, better in itertools.combinations(order, 2):
        assert gravest(worse, better) == gravest(better, worse) == worse
    assert gravest() == gravest(0, 0) == 0


def test_intervals_are_written_as_soon_as_they_are_complete(begin: Callable[..., Run]) -> None:
    """A process that is killed then has lost the open one only."""
    run, worker = begin(), Worker("w1")
    for _ in range(3):
        take(run, worker.report())
    reader = RunReader(run.folder)
    assert [line.series["echo"].count for line in reader.timeline()] == [1, 1, 1]
    assert not reader.ended


def test_what_is_missing_late_and_recovered_stands_in_the_timeline(begin: Callable[..., Run], clock: Clock) -> None:
    """A report that is overtaken for longer than patience lasts is missed, and taken when it comes after all."""
    run, worker = begin(), Worker("w1")
    first, second, third = (worker.report() for _ in range(3))
    take(run, first, third)
    clock.now_ns = PATIENCE_NS
    run.keep()
    take(run, second)
    lines = list(RunReader(run.folder).timeline())
    assert [(line.missing, line.recovered, line.late) for line in lines] == [
        ({}, {}, False),
        ({"w1": [2]}, {}, False),
        ({}, {"w1": [2]}, True),
    ]
    take(run, worker.report(last=True))
    summary = run.finish(Ending.FINISHED, 0)
    assert summary.trust.verdict is Verdict.TRUSTED
    assert summary.series["echo"].count == 4
    assert run.info.notes == ["Worker w1: late reports: 1; they are added to their intervals."]


def test_a_run_with_a_report_missing_is_not_to_be_trusted(begin: Callable[..., Run]) -> None:
    """Whatever its latencies: exit code 4, and the record says which report of whom."""
    run, worker, other = begin(), Worker("w1"), Worker("w2")
    take(run, worker.report(), other.report())
    run.collector.lose("w2")
    take(run, worker.report(last=True))
    summary = run.finish(Ending.FINISHED, 0)
    assert (summary.trust.verdict, summary.trust.rule) == (Verdict.INVALID, "lost_reports")
    assert run.info.exit_code == RunReader(run.folder).info.exit_code == 4
    assert "Worker w2: its report 2 never arrived, and what it measured then is missing." in run.info.notes


@pytest.mark.parametrize("code, expected", [(0, 4), (1, 1), (3, 4), (5, 5)])
def test_a_generator_that_was_the_bottleneck_gives_its_exit_code(
    begin: Callable[..., Run], code: int, expected: int
) -> None:
    """Unless there is a graver one."""
    run, worker = begin(), Worker("w1")
    for number in range(5):
        take(run, worker.report(cpu_share=0.999, last=number == 4))
    run.finish(Ending.FINISHED, code)
    assert run.info.exit_code == expected
    assert [line.findings["w1"][0].rule for line in RunReader(run.folder).timeline()] == ["cpu"] * 5


def test_a_short_run_is_not_condemned_for_its_start(begin: Callable[..., Run]) -> None:
    """Ten seconds with one bad interval are doubtful, and end with 0."""
    run, worker = begin(), Worker("w1")
    take(run, worker.report(cpu_share=0.999), worker.report(last=True))
    summary = run.finish(Ending.FINISHED, 0)
    assert (summary.trust.verdict, run.info.exit_code) == (Verdict.DOUBTFUL, 0)


def test_what_a_platform_does_not_tell_is_noted_from_the_first_interval_on(begin: Callable[..., Run]) -> None:
    """The record of a run that is killed says so, too."""
    run, worker = begin(), Worker("w1")
    for _ in range(2):
        take(run, worker.report(waiting_share=None, ports=None))
    (note,) = RunReader(run.folder).info.notes
    assert note == (
        "A generator's platform does not tell how long it waited for a CPU, the local ports in use: its trust is judged"
        " without."
    )


def test_notes_are_in_the_record_at_once_and_bounded(begin: Callable[..., Run]) -> None:
    """A worker that comes and goes for days does not fill it."""
    run = begin()
    for number in range(500):
        run.note(f"sentence {number}")
    assert RunReader(run.folder).info.notes == [f"sentence {number}" for number in range(100)]


def test_a_record_that_cannot_go_on_says_so_and_stays_readable(begin: Callable[..., Run], tmp_path: Path) -> None:
    """Its folder is taken away mid-run; what it says of its end is tried all the same."""
    run, worker = begin(), Worker("w1")
    take(run, worker.report())
    moved = run.folder.rename(tmp_path / "moved")
    with pytest.raises(RecordError, match="cannot go on writing"):
        take(run, worker.report())
    run.fail(1)
    moved.rename(run.folder)
    run.fail(1)  # the folder is there again: now it can
    reader = RunReader(run.folder)
    assert (reader.info.ending, reader.info.exit_code) == (Ending.FAILED, 1)
    assert len(list(reader.timeline())) == 1


def test_what_may_not_be_asked_begins_no_record(begin: Callable[..., Run], tmp_path: Path) -> None:
    """The rule of the target is looked at first."""
    with pytest.raises(GuardError):
        begin(scrape="http://10.0.0.1/metrics")
    assert list(tmp_path.iterdir()) == []


def test_what_is_sampled_beside_the_load_stands_in_its_interval(begin: Callable[..., Run]) -> None:
    """And what could not be had is told at the end."""
    run, worker = begin(scrape="http://127.0.0.1:9/metrics"), Worker("w1")
    scraper = run._scraper
    assert scraper is not None
    scraper._samples[BEGUN_NS + INTERVAL_NS] = {"node_load1": 0.5}
    scraper.tried, scraper.failed = 3, 1
    take(run, worker.report(), worker.report(), worker.report(last=True))
    run.finish(Ending.FINISHED, 0)
    reader = RunReader(run.folder)
    assert [line.server for line in reader.timeline()] == [{}, {"node_load1": 0.5}, {}]
    assert reader.info.notes == ["The server's gauges are missing from 1 of 3 intervals."]
