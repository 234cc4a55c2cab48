"""Same seed, same visits: whole runs as users start them, compared command by command, byte by byte.

Every journey there is, on a site whose operators ask for files and fields, transfer and hang up, each after a time that
is always the same. One run has its visitors come twice as fast as the other and shares them between two workers, so
that what visitors do cannot hang on who else is there, on a process, or on an instant. What is masked is what the
server gives: session IDs, chat UIDs, and the addresses of stored documents. All visits are compared: none is left out
for having gone another way.
"""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.programs import ROOT, Programs, only_record
from whoson_load.visitors.persona import Personas

SEED = 21
"""With it all journeys are among those of the 34 visitors that come."""

REPLAYED = 16
"""The visitor who is made again alone: one who sends a file, and is asked for a field."""

ATTEMPTS = 3
"""Runs at most until there is one in which no command met the end of its chat half-way: there a visitor who speaks 40
times as fast as people do, on a machine that stalls, may rightly say something else."""

RUNS = {
    "slow": ("--arrivals", "constant 28/s for 1.5s"),
    "fast, by two": ("--arrivals", "constant 56/s for 0.75s", "--processes", "2"),
    "alone": ("--only-visitor", str(REPLAYED)),
}

SITE = """
extends = "rehearsal"

[times]
pickup = "20ms"
greeting = "5ms"
reading = "10ms"
typing = "10ms"

[chat]
inactivity_line_after = "2s"
inactivity_quit_after = "4s"

[reconnect]
reading = "resume"

[[operators]]
name = "Howard Williams"
dept = "Sales"
max_chats = 0

[[operators]]
name = "Amelia Wright"
dept = "Support"
max_chats = 0

[[operators]]
name = "Ada"
is_bot = true
max_chats = 0
"""
"""Room for everybody: who has none when a visitor comes is a matter of who came before."""

_DOCUMENT = re.compile(r"http://127\.0\.0\.1:\d+/whosoncharts/document\.aspx\?f=\w+")

Visits = dict[tuple[str, str], list[list[str]]]


@dataclass(frozen=True)
class Ran:
    """What a run left: how it ended, its record, and what the simulator received."""

    stderr: str
    info: dict[str, Any]
    outcomes: dict[str, int]
    visits: Visits


def masked(sessions: list[dict[str, Any]]) -> Visits:
    """Visitor, by address and cookie -> the commands of each of their sessions, without what the server gave."""
    visits: Visits = {}
    for session in sessions:
        commands = json.dumps(session["commands"])
        for kind in ("session_id", "chat_uid"):
            if session[kind]:
                commands = commands.replace(session[kind], f"[{kind}]")
        visitor = session["visitor_ip"], session["cookie_id"]
        visits.setdefault(visitor, []).append(json.loads(_DOCUMENT.sub("[document]", commands)))
    return visits


@pytest.fixture(scope="module")
def ran(shared_programs: Programs) -> dict[str, Ran]:
    """All runs, side by side, each against a simulator of its own."""
    programs, folder = shared_programs, shared_programs.folder
    (folder / "site.toml").write_text(SITE, "utf-8")

    def attempt(name: str, out: Path) -> Ran | None:
        simulator = programs.simulate("--site", str(folder / "site.toml"), "--seed", str(SEED))
        program = programs.start(
            *("whoson-load", "run", str(ROOT / "locustfiles" / "everything.py"), "--host", simulator.chat),
            *("--pace", "40", "--seed", str(SEED), "--out", str(out), *RUNS[name]),
        )
        ended = program.end()
        record = only_record(out)
        info, summary = (json.loads((record / f"{each}.json").read_text("utf-8")) for each in ("run", "summary"))
        visits = masked(simulator.get("/commands"))
        crossed = simulator.get("/state")["incidents"]["crossing_commands"]
        simulator.stop()
        outcomes = {key: count for key, count in summary["outcomes"].items() if count}
        return None if crossed else Ran(ended.stderr, info, outcomes, visits)

    def run(name: str) -> Ran:
        for number in range(ATTEMPTS):
            if (ran := attempt(name, folder / f"{name}-{number}")) is not None:
                return ran
        pytest.fail(f"in each of {ATTEMPTS} runs a command met the end of its chat half-way")

    with ThreadPoolExecutor(len(RUNS)) as pool:
        return dict(zip(RUNS, pool.map(run, RUNS), strict=True))


def test_two_runs_of_one_seed_send_the_same_bytes(ran: dict[str, Ran]) -> None:
    """All visitors of both runs, each in all of their sessions; and the visits end alike."""
    slow, fast = ran["slow"], ran["fast, by two"]
    assert len(slow.visits) == 34
    assert slow.visits.keys() == fast.visits.keys()
    different = {visitor: (slow.visits[visitor], fast.visits[visitor]) for visitor in slow.visits}
    assert {visitor: pair for visitor, pair in different.items() if pair[0] != pair[1]} == {}
    assert slow.outcomes == fast.outcomes


def test_the_runs_are_worth_comparing(ran: dict[str, Ran]) -> None:
    """Every command was sent, chats ended in several ways, and some visitors had two sessions."""
    slow = ran["slow"]
    commands = [json.loads(each) for visits in slow.visits.values() for session in visits for each in session]
    assert len({each["Command"] for each in commands}) >= 13
    assert {"served", "ended_by_server", "browsed"} <= slow.outcomes.keys()
    assert not slow.outcomes.keys() & {"failed", "dropped", "timed_out", "refused"}
    assert max(map(len, slow.visits.values())) == 2


def test_one_visitor_alone_is_the_one_of_the_run(ran: dict[str, Ran]) -> None:
    """--only-visitor N sends byte for byte what visitor N sent among all others."""
    alone = ran["alone"]
    ((visitor, sessions),) = alone.visits.items()
    assert visitor[0] == Personas(SEED, alone.info["run_tag"]).persona(REPLAYED).ip
    assert {"File", "DynamicField"} <= {json.loads(each)["Command"] for session in sessions for each in session}
    assert sessions == ran["slow"].visits[visitor]


def test_what_a_run_left_is_found_by_its_tag(ran: dict[str, Ran]) -> None:
    """It is in the record, the same for the same seed, and in each Hello's name."""
    (tag,) = {each.info["run_tag"] for each in ran.values()}
    assert {each.info["seed"] for each in ran.values()} == {SEED}
    names = [
        json.loads(each)["Parameters"][0]
        for visits in ran["slow"].visits.values()
        for session in visits
        for each in session
        if '"Hello"' in each
    ]
    assert names
    assert all(name.endswith(f" {tag}") for name in names)
