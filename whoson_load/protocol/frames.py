"""Events to and from the JSON text of a frame. Knows nothing of WebSocket framing, nor of what may come when.

A server is read as tolerantly as the protocol can be without guessing: names in any case, a chat UID that is null,
blank or missing, an array of events in one frame, a trailing comma (the specification's own `operatorjoined` example
has one). What deviates in the envelope is told to the caller, so that it is counted; a Data that no reading allows
becomes a `MalformedEvent`. Only text that is no JSON at all is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

import msgspec

from whoson_load.errors import Fault, RemoteProtocolError
from whoson_load.protocol.events import (
    EVENTS,
    Accepted,
    Acknowledged,
    Connected,
    Error,
    Event,
    Image,
    MalformedEvent,
    NewLine,
    NotAccepted,
    Operator,
    OperatorJoined,
    Operators,
    Queue,
    Quit,
    RequestField,
    RequestFile,
    Typing,
    TypingStop,
    UnknownEvent,
)
from whoson_load.protocol.reading import JsonObject, JsonValue, text, whole
from whoson_load.protocol.site import GeoIP, decode_site, encode_site
from whoson_load.protocol.survey import SurveyField

__all__ = ["Deviation", "decode_events", "encode_event"]


class Deviation(StrEnum):
    """The closed set of ways in which a frame can differ from the specification and still be read."""

    ARRAY = "array of events"
    TRAILING_COMMA = "trailing comma"
    NAME_CASE = "name in another case"
    UNKNOWN_EVENT = "unknown event"
    MALFORMED_EVENT = "malformed event"
    NO_EVENT = "JSON that is no event"


class _Envelope(msgspec.Struct, gc=False):
    # All three are required: one that is missing may be there in another case.
    EventName: str
    ChatUid: str | None
    Data: JsonValue


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_any = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode

# A string, so that no comma in one is taken for another; one without an end is taken whole, or each of its escaped
# quotes would be tried as a beginning.
_TRAILING_COMMA = re.compile(rb'("(?:[^"\\]++|\\.)*+"?)|,(?=\s*+[}\]])', re.DOTALL)


def decode_events(frame: bytes, note: Callable[[Deviation], None]) -> list[Event]:
    """Read the events of one frame.

    Args:
        frame: the JSON text, UTF-8.
        note: called once for each deviation that was read tolerantly.

    Returns:
        The events in order; mostly one. Costs about half a microsecond for a line.

    Raises:
        RemoteProtocolError: INVALID_UTF8 or INVALID_JSON; its detail never quotes the frame.
    """
    try:
        envelope = _decode_envelope(frame)
        read = _READERS[envelope.EventName]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        return [_event(each, note) for each in _objects(frame, note)]
    uid, data = envelope.ChatUid or "", envelope.Data
    try:
        return [read(uid, data)]
    except ValueError as problem:
        return [_malformed(envelope.EventName, uid, data, problem, note)]


def _objects(frame: bytes, note: Callable[[Deviation], None]) -> list[JsonValue]:
    decoded: JsonValue
    try:
        decoded = _decode_any(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        decoded = _repaired(frame, problem)
        note(Deviation.TRAILING_COMMA)
    if isinstance(decoded, list):
        note(Deviation.ARRAY)
        return decoded
    return [decoded]


def _repaired(frame: bytes, problem: Exception) -> JsonValue:
    try:
        frame.decode("utf-8")
    except UnicodeDecodeError as where:
        raise RemoteProtocolError(
            Fault.INVALID_UTF8, f"byte {where.start} of {len(frame)} is no UTF-8, expected JSON text"
        ) from None
    repaired = _TRAILING_COMMA.sub(lambda match: match[1] or b"", frame)
    try:
        return _decode_any(repaired)  # type: ignore[no-any-return]
    except (msgspec.DecodeError, RecursionError):
        raise RemoteProtocolError(
            Fault.INVALID_JSON, f"got {len(frame)} bytes that are no JSON ({problem}), expected an event"
        ) from None


_ENVELOPE_NAMES = frozenset(_Envelope.__struct_fields__)
_FOLDED_ENVELOPE_NAMES = frozenset(name.lower() for name in _ENVELOPE_NAMES)


def _event(value: JsonValue, note: Callable[[Deviation], None]) -> Event:
    try:
        members = JsonObject(value)
        written, uid = members.read("EventName", text), members.read("ChatUid", text)
        if not written:
            raise ValueError("got no EventName, expected one")
    except ValueError as problem:
        note(Deviation.NO_EVENT)
        return MalformedEvent(data=value, problem=str(problem))
    data, name = members.get("Data"), written.lower()
    read = _READERS.get(name)
    other_case = any(each not in _ENVELOPE_NAMES and each.lower() in _FOLDED_ENVELOPE_NAMES for each in members)
    if other_case or (read is not None and name != written):
        note(Deviation.NAME_CASE)
    if read is None:
        note(Deviation.UNKNOWN_EVENT)
        return UnknownEvent(chat_uid=uid, event_name=written, data=data)
    try:
        return read(uid, data)
    except ValueError as problem:
        return _malformed(name, uid, data, problem, note)


def _malformed(
    name: str, uid: str, data: JsonValue, problem: ValueError, note: Callable[[Deviation], None]
) -> MalformedEvent:
    note(Deviation.MALFORMED_EVENT)
    return MalformedEvent(chat_uid=uid, event_name=name, data=data, problem=f"{name}: {problem}")


def _read_newline(uid: str, data: JsonValue) -> Event:
    try:
        classname, content = data["Classname"], data["Content"]  # type: ignore[index,call-overload]
        if type(classname) is str and type(content) is str:
            return NewLine(chat_uid=uid, classname=classname, content=content)
    except (KeyError, TypeError):
        pass  # another spelling or another type: read below as tolerantly as everything else
    members = JsonObject(data)
    if members.get("Classname") is None:
        raise ValueError("got no Classname, expected Classname and Content")
    return NewLine(chat_uid=uid, classname=members.read("Classname", text), content=members.read("Content", text))


def _read_connected(uid: str, data: JsonValue) -> Event:
    members = JsonObject(data)
    session_id = members.read("SessionID", text)
    if not session_id:
        raise ValueError("got no SessionID, expected one")
    geo_ip = members.read("GeoIP", GeoIP.decode)
    return Connected(chat_uid=uid, session_id=session_id, site=decode_site(data), geo_ip=geo_ip)


def _read_operators(uid: str, data: JsonValue) -> Event:
    # The specification: "an object (or list of objects)".
    listed = JsonObject({"Data": [data] if isinstance(data, dict) else data})
    return Operators(chat_uid=uid, operators=listed.each("Data", Operator.decode))


def _read_queue(uid: str, data: JsonValue) -> Event:
    if data is None or data == "":
        raise ValueError("got no position, expected one")
    return Queue(chat_uid=uid, position=whole(data))


_READERS: dict[str, Callable[[str, JsonValue], Event]] = {
    "connected": _read_connected,
    "error": lambda uid, data: Error(chat_uid=uid, description=text(data)),
    "operators": _read_operators,
    "image": Image.decode,
    "accepted": lambda uid, data: Accepted(chat_uid=uid, paging_message=text(data)),
    "notaccepted": lambda uid, data: NotAccepted(chat_uid=uid, reason=text(data)),
    "newline": _read_newline,
    "queue": _read_queue,
    "operatorjoined": lambda uid, data: OperatorJoined(chat_uid=uid, operator=Operator.decode(data)),
    "typing": lambda uid, data: Typing(chat_uid=uid),
    "typingstop": lambda uid, data: TypingStop(chat_uid=uid),
    "requestfile": lambda uid, data: RequestFile(chat_uid=uid, file_types=text(data)),
    "requestfield": lambda uid, data: RequestField(chat_uid=uid, field=SurveyField.decode(data)),
    "quit": lambda uid, data: Quit(chat_uid=uid),
    "acknowledged": lambda uid, data: Acknowledged(chat_uid=uid),
}
assert _READERS.keys() == EVENTS.keys()


def encode_event(event: Event) -> bytes:
    """Write an event as the JSON text of a frame, in UTF-8. Costs about half a microsecond for a line.

    An `UnknownEvent` is written under the name it carries, so that a server of another version can be imitated.

    Raises:
        UnicodeEncodeError: a text holds half a surrogate pair, which is no character.
    """
    name = event.name
    if not name and isinstance(event, UnknownEvent):
        name = event.event_name
    return _encode({"EventName": name, "ChatUid": event.chat_uid or event.blank_uid, "Data": _data(event)})


def _data(event: Event) -> JsonValue:  # noqa: PLR0911 (one return a form of Data)
    match event:
        case NewLine():
            return {"Classname": event.classname, "Content": event.content}
        case Connected():
            return encode_site(event.site, event.session_id, event.geo_ip)
        case OperatorJoined():
            return event.operator.encode()
        case Operators():
            return [operator.encode() for operator in event.operators]
        case Image():
            return event.encode()
        case RequestField():
            return event.field.encode()
        case UnknownEvent():
            return event.data
        case _:
            return _text(event)


def _text(event: Event) -> str:
    match event:
        case Queue():
            return str(event.position)
        case Accepted():
            return event.paging_message
        case NotAccepted():
            return event.reason
        case Error():
            return event.description
        case RequestFile():
            return event.file_types
        case _:
            return ""
