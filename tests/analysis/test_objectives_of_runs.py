"""Objectives of real runs against the simulator: exit codes, the table, and an end before the time."""

from __future__ import annotations

import json

from tests.programs import VISITORS, Ended, Programs, only_record

FAST = ("--simulator", "-u", "4", "-r", "4", "--pace", "40", "--interval", "1", "--seed", "7", "--out", "records")


def run(programs: Programs, *arguments: str, locustfile: str = VISITORS) -> Ended:
    """Run visitors as a user does."""
    return programs.start("whoson-load", "run", locustfile, *FAST, *arguments).end()


def test_a_missed_objective_ends_with_3_and_says_by_how_much(programs: Programs) -> None:
    """What is met is told, too, and all of it is in the summary."""
    ended = run(programs, "-t", "6s", "--objective", "lost == 0", "--objective", "echo p50 < 1us")
    assert ended.code == 3, ended.stderr
    assert "Objectives: 1 of 2 met" in ended.stdout
    assert "missed: echo p50 was " in ended.stdout
    folder = only_record(programs.folder / "records")
    summary = json.loads((folder / "summary.json").read_bytes())
    assert [each["met"] for each in summary["objectives"]] == [True, False]
    assert json.loads((folder / "run.json").read_bytes())["exit_code"] == 3


def test_a_locustfile_brings_its_own(programs: Programs) -> None:
    """And a run that misses one for too long ends before its time."""
    locustfile = programs.folder / "strict.py"
    locustfile.write_text(
        "from locust import task\n"
        "from whoson_load import ChatVisitor, everyday\n"
        "class Visitor(ChatVisitor):\n"
        '    objectives = ("accepted p50 < 1us abort after 2s",)\n'
        "    @task\n"
        "    def chat(self):\n"
        "        self.visit(everyday)\n"
    )
    ended = run(programs, "-t", "50s", locustfile=str(locustfile))
    assert ended.code == 3, ended.stderr
    assert "accepted p50 < 1us abort after 2s: missed for " in ended.stderr
    folder = only_record(programs.folder / "records")
    told = json.loads((folder / "run.json").read_bytes())
    assert told["ending"] == "aborted"
    assert told["objectives"] == ["accepted p50 < 1us abort after 2s"]


def test_an_objective_that_cannot_be_read_stops_before_anything_is_sent(programs: Programs) -> None:
    """One line, the text, and a caret below the column."""
    ended = run(programs, "-t", "5s", "--objective", "echo p99 < 5 parsecs")
    assert ended.code == 2
    said, shown, caret = ended.stderr.rstrip("\n").split("\n")
    assert said.startswith("whoson-load: objective, column 14: got 'parsecs', expected a unit: us ms s min")
    assert shown[caret.index("^")] == "p"
    assert not (programs.folder / "records").exists()
