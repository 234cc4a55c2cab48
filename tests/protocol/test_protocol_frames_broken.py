from __future__ import annotations

import json
from bisect import bisect_left
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from whoson_load.errors import Fault, RemoteProtocolError
from whoson_load.protocol.events import EVENTS, Connected, Event, Image, MalformedEvent, Operator, UnknownEvent
from whoson_load.protocol.frames import Deviation, decode_events
from whoson_load.protocol.survey import SurveyField

CONNECTED = json.loads((Path(__file__).parent / "examples" / "events" / "connected.json").read_bytes())["Data"]


def read(frame: bytes) -> tuple[list[Event], list[Deviation]]:
    """The events of a frame, and what deviated, in order."""
    deviations: list[Deviation] = []
    return decode_events(frame, deviations.append), deviations


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b" ",
        b"{",
        b"noop",
        b'{"EventName":"typing","ChatUid":"","Data":""}{}',
        b'{"EventName":"typing","ChatUid":"","Data":NaN}',
        b'{"EventName":"queue","ChatUid":"","Data":1e999}',
        b'{"EventName":"queue","ChatUid":"","Data":-Infinity}',
        b'{"EventName":"queue","ChatUid":"","Data":' + b"9" * 100_000 + b"}",
        b'{"EventName":"typing","ChatUid":"\\ud800","Data":""}',
        b'{"EventName":"typing","ChatUid":"\x00","Data":""}',
        b'{"EventName":"typing",,"ChatUid":"","Data":""}',
        b'{"EventName":"typing","ChatUid":"","Data":"",,}',
        b'{"EventName":"typing","ChatUid":"","Data":"},',
        b"\xef\xbb\xbf{}",
        b"[" * 1_000_000,
        b'{"EventName":' * 100_000,
        b'{"EventName":"newline","ChatUid":"","Data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda frame: repr(frame[:40]),
)
def test_what_is_no_json_is_the_targets_fault(frame: bytes) -> None:
    """One error, folded into the closed set, whose text never grows with the frame or quotes it."""
    with pytest.raises(RemoteProtocolError) as refusal:
        read(frame)
    assert refusal.value.fault is Fault.INVALID_JSON
    assert refusal.value.detail.startswith(f"got {len(frame)} bytes that are no JSON (")
    assert len(refusal.value.detail) < 200


@pytest.mark.parametrize("broken", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf"])
def test_what_is_no_utf8_is_the_targets_fault(broken: bytes) -> None:
    """Half a character, a surrogate, one beyond Unicode, one written too long: told by its place."""
    frame = b'{"EventName":"accepted","ChatUid":"u","Data":"' + broken + b'"}'
    with pytest.raises(RemoteProtocolError) as refusal:
        read(frame)
    assert refusal.value.fault is Fault.INVALID_UTF8
    assert refusal.value.detail == f"byte 46 of {len(frame)} is no UTF-8, expected JSON text"


@pytest.mark.parametrize(
    "frame",
    [b'{"a":"' + b'\\"' * 500_000, b"{" + b'"' * 1_000_001, b"[" + b", " * 500_000 + b"1,", b"[1," + b" " * 1_000_000],
    ids=["escaped quotes", "quotes", "commas", "blanks"],
)
def test_a_long_broken_frame_costs_no_more_than_its_length(frame: bytes) -> None:
    """Looking for a trailing comma in a megabyte that is none ends at once, and not after hours."""
    with pytest.raises(RemoteProtocolError):
        read(frame)


def deeply_nested(depth: int) -> bytes:
    """`connected` with a setting of so many lists in one another."""
    nested = b"[" * depth + b"]" * depth
    return b'{"EventName":"connected","ChatUid":null,"Data":{"SessionID":"s","Domain":"d","X":' + nested + b"}}"


def test_no_depth_lets_another_exception_through() -> None:
    """Settings just shallow enough to be decoded may be too deep to be looked at again."""

    def is_read(depth: int) -> bool:
        try:
            ((event,), _) = read(deeply_nested(depth))
        except RemoteProtocolError:
            return False
        return type(event) in (Connected, MalformedEvent)

    too_deep = bisect_left(range(1_000_000), True, key=lambda depth: not is_read(depth))
    assert 0 < too_deep < 1_000_000
    assert all(is_read(depth) for depth in range(max(1, too_deep - 20), too_deep))


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
NAMES = st.sampled_from(
    [*CONNECTED, *SurveyField(field_name="a").encode(), *Operator().encode(), *Image().encode(), "Fields", "Languages"]
) | st.text(max_size=5)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=15,
)


def check(frame: bytes) -> None:
    """Read a frame: events or a RemoteProtocolError come of it, and nothing else."""
    try:
        events, deviations = read(frame)
    except RemoteProtocolError as problem:
        assert problem.fault in (Fault.INVALID_JSON, Fault.INVALID_UTF8)  # noqa: PT017 (both ends are right)
        return
    known = (*EVENTS.values(), UnknownEvent, MalformedEvent)
    assert all(type(event) in known for event in events)
    odd = sum(type(event) in (UnknownEvent, MalformedEvent) for event in events)
    counted = (Deviation.UNKNOWN_EVENT, Deviation.MALFORMED_EVENT, Deviation.NO_EVENT)
    assert odd == sum(deviation in counted for deviation in deviations)


@settings(deadline=None)
@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_events_or_the_targets_fault(frame: bytes) -> None:
    """Whatever arrives, there are events or a RemoteProtocolError, and never another exception."""
    check(frame)


@settings(deadline=None, max_examples=150)
@given(JSON)
def test_any_json_is_events(value: object) -> None:
    """JSON of any shape gives events, each odd one counted once."""
    check(json.dumps(value).encode())


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(sorted(EVENTS)), JSON, JSON)
@example("connected", {"SessionID": "s", "PreChatSurvey": {"Fields": [{"FieldName": "a", "ValidateLow": 1e300}]}}, None)
@example("connected", {"SessionID": "s", "Height": 10**300}, None)
@example("queue", 10**4000, None)
def test_any_data_is_an_event(name: str, data: object, uid: object) -> None:
    """Whatever the Data of a known event is, the event is read or kept as malformed."""
    check(json.dumps({"EventName": name, "ChatUid": uid, "Data": data}).encode())


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_a_damaged_frame_is_events_or_the_targets_fault(data: st.DataObject) -> None:
    """The longest example of the specification with some bytes cut out, doubled or overwritten."""
    frame = bytearray(json.dumps({"EventName": "connected", "ChatUid": None, "Data": CONNECTED}).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(frame) - 1))
        stop = data.draw(st.integers(start, min(len(frame), start + 20)))
        frame[start:stop] = data.draw(st.binary(max_size=4) | st.sampled_from([b",", b"}", b'"', b"[", b"null", b"\\"]))
    check(bytes(frame))


@settings(deadline=None)
@given(JSON)
def test_one_changed_member_of_connected_is_no_other_exception(value: object) -> None:
    """Each member of `connected` in turn holds something else."""
    for name in CONNECTED:
        check(json.dumps({"EventName": "connected", "ChatUid": "", "Data": CONNECTED | {name: value}}).encode())
