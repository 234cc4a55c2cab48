"""One visitor's socket: bytes to messages for the switchboard, events to frames. Knows nothing of what messages say.

aiohttp reads the upgrade and then lets go of the transport: from there on a frame costs no task, queue or future.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Callable

from whoson_load.clock import wall_ns
from whoson_load.simulator.framing import (
    Frame,
    FrameError,
    FrameReader,
    Opcode,
    close_frame,
    pong_frame,
    text_frame,
)
from whoson_load.simulator.policy import Caller
from whoson_load.simulator.switchboard import Switchboard
from whoson_load.simulator.visit import Visit

__all__ = ["Connection", "reset"]

_MOST_UNSENT_BYTES = 1_048_576
"""How much may lie unsent for a visitor who does not read before the connection is cut off. Invented."""

_CLOSE_WITHIN_S = 5.0
"""How long the other end may take to answer a close. Invented."""


class Connection(asyncio.Protocol):
    """A WebSocket after its upgrade.

    Args:
        caller: who is at the other end.
        problem: why they may not stay, None when they may.
        gone: called with this connection once it is over.
    """

    __slots__ = ("_caller", "_closing", "_gone", "_problem", "_reader", "_switchboard", "_transport", "_visit")

    def __init__(
        self, switchboard: Switchboard, caller: Caller, problem: str | None, gone: Callable[[Connection], None]
    ) -> None:
        self._switchboard = switchboard
        self._caller = caller
        self._problem = problem
        self._gone = gone
        self._reader = FrameReader(switchboard.floor.settings.access.max_frame_bytes)
        self._transport: asyncio.Transport | None = None
        self._visit: Visit | None = None
        self._closing = False

    # ------------------------------------------------------------------ what the transport calls

    def take_over(self, transport: asyncio.Transport) -> None:
        """The upgrade is answered: from here on the transport calls this connection."""
        self._transport = transport
        transport.set_protocol(self)
        transport.resume_reading()
        if self._problem is None:
            self._visit = self._switchboard.open(self, self._caller)
        else:
            self._switchboard.refuse(self, self._caller, self._problem)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (how it ended makes no difference)
        """The socket is gone."""
        self._transport = None
        self._let_go()
        self._gone(self)

    def _let_go(self) -> None:
        # From the first word of its end on nothing is sent any more: then nothing may count as sent either.
        self._closing = True
        visit, self._visit = self._visit, None
        if visit is not None:
            self._switchboard.end(visit)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        received_ns = wall_ns()
        try:
            for opcode, payload in self._reader.feed(data):
                if opcode == Opcode.TEXT and self._visit is not None and not self._closing:
                    self._switchboard.frame(self._visit, payload, received_ns)
                else:
                    self._other(Frame(opcode, payload))
        except FrameError as problem:
            if self._visit is not None:
                self._switchboard.broken(self._visit)
            self._fail(problem)

    def pause_writing(self) -> None:
        """The socket takes no more for the moment; `send` looks at how much has gathered."""

    def _other(self, frame: Frame) -> None:
        transport = self._transport
        if transport is None:
            return
        if frame.opcode == Opcode.PING and not self._closing:
            transport.write(pong_frame(frame.payload))
        elif frame.opcode == Opcode.CLOSE:
            if not self._closing:
                self._let_go()
                code = int.from_bytes(frame.payload[:2], "big") if len(frame.payload) >= 2 else 1000
                transport.write(close_frame(code if 1000 <= code < 5000 and code not in (1005, 1006) else 1002))
            transport.close()
        elif frame.opcode == Opcode.BINARY and self._visit is not None:
            self._switchboard.not_text(self._visit, "got a binary message, expected JSON text")

    # ------------------------------------------------------------------ what the switchboard calls

    def send(self, payloads: list[bytes]) -> int:
        """Write text messages in one go; returns the wall clock right before, in nanoseconds."""
        data = text_frame(payloads[0]) if len(payloads) == 1 else b"".join([text_frame(each) for each in payloads])
        sent_ns = wall_ns()
        transport = self._transport
        if transport is not None and not self._closing:
            transport.write(data)
            if transport.get_write_buffer_size() > _MOST_UNSENT_BYTES:
                self._switchboard.floor.counts.incidents["slow_readers"] += 1
                self._closing = True
                transport.abort()  # the visit ends with the connection: whoever is sending now still holds it
        return sent_ns

    def send_half(self, payload: bytes) -> None:
        """Write the first half of a message, and end the connection without a goodbye."""
        transport, frame = self._transport, text_frame(payload)
        if transport is not None and not self._closing:
            self._let_go()
            transport.write(frame[: len(frame) // 2])
            transport.close()

    def hand_over(self, visit: Visit) -> None:
        """Belong to another visit from now on: the one that this socket resumed."""
        self._visit = visit

    def close(self, code: int, reason: str) -> None:
        """Close with a closing handshake; an end that does not answer is dropped after a while."""
        transport = self._transport
        if transport is None or self._closing:
            return
        self._let_go()
        transport.write(close_frame(code, reason))
        asyncio.get_running_loop().call_later(_CLOSE_WITHIN_S, self._drop, transport)

    def reset(self) -> None:
        """Drop the connection on the spot."""
        if self._transport is not None:
            self._let_go()
            reset(self._transport)

    def leave(self) -> None:
        """Say that the server goes away, and wait for no answer."""
        self._last_word(1001, "")

    def _fail(self, problem: FrameError) -> None:
        # RFC 6455, section 7.1.7: what comes after bytes like these is not worth waiting for.
        self._last_word(problem.close_code, str(problem))

    def _last_word(self, code: int, reason: str) -> None:
        transport = self._transport
        if transport is not None:
            if not self._closing:
                self._let_go()
                transport.write(close_frame(code, reason))
            transport.close()

    @staticmethod
    def _drop(transport: asyncio.Transport) -> None:
        if not transport.is_closing():
            transport.abort()


def reset(transport: asyncio.Transport) -> None:
    """End a connection by a TCP reset, so that the other end learns it without a goodbye."""
    raw = transport.get_extra_info("socket")
    if raw is not None:
        linger = "hh" if sys.platform == "win32" else "ii"
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(linger, 1, 0))
    transport.abort()
