from __future__ import annotations

import io
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websocket import ABNF
from websocket._abnf import frame_buffer

from whoson_load.client import frames
from whoson_load.client.frames import MAX_MESSAGE_BYTES, NO_CODE, FrameReader, close_frame, pong_frame, text_frame
from whoson_load.errors import Fault, RemoteProtocolError, SessionClosed, TargetError

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10

BORDERS = (0, 1, 2, 3, 4, 5, 125, 126, 127, 65535, 65536, 65537)
"""Lengths on both sides of each border between the three ways to write one, and of the mask's four bytes."""


def frame(payload: bytes, opcode: int = TEXT, *, fin: bool = True, rsv: int = 0, mask: bytes | None = None) -> bytes:
    """A server's frame, written after RFC 6455, section 5.2, and nothing of ours."""
    size, masked = len(payload), 0x80 if mask else 0
    first = fin << 7 | rsv << 4 | opcode
    if size < 126:
        head = struct.pack("!BB", first, masked | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, masked | 126, size)
    else:
        head = struct.pack("!BBQ", first, masked | 127, size)
    return head + (mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)) if mask else payload)


def read(*chunks: bytes) -> tuple[list[bytes], list[bytes], TargetError | None]:
    """Messages, pings and end of a connection that sent these bytes, chunk by chunk."""
    reader, messages = FrameReader(), []
    for chunk in chunks:
        messages += reader.feed(chunk)
        if reader.end is not None:
            break
    return messages, reader.pings, reader.end


def by_websocket_client(data: bytes) -> list[bytes]:
    """The payloads of unfragmented frames, read by websocket-client."""
    stream = io.BytesIO(data)
    buffer = frame_buffer(stream.read, skip_utf8_validation=True)
    payloads = []
    while stream.tell() < len(data):
        payloads.append(bytes(buffer.recv_frame().data))
    return payloads


@pytest.mark.parametrize("size", BORDERS)
def test_a_text_frame_is_byte_for_byte_websocket_clients(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same mask key both write the same bytes, at every border of the three length forms."""
    key = b"\x12\x00\xfe\x9a"
    monkeypatch.setattr(frames, "_getrandbits", lambda bits: int.from_bytes(key, "little"))
    payload = bytes(i * 7 & 0xFF for i in range(size))
    theirs = ABNF.create_frame(payload, ABNF.OPCODE_TEXT)
    theirs.get_mask_key = lambda count: key
    assert text_frame(payload) == theirs.format()


@given(st.binary(max_size=300))
def test_a_text_frame_is_read_as_it_was_meant(payload: bytes) -> None:
    """Whatever the mask key, websocket-client reads the payload that went in."""
    assert by_websocket_client(text_frame(payload)) == [payload]


def test_mask_keys_differ_from_frame_to_frame() -> None:
    """A key that stayed the same would let one visitor's bytes be guessed from the next."""
    assert len({text_frame(b"")[2:6] for _ in range(100)}) > 90


@pytest.mark.parametrize("size", BORDERS)
def test_a_server_frame_is_read_as_websocket_client_reads_it(size: int) -> None:
    """Two frames in a row, at every border of the three length forms."""
    payload = bytes(i * 11 & 0xFF for i in range(size))
    data = frame(payload) + frame(b"next")
    assert read(data) == (by_websocket_client(data), [], None)


@pytest.mark.parametrize("size", [0, 5, 126, 127, 300])
def test_a_length_in_a_longer_form_than_needed_is_read_too(size: int) -> None:
    """RFC 6455 forbids senders the longer form, and websocket-client reads it all the same."""
    payload = b"x" * size
    for head in (struct.pack("!BBH", 0x81, 126, size), struct.pack("!BBQ", 0x81, 127, size)):
        assert read(head + payload)[0] == by_websocket_client(head + payload) == [payload]


def test_an_empty_text_frame_is_an_empty_message() -> None:
    """Not the end of anything."""
    assert read(frame(b""), frame(b"x")) == ([b"", b"x"], [], None)


def test_fragments_are_put_together_around_control_frames() -> None:
    """A ping between two fragments is answered, a pong overlooked, and the message stays whole."""
    data = (
        frame(b"one ", fin=False)
        + frame(b"are you there", PING)
        + frame(b"two ", CONTINUATION, fin=False)
        + frame(b"", PONG)
        + frame(b"three", CONTINUATION)
        + frame(b"after")
    )
    assert read(data) == ([b"one two three", b"after"], [b"are you there"], None)


def test_every_ping_is_kept_to_be_answered() -> None:
    """In their order, the empty one too."""
    assert read(frame(b"a", PING) + frame(b"", PING) + frame(b"b" * 125, PING))[1] == [b"a", b"", b"b" * 125]


def test_a_pong_carries_what_the_ping_carried() -> None:
    """As RFC 6455, section 5.5.3, wants it, and masked."""
    sent = pong_frame(b"\x00\xffping")
    assert sent[0] == 0x80 | PONG
    assert sent[1] & 0x80
    assert by_websocket_client(sent) == [b"\x00\xffping"]


@pytest.mark.parametrize(
    "payload, code",
    [
        (b"", NO_CODE),
        (struct.pack("!H", 1000), 1000),
        (struct.pack("!H", 1008) + b"go away", 1008),
        (struct.pack("!H", 1012) + b"\xff\xfe", 1012),  # a reason that is no UTF-8: nobody reads it
        (struct.pack("!H", 4999), 4999),
    ],
)
def test_a_close_frame_is_the_end_and_tells_its_code(payload: bytes, code: int) -> None:
    """What follows is ignored, however it is cut."""
    for chunks in ([frame(b"last") + frame(payload, CLOSE) + frame(b"late")], [frame(b"last"), frame(payload, CLOSE)]):
        messages, _, end = read(*chunks)
        assert messages == [b"last"]
        assert isinstance(end, SessionClosed)
        assert (end.fault, end.close_code) == (Fault.CLOSED, code)


@pytest.mark.parametrize("code", [1000, 1001, 1008, 4000])
def test_a_close_frame_of_ours_carries_its_code(code: int) -> None:
    """In two bytes, masked."""
    assert by_websocket_client(close_frame(code)) == [struct.pack("!H", code)]


def test_a_close_frame_without_code_stays_without_one() -> None:
    """1005 never travels."""
    assert by_websocket_client(close_frame(NO_CODE)) == [b""]


FORBIDDEN = {
    "masked": frame(b"hello", mask=b"abcd"),
    "masked, empty": frame(b"", mask=b"abcd"),
    "masked, long": frame(b"x" * 200, mask=b"abcd"),
    "masked close": frame(b"", CLOSE, mask=b"abcd"),
    "first reserved bit (a compressed frame nobody asked for)": frame(b"hello", rsv=4),
    "second reserved bit": frame(b"hello", rsv=2),
    "third reserved bit": frame(b"hello", rsv=1),
    "reserved bit of a ping": frame(b"", PING, rsv=4),
    "opcode 3": frame(b"hello", 3),
    "opcode 11": frame(b"hello", 11),
    "binary message": frame(b"hello", BINARY),
    "binary message in fragments": frame(b"he", BINARY, fin=False) + frame(b"llo", CONTINUATION),
    "continuation of nothing": frame(b"hello", CONTINUATION),
    "new message inside another": frame(b"he", fin=False) + frame(b"hello"),
    "new fragmented message inside another": frame(b"he", fin=False) + frame(b"llo", fin=False),
    "ping in fragments": frame(b"he", PING, fin=False),
    "pong in fragments": frame(b"he", PONG, fin=False),
    "close in fragments": frame(b"", CLOSE, fin=False),
    "ping of 126 bytes": frame(b"x" * 126, PING),
    "pong of 126 bytes": frame(b"x" * 126, PONG),
    "close of 126 bytes": frame(struct.pack("!H", 1000) + b"x" * 124, CLOSE),
    "close with half a code": frame(b"\x03", CLOSE),
    "close code 999": frame(struct.pack("!H", 999), CLOSE),
    "close code 1005": frame(struct.pack("!H", 1005), CLOSE),
    "close code 1006": frame(struct.pack("!H", 1006), CLOSE),
}


@pytest.mark.parametrize("data", FORBIDDEN.values(), ids=FORBIDDEN)
def test_what_rfc_6455_forbids_is_the_end_and_what_came_before_it_is_kept(data: bytes) -> None:
    """The fault is of the closed set, and the message ahead of it is heard, in one burst as in many."""
    bytes_sent = frame(b"before") + data + frame(b"after")
    for chunks in ([bytes_sent], [frame(b"before"), data], list(split(bytes_sent, 1))):
        messages, _, end = read(*chunks)
        assert messages == [b"before"]
        assert isinstance(end, RemoteProtocolError)
        assert end.fault is Fault.INVALID_FRAME


@pytest.mark.parametrize("size", [MAX_MESSAGE_BYTES + 1, 10_000_000, (1 << 63) - 1, (1 << 64) - 1])
def test_a_message_too_large_is_refused_when_it_is_announced(size: int) -> None:
    """Nobody waits for its 10 MB, nor keeps them."""
    messages, _, end = read(frame(b"before") + struct.pack("!BBQ", 0x81, 127, size))
    assert messages == [b"before"]
    assert isinstance(end, RemoteProtocolError)
    assert end.fault is Fault.FRAME_TOO_LARGE
    assert str(size) in end.detail


def test_the_largest_message_is_read() -> None:
    """The limit itself is allowed."""
    payload = b"x" * MAX_MESSAGE_BYTES
    assert read(frame(payload)) == ([payload], [], None)


def test_fragments_that_add_up_to_too_much_are_refused() -> None:
    """Each small enough, all together not: memory does not grow with what a server goes on sending."""
    reader = FrameReader()
    reader.feed(frame(b"x" * 65536, fin=False))
    fed = 65536
    while reader.end is None:
        reader.feed(frame(b"x" * 65536, CONTINUATION, fin=False))
        fed += 65536
    assert reader.end.fault is Fault.FRAME_TOO_LARGE
    assert fed <= MAX_MESSAGE_BYTES + 65536


def split(data: bytes, size: int) -> Iterator[bytes]:
    """The same bytes in pieces."""
    return (data[at : at + size] for at in range(0, len(data), size))


def test_frames_split_at_every_byte_read_the_same() -> None:
    """Every place at which a connection may cut what it carries, header and length included."""
    data = frame(b"short") + frame(b"m" * 200) + frame(b"he", fin=False) + frame(b"p", PING) + frame(b"y", CONTINUATION)
    whole = read(data)
    assert whole[0] == [b"short", b"m" * 200, b"hey"]
    for at in range(len(data) + 1):
        assert read(data[:at], data[at:]) == whole
    assert read(*split(data, 1)) == whole


def test_an_idle_connection_keeps_no_bytes() -> None:
    """`rest` holds only the frame under way."""
    reader = FrameReader()
    reader.feed(frame(b"x" * 300) + frame(b"y" * 300)[:5])
    assert len(reader.rest) == 5
    reader.feed(frame(b"y" * 300)[5:])
    assert reader.rest == b""


ANY_FRAMES = st.lists(
    st.one_of(
        st.binary(max_size=140).map(frame),
        st.binary(max_size=125).map(lambda payload: frame(payload, PING)),
        st.lists(st.binary(max_size=20), min_size=2, max_size=4).map(
            lambda parts: b"".join(
                frame(part, CONTINUATION if i else TEXT, fin=i == len(parts) - 1) for i, part in enumerate(parts)
            )
        ),
        st.sampled_from([*FORBIDDEN.values(), frame(b"\x03\xe8", CLOSE), struct.pack("!BBQ", 0x81, 127, 10_000_000)]),
    ),
    max_size=6,
).map(b"".join)


@given(ANY_FRAMES, st.data())
def test_any_chunking_of_any_frames_gives_the_same(data: bytes, draw: st.DataObject) -> None:
    """Messages, pings and end depend on the bytes alone, never on how a network cut them."""
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=8)))
    chunks = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    messages, pings, end = read(data)
    cut_messages, cut_pings, cut_end = read(*chunks)
    assert (cut_messages, cut_pings, repr(cut_end)) == (messages, pings, repr(end))


@given(st.binary(max_size=400))
def test_any_bytes_at_all_end_as_messages_or_as_a_fault(data: bytes) -> None:
    """Nothing else is ever raised."""
    _, _, end = read(data)
    assert end is None or end.fault in (Fault.CLOSED, Fault.INVALID_FRAME, Fault.FRAME_TOO_LARGE)
