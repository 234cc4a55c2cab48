"""One test run where its record is kept: on the master, or in the only process there is."""

from __future__ import annotations

import argparse
import os
import platform
import secrets
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from whoson_load.analysis.judging import Lookout
from whoson_load.analysis.objectives import Objective
from whoson_load.analysis.summary import complete
from whoson_load.client.stamps import KERNEL_STAMPS
from whoson_load.client.target import Target
from whoson_load.clock import monotonic_ns, wall_ns
from whoson_load.errors import RecordError
from whoson_load.measurement.capacity import Capacity
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.interval import MergedInterval, Totals
from whoson_load.measurement.ledger import run_tag
from whoson_load.measurement.redaction import redact_command_line, redact_options
from whoson_load.measurement.run import Ending, RunInfo, Summary, TimelineLine, summarize, timeline_line
from whoson_load.measurement.trust import Trust, Verdict
from whoson_load.protocol.commands import COMMANDS
from whoson_load.protocol.events import EVENTS
from whoson_load.record.reader import RunReader
from whoson_load.record.writer import RunWriter
from whoson_load.swarm.exchange import Collector
from whoson_load.swarm.options import Settings
from whoson_load.swarm.scrape import Scraper, read_scrape

__all__ = ["INTERVAL_S", "OBJECTIVE_MISSED", "UNTRUSTED", "Run", "gravest", "new_run_id"]

INTERVAL_S = 5
"""How long an interval of the record lasts, unless something else is asked for."""

UNTRUSTED = 4
"""The exit code of a run whose figures are the generator's, or not complete."""

OBJECTIVE_MISSED = 3
"""The exit code of a run that missed an objective."""

_GRAVEST_FIRST = (2, 5, 1, 4, 3)
_MOST_NOTES = 100  # Invented: enough for every worker of a large run to come and go

_LIBRARIES = ("locust", "gevent", "websocket-client", "msgspec", "hdrhistogram", "faker", "aiohttp", "uvloop")


def new_run_id() -> str:
    """A name for a run that no other has."""
    return secrets.token_hex(8)


def gravest(*codes: int) -> int:
    """The exit code of a run that several reasons give one to: what makes the others meaningless comes first.

    Args:
        codes: 0 all well, 1 the program failed, 2 wrong usage, 3 an objective missed, 4 not to be trusted, 5 guarded.
    """
    return next((code for code in _GRAVEST_FIRST if code in codes), 0)


class Run:
    """A run and its record, from the first second to the summary.

    Args:
        run_id: from `new_run_id`; the workers were told the same.
        settings: what was asked for.
        pace: in force.
        target: the server; its secrets are kept out of the record.
        options: Locust's, all of them, for the record.
        command_line: as typed.
        objectives: to be met.

    Attributes:
        info: what `run.json` holds.
        totals: all that is merged so far.
        collector: where reports go.
        folder: the record's.
        heard: all are called with each interval and its line of the timeline, once both are written.
        concluded: called at the end with the summary and the gravest exit code so far; gives the one to end with.
        hopeless: why the run shall end before its time, in a sentence; empty while it may go on.

    Raises:
        ConfigError: what is to be sampled beside the load cannot be read.
        GuardError: it may not be asked.
        RecordError: the record cannot be begun.
    """

    def __init__(
        self,
        run_id: str,
        settings: Settings,
        pace: float,
        target: Target,
        options: argparse.Namespace,
        command_line: list[str],
        objectives: Sequence[Objective] = (),
    ) -> None:
        hidden = (target.authentication, target.api_key)
        sampled = read_scrape(options, target)
        self.info = RunInfo(
            run_id=run_id,
            name=settings.run_name,
            started_ns=wall_ns(),
            interval_s=settings.interval_s,
            target=target.address.url,
            seed=settings.seed,
            pace=pace,
            run_tag=run_tag(settings.seed),
            objectives=[each.text for each in objectives],
            command_line=redact_command_line(command_line, hidden),
            options=redact_options(vars(options), hidden),
            versions=_versions(),
            machine=_machine(),
            notes=_notes(pace),
        )
        self.totals = Totals()
        self.collector = Collector(round(settings.interval_s * 1e9))
        self.heard: list[Callable[[MergedInterval, TimelineLine], None]] = []
        self.concluded: Callable[[Summary, int], int] = lambda _, exit_code: exit_code
        self.hopeless = ""
        self._objectives = objectives
        self._lookout = Lookout(objectives)
        self._trust = Trust()
        self._knows_platforms = False
        self._writer = RunWriter(Path(settings.out), self.info)
        self.folder = self._writer.folder
        self._scraper = None
        if sampled is not None:
            self._scraper = Scraper(*sampled, target, round(settings.interval_s * 1e9), self._complain)

    def keep(self, *, all_of_them: bool = False) -> None:
        """Write the intervals that are complete.

        Args:
            all_of_them: at the run's end.

        Raises:
            RecordError: the record cannot be written.
        """
        for ready in self.collector.complete(monotonic_ns(), all_of_them=all_of_them):
            interval = ready.interval
            self.totals.add(interval)
            line = timeline_line(
                interval,
                findings=self._trust.add(interval.generators),
                missing=ready.missing,
                recovered=ready.recovered,
                late=ready.late,
                server=None if ready.late or self._scraper is None else self._scraper.at(interval.start_ns),
            )
            self._writer.write(interval, line)
            for hear in self.heard:
                hear(interval, line)
            self.hopeless = self.hopeless or self._lookout.add(line)
            if interval.generators and not self._knows_platforms:
                self._knows_platforms = True
                self.note(*_untold(interval.generators.values()))

    def note(self, *sentences: str) -> None:
        """Add what a reader must know about the figures; a record that could not be written says so elsewhere."""
        room = _MOST_NOTES - len(self.info.notes)
        if sentences and room > 0:
            self.info.notes += sentences[:room]
            with suppress(RecordError):
                self._writer.update(self.info)

    def summary(self) -> Summary:
        """What is known so far."""
        return summarize(self.totals, self._trust.judgement(), commands=COMMANDS, events=EVENTS)

    def finish(self, ending: Ending, exit_code: int) -> Summary:
        """Write what is left, the summary and how it ended.

        Args:
            exit_code: the gravest so far; `info.exit_code` is the one that trust leaves.

        Raises:
            RecordError: the record cannot be written.
        """
        self._sample_no_more()
        self.keep(all_of_them=True)
        missing = self.collector.missing()
        self._trust.lost(sum(map(len, missing.values())))
        reader, begun_ns = RunReader(self.folder), self.info.started_ns
        summary = complete(self.summary(), reader, self._objectives, begun_ns, pace=self.info.pace)
        if not all(judged.met for judged in summary.objectives):
            exit_code = gravest(exit_code, OBJECTIVE_MISSED)
        if summary.trust.verdict is Verdict.INVALID:
            exit_code = gravest(exit_code, UNTRUSTED)
        exit_code = self.concluded(summary, exit_code)
        self.info.notes += [_missed(worker, numbers) for worker, numbers in missing.items()][:_MOST_NOTES]
        self.info.notes += self.collector.oddities()[:_MOST_NOTES]
        self.info.ended_ns, self.info.ending, self.info.exit_code = wall_ns(), ending, exit_code
        self._writer.write_summary(summary)
        self._writer.finish(self.info)
        return summary

    def keep_capacity(self, capacity: Capacity) -> None:
        """Write what a capacity search has found so far.

        Raises:
            RecordError: the record cannot be written.
        """
        self._writer.write_capacity(capacity)

    def fail(self, exit_code: int) -> None:
        """Leave a record that can no longer be written, saying so in it if that much is still possible."""
        self._sample_no_more()
        self.info.ended_ns, self.info.ending, self.info.exit_code = wall_ns(), Ending.FAILED, exit_code
        with suppress(RecordError):
            self._writer.finish(self.info)

    def _complain(self, sentence: str) -> None:
        sys.stderr.write(f"whoson-load: {sentence}\n")
        self.note(sentence)

    def _sample_no_more(self) -> None:
        if self._scraper is not None:
            self._scraper.stop()
            if self._scraper.failed:
                self.info.notes.append(
                    f"The server's gauges are missing from {self._scraper.failed} of {self._scraper.tried} intervals."
                )


def _versions() -> dict[str, str]:
    return {
        "whoson-load": metadata.version("whoson-load"),
        "python": platform.python_version(),
        **{name: _version(name) for name in _LIBRARIES},
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:  # uvloop, on Windows
        return "not installed"


def _machine() -> dict[str, str | int | float]:
    return {
        "system": platform.platform(terse=True),
        "processor": platform.machine(),
        "cores": os.cpu_count() or 0,
        "usable_cores": len(os.sched_getaffinity(0)) if sys.platform.startswith("linux") else os.cpu_count() or 0,
    }


def _notes(pace: float) -> list[str]:
    notes = []
    if not KERNEL_STAMPS:
        notes.append(
            "This platform does not stamp arriving bytes: times end when this program read them, so a busy generator"
            " makes the server look slower."
        )
    if pace != 1:
        notes.append(f"Human times were {pace:g} times shorter than in life; the server's times were not.")
    return notes


_TOLD_BY_PLATFORMS = {
    "waiting_share": "how long it waited for a CPU",
    "descriptors": "its open file descriptors",
    "ports": "the local ports in use",
}


def _untold(workers: Iterable[GeneratorFigures]) -> list[str]:
    figures = list(workers)
    untold = [what for name, what in _TOLD_BY_PLATFORMS.items() if any(getattr(each, name) is None for each in figures)]
    if not untold:
        return []
    return [f"A generator's platform does not tell {', '.join(untold)}: its trust is judged without."]


def _missed(worker: str, numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:10])) + (", ..." if len(numbers) > 10 else "")
    if len(numbers) == 1:
        return f"Worker {worker}: its report {shown} never arrived, and what it measured then is missing."
    return f"Worker {worker}: {len(numbers)} of its reports ({shown}) never arrived, and what it measured is missing."
