from __future__ import annotations

import pytest

from whoson_load.errors import ConnectError, Fault, RemoteProtocolError, ReplyTimeout, SessionClosed, TargetError
from whoson_load.journeys.visit import outcome_of
from whoson_load.measurement.outcome import Outcome
from whoson_load.simulator.settings import AccessSettings
from whoson_load.swarm.guard import MOST_REFUSALS, Gatekeeper, RefusalRow

DENIED = ConnectError(Fault.ACCESS_DENIED, "Access Denied")

REFUSALS = {
    "error instead of connected": DENIED,
    "403": ConnectError(Fault.UPGRADE_REFUSED, "HTTP 403", 403),
    "429": ConnectError(Fault.UPGRADE_REFUSED, "HTTP 429", 429),
    "reset during the upgrade": ConnectError(Fault.RESET),
    "reset before connected": SessionClosed(Fault.RESET),
    "closed before connected": SessionClosed(Fault.CLOSED, "", 1008),
}
NO_REFUSALS = {
    "closed port": ConnectError(Fault.REFUSED),
    "503": ConnectError(Fault.UPGRADE_REFUSED, "HTTP 503", 503),
    "no address": ConnectError(Fault.UNRESOLVED),
    "silence": ConnectError(Fault.CONNECT_TIMEOUT),
    "no answer": ReplyTimeout(Fault.REPLY_TIMEOUT),
    "no more descriptors": ConnectError(Fault.GENERATOR_LIMIT),
    "nonsense": RemoteProtocolError(Fault.INVALID_JSON),
    "a wrong certificate": ConnectError(Fault.TLS_FAILED),
}


def note(gatekeeper: Gatekeeper, problem: TargetError | None, times: int = 1) -> None:
    """Let visits end so, before they were connected, or well."""
    outcome = Outcome.SERVED if problem is None else outcome_of(problem, connected=False)
    for _ in range(times):
        gatekeeper.note(outcome, problem)


@pytest.mark.parametrize("problem", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_target_that_keeps_refusing_stops_the_run_once(problem: TargetError) -> None:
    """Twenty in a row do, nineteen do not, and more say nothing new."""
    stopped: list[str] = []
    gatekeeper = Gatekeeper(RefusalRow(stopped.append).hear)
    note(gatekeeper, problem, MOST_REFUSALS - 1)
    assert not stopped
    assert not gatekeeper.shut
    note(gatekeeper, problem, 3)
    assert stopped == [str(problem)]
    assert gatekeeper.shut


@pytest.mark.parametrize("problem", NO_REFUSALS.values(), ids=NO_REFUSALS.keys())
def test_a_target_that_is_down_or_busy_does_not(problem: TargetError) -> None:
    """A closed port, an overload and a time-out are what a load test may want to see."""
    stopped: list[str] = []
    gatekeeper = Gatekeeper(RefusalRow(stopped.append).hear)
    note(gatekeeper, problem, 10 * MOST_REFUSALS)
    assert not stopped
    assert not gatekeeper.shut


def test_a_visitor_let_in_ends_the_row() -> None:
    """Refusals count in a row only."""
    stopped: list[str] = []
    gatekeeper = Gatekeeper(RefusalRow(stopped.append).hear)
    for _ in range(10):
        note(gatekeeper, DENIED, MOST_REFUSALS - 1)
        note(gatekeeper, None)
    assert not stopped
    assert not gatekeeper.shut


def test_what_says_nothing_neither_counts_nor_ends_the_row() -> None:
    """A closed port between refusals leaves the row as it is."""
    stopped: list[str] = []
    gatekeeper = Gatekeeper(RefusalRow(stopped.append).hear)
    note(gatekeeper, DENIED, MOST_REFUSALS - 1)
    note(gatekeeper, NO_REFUSALS["closed port"], 5)
    note(gatekeeper, DENIED)
    assert len(stopped) == 1


def test_a_break_after_connecting_is_no_refusal() -> None:
    """A connection that ends in the middle of a chat was let in."""
    told: list[str | None] = []
    gatekeeper = Gatekeeper(told.append)
    broken = SessionClosed(Fault.RESET)
    for _ in range(MOST_REFUSALS):
        gatekeeper.note(outcome_of(broken, connected=True), broken)
    assert told == []


def test_workers_refusals_add_up() -> None:
    """Two workers behind one address reach the limit together; one that is let in makes up for its own row only."""
    stopped: list[str] = []
    row = RefusalRow(stopped.append)
    workers = [Gatekeeper(row.hear), Gatekeeper(row.hear)]
    fortunate = Gatekeeper(row.hear)
    for _ in range(MOST_REFUSALS // 2):
        for gatekeeper in workers:
            note(gatekeeper, DENIED)
            note(fortunate, None)
    assert len(stopped) == 1


def test_a_run_that_stops_in_time_is_not_blacklisted_by_the_simulator() -> None:
    """Its site's own limit is no lower than the guard's: a rehearsal with a wrong key shows the guard at work."""
    assert AccessSettings().bad_connects > MOST_REFUSALS
