"""What a HAR (HTTP archive) holds of WebSockets, as Chrome and Edge save it.

Knows nothing of what the messages say.

The extension `_webSocketMessages` of an entry lists messages as {"type": "send" or "receive" (or "error"), "time":
seconds since 1970, "opcode": 1 for text, 2 for binary, "data": the text, or base64}. Source: What's New In DevTools
(Chrome 76). Pings, pongs and closes are not in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from whoson_load.errors import ConfigError
from whoson_load.protocol.reading import JsonValue

__all__ = ["MOST_HAR_BYTES", "Archive", "Message", "Socket", "read_har"]

MOST_HAR_BYTES: Final = 256 * 1024 * 1024
"""The longest HAR that is read. Invented; one of 131 MB took 0.8 s and 350 MB of memory."""

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_BEYOND_S: Final = 1e11  # the year 5138: a time in milliseconds, or none
_TEXT, _BINARY = 1, 2

_Object: TypeAlias = dict[str, JsonValue]


class Message(NamedTuple):
    """A text message.

    Attributes:
        at_s: when, seconds since 1970.
        sent: whether the browser sent it; it received it otherwise.
        data: the text.
    """

    at_s: float
    sent: bool
    data: str


@dataclass(frozen=True, slots=True)
class Socket:
    """A WebSocket of the browser.

    Attributes:
        number: which of the HAR's WebSockets it is, from 1.
        address: its URL. server_ip: as the browser resolved it. headers: name and value of each, of request and
            response, cookies among them. All three are for counting, and for nothing else.
        messages: its text messages in order.
        binary: how many messages were binary.
        errors: how many errors of the connection the browser noted.
    """

    number: int
    address: str
    server_ip: str
    headers: tuple[tuple[str, str], ...]
    messages: tuple[Message, ...]
    binary: int = 0
    errors: int = 0


class Archive(NamedTuple):
    """What is of interest in a HAR.

    Attributes:
        sockets: its WebSockets, those whose messages were saved.
        other_entries: how many entries it has beside these; nothing of them was read.
    """

    sockets: tuple[Socket, ...]
    other_entries: int


def read_har(content: bytes) -> Archive:
    """Read a HAR.

    Args:
        content: the file's, at most MOST_HAR_BYTES of it.

    Raises:
        ConfigError: it is no HAR, or one without a WebSocket's messages; its text quotes nothing of the content.
    """
    entries = _entries(_decoded(content))
    found = [entry for entry in entries if _is_socket(entry)]
    if not found:
        raise ConfigError(
            f"got a HAR without a WebSocket (its entries: {len(entries)}), expected one that was recorded while"
            " the chat window was opened and used"
        )
    saved = [entry for entry in found if isinstance(entry.get("_webSocketMessages"), list)]
    if not saved:
        raise ConfigError(
            f"got {len(found)} WebSocket{'s' * (len(found) > 1)} without messages, as Firefox and Safari save them;"
            " expected a HAR from Chrome or Edge, which write _webSocketMessages"
        )
    return Archive(tuple(_socket(number, entry) for number, entry in enumerate(saved, 1)), len(entries) - len(saved))


def _decoded(content: bytes) -> JsonValue:
    if content.startswith((_GZIP, _ZIP)):
        raise ConfigError("got a compressed file, expected the HAR itself: unpack it first")
    if not content.strip():
        raise ConfigError("got an empty file, expected a HAR")
    if len(content) > MOST_HAR_BYTES:
        raise ConfigError(f"got {len(content)} bytes, expected at most {MOST_HAR_BYTES}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise ConfigError(f"got byte {problem.start} that is no UTF-8, expected a HAR, which is JSON") from None
    try:
        # Not msgspec: of a message cut between the halves of an emoji it makes an error, wherever in the HAR it is.
        return json.loads(text)  # type: ignore[no-any-return]
    except json.JSONDecodeError as problem:
        if _is_cut(text.strip(), problem):
            raise ConfigError(
                f"got JSON that ends in the middle, after {len(content)} bytes; expected a whole HAR: save it again"
            ) from None
        raise ConfigError(
            f"got no JSON (line {problem.lineno}, column {problem.colno}), expected a HAR, which is JSON"
        ) from None
    except (RecursionError, ValueError):  # the latter for a number of thousands of digits
        raise ConfigError("got JSON that is nested or a number that is long beyond reason, expected a HAR") from None


def _is_cut(text: str, problem: json.JSONDecodeError) -> bool:
    at_the_end = problem.pos >= len(text) or problem.msg.startswith("Unterminated string")
    return at_the_end or (text.startswith("{") and not text.endswith("}"))


def _entries(decoded: JsonValue) -> list[_Object]:
    log = decoded.get("log") if isinstance(decoded, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise ConfigError("got JSON without log.entries, expected a HAR")
    return [entry for entry in entries if isinstance(entry, dict)]


def _is_socket(entry: _Object) -> bool:
    address = _member(entry, "request", "url")
    return (
        entry.get("_webSocketMessages") is not None
        or entry.get("_resourceType") == "websocket"
        or (isinstance(address, str) and address.lower().startswith(("ws:", "wss:")))
        or _member(entry, "response", "status") == 101
    )


def _socket(number: int, entry: _Object) -> Socket:
    messages, binary, errors = [], 0, 0
    for place, each in enumerate(_list(entry.get("_webSocketMessages")), 1):
        kind, at_s, opcode, data = _message(each, f"message {place} of WebSocket {number}")
        if kind == "error":
            errors += 1
        elif opcode == _BINARY:
            binary += 1
        else:
            messages.append(Message(at_s, kind == "send", data))
    return Socket(
        number,
        _text(_member(entry, "request", "url")),
        _text(entry.get("serverIPAddress")),
        tuple(_headers(entry)),
        tuple(messages),
        binary,
        errors,
    )


def _message(value: JsonValue, where: str) -> tuple[str, float, JsonValue, str]:
    members = value if isinstance(value, dict) else {}
    kind, at_s, data = members.get("type"), members.get("time"), members.get("data")
    if kind not in ("send", "receive", "error"):
        raise ConfigError(f"{where}: got no type, expected send or receive")
    if isinstance(at_s, bool) or not isinstance(at_s, int | float) or not at_s >= 0:
        raise ConfigError(f"{where}: got no time, expected seconds since 1970")
    if at_s >= _BEYOND_S:
        raise ConfigError(f"{where}: got a time beyond the year 5000, expected seconds since 1970, not milliseconds")
    if kind != "error" and not isinstance(data, str):
        raise ConfigError(f"{where}: got no data, expected a text")
    return str(kind), float(at_s), members.get("opcode", _TEXT), _text(data)


def _headers(entry: _Object) -> Iterator[tuple[str, str]]:
    for side in ("request", "response"):
        listed = [each for each in _list(_member(entry, side, "headers")) if isinstance(each, dict)]
        for each in listed:
            yield _text(each.get("name")), _text(each.get("value"))
        # Cookies stand beside the headers as well; once is enough, unless they were left out there.
        if not any(_text(each.get("name")).lower() in ("cookie", "set-cookie") for each in listed):
            for cookie in _list(_member(entry, side, "cookies")):
                if isinstance(cookie, dict):
                    yield "Cookie", _text(cookie.get("value"))


def _member(entry: _Object, side: str, name: str) -> JsonValue:
    members = entry.get(side)
    return members.get(name) if isinstance(members, dict) else None


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""
