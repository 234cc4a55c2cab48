"""How `pytest -n` shares the tests out: whole files, and those whose tests start programs in few lanes.

A file's tests share fixtures, so one process takes all of them. Programs mostly wait, and each file has several under
way at once: two such files are as many as two cores can serve in time, while another process computes the rest.
"""

from __future__ import annotations

import re
from pathlib import Path

from xdist.scheduler import LoadFileScheduling

__all__ = ["LANES", "LaneScheduling", "lane_of"]

LANES = 2

_TESTS = Path(__file__).parent
_STARTING = [
    path
    for path in sorted(_TESTS.rglob("test_*.py"))
    if re.search(r"\b(shared_)?programs: Programs\b", path.read_text("utf-8"))
]
_LANE = {path.relative_to(_TESTS.parent).as_posix(): number % LANES for number, path in enumerate(_STARTING)}


def lane_of(file: str) -> int:
    """The lane of a file, by its path in the project; `LANES` where it has none."""
    return _LANE.get(file, LANES)


class LaneScheduling(LoadFileScheduling):
    """Gives a process a file at a time, or all files of a lane."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return f"lane {lane}" if (lane := lane_of(file)) < LANES else file
