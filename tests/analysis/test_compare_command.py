"""`whoson-load compare` on records on disk: sides, exit codes, baselines, refusals."""

from __future__ import annotations

import json
import random
from pathlib import Path

import msgspec
import pytest

from whoson_load.cli.main import main
from whoson_load.measurement.capacity import Capacity, Quantity, Wanted
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.interval import merge
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.run import Ending, RunInfo, timeline_line
from whoson_load.measurement.trust import Trust
from whoson_load.record.layout import CAPACITY
from whoson_load.record.writer import RunWriter

S = 1_000_000_000
STARTED_NS = 1_760_000_000 * S


def record(parent: Path, name: str, *, echo_ms: float = 20.0, lag_ms: float = 1.0, pace: float = 1.0) -> str:
    """Write a run of 30 calm intervals; the folder."""
    rng = random.Random(name)
    info = RunInfo(
        run_id=name,
        name=name,
        started_ns=STARTED_NS,
        interval_s=5.0,
        target="ws://x/",
        seed=1,
        pace=pace,
        ended_ns=STARTED_NS + 150 * S,
        ending=Ending.FINISHED,
        exit_code=0,
    )
    writer, recorder, trust = RunWriter(parent, info), Recorder("w1"), Trust()
    for number in range(30):
        for series, mean_ms in (("connect", 30.0), ("accepted", 20.0), ("echo", echo_ms)):
            for _ in range(30):
                recorder.sample(series, 0, int(mean_ms * rng.lognormvariate(-0.02, 0.2) * 1e6))
        recorder.line("sent", 30)
        recorder.arrival("begun")
        figures = GeneratorFigures(receive_p99_ns=int(lag_ms * 1e6))
        start_ns = STARTED_NS + 5 * S * number
        merged = merge([recorder.roll(start_ns, start_ns + 5 * S, figures)])[0]
        merged.gauges = {"visits in progress": 20}
        writer.write(merged, timeline_line(merged, findings=trust.add(merged.generators)))
    writer.finish(info)
    return str(writer.folder)


def test_verdicts_are_exit_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same and better 0, worse 6."""
    old, same = record(tmp_path, "old"), record(tmp_path, "same")
    slow, fast = record(tmp_path, "slow", echo_ms=24), record(tmp_path, "fast", echo_ms=15)
    assert main(["compare", old, same]) == 0
    assert capsys.readouterr().out.startswith("The same: ")
    assert main(["compare", old, slow]) == 6
    assert capsys.readouterr().out.startswith("Worse: echo p50")
    assert main(["compare", old, fast]) == 0
    assert capsys.readouterr().out.startswith("Better: echo p50")


def test_several_runs_a_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Parted by --; as JSON for programs and Markdown for pull requests."""
    old = [record(tmp_path, name) for name in ("a", "b", "c")]
    new = [record(tmp_path, name, echo_ms=30) for name in ("d", "e", "f")]
    assert main(["compare", "--format", "json", *old, "--", *new]) == 6
    told = json.loads(capsys.readouterr().out)
    assert (len(told["baseline"]), len(told["candidate"])) == (3, 3)
    assert told["comparison"]["standing"] == "worse"
    assert told["comparison"]["notes"] == []
    assert main(["compare", "--format", "markdown", *old, "--", *new]) == 6
    assert capsys.readouterr().out.startswith("## whoson-load: comparison\n\n**❌ Worse: echo p50")


def test_a_named_baseline_is_kept_and_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also after its runs are gone from where they were."""
    reports = str(tmp_path / "reports")
    assert main(["compare", "--reports", reports, "--keep", "v1", record(tmp_path, "old")]) == 0
    assert main(["compare", "--reports", reports, "--baseline", "v1", record(tmp_path, "new", echo_ms=30)]) == 6
    assert "Kept: " in capsys.readouterr().out


def test_what_says_nothing_cannot_be_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An invalid run ends with 4, and is kept as no baseline."""
    good, bad = record(tmp_path, "good"), record(tmp_path, "bad", lag_ms=500)
    assert main(["compare", good, bad]) == 4
    said = " ".join(capsys.readouterr().out.split())
    assert "-bad is invalid: At worst, worker w1 read what had arrived 500 ms late" in said
    assert main(["compare", "--reports", str(tmp_path), "--keep", "v1", bad]) == 2
    assert "Nothing can be held against it" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["old"], "got 1 runs, expected BASELINE CANDIDATE"),
        (["old", "--"], "got no run on one side"),
        (["old", "old"], "got the same run on both sides"),
        (["old", "brisk"], "brisk cannot be compared with"),
        (["--baseline", "v9", "old"], "got the baseline v9"),
        (["--floor", "-1", "old", "new"], "expected a number of 0 or more"),
        (["--keep", "v1"], "--keep v1: got no run"),
    ],
)
def test_wrong_usage_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    """And ends with 2."""
    runs = {"old": record(tmp_path, "old"), "new": record(tmp_path, "new"), "brisk": record(tmp_path, "brisk", pace=8)}
    assert main(["compare", "--reports", str(tmp_path), *(runs.get(each, each) for each in arguments)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_a_capacity_search_is_no_run_to_compare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its load was changed all the time; nor may it be kept as a baseline."""
    old, search = record(tmp_path, "old"), record(tmp_path, "search")
    wanted = Wanted(quantity=Quantity.VISITORS, objectives=["lost == 0"], lowest=10, highest=100)
    found = Capacity(wanted=wanted, target="ws://x/", locustfile_sha256="ab", pace=1.0)
    (Path(search) / CAPACITY).write_bytes(msgspec.json.encode(found))
    for arguments in (("compare", old, search), ("compare", "--keep", "it", "--reports", str(tmp_path), search)):
        assert main(list(arguments)) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.endswith("search, a capacity search, expected a run whose load stays the same")


def test_a_broken_record_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that holds no run."""
    assert main(["compare", record(tmp_path, "old"), str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("whoson-load compare: no run record in ")
