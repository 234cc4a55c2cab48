from __future__ import annotations

import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from tests.client.kinds import OpenWire, Serve
from tests.client.peers import Connection
from whoson_load.client import wire as wire_module
from whoson_load.client.wire import Received, Wire
from whoson_load.clock import monotonic_ns, wall_ns
from whoson_load.errors import Fault, RemoteProtocolError, SessionClosed, TargetError

Spawn = Callable[..., "gevent.Greenlet[..., Any]"]

FAR_NS = 20_000_000_000

BLOCK = b'"' + b"x" * 30_000 + b'"'
"""A long message; some hundreds of them are more than two sockets hold between them."""


def until(holds: Callable[[], object]) -> None:
    """Let the loop turn until something holds."""
    give_up_ns = monotonic_ns() + FAR_NS
    while not holds():
        assert monotonic_ns() < give_up_ns, "it never held"
        gevent.sleep(0.001)


class Listening:
    """A server that accepts and reads only when it is told to.

    Attributes:
        frames: what it then read: opcodes and payloads.
    """

    def __init__(self) -> None:
        self.read_on = threading.Event()
        self.frames: list[tuple[int, bytes]] = []
        self.connection: Connection = None
        self.accepted = threading.Event()

    def __call__(self, connection: Connection) -> None:
        """The script."""
        connection.upgrade()
        self.connection = connection
        self.accepted.set()
        assert self.read_on.wait(20)
        while not self.frames or self.frames[-1][0] != 8:
            self.frames.append(connection.hear())


@pytest.fixture(params=["ws", "wss"])
def tls(request: pytest.FixtureRequest) -> dict[str, ssl.SSLContext] | None:
    """How to serve: plain, and encrypted."""
    return None if request.param == "ws" else {"tls": request.getfixturevalue("certificates").server()}


class Stalled:
    """A server that does not read, and a visitor that sends to it until there is no room left.

    Attributes:
        sending: the visitor's greenlet; it ends with how many messages it sent, when the server reads on.
    """

    def __init__(self, server: Listening, wire: Wire, spawn: Spawn) -> None:
        self.server, self.wire = server, wire
        self.connection = server.connection
        self.sending = spawn(self._fill)
        until(lambda: wire._unsent)
        assert not self.sending.dead

    def _fill(self) -> int:
        for number in range(1, 10_000):
            self.wire.send(BLOCK)
            if self.server.read_on.is_set():
                return number
        raise AssertionError("there was always room")

    def read_on(self) -> int:
        """Let the server read; how many messages were sent until then."""
        self.server.read_on.set()
        sent: int = self.sending.get(timeout=20)
        return sent

    def close(self) -> list[tuple[int, int]]:
        """Close; what the server read: opcodes and sizes."""
        self.wire.close(20, lambda received: None)
        return [(opcode, len(payload)) for opcode, payload in self.server.frames]


@pytest.fixture
def stalled(serve: Serve, open_wire: OpenWire, spawn: Spawn, tls: dict[str, Any] | None) -> Iterator[Stalled]:
    """Plain, and encrypted."""
    server = Listening()
    wire = open_wire(serve(server, narrow=True, **(tls or {})), insecure=True)
    assert server.accepted.wait(20)
    stalled = Stalled(server, wire, spawn)
    yield stalled
    stalled.sending.kill()
    wire.abandon()
    server.read_on.set()


def test_what_is_sent_is_read_and_counted(
    serve: Serve, open_wire: OpenWire, counted: Callable[[], SimpleNamespace]
) -> None:
    """Frame by frame; the instant is the one right before the send call."""
    server = Listening()
    server.read_on.set()
    wire = open_wire(peer := serve(server))
    before_ns = wall_ns()
    sent_ns = wire.send(b"{}"), wire.send("é".encode() * 100)
    after_ns = wall_ns()
    wire.close(20, lambda received: None)
    peer.end_scripts()
    assert server.frames == [(1, b"{}"), (1, "é".encode() * 100), (8, b"\x03\xe8")]
    assert before_ns <= sent_ns[0] <= sent_ns[1] <= after_ns
    assert counted().traffic["bytes_sent"] == 2 + 4 + 2 + 4 + 4 + 200


def test_a_send_waits_for_room(stalled: Stalled) -> None:
    """Until the server reads again; then all of it arrives, and what is sent next after it."""
    sent = stalled.read_on()
    stalled.wire.send(b"{}")
    assert stalled.close() == [(1, len(BLOCK))] * sent + [(1, 2), (8, 2)]
    assert {payload for _, payload in stalled.server.frames[:sent]} == {BLOCK}


def test_a_visitor_that_waits_for_room_still_hears(stalled: Stalled) -> None:
    """What arrives meanwhile is there for it afterwards."""
    for _ in range(3):
        stalled.connection.say_event("typing")
    until(lambda: len(stalled.wire._events) == 3)
    assert not stalled.sending.dead
    stalled.read_on()
    assert [stalled.wire.next(0) is not None for _ in range(3)] == [True] * 3


def test_a_pong_does_not_cut_a_frame_in_two(stalled: Stalled) -> None:
    """A ping that arrives while a frame is half sent is answered behind that frame."""
    rest = len(stalled.wire._unsent)
    stalled.connection.say(b"\x89\x04ping")
    until(lambda: len(stalled.wire._unsent) > rest)
    sent = stalled.read_on()
    read = stalled.close()
    assert sorted(read) == sorted([(1, len(BLOCK))] * sent + [(10, 4), (8, 2)])


def test_a_pong_without_room_waits_for_the_next_send(stalled: Stalled, spawn: Spawn) -> None:
    """Behind what a killed visitor had half sent, and ahead of that."""
    stalled.sending.kill()
    stalled.connection.say(b"\x89\x04ping" + stalled.connection.event("typing"))
    assert stalled.wire.next(monotonic_ns() + FAR_NS) is not None
    sending = spawn(stalled.wire.send, b"{}")
    stalled.server.read_on.set()
    sending.get(timeout=20)
    assert stalled.close()[-4:] == [(1, len(BLOCK)), (10, 4), (1, 2), (8, 2)]


def test_pongs_for_a_server_that_does_not_read_are_not_piled_up(stalled: Stalled) -> None:
    """Memory does not grow with its pings."""
    stalled.sending.kill()
    for _ in range(2000):
        stalled.connection.say((b"\x89\x7d" + b"x" * 125) * 10)
    stalled.connection.say_event("typing")
    assert stalled.wire.next(monotonic_ns() + FAR_NS) is not None
    assert len(stalled.wire._unsent) < 2 * wire_module.BURST_BYTES


def test_a_server_that_stops_reading(stalled: Stalled) -> None:
    """Ends the connection after the deadline."""
    stalled.sending.kill()
    stalled.wire.stall_s = 0.05
    with pytest.raises(SessionClosed, match="stopped reading") as told:
        stalled.wire.send(b"{}")
    assert told.value.fault is Fault.REPLY_TIMEOUT
    with pytest.raises(SessionClosed):
        stalled.wire.next(monotonic_ns() + FAR_NS)


@pytest.mark.parametrize(
    "say, fault",
    [
        (lambda connection: connection.say_close(1012), Fault.CLOSED),
        (lambda connection: connection.say(b"\x82\x02{}"), Fault.INVALID_FRAME),
        (lambda connection: connection.reset(), Fault.RESET),
    ],
)
def test_an_end_that_comes_while_a_send_waits_for_room(
    say: Callable[[Connection], None], fault: Fault, stalled: Stalled
) -> None:
    """Is told at once, not after the deadline."""
    say(stalled.connection)
    with pytest.raises(TargetError) as told:
        stalled.sending.get(timeout=10)
    assert told.value.fault is fault


def test_a_flood_that_comes_while_a_send_waits_for_room(stalled: Stalled, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that nobody takes are not kept without end."""
    monkeypatch.setattr(wire_module, "MAX_PENDING_EVENTS", 5)
    for _ in range(6):
        stalled.connection.say_event("typing")
    with pytest.raises(RemoteProtocolError) as told:
        stalled.sending.get(timeout=10)
    assert told.value.fault is Fault.FRAME_TOO_LARGE


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere a reset takes what is still unread with it")
def test_a_send_that_fails_tells_what_the_server_said_before_it_was_gone(serve: Serve, open_wire: OpenWire) -> None:
    """A close code that lies there unread says more than the reset behind it."""
    gone = threading.Event()

    def script(connection: Connection) -> None:
        connection.upgrade()
        connection.say_event("quit")
        connection.say_close(1012)
        connection.reset()
        gone.set()

    wire = open_wire(serve(script))
    assert gone.wait(20)  # the loop does not turn meanwhile
    with pytest.raises(SessionClosed) as told:
        wire.send(b"{}")
    assert (told.value.fault, told.value.close_code) == (Fault.CLOSED, 1012)
    received = wire.next(0)
    assert received is not None
    assert received[0].name == "quit"


def test_a_send_into_a_connection_that_was_reset(serve: Serve, open_wire: OpenWire) -> None:
    """With nothing left to read it is a reset."""
    gone = threading.Event()

    def script(connection: Connection) -> None:
        connection.upgrade()
        connection.reset()
        gone.set()

    wire = open_wire(serve(script))
    assert gone.wait(20)
    with pytest.raises(SessionClosed) as told:
        wire.send(b"{}")
    assert (told.value.fault, told.value.close_code) == (Fault.RESET, None)


def test_the_closing_handshake(serve: Serve, open_wire: OpenWire) -> None:
    """Ours first, then what still comes is heard, then the server's."""
    codes: list[int | None] = []

    def script(connection: Connection) -> None:
        connection.upgrade()
        codes.append(connection.hear_close())
        connection.say(connection.event("typing") + connection.event("typingstop"))
        connection.say_close(1000)
        with pytest.raises(ConnectionResetError):
            connection.hear()  # nothing more, not a second close either

    heard: list[Received] = []
    wire = open_wire(peer := serve(script))
    wire.close(20, heard.append)
    peer.end_scripts()
    assert codes == [1000]
    assert [event.name for event, _ in heard] == ["typing", "typingstop"]
    assert isinstance(wire.failure, SessionClosed)
    assert wire.failure.close_code == 1000


@pytest.mark.parametrize("chatty", [False, True])
def test_a_server_that_does_not_answer_a_close(chatty: bool, serve: Serve, open_wire: OpenWire) -> None:
    """Is left after the deadline, however much else it has to say."""
    over = threading.Event()

    def script(connection: Connection) -> None:
        connection.upgrade()
        while not over.wait(0.001):
            if chatty:
                connection.say_event("typing")

    wire = open_wire(serve(script))
    wire.close(0.05, lambda received: None)
    with pytest.raises(SessionClosed, match="by the visitor"):
        wire.send(b"{}")
    over.set()


def test_a_server_that_leaves_without_answering_a_close(serve: Serve, open_wire: OpenWire) -> None:
    """Is left, too."""
    wire = open_wire(serve(lambda connection: (connection.upgrade(), connection.hear_close())))
    wire.close(20, lambda received: None)
    assert wire.failure is not None
    assert wire.failure.fault is Fault.RESET
