"""A connected socket until its upgrade is done: blocking for its greenlet, buffered, under one deadline, TLS inside.

Knows nothing of proxies, HTTP or WebSockets beside what websocket-client asks of a socket.
"""

from __future__ import annotations

import errno

from gevent import socket as green

from whoson_load.client.stamps import ANCILLARY_BYTES, KERNEL_STAMPS, stamp_ns
from whoson_load.client.tls import Tls
from whoson_load.clock import Deadline, wall_ns
from whoson_load.errors import ConnectError, Fault

__all__ = ["MAX_UPGRADE_BYTES", "HeadRead", "Stream"]

MAX_UPGRADE_BYTES = 64 * 1024
"""The most that is read before the upgrade is done, certificates and headers included. Invented."""

_CHUNK_BYTES = 16384


class HeadRead(Exception):
    """More was asked for than the head of the answer: the body of an error page, which is of no interest."""


class Stream:
    """A socket as websocket-client expects one, and as a proxy and TLS are talked to ahead of it.

    Args:
        sock: connected; the stream owns it now.
        deadline: for all that is received and sent; TimeoutError when it has passed.

    Attributes:
        tls: None without.
        head: what was taken of the answer under way, up to the empty line.
        buffer: what was received and not taken yet, decrypted.
        received_ns: when the kernel had the last of it, wall clock; the clock right after the read without a stamp.
        stamped: whether all of it was stamped.
    """

    def __init__(self, sock: green.socket, deadline: Deadline) -> None:
        self._sock: green.socket | None = sock
        self._deadline = deadline
        self._left_bytes = MAX_UPGRADE_BYTES
        self.tls: Tls | None = None
        self.head = bytearray()
        self.buffer = bytearray()
        self.received_ns = 0
        self.stamped = True

    def start_tls(self, tls: Tls) -> None:
        """Shake hands.

        Raises:
            OSError: ssl.SSLError, TimeoutError, or the connection broke.
        """
        # What a proxy sent behind its answer is no data of the server's: the handshake has to make sense of it.
        received = bytes(self.buffer)
        self.buffer.clear()
        while not tls.handshake(received):
            self._send(tls.outgoing())
            received = self._receive()
        self._send(tls.outgoing())
        self.tls = tls
        # What came behind the peer's last flight may be data already.
        self.buffer += tls.received(b"")

    def take_head(self) -> bytes:
        """Take an answer's head, line by line, up to the empty one.

        Raises:
            OSError: TimeoutError, or the connection broke.
            ConnectError: it is longer than anything honest.
        """
        self.head.clear()
        while not self._head_is_read():
            self.recv(1)
        return bytes(self.head)

    def _head_is_read(self) -> bool:
        return self.head.endswith((b"\r\n\r\n", b"\n\n", b"\n\r\n"))

    def recv(self, size: int) -> bytes:
        """Take at most so many bytes, and wait for the first of them.

        Raises:
            HeadRead: the head is complete already.
            OSError: TimeoutError, or the connection broke.
            ConnectError: the peer sent too much, or broke off TLS.
        """
        if self._head_is_read():
            raise HeadRead
        taken = self.take(size)
        self.head += taken
        return taken

    def take(self, size: int) -> bytes:
        """Take at most so many bytes, of an answer's head or body; raises as `recv` does."""
        while not self.buffer:
            if self.tls is None:
                self.buffer += self._receive()
                continue
            if self.tls.end is not None:
                raise ConnectError(self.tls.end.fault, self.tls.end.detail)
            self.buffer += self.tls.received(self._receive())
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken

    def send(self, data: bytes) -> int:
        """Send all of it."""
        self._send(self.tls.encrypted(data) if self.tls is not None else data)
        return len(data)

    def _receive(self) -> bytes:
        sock = self._ready()
        stamp = 0
        if KERNEL_STAMPS:
            data, ancillary, _, _ = sock.recvmsg(_CHUNK_BYTES, ANCILLARY_BYTES)
            stamp = stamp_ns(ancillary)
        else:
            data = sock.recv(_CHUNK_BYTES)
        if not data:
            raise ConnectionResetError(errno.ECONNRESET, "the connection ended before the upgrade was done")
        self.received_ns = stamp or wall_ns()
        self.stamped = self.stamped and stamp != 0
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            raise ConnectError(Fault.INVALID_FRAME, f"got more than {MAX_UPGRADE_BYTES} bytes, expected an upgrade")
        return data

    def _send(self, data: bytes) -> None:
        if data:
            self._ready().sendall(data)

    def _ready(self) -> green.socket:
        """The socket, with what is left of the deadline as its timeout."""
        assert self._sock is not None
        left_s = self._deadline.remaining_s()
        if left_s == 0:
            # Told here, not by the socket: a peer that sends a byte now and then would never let it time out.
            raise TimeoutError
        self._sock.settimeout(left_s)
        return self._sock

    def gettimeout(self) -> float:
        """More than 0: websocket-client takes it for a blocking socket, whose deadline is none of its business."""
        return 1.0

    # The end

    def detach(self) -> int:
        """Give the descriptor away; the caller owns it now."""
        assert self._sock is not None
        sock, self._sock = self._sock, None
        return sock.detach()

    def close(self) -> None:
        """Close the socket, where it was not given away."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None
