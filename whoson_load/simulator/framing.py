"""WebSocket frames as a server writes and reads them (RFC 6455), from bytes to bytes. Knows no socket and no chat."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

__all__ = ["Frame", "FrameError", "FrameReader", "Opcode", "close_frame", "pong_frame", "text_frame"]


class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class Frame(NamedTuple):
    """A message (its fragments joined) or a control frame."""

    opcode: int
    payload: bytes


class FrameError(ValueError):
    """Bytes that RFC 6455 forbids.

    Attributes:
        close_code: to close the connection with.
    """

    def __init__(self, close_code: int, what: str) -> None:
        super().__init__(what)
        self.close_code = close_code


def text_frame(payload: bytes) -> bytes:
    """The frame of a text message. A server masks nothing."""
    return _head(0x80 | Opcode.TEXT, len(payload)) + payload


def pong_frame(payload: bytes) -> bytes:
    """The answer to a ping: its payload again, of at most 125 bytes."""
    return _head(0x80 | Opcode.PONG, len(payload)) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """The frame that closes."""
    payload = code.to_bytes(2, "big") + reason.encode()[:123]
    return _head(0x80 | Opcode.CLOSE, len(payload)) + payload


def _head(first: int, length: int) -> bytes:
    if length < 126:
        return bytes((first, length))
    if length < 65536:
        return bytes((first, 126)) + length.to_bytes(2, "big")
    return bytes((first, 127)) + length.to_bytes(8, "big")


class FrameReader:
    """Takes bytes as they come, gives messages and control frames. A text frame that came whole costs about 1 us.

    Args:
        max_bytes: the longest message; a longer one is refused when its header is read, before it is stored.
    """

    __slots__ = ("_fragments", "_fragments_opcode", "_max_bytes", "_rest")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._rest = b""
        self._fragments: bytearray | None = None
        self._fragments_opcode = 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Read what is complete.

        Raises:
            FrameError: RFC 6455 forbids what came, or a message is too long.
        """
        if self._rest:
            data = self._rest + data
            self._rest = b""
        start, end = 0, len(data)
        while end - start >= 6:
            first, second = data[start], data[start + 1]
            length, body = second & 0x7F, start + 6
            if length > 125:
                wide = 2 if length == 126 else 8
                if end - start < 6 + wide:
                    break
                length, body = int.from_bytes(data[start + 2 : start + 2 + wide], "big"), body + wide
            self._check(first, second, length)
            if end - body < length:
                break
            start = body + length
            payload = _unmasked(data[body:start], data[body - 4 : body])
            if first == 0x81 and self._fragments is None:
                yield Frame(Opcode.TEXT, payload)
            else:
                yield from self._other(first, payload)
        else:
            # Fewer than six bytes: but a header that is wrong already shall not wait for its mask.
            if end - start >= 2:
                self._check(data[start], data[start + 1], data[start + 1] & 0x7F)
        self._rest = data[start:]

    def _check(self, first: int, second: int, length: int) -> None:
        opcode = first & 0x0F
        if first & 0x70:
            raise FrameError(1002, "got a reserved bit, expected none: no extension was agreed on")
        if not second & 0x80:
            raise FrameError(1002, "got a frame without mask, expected every visitor's frame masked")
        if opcode >= 8 and (length > 125 or not first & 0x80 or opcode > 10):
            raise FrameError(1002, "got a control frame that is unknown, long or in parts")
        if 2 < opcode < 8:
            raise FrameError(1002, f"got the opcode {opcode}, expected one of RFC 6455")
        if length + len(self._fragments or b"") > self._max_bytes:
            raise FrameError(1009, f"got a message of more than {self._max_bytes} bytes")

    def _other(self, first: int, payload: bytes) -> Iterator[Frame]:
        opcode, final = first & 0x0F, first & 0x80
        if opcode >= 8:
            yield Frame(opcode, payload)
            return
        if (opcode == Opcode.CONTINUATION) != (self._fragments is not None):
            raise FrameError(1002, "got a fragment out of turn")
        if self._fragments is None:
            if final:
                yield Frame(opcode, payload)
                return
            self._fragments, self._fragments_opcode = bytearray(), opcode
        self._fragments += payload
        if final:
            joined, self._fragments = bytes(self._fragments), None
            yield Frame(self._fragments_opcode, joined)


def _unmasked(masked: bytes, key: bytes) -> bytes:
    length = len(masked)
    whole_key = int.from_bytes((key * (length // 4 + 1))[:length], "little")
    return (int.from_bytes(masked, "little") ^ whole_key).to_bytes(length, "little")
