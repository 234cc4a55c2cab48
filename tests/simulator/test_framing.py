from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame as TheirFrame
from websockets.frames import Opcode as TheirOpcode

from whoson_load.simulator.framing import FrameError, FrameReader, Opcode, close_frame, pong_frame, text_frame


def sent(opcode: TheirOpcode, payload: bytes, *, fin: bool = True) -> bytes:
    """A frame as the `websockets` library's clients write it: masked."""
    return TheirFrame(opcode, payload, fin=fin).serialize(mask=True)


def read(data: bytes, max_bytes: int = 1 << 20) -> list[tuple[int, bytes]]:
    """What a reader makes of bytes."""
    return list(FrameReader(max_bytes).feed(data))


@pytest.mark.parametrize("length", [0, 1, 3, 4, 125, 126, 127, 65535, 65536, 100_000])
def test_messages_of_every_length_are_read(length: int) -> None:
    """All three forms of the length, and every rest of the mask."""
    payload = os.urandom(length)
    assert read(sent(TheirOpcode.TEXT, payload)) == [(Opcode.TEXT, payload)]


@given(payloads=st.lists(st.binary(max_size=300), max_size=6), cuts=st.lists(st.integers(1, 40), min_size=1))
def test_however_the_bytes_come_the_messages_are_the_same(payloads: list[bytes], cuts: list[int]) -> None:
    """Bytes in any pieces give the messages that were written."""
    data = b"".join(sent(TheirOpcode.TEXT, payload) for payload in payloads)
    reader, found, turn = FrameReader(1 << 20), [], 0
    while data:
        size = cuts[turn % len(cuts)]
        found += [payload for _, payload in reader.feed(data[:size])]
        data, turn = data[size:], turn + 1
    assert found == payloads


def test_fragments_are_joined_around_control_frames() -> None:
    """A ping between two fragments comes first, then the whole message."""
    data = (
        sent(TheirOpcode.TEXT, b"ab", fin=False)
        + sent(TheirOpcode.PING, b"?")
        + sent(TheirOpcode.CONT, b"cd", fin=False)
        + sent(TheirOpcode.CONT, b"ef")
    )
    assert read(data) == [(Opcode.PING, b"?"), (Opcode.TEXT, b"abcdef")]


# What is wrong -> bytes, and the code that the connection is closed with. The bytes differ each time, by their masks.
BREACHES = {
    "no mask": (TheirFrame(TheirOpcode.TEXT, b"x").serialize(mask=False), 1002),
    "a reserved bit": (bytes((0xC1, 0x81, 0, 0, 0, 0)) + b"x", 1002),
    "a rest without a beginning": (sent(TheirOpcode.CONT, b"x"), 1002),
    "a message within a message": (sent(TheirOpcode.TEXT, b"x", fin=False) + sent(TheirOpcode.TEXT, b"y"), 1002),
    "an unknown data frame": (bytes((0x83, 0x80, 0, 0, 0, 0)), 1002),
    "an unknown control frame": (bytes((0x8B, 0x80, 0, 0, 0, 0)), 1002),
    "a ping in fragments": (bytes((0x09, 0x80, 0, 0, 0, 0)), 1002),
    "a long ping": (bytes((0x89, 0xFE, 0, 126, 0, 0, 0, 0)), 1002),
    "a terabyte": (bytes((0x81, 0xFF)) + (1 << 40).to_bytes(8, "big") + bytes(4), 1009),
    "too much in fragments": (
        sent(TheirOpcode.TEXT, b"x" * 60, fin=False) + sent(TheirOpcode.CONT, b"x" * 60),
        1009,
    ),
    "all reserved bits": (bytes((0x71, 0x80)), 1002),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_what_rfc_6455_forbids_is_refused(breach: str) -> None:
    """No mask, reserved bits, fragments out of turn, unknown or long control frames, too much."""
    data, code = BREACHES[breach]
    with pytest.raises(FrameError) as raised:
        read(data, max_bytes=100)
    assert raised.value.close_code == code


def test_a_long_message_is_refused_before_it_is_stored() -> None:
    """The header alone is enough."""
    with pytest.raises(FrameError):
        read(bytes((0x81, 0xFF)) + (101).to_bytes(8, "big") + bytes(4), max_bytes=100)


def test_our_frames_are_what_another_library_writes() -> None:
    """Byte for byte, at every form of the length."""
    for length in (0, 125, 126, 65535, 65536):
        payload = b"x" * length
        assert text_frame(payload) == TheirFrame(TheirOpcode.TEXT, payload).serialize(mask=False)
    assert pong_frame(b"hi") == TheirFrame(TheirOpcode.PONG, b"hi").serialize(mask=False)
    assert close_frame(1008, "no") == TheirFrame(TheirOpcode.CLOSE, b"\x03\xf0no").serialize(mask=False)
