from __future__ import annotations

import pytest

from tests.visitors.hars import CONNECT, CONNECTED, OPENING, QUIT, Window, har_of, hello
from whoson_load.errors import ConfigError
from whoson_load.protocol.commands import Command, Connect
from whoson_load.protocol.events import Connected
from whoson_load.visitors.har import read_har
from whoson_load.visitors.recorded_chat import Call, RecordedChat, choose_chat, find_chats


def window(*said: object, begun_s: float = 1_763_800_000.0) -> Window:
    """A recorded WebSocket on which something is said every second."""
    found = Window(begun_s=begun_s)
    for each in said:
        found.sends(each, 1.0) if isinstance(each, Command) else found.hears(each, 1.0)  # type: ignore[arg-type]
    return found


def chats(*windows: Window) -> list[RecordedChat]:
    """The chats of a HAR of these."""
    return find_chats(read_har(har_of(*windows)))


CHAT = window(*OPENING, QUIT)
LATER = window(*OPENING, QUIT, begun_s=1_763_803_600.0)
GLANCE = window(CONNECT, CONNECTED)
OTHER = Window().sends('{"type": "subscribe"}').hears("{}").sends("ping")


def test_the_only_chat_is_the_one() -> None:
    """Beside visits that asked for none, and beside WebSockets of other products."""
    found = chats(OTHER, GLANCE, CHAT)
    assert len(found) == 2
    chosen = choose_chat(found, None)
    assert chosen.commands == ["Connect", "Hello", "Quit"]
    assert chosen.number == 2


def test_who_only_looked_is_a_visit_where_there_is_no_other() -> None:
    """It asked for no chat."""
    assert choose_chat(chats(GLANCE), None).commands == ["Connect"]


def test_several_chats_are_to_be_chosen_from() -> None:
    """By number, in the order in which they began; the choice tells when, how long, and how it went."""
    found = chats(LATER, CHAT)
    with pytest.raises(ConfigError) as problem:
        choose_chat(found, None)
    assert str(problem.value) == (
        "got 2 chats, expected --chat with the number of one:"
        " 1 (2025-11-22 08:26:41 UTC, 3 commands in 5.0 s, with an operator),"
        " 2 (2025-11-22 09:26:41 UTC, 3 commands in 5.0 s, with an operator)"
    )
    assert choose_chat(found, 2).turns[0].at_ms == 1_763_803_601_000


@pytest.mark.parametrize("number", [0, 3, 99])
def test_a_number_that_no_chat_has_is_refused(number: int) -> None:
    """And those that there are, told."""
    with pytest.raises(ConfigError, match=rf"--chat: got {number}, expected one of 1 \(.*\), 2 \("):
        choose_chat(chats(LATER, CHAT), number)


def test_each_connect_begins_a_visit() -> None:
    """Also on a WebSocket that served one before."""
    twice = window(
        *OPENING, QUIT, Connect("a", "d", "", "", "", "", ""), Connected(session_id="t", site=CONNECTED.site)
    )
    assert [chat.commands for chat in chats(twice)] == [["Connect", "Hello", "Quit"], ["Connect"]]


def test_a_chat_whose_beginning_is_missing_is_refused() -> None:
    """The developer tools were opened after it."""
    with pytest.raises(ConfigError, match="Connect is missing, expected one recorded from its beginning"):
        chats(window(*OPENING[1:], QUIT))


@pytest.mark.parametrize("count", [1, 2])
def test_other_products_are_told_apart(count: int) -> None:
    """Nothing in them is a command of the WhosOn Chat API."""
    with pytest.raises(ConfigError, match=r"got \d WebSockets?(, none of them| that is not) of a WhosOn chat window"):
        chats(*[OTHER] * count)


def test_commands_are_read_as_tolerantly_as_events() -> None:
    """Names in any case; parameters that are missing or too many are told, not refused; half an emoji is a text."""
    raw = (
        Window()
        .sends(CONNECT)
        .sends('{"command": "HELLO", "parameters": ["Jo", "d"]}')
        .sends('{"Command": "Quit", "Parameters": ["s", "d", "more"]}')
        .sends('{"Command": "Preview", "Parameters": ["s", "d", "\\ud83d"]}')
        .sends('{"Command": "Preview", "Parameters": {}}')
    )
    (chat,) = chats(raw)
    assert [turn.said for turn in chat.turns[1:]] == [
        Call("Hello", {"visitor_name": "Jo", "domain": "d"}, complete=False),
        Call("Quit", {"session_id": "s", "domain": "d", "3": "more"}, complete=False),
        Call("Preview", {"session_id": "s", "domain": "d", "text": "\ud83d"}),
    ]
    assert chat.odd == {"sent message that is no command": 1}


def test_a_visit_that_found_no_operator_says_so() -> None:
    """Whoever chooses sees what each was."""
    assert "without an operator" in chats(window(CONNECT, CONNECTED, hello()))[0].told
    assert "no chat" in chats(GLANCE)[0].told
