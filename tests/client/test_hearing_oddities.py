from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.client.hearing import Hearing
from whoson_load.errors import Fault
from whoson_load.measurement.ledger import TokenBook
from whoson_load.measurement.recorder import Recorder
from whoson_load.protocol.conversation import State
from whoson_load.protocol.events import (
    EVENTS,
    Accepted,
    Connected,
    MalformedEvent,
    NewLine,
    Operator,
    OperatorJoined,
    UnknownEvent,
)
from whoson_load.protocol.frames import decode_events
from whoson_load.protocol.site import Site

Counted = Callable[[], SimpleNamespace]
MS = 1_000_000
DEADLINE_NS = 30_000 * MS
SITE = Site(domain="www.mycompany.com")
CONNECTED = Connected(session_id="s-1", site=SITE)
HOWARD = Operator(name="Howard Williams")


def line(classname: str, content: str = "Hello", uid: str = "u-1") -> NewLine:
    """A line of a class."""
    return NewLine(chat_uid=uid, classname=classname, content=content)


@pytest.fixture
def book(recorder: Recorder) -> TokenBook:
    """The ledger of visitor 7's first visit."""
    return TokenBook("tag", 7, 1, DEADLINE_NS, recorder.line)


@pytest.fixture
def hearing(recorder: Recorder, book: TokenBook) -> Hearing:
    """Ears that have heard nothing yet."""
    return Hearing(recorder, book)


@pytest.fixture
def chatting(hearing: Hearing, counted: Counted) -> Hearing:
    """Ears of a chat that an operator joined, everything until then counted away."""
    for command in ("Connect", "Hello"):
        hearing.conversation.command(command)
        if command == "Connect":
            hearing.hear(CONNECTED, 0)
    hearing.hear(Accepted(chat_uid="u-1"), 0)
    hearing.hear(OperatorJoined(chat_uid="u-1", operator=HOWARD), 0)
    assert hearing.conversation.state is State.CHATTING
    counted()
    return hearing


@pytest.mark.parametrize("name", [*EVENTS, "ack", ""])
def test_an_event_that_makes_no_sense_answers_nothing_and_moves_nothing(
    name: str, chatting: Hearing, counted: Counted
) -> None:
    """Whatever it calls itself: counted, and that is all."""
    for series in ("connect.connected", "accepted", "operatorjoined", "operators", "image", "acknowledged", "echo"):
        chatting.expect(series, 1)
    chatting.hear(MalformedEvent(event_name=name, data={"x": 1}, problem="no sense"), 2)
    chatting.hear(UnknownEvent(event_name=name), 3)
    assert chatting.conversation.state is State.CHATTING
    assert chatting.blame(Fault.RESET) == 7
    counts = counted()
    assert counts.samples == {}
    assert counts.events == {name or "(nameless)": 2}
    assert counts.deviations == {}  # the reader of the frame has counted it


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


DATA = JSON | st.fixed_dictionaries(
    {},
    optional={
        "SessionID": JSON,
        "Classname": JSON | st.just("linev"),
        "Content": JSON,
        "FieldName": JSON,
        "Name": JSON,
        "Skills": JSON,
        "ImageType": JSON,
    },
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"EventName": st.sampled_from([*EVENTS, "Connected", "nonsense"]) | JSON},
            optional={"ChatUid": JSON, "Data": DATA},
        )
        | JSON,
        max_size=8,
    ),
    st.sampled_from(list(State)),
)
def test_no_json_that_a_server_can_send_breaks_a_visitor(values: list[object], state: State) -> None:
    """In any state, whatever an event holds where something else was expected."""
    recorder = Recorder("test")
    hearing = Hearing(recorder, TokenBook("tag", 7, 1, DEADLINE_NS, recorder.line))
    hearing.conversation.state = state
    for series in ("connect.connected", "accepted", "operatorjoined", "echo"):
        hearing.expect(series, 1)
    heard = 0
    for value in values:
        for event in decode_events(json.dumps(value).encode(), recorder.deviation):
            hearing.hear(event, 5)
            heard += 1
    report = recorder.roll(0, 0)
    assert sum(report.tally.events.values()) == heard


def test_the_line_of_a_file_or_a_field_is_the_visitors_own(
    chatting: Hearing, recorder: Recorder, counted: Counted
) -> None:
    """It bears no token; a word of it tells it, escaped as it may be, once."""
    chatting.expect_line("visitor-7.pdf", "http://x/7?a=b&c=d")
    chatting.expect_line("Order", "")
    chatting.hear(line("lineo", "Please send it."), 5 * MS)
    chatting.hear(line("linev", "Something else"), 10 * MS)
    chatting.hear(line("linev", "<a href='http://x/7?a=b&amp;c=d'>file</a>"), 20 * MS)
    assert chatting.reply is None
    chatting.hear(line("lineo", "Thanks."), 50 * MS)
    assert recorder.percentile_ns("reply", 100) == pytest.approx(30 * MS, rel=0.001)
    chatting.hear(line("linev", "visitor-7.pdf"), 60 * MS)
    chatting.hear(line("linev", "Order: 4711"), 70 * MS)
    counts = counted()
    assert counts.deviations == {"linev without token": 2}
    assert "echo" not in counts.samples


@pytest.mark.parametrize("resumed", [False, True])
def test_a_page_loaded_anew_owes_and_is_owed_nothing(
    resumed: bool, chatting: Hearing, book: TokenBook, counted: Counted
) -> None:
    """The ledger goes on; the session does where it is resumed."""
    chatting.hear(CONNECTED, 1)
    token = book.token
    book.sent(5 * MS)
    chatting.expect("echo", 5 * MS)
    chatting.start_anew(resumed=resumed)
    assert not chatting.owing
    assert chatting.conversation.state is (State.CHATTING if resumed else State.OPEN)
    assert (chatting.session_id, chatting.chat_uid) == (("s-1", "u-1") if resumed else ("", ""))
    assert chatting.operator == (HOWARD if resumed else None)
    chatting.hear(line("linev", token), 9 * MS)
    assert counted().lines == {"sent": 1, "echoed": 1}
