"""WebSocket frames on the hot path: text frames built and parsed directly, all others by websocket-client's own code.

Knows nothing of sockets. Each direct frame is held by tests to be byte for byte what websocket-client makes or reads.
"""

from __future__ import annotations

import io
import random
import struct

from websocket import ABNF, WebSocketException
from websocket._abnf import continuous_frame, frame_buffer

from whoson_load.errors import Fault, RemoteProtocolError, SessionClosed, TargetError

__all__ = ["MAX_MESSAGE_BYTES", "NO_CODE", "FrameReader", "close_frame", "pong_frame", "text_frame"]

MAX_MESSAGE_BYTES = 1 << 20
"""The longest message a server may send: far above the largest honest one (`connected` with long surveys, a logo as
Base64). A hostile one could otherwise fill the generator's memory through every visitor at once. Invented."""

NO_CODE = 1005
"""What stands for the code of a close frame that has none; it never travels. Source: RFC 6455, section 7.4.1."""

_TEXT = 0x81  # FIN and the text opcode: a whole message in one frame
_FIN, _CONTROL = 0x80, 0x08
_SHORT, _MEDIUM = 126, 127
_getrandbits = random.Random().getrandbits
_from_bytes = int.from_bytes
_MOST_HEADS = 1024  # bytes: nearly all commands are shorter
_HEADS = [
    struct.pack("!BB", _TEXT, 0x80 | size) if size < _SHORT else struct.pack("!BBH", _TEXT, 0x80 | _SHORT, size)
    for size in range(_MOST_HEADS)
]


def _ones(words: int) -> int:
    """1 in each of so many 32-bit words of a number."""
    return int.from_bytes(b"\x01\0\0\0" * words, "little")


_MOST_ONES = 256  # words: 1 KB, more than nearly all commands have
_ONES = [_ones(words) for words in range(_MOST_ONES)]


def text_frame(payload: bytes) -> bytes:
    """A masked text frame that holds the whole message. Costs about a microsecond for a line.

    The mask need not be secret here: it protects careless proxies from a browser's hostile scripts.
    """
    size = len(payload)
    words = (size + 3) >> 2
    key = _getrandbits(32)
    if size < _MOST_HEADS:
        head = _HEADS[size]
    elif size < 1 << 16:
        head = struct.pack("!BBH", _TEXT, 0x80 | _SHORT, size)
    else:
        head = struct.pack("!BBQ", _TEXT, 0x80 | _MEDIUM, size)
    # The key side by side as often as the payload has words, as one number: one multiplication, one XOR.
    mask = key * (_ONES[words] if words < _MOST_ONES else _ones(words))
    # One number for key and payload together: one less piece to put together.
    masked = ((_from_bytes(payload, "little") ^ mask) << 32 | key).to_bytes((words << 2) + 4, "little")
    return head + masked[: size + 4]


def close_frame(code: int = 1000) -> bytes:
    """A close frame with its code (none for NO_CODE), by websocket-client."""
    payload = b"" if code == NO_CODE else struct.pack("!H", code)
    return bytes(ABNF.create_frame(payload, ABNF.OPCODE_CLOSE).format())


def pong_frame(payload: bytes) -> bytes:
    """The answer to a ping, by websocket-client."""
    return bytes(ABNF.create_frame(payload, ABNF.OPCODE_PONG).format())


class FrameReader:
    """Turns the bytes of one connection into text messages.

    Attributes:
        rest: the bytes of a frame that has not arrived whole. Empty for an idle visitor.
        pings: payloads of pings to be answered; the caller empties it.
        close_code: of the close frame, NO_CODE when it had none; None while there was no close frame.
        end: why nothing more is to be read: SessionClosed for a close frame, RemoteProtocolError (INVALID_FRAME or
            FRAME_TOO_LARGE) for what may not be sent; None while the connection is well. A reader at its end is not to
            be fed any more.
    """

    __slots__ = ("_fragments", "close_code", "end", "pings", "rest")

    def __init__(self) -> None:
        self.rest = b""
        self.pings: list[bytes] = []
        self.close_code: int | None = None
        self.end: TargetError | None = None
        self._fragments: continuous_frame | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """Read what arrived.

        Returns:
            The payloads of the text messages that are complete now, in order, those ahead of an `end` included; not yet
            checked to be UTF-8 (the JSON decoder does).
        """
        if self.rest:
            data = self.rest + data
        messages: list[bytes] = []
        at, available = 0, len(data)
        try:
            while available - at >= 2:
                size, start = data[at + 1], at + 2
                if size >= _SHORT:
                    if size > _MEDIUM:
                        raise _invalid("a masked frame, expected a server not to mask")
                    width = 2 if size == _SHORT else 8
                    if available - start < width:
                        break
                    size = int.from_bytes(data[start : start + width], "big")
                    start += width
                    if size > MAX_MESSAGE_BYTES:
                        raise _too_large(size)
                end = start + size
                if available < end:
                    break
                if data[at] == _TEXT and self._fragments is None:
                    messages.append(data[start:end])
                else:
                    self._other(data[at:end], messages)
                    if self.end is not None:
                        end = available
                at = end
        except RemoteProtocolError as problem:
            self.end, at = problem, available
        self.rest = data[at:]
        return messages

    def _other(self, frame: bytes, messages: list[bytes]) -> None:
        if frame[0] & _CONTROL and (frame[1] >= _SHORT or not frame[0] & _FIN):
            raise _invalid("a control frame in fragments or of more than 125 bytes")  # websocket-client lets some pass
        try:
            read = frame_buffer(io.BytesIO(frame).read, skip_utf8_validation=True).recv_frame()
            payload = read.data if isinstance(read.data, bytes) else read.data.encode()
            if read.opcode == ABNF.OPCODE_PING:
                self.pings.append(bytes(payload))
            elif read.opcode == ABNF.OPCODE_CLOSE:
                self.close_code = code = int.from_bytes(payload[:2], "big") if payload else NO_CODE
                self.end = SessionClosed(Fault.CLOSED, f"close code {code}", code)
            elif read.opcode != ABNF.OPCODE_PONG:
                self._fragment(read, messages)
        except WebSocketException as problem:
            raise _invalid(f"a frame that RFC 6455 forbids: {problem}") from None

    def _fragment(self, read: ABNF, messages: list[bytes]) -> None:
        if self._fragments is None:
            self._fragments = continuous_frame(fire_cont_frame=False, skip_utf8_validation=True)
        self._fragments.validate(read)
        self._fragments.add(read)
        so_far = self._fragments.cont_data
        if so_far is not None and len(so_far[1]) > MAX_MESSAGE_BYTES:
            raise _too_large(len(so_far[1]))
        if self._fragments.is_fire(read):
            opcode, whole = self._fragments.extract(read)
            self._fragments = None
            if opcode != ABNF.OPCODE_TEXT:
                raise _invalid("a binary message, expected text")
            messages.append(bytes(whole.data))


def _invalid(got: str) -> RemoteProtocolError:
    return RemoteProtocolError(Fault.INVALID_FRAME, f"got {got}")


def _too_large(size: int) -> RemoteProtocolError:
    return RemoteProtocolError(
        Fault.FRAME_TOO_LARGE, f"got a message of {size} bytes, expected at most {MAX_MESSAGE_BYTES}"
    )
