"""One visitor's open WebSocket: the hot path. Knows frames and events, and nothing of what a chat is.

There is no reader greenlet. A read watcher that is never stopped does one receive for all that is there, reads the frames and the events
in them, and wakes the visitor only when there is an event for it. Whenever the visitor is not computing it waits here, for the
next event or for a time, so a thousand visitors are a thousand greenlets and nothing more.
"""

from __future__ import annotations

import errno
import socket
import ssl
from _socket import socket as raw_socket
from collections.abc import Callable
from typing import Any

import gevent
from gevent import get_hub, getcurrent
from greenlet import greenlet

from whoson_load.client.dial import Dialled
from whoson_load.client.frames import FrameReader, close_frame, pong_frame, text_frame
from whoson_load.client.stamps import ANCILLARY_BYTES, KERNEL_STAMPS, stamp_ns
from whoson_load.client.wheel import Wheel, wheel
from whoson_load.clock import monotonic_ns, wall_ns
from whoson_load.errors import Fault, RemoteProtocolError, SessionClosed, TargetError
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.sample import GENERATOR_RECEIVE
from whoson_load.protocol.events import Event
from whoson_load.protocol.frames import decode_events

__all__ = ["Received", "Wire"]

BURST_BYTES = 65536
"""The most that one receive takes. What is left is taken in the loop's next turn, so that one visitor cannot starve the others."""

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
        heard_ns: when anything last arrived, wall clock.
        failure: why it ended; None while it is open.
        due_ns, scheduled_ns: the wheel's.
    """

    __slots__ = (
        "_events",
        "_raw",
        "_reader",
        "_recorder",
        "_stall_s",
        "_tls",
        "_visitor",
        "_watcher",
        "_wheel",
        "due_ns",
        "failure",
        "heard_ns",
        "scheduled_ns",
    )

    def __init__(self, dialled: Dialled, recorder: Recorder, stall_s: float) -> None:
        self._raw = raw_socket(fileno=dialled.descriptor)
        self._raw.setblocking(False)
        self._tls = dialled.tls
        self._recorder = recorder
        self._stall_s = stall_s
        self._reader = FrameReader()
        self._events: list[Received] = []
        self._visitor: greenlet | None = None
        self._wheel: Wheel = wheel()
        self.due_ns = self.scheduled_ns = 0
        self.heard_ns = dialled.received_ns
        self.failure: TargetError | None = None
        self._watcher: Any = get_hub().loop.io(dialled.descriptor, _READ)
        self._watcher.start(self._readable)
        if dialled.rest:
            self._take(dialled.rest, dialled.received_ns)

    # Receiving

    def next(self, due_ns: int) -> Received | None:
        """The next event, or None when there is none before `due_ns` on the monotonic clock.

        Raises:
            TargetError: the connection ended, and all events before its end were taken.
        """
        events = self._events
        if not events:
            if self.failure is None:
                self._wait(due_ns)
            if not events:
                if self.failure is not None:
                    raise self.failure
                return None
        return events.pop(0)

    def _wait(self, due_ns: int) -> None:
        self._visitor = getcurrent()
        self.due_ns = due_ns
        self._wheel.schedule(self)
        try:
            get_hub().switch()
        finally:  # a visitor may be killed here
            self._visitor = None
            self.due_ns = 0
            self._wheel.cancel(self, due_ns)

    def wake(self) -> None:
        """The wheel's: the time of the wait is over."""
        visitor = self._visitor
        if visitor is not None:
            self._visitor = None
            visitor.switch()

    def _readable(self) -> None:
        try:
            if KERNEL_STAMPS:
                data, ancillary, _, _ = self._raw.recvmsg(BURST_BYTES, ANCILLARY_BYTES)
                stamp = stamp_ns(ancillary)
            else:
                data, stamp = self._raw.recv(BURST_BYTES), 0
        except (BlockingIOError, InterruptedError):
            return
        except OSError as problem:
            self._fail(SessionClosed(Fault.RESET, problem.strerror or str(problem)))
            return
        if not data:
            half = bool(self._reader.rest)
            self._fail(
                SessionClosed(Fault.HALF_FRAME, f"{len(self._reader.rest)} bytes of a frame, then the end")
                if half
                else SessionClosed(Fault.RESET, "the connection ended without a close frame")
            )
            return
        self.heard_ns = now_ns = wall_ns()
        recorder = self._recorder
        recorder.received(len(data))
        if stamp:
            recorder.sample(GENERATOR_RECEIVE, stamp, now_ns)
        else:
            recorder.unstamped()
        self._take(data, stamp or now_ns)

    def _take(self, data: bytes, received_ns: int) -> None:
        reader, events, deviation = self._reader, self._events, self._recorder.deviation
        try:
            if self._tls is not None:
                data = self._tls.received(data)
                self._flush_tls()
            for message in reader.feed(data):
                for event in decode_events(message, deviation):
                    events.append((event, received_ns))
        except RemoteProtocolError as problem:
            self._fail(problem)
            return
        except ssl.SSLError as problem:
            self._fail(SessionClosed(Fault.RESET, f"TLS: {problem.reason or problem}"))
            return
        if reader.pings:
            self._answer_pings()
        if reader.close_code is not None:
            self._fail(SessionClosed(Fault.CLOSED, f"close code {reader.close_code}", reader.close_code))
        elif events:
            visitor = self._visitor
            if visitor is not None:
                self._visitor = None
                visitor.switch()
            elif len(events) > MAX_PENDING_EVENTS:
                self._fail(RemoteProtocolError(Fault.FRAME_TOO_LARGE, f"more than {MAX_PENDING_EVENTS} events at once"))

    def _fail(self, why: TargetError) -> None:
        if self.failure is None:
            self.failure = why
            self._deafen()
        visitor = self._visitor
        if visitor is not None:
            self._visitor = None
            visitor.switch()

    # Sending

    def send(self, payload: bytes) -> int:
        """Send a text message.

        Returns:
            The clock right before the send call: nanoseconds on the wall clock.

        Raises:
            TargetError: the connection has ended.
        """
        if self.failure is not None:
            raise self.failure
        frame = text_frame(payload)
        if self._tls is not None:
            frame = self._tls.encrypted(frame)
        self._recorder.sent(len(frame))
        sent_ns = wall_ns()
        try:
            taken = self._raw.send(frame)
        except (BlockingIOError, InterruptedError):
            taken = 0
        except OSError as problem:
            raise self._lost(problem) from None
        if taken < len(frame):
            self._send_rest(frame[taken:])
        return sent_ns

    def _send_rest(self, rest: bytes) -> None:
        """Wait for room in the kernel's buffer; the reader goes on meanwhile."""
        hub = get_hub()
        watcher = hub.loop.io(self._raw.fileno(), _WRITE)
        try:
            with gevent.Timeout(self._stall_s, SessionClosed(Fault.REPLY_TIMEOUT, "the server stopped reading")):
                while rest:
                    hub.wait(watcher)
                    if self.failure is not None:
                        raise self.failure
                    try:
                        rest = rest[self._raw.send(rest) :]
                    except (BlockingIOError, InterruptedError):
                        continue
                    except OSError as problem:
                        raise self._lost(problem) from None
        finally:
            watcher.stop()
            watcher.close()

    def _lost(self, problem: OSError) -> TargetError:
        if self.failure is None:
            self.failure = SessionClosed(Fault.RESET, problem.strerror or str(problem))
            self._deafen()
        return self.failure

    def _send_control(self, frame: bytes) -> None:
        """Send a small frame now or not at all: a peer whose buffer is full does not get a pong either."""
        try:
            self._raw.send(self._tls.encrypted(frame) if self._tls is not None else frame)
        except OSError as problem:
            if problem.errno not in (errno.EAGAIN, errno.EWOULDBLOCK):
                self._lost(problem)

    def _flush_tls(self) -> None:
        assert self._tls is not None
        pending = self._tls.outgoing()
        if pending:
            self._send_control(pending)

    def _answer_pings(self) -> None:
        for payload in self._reader.pings:
            self._send_control(pong_frame(payload))
        self._reader.pings.clear()

    # Ending

    def close(self, timeout_s: float, hear: Callable[[Received], None]) -> None:
        """End the connection with the closing handshake, waiting for the server's half at most `timeout_s`.

        Args:
            hear: called with each event that still arrives meanwhile.
        """
        try:
            if self.failure is None:
                self._send_control(close_frame())
                due_ns = monotonic_ns() + int(timeout_s * 1e9)
                while (received := self.next(due_ns)) is not None:
                    hear(received)
        except TargetError:
            return  # that is how a connection ends
        finally:
            self.abandon()

    def _deafen(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()

    def abandon(self) -> None:
        """Drop the connection without a word. Safe at any time, more than once."""
        if self._watcher is not None:
            # Before its descriptor: a watcher on a descriptor that has become another visitor's would read for it.
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
            self._raw.close()
            if self.failure is None:
                self.failure = SessionClosed(Fault.CLOSED, "closed by the visitor", 1000)

    def reset(self) -> None:
        """Drop the connection with a TCP reset, as a crashed browser does."""
        if self._watcher is not None:
            self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            self.abandon()
