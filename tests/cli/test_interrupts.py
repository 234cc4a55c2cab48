"""Ctrl-C, SIGTERM and worse: visitors say goodbye, the table and the record are whole, and nothing is left running."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.programs import VISITORS, Ended, Program, Programs, Simulator, only_record, wait_until
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.run import Ending
from whoson_load.record.reader import RunReader

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(os.name == "nt", reason="signals of POSIX; Windows has a Ctrl-C of its own kind"),
]

IN_TIME_S = 5.0
"""What is promised; 0.3 to 1.3 s are measured on an idle machine."""

AT_ONCE = 5
MANY = ("-u", "6", "-r", "6", "--pace", "10", "-t", "5m")


@dataclass(frozen=True)
class Stopped:
    """A run that was told to end.

    Attributes:
        took_s: from the first signal to the end of the program.
        state: what the simulator counted, once the run was over; None where that went with it.
    """

    ended: Ended
    took_s: float
    record: Path
    state: dict[str, Any] | None


def _interrupt(program: Program) -> None:
    program.interrupt()


def _interrupt_twice(program: Program) -> None:
    program.interrupt(times=2)


def _terminate(program: Program) -> None:
    program.popen.terminate()


def _terminate_again_and_again(program: Program) -> None:
    """As `timeout` does, whose signal reaches the program, and the group that it is in; until there is nobody left."""
    for _ in range(100):
        program.popen.terminate()
        time.sleep(0.1)
        if program.popen.poll() is not None:
            return


def _kill(program: Program) -> None:
    program.popen.kill()


OURS = ("whoson-load", "run", VISITORS, *MANY)
UNHURRIED = ("whoson-load", "run", VISITORS, "-u", "6", "-r", "6", "-t", "5m", "--stop-timeout", "300")
"""Its orderly end is long: visitors may finish what they do, at the pace of life."""
LOCUSTS = ("locust", "-f", VISITORS, "--headless", "--only-summary", *MANY)

# name -> (command, whether the simulator stands beside it, what is done to it)
WAYS: dict[str, tuple[tuple[str, ...], bool, Callable[[Program], None]]] = {
    "Ctrl-C": ((*OURS, "--simulator"), False, _interrupt),
    "Ctrl-C beside the server": (OURS, True, _interrupt),
    "SIGTERM": ((*OURS, "--simulator"), False, _terminate),
    "SIGTERM beside the server": (OURS, True, _terminate),
    "SIGTERM again and again": ((*OURS, "--simulator"), False, _terminate_again_and_again),
    "Ctrl-C by Locust's own command": (LOCUSTS, True, _interrupt),
    "Ctrl-C with workers": ((*OURS, "--processes", "2"), True, _interrupt),
    "Ctrl-C twice": ((*UNHURRIED, "--simulator"), False, _interrupt_twice),
    "Ctrl-C twice with workers": ((*UNHURRIED, "--simulator", "--processes", "2"), False, _interrupt_twice),
    "kill -9": ((*OURS, "--simulator"), False, _kill),
    "kill -9 with workers": ((*OURS, "--processes", "2"), True, _kill),
}
TWICE = [name for name in WAYS if "twice" in name]
KILLED = [name for name in WAYS if "kill" in name]
ORDERLY = [name for name in WAYS if name not in (*TWICE, *KILLED)]
BESIDE = [name for name, (_, beside, _) in WAYS.items() if beside]


def _stop(programs: Programs, name: str) -> Stopped:
    command, beside, stop = WAYS[name]
    out = programs.folder / name.replace(" ", "-")
    simulator: Simulator | None = None
    if beside:
        simulator = programs.simulate("--pace", "10", "--max-chats", "0")
        command = (*command, "--host", simulator.chat)
    program = programs.start(*command, "--out", str(out))
    try:
        _wait_for_chats(program, simulator, out)
        begun = time.monotonic()
        stop(program)
        ended = program.end()
        took_s = time.monotonic() - begun
        return Stopped(ended, took_s, only_record(out), simulator.get("/state") if simulator is not None else None)
    finally:
        if simulator is not None:
            simulator.stop()


def _wait_for_chats(program: Program, simulator: Simulator | None, out: Path) -> None:
    """Until visitors are in the midst of it."""
    if simulator is not None:
        wait_until(lambda: simulator.get("/state")["commands"]["Message"] >= 6, 40, "nobody chatted", of=program)
    else:
        wait_until(lambda: "in progress" in program.stdout, 40, "no progress was shown", of=program)
    assert out.is_dir()


@pytest.fixture(scope="module")
def stopped(shared_programs: Programs) -> Iterator[Callable[[str], Stopped]]:
    """How each way ended; some are under way at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        under_way = {name: pool.submit(_stop, shared_programs, name) for name in WAYS}
        yield lambda name: under_way[name].result()


@pytest.mark.parametrize("name", ORDERLY)
def test_it_ends_soon_and_well(name: str, stopped: Callable[[str], Stopped]) -> None:
    """A run that is told to end has not failed."""
    end = stopped(name)
    assert end.ended.code == 0, end.ended.stderr
    assert end.took_s < IN_TIME_S


@pytest.mark.parametrize("name", [*ORDERLY, *TWICE])
def test_nobody_sees_where_it_was_interrupted(name: str, stopped: Callable[[str], Stopped]) -> None:
    """No traceback, and none of gevent's remarks."""
    ended = stopped(name).ended
    for what in ("Traceback", "KeyboardInterrupt", "Exception ignored", "failed with"):
        assert what not in ended.stdout + ended.stderr, ended.stderr


@pytest.mark.parametrize("name", ORDERLY)
def test_the_table_is_shown_once(name: str, stopped: Callable[[str], Stopped]) -> None:
    """With the figures so far."""
    ended = stopped(name).ended
    assert ended.stdout.count("Latencies") == 1
    assert ended.stdout.count("Record: ") == 1


@pytest.mark.parametrize("name", ORDERLY)
def test_the_record_says_how_it_ended(name: str, stopped: Callable[[str], Stopped]) -> None:
    """Interrupted or terminated, with a summary of all there was."""
    end = stopped(name)
    reader = RunReader(end.record)
    assert reader.info.ending == (Ending.TERMINATED if "SIGTERM" in name else Ending.INTERRUPTED)
    assert reader.info.exit_code == 0
    assert reader.info.ended_ns is not None
    summary = reader.summary()
    assert summary is not None
    assert summary.series["connect"].count >= 6
    assert list(summary.outcomes) == [outcome.value for outcome in Outcome]


@pytest.mark.parametrize("name", BESIDE)
def test_every_visitor_says_goodbye(name: str, stopped: Callable[[str], Stopped]) -> None:
    """The server got a Quit for each chat, and no connection just broke; not even where only the master was killed."""
    state = stopped(name).state
    assert state is not None
    assert state["commands"]["Quit"] >= state["commands"]["Hello"] - state["events"]["notaccepted"] > 0
    assert [state["chats"][each] for each in ("waiting", "queued", "chatting")] == [0, 0, 0]
    assert state["incidents"]["dropped_visits"] == 0
    assert state["connections"] == 0


@pytest.mark.parametrize("name", TWICE)
def test_a_second_interrupt_ends_it_at_once(name: str, stopped: Callable[[str], Stopped]) -> None:
    """In the midst of the orderly end, with the exit code that shells know it by, and with one line that says so."""
    end = stopped(name)
    assert end.ended.code == 130
    assert end.took_s < IN_TIME_S
    assert end.ended.stderr == "whoson-load: stopped at once; what the record did not hold yet is lost\n"


@pytest.mark.parametrize("name", KILLED)
def test_a_killed_run_says_nothing(name: str, stopped: Callable[[str], Stopped]) -> None:
    """That its simulator and its workers are gone as well was seen to when it ended."""
    ended = stopped(name).ended
    assert ended.code == -signal.SIGKILL
    assert "Traceback" not in ended.stdout + ended.stderr


@pytest.mark.parametrize("name", [*TWICE, *KILLED])
def test_what_was_cut_off_keeps_its_record(name: str, stopped: Callable[[str], Stopped]) -> None:
    """What was written is there, line by line, without an end."""
    end = stopped(name)
    reader = RunReader(end.record)
    assert not reader.ended
    assert reader.summary() is None
    assert all(json.loads(line)["end_ns"] for line in (end.record / "timeline.jsonl").read_bytes().splitlines())


def test_a_second_interrupt_costs_no_interval_that_was_over(stopped: Callable[[str], Stopped]) -> None:
    """Some intervals were over before, and all of them are in the record."""
    assert len(list(RunReader(stopped("Ctrl-C twice").record).timeline())) >= 1


def test_an_interrupt_before_the_run_is_quiet(programs: Programs) -> None:
    """While the simulator gets ready there is nothing to be ended but the simulator."""
    out = programs.folder / "out"
    program = programs.start(*OURS, "--simulator", "--out", str(out))
    wait_until(lambda: len(program.family()) > 1, 30, "no simulator was started", of=program)
    program.interrupt()
    ended = program.end()
    assert ended.code == 130
    assert (ended.stdout, ended.stderr) == ("", "")
    assert not out.exists()
