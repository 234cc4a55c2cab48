"""One test run where its record is kept: on the master, or in the only process there is."""

from __future__ import annotations

import argparse
import os
import platform
import secrets
import sys
from importlib import metadata
from pathlib import Path

from whoson_load.client.stamps import KERNEL_STAMPS
from whoson_load.client.target import Target
from whoson_load.clock import wall_ns
from whoson_load.measurement.interval import Totals
from whoson_load.measurement.ledger import run_tag
from whoson_load.measurement.redaction import redact_command_line, redact_options
from whoson_load.measurement.run import Ending, RunInfo, Summary, summarize, timeline_line
from whoson_load.measurement.trust import Trust
from whoson_load.protocol.commands import COMMANDS
from whoson_load.protocol.events import EVENTS
from whoson_load.record.writer import RunWriter
from whoson_load.swarm.exchange import Collector
from whoson_load.swarm.options import Settings

__all__ = ["INTERVAL_S", "Run", "new_run_id"]

INTERVAL_S = 5
"""How long an interval of the record lasts."""

_LIBRARIES = ("locust", "gevent", "websocket-client", "msgspec", "hdrhistogram", "faker")


def new_run_id() -> str:
    """A name for a run that no other has."""
    return secrets.token_hex(8)


class Run:
    """A run and its record, from the first second to the summary.

    Args:
        run_id: from `new_run_id`; the workers were told the same.
        settings: what was asked for.
        pace: in force.
        target: the server; its secrets are kept out of the record.
        options: Locust's, all of them, for the record.
        command_line: as typed.

    Attributes:
        info: what `run.json` holds.
        totals: all that is merged so far.
        collector: where reports go.
        folder: the record's.

    Raises:
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
    ) -> None:
        hidden = (target.authentication, target.api_key)
        self.info = RunInfo(
            run_id=run_id,
            name=settings.run_name,
            started_ns=wall_ns(),
            interval_s=INTERVAL_S,
            target=target.address.url,
            seed=settings.seed,
            pace=pace,
            run_tag=run_tag(run_id),
            command_line=redact_command_line(command_line, hidden),
            options=redact_options(vars(options), hidden),
            versions=_versions(),
            machine=_machine(),
            notes=_notes(pace),
        )
        self.totals = Totals()
        self.collector = Collector()
        self._trust = Trust()
        self._writer = RunWriter(Path(settings.out), self.info)
        self.folder = self._writer.folder

    def keep(self, *, all_of_them: bool = False) -> None:
        """Write the intervals that are complete.

        Args:
            all_of_them: at the run's end.

        Raises:
            RecordError: the record cannot be written.
        """
        for interval in self.collector.complete(all_of_them=all_of_them):
            self.totals.add(interval)
            findings = self._trust.add(interval.generators)
            self._writer.write(interval, timeline_line(interval, findings=findings))

    def summary(self) -> Summary:
        """What is known so far."""
        return summarize(self.totals, self._trust.judgement(), commands=COMMANDS, events=EVENTS)

    def finish(self, ending: Ending, exit_code: int) -> Summary:
        """Write what is left, the summary and how it ended.

        Raises:
            RecordError: the record cannot be written.
        """
        self.keep(all_of_them=True)
        self._trust.lost(sum(map(len, self.collector.missing().values())))
        summary = self.summary()
        self._writer.write_summary(summary)
        self.info.ended_ns, self.info.ending, self.info.exit_code = wall_ns(), ending, exit_code
        self._writer.finish(self.info)
        return summary


def _versions() -> dict[str, str]:
    return {
        "whoson-load": metadata.version("whoson-load"),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _LIBRARIES},
    }


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
