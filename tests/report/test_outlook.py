"""Drift and staffing as text."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.report.conftest import KnownRun
from whoson_load.analysis.drift import Course, find_drift
from whoson_load.analysis.staffing import staffing
from whoson_load.cli.main import main
from whoson_load.measurement.outlook import Crowd
from whoson_load.measurement.run import Summary
from whoson_load.report.outlook import outlook_sentences, render_drift, render_outlook, render_staffing


def test_drift_tells_each_figure_and_when_objectives_are_missed() -> None:
    """The sentence first; a figure that is too short has no slope."""
    at_s = np.arange(0.0, 8 * 3600, 60.0)
    grows = (40 + 4 * at_s / 3600).tolist()
    loads = [20.0] * len(at_s)
    told = render_drift(
        find_drift(
            [
                Course(name="echo p99", at_s=at_s.tolist(), values=grows, loads=loads, unit="ms", limit=100.0),
                Course(name="memory", at_s=[0.0, 60.0], values=[7.0, 7.0], loads=[20.0, 20.0]),
            ]
        )
    )
    lines = told.splitlines()
    assert lines[1] == "Drift: Drifting: echo p99. The objective of echo p99 will be missed in 7.07 h."
    assert " ".join(lines[3].split()) == "echo p99 42.0 ms 69.9 ms +4 ms +4 to +4 ms drifting"
    assert " ".join(lines[4].split()) == "memory 7 7 - - too short to say"
    assert lines[5].startswith("echo p99: +4 ms an hour (+4 to +4 ms); its objective will be missed in 7")


def test_staffing_puts_prediction_beside_measurement() -> None:
    """Or says why there is none."""
    crowd = Crowd(lasts_s=2000.0, asked=100, joined=95, gave_up=5, waiting=1.0, chatting=9.5, busiest=11, waited_s=20.0)
    told = render_staffing(staffing(crowd, 11))
    assert "Staffing: Visitors waited 20.0 s for an operator; with 11 chats at once" in told
    assert told.splitlines()[-1].split()[:2] == ["gave", "up"]
    assert told.splitlines()[-1].endswith("5.0%")
    assert render_staffing(staffing(None)) == "\nStaffing: Not reckoned, for the run has no steady part."


def test_the_generators_own_growth_is_told_apart(summary: Summary) -> None:
    """In a sentence of its own: it is no fault of the server's."""
    at_s = np.arange(0.0, 8 * 3600, 60.0)
    course = Course(
        name="generator CPU",
        at_s=at_s.tolist(),
        values=(0.2 + 0.1 * at_s / 3600).tolist(),
        loads=[20.0] * len(at_s),
        of_generator=True,
    )
    told = outlook_sentences(msgspec.structs.replace(summary, drift=find_drift([course]), staffing=None))
    assert told == [
        "Drift: Too short to say whether it drifts: nothing was measured.",
        "The generator itself drifts: generator CPU: +0.1 an hour (+0.1 to +0.1).",
    ]


def test_a_summary_of_before_has_no_outlook(summary: Summary) -> None:
    """And nothing is said of it."""
    before = msgspec.structs.replace(summary, drift=None, staffing=None)
    assert (outlook_sentences(before), render_outlook(before)) == ([], "")


@pytest.mark.parametrize("servers", ["0", "many", "100001"])
def test_servers_are_a_number(tmp_path: Path, capsys: pytest.CaptureFixture[str], servers: str) -> None:
    """Of chats at once."""
    assert main(["report", str(KnownRun().write(tmp_path)), "--servers", servers]) == 2
    assert f"got '{servers}', expected a whole number from 1 to 100000" in capsys.readouterr().err


def test_servers_that_are_told_are_reckoned_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In every format, whatever the summary that was written says."""
    folder = KnownRun().write(tmp_path)
    assert main(["report", str(folder), "--format", "json", "--servers", "40"]) == 0
    staffing_told = json.loads(capsys.readouterr().out)["summary"]["staffing"]
    assert (staffing_told["servers"], staffing_told["told"]) == (40, True)


def test_report_tells_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A minute is too short to say, and 45 chats are enough to reckon with."""
    assert main(["report", str(KnownRun().write(tmp_path))]) == 0
    told = capsys.readouterr().out
    assert "Drift: Too short to say whether it drifts: " in told
    assert "you need operators for " in " ".join(told.split())
