"""Whole runs as users start them: several processes whose figures add up, and ends that nobody wished for."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.programs import ROOT, VISITORS, Ended, Program, Programs, Simulator, only_record, wait_until
from tests.swarm_arrivals.scenarios import OPEN, Ran, finish, start
from whoson_load.measurement.interval import Totals
from whoson_load.measurement.run import Ending
from whoson_load.measurement.trust import LOST_REPORTS
from whoson_load.record.reader import RunReader
from whoson_load.swarm.company import PATIENCE_S

pytestmark = pytest.mark.skipif(os.name == "nt", reason="forked workers, and signals of POSIX")

INTERVAL_S = 1.0
SHORT = ("--interval", f"{INTERVAL_S:g}", "--pace", "40")
SEATS = ("-u", "9", "-r", "9", *SHORT)
SMALL = ("--visitors", "30", "--bursts", "5", "--rates", "0.1", "--deadline", "1", "--together")
KILLS = 3
AT_ONCE = 5
SLOW_S = 3.0
"""How much later than it should a process may do something on a machine that others use, too."""


def free_port() -> str:
    """A port for a master, on which no other run's workers knock."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


def workers_of(program: Program) -> list[psutil.Process]:
    """The workers that a run has forked."""
    return sorted(psutil.Process(program.popen.pid).children(), key=lambda process: process.pid)


def wait_for_chats(simulator: Simulator, program: Program, messages: int = 30) -> None:
    """Until visitors are in the midst of it."""
    wait_until(lambda: simulator.get("/state")["commands"]["Message"] >= messages, 40, "nobody chats", of=program)


def add_up(programs: Programs) -> Ran:
    """Visitors of three workers come, and the last one leaves."""
    simulator = programs.simulate("--pace", "100")
    program, out = start(
        programs, simulator, OPEN, "--arrivals", "constant 20/s for 3s", "--processes", "3", "--interval", "1"
    )
    return finish(simulator, program, out)


def add_up_by_locust(programs: Programs) -> Ran:
    """The same by Locust's own command."""
    simulator, port, out = programs.simulate("--pace", "100"), free_port(), programs.folder / "by-locust"
    program = programs.start(
        *("locust", "-f", OPEN, "--headless", "--only-summary", "--host", simulator.chat, "--processes", "2"),
        *("--master-bind-port", port, "--master-port", port, "--out", str(out), "--pace", "100", "--interval", "1"),
        *("--arrivals", "constant 20/s for 3s"),
    )
    return finish(simulator, program, out)


def kill_a_worker(programs: Programs) -> Ran:
    """One of three workers is killed."""
    simulator = programs.simulate("--pace", "40", "--max-chats", "0")
    program, out = start(programs, simulator, VISITORS, *SEATS, "-t", "5m", "--processes", "3")
    wait_for_chats(simulator, program)
    workers_of(program)[-1].kill()
    go_on_after(b'"missing"', program, out)
    return finish(simulator, program, out)


def kill_all_workers(programs: Programs) -> Ran:
    """Both workers are killed."""
    simulator = programs.simulate("--pace", "40", "--max-chats", "0")
    program, out = start(programs, simulator, VISITORS, *SEATS, "-t", "5m", "--processes", "2")
    wait_for_chats(simulator, program)
    for worker in workers_of(program):
        worker.kill()
    return finish(simulator, program, out)


def stall_a_worker(programs: Programs) -> Ran:
    """One of two workers stands still until its master takes it for dead, and goes on then."""
    simulator = programs.simulate("--pace", "40", "--max-chats", "0")
    program, out = start(programs, simulator, VISITORS, *SEATS, "-t", "5m", "--processes", "2")
    wait_for_chats(simulator, program)
    worker = workers_of(program)[0]
    worker.suspend()
    suspended_s = time.monotonic()
    try:
        wait_until(lambda: b'"missing"' in _timeline(out), 40, "nobody missed it", of=program)
        assert time.monotonic() - suspended_s > PATIENCE_S - 2, "it was missed too soon"  # a heartbeat is a second old
    finally:
        worker.resume()
    go_on_after(b'"recovered"', program, out)
    return finish(simulator, program, out)


def go_on_after(told: bytes, program: Program, out: Path) -> None:
    """Wait until the timeline tells something, let two intervals more pass, and end the run."""
    wait_until(lambda: told in _timeline(out), 40, f"{told!r} was not told", of=program)
    then = _intervals(out)
    wait_until(lambda: _intervals(out) >= then + 2, 40, "nothing was written any more", of=program)
    program.popen.terminate()


def kill_it(programs: Programs, number: int) -> tuple[RunReader, int, Ended]:
    """A run in one process is killed at some moment; also when, and what `report` says of it."""
    out = programs.folder / f"killed-{number}"
    program = programs.start(
        *("whoson-load", "run", VISITORS, "--simulator", *SEATS, "-t", "5m", "--out", str(out)),
    )
    wait_until(lambda: b'"connect"' in _timeline(out), 40, "nobody came", of=program)
    time.sleep(random.Random(number).random() * 2 * INTERVAL_S)
    killed_ns = time.time_ns()
    program.popen.kill()
    program.end()
    folder = only_record(out)
    return RunReader(folder), killed_ns, programs.start("whoson-load", "report", str(folder)).end()


def fill_the_disk(programs: Programs) -> tuple[Ended, RunReader]:
    """No file of the run may grow any more, as on a disk that is full."""
    out = programs.folder / "full"
    program = programs.start("whoson-load", "run", VISITORS, "--simulator", *SEATS, "-t", "5m", "--out", str(out))
    wait_until(lambda: _intervals(out) > 0, 40, "no interval was written", of=program)
    size = max(file.stat().st_size for file in only_record(out).iterdir())
    psutil.Process(program.popen.pid).rlimit(psutil.RLIMIT_FSIZE, (size, size))
    return program.end(), RunReader(only_record(out))


def take_the_folder_away(programs: Programs) -> Ended:
    """The record of a run with workers is moved elsewhere while it goes on."""
    out = programs.folder / "moved"
    program = programs.start(
        *("whoson-load", "run", VISITORS, "--simulator", *SEATS, "-t", "5m", "--out", str(out), "--processes", "2"),
    )
    wait_until(lambda: _intervals(out) > 0, 40, "no interval was written", of=program)
    out.rename(programs.folder / "elsewhere")
    return program.end()


def terminate_a_shape(programs: Programs) -> tuple[Ended, RunReader]:
    """SIGTERM while a LoadTestShape goes on: Locust itself does not listen then."""
    locustfile = programs.folder / "shaped.py"
    locustfile.write_text(
        "from locust import LoadTestShape, task\n"
        "from whoson_load import ChatVisitor, everyday\n"
        "class Visitor(ChatVisitor):\n"
        "    @task\n"
        "    def chat(self):\n"
        "        self.visit(everyday)\n"
        "class Always(LoadTestShape):\n"
        "    def tick(self):\n"
        "        return 6, 6\n",
        encoding="utf-8",
    )
    out = programs.folder / "shaped"
    program = programs.start(
        *("whoson-load", "run", str(locustfile), "--simulator", *SHORT, "--out", str(out), "--processes", "2"),
    )
    wait_until(lambda: _intervals(out) > 1, 40, "no interval was written", of=program)
    program.popen.send_signal(signal.SIGTERM)
    return program.end(), RunReader(only_record(out))


def calibrate_the_ledger(_: Programs) -> subprocess.CompletedProcess[str]:
    """The benchmark of the ledger in small: every fault of lines at once."""
    return subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "ledger.py", *SMALL],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


ENDS: dict[str, Callable[[Programs], Any]] = {
    "add up": add_up,
    "stall": stall_a_worker,
    "kill a worker": kill_a_worker,
    "kill all workers": kill_all_workers,
    "by locust": add_up_by_locust,
    "full": fill_the_disk,
    "moved": take_the_folder_away,
    "shape": terminate_a_shape,
    "ledger": calibrate_the_ledger,
    **{f"kill {number}": lambda programs, number=number: kill_it(programs, number) for number in range(KILLS)},
}


@pytest.fixture(scope="module")
def ends(shared_programs: Programs) -> Iterator[dict[str, Future[Any]]]:
    """All of them, some at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(run, shared_programs) for name, run in ENDS.items()}


def _timeline(out: Path) -> bytes:
    try:
        return (only_record(out) / "timeline.jsonl").read_bytes()
    except (OSError, ValueError):  # not yet
        return b""


def _intervals(out: Path) -> int:
    return _timeline(out).count(b"\n")


def _added_up(ran: Ran) -> Totals:
    totals = Totals()
    for line in ran.record.timeline():
        totals.add_counts(line.tally, line.peaks)
    return totals


def _known(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize("name", ["add up", "by locust"])
def test_the_figures_of_several_workers_are_the_simulator_s(name: str, ends: dict[str, Future[Any]]) -> None:
    """Every command, event and line that the server counted is in the record, and none twice."""
    ran: Ran = ends[name].result()
    assert ran.ended.code in (0, 4), ran.ended.stderr  # 4: other programs had the machine
    summary = ran.summary
    assert summary.trust.rule != LOST_REPORTS
    assert not any(line.missing for line in ran.record.timeline())
    assert len({worker for line in ran.record.timeline() for worker in line.generators}) in (2, 3)
    assert _known(summary.commands) == _known(ran.state["commands"])
    assert _known(summary.events) == _known(ran.state["events"])
    assert _known(summary.line_classes) == _known(ran.state["line_classes"])
    assert (
        summary.series["echo"].count
        == summary.lines["sent"]
        == summary.lines["echoed"]
        == ran.state["commands"]["Message"]
    )
    assert _added_up(ran).tally.commands == _known(summary.commands)


def test_a_killed_worker_costs_its_open_interval_and_the_rest_adds_up(ends: dict[str, Future[Any]]) -> None:
    """The others go on; the record says which report never came; what it had reported before counts."""
    ran: Ran = ends["kill a worker"].result()
    assert ran.ended.code == 4
    summary = ran.summary
    assert (summary.trust.rule, ran.record.info.ending) == (LOST_REPORTS, Ending.TERMINATED)
    (missing,) = [line.missing for line in ran.record.timeline() if line.missing]
    ((killed, (number,)),) = missing.items()
    assert any(killed in note and f"report {number} " in note for note in ran.record.info.notes)
    assert sum(killed in line.generators for line in ran.record.timeline()) <= number - 1
    assert _added_up(ran).tally.commands == _known(summary.commands)
    lost = {name: ran.state["commands"][name] - count for name, count in summary.commands.items()}
    assert all(count >= 0 for count in lost.values())
    # Three of nine visitors, for an interval or two: far less than the two thirds that went on.
    assert 0 < sum(lost.values()) < sum(summary.commands.values()) / 2


def test_a_run_that_has_lost_all_its_workers_ends(ends: dict[str, Future[Any]]) -> None:
    """It says so, and does not wait for ever for workers that nobody will start again."""
    ran: Ran = ends["kill all workers"].result()
    assert ran.ended.code == 1
    assert "whoson-load: All workers are gone; the run stops." in ran.ended.stderr.splitlines()
    assert (ran.record.info.ending, ran.summary.trust.rule) == (Ending.FAILED, LOST_REPORTS)


def test_a_worker_that_stood_still_brings_what_it_kept(ends: dict[str, Future[Any]]) -> None:
    """It is missed first; then its reports come late, and nothing is missing in the end."""
    ran: Ran = ends["stall"].result()
    assert ran.ended.code in (0, 4), ran.ended.stderr
    lines = list(ran.record.timeline())
    missing = [(worker, number) for line in lines for worker, numbers in line.missing.items() for number in numbers]
    recovered = [(worker, number) for line in lines for worker, numbers in line.recovered.items() for number in numbers]
    assert missing == recovered != []
    assert any(line.late for line in lines)
    assert ran.summary.trust.rule != LOST_REPORTS
    assert _known(ran.summary.commands) == _known(ran.state["commands"])


@pytest.mark.parametrize("number", range(KILLS))
def test_a_run_that_is_killed_has_lost_its_open_interval_only(number: int, ends: dict[str, Future[Any]]) -> None:
    """The record reads, ends at most one interval before the kill, and `report` makes a table of it."""
    reader, killed_ns, report = ends[f"kill {number}"].result()
    lines = list(reader.timeline())
    assert not reader.ended
    assert reader.summary() is None
    assert killed_ns - lines[-1].end_ns < (INTERVAL_S + SLOW_S) * 1e9
    starts = [line.start_ns for line in lines]
    assert starts == sorted(set(starts))
    assert reader.totals().series["connect"].count == sum(
        line.series["connect"].count for line in lines if "connect" in line.series
    )
    assert (report.code, report.stderr) == (0, "")
    assert "goes on or was killed" in report.stdout
    assert "Visits:" in report.stdout


def test_a_full_disk_stops_the_load_with_one_line(ends: dict[str, Future[Any]]) -> None:
    """Exit code 1, at once, and what was written before stays."""
    ended, reader = ends["full"].result()
    assert (ended.code, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert ended.stderr.startswith("whoson-load: cannot go on writing the run record")
    assert ended.stderr.endswith("File too large; the run stops\n")
    assert list(reader.timeline())
    assert reader.info.ending in (Ending.FAILED, None)  # None: not even that could be written


def test_a_folder_that_is_gone_stops_the_load_on_all_workers(ends: dict[str, Future[Any]]) -> None:
    """Exit code 1, one line, and no process is left."""
    ended: Ended = ends["moved"].result()
    assert (ended.code, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert ended.stderr.endswith("No such file or directory; the run stops\n")


def test_sigterm_ends_a_shaped_run_well(ends: dict[str, Future[Any]]) -> None:
    """On the master and its workers; the record is whole and says how it ended."""
    ended, reader = ends["shape"].result()
    assert ended.code in (0, 4), ended.stderr
    summary = json.loads((reader.folder / "summary.json").read_text("utf-8"))
    assert reader.info.ending is Ending.TERMINATED
    assert summary["trust"]["rule"] != LOST_REPORTS


def test_the_ledger_counts_what_the_simulator_did(ends: dict[str, Future[Any]]) -> None:
    """Lost, doubled, reordered and crossed lines, each to the last one, and nothing in flight at the end."""
    ledger: subprocess.CompletedProcess[str] = ends["ledger"].result()
    assert ledger.returncode == 0, ledger.stdout + ledger.stderr
    for fate in ("lost", "duplicated", "reordered", "crossed"):
        assert re.search(rf"'{fate}': [1-9]", ledger.stdout), ledger.stdout
