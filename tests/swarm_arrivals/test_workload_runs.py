"""Whole runs of both models as users start them, held against what the simulator counted."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from tests.programs import Programs, wait_until
from tests.swarm_arrivals.scenarios import (
    FROZEN,
    OPEN,
    RAMP,
    REPLAYED,
    SCENARIOS,
    SEED,
    SHARED,
    SHORT_SPIKE,
    SOAK,
    SPIKE,
    Ran,
    Scenario,
    come_and_go,
    due,
    finish,
    start,
    start_and_stop,
)
from whoson_load.measurement.run import Ending
from whoson_load.measurement.sample import CONNECT
from whoson_load.record.reader import RunReader
from whoson_load.visitors.persona import Personas

pytestmark = pytest.mark.skipif(os.name == "nt", reason="started by POSIX sessions and signals")


@dataclass(frozen=True)
class Background:
    """What goes on at the same time as the scenarios, for the sake of the tests' time."""

    pages: tuple[Future[None], ...]
    shared: Future[Ran]


@pytest.fixture(scope="module")
def background(shared_programs: Programs) -> Iterator[Background]:
    """Two web pages and a run whose workers come and go."""
    with ThreadPoolExecutor(3) as pool:
        yield Background(
            (
                pool.submit(start_and_stop, shared_programs),
                pool.submit(start_and_stop, shared_programs, "--processes", "2"),
            ),
            pool.submit(come_and_go, shared_programs),
        )


@pytest.fixture(scope="module")
def ran(shared_programs: Programs, background: Background) -> dict[str, Ran]:  # noqa: ARG001  # begun before
    """All scenarios, some at the same time, each against a simulator of its own."""

    def run(scenario: Scenario) -> Ran:
        simulator = shared_programs.simulate("--pace", "100")
        scenario.before(simulator)
        program, out = start(shared_programs, simulator, *scenario.options)
        scenario.meanwhile(simulator)
        return finish(simulator, program, out)

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(SCENARIOS, pool.map(run, SCENARIOS.values()), strict=True))


@pytest.mark.parametrize("name, curve", [("arrivals", RAMP), ("spike", SHORT_SPIKE)])
def test_an_open_run_makes_the_seeded_arrivals_and_ends(name: str, curve: str, ran: dict[str, Ran]) -> None:
    """In one process and with two workers: as many as the schedule has, each one once, and then it is over."""
    run, expected = ran[name], due(curve)
    assert run.ended.code == 0, run.ended.stderr
    assert run.record.info.ending is Ending.FINISHED
    assert "whoson-load run: visitors come for " in run.ended.stderr
    assert run.state["commands"]["Connect"] == len(expected)
    personas = Personas(SEED, "tag")
    met = {chat["visitor_ip"] for chat in run.chats}
    assert met <= {personas.persona(number).ip for number, _ in expected}
    assert run.state["incidents"]["dropped_visits"] == 0


@pytest.mark.parametrize("name, curve", [("arrivals", RAMP), ("spike", SHORT_SPIKE)])
def test_the_record_counts_each_arrival(name: str, curve: str, ran: dict[str, Ran]) -> None:
    """Due, begun and ended are the same number; so are connects and outcomes; the terminal says so."""
    run, expected = ran[name], len(due(curve))
    counted = {kind: count for kind, count in run.summary.arrivals.items() if kind != "late"}
    assert counted == {"due": expected, "begun": expected, "ended": expected}
    assert run.summary.series[CONNECT].count == expected
    assert sum(run.summary.outcomes.values()) == expected
    assert run.summary.outcomes["failed"] == 0
    assert f"Arrivals: {expected} due, " in run.ended.stdout


def test_the_run_time_ends_arrivals_that_have_no_end(ran: dict[str, Ran]) -> None:
    """-t holds in the open model, and -u, which does not, is said to; those in progress quit their chats."""
    run = ran["time"]
    assert run.ended.code == 0, run.ended.stderr
    assert "-u and -r have no say" in run.ended.stderr
    # Who came in the last instant is stopped while it dials, before it has said anything.
    assert 0 <= run.summary.arrivals["due"] - run.state["commands"]["Connect"] <= 2
    assert run.summary.arrivals["begun"] == run.summary.arrivals["due"]
    assert run.summary.commands["Connect"] == run.state["commands"]["Connect"]
    assert run.state["commands"]["Connect"] > 0
    assert run.state["incidents"]["dropped_visits"] == 0


def test_a_soak_keeps_its_population(ran: dict[str, Ran]) -> None:
    """Seats take one visitor after another until the time is over."""
    run = ran["soak"]
    assert run.ended.code == 0, run.ended.stderr
    assert run.state["commands"]["Connect"] > 8
    assert "due" not in run.summary.arrivals
    assert run.summary.outcomes["failed"] == 0
    assert run.record.info.options["num_users"] == 8


def test_while_the_server_freezes_visitors_go_on_arriving(ran: dict[str, Ran]) -> None:
    """Nobody waits for the server before arriving, and whoever was due in the freeze has its rest in `connect`."""
    run, expected = ran["freeze"], due(FROZEN)
    assert run.ended.code == 0, run.ended.stderr
    assert run.summary.arrivals["due"] == run.summary.series[CONNECT].count == len(expected)
    # Whoever is due in the freeze's first half waits for a second at least. The freeze begins after the tenth arrival;
    # no second that does, and ends in time, has fewer arrivals than this:
    at_s = [at_ns / 1e9 for _, at_ns in expected[10:]]
    fewest = min(sum(begin < each <= begin + 1 for each in at_s) for begin in at_s if begin < 7)
    assert fewest > 8
    assert slow_connects(run.record) >= fewest


def slow_connects(record: RunReader) -> int:
    """How many connects took about a second or longer."""
    buckets = record.totals().series[CONNECT].buckets()
    return sum(bucket.count for bucket in buckets if bucket.high_ns >= 990_000_000)


@pytest.mark.parametrize("name", ["refused", "refused with workers", "refused seats"])
def test_a_target_that_keeps_refusing_is_left_alone(name: str, ran: dict[str, Ran]) -> None:
    """Twenty refusals in a row stop the run with exit code 5 and one line, however many visitors are still to come."""
    run = ran[name]
    assert run.ended.code == 5, run.ended.stderr
    assert run.record.info.ending is Ending.GUARDED
    told = [line for line in run.ended.stderr.splitlines() if line.startswith("whoson-load: 20 visits in a row")]
    assert len(told) == 1
    assert "HTTP 403" in told[0]
    # Those who are on their way at that moment are not called back.
    assert 20 <= run.state["faults"]["refused_upgrade"] <= 60


def test_one_visitors_visit_replays_alone(ran: dict[str, Ran]) -> None:
    """The same seed and number: the same person says the same lines and gives the same answers."""
    full, replay = ran["arrivals"], ran["replay"]
    assert replay.ended.code == 0, replay.ended.stderr
    assert replay.state["commands"]["Connect"] == 1
    (alone,) = replay.chats
    address = Personas(SEED, "tag").persona(REPLAYED).ip
    (among_others,) = [chat for chat in full.chats if chat["visitor_ip"] == address]
    assert said(alone) == said(among_others)
    assert len(said(alone)) > 3


def said(chat: dict[str, Any]) -> list[str]:
    """Name, answers and lines of a visitor, without what bears the run's own tag."""
    lines = [line["content"] for line in chat["lines"] if line["classname"] == "linev"]
    lines = [re.sub(r"\bwl[a-z0-9]+\b ?", "", line) for line in lines]
    name = chat["visitor"].rpartition(" ")[0]
    answers = re.sub(rf"{re.escape(name)} \w+", name, json.dumps(chat["answers"]))
    return [name, answers, *lines]


def test_the_web_page_starts_and_stops_arrivals(background: Background) -> None:
    """Start, stop and start again: Locust's own count shows the visitors there are, and none after the stop."""
    for page in background.pages:
        page.result()


def test_workers_that_come_and_go_leave_the_total_rate_right(background: Background) -> None:
    """A worker killed is noted, and from a known moment on the other makes all arrivals; so with one that joins."""
    shared = background.shared.result()
    assert shared.ended.code in (0, 4), shared.ended.stderr  # 4 once a lost worker's reports make a run invalid
    notes = shared.record.info.notes
    moments = {
        what: float(found[1])
        for what in ("joined", "gone")
        for note in notes
        if what in note and (found := re.search(r"from (\d+) s on", note)) is not None
    }
    assert set(moments) == {"joined", "gone"}, notes
    number_of = {Personas(SEED, "tag").persona(number).ip: number for number, _ in due(SHARED)}
    met = {number_of[chat["visitor_ip"]] for chat in shared.chats}
    assert len(met) == len(shared.chats) == shared.state["chats_total"]
    missing = [arrival for arrival in due(SHARED) if arrival.number not in met]
    assert missing
    # The moments are rounded to seconds.
    assert max(arrival.at_ns for arrival in missing) / 1e9 <= max(moments.values()) + 1


def test_ctrl_c_lets_the_visitors_of_an_endless_run_say_goodbye(programs: Programs) -> None:
    """No more arrive, those in progress quit their chats, and the record is whole."""
    simulator = programs.simulate("--pace", "20")
    program, out = start(programs, simulator, OPEN, "--arrivals", "constant 10/s", "--pace", "20")
    wait_until(lambda: simulator.get("/state")["commands"]["Hello"] > 5, 30, "no visitor chatted")
    program.interrupt()
    run = finish(simulator, program, out)
    assert run.ended.code == 0, run.ended.stderr
    assert run.record.info.ending is Ending.INTERRUPTED
    assert run.state["incidents"]["dropped_visits"] == 0
    assert run.summary.arrivals["due"] == run.state["commands"]["Connect"]


def test_a_locustfile_that_breaks_ends_the_run(programs: Programs) -> None:
    """Where no visitor can be made, nobody waits for ever for the next one: exit code 1, and the reason is shown."""
    broken = programs.folder / "broken.py"
    broken.write_text(BROKEN, encoding="utf-8")
    simulator = programs.simulate()
    program, out = start(programs, simulator, str(broken))
    run = finish(simulator, program, out)
    assert run.ended.code == 1
    assert "ValueError: no visitor today" in run.ended.stderr
    assert run.summary.arrivals == {"due": 1}


BROKEN = """
from locust import task
from whoson_load import ChatVisitor, everyday


class Visitor(ChatVisitor):
    arrivals = "constant 5/s"

    def __init__(self, environment):
        super().__init__(environment)
        raise ValueError("no visitor today")

    @task
    def chat(self):
        self.visit(everyday)
"""


def test_a_soak_lasts_hours_where_nobody_says_otherwise(programs: Programs) -> None:
    """The population and the time that the locustfile names are the run's."""
    planned = programs.start("whoson-load", "run", SOAK, "--plan").end()
    assert planned.code == 0, planned.stderr
    assert planned.stdout.startswith("Closed model: 100 seats, 0.5 more each second; about ")
    assert "visits in 8 h." in planned.stdout.splitlines()[0]


def test_a_plan_sends_nothing(programs: Programs) -> None:
    """Drawn before anything is sent: arrivals per minute and chats in progress, and no connection."""
    simulator = programs.simulate()
    planned = programs.start("whoson-load", "run", SPIKE, "--plan", "--host", simulator.chat, "--processes", "2").end()
    assert planned.code == 0, planned.stderr
    assert planned.stderr == ""
    assert planned.stdout.startswith("Open model: about 480 arrivals in 15 min.")
    assert "Expected arrivals per minute (at most 200)" in planned.stdout
    assert "Expected chats in progress" in planned.stdout
    assert simulator.get("/state")["commands"]["Connect"] == 0
    assert not list(programs.folder.glob("reports"))
    simulator.stop()


@pytest.mark.parametrize(
    "options, said",
    [
        (("--arrivals", "ramp 0/min too 60/min over 5m"), "column 12: got 'too', expected 'to'"),
        (("--arrivals", ""), "argument --arrivals: got '', expected a curve such as"),
        (("--only-visitor", "5"), "--only-visitor: got no --seed"),
        (("--max-visitors", "0"), "got '0', expected a whole number of 1 or more"),
        (("--visit-length", "soon"), "got 'soon', expected a time"),
        (("--plan", "--site", "nosuch"), "nosuch"),
    ],
)
def test_a_workload_that_is_none_ends_in_one_line(programs: Programs, options: tuple[str, ...], said: str) -> None:
    """Exit code 2, one line, no traceback."""
    ended = programs.start("whoson-load", "run", OPEN, *options).end()
    assert ended.code == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith("whoson-load")
    assert said in line
