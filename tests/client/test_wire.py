from __future__ import annotations

import json
import random
import struct
import threading
from collections.abc import Callable

import pytest

from tests.client.kinds import Counted, OpenWire, Serve
from tests.client.peers import Connection
from whoson_load.client import wire as wire_module
from whoson_load.client.session import ChatSession, Visitor
from whoson_load.client.target import Target
from whoson_load.client.wire import BURST_BYTES, Wire
from whoson_load.clock import monotonic_ns
from whoson_load.errors import Fault, RemoteProtocolError, ReplyTimeout, SessionClosed, TargetError
from whoson_load.measurement.recorder import Recorder
from whoson_load.visitors.patience import MANNERS
from whoson_load.visitors.persona import Personas

FAR_NS = 20_000_000_000


def hear(wire: Wire) -> tuple[list[str], TargetError]:
    """The names of all events until the connection's end, and the end."""
    names = []
    try:
        while (received := wire.next(monotonic_ns() + FAR_NS)) is not None:
            names.append(received[0].name)
    except TargetError as end:
        return names, end
    raise AssertionError("a connection that does not end")


def stays(connection: Connection) -> None:
    """To leave while something of the client's is unread would be a reset, which may overtake what was said."""
    connection.wait_for_the_end()


def says(*data: bytes, then: Callable[[Connection], object] = stays) -> Callable[[Connection], None]:
    """A script that accepts, says something in pieces, and goes when the client has gone, or at once."""

    def script(connection: Connection) -> None:
        connection.upgrade()
        for piece in data:
            connection.say(piece)
        then(connection)

    return script


def text(payload: bytes) -> bytes:
    """A short text frame."""
    return bytes((0x81, len(payload))) + payload


def event(name: str) -> bytes:
    """An event's frame."""
    return text(json.dumps({"EventName": name, "ChatUid": "u", "Data": ""}).encode())


def close(code: int) -> bytes:
    """A close frame."""
    return bytes((0x88, 2)) + struct.pack("!H", code)


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 1012, 4321])
def test_a_close_with_a_code(code: int, serve: Serve, open_wire: OpenWire) -> None:
    """The end tells the code, after what was said before it; the server gets its code back, once."""
    echoed: list[int | None] = []

    def stay(connection: Connection) -> None:
        echoed.append(connection.hear_close())
        connection.wait_for_the_end()

    wire = open_wire(peer := serve(says(event("typing") + close(code) + event("typing"), then=stay)))
    names, end = hear(wire)
    wire.abandon()
    peer.end_scripts()
    assert names == ["typing"]
    assert isinstance(end, SessionClosed)
    assert (end.fault, end.close_code) == (Fault.CLOSED, code)
    assert echoed == [code]


def test_a_close_without_code(serve: Serve, open_wire: OpenWire) -> None:
    """As RFC 6455 has it: 1005, which no frame carries."""
    _, end = hear(open_wire(serve(says(b"\x88\x00"))))
    assert isinstance(end, SessionClosed)
    assert (end.fault, end.close_code) == (Fault.CLOSED, 1005)


@pytest.mark.parametrize(
    "data, then, fault",
    [
        (b"", lambda connection: None, Fault.RESET),
        (b"", lambda connection: connection.reset(), Fault.RESET),
        (b"\x81", lambda connection: None, Fault.HALF_FRAME),
        (b"\x81\x7e\x01", lambda connection: None, Fault.HALF_FRAME),
        (b"\x81\x7e\x01\x00half", lambda connection: None, Fault.HALF_FRAME),
    ],
)
def test_a_connection_that_just_ends(
    data: bytes, then: Callable[[Connection], object], fault: Fault, serve: Serve, open_wire: OpenWire
) -> None:
    """Between frames, or inside one."""
    names, end = hear(open_wire(serve(says(event("typing") + data, then=then))))
    assert names == ["typing"]
    assert isinstance(end, SessionClosed)
    assert (end.fault, end.close_code) == (fault, None)


@pytest.mark.parametrize(
    "data, fault",
    [
        (text(b'{"EventName":"typing","Data":"\xff"}'), Fault.INVALID_UTF8),
        (text(b"\xc3\x28"), Fault.INVALID_UTF8),
        (text(b"{"), Fault.INVALID_JSON),
        (text(b""), Fault.INVALID_JSON),
        (text(b"hello"), Fault.INVALID_JSON),
        (text(b"[" * 100), Fault.INVALID_JSON),
        (bytes((0x82, 2)) + b"{}", Fault.INVALID_FRAME),
        (bytes((0xC1, 2)) + b"{}", Fault.INVALID_FRAME),
        (bytes((0x81, 0x82)) + b"abcd{}", Fault.INVALID_FRAME),
        (struct.pack("!BBQ", 0x81, 127, 10_000_000), Fault.FRAME_TOO_LARGE),
    ],
)
def test_what_no_reading_allows(data: bytes, fault: Fault, serve: Serve, open_wire: OpenWire) -> None:
    """Ends the connection, after what was said before it in the same burst; nobody waits for the 10 MB."""
    wire = open_wire(serve(says(event("typing") + data + event("typing"))))
    names, end = hear(wire)
    assert names == ["typing"]
    assert isinstance(end, RemoteProtocolError)
    assert end.fault is fault
    with pytest.raises(RemoteProtocolError):
        wire.send(b"{}")


def test_a_server_that_deviates_is_read_on_and_counted(serve: Serve, open_wire: OpenWire, counted: Counted) -> None:
    """An array of events, a name in another case, a trailing comma, an event nobody knows, one that makes no sense."""
    data = (
        text(b'[{"EventName":"typing"},{"EventName":"TypingStop"}]')
        + text(b'{"EventName":"typing","Data":"",}')
        + text(b'{"EventName":"ack"}')
        + text(b'{"EventName":"newline","Data":null}')
        + close(1000)
    )
    names, _ = hear(open_wire(serve(says(data))))
    assert names == ["typing", "typingstop", "typing", "", ""]
    assert counted().deviations == {
        "array of events": 1,
        "name in another case": 1,
        "trailing comma": 1,
        "unknown event": 1,
        "malformed event": 1,
    }


def test_a_server_that_is_silent(serve: Serve, open_wire: OpenWire) -> None:
    """A wait ends at its time, and the connection stays."""
    go_on = threading.Event()

    def script(connection: Connection) -> None:
        connection.upgrade()
        go_on.wait(20)
        connection.say_event("typing")
        connection.wait_for_the_end()

    wire = open_wire(serve(script))
    due_ns = monotonic_ns() + 10_000_000
    assert wire.next(due_ns) is None
    assert monotonic_ns() >= due_ns
    assert wire.next(monotonic_ns() - 1) is None
    go_on.set()
    assert wire.next(monotonic_ns() + FAR_NS) is not None


def test_a_server_that_is_silent_to_a_session(
    serve: Serve, make_target: Callable[..., Target], counted: Counted, recorder: Recorder
) -> None:
    """Is left after the reply deadline: it accepts the upgrade, and answers no Connect."""
    visitor = Visitor(Personas(1, "run7").persona(1), MANNERS, random.Random(1), "run7")
    target = make_target(serve(says()).url, reply_s=0.05)
    with pytest.raises(ReplyTimeout), ChatSession.open(target, visitor, recorder) as chat:
        chat.connect()
    counts = counted()
    assert counts.errors == {"connect": {"reply_timeout": 1}, "connect.connected": {"reply_timeout": 1}}
    assert counts.samples.keys() >= {"connect.tcp", "connect.upgrade"}


def test_a_server_that_sends_byte_by_byte(serve: Serve, open_wire: OpenWire) -> None:
    """Every event, in order."""
    names = ["typing", "typingstop", "queue", "quit"] * 3
    data = b"".join(event(name) if name != "queue" else text(b'{"EventName":"queue","Data":"2"}') for name in names)
    data += (
        bytes((0x01, 10)) + b'{"EventNam' + bytes((0x89, 1)) + b"p" + bytes((0x80, 11)) + b'e":"quit"} ' + close(1000)
    )
    heard, end = hear(open_wire(serve(says(*(bytes((each,)) for each in data)))))
    assert heard == [*names, "quit"]
    assert end.fault is Fault.CLOSED


def test_more_than_one_receive_takes(serve: Serve, open_wire: OpenWire, counted: Counted) -> None:
    """A burst is read on in the loop's next turns, and every byte counted."""
    data = event("typing") * (4 * BURST_BYTES // len(event("typing"))) + close(1000)
    names, _ = hear(open_wire(serve(says(data))))
    assert len(names) == 4 * BURST_BYTES // len(event("typing"))
    assert counted().traffic["bytes_received"] == len(data)


def test_what_stands_right_behind_the_upgrade_is_heard(serve: Serve, open_wire: OpenWire) -> None:
    """In the same packet as the answer: whole events, and a half one whose rest comes later."""

    def script(connection: Connection) -> None:
        connection.upgrade(behind=event("typing") + event("typingstop")[:7])
        connection.say(event("typingstop")[7:] + close(1000))
        stays(connection)

    names, end = hear(open_wire(serve(script)))
    assert names == ["typing", "typingstop"]
    assert end.fault is Fault.CLOSED


def test_an_end_right_behind_the_upgrade_is_one(serve: Serve, open_wire: OpenWire) -> None:
    """A server that closes at once."""
    wire = open_wire(serve(lambda connection: connection.upgrade(behind=event("typing") + close(1013))))
    names, end = hear(wire)
    assert names == ["typing"]
    assert isinstance(end, SessionClosed)
    assert end.close_code == 1013


def test_pings_are_answered_while_the_visitor_waits_and_are_no_events(serve: Serve, open_wire: OpenWire) -> None:
    """With what they carried; a pong nobody asked for is overlooked."""
    pongs: list[tuple[int, bytes]] = []

    def script(connection: Connection) -> None:
        connection.upgrade()
        connection.say(bytes((0x8A, 1)) + b"x" + bytes((0x89, 5)) + b"hello" + bytes((0x89, 0)))
        pongs.extend(connection.hear() for _ in range(2))
        connection.say_close(1000)
        connection.wait_for_the_end()

    names, _ = hear(open_wire(serve(script)))
    assert names == []
    assert pongs == [(10, b"hello"), (10, b"")]


def test_a_visitor_that_does_not_listen_is_not_flooded(
    serve: Serve, open_wire: OpenWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events wait for it, but not without end; those that do are heard before the fault."""
    monkeypatch.setattr(wire_module, "MAX_PENDING_EVENTS", 5)
    wire = open_wire(serve(lambda connection: connection.upgrade(behind=event("typing") * 8)))
    names, end = hear(wire)
    assert names == ["typing"] * 8
    assert end.fault is Fault.FRAME_TOO_LARGE


def test_an_end_is_told_as_often_as_it_is_asked_for(serve: Serve, open_wire: OpenWire) -> None:
    """Receiving and sending."""
    wire = open_wire(serve(says(close(1008))))
    _, end = hear(wire)
    assert hear(wire) == ([], end)
    with pytest.raises(SessionClosed) as told:
        wire.send(b"{}")
    assert told.value is end


def test_what_was_abandoned_stays_so(serve: Serve, open_wire: OpenWire) -> None:
    """More than once, and whatever is asked of it afterwards."""
    wire = open_wire(serve(lambda connection: (connection.upgrade(), connection.wait_for_the_end())))
    for _ in range(3):
        wire.abandon()
        wire.reset()
        wire.close(1, lambda received: None)
    names, end = hear(wire)
    assert names == []
    assert isinstance(end, SessionClosed)
    assert (end.fault, end.close_code) == (Fault.CLOSED, 1000)


def test_a_reset_is_one(serve: Serve, open_wire: OpenWire) -> None:
    """As of a crashed browser: the server reads no end, but an error."""
    seen: list[str] = []

    def script(connection: Connection) -> None:
        connection.upgrade()
        try:
            connection.sock.recv(100)
        except ConnectionResetError:
            seen.append("reset")

    peer = serve(script)
    open_wire(peer).reset()
    peer.end_scripts()
    assert seen == ["reset"]
