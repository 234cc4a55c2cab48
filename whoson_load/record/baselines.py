"""Named baselines: copies of runs' records kept beside the runs, so that the next release can be held against them.

Knows files; compares nothing.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from whoson_load.errors import ConfigError, RecordError
from whoson_load.record.layout import RUN, reason

__all__ = ["BASELINES", "baseline_runs", "keep_baseline"]

BASELINES: Final = "baselines"
"""The folder, among those of the runs, that holds a folder for each baseline."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


def baseline_runs(reports: Path, name: str) -> list[Path]:
    """The run folders of a baseline, in the order of their names.

    Args:
        reports: the folder of all runs.

    Raises:
        ConfigError: the name is none, or there is no such baseline.
    """
    folder = _folder(reports, name)
    runs = sorted(each.parent for each in folder.glob(f"*/{RUN}"))
    if not runs:
        there = sorted(each.name for each in folder.parent.iterdir()) if folder.parent.is_dir() else []
        raise ConfigError(f"got the baseline {name}, expected {' or '.join(there) or 'one that was kept before'}")
    return runs


def keep_baseline(reports: Path, name: str, runs: Sequence[Path]) -> Path:
    """Copy runs as a baseline; one of that name is replaced, and stays as it is when copying fails.

    Returns:
        the baseline's folder.

    Raises:
        ConfigError: the name is none that a folder can have, or two runs have the same name.
        RecordError: the runs cannot be copied.
    """
    folder = _folder(reports, name)
    if len({each.resolve().name for each in runs}) < len(runs):
        raise ConfigError(f"baseline {name}: got a run twice, expected each once")
    fresh, old = folder.with_name(f".{name}-new"), folder.with_name(f".{name}-old")
    try:
        for left in (fresh, old):
            shutil.rmtree(left, ignore_errors=True)
        for run in runs:
            shutil.copytree(run, fresh / run.resolve().name)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise RecordError(f"cannot keep the baseline in {folder}: {reason(error)}") from error
    return folder


def _folder(reports: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise ConfigError(f"got the baseline {name!r}, expected letters, digits, . _ - only, and at most 60")
    return reports / BASELINES / name
