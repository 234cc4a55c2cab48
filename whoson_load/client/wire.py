"""One visitor's open WebSocket: the hot path. Knows frames and events, and nothing of what a chat is.

There is no reader greenlet. A read watcher that is never stopped does one receive for all that is there, reads the
frames and the events in them, and wakes the visitor only when there is an event for it. Whenever the visitor is not
computing it waits here, for the next event or for a time, so a thousand visitors are a thousand greenlets and nothing
more.
"""

from __future__ import annotations

import socket
from _socket import socket as raw_socket
from collections.abc import Callable
from typing import Any

from gevent import get_hub, getcurrent
from greenlet import greenlet

from whoson_load.client.dial import Dialled
from whoson_load.client.frames import FrameReader, close_frame, pong_frame, text_frame
from whoson_load.client.stamps import ANCILLARY_BYTES, KERNEL_STAMPS, stamp_ns
from whoson_load.client.tls import Tls
from whoson_load.client.wheel import Wheel, wheel
from whoson_load.clock import monotonic_ns, wall_ns
from whoson_load.errors import Fault, RemoteProtocolError, SessionClosed, TargetError
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.sample import GENERATOR_RECEIVE
from whoson_load.protocol.events import Event
from whoson_load.protocol.frames import decode_events

__all__ = ["Received", "Wire"]

BURST_BYTES = 65536
"""The most that one receive takes. What is left is taken in the loop's next turn, so that one visitor cannot starve
the others."""

MAX_PENDING_EVENTS = 10_000
"""The most events that may wait for a visitor that is itself waiting to send. Invented."""

_READ, _WRITE = 1, 2  # libev's names for what a watcher watches

Received = tuple[Event, int]
"""An event, and when the kernel had its last byte: nanoseconds on the wall clock."""


class Wire:
    """An open WebSocket, from the upgrade to its end.

    Args:
        dialled: the connection; the wire owns its descriptor now.
        recorder: told of bytes, receive lag and deviations.
        stall_s: how long a send may wait for a server that does not read.

    Attributes:
        stall_s: likewise; dialled_ns: how long it took to open, its parts together.
        heard_ns: when anything last arrived, on the monotonic clock.
        failure: why it ended; None while it is open.
        due_ns, near_ns, far_ns: the wheel's.
    """

    __slots__ = (
        "_close_sent",
        "_events",
        "_lag",
        "_raw",
        "_reader",
        "_recorder",
        "_rest",
        "_tls",
        "_traffic",
        "_unsent",
        "_visitor",
        "_watcher",
        "_wheel",
        "dialled_ns",
        "due_ns",
        "failure",
        "far_ns",
        "heard_ns",
        "near_ns",
        "stall_s",
    )

    def __init__(self, dialled: Dialled, recorder: Recorder, stall_s: float) -> None:
        self._raw = raw_socket(fileno=dialled.descriptor)
        self._raw.setblocking(False)
        self._tls = dialled.tls
        self._recorder = recorder
        self._traffic = recorder.traffic
        self._lag = recorder.timer(GENERATOR_RECEIVE)
        self.stall_s = stall_s
        self.dialled_ns = dialled.parts.all_ns
        self._reader = FrameReader()
        self._events: list[Received] = []
        self._unsent = b""
        self._close_sent = False
        self._visitor: greenlet | None = None
        self._wheel: Wheel = wheel()
        self.due_ns = self.near_ns = self.far_ns = 0
        self.heard_ns = monotonic_ns()
        self.failure: TargetError | None = None
        self._rest = get_hub().switch
        self._watcher: Any = get_hub().loop.io(dialled.descriptor, _READ)
        self._watcher.start(self._readable)
        if not dialled.stamped:
            self._traffic["unstamped"] += 1
        self._traffic["bytes_received"] += len(dialled.rest)
        self._take(dialled.rest, dialled.received_ns)  # decrypted already
        if self._tls is not None and self._tls.end is not None:
            self._fail(self._cut_off() or self._tls.end)

    # Receiving

    def next(self, due_ns: int) -> Received | None:
        """The next event, or None when there is none before `due_ns` on the monotonic clock.

        Raises:
            TargetError: the connection ended, and all events before its end were taken.
        """
        events = self._events
        if not events and self.failure is None:
            self._wait(due_ns)
        if events:
            return events.pop(0)
        if self.failure is not None:
            raise self.failure
        return None

    def _wait(self, due_ns: int) -> None:
        self._visitor = getcurrent()
        self.due_ns = due_ns
        if not 0 < self.near_ns <= due_ns:
            self._wheel.schedule(self)
        try:
            self._rest()
        finally:  # a visitor may be killed here
            self._visitor = None
            self.due_ns = 0

    def wake(self) -> None:
        """Let the visitor go on, if it waits: the wheel does so when the time is over."""
        visitor = self._visitor
        if visitor is not None:
            self._visitor = None
            visitor.switch()

    def _readable(self) -> bool:
        """The watcher's: take what is there. Returns whether there was anything."""
        try:
            if KERNEL_STAMPS:
                data, ancillary, _, _ = self._raw.recvmsg(BURST_BYTES, ANCILLARY_BYTES)
                stamp = stamp_ns(ancillary)
            else:
                data, stamp = self._raw.recv(BURST_BYTES), 0
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as problem:
            self._fail(SessionClosed(Fault.RESET, problem.strerror or str(problem)))
            return True
        if not data:
            self._fail(self._cut_off() or SessionClosed(Fault.RESET, "the connection ended without a close frame"))
            return True
        now_ns = wall_ns()
        self.heard_ns = monotonic_ns()
        self._traffic["bytes_received"] += len(data)
        if stamp:
            self._traffic["backward"] += stamp > now_ns
            self._lag(now_ns - stamp)
        else:
            self._traffic["unstamped"] += 1
            stamp = now_ns
        if self._tls is None:
            self._take(data, stamp)
        else:
            self._take_encrypted(self._tls, data, stamp)
        return True

    def _take_encrypted(self, tls: Tls, data: bytes, received_ns: int) -> None:
        data = tls.received(data)
        pending = tls.outgoing()
        if pending:
            self._send_soon(pending)
        if tls.end is None:
            self._take(data, received_ns)
        else:  # the visitor shall hear what came, but say nothing more
            visitor, self._visitor = self._visitor, None
            self._take(data, received_ns)
            self._visitor = visitor
            self._fail(self._cut_off() or tls.end)

    def _take(self, data: bytes, received_ns: int) -> None:
        reader, events, deviation = self._reader, self._events, self._recorder.deviation
        try:
            for message in reader.feed(data):
                for event in decode_events(message, deviation):
                    events.append((event, received_ns))
        except RemoteProtocolError as problem:
            self._fail(problem)
            return
        if reader.pings:
            for payload in reader.pings:
                self._send_control(pong_frame(payload))
            reader.pings.clear()
        if reader.end is not None:
            if reader.close_code is not None:
                self._send_close(reader.close_code)
            self._fail(reader.end)
        elif events:
            visitor = self._visitor
            if visitor is not None:
                self._visitor = None
                visitor.switch()
            elif len(events) > MAX_PENDING_EVENTS:
                self._fail(_too_many())

    def _cut_off(self) -> SessionClosed | None:
        half = len(self._reader.rest)
        return SessionClosed(Fault.HALF_FRAME, f"{half} bytes of a frame, then the end") if half else None

    def _fail(self, why: TargetError) -> None:
        if self.failure is None:
            self.failure = why
            self._watcher.stop()
        self.wake()

    # Sending

    def send(self, payload: bytes) -> int:
        """Send a text message; returns the clock right before the send call: nanoseconds on the wall clock.

        Raises:
            TargetError: the connection has ended.
        """
        if self.failure is not None:
            raise self.failure
        frame = text_frame(payload)
        if self._tls is not None:
            frame = self._tls.encrypted(frame)
        self._traffic["bytes_sent"] += len(frame)
        sent_ns = wall_ns()
        try:
            taken = 0 if self._unsent else self._raw.send(frame)
        except (BlockingIOError, InterruptedError):
            taken = 0
        except OSError as problem:
            raise self._lost(problem) from None
        if taken < len(frame):
            self._unsent += frame[taken:]
            self._wait_for_room()
        return sent_ns

    def _wait_for_room(self) -> None:
        """Wait until the kernel has taken all there is; the reader goes on meanwhile."""
        due_ns = monotonic_ns() + int(self.stall_s * 1e9)
        watcher = get_hub().loop.io(self._raw.fileno(), _WRITE)
        watcher.start(self._has_room)
        try:
            while self._unsent:
                self._wait(due_ns)  # an event ends it, too
                if self.failure is None and self._unsent:
                    if len(self._events) > MAX_PENDING_EVENTS:
                        self._fail(_too_many())
                    elif monotonic_ns() >= due_ns:
                        self._fail(SessionClosed(Fault.REPLY_TIMEOUT, "the server stopped reading"))
                if self.failure is not None:
                    raise self.failure
        finally:
            watcher.stop()
            watcher.close()

    def _has_room(self) -> None:
        try:
            self._unsent = self._unsent[self._raw.send(self._unsent) :]
        except (BlockingIOError, InterruptedError):
            return
        except OSError as problem:
            self._lost(problem)
            return
        if not self._unsent:
            self.wake()

    def _lost(self, problem: OSError) -> TargetError:
        """A send failed; what the server said before it was gone (a close code, say) may still lie here unread."""
        why = SessionClosed(Fault.RESET, problem.strerror or str(problem))
        while self.failure is None and self._readable():
            pass
        self._fail(why)
        return self.failure or why

    def _send_soon(self, data: bytes) -> None:
        """Send now what there is room for, and the rest ahead of what is sent next: a frame must not be cut in two."""
        try:
            taken = 0 if self._unsent else self._raw.send(data)
        except OSError:
            taken = 0  # no room; or no connection any more, as the reader will be told after what is still to be read
        self._unsent += data[taken:]

    def _send_control(self, frame: bytes) -> None:
        if len(self._unsent) >= BURST_BYTES:
            pass  # a server that does not read its pongs need not get ever more of them
        elif self._tls is None:
            self._send_soon(frame)
        elif self._tls.end is None:
            self._send_soon(self._tls.encrypted(frame))

    def _send_close(self, code: int = 1000) -> None:
        if not self._close_sent:
            self._close_sent = True
            self._send_control(close_frame(code))

    # Ending

    def close(self, timeout_s: float, hear: Callable[[Received], None]) -> None:
        """End the connection with the closing handshake, waiting for the server's half at most `timeout_s`.

        Args:
            hear: called with each event that still arrives meanwhile.
        """
        try:
            if self.failure is None:
                self._send_close()
                due_ns = monotonic_ns() + int(timeout_s * 1e9)
                while (received := self.next(due_ns)) is not None:
                    hear(received)
        except TargetError:
            return  # that is how a connection ends
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Drop the connection without a word. Safe at any time, more than once."""
        if self._watcher is not None:
            # Before its descriptor: a watcher on a descriptor that has become another visitor's would read for it.
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
            self._wheel.forget(self)
            self._raw.close()
            if self.failure is None:
                self.failure = SessionClosed(Fault.CLOSED, "closed by the visitor", 1000)

    def reset(self) -> None:
        """Drop the connection with a TCP reset, as a crashed browser does."""
        if self._watcher is not None:
            self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            self.abandon()


def _too_many() -> RemoteProtocolError:
    return RemoteProtocolError(Fault.FRAME_TOO_LARGE, f"more than {MAX_PENDING_EVENTS} events wait to be heard")
