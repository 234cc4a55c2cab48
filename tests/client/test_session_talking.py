from __future__ import annotations

import pytest

from tests.client.beginnings import linev
from tests.client.kinds import Chatting, Counted, MakeChat
from whoson_load.errors import Fault, ReplyTimeout, SessionClosed
from whoson_load.protocol import commands
from whoson_load.protocol.conversation import State
from whoson_load.protocol.events import (
    NewLine,
    Quit,
)
from whoson_load.protocol.lines import utf16_length
from whoson_load.protocol.site import Site
from whoson_load.visitors.keystrokes import PREVIEW_EVERY_KEY, Act, Keystroke, Rhythm

TYPED = (
    Keystroke(0.0, Act.START_TYPING, ""),
    Keystroke(0.5, Act.PREVIEW, "He"),
    Keystroke(1.5, Act.PREVIEW, "Hello"),
    Keystroke(3.5, Act.STOP_TYPING, ""),
    Keystroke(4.0, Act.MESSAGE, "Hello"),
)


def test_saying_a_line(chatting: Chatting, counted: Counted) -> None:
    """With the ledger's token ahead of it; over when its echo is there."""
    chat, line, clock = chatting
    begun_s = clock.passed_s
    assert chat.say("Hello & <good> morning")
    assert chat.say("")
    assert clock.passed_s == pytest.approx(begun_s + 0.04)
    assert line.texts == ["wlrun7v3c1n1z Hello & <good> morning", "wlrun7v3c1n2z"]
    counts = counted()
    assert counts.lines == {"sent": 2, "echoed": 2}
    assert counts.samples == {"echo": 2}
    assert counts.commands == {"Message": 2}


@pytest.mark.parametrize("text", ["x" * 10_000, "\U0001f600" * 5000])
def test_a_line_that_is_too_long_is_cut(text: str, chatting: Chatting) -> None:
    """At its end, at what the specification allows, and its echo is an echo."""
    chat, line, _ = chatting
    assert chat.say(text)
    assert line.texts[0].startswith("wlrun7v3c1n1z ")
    assert 3999 <= utf16_length(line.texts[0]) <= 4000


@pytest.mark.parametrize("where", ["connected", "ended"])
def test_nothing_is_said_where_there_is_no_chat(where: str, make_chat: MakeChat) -> None:
    """The visitor is told so, and the server hears nothing."""
    chat, line, clock = make_chat()
    line.serve(pickup_s=0.5)
    chat.connect()
    if where == "ended":
        chat.hello()
        chat.wait_for_operator(10)
        chat.quit()
    line.sent.clear()
    begun_s = clock.passed_s
    assert chat.say("Hello") is False
    assert chat.play(TYPED) is False
    assert line.sent == []
    assert clock.passed_s == begun_s


def test_a_line_may_be_said_before_anybody_has_come(make_chat: MakeChat) -> None:
    """The specification does not forbid it, and the server echoes it."""
    chat, line, _ = make_chat()
    line.serve(pickup_s=60)
    chat.connect()
    chat.hello()
    assert chat.say("Is anybody there?")
    assert chat.state is State.WAITING


def test_a_chat_that_ends_while_a_line_is_under_way(chatting: Chatting, counted: Counted) -> None:
    """Nobody owes its echo; one that comes all the same counts."""
    chat, line, _ = chatting
    line.answers["Message"] = lambda command: [(1, Quit()), (1.5, linev(command.text))]
    assert chat.say("Hello") is False
    assert not chat.heard.owing
    assert chat.idle(1)
    counts = counted()
    assert counts.errors == {}
    assert counts.samples == {"echo": 1}


def test_an_echo_and_the_chats_end_in_one_burst(chatting: Chatting) -> None:
    """The line was said."""
    chat, line, _ = chatting
    line.answers["Message"] = lambda command: [(1, linev(command.text)), (1, Quit())]
    assert chat.say("Hello") is True
    assert chat.idle(1) is False


def test_an_echo_that_does_not_come_is_a_lost_line(chatting: Chatting, counted: Counted) -> None:
    """Other lines, doubled ones and ones without a token are none."""
    chat, line, clock = chatting
    assert chat.say("one")
    first = line.texts[0]
    line.answers["Message"] = [(1, linev(first)), (2, linev("Hello")), (3, NewLine(classname="lineo", content="?"))]
    begun_s = clock.passed_s
    with pytest.raises(ReplyTimeout, match="no echo within 30 s"):
        chat.say("two")
    assert clock.passed_s == begun_s + 30
    counts = counted()
    assert counts.lines == {"sent": 2, "echoed": 1, "duplicated": 1, "lost": 1}
    assert counts.errors == {"echo": {"reply_timeout": 1}}


def test_typing_is_sent_when_it_is_due(chatting: Chatting, counted: Counted) -> None:
    """Each action at its time after the first key; the token is in the message only, for nobody types it."""
    chat, line, clock = chatting
    begun_s = clock.passed_s
    assert chat.play(TYPED)
    token = "wlrun7v3c1n1z"
    assert [(round(at_s - begun_s, 3), command) for at_s, command in line.sent] == [
        (0.0, commands.StartTyping("s-1")),
        (0.5, commands.Preview("s-1", "www.mycompany.com", "He")),
        (1.5, commands.Preview("s-1", "www.mycompany.com", "Hello")),
        (3.5, commands.StopTyping("s-1")),
        (4.0, commands.Message("s-1", "www.mycompany.com", f"{token} Hello")),
    ]
    counts = counted()
    assert counts.commands == {"StartTyping": 1, "Preview": 2, "StopTyping": 1, "Message": 1}
    assert counts.samples == {"generator.send": 5, "echo": 1}


def test_previews_are_left_out_where_the_site_does_not_want_them(make_chat: MakeChat, counted: Counted) -> None:
    """The rest keeps its times."""
    chat, line, _ = make_chat()
    line.serve(pickup_s=0.5, site=Site(domain="www.mycompany.com", operator_preview=False))
    chat.connect()
    chat.hello()
    chat.wait_for_operator(10)
    line.sent.clear()
    assert chat.play(TYPED)
    assert line.names == ["StartTyping", "StopTyping", "Message"]
    assert [round(at_s - line.sent[0][0], 3) for at_s, _ in line.sent] == [0.0, 3.5, 4.0]
    assert counted().samples["generator.send"] == 3


def test_events_that_come_while_a_visitor_types_are_heard(chatting: Chatting, counted: Counted) -> None:
    """And do not make it type earlier."""
    chat, line, clock = chatting
    begun_s = clock.passed_s
    reply = NewLine(classname="lineo", content="Let me see")
    line.later((0.2, reply), (2, reply), (3.9, reply))
    assert chat.play(TYPED)
    assert line.sent[-1][0] == begun_s + 4
    assert counted().line_classes == {"lineo": 3, "linesays": 1, "linev": 1}


@pytest.mark.parametrize("at_s, names", [(0.2, ["StartTyping"]), (2.0, ["StartTyping", "Preview", "Preview"])])
def test_a_chat_that_ends_while_a_visitor_types(
    at_s: float, names: list[str], chatting: Chatting, counted: Counted
) -> None:
    """It stops there, and sends nothing more."""
    chat, line, clock = chatting
    begun_s = clock.passed_s
    line.later((at_s, Quit()))
    assert chat.play(TYPED) is False
    assert line.names == names
    assert clock.passed_s == begun_s + at_s
    assert counted().errors == {}


def test_a_connection_that_ends_while_a_visitor_types(chatting: Chatting) -> None:
    """Is told to it."""
    chat, line, _ = chatting
    line.later((2, SessionClosed(Fault.CLOSED, "close code 1012", 1012)))
    with pytest.raises(SessionClosed):
        chat.play(TYPED)


def test_waiting_until_something_is_so(chatting: Chatting) -> None:
    """At once, after the event that makes it so, or in vain: as long as patience lasts."""
    chat, line, clock = chatting
    begun_s = clock.passed_s
    line.later(*((after_s, NewLine(classname="lineo", content="Let me see")) for after_s in (1, 2, 4)))
    assert chat.wait_until(lambda: chat.heard.replies == 0, 10)
    assert clock.passed_s == begun_s
    assert chat.wait_until(lambda: chat.heard.replies == 2, 10)
    assert clock.passed_s == begun_s + 2
    assert not chat.wait_until(lambda: chat.heard.replies == 9, 10)
    assert clock.passed_s == begun_s + 12


def test_several_lines_in_one_go(chatting: Chatting, counted: Counted) -> None:
    """What is due while an echo is waited for is sent after it, late, and its lateness is known."""
    chat, line, clock = chatting
    line.answers["Message"] = lambda command: [(3, linev(command.text))]
    begun_s = clock.passed_s
    assert chat.play(
        [Keystroke(0, Act.MESSAGE, "one"), Keystroke(1, Act.START_TYPING, ""), Keystroke(2, Act.MESSAGE, "two")]
    )
    assert [round(at_s - begun_s, 3) for at_s, _ in line.sent] == [0.0, 3.0, 3.0]
    assert counted().samples["generator.send"] == 3


def test_typing_as_people_do(chatting: Chatting) -> None:
    """From the first key to the line, whatever the dice say."""
    chat, line, _ = chatting
    rhythm = Rhythm(preview_every_s=PREVIEW_EVERY_KEY, thought_chance=0, sentence_chance=0)
    assert chat.type_and_send("Good morning, I have a question.", rhythm)
    assert line.names[0] == "StartTyping"
    assert line.names[-1] == "Message"
    assert line.names.count("Preview") >= len("Good morning, I have a question.")
    assert line.texts == ["wlrun7v3c1n1z Good morning, I have a question."]


def test_thinking_better_of_it(chatting: Chatting) -> None:
    """What was typed is not sent, and its token is the next line's."""
    chat, line, _ = chatting
    assert chat.type_and_drop("Never mind", Rhythm())
    assert line.names[0] == "StartTyping"
    assert line.names[-1] == "StopTyping"
    assert line.texts == []
    assert chat.say("Hello")
    assert line.texts == ["wlrun7v3c1n1z Hello"]
