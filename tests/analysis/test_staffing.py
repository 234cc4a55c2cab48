"""Staffing from runs whose queue is simulated here: predicted against what happened."""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter

import msgspec
import pytest

from whoson_load.analysis.erlang import ErlangA
from whoson_load.analysis.staffing import crowd, servers_for, staffing
from whoson_load.measurement.answer import Part, Parts
from whoson_load.measurement.histogram import Histogram
from whoson_load.measurement.interval import Totals
from whoson_load.measurement.outlook import Crowd
from whoson_load.measurement.run import SeriesFigures, Summary, TimelineLine, summarize
from whoson_load.measurement.tally import Tally
from whoson_load.measurement.trust import Judgement, Verdict

S = 1_000_000_000
STEP_S = 5.0
MOVES = {"accepted": (1, 0), "abandoned": (-1, 0), "operatorjoined": (-1, 1), "left": (0, -1)}
"""What each does to how many wait, and how many chat."""


def happened(rate_per_s: float, chat_s: float, patience_s: float, servers: int, lasts_s: float, seed: int) -> Crowd:
    """The crowd of a queue that really went on, as a record would tell it: first come, first served."""
    rng = random.Random(seed)
    free = [0.0] * servers
    events: list[tuple[float, str]] = []
    waits = Totals()
    waits.series["operatorjoined"] = Histogram()
    at = 0.0
    while (at := at + rng.expovariate(rate_per_s)) < lasts_s:
        events.append((at, "accepted"))
        patience = rng.expovariate(1 / patience_s)
        if free[0] - at > patience:
            events.append((at + patience, "abandoned"))
            continue
        begun = max(at, heapq.heappop(free))
        left = begun + rng.expovariate(1 / chat_s)
        heapq.heappush(free, left)
        events += [(begun, "operatorjoined"), (left, "left")]
        waits.series["operatorjoined"].record(round((begun - at) * 1e9))
    counts = Counter((int(when // STEP_S), name) for when, name in events)
    lines = []
    waiting = chatting = 0
    for number in range(int(lasts_s / STEP_S)):
        here = {name: counts[number, name] for name in MOVES}
        waiting += sum(count * MOVES[name][0] for name, count in here.items())
        chatting += sum(count * MOVES[name][1] for name, count in here.items())
        lines.append(
            TimelineLine(
                start_ns=int(STEP_S * number * S),
                end_ns=int(STEP_S * (number + 1) * S),
                series={each: SeriesFigures(here[each], 0) for each in ("accepted", "operatorjoined")},
                tally=Tally(outcomes={"abandoned": here["abandoned"]}),
                gauges={"visits queued": waiting, "visits chatting": chatting},
            )
        )
    summary = summarize(waits, Judgement(verdict=Verdict.TRUSTED, reason=""))
    steady = Part(start_ns=0, end_ns=int(lasts_s * S), intervals=len(lines), in_progress=0.0)
    seen = crowd(with_parts(summary, steady), lines)
    assert seen is not None
    return seen


def with_parts(summary: Summary, steady: Part | None) -> Summary:
    """A summary whose steady part this is."""
    return msgspec.structs.replace(
        summary, parts=Parts(steady=steady, reason=""), steady=summary.series if steady else None
    )


@pytest.mark.parametrize("servers, patience_s", [(8, 300.0), (10, 300.0), (10, 60.0), (14, 120.0)])
def test_the_queue_predicts_what_happens(servers: int, patience_s: float) -> None:
    """Ten erlangs over a day and a half: wait and abandonment within a tenth, or three seconds, or half a percent."""
    seen = happened(1 / 18, 180.0, patience_s, servers, 120_000, seed=servers)
    told = staffing(seen, servers)
    assert told.predicted_s is not None
    assert told.gave_up_predicted is not None
    assert seen.chat_s == pytest.approx(180, rel=0.05)
    assert seen.patience_s == pytest.approx(patience_s, rel=0.12)
    assert told.predicted_s == pytest.approx(told.measured_s, rel=0.1, abs=3.0)
    assert told.gave_up_predicted == pytest.approx(told.gave_up_measured, rel=0.1, abs=0.005)


def test_the_busiest_moment_tells_the_servers() -> None:
    """Where a queue stood, all operators were busy: as many chats as there can be."""
    seen = happened(1 / 18, 180.0, 300.0, 8, 20_000, seed=1)
    told = staffing(seen)
    assert (told.servers, told.told) == (8, False)


def test_who_was_cut_off_chats_no_longer() -> None:
    """A connection that breaks says no goodbye; such chats must not pile up as operators that nobody has."""
    lines = [
        TimelineLine(
            start_ns=number * S,
            end_ns=(number + 1) * S,
            series={each: SeriesFigures(2, 0) for each in ("accepted", "operatorjoined")},
            tally=Tally(outcomes={"served": 1, "dropped": 1}, commands={"Quit": 1}),
            gauges={"visits waiting": 1, "visits queued": 2, "visits chatting": 12},
        )
        for number in range(60)
    ]
    waits = Totals()
    waits.series["operatorjoined"] = Histogram()
    waits.series["operatorjoined"].record(S)
    summary = summarize(waits, Judgement(verdict=Verdict.TRUSTED, reason=""))
    seen = crowd(with_parts(summary, Part(start_ns=0, end_ns=60 * S, intervals=60, in_progress=0.0)), lines)
    assert seen is not None
    assert (seen.waiting, seen.chatting, seen.busiest) == (3.0, 12.0, 12)


def a_crowd(**changed: float) -> Crowd:
    """100 chats of 200 s in 2,000 s: ten at once, nobody waits."""
    known = {
        "lasts_s": 2000.0,
        "asked": 100,
        "joined": 100,
        "gave_up": 0,
        "waiting": 0.0,
        "chatting": 10.0,
        "busiest": 16,
        "waited_s": 0.2,
    }
    return Crowd(**{**known, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed, servers, said",
    [
        ({}, 20, "Nobody waited long for an operator: 0.20 s"),
        ({"waited_s": 15.0}, 30, "not too few operators but how long a free one, or the server, takes"),
        ({"waited_s": 60.0}, 11, "too few operators make visitors wait"),
        ({"waited_s": 60.0}, 13, "too few operators are a part of it"),
    ],
)
def test_it_says_who_makes_people_wait(changed: dict[str, float], servers: int, said: str) -> None:
    """And what 80 % in 20 s would take."""
    told = staffing(a_crowd(**changed), servers)
    assert said in told.said
    assert f"at 3 chats a minute you need operators for {told.needed} chats at once" in told.said


def test_a_queue_that_grows_for_ever_is_said_to() -> None:
    """More chats than operators can hold, and nobody gives up."""
    told = staffing(a_crowd(), 9)
    assert told.predicted_s is None
    assert "grows for ever" in told.said


def test_without_a_queue_the_servers_are_not_guessed() -> None:
    """The most chats that were seen are then just the most that were asked for."""
    told = staffing(a_crowd(busiest=0))
    assert told.servers is None
    assert "(whoson-load report RUN --servers N tells it). For 80% answered in 20 s at 3 chats a minute" in told.said


def test_a_queue_is_not_denied_where_it_does_not_tell_the_servers() -> None:
    """Operators who come and go: people queue while few are there, and more chat while many are."""
    told = staffing(a_crowd(busiest=0, waiting=3.0, waited_s=40.0))
    assert told.servers is None
    assert told.said.startswith("Visitors waited 40.0 s for an operator, yet most chatted when nobody queued, so how")


def test_a_free_operator_tells_that_the_wait_was_no_queue() -> None:
    """Many operators, all calm: nobody waits when most are busy."""
    assert happened(1 / 18, 180.0, 300.0, 60, 5_000, seed=1).busiest == 0


def test_seats_are_said_to_be_no_crowd() -> None:
    """In the closed model visitors come when others leave."""
    told = staffing(a_crowd(by_chance=False), 20)
    assert told.said.endswith("its figures are rough.")


def test_too_little_is_not_reckoned_with() -> None:
    """Nor a run without a steady part."""
    assert "from 29 visitors who got an operator; 30 are the fewest" in staffing(a_crowd(joined=29)).said
    assert "from 28 visitors who asked for an operator; 30" in staffing(a_crowd(joined=31, asked=28)).said
    assert "no interval tells of anybody" in staffing(a_crowd(chatting=0.0)).said
    assert "no steady part" in staffing(None).said
    empty = summarize(Totals(), Judgement(verdict=Verdict.TRUSTED, reason=""))
    assert crowd(with_parts(empty, None), []) is None


@pytest.mark.parametrize("patience_s", [60.0, 300.0, math.inf])
def test_the_servers_needed_are_the_fewest(patience_s: float) -> None:
    """One fewer does not do."""
    needed = servers_for(0.05, 200.0, patience_s, 0.8, 20.0)
    assert ErlangA(0.05, 200.0, patience_s, needed).answered_within(20) >= 0.8
    assert ErlangA(0.05, 200.0, patience_s, needed - 1).answered_within(20) < 0.8


def test_human_times_follow_the_pace() -> None:
    """At pace 20 a second is twenty of life."""
    told = staffing(a_crowd(), 20, pace=20)
    assert "80% answered in 20 s at 0.15 chats a minute (times as in life; this run was 20 times as fast)" in told.said
    assert told.said.startswith(
        "Visitors waited 4.0 s for an operator; with 20 chats at once the queue alone explains 1.5 s"
    )
    assert told.needed == servers_for(0.05, 200.0, a_crowd().patience_s or 0.0, 0.8, 1.0)
