from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.visitors.hars import CONNECT, CONNECTED, JOINED, OPENING, QUIT, SITE, Window, har_of, hello
from whoson_load.protocol.commands import (
    Command,
    DynamicField,
    File,
    GetImage,
    GetOperators,
    LeaveMessage,
    Message,
    PostChatSurvey,
    Preview,
    StartTyping,
    StopTyping,
    Transcript,
)
from whoson_load.protocol.events import (
    Accepted,
    Acknowledged,
    Connected,
    Error,
    Event,
    Image,
    NewLine,
    NotAccepted,
    Operators,
    Queue,
    RequestField,
    RequestFile,
    Typing,
)
from whoson_load.protocol.events import Quit as QuitEvent
from whoson_load.protocol.site import Site, Translation
from whoson_load.protocol.survey import SurveyField
from whoson_load.visitors.har import read_har
from whoson_load.visitors.recorded_chat import choose_chat, find_chats
from whoson_load.visitors.recording import Does, Hears, Step, check_visit, length_s
from whoson_load.visitors.tracing import Traced, trace


def line(classname: str) -> NewLine:
    """A line of this class."""
    return NewLine(chat_uid="u", classname=classname, content="text")


def say(text: str = "text") -> Message:
    """A line of the visitor's."""
    return Message("s", "d", text)


def show(text: str) -> Preview:
    """A preview."""
    return Preview("s", "d", text)


START, STOP = StartTyping("s"), StopTyping("s")
SURVEY = PostChatSurvey("u", "s", "d", "1.2.3.4", "<Fields></Fields>")
OPENED = (
    Does("Connect"),
    Hears("connected", 1.0),
    Does("Hello", 1.0),
    Hears("accepted", 1.0),
    Hears("operatorjoined", 1.0),
)


def traced(*said: Command | Event | str, every_s: float = 1.0) -> Traced:
    """What a chat comes to in which something is said every second; texts are received."""
    window = Window()
    for place, each in enumerate(said):
        after_s = every_s if place else 0.0
        window.sends(each, after_s) if isinstance(each, Command) else window.hears(each, after_s)
    return trace(choose_chat(find_chats(read_har(har_of(window))), None))


def after_the_opening(*said: Command | Event) -> tuple[Step, ...]:
    """The steps of a chat behind its opening, ended by a Quit."""
    steps = traced(*OPENING, *said, QUIT).steps
    assert steps[: len(OPENED)] == OPENED
    assert steps[-1].command == "Quit"  # type: ignore[union-attr]
    return steps[len(OPENED) : -1]


@pytest.mark.parametrize(
    "said, steps",
    [
        # A line that was waited for.
        (
            (say(), line("linesays"), line("linev"), line("linesays"), line("lineo"), say("another")),
            (Does("Message", 1.0, 4), Hears("linev", 2.0), Hears("lineo", 2.0), Does("Message", 1.0, 7)),
        ),
        # A line that crossed the visitor's own is no reply.
        (
            (say(), line("lineo"), line("linev"), say()),
            (Does("Message", 1.0, 4), Hears("linev", 2.0), Does("Message", 1.0, 4)),
        ),
        # Two lines in a row.
        (
            (line("lineo"), Typing(chat_uid="u"), line("lineo"), START),
            (Hears("lineo", 1.0), Hears("lineo", 2.0), Does("StartTyping", 1.0)),
        ),
        # Lines that were met while typing change nothing: nobody waited for them.
        (
            (START, line("lineo"), show("ab"), line("lineo"), STOP, line("lineo"), say("abc")),
            (Does("StartTyping", 1.0), Does("Preview", 2.0, 2), Does("StopTyping", 2.0), Does("Message", 2.0, 3)),
        ),
        # After a pause in typing the visitor has read what came meanwhile.
        (
            (START, STOP, line("lineo"), START, say()),
            (
                Does("StartTyping", 1.0),
                Does("StopTyping", 1.0),
                Hears("lineo", 1.0),
                Does("StartTyping", 1.0),
                Does("Message", 1.0, 4),
            ),
        ),
        # A window without typing events: a Message waits.
        ((line("lineo"), say()), (Hears("lineo", 1.0), Does("Message", 1.0, 4))),
        # The second operator is a transfer; waiting lines, translations and errors are lived through.
        (
            (JOINED, line("linet"), line("lineo linewaiting1"), Error(description="e"), say()),
            (Does("Message", 5.0, 4),),
        ),
        # What an operator asks for is waited for by what answers it, and by nothing else.
        (
            (RequestFile(file_types="pdf"), File("s", "d", "My CV.PDF", "https://x/y")),
            (Hears("requestfile", 1.0), Does("File", 1.0, "pdf")),
        ),
        ((File("s", "d", "a.secret", "https://x/y"),), (Does("File", 1.0),)),
        (
            (RequestField(field=SurveyField(field_name="Order")), DynamicField("s", "d", "Order", "4711")),
            (Hears("requestfield", 1.0), Does("DynamicField", 1.0)),
        ),
        ((RequestFile(file_types="pdf"), say()), (Does("Message", 2.0, 4),)),
        (
            (GetImage("s", "d", "8"), Image(image_type=8), say()),
            (Does("GetImage", 1.0, 8), Hears("image", 1.0), Does("Message", 1.0, 4)),
        ),
        # Lengths are counted as browsers count them; the longest is what a line may be.
        ((say("\U0001f600!"), say("x" * 5000)), (Does("Message", 1.0, 3), Does("Message", 1.0, 4000))),
        ((say("Hello<original>Bonjour</original>"),), (Does("Message", 1.0, (5, 7)),)),
        ((Transcript("u", "s", "d", "1.2.3.4", "jo@x.org"),), (Does("Transcript", 1.0),)),
    ],
)
def test_what_was_said_becomes_steps(said: Sequence[Command | Event], steps: tuple[Step, ...]) -> None:
    """Each command with the time since the step before, and before it what it waited for."""
    assert after_the_opening(*said) == steps


def test_an_operator_who_comes_while_the_visitor_types_is_waited_for_all_the_same() -> None:
    """What moves the chat is a step wherever it came."""
    steps = traced(*OPENING[:4], START, JOINED, say(), QUIT).steps
    assert steps[4:7] == (Does("StartTyping", 1.0), Hears("operatorjoined", 1.0), Does("Message", 1.0, 4))


@pytest.mark.parametrize(
    "said, steps",
    [
        (
            (NotAccepted(reason="no"), LeaveMessage("", "s", "d", "1.2.3.4", "Jo", "", "", "", "Call me")),
            (Hears("notaccepted", 1.0), Does("LeaveMessage", 1.0, 7)),
        ),
        (
            (Accepted(chat_uid="u"), Queue(chat_uid="u", position=2), Queue(chat_uid="u", position=1), QUIT),
            (Hears("accepted", 1.0), Does("Quit", 3.0)),
        ),
        (
            (Accepted(chat_uid="u"), Queue(chat_uid="u", position=1), NotAccepted(chat_uid="u"), QUIT),
            (Hears("accepted", 1.0), Hears("notaccepted", 2.0), Does("Quit", 1.0)),
        ),
        (
            (Accepted(chat_uid="u"), line("lineo linewaiting1"), line("lineo final"), line("lineo final"), QUIT),
            (Hears("accepted", 1.0), Hears("lineo final", 2.0), Does("Quit", 2.0)),
        ),
    ],
)
def test_a_visit_without_an_operator_becomes_steps(said: Sequence[Command | Event], steps: tuple[Step, ...]) -> None:
    """Turned away, given up, timed out in the queue, unanswered; who gives up, gives up after a time."""
    assert traced(*OPENING[:3], *said).steps[3:] == steps


def test_a_recording_without_its_end_gets_one() -> None:
    """A HAR is often saved while the window is open: the visitor leaves when the recording does, and it is said."""
    found = traced(*OPENING, line("lineo"), Typing(chat_uid="u"))
    assert found.steps[5:] == (Hears("lineo", 1.0), Does("Quit", 1.0))
    assert found.notes == ("The recording ends without Quit; one was added, so that no operator waits for nobody.",)


def test_an_operator_who_ends_the_chat_is_waited_for() -> None:
    """Whether there is a survey afterwards or nothing; the server's own `quit` after a Quit is no such thing."""
    assert traced(*OPENING, line("lineo"), QuitEvent(chat_uid="u"), line("lineo")).steps[5:] == (
        Hears("lineo", 1.0),
        Hears("quit", 1.0),
    )
    assert traced(*OPENING, QuitEvent(chat_uid="u"), SURVEY).steps[5:] == (
        Hears("quit", 1.0),
        Does("PostChatSurvey", 1.0),
    )
    assert traced(*OPENING, QUIT, QuitEvent(chat_uid="u"), SURVEY, Acknowledged()).steps[5:] == (
        Does("Quit", 1.0),
        Does("PostChatSurvey", 2.0),
    )


def test_a_wish_is_kept_where_it_can_be_granted() -> None:
    """Names are not: the replay asks for one of those whom the server lists."""
    there = (CONNECT, CONNECTED, GetOperators("s", "d"), Operators(operators=()))
    asked = hello(department="Sales", operator="Ann Other", translate="true")
    found = traced(*there, asked, NotAccepted())
    assert Does("Hello", 1.0, "department operator translate") in found.steps
    found = traced(CONNECT, CONNECTED, asked, NotAccepted())
    assert found.steps[2] == Does("Hello", 1.0, "translate")
    assert any("asked for one department and one operator by name" in note for note in found.notes)


@pytest.mark.parametrize(
    "language, site, told",
    [
        ("fr", SITE, "fr"),
        ("FR-CA", SITE, "fr"),
        ("", SITE, "de"),
        ("", Site(domain="d", lang="de", translation=Translation(default_language="fr")), "fr"),
        ("", Site(domain="d"), "en"),
        ("es", SITE, "de"),
    ],
)
def test_the_language_is_the_one_that_is_told(language: str, site: Site, told: str) -> None:
    """By Hello, else by the site; one that nobody here speaks is said."""
    found = traced(CONNECT, Connected(session_id="s", site=site), hello(language), NotAccepted())
    assert found.language == told
    assert any("none of en, fr, de" in note for note in found.notes) is (language == "es")


def test_what_is_left_out_is_counted_and_said() -> None:
    """Commands and events that the protocol does not know, or not there, and what cannot be read."""
    window = Window()
    for each in (CONNECT, CONNECTED, hello(), Accepted(chat_uid="u"), JOINED):
        window.sends(each) if isinstance(each, Command) else window.hears(each)
    window.sends('{"Command": "Noop", "Parameters": []}').sends('{"Command": "noop"}').sends("ping")
    window.sends('{"Command": "message", "Parameters": ["s", "d"]}')
    window.hears('{"EventName": "ack", "ChatUid": "", "Data": ""}').hears("pong")
    window.hears('{"EventName": "queue", "ChatUid": "", "Data": {}}').adds("receive", "AAEC", 2)
    window.sends(GetImage("s", "d", "9")).sends(QUIT).sends(say())
    found = trace(choose_chat(find_chats(read_har(har_of(window))), None))
    assert [step for step in found.steps if isinstance(step, Does)][2:] == [Does("Message", 0.0, 0), Does("Quit", 0.0)]
    assert set(found.notes) == {
        "Message had 2 parameters, not those of the specification.",
        "Left out: GetImage of a type that the specification does not know.",
        "Left out: command that the protocol does not know, 2 times.",
        "Left out: Message while ended, where no server takes it.",
        "Left out: sent message that is no command.",
        "Left out: event that the protocol does not know.",
        "Left out: event that cannot be read.",
        "Left out: received message that is no JSON.",
        "Left out: binary message.",
    }


def test_times_add_up() -> None:
    """However odd they are: rounded to milliseconds, the sum stays what it was."""
    found = traced(*OPENING, *[show("x" * each) for each in range(200)], QUIT, every_s=1 / 3)
    assert length_s(found.steps) == pytest.approx((len(OPENING) + 200) / 3, abs=0.001)
    assert all(step.after_s in (0.0, 0.333, 0.334) for step in found.steps)


def test_a_clock_that_is_set_back_makes_no_pause() -> None:
    """Nor does anything come before its time."""
    window = Window().sends(CONNECT).hears(CONNECTED, -5.0).sends(hello(), 6.0).hears(NotAccepted())
    assert trace(choose_chat(find_chats(read_har(har_of(window))), None)).steps == (
        Does("Connect"),
        Hears("connected", 0.0),
        Does("Hello", 1.0),
        Hears("notaccepted", 0.0),
    )


ANYTHING = (
    *(CONNECTED, hello(), Accepted(chat_uid="u"), JOINED, NotAccepted(chat_uid="u"), QuitEvent(chat_uid="u")),
    *(line("lineo"), line("linev"), line("lineo final"), line("strange"), Error(), Acknowledged(), Typing()),
    *(RequestFile(file_types=""), RequestField(field=SurveyField(field_name="f")), Queue(position=1)),
    *(START, STOP, show("abc"), say(), say("longer than this"), QUIT, SURVEY, GetOperators("s", "d")),
    *(GetImage("s", "d", "1"), File("s", "d", "a.pdf", "u"), DynamicField("s", "d", "f", "v")),
)


@settings(max_examples=200)
@given(st.lists(st.sampled_from(ANYTHING), max_size=30), st.floats(0, 100))
def test_whatever_was_recorded_makes_a_visit(said: list[Command | Event], every_s: float) -> None:
    """In any order: no command is invented but a last Quit, and none is done twice."""
    found = traced(*OPENING, *said, every_s=every_s)
    check_visit(found.steps)
    done = [step.command for step in found.steps if isinstance(step, Does)]
    recorded = [each.name for each in (*OPENING, *said) if isinstance(each, Command)]
    if done[-1] == "Quit" and "Quit" not in recorded:
        done.pop()
    remaining = iter(recorded)
    assert all(name in remaining for name in done)
