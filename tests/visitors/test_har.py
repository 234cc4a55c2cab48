from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.visitors.hars import BEGUN_S, PAGE, Window, har_of
from whoson_load.errors import ConfigError
from whoson_load.visitors import har
from whoson_load.visitors.har import Message, read_har

WINDOW = Window(headers={"Cookie": "a=b", "User-Agent": "ua"}).sends("one").hears("two", 0.5)


def altered(**changes: Any) -> bytes:  # noqa: ANN401  # what JSON holds
    """The HAR of a window whose second message is otherwise."""
    entry = WINDOW.entry()
    messages = [dict(message) for message in entry["_webSocketMessages"]]
    messages[1].update(changes)
    return har_of({**entry, "_webSocketMessages": messages})


def test_messages_are_read_in_order_with_their_times() -> None:
    """Of each WebSocket its own; other entries are counted."""
    other = Window(begun_s=5.0).sends("three")
    archive = read_har(har_of(PAGE, WINDOW, PAGE, other))
    assert [socket.messages for socket in archive.sockets] == [
        (Message(BEGUN_S, True, "one"), Message(BEGUN_S + 0.5, False, "two")),
        (Message(5.0, True, "three"),),
    ]
    assert [socket.number for socket in archive.sockets] == [1, 2]
    assert archive.sockets[0].headers == (("Cookie", "a=b"), ("User-Agent", "ua"))
    assert archive.other_entries == 2


def test_what_is_no_text_is_counted() -> None:
    """Binary messages, and the errors that a browser notes without any data."""
    window = Window().sends("one").adds("receive", "AAEC", 2).adds("error", None, -1).hears("two")
    (socket,) = read_har(har_of(window)).sockets
    assert [message.data for message in socket.messages] == ["one", "two"]
    assert (socket.binary, socket.errors) == (1, 1)


def test_cookies_are_taken_from_where_they_are() -> None:
    """A sanitised HAR has none; one that lists them apart from the headers has each once."""
    entry = WINDOW.entry()
    entry["request"] |= {"headers": [], "cookies": [{"name": "sid", "value": "s"}, "odd"]}
    (socket,) = read_har(har_of(entry)).sockets
    assert socket.headers == (("Cookie", "s"),)


def test_a_byte_order_mark_and_half_an_emoji_are_no_obstacle() -> None:
    """Tools on Windows write the one, previews of an emoji under way the other."""
    window = Window().sends("\ud83d")
    (socket,) = read_har(b"\xef\xbb\xbf" + har_of(window, PAGE)).sockets
    assert socket.messages[0].data == "\ud83d"


WHOLE = har_of(PAGE, WINDOW)
FIREFOX = {name: value for name, value in WINDOW.entry().items() if not name.startswith("_")}


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "got an empty file, expected a HAR"),
        (b" \n", "got an empty file"),
        (b"hello", "got no JSON \\(line 1, column 1\\), expected a HAR"),
        (b"\x89PNG\r\n", "got byte 0 that is no UTF-8"),
        (gzip.compress(WHOLE), "got a compressed file, expected the HAR itself"),
        (b"PK\x03\x04rest", "got a compressed file"),
        (b"[" * 100_000, "nested"),
        (b"9" * 10_000, "long beyond reason"),
        (b"[]", "got JSON without log.entries"),
        (b'"log"', "got JSON without log.entries"),
        (b'{"log": {"entries": 3}}', "got JSON without log.entries"),
        (b'{"log": []}', "got JSON without log.entries"),
        (har_of(), r"got a HAR without a WebSocket \(its entries: 0\)"),
        (har_of(PAGE, PAGE, PAGE), r"got a HAR without a WebSocket \(its entries: 3\)"),
        (har_of(FIREFOX, FIREFOX), "got 2 WebSockets without messages, as Firefox and Safari save them"),
        (har_of({**WINDOW.entry(), "_webSocketMessages": {}}), "got 1 WebSocket without messages"),
        (altered(type="say"), "message 2 of WebSocket 1: got no type, expected send or receive"),
        (altered(time=None), "message 2 of WebSocket 1: got no time, expected seconds"),
        (altered(time=True), "got no time"),
        (altered(time=-1), "got no time"),
        (altered(time=float("nan")), "got no time"),
        (altered(time=float("inf")), "beyond the year 5000"),
        (altered(time=10**400), "beyond the year 5000"),
        (altered(time=BEGUN_S * 1000), "expected seconds since 1970, not milliseconds"),
        (altered(data=7), "message 2 of WebSocket 1: got no data, expected a text"),
    ],
)
def test_bad_content_gets_one_clear_line(content: bytes, said: str) -> None:
    """What was got, and what was expected."""
    with pytest.raises(ConfigError, match=said) as problem:
        read_har(content)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.35, 0.5, 0.8, 0.99])
def test_a_har_that_was_cut_is_known_as_such(share: float) -> None:
    """Wherever it ends."""
    with pytest.raises(ConfigError, match="ends in the middle"):
        read_har(WHOLE[: int(len(WHOLE) * share)].rstrip())


def test_a_har_beyond_bounds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is decoded."""
    monkeypatch.setattr(har, "MOST_HAR_BYTES", len(WHOLE) - 1)
    with pytest.raises(ConfigError, match=f"got {len(WHOLE)} bytes, expected at most {len(WHOLE) - 1}"):
        read_har(WHOLE)


def test_entries_of_any_shape_are_passed_over() -> None:
    """Only WebSockets have to be what they should be."""
    odd = [1, None, "x", {}, {"request": 3, "response": []}, {"request": {"url": 7, "headers": [1]}}]
    log = {"entries": [*odd, WINDOW.entry()]}
    assert len(read_har(json.dumps({"log": log}).encode()).sockets) == 1
