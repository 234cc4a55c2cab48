"""`whoson-load report`: what came of a run, from its record alone; also of one that goes on or was killed."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from whoson_load.analysis.erlang import MOST_SERVERS
from whoson_load.analysis.objectives import read_objectives
from whoson_load.analysis.summary import complete, outlook
from whoson_load.cli.arguments import Parser, write_page
from whoson_load.errors import ConfigError, UnreadableError
from whoson_load.measurement.run import RunInfo, Summary, summarize
from whoson_load.measurement.trust import Trust
from whoson_load.page import page_of
from whoson_load.protocol.commands import COMMANDS
from whoson_load.protocol.events import EVENTS
from whoson_load.record.layout import PAGE, latest_run
from whoson_load.record.reader import RunReader
from whoson_load.report.capacity import render_capacity, render_capacity_markdown
from whoson_load.report.junit import render_junit
from whoson_load.report.markdown import render_markdown
from whoson_load.report.outlook import render_outlook
from whoson_load.report.terminal import render_summary

__all__ = ["main", "summary_of"]


def main(argv: list[str]) -> int:
    """Run the command.

    Args:
        argv: its arguments.

    Returns:
        0.

    Raises:
        ConfigError: wrong usage.
        UnreadableError: there is no record, or it cannot be read.
    """
    parser = Parser(prog="whoson-load report", description="Show what came of a run, also of one that was killed.")
    parser.add_argument(
        "run", metavar="RUN", type=Path, nargs="?", help="the run's folder, such as reports/20261122T214138Z-visitors"
    )
    parser.add_argument("--latest", action="store_true", help="the run that began last, of those in --reports")
    parser.add_argument(
        "--reports", metavar="DIR", type=Path, default=Path("reports"), help="where runs are (default: reports)"
    )
    parser.add_argument(
        "--format",
        choices=("text", "html", "json", "markdown", "junit"),
        default="text",
        help="text for people, html for a page with charts in the run's folder, json for programs, markdown for a pull"
        " request, junit for test results (default: text)",
    )
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="where html goes instead; - for stdout")
    parser.add_argument(
        "--servers",
        metavar="N",
        type=_servers,
        help="how many chats all operators together hold at once, for the staffing (default: the most that were seen)",
    )
    parser.add_argument(
        "--drift-fails",
        action="store_true",
        help="with junit: a run that drifts fails a test case (default: it is told, and fails nothing)",
    )
    options = parser.parse_args(argv)
    if (options.run is None) != options.latest:
        got = "no RUN" if options.run is None else f"{options.run} and --latest"
        raise ConfigError(f"got {got}, expected a run's folder or --latest")
    reader = RunReader(latest_run(options.reports) if options.latest else options.run)
    summary, capacity = summary_of(reader, options.servers), reader.capacity()
    if options.output is not None and options.format != "html":
        raise ConfigError(f"-o: got it with --format {options.format}, expected html: all others go to stdout")
    if options.format == "html":
        write_page(page_of(reader, summary), options.output or reader.folder / PAGE)
    elif options.format == "json":
        told = {"run": reader.info, "summary": summary, **({} if capacity is None else {"capacity": capacity})}
        written = msgspec.json.format(msgspec.json.encode(told), indent=2)
        sys.stdout.write(f"{written.decode()}\n")
    elif options.format == "markdown":
        sys.stdout.write("" if capacity is None else f"{render_capacity_markdown(capacity)}\n")
        sys.stdout.write(render_markdown(reader.info, summary, searched=capacity is not None))
    elif options.format == "junit":
        sys.stdout.write(render_junit(reader.info, summary, capacity, drift_fails=options.drift_fails))
    else:
        sys.stdout.write(f"{_heading(reader.info)}\n")
        if capacity is not None:
            sys.stdout.write(f"{render_capacity(capacity)}\n\nAll levels together:\n")
        sys.stdout.write(f"{render_summary(summary, reader.folder)}\n")
        # A load that is changed all the time has no drift, and nobody can be staffed for it.
        sys.stdout.write("\n" if capacity is not None else f"{render_outlook(summary)}\n\n")
        for note in reader.info.notes:
            sys.stdout.write(f"Note: {note}\n")
    return 0


def _servers(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 6 and 1 <= int(text) <= MOST_SERVERS):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a whole number from 1 to {MOST_SERVERS}")
    return int(text)


def summary_of(reader: RunReader, servers: int | None = None) -> Summary:
    """The summary of a run: as it was written, or worked out again where the run did not come to write one.

    Args:
        servers: chats that all operators together hold at once, for the staffing; None where nobody tells.

    Raises:
        UnreadableError: the record cannot be read.
        ConfigError: an objective in it is none.
    """
    written = reader.summary()
    begun_ns, pace = reader.info.started_ns, reader.info.pace
    if written is not None and written.parts is not None:
        told = written.drift is not None and servers is None
        return written if told else outlook(written, reader.timeline(), pace=pace, servers=servers)
    # Of a run that was killed, too, it is asked whether it met them: silence would read like success.
    objectives = read_objectives(reader.info.objectives)
    if written is not None:
        return complete(written, reader, objectives, begun_ns, pace=pace, servers=servers)
    trust, last_ns = Trust(), 0
    absent: set[tuple[str, int]] = set()
    for line in reader.timeline():
        last_ns = line.end_ns
        trust.add(line.generators)
        absent |= {(worker, number) for worker, numbers in line.missing.items() for number in numbers}
        absent -= {(worker, number) for worker, numbers in line.recovered.items() for number in numbers}
    if reader.ended and not last_ns:
        raise UnreadableError(f"cannot read {reader.folder}: the run ended by itself, and has no figures")
    trust.lost(len(absent))
    return complete(
        summarize(reader.totals(), trust.judgement(), commands=COMMANDS, events=EVENTS),
        reader,
        objectives,
        begun_ns,
        pace=pace,
        servers=servers,
    )


def _heading(info: RunInfo) -> str:
    begun = datetime.fromtimestamp(info.started_ns // 1_000_000_000, UTC)
    named = f"{info.name}: {info.target}, {begun:%Y-%m-%d %H:%M:%S} UTC"
    if info.ended_ns is None or info.ending is None:
        return f"{named}, goes on or was killed: what follows are its complete intervals"
    return f"{named}, {(info.ended_ns - info.started_ns) / 1e9:,.0f} s, {info.ending}"
