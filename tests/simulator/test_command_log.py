from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from whoson_load.protocol.commands import Connect, LeaveMessage, Message, StartTyping, encode_command
from whoson_load.simulator.command_log import CommandLog

MakeStage = Callable[..., Any]  # conftest's Stage: importlib mode gives no name to import it by

DOMAIN = "www.mycompany.com"
CONNECT = Connect("a secret", DOMAIN, "198.18.0.1", "287-1", "agent", "", "another secret")


def kept(log: CommandLog) -> dict[str, list[bytes]]:
    """Session -> what is kept of it."""
    return {each.session_id: each.commands for each in log}


def test_commands_are_kept_word_for_word(make_stage: MakeStage) -> None:
    """As they came, spelt as they were, whatever became of them."""
    stage = make_stage()
    visitor = stage.visitor().connect()
    visitor.hello()
    frames = [
        f'{{ "command":"starttyping",  "parameters":["{visitor.session_id}"]}}'.encode(),
        encode_command(Message(visitor.session_id, DOMAIN, "grüße")),
        encode_command(Message(visitor.session_id, "another.domain", "refused")),
    ]
    visitor.say_raw(*frames)
    (received,) = stage.switchboard.reception.log
    assert received.commands[2:] == frames
    assert (received.session_id, received.chat_uid) == (visitor.session_id, visitor.chat_uid)
    assert (received.visitor_ip, received.cookie_id) == ("195.62.193.194", "287-3882882")


def test_no_secret_is_kept(make_stage: MakeStage) -> None:
    """Neither the right ones of Connect nor the wrong ones of a refused one."""
    stage = make_stage()
    stage.visitor().connect()
    stage.visitor().connect(authentication="wrong-secret")
    (received,) = stage.switchboard.reception.log
    assert b'"***"' in received.commands[0]
    for secret in (b"myauthstring", b"abcdefg12345", b"wrong-secret"):
        assert secret not in b"".join(received.commands)


def test_what_belongs_to_no_session_is_not_kept(make_stage: MakeStage) -> None:
    """Frames that are no commands, and commands of sessions that never were."""
    stage = make_stage()
    visitor = stage.visitor()
    visitor.say_raw(b"{}", encode_command(StartTyping("never was")))
    assert list(stage.switchboard.reception.log) == []


def test_a_message_without_a_session_is_not_kept_as_anybodys(make_stage: MakeStage) -> None:
    """LeaveMessage with blank IDs names no session."""
    stage = make_stage()
    visitor = stage.visitor().connect()
    visitor.say(LeaveMessage("", "", DOMAIN, "", "T", "", "", "", "text"))
    assert [len(each.commands) for each in stage.switchboard.reception.log] == [1]


def test_what_is_tried_with_a_session_over_another_socket_is_its() -> None:
    """By the session that a command names."""
    log = CommandLog(10_000)
    log.begin("one", "198.18.0.1", CONNECT)
    log.begin("two", "198.18.0.2", CONNECT)
    log.note(StartTyping("one"), b"first", "uid1")
    log.note(StartTyping("two"), b"second", "")
    log.note(StartTyping("one"), b"third", "")
    assert [each[1:] for each in kept(log).values()] == [[b"first", b"third"], [b"second"]]
    assert [each.chat_uid for each in log] == ["uid1", ""]


@pytest.mark.parametrize("most_bytes", [3_000, 10_000])
def test_the_log_stays_below_its_bound(most_bytes: int) -> None:
    """The oldest sessions go as a whole, and what they send afterwards is not kept; nothing grows."""
    log = CommandLog(most_bytes)
    for number in range(50):
        log.begin(str(number), "198.18.0.1", CONNECT)
        for _ in range(number % 7):
            log.note(StartTyping(str(number)), b"x" * 100, "")
        assert sum(each.size_bytes for each in log) <= most_bytes
    assert [int(each) for each in kept(log)] == list(range(50 - len(kept(log)), 50))
    assert len(kept(log)) >= 2
    before = kept(log)
    log.note(StartTyping("0"), b"late", "")
    assert kept(log) == before


def test_a_session_too_large_is_forgotten_itself() -> None:
    """Whoever sends more than the bound keeps nobody else's commands either, and nothing is left to count."""
    log = CommandLog(3_000)
    log.begin("one", "198.18.0.1", CONNECT)
    log.note(StartTyping("one"), b"x" * 5_000, "")
    assert kept(log) == {}
    log.begin("two", "198.18.0.1", CONNECT)
    assert list(kept(log)) == ["two"]


def test_nothing_is_kept_where_nothing_shall_be() -> None:
    """A bound of 0."""
    log = CommandLog(0)
    log.begin("one", "198.18.0.1", CONNECT)
    log.note(StartTyping("one"), b"x", "")
    assert kept(log) == {}


def test_a_reset_forgets_what_was_sent(make_stage: MakeStage) -> None:
    """Also of sessions that go on."""
    stage = make_stage()
    visitor = stage.visitor().connect()
    stage.switchboard.reset()
    visitor.hello()
    assert list(stage.switchboard.reception.log) == []
