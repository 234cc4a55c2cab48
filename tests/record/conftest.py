"""Runs to write: a worker with known samples, and the record's folder as it would look had the process been killed."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from whoson_load.measurement.interval import MergedInterval, Totals, merge
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.run import RunInfo, timeline_line
from whoson_load.record.writer import RunWriter

STARTED_NS = 1_760_000_000_000_000_000
INTERVAL_NS = 5_000_000_000


class RunOnPaper:
    """A run whose figures are known: writes intervals, and keeps its own totals to compare with.

    Attributes:
        writer: writes the record.
        totals: of all intervals written.
        info: what `run.json` holds.
    """

    def __init__(self, parent: Path, **changed: object) -> None:
        known = {
            "run_id": "r",
            "name": "paper",
            "started_ns": STARTED_NS,
            "interval_s": 5.0,
            "target": "ws://x/",
            "seed": 1,
        }
        self.info = RunInfo(**{**known, **changed})  # type: ignore[arg-type]
        self.writer = RunWriter(parent, self.info)
        self.totals = Totals()
        self._recorder = Recorder("w1")
        self._random = random.Random(1)
        self._number = 0

    @property
    def folder(self) -> Path:
        """The record's folder."""
        return self.writer.folder

    def interval(self, start_ns: int | None = None, *, late: bool = False) -> MergedInterval:
        """Write the next interval, or what is late for the one that begins at an instant."""
        if start_ns is None:
            start_ns, self._number = STARTED_NS + self._number * INTERVAL_NS, self._number + 1
        for series in ("connect", "echo"):
            for _ in range(self._random.randrange(1, 5)):
                self._recorder.sample(series, 0, int(self._random.lognormvariate(16, 1)))
        self._recorder.outcome(self._random.choice(list(Outcome)))
        self._recorder.peak("queue position", self._random.randrange(10))
        merged = merge([self._recorder.roll(start_ns, start_ns + INTERVAL_NS + 3_000_000)])[0]
        self.writer.write(merged, timeline_line(merged, late=late))
        self.totals.add(merged)
        return merged

    def skip_to(self, second: int) -> None:
        """Go on with the interval of a later second of the run."""
        self._number = second * 1_000_000_000 // INTERVAL_NS

    def killed(self) -> Path:
        """A copy of the folder as it is now: what a killed process leaves."""
        copy = self.folder.with_name(f"{self.folder.name}-killed-{self._random.randrange(10**9)}")
        shutil.copytree(self.folder, copy)
        return copy

    def close(self) -> None:
        """Let go of the files without ending the run."""
        for journal in (self.writer._latency, self.writer._timeline, self.writer._open):
            if journal is not None:
                journal.close()


@pytest.fixture
def begin(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., RunOnPaper]:
    """Begin a run on paper."""

    def begin_run(**changed: object) -> RunOnPaper:
        run = RunOnPaper(tmp_path, **changed)
        request.addfinalizer(run.close)
        return run

    return begin_run
