from __future__ import annotations

import pytest
from gevent import GreenletExit

from tests.client.beginnings import begin_chat, bring
from tests.client.kinds import Counted, MakeChat
from whoson_load.errors import (
    Fault,
    SessionClosed,
)
from whoson_load.protocol.conversation import State
from whoson_load.protocol.events import Queue, Typing


@pytest.mark.parametrize("where", ["", "connected", "waiting", "chatting", "ended"])
def test_leaving_in_good_order(where: str, make_chat: MakeChat, counted: Counted) -> None:
    """The closing handshake, under its own deadline; what still comes is heard, and nothing is an error."""
    chat, line, clock = make_chat(close_s=2)
    with chat:
        bring(chat, line, where)
        counted()
        line.later((1, Typing()), (5, Typing()))
        left_s = clock.passed_s
    assert line.closed
    assert line.abandoned
    assert clock.passed_s == left_s + 2
    counts = counted()
    assert counts.events == {"typing": 1}
    assert (counts.errors, counts.faults, counts.close_codes) == ({}, {}, {})


@pytest.mark.parametrize(
    "where, quits", [("", False), ("connected", True), ("waiting", True), ("chatting", True), ("ended", False)]
)
@pytest.mark.parametrize("why", [GreenletExit(), RuntimeError("a bug in the journey"), KeyboardInterrupt()])
def test_a_visitor_that_is_stopped_leaves_politely(
    where: str, quits: bool, why: BaseException, make_chat: MakeChat, counted: Counted
) -> None:
    """Wherever it is, whyever: Quit where there is a chat to quit, then the closing handshake; nothing is an error."""
    chat, line, _ = make_chat(close_s=2)

    def visit() -> None:
        with chat:
            bring(chat, line, where)
            counted()
            line.sent.clear()
            line.later((1, why))
            chat.idle(60)

    with pytest.raises(type(why)):
        visit()
    assert line.names == (["Quit"] if quits else [])
    assert line.closed
    assert line.abandoned
    assert line.stall_s == 2
    counts = counted()
    assert (counts.errors, counts.faults) == ({}, {})


def test_a_visitor_stopped_over_an_unanswered_line_owes_nobody_an_error(make_chat: MakeChat, counted: Counted) -> None:
    """The run's end is not the server's fault."""
    chat, line, _ = make_chat()

    def visit() -> None:
        with chat:
            bring(chat, line, "chatting")
            counted()
            line.later((1, GreenletExit()))
            chat.say("Hello")

    with pytest.raises(GreenletExit):
        visit()
    counts = counted()
    assert counts.errors == {}
    assert counts.lines == {"sent": 1}


def test_a_server_that_is_gone_when_a_stopped_visitor_quits(make_chat: MakeChat) -> None:
    """Changes nothing: the visitor leaves as it was told to."""
    chat, line, _ = make_chat()

    def visit() -> None:
        with chat:
            bring(chat, line, "chatting")
            line.failure = SessionClosed(Fault.RESET)
            raise GreenletExit

    with pytest.raises(GreenletExit):
        visit()
    assert line.abandoned


def test_quitting_twice_is_quitting_once(make_chat: MakeChat) -> None:
    """The second time there is nothing to quit."""
    chat, line, _ = make_chat()
    begin_chat(chat, line)
    chat.quit()
    chat.quit()
    assert line.names.count("Quit") == 1
    assert chat.state is State.ENDED


def test_a_visitor_that_was_not_picked_up_holds_nobody_to_it_once_it_quits(
    make_chat: MakeChat, counted: Counted
) -> None:
    """`operatorjoined` is no error of a visitor that lost its patience."""
    chat, line, _ = make_chat()
    with chat:
        bring(chat, line, "waiting")
        line.later((1, Queue(position=3)))
        assert chat.wait_for_operator(5) is None
        chat.quit()
    assert counted().errors == {}
