"""The simulator as a child: it is ready when told, refuses what it cannot be, and goes when its parent does."""

from __future__ import annotations

import os
import urllib.request

import psutil
import pytest

from tests.programs import VISITORS, Programs, wait_until
from whoson_load.cli import embedded
from whoson_load.cli.embedded import EmbeddedSimulator
from whoson_load.errors import WhosOnLoadError

# A parent that forks a child as Locust forks its workers, and then dies without a word.
DYING_PARENT = """
import os, time, urllib.request
from whoson_load.cli.embedded import EmbeddedSimulator

simulator = EmbeddedSimulator([])
if os.fork() == 0:
    simulator.stop()  # not its own to stop
    urllib.request.urlopen(simulator.control + "/state", timeout=10)
    print("still there", flush=True)
    time.sleep(60)
else:
    time.sleep(2)
    os._exit(0)
"""


def test_it_is_ready_when_it_is_there() -> None:
    """Both sides listen on the loopback; stopping it twice is as good as once."""
    simulator = EmbeddedSimulator(["--pace", "8"])
    try:
        assert simulator.chat.startswith("ws://127.0.0.1:")
        with urllib.request.urlopen(simulator.control + "/state", timeout=10) as answer:
            assert answer.status == 200
        process = psutil.Process(simulator._process.pid)
    finally:
        simulator.stop()
    assert not process.is_running()
    simulator.stop()


@pytest.mark.skipif(os.name == "nt", reason="sessions are POSIX")
def test_it_has_a_session_of_its_own() -> None:
    """So that the terminal's Ctrl-C does not reach it."""
    simulator = EmbeddedSimulator([])
    try:
        assert os.getsid(simulator._process.pid) == simulator._process.pid != os.getsid(0)
    finally:
        simulator.stop()


def test_what_it_refuses_it_says_itself(capfd: pytest.CaptureFixture[str]) -> None:
    """There is nothing to be added to its one line but the exit code."""
    with pytest.raises(SystemExit) as left:
        EmbeddedSimulator(["--echo-delay", "soon"])
    assert left.value.code == 2
    assert capfd.readouterr().err.count("\n") == 1


def test_one_that_never_gets_ready_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended, and the run does not begin."""
    monkeypatch.setattr(embedded, "READY_TIMEOUT_S", 0.001)
    with pytest.raises(WhosOnLoadError, match=r"ended with exit code -?\d+ before it was ready"):
        EmbeddedSimulator([])


@pytest.mark.skipif(os.name == "nt", reason="workers are forked on POSIX only")
def test_a_forked_worker_neither_stops_it_nor_keeps_it(programs: Programs) -> None:
    """It ends with the process that started it, though a child of that process lives on."""
    program = programs.start("python", "-c", DYING_PARENT)
    wait_until(lambda: program.stdout == "still there\n", 30, "the child said nothing", of=program)
    program.popen.wait(30)
    wait_until(lambda: len(program.family()) == 1, 10, "the simulator is still there")
    (child,) = program.kill_family()
    assert "-c" in child


def test_no_file_of_the_users_passes_for_a_module(programs: Programs) -> None:
    """The simulator takes its modules from where they are installed, whatever lies in the folder of the run."""
    for module in ("uvloop", "aiohttp", "tomllib"):
        (programs.folder / f"{module}.py").write_text("raise SystemExit('taken for a module')\n", "utf-8")
    ended = programs.start("whoson-load", "run", VISITORS, "-t", "1s", "--out", "out").end()
    assert ended.code == 0, ended.stderr
