from __future__ import annotations

import pytest

from tests.client.beginnings import CONNECTED, DEADLINE_NS, SITE, line_of
from tests.client.kinds import Counted
from tests.client.scripted import HOWARD
from whoson_load.client.hearing import Hearing
from whoson_load.errors import Fault
from whoson_load.measurement.ledger import TokenBook
from whoson_load.measurement.recorder import Recorder
from whoson_load.protocol.conversation import State
from whoson_load.protocol.events import (
    Accepted,
    Acknowledged,
    Error,
    Event,
    Image,
    NotAccepted,
    Operator,
    OperatorJoined,
    Operators,
    Queue,
    Quit,
    RequestField,
    RequestFile,
    Typing,
    UnknownEvent,
)
from whoson_load.protocol.survey import SurveyField

MS = 1_000_000


@pytest.mark.parametrize(
    "before, command, series, event",
    [
        ([], "Connect", "connect.connected", CONNECTED),
        (["Connect", CONNECTED], "GetOperators", "operators", Operators(operators=(HOWARD,))),
        (["Connect", CONNECTED], "GetImage", "image", Image(image_type=5)),
        (["Connect", CONNECTED], "Hello", "accepted", Accepted(chat_uid="u-1")),
        (
            ["Connect", CONNECTED, "Hello", Accepted(chat_uid="u-1")],
            None,
            "operatorjoined",
            OperatorJoined(operator=HOWARD),
        ),
        (
            ["Connect", CONNECTED, "Hello", Accepted(), OperatorJoined(operator=HOWARD), "Quit"],
            "PostChatSurvey",
            "acknowledged",
            Acknowledged(),
        ),
    ],
)
def test_the_event_of_a_command_is_a_sample_of_its_series(
    before: list[str | Event],
    command: str | None,
    series: str,
    event: Event,
    hearing: Hearing,
    recorder: Recorder,
    counted: Counted,
) -> None:
    """From the command's sending to the event's arrival, once; the same event again is none."""
    for step in before:
        if isinstance(step, str):
            hearing.conversation.command(step)
        else:
            hearing.hear(step, 1)
    if command is not None:
        hearing.conversation.command(command)
    hearing.expect(series, 100 * MS)
    assert hearing.waits_for(series)
    assert hearing.owing
    hearing.hear(event, 142 * MS)
    assert not hearing.waits_for(series)
    assert not hearing.owing
    assert recorder.percentile_ns(series, 100) == pytest.approx(42 * MS, rel=0.001)
    hearing.hear(event, 150 * MS)
    assert counted().samples[series] == 1


def test_what_nobody_asked_for_is_no_sample(hearing: Hearing, counted: Counted) -> None:
    """An event may come unasked, in a state that does not expect it: counted as such, and remembered."""
    hearing.hear(Acknowledged(), 5)
    hearing.hear(Quit(), 6)
    counts = counted()
    assert counts.samples == {}
    assert counts.deviations == {"unexpected acknowledged": 1, "unexpected quit": 1}
    assert counts.events == {"acknowledged": 1, "quit": 1}


def test_what_the_server_says_of_the_session_is_kept(hearing: Hearing) -> None:
    """The session's ID and the site's settings."""
    assert (hearing.session_id, hearing.site, hearing.chat_uid, hearing.operator) == ("", None, "", None)
    hearing.conversation.command("Connect")
    hearing.hear(CONNECTED, 1)
    assert (hearing.session_id, hearing.site) == ("s-1", SITE)


def test_the_last_uid_that_was_not_blank_is_kept(ears: Hearing) -> None:
    """Whatever event it came with, an unknown one too."""
    ears.hear(Typing(chat_uid="u-2"), 1)
    ears.hear(Typing(), 2)
    assert ears.chat_uid == "u-2"
    ears.hear(UnknownEvent(chat_uid="u-3", event_name="ack"), 3)
    assert ears.chat_uid == "u-3"


def test_an_echo_is_timed_from_its_own_message(
    ears: Hearing, book: TokenBook, recorder: Recorder, counted: Counted
) -> None:
    """By the token in it, escaped or marked up as it may be."""
    token = book.token
    book.sent(100 * MS)
    ears.expect("echo", 100 * MS)
    ears.hear(line_of("linesays", "Thomas says:"), 119 * MS)
    assert ears.waits_for("echo")
    ears.hear(line_of("linev", f"<b>{token}</b> Hello &amp; good morning"), 120 * MS)
    assert not ears.waits_for("echo")
    assert recorder.percentile_ns("echo", 100) == pytest.approx(20 * MS, rel=0.001)
    assert counted().lines == {"sent": 1, "echoed": 1}


def test_only_an_own_line_is_an_echo(ears: Hearing, book: TokenBook, counted: Counted) -> None:
    """Not an operator's that quotes it, nor one without a token, nor an earlier one's second coming."""
    first = book.token
    book.sent(1 * MS)
    ears.hear(line_of("linev", first), 2 * MS)
    second = book.token
    book.sent(3 * MS)
    ears.expect("echo", 3 * MS)
    ears.hear(line_of("lineo", f"You said {second}?"), 4 * MS)
    ears.hear(line_of("linev", "Order number: 4711"), 5 * MS)
    ears.hear(line_of("linev", f"{first} again"), 6 * MS)
    assert ears.waits_for("echo")
    counts = counted()
    assert counts.samples["echo"] == 1
    assert counts.lines == {"sent": 2, "echoed": 1, "duplicated": 1}
    assert counts.deviations == {"linev without token": 1}


@pytest.mark.parametrize("classname", ["linev", "lineo"])
def test_another_chats_line_has_crossed(classname: str, ears: Hearing, book: TokenBook, counted: Counted) -> None:
    """The gravest thing a chat server can do, whoever's line it comes as: neither an echo nor without notice."""
    other = TokenBook("tag", 8, 1, DEADLINE_NS, lambda fate, count: None)
    book.sent(1 * MS)
    ears.expect("echo", 1 * MS)
    ears.hear(line_of(classname, f"{other.token} my card number is"), 2 * MS)
    assert ears.waits_for("echo")
    assert counted().lines == {"sent": 1, "crossed": 1}


def test_lines_that_come_in_another_order_or_late_are_known(ears: Hearing, book: TokenBook, counted: Counted) -> None:
    """Reordered ones are echoes all the same; one past its deadline stays lost."""
    tokens = []
    for sent_ns in (1 * MS, 2 * MS, 3 * MS):
        tokens.append(book.token)
        book.sent(sent_ns)
    ears.hear(line_of("linev", tokens[1]), 5 * MS)
    ears.hear(line_of("linev", tokens[0]), 6 * MS)
    ears.hear(line_of("linev", tokens[2]), 4 * MS + DEADLINE_NS)
    counts = counted()
    assert counts.lines == {"sent": 3, "echoed": 2, "reordered": 1, "lost": 1, "late": 1}
    assert counts.samples["echo"] == 2


def test_a_reply_is_timed_from_the_visitors_own_line(
    ears: Hearing, book: TokenBook, recorder: Recorder, counted: Counted
) -> None:
    """To the next exact operator's line: no waiting line, no translation, no second one, no greeting ahead of it."""
    greeting = line_of("lineo", "How can I help?")
    ears.hear(greeting, 1 * MS)
    assert ears.reply == greeting
    token = book.token
    book.sent(10 * MS)
    ears.hear(line_of("linev", token), 12 * MS)
    assert (ears.reply, ears.replies) == (None, 0)
    for classname in ("lineo linewaiting1", "lineo linewaiting2", "linesays", "linet", "queuemessage", "lineo other"):
        ears.hear(line_of(classname), 15 * MS)
    assert ears.reply is None
    answer = line_of("lineo", "Let me see.")
    ears.hear(answer, 42 * MS)
    ears.hear(line_of("linet", "Laissez-moi voir."), 43 * MS)
    assert ears.reply == answer
    assert recorder.percentile_ns("reply", 100) == pytest.approx(30 * MS, rel=0.001)
    second = line_of("lineo", "Here it is.")
    ears.hear(second, 50 * MS)
    assert ears.reply == second
    assert ears.replies == 2
    assert counted().samples["reply"] == 1


def test_lines_are_counted_by_class(ears: Hearing, counted: Counted) -> None:
    """As the server wrote it; "X says:" is no line of its own."""
    for classname in ("pagingmessage", "linesays", "lineo", "lineo", "new class"):
        ears.hear(line_of(classname), 1)
    counts = counted()
    assert counts.line_classes == {"pagingmessage": 1, "linesays": 1, "lineo": 2, "new class": 1}
    assert ears.lines == 4


def test_ticks_of_the_queue_are_timed_from_one_to_the_next(hearing: Hearing, recorder: Recorder) -> None:
    """Until somebody comes: a later queue, after a transfer say, begins anew."""
    hearing.conversation.state = State.WAITING
    for at_ms, position in ((100, 7), (1100, 6), (2200, 1)):
        hearing.hear(Queue(position=position), at_ms * MS)
    assert recorder.percentile_ns("queue.tick", 1) == pytest.approx(1000 * MS, rel=0.001)
    assert recorder.percentile_ns("queue.tick", 100) == pytest.approx(1100 * MS, rel=0.001)
    hearing.hear(OperatorJoined(operator=HOWARD), 2300 * MS)
    hearing.hear(Queue(position=1), 60_000 * MS)
    report = recorder.roll(0, 0)
    assert report.series["queue.tick"].count == 2
    assert report.peaks == {"queue position": 7}


def test_a_transfer_changes_the_operator_and_is_no_second_pickup(ears: Hearing, counted: Counted) -> None:
    """`operatorjoined` times the first one only."""
    sue = Operator(name="Sue Sales")
    ears.hear(OperatorJoined(operator=sue), 99)
    assert ears.operator == sue
    assert "operatorjoined" not in counted().samples


@pytest.mark.parametrize("queued", [False, True])
def test_not_accepted_is_an_answer_and_no_error(queued: bool, hearing: Hearing, counted: Counted) -> None:
    """To Hello, or to waiting: an outcome of the visit."""
    hearing.conversation.state = State.ASKING
    hearing.expect("accepted", 1)
    hearing.expect("operatorjoined", 1)
    if queued:
        hearing.hear(Accepted(), 2)
    hearing.hear(NotAccepted(reason="Closed"), 3)
    assert hearing.conversation.state is (State.QUEUE_TIMEOUT if queued else State.TURNED_AWAY)
    assert not hearing.owing
    assert hearing.blame(Fault.RESET) == 0
    counts = counted()
    assert counts.errors == {}
    assert counts.samples == ({"accepted": 1} if queued else {})


def test_what_is_waited_for_is_an_error_when_it_will_not_come(hearing: Hearing, counted: Counted) -> None:
    """Of one series, or of all; what the visitor itself gave up on is none."""
    for series in ("accepted", "operatorjoined", "echo", "image"):
        hearing.expect(series, 1)
    assert hearing.blame(Fault.REPLY_TIMEOUT, "accepted", "operators") == 1
    hearing.drop("image", "reply")
    assert hearing.blame(Fault.RESET) == 2
    assert hearing.blame(Fault.RESET) == 0
    assert not hearing.owing
    assert counted().errors == {
        "accepted": {"reply_timeout": 1},
        "operatorjoined": {"reset": 1},
        "echo": {"reset": 1},
    }


def test_what_an_operator_asks_for_is_kept(ears: Hearing) -> None:
    """Until the visitor answers it."""
    file, field = RequestFile(file_types="pdf, doc"), RequestField(field=SurveyField(field_name="Order"))
    ears.hear(file, 1)
    ears.hear(field, 2)
    assert (ears.wanted_file, ears.wanted_field) == (file, field)


def test_errors_are_kept_and_counted(ears: Hearing) -> None:
    """None names its command, so all one can tell is that there was another."""
    for text in ("You cannot upload files of this type.", "Another"):
        ears.hear(Error(description=text), 1)
    assert (ears.error, ears.errors) == ("Another", 2)
    assert ears.conversation.state is State.CHATTING


def test_an_error_before_connected_is_the_end(hearing: Hearing) -> None:
    """The server disconnects after it."""
    hearing.conversation.command("Connect")
    hearing.hear(Error(description="Access Denied"), 1)
    assert hearing.conversation.state is State.REFUSED
