"""`whoson-load report`: what came of a run, from its record alone; also of one that goes on or was killed."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import msgspec

from whoson_load.analysis.courses import courses
from whoson_load.analysis.drift import Drifts, find_drift
from whoson_load.analysis.erlang import MOST_SERVERS
from whoson_load.analysis.staffing import Staffing, crowd, staffing
from whoson_load.analysis.summary import complete
from whoson_load.errors import ConfigError
from whoson_load.measurement.run import RunInfo, Summary, summarize
from whoson_load.measurement.trust import Trust
from whoson_load.protocol.commands import COMMANDS
from whoson_load.protocol.events import EVENTS
from whoson_load.record.reader import RunReader
from whoson_load.report.junit import render_junit
from whoson_load.report.markdown import render_markdown
from whoson_load.report.outlook import render_drift, render_staffing
from whoson_load.report.terminal import render_summary

__all__ = ["main", "summary_of"]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(message)


def main(argv: list[str]) -> int:
    """Run the command.

    Args:
        argv: its arguments.

    Returns:
        0.

    Raises:
        ConfigError: wrong usage.
        RecordError: there is no record, or it cannot be read.
    """
    parser = _Parser(prog="whoson-load report", description="Show what came of a run, also of one that was killed.")
    parser.add_argument(
        "run", metavar="RUN", type=Path, help="the run's folder, such as reports/20261122T214138Z-visitors"
    )
    parser.add_argument(
        "--format",
        choices=("text", "json", "markdown", "junit"),
        default="text",
        help="text for people, json for programs, markdown for a pull request, junit for test results (default: text)",
    )
    parser.add_argument(
        "--servers",
        metavar="N",
        type=_servers,
        help="how many chats all operators together hold at once, for the staffing (default: the most that were seen)",
    )
    options = parser.parse_args(argv)
    reader = RunReader(options.run)
    summary = summary_of(reader)
    if options.format == "json":
        drift, staff = _outlook(reader, summary, options.servers)
        told = {"run": reader.info, "summary": summary, "drift": drift, "staffing": staff}
        written = msgspec.json.format(msgspec.json.encode(told), indent=2)
        sys.stdout.write(f"{written.decode()}\n")
    elif options.format == "markdown":
        sys.stdout.write(render_markdown(reader.info, summary))
    elif options.format == "junit":
        sys.stdout.write(render_junit(reader.info, summary))
    else:
        sys.stdout.write(f"{_heading(reader.info)}\n{render_summary(summary, reader.folder)}\n")
        drift, staff = _outlook(reader, summary, options.servers)
        sys.stdout.write(f"{render_drift(drift)}\n{render_staffing(staff)}\n\n")
        for note in reader.info.notes:
            sys.stdout.write(f"Note: {note}\n")
    return 0


def _outlook(reader: RunReader, summary: Summary, servers: int | None) -> tuple[Drifts, Staffing | str]:
    drift = find_drift(courses(summary, reader.timeline()))
    return drift, staffing(crowd(summary, reader.timeline()), servers, reader.info.pace)


def _servers(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 6 and 1 <= int(text) <= MOST_SERVERS):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a whole number from 1 to {MOST_SERVERS}")
    return int(text)


def summary_of(reader: RunReader) -> Summary:
    """The summary of a run: as it was written, or worked out again where the run did not come to write one.

    Raises:
        RecordError: the record cannot be read.
    """
    written = reader.summary()
    if written is not None:
        return written if written.parts is not None else complete(written, reader, begun_ns=reader.info.started_ns)
    trust = Trust()
    absent: set[tuple[str, int]] = set()
    for line in reader.timeline():
        trust.add(line.generators)
        absent |= {(worker, number) for worker, numbers in line.missing.items() for number in numbers}
        absent -= {(worker, number) for worker, numbers in line.recovered.items() for number in numbers}
    trust.lost(len(absent))
    return complete(
        summarize(reader.totals(), trust.judgement(), commands=COMMANDS, events=EVENTS),
        reader,
        begun_ns=reader.info.started_ns,
    )


def _heading(info: RunInfo) -> str:
    begun = datetime.fromtimestamp(info.started_ns // 1_000_000_000, UTC)
    named = f"{info.name}: {info.target}, {begun:%Y-%m-%d %H:%M:%S} UTC"
    if info.ended_ns is None or info.ending is None:
        return f"{named}, goes on or was killed: what follows are its complete intervals"
    return f"{named}, {(info.ended_ns - info.started_ns) / 1e9:,.0f} s, {info.ending}"
