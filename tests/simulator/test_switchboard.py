from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from whoson_load.protocol.commands import GetOperators, LeaveMessage, Message, Preview, Quit, StartTyping, Transcript
from whoson_load.protocol.conversation import State
from whoson_load.protocol.events import Error, NewLine
from whoson_load.simulator.policy import Caller

MakeStage = Callable[..., Any]  # conftest's Stage: importlib mode gives no name to import it by

DOMAIN = "www.mycompany.com"


def test_a_bad_connect_is_answered_and_disconnected(make_stage: MakeStage) -> None:
    """`error`, a close, and no session."""
    stage = make_stage()
    visitor = stage.visitor().connect(authentication="wrong")
    assert (visitor.names, visitor.close_code) == (["error"], 1008)
    assert stage.switchboard.sessions == {}
    assert stage.incidents == {"bad_connects": 1}


def test_sessions_are_forgotten_with_their_sockets(make_stage: MakeStage) -> None:
    """After visits of every kind, nothing of them is left but the chats that are kept."""
    stage = make_stage()
    for _ in range(5):
        stage.visitor().drop()
        stage.visitor().connect().drop()
        visitor = stage.chatting()
        visitor.quit()
        visitor.drop()
    board = stage.switchboard
    assert (len(board.sessions), len(board.visits), len(board.book)) == (0, 0, 5)
    assert board.gate._chats == {}


def test_only_so_many_chats_that_are_over_are_kept(make_stage: MakeStage) -> None:
    """The oldest are forgotten first, and counted."""
    stage = make_stage("[server]\nkeep_chats = 3")
    uids = []
    for _ in range(5):
        visitor = stage.chatting()
        visitor.quit()
        visitor.drop()
        uids.append(visitor.chat_uid)
    assert [chat.uid for chat in stage.switchboard.book] == uids[2:]
    assert stage.incidents == {"forgotten_chats": 2}


def test_only_so_many_lines_of_a_chat_are_kept(make_stage: MakeStage) -> None:
    """The oldest are forgotten first, and counted."""
    stage = make_stage("[server]\nkeep_lines = 20")
    visitor = stage.chatting()
    for number in range(50):
        visitor.message(str(number))
    transcript = stage.switchboard.book.get(visitor.chat_uid).transcript
    assert len(transcript.lines) <= 20
    assert transcript.lines[-1].content == "49"
    assert transcript.lines_forgotten + len(transcript.lines) == len(visitor.lines())


def test_a_dropped_chat_holds_its_operator_until_it_is_given_up(make_stage: MakeStage) -> None:
    """A socket that drops without Quit keeps the operator for the site's time."""
    stage = make_stage('[reconnect]\nkept_for = "30s"', operators=1, max_chats=1)
    visitor = stage.chatting()
    visitor.drop()
    colleague = stage.switchboard.floor.routing.roster.colleagues[0]
    stage.clock.run(29)
    assert colleague.chats == 1
    stage.clock.run(1)
    assert colleague.chats == 0
    assert stage.incidents == {"dropped_visits": 1}


def test_a_visit_resumes_over_another_socket(make_stage: MakeStage) -> None:
    """Any command with the old session ID takes the visit over, and brings what was missed, in order."""
    stage = make_stage('[reconnect]\nreading = "resume"')
    old = stage.chatting()
    old.message("x")
    old.drop()
    stage.clock.run(20)
    new = stage.visitor()
    events = new.say(Message(old.session_id, DOMAIN, "back"))
    kinds = [event.classname if isinstance(event, NewLine) else event.name for event in events]
    assert kinds[-2:] == ["linesays", "linev"]
    assert "lineo" in kinds
    assert {event.chat_uid for event in events} == {old.chat_uid}
    new.after(30)
    assert new.lines("lineo")
    assert stage.faultless()


def test_a_visit_that_dropped_twice_is_kept_from_the_second_time_on(make_stage: MakeStage) -> None:
    """The first drop's time does not end what was resumed since."""
    stage = make_stage('[reconnect]\nreading = "resume"\nkept_for = "60s"')
    old = stage.chatting()
    old.drop()
    stage.clock.run(40)
    new = stage.visitor()
    new.say(StartTyping(old.session_id))
    new.drop()
    stage.clock.run(40)
    last = stage.visitor()
    last.say(StartTyping(old.session_id))
    assert last.names.count("error") == 0
    assert stage.switchboard.book.get(old.chat_uid).ending is None


def test_a_left_socket_that_never_connects_is_closed(make_stage: MakeStage) -> None:
    """Who says nothing is sent away after the site's time; who has said Connect is not."""
    stage = make_stage('[access]\nconnect_within = "10s"')
    silent, talking = stage.visitor(), stage.visitor().connect()
    stage.clock.run(10)
    assert (silent.close_code, talking.close_code) == (1008, None)


def test_misdeeds_are_counted_for_a_while_only(make_stage: MakeStage) -> None:
    """Two bad Connects long ago and one now do not blacklist; three within the time do."""
    stage = make_stage('[access]\nbad_connects = 3\ncounted_for = "60s"\nblacklisted_for = "60s"')
    for wait in (0, 0, 61, 1, 1):
        stage.clock.run(wait)
        stage.visitor("198.51.100.1").connect(authentication="wrong")
    gate = stage.switchboard.gate
    assert gate.is_blacklisted("198.51.100.1")
    assert stage.incidents["blacklistings"] == 1
    stage.clock.run(60)
    assert not gate.is_blacklisted("198.51.100.1")


def test_a_blacklisted_caller_is_told_why(make_stage: MakeStage) -> None:
    """The objection names the reason, and is counted."""
    stage = make_stage('[access]\nblacklist = ["203.0.113.0/24"]')
    assert stage.switchboard.objection(Caller("127.0.0.1", ("203.0.113.7",)))
    assert stage.switchboard.objection(Caller("127.0.0.1", ("203.0.114.7",))) is None
    assert stage.incidents == {"refused_connections": 1}


@pytest.mark.parametrize(
    "command",
    [
        lambda sid, uid: Message(sid, DOMAIN, "x"),
        lambda sid, uid: Preview(sid, DOMAIN, "x"),
        lambda sid, uid: Quit(sid, DOMAIN),
        lambda sid, uid: GetOperators(sid, DOMAIN),
        lambda sid, uid: StartTyping(sid),
        lambda sid, uid: Transcript(uid, sid, DOMAIN, "", "t@example.invalid"),
        lambda sid, uid: LeaveMessage(uid, sid, DOMAIN, "", "T", "", "", "", "text"),
    ],
)
def test_another_session_is_never_touched(make_stage: MakeStage, command: Callable[[str, str], Any]) -> None:
    """Whatever is sent with somebody else's session is refused, and the other visitor notices nothing."""
    stage = make_stage()
    one, other = stage.chatting(), stage.chatting()
    before = (len(other.events), other.visit.conversation.state)
    (error,) = one.say(command(other.session_id, other.chat_uid))
    assert isinstance(error, Error)
    assert (len(other.events), other.visit.conversation.state) == before


def test_a_reset_forgets_counts_and_chats_that_are_over(make_stage: MakeStage) -> None:
    """Chats that go on, go on."""
    stage = make_stage()
    over = stage.chatting()
    over.quit()
    over.drop()
    visitor = stage.chatting()
    stage.switchboard.reset()
    assert [chat.uid for chat in stage.switchboard.book] == [visitor.chat_uid]
    assert set(stage.switchboard.floor.counts.commands.values()) == {0}
    assert len(visitor.message("on")) == 2


def test_who_comes_back_takes_chats_that_wait(make_stage: MakeStage) -> None:
    """Everybody busy: a chat queues; nobody there: it is not accepted; somebody back: the one who waited is taken."""
    stage = make_stage(operators=1)
    (colleague,) = stage.switchboard.floor.routing.roster.colleagues
    early = stage.chatting()
    assert stage.switchboard.set_status(colleague.name.upper(), "Busy")
    queued = stage.visitor().connect()
    queued.hello()
    assert "queue" in queued.names
    stage.switchboard.set_status(colleague.name, "Away")
    late = stage.visitor().connect()
    assert [event.name for event in late.hello()] == ["notaccepted"]
    queued.after(60)
    assert "operatorjoined" not in queued.names
    stage.switchboard.set_status(colleague.name, "Online")
    queued.after(2)
    assert "operatorjoined" in queued.names
    assert len(early.message("still here")) == 2
    assert not stage.switchboard.set_status("nobody", "Online")


def test_a_reset_puts_the_site_files_statuses_back(make_stage: MakeStage) -> None:
    """And whoever waits is taken by whom that brings back."""
    stage = make_stage(operators=1)
    (colleague,) = stage.switchboard.floor.routing.roster.colleagues
    stage.switchboard.set_status(colleague.name, "Busy")
    visitor = stage.visitor().connect()
    visitor.hello()
    stage.switchboard.reset()
    visitor.after(2)
    assert "operatorjoined" in visitor.names


def test_a_session_whose_socket_dropped_has_ended(make_stage: MakeStage) -> None:
    """A command with it is invalid data and closes the socket; too many of them blacklist the address."""
    stage = make_stage("[access]\ninvalid_data = 2\n")
    visitor = stage.chatting()
    visitor.drop()
    for tried in (1, 2):
        again = stage.visitor()
        (error,) = again.say(StartTyping(visitor.session_id))
        assert str(error.description) == "The chat session has ended."
        assert again.close_code == 1008
        assert stage.incidents["invalid_data"] == tried
    assert stage.switchboard.gate.blacklisted() == ["127.0.0.1"]


def test_the_same_visit_meets_the_same_whims_whoever_else_is_there(make_stage: MakeStage) -> None:
    """Operators' times and words follow from the seed, the visitor and the visit alone, not from who came before."""

    def seen(others: int, cookie: str = "1-1", before: int = 0) -> list[Any]:
        stage = make_stage("[habits]\nrequest_file = 0.5\nhang_up = 0.3\n", known_times=False, operators=1, max_chats=0)
        for number in range(others):
            stage.visitor().connect(cookie_id=f"9-{number}").hello(cookie_id=f"9-{number}")
        for _ in range(before):
            stage.visitor().connect(cookie_id=cookie)
        start_ns = stage.clock.now_ns()
        visitor = stage.visitor().connect(cookie_id=cookie)
        visitor.hello(cookie_id=cookie)
        for number in range(4):
            visitor.after(60)
            visitor.message(f"line {number}")
        return [visitor.names, visitor.lines("lineo"), [at_ns - start_ns for at_ns in visitor.times_ns]]

    assert seen(0) == seen(3)
    assert seen(0) != seen(0, cookie="2-2")
    assert seen(0) != seen(0, before=1)


def test_chats_are_counted_by_state(make_stage: MakeStage) -> None:
    """All states are listed; chats in them are counted."""
    stage = make_stage(operators=1, max_chats=1)
    stage.chatting()
    stage.visitor().connect().hello()
    states = stage.switchboard.chats_by_state()
    assert {state: count for state, count in states.items() if count} == {"chatting": 1, "queued": 1}
    assert set(states) == {state.value for state in State} - {"open", "connecting", "refused", "connected"}


def test_a_session_seen_twice_with_one_seed_is_the_same(make_stage: MakeStage) -> None:
    """Equal seeds give equal sessions, UIDs and times; others differ."""

    def seen(seed: int) -> list[Any]:
        stage = make_stage(seed=seed, known_times=False)
        visitor = stage.visitor().connect()
        visitor.hello()
        visitor.after(100)
        return [visitor.session_id, visitor.chat_uid, visitor.times_ns]

    assert seen(1) == seen(1) != seen(2)


def test_secrets_stand_in_no_error_and_no_state(make_stage: MakeStage) -> None:
    """Neither the site's own nor those a visitor tried."""
    stage = make_stage()
    visitor = stage.visitor().connect(authentication="tried-secret", api_key="tried-key")
    shown = (
        b"".join(visitor.raw) + msgspec.json.encode(stage.incidents) + repr(stage.switchboard.floor.settings).encode()
    )
    for secret in (b"tried-secret", b"tried-key", b"myauthstring", b"abcdefg12345"):
        assert secret not in shown
