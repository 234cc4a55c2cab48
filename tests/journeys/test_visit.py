from __future__ import annotations

import random
import socket
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from gevent import GreenletExit

from tests.client.scripted import FakeClock, ScriptedLine
from whoson_load.client import connection as connection_module
from whoson_load.client import session as session_module
from whoson_load.client.session import ChatSession, Visitor
from whoson_load.client.target import Target
from whoson_load.errors import (
    ConnectError,
    Fault,
    LocalProtocolError,
    RemoteProtocolError,
    ReplyTimeout,
    SessionClosed,
    TargetError,
)
from whoson_load.journeys.visit import outcome_of, visit
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.recorder import Recorder
from whoson_load.protocol.events import Error
from whoson_load.visitors.patience import MANNERS
from whoson_load.visitors.persona import Personas

NO_WEBSOCKET = {
    Fault.UNRESOLVED: Outcome.REFUSED,
    Fault.REFUSED: Outcome.REFUSED,
    Fault.CONNECT_TIMEOUT: Outcome.TIMED_OUT,
    Fault.TLS_FAILED: Outcome.REFUSED,
    Fault.PROXY_REFUSED: Outcome.REFUSED,
    Fault.UPGRADE_REFUSED: Outcome.REFUSED,
    Fault.REDIRECTED: Outcome.REFUSED,
    Fault.ACCESS_DENIED: Outcome.REFUSED,
    Fault.RESET: Outcome.REFUSED,
    Fault.INVALID_FRAME: Outcome.REFUSED,
    Fault.GENERATOR_LIMIT: Outcome.FAILED,
}
"""What a ConnectError can be, and what the visit then counts as."""

ENDS = {
    SessionClosed(Fault.CLOSED, "", 1000): (Outcome.REFUSED, Outcome.DROPPED),
    SessionClosed(Fault.CLOSED, "", 1008): (Outcome.REFUSED, Outcome.DROPPED),
    SessionClosed(Fault.CLOSED, "", 1012): (Outcome.REFUSED, Outcome.DROPPED),
    SessionClosed(Fault.RESET): (Outcome.REFUSED, Outcome.DROPPED),
    SessionClosed(Fault.HALF_FRAME): (Outcome.REFUSED, Outcome.DROPPED),
    SessionClosed(Fault.TLS_FAILED): (Outcome.REFUSED, Outcome.DROPPED),
    SessionClosed(Fault.REPLY_TIMEOUT): (Outcome.TIMED_OUT, Outcome.TIMED_OUT),
    RemoteProtocolError(Fault.INVALID_FRAME): (Outcome.FAILED, Outcome.FAILED),
    RemoteProtocolError(Fault.INVALID_UTF8): (Outcome.FAILED, Outcome.FAILED),
    RemoteProtocolError(Fault.INVALID_JSON): (Outcome.FAILED, Outcome.FAILED),
    RemoteProtocolError(Fault.FRAME_TOO_LARGE): (Outcome.FAILED, Outcome.FAILED),
    ReplyTimeout(Fault.REPLY_TIMEOUT): (Outcome.TIMED_OUT, Outcome.TIMED_OUT),
    ReplyTimeout(Fault.IDLE_TIMEOUT): (Outcome.TIMED_OUT, Outcome.TIMED_OUT),
}
"""How an open connection can end, and what the visit then counts as: before there was a session, and after."""


def visitor() -> Visitor:
    """Anybody."""
    return Visitor(Personas(1, "run7").persona(3), MANNERS, random.Random(1), "run7")


def target(port: int = 8009, **options: Any) -> Target:  # noqa: ANN401 (those of Target.read)
    """On this machine."""
    return Target.read(f"ws://127.0.0.1:{port}", domain="www.mycompany.com", environment={}, **options)


@pytest.fixture
def recorder() -> Recorder:
    """One whose counts a test reads."""
    return Recorder("test")


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> ScriptedLine:
    """What is dialled: a server that answers as the specification says, under a clock of its own."""
    clock = FakeClock()
    for module in (connection_module, session_module):
        monkeypatch.setattr(module, "monotonic_ns", clock.monotonic_ns)
        monkeypatch.setattr(module, "wall_ns", clock.wall_ns)
    scripted = ScriptedLine(clock)
    scripted.serve()
    monkeypatch.setattr(connection_module, "open_line", lambda *_: scripted)
    return scripted


def browse(chat: ChatSession) -> Outcome:
    """Connect, and look around."""
    chat.connect()
    chat.idle(10)
    return Outcome.BROWSED


@pytest.mark.parametrize("fault, outcome", NO_WEBSOCKET.items())
@pytest.mark.parametrize("connected", [False, True])
def test_what_no_websocket_counts_as(fault: Fault, outcome: Outcome, connected: bool) -> None:
    """The same at a second connection of a visit as at its first."""
    assert outcome_of(ConnectError(fault), connected=connected) is outcome


@pytest.mark.parametrize("end, outcomes", ENDS.items(), ids=lambda each: repr(each)[:60])
def test_what_an_end_counts_as(end: TargetError, outcomes: tuple[Outcome, Outcome]) -> None:
    """A connection that ends before there is a session was refused, in one of the ways in which servers do."""
    assert (outcome_of(end, connected=False), outcome_of(end, connected=True)) == outcomes


def test_every_fault_is_in_these_tables() -> None:
    """One that is added has to be thought about here, too; an upload that is refused ends no visit."""
    assert {*NO_WEBSOCKET, *(end.fault for end in ENDS), Fault.UPLOAD_REFUSED} == set(Fault)


def test_a_visit_that_goes_well_counts_as_its_journey_says(line: ScriptedLine, recorder: Recorder) -> None:
    """Once, and the connection is closed in good order."""
    assert visit(browse, target(), visitor(), recorder) == (Outcome.BROWSED, None)
    assert recorder.roll(0, 0).tally.outcomes == {"browsed": 1}
    assert line.closed
    assert line.abandoned


@pytest.mark.parametrize("connected", [False, True])
@pytest.mark.parametrize("end", [each for each in ENDS if not isinstance(each, ReplyTimeout)], ids=repr)
def test_a_visit_that_the_target_ends_counts_once(
    end: TargetError, connected: bool, line: ScriptedLine, recorder: Recorder
) -> None:
    """Before or after `connected`; the error is handed back, and goes no further."""
    line.later((1, end))
    if not connected:
        line.answers.clear()
    outcome, problem = visit(browse, target(), visitor(), recorder)
    assert (outcome, problem) == (ENDS[end][connected], end)
    tally = recorder.roll(0, 0).tally
    assert tally.outcomes == {outcome.value: 1}
    assert set(tally.faults) == {end.fault.value}
    assert line.abandoned


def test_a_visit_without_an_answer_counts_once(line: ScriptedLine, recorder: Recorder) -> None:
    """As timed out."""
    line.answers.clear()
    outcome, problem = visit(browse, target(), visitor(), recorder)
    assert outcome is Outcome.TIMED_OUT
    assert isinstance(problem, ReplyTimeout)
    assert recorder.roll(0, 0).tally.outcomes == {"timed_out": 1}


def test_a_visit_that_is_denied_counts_once(line: ScriptedLine, recorder: Recorder) -> None:
    """As refused, however late in the handshake."""
    line.answers["Connect"] = [(0.01, Error(description="Access Denied"))]
    outcome, problem = visit(browse, target(), visitor(), recorder)
    assert outcome is Outcome.REFUSED
    assert problem is not None
    assert problem.fault is Fault.ACCESS_DENIED
    assert recorder.roll(0, 0).tally.outcomes == {"refused": 1}


@pytest.mark.parametrize("fault", NO_WEBSOCKET)
def test_a_visit_without_a_connection_counts_once(
    fault: Fault, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is an error of `connect`."""

    def refuse(*_: object) -> None:
        raise ConnectError(fault)

    monkeypatch.setattr(connection_module, "dial", refuse)
    outcome, problem = visit(browse, target(), visitor(), recorder)
    assert outcome is NO_WEBSOCKET[fault]
    assert problem is not None
    tally = recorder.roll(0, 0).tally
    assert tally.outcomes == {outcome.value: 1}
    assert tally.errors == {"connect": {fault.value: 1}}


def test_a_visit_to_a_closed_port_counts_once(recorder: Recorder) -> None:
    """Through all of it, down to the kernel's word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    outcome, problem = visit(browse, target(port), visitor(), recorder)
    assert outcome is Outcome.REFUSED
    assert problem is not None
    assert problem.fault is Fault.REFUSED
    assert recorder.roll(0, 0).tally.outcomes == {"refused": 1}


@pytest.mark.parametrize("bug", [ZeroDivisionError("oops"), LocalProtocolError("out of order")])
def test_a_bug_in_a_journey_counts_as_failed_and_is_told(
    bug: Exception, line: ScriptedLine, recorder: Recorder
) -> None:
    """The chat is quit all the same: no operator waits for nobody."""

    def journey(chat: ChatSession) -> Outcome:
        chat.connect()
        chat.hello()
        raise bug

    with pytest.raises(type(bug)):
        visit(journey, target(), visitor(), recorder)
    assert recorder.roll(0, 0).tally.outcomes == {"failed": 1}
    assert line.names[-1] == "Quit"
    assert line.closed


def test_a_visit_that_the_runs_end_cuts_short_has_no_outcome(line: ScriptedLine, recorder: Recorder) -> None:
    """It did not end: it was ended, by us, after a Quit."""
    line.later((1, GreenletExit()))
    with pytest.raises(GreenletExit):
        visit(browse, target(), visitor(), recorder)
    assert recorder.roll(0, 0).tally.outcomes == {}
    assert line.names[-1] == "Quit"


def test_connect_is_timed_from_when_the_visitor_was_due(line: ScriptedLine, recorder: Recorder) -> None:
    """An arrival that was late makes the visitor wait, and that counts."""
    visit(browse, target(), visitor(), recorder, due_ns=line.clock.wall_ns() - 2_000_000_000)
    assert recorder.roll(0, 0).series["connect"].max_ns == 2_010_000_000


def test_what_a_visit_needs_of_a_connection_is_asked_for_once(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One dial a visit, with the target and the visitor it was given."""
    asked: list[SimpleNamespace] = []
    clock = FakeClock()

    def open_line(*given: object) -> ScriptedLine:
        asked.append(SimpleNamespace(given=given))
        return ScriptedLine(clock)

    monkeypatch.setattr(connection_module, "open_line", open_line)
    where, who = target(), visitor()
    leave: Callable[[ChatSession], Outcome] = lambda chat: Outcome.BROWSED  # noqa: E731
    visit(leave, where, who, recorder)
    assert [each.given for each in asked] == [(where, who, recorder)]
