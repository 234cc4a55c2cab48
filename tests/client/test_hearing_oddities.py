from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.client.beginnings import CONNECTED, DEADLINE_NS, line_of
from tests.client.kinds import Counted
from tests.client.scripted import HOWARD
from whoson_load.client.hearing import Hearing
from whoson_load.errors import Fault
from whoson_load.measurement.ledger import TokenBook
from whoson_load.measurement.recorder import Recorder
from whoson_load.protocol.conversation import State
from whoson_load.protocol.events import (
    EVENTS,
    MalformedEvent,
    UnknownEvent,
)
from whoson_load.protocol.frames import decode_events

MS = 1_000_000


@pytest.mark.parametrize("name", [*EVENTS, "ack", ""])
def test_an_event_that_makes_no_sense_answers_nothing_and_moves_nothing(
    name: str, ears: Hearing, counted: Counted
) -> None:
    """Whatever it calls itself: counted, and that is all."""
    for series in ("connect.connected", "accepted", "operatorjoined", "operators", "image", "acknowledged", "echo"):
        ears.expect(series, 1)
    ears.hear(MalformedEvent(event_name=name, data={"x": 1}, problem="no sense"), 2)
    ears.hear(UnknownEvent(event_name=name), 3)
    assert ears.conversation.state is State.CHATTING
    assert ears.blame(Fault.RESET) == 7
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


def test_the_line_of_a_file_or_a_field_is_the_visitors_own(ears: Hearing, recorder: Recorder, counted: Counted) -> None:
    """It bears no token; a word of it tells it, escaped as it may be, once."""
    ears.expect_line("visitor-7.pdf", "http://x/7?a=b&c=d")
    ears.expect_line("Order", "")
    ears.hear(line_of("lineo", "Please send it."), 5 * MS)
    ears.hear(line_of("linev", "Something else"), 10 * MS)
    ears.hear(line_of("linev", "<a href='http://x/7?a=b&amp;c=d'>file</a>"), 20 * MS)
    assert ears.reply is None
    ears.hear(line_of("lineo", "Thanks."), 50 * MS)
    assert recorder.percentile_ns("reply", 100) == pytest.approx(30 * MS, rel=0.001)
    ears.hear(line_of("linev", "visitor-7.pdf"), 60 * MS)
    ears.hear(line_of("linev", "Order: 4711"), 70 * MS)
    counts = counted()
    assert counts.deviations == {"linev without token": 2}
    assert "echo" not in counts.samples


@pytest.mark.parametrize("resumed", [False, True])
def test_a_page_loaded_anew_owes_and_is_owed_nothing(
    resumed: bool, ears: Hearing, book: TokenBook, counted: Counted
) -> None:
    """The ledger goes on; the session does where it is resumed."""
    ears.hear(CONNECTED, 1)
    token = book.token
    book.sent(5 * MS)
    ears.expect("echo", 5 * MS)
    ears.start_anew(resumed=resumed)
    assert not ears.owing
    assert ears.conversation.state is (State.CHATTING if resumed else State.OPEN)
    assert (ears.session_id, ears.chat_uid) == (("s-1", "u-1") if resumed else ("", ""))
    assert ears.operator == (HOWARD if resumed else None)
    ears.hear(line_of("linev", token), 9 * MS)
    assert counted().lines == {"sent": 1, "echoed": 1}
