"""Our programs as users start them: in processes of their own, each bounded in time, with no process left behind.

Every process that a program starts inherits a mark in its environment. That is how all of them are found, wherever they
moved to: the simulator has a session of its own and outlives nobody, and this module is what holds it to that.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sysconfig
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar
from uuid import uuid4

import psutil

ROOT = Path(__file__).parent.parent
VISITORS = str(ROOT / "locustfiles" / "visitors.py")

MARK = "WHOSON_LOAD_TEST_MARK"
TIMEOUT_S = 60.0
"""How long a program may take; far longer than any does on a busy machine."""

SOCKETS_SEEN = "sockets"
"""The file that `watch_sockets` leaves in its folder."""

# Python's own audit events: they come from C code, too, and from a name that is looked up in another thread.
_WATCH_SOCKETS = """
import os, sys

def watch(event, arguments):
    if event in ("socket.getaddrinfo", "socket.connect"):
        with open(os.environ["SOCKETS_SEEN"], "a") as seen:
            seen.write(f"{event} {arguments[1] if event == 'socket.connect' else arguments[0]}\\n")

sys.addaudithook(watch)
"""

NO_PAGE = {"WHOSON_NO_PAGE": "yes"}
PAGE = {"WHOSON_NO_PAGE": "no"}
"""What a run that leaves its page is started with."""

GONE_S = 10.0
"""How long its children may take to be gone."""


def executable(name: str) -> str:
    """The path of a console script of this environment."""
    return str(Path(sysconfig.get_path("scripts")) / name)


@dataclass(frozen=True)
class Ended:
    """What is left of a program."""

    code: int
    stdout: str
    stderr: str
    seconds: float


class Program:
    """A program under way.

    Args:
        command: `whoson-load` or `locust` and its arguments.
        folder: where what it writes goes to, and where it works.
        environment: on top of a clean one.
        stdin, stdout: descriptors, where it shall not have none and a file.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        *,
        stdin: int = subprocess.DEVNULL,
        stdout: int | None = None,
    ) -> None:
        self._mark = uuid4().hex
        self._stdout, self._stderr = folder / f"{self._mark}.out", folder / f"{self._mark}.err"
        self._begun = time.monotonic()
        with self._stdout.open("wb") as out, self._stderr.open("wb") as err:
            # A session of its own is a process group of its own, so that a Ctrl-C can be sent to it as a terminal does.
            self.popen = subprocess.Popen(
                [executable(command[0]), *command[1:]],
                cwd=folder,
                env={**clean_environment(), **(environment or {}), MARK: self._mark},
                stdin=stdin,
                stdout=out if stdout is None else stdout,
                stderr=err if stdout is None else stdout,
                start_new_session=True,
            )

    @property
    def stdout(self) -> str:
        """What it has printed so far."""
        return self._stdout.read_text("utf-8")

    @property
    def stderr(self) -> str:
        """What it has complained of so far."""
        return self._stderr.read_text("utf-8")

    def family(self) -> list[psutil.Process]:
        """It and all that came from it and still lives."""
        return [process for process in psutil.process_iter() if _bears(process, self._mark)]

    def interrupt(self, times: int = 1) -> None:
        """Press Ctrl-C in its terminal, once or more: every process of the foreground group gets it."""
        for again in range(times):
            if again:
                time.sleep(0.02)  # two signals that come as one are one
            os.killpg(self.popen.pid, signal.SIGINT)

    def end(self, timeout_s: float = TIMEOUT_S) -> Ended:
        """Wait for its end, and see that nothing of it is left."""
        code = self.popen.wait(timeout_s)
        seconds = time.monotonic() - self._begun
        wait_until(lambda: not self.family(), GONE_S, "it left processes behind")
        return Ended(code, self.stdout, self.stderr, seconds)

    def kill_family(self) -> list[str]:
        """End what is left of it by force, and tell what that was."""
        left = self.family()
        told = [f"{process.pid} {' '.join(process.cmdline())}" for process in left if process.is_running()]
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, GONE_S)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(GONE_S)
        return told


class Simulator(Program):
    """A `whoson-load simulate` beside a test."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        reading, self._lifeline = os.pipe()
        command = ["whoson-load", "simulate", "--port", "0", "--control-port", "0", "--until-stdin-ends", *arguments]
        try:
            super().__init__(command, folder, stdin=reading)
        finally:
            os.close(reading)
        wait_until(lambda: "\n" in self.stdout, TIMEOUT_S, "it was never ready", of=self)
        addresses = json.loads(self.stdout)
        self.chat: str = addresses["chat"]
        self.control: str = addresses["control"]

    def get(self, path: str) -> Any:  # noqa: ANN401  # whatever JSON holds
        """What its control side says."""
        with urllib.request.urlopen(self.control + path, timeout=10) as answer:
            return json.load(answer)

    def stop(self) -> Ended:
        """End it the way its parent's death would."""
        os.close(self._lifeline)
        return self.end()


Kind = TypeVar("Kind", bound=Program)


class Programs:
    """All programs of a test; leaving it fails where one of them, or a child of one, is still there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._all: list[Program] = []

    def start(self, *command: str, **options: Any) -> Program:  # noqa: ANN401  # as Program takes them
        """Start a program."""
        return self._kept(Program(command, self.folder, **options))

    def simulate(self, *arguments: str) -> Simulator:
        """Start a simulator and wait until it is ready."""
        return self._kept(Simulator(self.folder, *arguments))

    def _kept(self, program: Kind) -> Kind:
        self._all.append(program)
        return program

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        left = [told for program in self._all for told in program.kill_family()]
        assert not left, f"still running at the end of the test: {left}"


def clean_environment() -> dict[str, str]:
    """The environment of the tests without what would set our options or Locust's, or change what a terminal shows.

    Runs leave no page there: drawing it costs more than the rest of a short run, and few tests look at it.
    """
    about_terminals = {"COLUMNS", "LINES", "TERM", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("WHOSON_", "LOCUST_")) and name not in about_terminals
    }
    return {**kept, **NO_PAGE}


def watch_sockets(folder: Path) -> dict[str, str]:
    """The environment in which a program tells, in a file of this folder, what names and connections it asks for."""
    (folder / "sitecustomize.py").write_text(_WATCH_SOCKETS, "utf-8")
    (folder / SOCKETS_SEEN).touch()
    found = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    return {"PYTHONPATH": found, "SOCKETS_SEEN": str(folder / SOCKETS_SEEN)}


def wait_until(holds: Callable[[], bool], timeout_s: float, otherwise: str, *, of: Program | None = None) -> None:
    """Wait for something that will be so in a moment, unless the program that it is expected of ends before."""
    until = time.monotonic() + timeout_s
    while not holds():
        if of is not None and of.popen.poll() is not None:
            raise AssertionError(f"ended with exit code {of.popen.returncode}: {otherwise}\n{of.stderr}")
        if time.monotonic() > until:
            raise AssertionError(f"after {timeout_s:g} s: {otherwise}")
        time.sleep(0.05)


def only_record(out: Path) -> Path:
    """The folder of the one run that was recorded there."""
    (folder,) = out.iterdir()
    return folder


def _bears(process: psutil.Process, mark: str) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == mark
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return False
