"""Real runs for the calibrations beside this file: a simulator with known times and faults, and runs against it.

Everything is bounded in time and on loopback; what is started here is ended here.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import sysconfig
import urllib.request
from collections.abc import Iterator
from pathlib import Path

PROGRAM = Path(sysconfig.get_path("scripts")) / "whoson-load"
QUIET = (
    *("--pickup-delay", "0", "--greeting-delay", "60m", "--reply-delay", "60m", "--max-chats", "0"),
    *("--echo-delay", "20ms"),
)
"""A simulator whose operators join at once and say nothing, and whose lines come back after a known time."""

LOCUSTFILES = Path(__file__).parent.parent / "locustfiles"


@contextlib.contextmanager
def simulator(*options: str, core: int | None = None) -> Iterator[tuple[str, str]]:
    """A simulator with these options, alone on a core if one is named: (address of its chats, of its control side)."""
    command = [PROGRAM, "simulate", "--port", "0", "--control-port", "0", "--until-stdin-ends", *options]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if core is not None:
        os.sched_setaffinity(process.pid, {core})
    try:
        addresses = json.loads(process.stdout.readline())
        yield addresses["chat"], addresses["control"]
    finally:
        process.stdin.close()
        process.wait(10)


def set_faults(control: str, faults: dict[str, object]) -> None:
    """Set faults of a simulator, by its control side."""
    request = urllib.request.Request(f"{control}/faults", json.dumps(faults).encode(), method="POST")
    urllib.request.urlopen(request, timeout=10).close()


def run(out: Path, name: str, host: str, locustfile: Path, seconds: float, *options: str) -> Path:
    """Run a locustfile for so long, and at most two minutes longer; the folder of its record."""
    command = [PROGRAM, "run", locustfile, "--host", host, "--out", out, "--run-name", name, *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120, check=False)
    if ended.returncode not in (0, 3, 4):
        sys.exit(f"{name} ended with {ended.returncode}: {ended.stderr[-2000:]}")
    (folder,) = out.glob(f"*-{name}")
    return folder


def report(folder: Path, *options: str) -> dict:
    """What `report --format json` says of a run."""
    command = [PROGRAM, "report", folder, "--format", "json", *options]
    return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout)


def compare(*options: str | Path) -> tuple[int, str]:
    """The exit code of `compare`, and what it said, errors included."""
    ended = subprocess.run([PROGRAM, "compare", *options], capture_output=True, text=True, timeout=300, check=False)
    return ended.returncode, ended.stdout + ended.stderr
