"""Whole runs as users start them: visitors against the simulator, over real sockets, each in processes of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import write_certificate
from tests.programs import (
    PAGE,
    SOCKETS_SEEN,
    VISITORS,
    Ended,
    Program,
    Programs,
    Simulator,
    only_record,
    wait_until,
    watch_sockets,
)
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.run import Ending
from whoson_load.measurement.sample import HEADLINE, SERIES
from whoson_load.protocol.commands import COMMANDS
from whoson_load.protocol.events import EVENTS
from whoson_load.record.reader import RunReader
from whoson_load.report.latencies import format_ms

FEW = ("-u", "5", "-r", "5", "--pace", "60")
"""In 8 seconds some visits of so hurried people are over."""

EMBEDDED_FOR = "12s"
"""Long enough for an interval of five seconds, and for what is told of it, wherever the run begins."""

FIGURES = ("min_ms", "mean_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms")
SECRETS = ("0pen-Sesame-4711", "key-of-the-kingdom-1147")
EXAMPLE_SECRETS = ("myauthstring", "abcdefg12345")

SITE = f"""
extends = "default"

[server]
authentication = "{SECRETS[0]}"
api_key = "{SECRETS[1]}"
"""

BROKEN = """
from locust import task

from whoson_load import ChatVisitor


def puzzled(chat):
    chat.connect()
    raise ValueError("not what I expected")


class Visitor(ChatVisitor):
    @task
    def chat(self):
        self.visit(puzzled)
"""


@dataclass(frozen=True)
class Run:
    """A run that is over.

    Attributes:
        command_lines: of all its processes, as anybody on the machine could read them while it went.
        state: what the simulator counted, where it was started by the test.
        sockets: look-ups and connections, where they were watched.
    """

    ended: Ended
    record: Path
    command_lines: tuple[str, ...] = ()
    state: dict[str, Any] | None = None
    sockets: str = ""

    @property
    def summary(self) -> dict[str, Any]:
        """What `summary.json` holds."""
        summary: dict[str, Any] = json.loads((self.record / "summary.json").read_text("utf-8"))
        return summary


@dataclass(frozen=True)
class UnderWay:
    """A run that was started."""

    program: Program
    out: Path
    simulator: Simulator | None = None
    command_lines: tuple[str, ...] = ()
    sockets: Path | None = None

    def end(self) -> Run:
        """Wait for its end."""
        ended = self.program.end()
        state = self.simulator.get("/state") if self.simulator is not None else None
        seen = self.sockets.read_text("utf-8") if self.sockets is not None else ""
        return Run(ended, only_record(self.out), self.command_lines, state, seen)


def _processes(program: Program, out: Path) -> tuple[str, ...]:
    """All command lines of a run, once it is well under way."""
    wait_until(lambda: out.is_dir() and any(out.glob("*/run.json")), 30, "no record was begun", of=program)
    return tuple(" ".join(process.cmdline()) for process in program.family())


@pytest.fixture(scope="module")
def all_runs(shared_programs: Programs) -> Iterator[dict[str, UnderWay]]:
    """The runs of this module, side by side: each waits most of its time."""
    programs, folder = shared_programs, shared_programs.folder
    (folder / "site.toml").write_text(SITE, "utf-8")
    certificate = str(write_certificate(folder))
    own_site = programs.simulate("--site", str(folder / "site.toml"), "--pace", "60")
    crowd = programs.simulate("--pace", "30", "--max-chats", "0")
    mortal = programs.simulate("--pace", "60")
    encrypted = programs.simulate("--tls-cert", certificate)

    def out(name: str) -> Path:
        return folder / name

    embedded = programs.start(
        *("whoson-load", "run", VISITORS, "--simulator", *FEW, "-t", EMBEDDED_FOR, "--out", str(out("embedded"))),
        environment=PAGE,
    )
    plain = programs.start(
        *(
            "locust",
            "-f",
            VISITORS,
            "--headless",
            *FEW,
            "-t",
            "8s",
            "--host",
            own_site.chat,
            "--out",
            str(out("plain")),
        ),
        environment={"WHOSON_AUTH": SECRETS[0], "WHOSON_API_KEY": SECRETS[1], **watch_sockets(folder)},
    )
    workers = programs.start(
        *("whoson-load", "run", VISITORS, "--host", crowd.chat, "-u", "6", "-r", "6", "--pace", "30", "-t", "8s"),
        *("--processes", "2", "--out", str(out("workers"))),
    )
    closing = programs.start(
        "whoson-load", "run", VISITORS, "--host", mortal.chat, *FEW, "-t", "8s", "--out", str(out("closing"))
    )
    untrusted = programs.start(
        "whoson-load", "run", VISITORS, "--host", encrypted.chat, *FEW, "-t", "3s", "--out", str(out("untrusted"))
    )
    runs = {
        "embedded": UnderWay(embedded, out("embedded"), None, _processes(embedded, out("embedded"))),
        "plain": UnderWay(plain, out("plain"), own_site, _processes(plain, out("plain")), folder / SOCKETS_SEEN),
        "workers": UnderWay(workers, out("workers"), crowd, _processes(workers, out("workers"))),
        "closing": UnderWay(closing, out("closing")),
        "untrusted": UnderWay(untrusted, out("untrusted")),
    }
    wait_until(lambda: mortal.get("/state")["commands"]["Message"] > 0, 30, "nobody chatted", of=closing)
    mortal.stop()
    yield runs
    for simulator in (own_site, crowd, encrypted):
        ended = simulator.stop()
        assert (ended.code, ended.stderr) == (0, "")


@pytest.fixture(scope="module")
def finished(all_runs: dict[str, UnderWay]) -> Callable[[str], Run]:
    """The run of a name, once it is over."""
    done: dict[str, Run] = {}

    def finish(name: str) -> Run:
        if name not in done:
            done[name] = all_runs[name].end()
        return done[name]

    return finish


@pytest.fixture(params=["embedded", "plain"])
def run(request: pytest.FixtureRequest, finished: Callable[[str], Run]) -> Run:
    """A run that went well, once by our command and once by Locust's."""
    return finished(request.param)


# A run that goes well, however it is started


def test_a_run_ends_well(run: Run) -> None:
    """The exit code is 0, there was something to measure, and nobody complained."""
    assert run.ended.code == 0
    assert run.summary["outcomes"]["served"] > 0
    assert "Traceback" not in run.ended.stderr + run.ended.stdout
    assert run.summary["deviations"] == {}


def test_the_summary_has_the_keys_that_stay(run: Run) -> None:
    """Series, outcomes, commands and events are all listed, those that did not occur too."""
    summary = run.summary
    assert list(summary["series"]) == list(SERIES)
    assert list(summary["outcomes"]) == [outcome.value for outcome in Outcome]
    assert list(summary["commands"]) == list(COMMANDS)
    assert list(summary["events"]) == list(EVENTS)
    for counts in (summary["outcomes"], summary["commands"], summary["events"]):
        assert all(type(count) is int and count >= 0 for count in counts.values())


def test_each_series_has_its_figures_or_none(run: Run) -> None:
    """A series has a count, errors and eight times in ascending order; an empty one has count 0 and nulls."""
    for name, figures in run.summary["series"].items():
        assert {"count", "errors", *FIGURES} <= set(figures), name
        times = [figures[key] for key in FIGURES]
        if figures["count"]:
            assert all(isinstance(time, int | float) for time in times), name
            ascending = [figures[key] for key in FIGURES if key != "mean_ms"]
            assert ascending == sorted(ascending), name
            assert figures["min_ms"] <= figures["mean_ms"] <= figures["max_ms"], name
        else:
            assert times == [None] * len(FIGURES), name


def test_no_tls_leaves_its_series_empty(run: Run) -> None:
    """Over ws there is no TLS to be timed."""
    assert run.summary["series"]["connect.tls"] == {
        "count": 0,
        "errors": 0,
        "overflow": 0,
        **dict.fromkeys(FIGURES),
    }


def test_the_table_shows_the_figures_of_the_summary(run: Run) -> None:
    """Each row of the table at the end is a series of summary.json; the headline's are always there."""
    rows = dict(re.findall(r"^(\S+)  +(.*)$", _table(run.ended.stdout), re.MULTILINE))
    assert rows.pop("series").split() == ["count", "errors", "p50", "p95", "p99", "max"]
    series = run.summary["series"]
    shown = [name for name, figures in series.items() if name in HEADLINE or figures["count"] or figures["errors"]]
    assert list(rows) == shown
    for name, row in rows.items():
        figures = series[name]
        times = (format_ms(figures[key]) for key in ("p50_ms", "p95_ms", "p99_ms", "max_ms"))
        # Unmarked: that a percentile of few samples is marked has a test of its own.
        assert re.split(r" [ *]+", row) == [f"{figures['count']:,}", f"{figures['errors']:,}", *times]


def test_the_text_below_the_table_agrees_with_the_summary(run: Run) -> None:
    """Visits, lines and the record's place are those of the record."""
    outcomes, lines = run.summary["outcomes"], run.summary["lines"]
    assert f"Visits: {sum(outcomes.values()):,} ended: {outcomes['served']:,} served" in run.ended.stdout
    assert f"Lines: {lines['sent']:,} sent, {lines['echoed']:,} echoed, 0 lost" in run.ended.stdout
    assert f"Record: {run.record}" in run.ended.stdout.splitlines()


def test_commands_events_and_lines_add_up(run: Run) -> None:
    """What was counted in different places is the same."""
    summary = run.summary
    assert summary["commands"]["Message"] == summary["lines"]["sent"] >= summary["lines"]["echoed"] > 0
    assert summary["series"]["echo"]["count"] == summary["lines"]["echoed"]
    assert summary["series"]["connect"]["count"] == summary["events"]["connected"]
    assert summary["series"]["accepted"]["count"] == summary["events"]["accepted"]
    assert summary["series"]["visit"]["count"] == sum(summary["outcomes"].values())


def test_the_record_can_be_read_again(run: Run) -> None:
    """The reader finds a run that finished, and its intervals add up to the summary."""
    reader = RunReader(run.record)
    assert (reader.info.ending, reader.info.exit_code) == (Ending.FINISHED, 0)
    totals, summary = reader.totals(), run.summary
    assert {name: histogram.count for name, histogram in totals.series.items() if histogram.count} == {
        name: figures["count"] for name, figures in summary["series"].items() if figures["count"]
    }
    assert totals.tally.outcomes == {name: count for name, count in summary["outcomes"].items() if count}


def test_the_record_says_what_was_run(run: Run) -> None:
    """run.json holds the target, the seed, the pace, versions and machine."""
    info = json.loads((run.record / "run.json").read_text("utf-8"))
    assert info["name"] == "visitors"
    assert info["pace"] == 60
    assert re.fullmatch(r"ws://127\.0\.0\.1:\d+/", info["target"])
    assert type(info["seed"]) is int
    assert {"whoson-load", "python", "locust", "gevent"} <= set(info["versions"])
    assert info["machine"]["cores"] >= 1
    assert info["ended_ns"] - info["started_ns"] > 7e9


def test_no_secret_is_shown_anywhere(run: Run) -> None:
    """Neither the record, nor the output, nor any process's title holds a secret."""
    record = "".join(path.read_text("utf-8") for path in run.record.iterdir())
    assert run.command_lines
    for where in (record, run.ended.stdout, run.ended.stderr, *run.command_lines):
        assert not [secret for secret in (*SECRETS, *EXAMPLE_SECRETS) if secret in where]


# What is particular to one way of starting it


def test_the_command_line_is_recorded_as_typed(finished: Callable[[str], Run]) -> None:
    """And not as it was handed to Locust."""
    run = finished("embedded")
    typed = ["whoson-load", "run", VISITORS, "--simulator", *FEW, "-t", EMBEDDED_FOR, "--out", str(run.record.parent)]
    assert RunReader(run.record).info.command_line == typed


def test_a_run_leaves_its_page_unless_it_is_told_not_to(finished: Callable[[str], Run]) -> None:
    """Beside the record, and it says where; by Locust's own command, too, which here was told."""
    with_page, without = finished("embedded"), finished("plain")
    assert f"Report: {with_page.record / 'report.html'}" in with_page.ended.stdout.splitlines()
    assert (with_page.record / "report.html").is_file()
    assert "Report: " not in without.ended.stdout
    assert not (without.record / "report.html").exists()


def test_our_command_shows_one_table(finished: Callable[[str], Run]) -> None:
    """Locust's own tables, rounded, would stand beside ours and differ."""
    ended = finished("embedded").ended
    assert ended.stdout.count("Latencies") == 1
    assert ended.stdout.count("Record: ") == 1
    assert "# reqs" not in ended.stdout + ended.stderr


def test_progress_is_plain_lines_where_there_is_no_terminal(finished: Callable[[str], Run]) -> None:
    """A log gets whole lines without control characters."""
    before = finished("embedded").ended.stdout.partition("Latencies")[0].strip().splitlines()
    assert before
    assert all(re.match(r"\d+/12 s  \d+ in progress, \d+ ended .* echo ", line) for line in before)
    assert "\x1b" not in finished("embedded").ended.stdout


def test_the_simulator_is_a_process_of_the_run(finished: Callable[[str], Run]) -> None:
    """It was there, in a process of its own."""
    simulators = [line for line in finished("embedded").command_lines if " simulate " in line]
    assert len(simulators) == 1


def test_locusts_table_lists_the_four_series(finished: Callable[[str], Run]) -> None:
    """Whoever runs Locust finds them where requests stand."""
    ended = finished("plain").ended
    summary = finished("plain").summary
    requests = dict(
        re.findall(r"^chat +(\S+) +(\d+) +\d+\(", ended.stderr.rpartition("# reqs      # fails")[2], re.MULTILINE)
    )
    assert requests == {name: str(summary["series"][name]["count"]) for name in HEADLINE}


def test_nothing_but_this_machine_was_asked(finished: Callable[[str], Run]) -> None:
    """Every connection went to the target, and no name was looked up."""
    run = finished("plain")
    assert run.state is not None
    port = RunReader(run.record).info.target.rpartition(":")[2].strip("/")
    connections = re.findall(r"^socket.connect \('(.*)', (\d+)\)", run.sockets, re.MULTILINE)
    assert (("127.0.0.1", port)) in connections
    assert {host for host, _ in connections} <= {"127.0.0.1"}
    names = set(re.findall(r"^socket.getaddrinfo (.*)$", run.sockets, re.MULTILINE))
    assert names <= {"127.0.0.1", "localhost"}


def test_two_workers_make_one_record(finished: Callable[[str], Run]) -> None:
    """Their figures add up to what the server counted."""
    run = finished("workers")
    assert run.ended.code == 0, run.ended.stderr
    assert run.state is not None
    workers = {name for line in RunReader(run.record).timeline() for name in line.generators}
    assert len(workers) == 2
    assert run.summary["commands"] == {**dict.fromkeys(COMMANDS, 0), **run.state["commands"]}
    assert run.summary["events"] == {**dict.fromkeys(EVENTS, 0), **run.state["events"]}
    assert len([line for line in run.command_lines if "visitors.py" in line]) == 3


def test_a_server_that_goes_away_later_is_an_outcome(finished: Callable[[str], Run]) -> None:
    """The run goes on, its visitors are refused, and the exit code knows of no objective that was missed."""
    run = finished("closing")
    assert run.ended.code == 0
    outcomes = run.summary["outcomes"]
    assert outcomes["refused"] > 0
    assert run.summary["errors"]["connect"]["refused"] == outcomes["refused"]
    assert RunReader(run.record).info.ending == Ending.FINISHED
    assert "Traceback" not in run.ended.stderr


def test_a_certificate_that_nobody_vouches_for_is_refused(finished: Callable[[str], Run]) -> None:
    """Without --ca-file or --insecure no visitor gets in."""
    run = finished("untrusted")
    assert run.ended.code == 0
    assert {name for name, count in run.summary["outcomes"].items() if count} == {"refused"}
    assert list(run.summary["errors"]["connect"]) == ["tls_failed"]


def test_a_locustfile_that_breaks_is_a_failure(programs: Programs) -> None:
    """What a server does never ends a run badly; a journey that raises does, and where it did is logged."""
    (programs.folder / "broken.py").write_text(BROKEN, "utf-8")
    ended = programs.start("whoson-load", "run", "broken.py", "-t", "2s", "--out", "out").end()
    assert ended.code == 1
    assert "ValueError: not what I expected" in ended.stderr
    info = RunReader(only_record(programs.folder / "out")).info
    assert (info.ending, info.exit_code) == (Ending.FINISHED, 1)


def _table(stdout: str) -> str:
    return stdout.partition("Latencies\n")[2].partition("\n\n")[0]
