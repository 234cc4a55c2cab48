"""TLS on memory buffers, so that the raw socket stays ours: its receive stamps, its one read a burst.

Opens and closes nothing itself.
"""

from __future__ import annotations

import ssl

from whoson_load.errors import Fault, SessionClosed

__all__ = ["Tls"]

_CHUNK_BYTES = 65536


class Tls:
    """One connection's TLS, fed with what the socket receives and asked for what it must send.

    Args:
        context: shared by all visitors.
        host: the name the certificate must be for.

    Attributes:
        end: why nothing more will be received; None while the connection is well.
    """

    __slots__ = ("_incoming", "_object", "_outgoing", "end")

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self.end: SessionClosed | None = None

    def handshake(self, data: bytes) -> bool:
        """Take the handshake as far as the received bytes allow; what is to be sent lies in `outgoing` after it.

        Args:
            data: what the socket received since the last step; b"" for the first.

        Returns:
            Whether it is done.

        Raises:
            ssl.SSLError: the certificate or the peer will not do.
        """
        self._incoming.write(data)
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def received(self, data: bytes) -> bytes:
        """Turn bytes from the socket into those the peer meant.

        What came ahead of an `end` is not lost with it.
        """
        self._incoming.write(data)
        chunks = []
        try:
            while chunk := self._object.read(_CHUNK_BYTES):
                chunks.append(chunk)
            # b"" is the peer's close_notify.
            self.end = SessionClosed(Fault.RESET, "the server ended TLS without a close frame")
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as problem:
            self.end = SessionClosed(Fault.TLS_FAILED, f"{problem.reason or problem}")
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def encrypted(self, data: bytes) -> bytes:
        """Turn bytes meant for the peer into those for the socket; they must be sent in this order, and all of them.

        Raises:
            ssl.SSLError: TLS has broken down before.
        """
        self._object.write(data)
        return self._outgoing.read()

    def outgoing(self) -> bytes:
        """What TLS itself has to send: the handshake's own flights, key updates. Mostly nothing."""
        return self._outgoing.read() if self._outgoing.pending else b""
