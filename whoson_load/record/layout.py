"""Where in a run's folder what stands: the names of the files and of the folder itself.

Knows nothing of what the files hold.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from whoson_load.errors import RecordError, UnreadableError

__all__ = [
    "CAPACITY",
    "LATENCY",
    "LATENCY_OPEN",
    "PAGE",
    "RUN",
    "SUMMARY",
    "TIMELINE",
    "latest_run",
    "make_folder",
    "reason",
]

RUN: Final = "run.json"
LATENCY: Final = "latency.hlog"
LATENCY_OPEN: Final = "latency.open.hlog"
"""The intervals of the span under way, once the log is kept in spans; gone when the run ends well."""
TIMELINE: Final = "timeline.jsonl"
SUMMARY: Final = "summary.json"
CAPACITY: Final = "capacity.json"
"""The levels of a capacity search; other runs have none."""

PAGE: Final = "report.html"
"""A rendering of all the others, made again from them at any time."""

_LONGEST_NAME: Final = 60
_TIMED: Final = re.compile(r"(\d{8}T\d{6}Z)-")


def make_folder(parent: Path, name: str, started_ns: int) -> Path:
    """Make the folder of a run: `<UTC time>-<name>`, with `-2`, `-3` and so on where a run of the same second has it.

    Args:
        parent: the folder of all runs; made when it is missing.
        name: the run's; what no file name should hold becomes `-`.
        started_ns: ns since the epoch.

    Raises:
        RecordError: it cannot be made.
    """
    started = datetime.fromtimestamp(started_ns // 1_000_000_000, UTC)
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:_LONGEST_NAME] or "run"
    stem = f"{started:%Y%m%dT%H%M%SZ}-{plain}"
    number = 1
    while True:
        folder = parent / (stem if number == 1 else f"{stem}-{number}")
        try:
            parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
        except FileExistsError:
            if not folder.exists():  # the parent, or one of its parents, is a file
                raise RecordError(f"cannot make the run's folder in {parent}: it is no folder") from None
            number += 1
        except OSError as error:
            raise RecordError(f"cannot make the run's folder {folder}: {reason(error)}") from error
        else:
            return folder


def latest_run(parent: Path) -> Path:
    """The folder of the run that began last, by the time in its name; of the same second, the one written to last.

    Args:
        parent: the folder of all runs.

    Raises:
        UnreadableError: there is no run in it.
    """
    found = [
        (timed[1], run.stat().st_mtime_ns, run.parent)
        for run in parent.glob(f"*/{RUN}")
        if (timed := _TIMED.match(run.parent.name)) is not None
    ]
    if not found:
        raise UnreadableError(f"got no run in {parent}, expected one or more")
    return max(found)[2]


def reason(error: OSError) -> str:
    """The operating system's words for what went wrong."""
    return error.strerror or str(error) or type(error).__name__
