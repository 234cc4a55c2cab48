from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.client.kinds import Chatting, Counted, MakeChat
from tests.client.scripted import HOWARD
from whoson_load.client.session import ChatSession
from whoson_load.errors import LocalProtocolError, ReplyTimeout
from whoson_load.measurement.histogram import Histogram
from whoson_load.measurement.recorder import Recorder
from whoson_load.protocol import commands
from whoson_load.protocol.conversation import State
from whoson_load.protocol.events import (
    Accepted,
    Acknowledged,
    Error,
    Image,
    NewLine,
    NotAccepted,
    Operator,
    OperatorJoined,
    Operators,
    Queue,
    Quit,
)


def slowest_s(recorder: Recorder, *series: str) -> list[float]:
    """The greatest sample of each series, in seconds."""
    report = recorder.roll(0, 0)
    return [Histogram.unpack(report.series[each]).max_ns / 1e9 for each in series]


def test_connecting(make_chat: MakeChat, recorder: Recorder) -> None:
    """`connect` counts from when the visitor was due, `connect.connected` from when the command was sent.

    What neither the server nor the way to it took is the generator's own part.
    """
    chat, line, _ = make_chat(due_s_ago=3)
    line.dialled_ns = 400_000_000
    line.serve()
    assert chat.connect().domain == "www.mycompany.com"
    persona = chat.visitor.persona
    assert [command for _, command in line.sent] == [
        commands.Connect(
            "s3cret-auth",
            "www.mycompany.com",
            persona.ip,
            persona.cookie_id,
            persona.user_agent,
            persona.referrer,
            "s3cret-key",
        )
    ]
    assert slowest_s(recorder, "connect", "connect.connected", "generator.connect") == [3.01, 0.01, 2.6]
    assert chat.state is State.CONNECTED


def test_asking_who_is_there_and_for_a_picture(make_chat: MakeChat, recorder: Recorder) -> None:
    """Each answered by its event, whatever else comes before it."""
    chat, line, _ = make_chat()
    line.serve()
    line.answers["GetOperators"] = [(0.1, Error(description="no")), (0.2, Operators(operators=(HOWARD,)))]
    line.answers["GetImage"] = [(0.3, Image(image_type=5, base64="AAAA"))]
    chat.connect()
    assert chat.operators() == (HOWARD,)
    picture = chat.image(5)
    assert picture is not None
    assert picture.base64 == "AAAA"
    assert [command for _, command in line.sent[1:]] == [
        commands.GetOperators("s-1", "www.mycompany.com"),
        commands.GetImage("s-1", "www.mycompany.com", "5"),
    ]
    assert slowest_s(recorder, "operators", "image") == [0.2, 0.3]


def test_asking_for_a_chat(make_chat: MakeChat, recorder: Recorder) -> None:
    """With all that Hello carries; `accepted` is not yet a pickup."""
    chat, line, _ = make_chat()
    line.serve(pickup_s=5)
    chat.connect()
    answer = chat.hello([("Name", "A & B")], department="Sales", operator="Sue", language="fr", translate=True)
    assert isinstance(answer, Accepted)
    persona = chat.visitor.persona
    survey = "<Fields><Field><Name>Name</Name><Value>A &amp; B</Value></Field></Fields>"
    assert line.sent[-1][1] == commands.Hello(
        persona.name,
        "www.mycompany.com",
        "Sales",
        "Sue",
        "s-1",
        persona.ip,
        persona.cookie_id,
        "fr",
        "true",
        survey,
    )
    assert chat.state is State.WAITING
    assert chat.heard.chat_uid == "u-1"
    assert chat.wait_for_operator(10) == HOWARD
    assert slowest_s(recorder, "accepted", "operatorjoined") == [0.01, 5.0]


def test_asking_in_ones_own_language_for_anybody(make_chat: MakeChat) -> None:
    """As most visitors do."""
    chat, line, _ = make_chat()
    line.serve()
    chat.connect()
    chat.hello()
    hello = line.sent[-1][1]
    assert (hello.department, hello.operator, hello.translate) == ("", "", "false")
    assert hello.language == chat.visitor.persona.language


def test_being_turned_away(make_chat: MakeChat, counted: Counted) -> None:
    """An answer, no error and no sample."""
    chat, line, _ = make_chat()
    line.serve()
    line.answers["Hello"] = [(0.2, NotAccepted(reason="Closed"))]
    chat.connect()
    assert chat.hello() == NotAccepted(reason="Closed")
    assert chat.state is State.TURNED_AWAY
    counts = counted()
    assert counts.errors == {}
    assert "accepted" not in counts.samples


@pytest.mark.parametrize(
    "steps, state, operator, passes_s",
    [
        ([], State.WAITING, None, 60),
        ([(10, Queue(position=2)), (11, Queue(position=1))], State.QUEUED, None, 60),
        ([(10, Queue(position=2)), (20, OperatorJoined(operator=HOWARD))], State.CHATTING, HOWARD, 20),
        ([(10, NotAccepted(reason="Try later"))], State.QUEUE_TIMEOUT, None, 10),
        ([(10, NewLine(classname="lineo linewaiting1", content="Please wait"))], State.WAITING, None, 60),
        ([(10, NewLine(classname="lineo final", content="Nobody"))], State.UNANSWERED, None, 10),
        ([(10, Quit())], State.ENDED, None, 10),
    ],
)
def test_waiting_for_an_operator(
    steps: list[Any], state: State, operator: Operator | None, passes_s: float, make_chat: MakeChat
) -> None:
    """Until one comes, until patience runs out, or until the server gives up first."""
    chat, line, clock = make_chat()
    line.serve()
    line.answers["Hello"] = [(0, Accepted(chat_uid="u-1"))]
    chat.connect()
    chat.hello()
    begun_s = clock.passed_s
    line.later(*steps)
    assert chat.wait_for_operator(60) == operator
    assert chat.state is state
    assert clock.passed_s == begun_s + passes_s


@pytest.mark.parametrize(
    "steps, reply, passes_s",
    [
        ([], None, 20),
        ([(5, NewLine(classname="lineo", content="Yes?"))], "Yes?", 5),
        ([(5, NewLine(classname="lineo linewaiting1", content="Wait"))], None, 20),
        ([(5, Quit())], None, 5),
    ],
)
def test_waiting_for_a_reply(
    steps: list[Any], reply: str | None, passes_s: float, chatting: Chatting, counted: Counted
) -> None:
    """Until it comes, until patience runs out, or until the chat ends."""
    chat, line, clock = chatting
    chat.say("Hello")
    begun_s = clock.passed_s
    line.later(*steps)
    heard = chat.wait_for_reply(20)
    assert (heard.content if heard else None) == reply
    assert clock.passed_s == begun_s + passes_s
    assert counted().samples.get("reply", 0) == (reply is not None)


def test_a_reply_that_came_already_is_not_waited_for(chatting: Chatting) -> None:
    """It may have come while the visitor was reading."""
    chat, line, clock = chatting
    chat.say("Hello")
    line.later((1, NewLine(classname="lineo", content="Yes?")))
    chat.idle(5)
    begun_s = clock.passed_s
    assert chat.wait_for_reply(20) is not None
    assert clock.passed_s == begun_s


@pytest.mark.parametrize(
    "steps, shown",
    [
        ([(1, NewLine(classname="linev", content="a.pdf"))], True),
        ([(1, NewLine(classname="linesays", content="X says:")), (2, NewLine(classname="new", content="a.pdf"))], True),
        ([(1, Error(description="You cannot upload files of this type."))], False),
    ],
)
@pytest.mark.parametrize("what", ["file", "field"])
def test_sending_a_file_or_a_field(what: str, steps: list[Any], shown: bool, chatting: Chatting) -> None:
    """Shows as a line of whatever class, or is refused by an error; what the operator had asked for is answered."""
    chat, line, _ = chatting
    line.answers |= {"File": steps, "DynamicField": steps}
    if what == "file":
        assert chat.send_file("a.pdf", "http://x/a.pdf") is shown
        assert line.sent[-1][1] == commands.File("s-1", "www.mycompany.com", "a.pdf", "http://x/a.pdf")
    else:
        assert chat.answer_field("Order", "4711") is shown
        assert line.sent[-1][1] == commands.DynamicField("s-1", "www.mycompany.com", "Order", "4711")
    assert (chat.heard.wanted_file, chat.heard.wanted_field) == (None, None)


def test_a_file_that_is_not_shown(chatting: Chatting, counted: Counted) -> None:
    """Is the target's fault, though of no series."""
    chat, _, clock = chatting
    begun_s = clock.passed_s
    with pytest.raises(ReplyTimeout, match="no line for File within 30 s"), chat:
        chat.send_file("a.pdf", "http://x/a.pdf")
    assert clock.passed_s == begun_s + 30
    assert counted().faults == {"reply_timeout": 1}


def test_what_nothing_answers_is_sent_and_not_waited_for(chatting: Chatting) -> None:
    """A message left, a transcript."""
    chat, line, clock = chatting
    begun_s = clock.passed_s
    persona = chat.visitor.persona
    chat.transcript()
    chat.transcript("me@example.com")
    chat.leave_message("Call me", department="Sales", phone="")
    assert [command for _, command in line.sent] == [
        commands.Transcript("u-1", "s-1", "www.mycompany.com", persona.ip, persona.email),
        commands.Transcript("u-1", "s-1", "www.mycompany.com", persona.ip, "me@example.com"),
        commands.LeaveMessage(
            "u-1", "s-1", "www.mycompany.com", persona.ip, persona.name, "Sales", persona.email, "", "Call me"
        ),
    ]
    assert clock.passed_s == begun_s


def test_the_survey_after_a_chat(chatting: Chatting, recorder: Recorder) -> None:
    """Acknowledged, however the chat ended."""
    chat, line, _ = chatting
    line.answers["PostChatSurvey"] = [(0.4, Acknowledged())]
    chat.quit()
    assert chat.post_survey([("Rating", "5")])
    survey = "<Fields><Field><Name>Rating</Name><Value>5</Value></Field></Fields>"
    persona = chat.visitor.persona
    assert line.sent[-1][1] == commands.PostChatSurvey("u-1", "s-1", "www.mycompany.com", persona.ip, survey)
    assert slowest_s(recorder, "acknowledged") == [0.4]


@pytest.mark.parametrize("before", ["connect", "turned away", "chatting"])
def test_no_survey_where_none_is_called_for(before: str, make_chat: MakeChat) -> None:
    """Without a chat, or in the midst of one."""
    chat, line, _ = make_chat()
    line.serve(pickup_s=0.5)
    chat.connect()
    if before == "turned away":
        line.answers["Hello"] = [(0.1, NotAccepted())]
    if before != "connect":
        chat.hello()
    line.sent.clear()
    assert chat.post_survey([("Rating", "5")]) is False
    assert line.sent == []


@pytest.mark.parametrize(
    "do",
    [
        lambda chat: chat.hello(),
        lambda chat: chat.operators(),
        lambda chat: chat.transcript(),
        lambda chat: chat.send_file("a", "b"),
    ],
)
def test_steps_out_of_order_are_a_bug_of_the_journeys(do: Callable[[ChatSession], object], make_chat: MakeChat) -> None:
    """The server never hears of them."""
    chat, line, _ = make_chat()
    with pytest.raises(LocalProtocolError, match="while open, expected"):
        do(chat)
    assert line.sent == []


def test_a_command_shown_shows_no_secret() -> None:
    """Wherever an error text may end up."""
    connect = commands.Connect("s3cret-auth", "d", "ip", "cookie", "agent", "referrer", "s3cret-key")
    assert "s3cret" not in repr(connect)
    assert "s3cret" in str(msgspec.structs.astuple(connect))
