from __future__ import annotations

import random
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from tests.client.beginnings import CONNECTED, begin_chat, bring
from tests.client.kinds import Counted, MakeChat
from tests.client.scripted import PING
from tests.client.scripted import ScriptedLine as Line
from whoson_load.client import connection as connection_module
from whoson_load.client.dial import ConnectParts
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
from whoson_load.measurement.recorder import Recorder
from whoson_load.protocol.conversation import State
from whoson_load.protocol.events import Error, NewLine, Quit, Typing
from whoson_load.visitors.keystrokes import Act, Keystroke
from whoson_load.visitors.patience import MANNERS
from whoson_load.visitors.persona import Personas

ENDS = [
    SessionClosed(Fault.CLOSED, "close code 1012", 1012),
    SessionClosed(Fault.RESET),
    SessionClosed(Fault.HALF_FRAME),
    SessionClosed(Fault.REPLY_TIMEOUT, "the server stopped reading"),
    RemoteProtocolError(Fault.INVALID_FRAME),
    RemoteProtocolError(Fault.INVALID_UTF8),
    RemoteProtocolError(Fault.INVALID_JSON),
    RemoteProtocolError(Fault.FRAME_TOO_LARGE),
]


"""Every end a wire knows."""


STEPS: dict[str, tuple[str, Callable[[ChatSession], object], list[str]]] = {
    "connect": ("", lambda chat: chat.connect(), ["connect", "connect.connected"]),
    "operators": ("connected", lambda chat: chat.operators(), ["operators"]),
    "image": ("connected", lambda chat: chat.image(5), ["image"]),
    "reading": ("connected", lambda chat: chat.idle(60), []),
    "hello": ("connected", lambda chat: chat.hello(), ["accepted", "operatorjoined"]),
    "waiting": ("waiting", lambda chat: chat.wait_for_operator(60), ["operatorjoined"]),
    "typing": ("chatting", lambda chat: chat.play([Keystroke(5, Act.START_TYPING, "")]), []),
    "saying": ("chatting", lambda chat: chat.say("Hello"), ["echo"]),
    "listening": ("chatting", lambda chat: chat.wait_for_reply(60), []),
    "thinking": ("chatting", lambda chat: chat.idle(60), []),
    "sending a file": ("chatting", lambda chat: chat.send_file("a.pdf", "http://x/a.pdf"), []),
    "rating": ("ended", lambda chat: chat.post_survey([("Rating", "5")]), ["acknowledged"]),
}


"""What a visitor does -> where it stands when it begins to, how it is done, and the series that then wait."""


@pytest.mark.parametrize("end", ENDS, ids=lambda end: f"{type(end).__name__} {end.fault}")
@pytest.mark.parametrize("step", STEPS)
def test_whatever_ends_the_connection_ends_the_visit_and_is_counted(
    step: str, end: TargetError, make_chat: MakeChat, counted: Counted
) -> None:
    """At every step: an error of each series that waits, else a fault alone; the connection is dropped."""
    chat, line, _ = make_chat()
    where, do, waiting = STEPS[step]
    bring(chat, line, where)
    counted()
    line.later((1, end))
    with pytest.raises(TargetError) as told, chat:
        do(chat)
    assert told.value is end
    counts = counted()
    assert counts.errors == {series: {end.fault.value: 1} for series in waiting}
    assert set(counts.faults) == {end.fault.value}
    assert counts.close_codes == (
        {str(getattr(end, "close_code", None) or "none"): 1} if isinstance(end, SessionClosed) else {}
    )
    assert line.abandoned
    assert not line.closed


@pytest.mark.parametrize("step", [each for each, (_, _, waiting) in STEPS.items() if waiting and each != "waiting"])
def test_an_answer_that_does_not_come_is_an_error_after_the_deadline(
    step: str, make_chat: MakeChat, counted: Counted
) -> None:
    """To the second, and nothing else is counted for it."""
    chat, line, clock = make_chat(reply_s=7)
    where, do, waiting = STEPS[step]
    bring(chat, line, where)
    counted()
    begun_s = clock.passed_s
    with pytest.raises(ReplyTimeout) as told, chat:
        do(chat)
    assert told.value.fault is Fault.REPLY_TIMEOUT
    assert clock.passed_s == begun_s + 7
    counts = counted()
    assert counts.errors == {series: {"reply_timeout": 1} for series in waiting}
    assert set(counts.faults) == {"reply_timeout"}
    assert counts.close_codes == {}


def test_other_events_do_not_put_a_deadline_off(make_chat: MakeChat) -> None:
    """However many a server sends instead of the one."""
    chat, line, clock = make_chat(reply_s=7)
    bring(chat, line, "chatting")
    line.later(*((number / 10, Typing()) for number in range(600)))
    begun_s = clock.passed_s
    with pytest.raises(ReplyTimeout):
        chat.say("Hello")
    assert clock.passed_s == begun_s + 7


def test_a_server_that_sends_nothing_at_all_is_left_after_the_idle_deadline(
    make_chat: MakeChat, counted: Counted
) -> None:
    """Counted from what arrived last, not from when the visitor began to wait."""
    chat, line, clock = make_chat(idle_s=100)
    begin_chat(chat, line)
    counted()
    heard_s = clock.passed_s
    with pytest.raises(ReplyTimeout) as told, chat:
        all(chat.idle(30) for _ in range(1000))
    assert told.value.fault is Fault.IDLE_TIMEOUT
    assert clock.passed_s == heard_s + 100
    assert counted().faults == {"idle_timeout": 1}


@pytest.mark.parametrize("what", [PING, Typing()])
def test_anything_that_arrives_puts_the_idle_deadline_off(what: object, make_chat: MakeChat) -> None:
    """A ping as well as an event."""
    chat, line, clock = make_chat(idle_s=100)
    begin_chat(chat, line)
    heard_s = clock.passed_s
    line.later((90, what), (180, what))
    with pytest.raises(ReplyTimeout):
        chat.idle(1000)
    assert clock.passed_s == heard_s + 280


def test_the_idle_deadline_cuts_no_other_wait_short(make_chat: MakeChat) -> None:
    """A patience or a reply deadline that is longer than it ends at its own time, as long as the server is alive."""
    chat, line, clock = make_chat(idle_s=10, reply_s=45)
    bring(chat, line, "waiting")
    line.later(*((number * 9, PING) for number in range(1, 40)))
    begun_s = clock.passed_s
    assert chat.wait_for_operator(100) is None
    assert clock.passed_s == begun_s + 100
    assert chat.idle(20)
    assert clock.passed_s == begun_s + 120
    with pytest.raises(ReplyTimeout) as told:
        chat.say("Hello")
    assert told.value.fault is Fault.REPLY_TIMEOUT
    assert clock.passed_s == begun_s + 165


def test_access_denied(make_chat: MakeChat, counted: Counted) -> None:
    """An `error` instead of `connected`: on one line, and without secrets, whatever the server repeats."""
    chat, line, _ = make_chat()
    denied = "Access\r\nDenied for s3cret-auth with\tkey s3cret-key " + "x" * 500
    line.answers["Connect"] = [(0.01, Error(description=denied))]
    with pytest.raises(ConnectError) as told, chat:
        chat.connect()
    assert told.value.fault is Fault.ACCESS_DENIED
    assert told.value.detail.startswith("Access Denied for *** with key *** xxx")
    assert len(told.value.detail) <= 120
    assert chat.state is State.REFUSED
    counts = counted()
    assert counts.errors == {"connect": {"access_denied": 1}, "connect.connected": {"access_denied": 1}}
    assert "connect" not in counts.samples


def test_living_through_whatever_arrives(make_chat: MakeChat, counted: Counted) -> None:
    """For exactly so long."""
    chat, line, clock = make_chat()
    begin_chat(chat, line)
    counted()
    begun_s = clock.passed_s
    line.later((1, Typing()), (2, NewLine(classname="lineo", content="Hi")), (2, PING))
    assert chat.idle(3)
    assert clock.passed_s == begun_s + 3
    assert counted().events == {"typing": 1, "newline": 1}


def test_a_chat_that_ends_ends_a_visitors_thought(make_chat: MakeChat) -> None:
    """At once."""
    chat, line, clock = make_chat()
    begin_chat(chat, line)
    begun_s = clock.passed_s
    line.later((1, Quit()))
    assert chat.idle(30) is False
    assert clock.passed_s == begun_s + 1
    # Whoever thinks on afterwards does so for as long as it said.
    assert chat.idle(30) is True
    assert clock.passed_s == begun_s + 31


def test_the_site_is_known_from_connected_on(make_chat: MakeChat) -> None:
    """To ask for it before is a bug of the journey's."""
    chat, line, _ = make_chat()
    with pytest.raises(LocalProtocolError, match="before `connected`"):
        _ = chat.site
    line.answers["Connect"] = [(0.01, CONNECTED)]
    assert chat.connect() is chat.site


def visitor() -> Visitor:
    """Anybody."""
    return Visitor(Personas(1, "run7").persona(3), MANNERS, random.Random(1), "run7")


def test_a_connection_that_does_not_come_about_is_an_error_of_connect(
    make_target: Callable[..., Target], recorder: Recorder, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the fault."""

    def refuse(*_: object) -> None:
        raise ConnectError(Fault.UPGRADE_REFUSED, "HTTP 503", 503)

    monkeypatch.setattr(connection_module, "dial", refuse)
    with pytest.raises(ConnectError):
        ChatSession.open(make_target("ws://127.0.0.1:8009"), visitor(), recorder)
    assert counted().errors == {"connect": {"upgrade_refused": 1}}


@pytest.mark.parametrize("tls_ns", [None, 30])
@pytest.mark.parametrize("forward", [False, True])
def test_the_parts_of_connecting_are_samples_and_the_visitor_has_headers_of_its_own(
    tls_ns: int | None,
    forward: bool,
    make_target: Callable[..., Target],
    recorder: Recorder,
    counted: Counted,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its browser's name always, its address where the run says so."""
    asked: list[object] = []

    def dial(_: Target, headers: object) -> SimpleNamespace:
        asked.append(headers)
        return SimpleNamespace(parts=ConnectParts(10, tls_ns, 50))

    monkeypatch.setattr(connection_module, "dial", dial)
    monkeypatch.setattr(connection_module, "Wire", lambda dialled, recorder, stall_s: stall_s)
    target = make_target("ws://127.0.0.1:8009", forward_visitor_ip=forward, reply_s=12)
    who = visitor()
    chat = ChatSession.open(target, who, recorder)
    assert chat._line == 12
    address = [("X-Forwarded-For", who.persona.ip)] if forward else []
    assert asked == [[("User-Agent", who.persona.user_agent), *address]]
    expected = {"connect.tcp": 1, "connect.upgrade": 1} | ({"connect.tls": 1} if tls_ns else {})
    assert counted().samples == expected


@pytest.mark.parametrize("resume", [False, True])
def test_a_page_that_is_loaded_anew(
    resume: bool, make_chat: MakeChat, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drops its connection without a word and opens another; lines are accounted for across both."""
    chat, line, clock = make_chat()
    begin_chat(chat, line)
    other = Line(clock)
    other.serve(pickup_s=0.5)
    monkeypatch.setattr(connection_module, "open_line", lambda *_: other)
    assert chat.say("one")
    counted()
    with chat:
        chat.reconnect(resume=resume)
        assert (line.abandoned, line.closed, line.names[-1]) == (1, False, "Message")
        assert chat.state is (State.CHATTING if resume else State.OPEN)
        if not resume:
            chat.connect()
            chat.hello()
            chat.wait_for_operator(10)
        assert chat.say("two")
    assert other.texts == ["wlrun7v3c1n2z two"]
    assert other.closed
    counts = counted()
    assert counts.lines == {"sent": 1, "echoed": 1}
    assert counts.errors == {}


def test_a_page_that_is_loaded_anew_in_vain(make_chat: MakeChat, monkeypatch: pytest.MonkeyPatch) -> None:
    """The visit is over, and nothing of it stays open."""
    chat, line, _ = make_chat()
    begin_chat(chat, line)

    def refuse(*_: object) -> None:
        raise ConnectError(Fault.REFUSED)

    monkeypatch.setattr(connection_module, "open_line", refuse)
    with pytest.raises(ConnectError), chat:
        chat.reconnect(resume=True)
    assert line.abandoned
