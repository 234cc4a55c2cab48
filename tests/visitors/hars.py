"""HARs as a browser would save them of chat windows: each message as Chrome writes it, in the order of the wire."""

from __future__ import annotations

import json
from typing import Any, Self

from whoson_load.protocol.commands import Command, Connect, Hello, Quit, encode_command
from whoson_load.protocol.events import Accepted, Connected, Event, Operator, OperatorJoined
from whoson_load.protocol.frames import encode_event
from whoson_load.protocol.site import Site

BEGUN_S = 1_763_800_000.25
"""2025-11-22 08:26:40 UTC, and a quarter of a second."""

SITE = Site(domain="d", lang="de")
CONNECT = Connect("a", "d", "1.2.3.4", "c", "ua", "r", "k")
CONNECTED = Connected(session_id="s", site=SITE)
JOINED = OperatorJoined(chat_uid="u", operator=Operator(name="Ann"))
QUIT = Quit("s", "d")


def hello(language: str = "en", department: str = "", operator: str = "", translate: str = "false") -> Hello:
    """A Hello that asks for this."""
    return Hello("Jo", "d", department, operator, "s", "1.2.3.4", "c", language, translate, "<Fields></Fields>")


OPENING = (CONNECT, CONNECTED, hello(), Accepted(chat_uid="u"), JOINED)
"""A chat up to the operator's coming."""


class Window:
    """A chat window's WebSocket, recorded.

    Args:
        url: it was opened with. headers: of the request, name and value of each.
    """

    def __init__(
        self, url: str = "wss://chat.example.com:8013/", headers: dict[str, str] | None = None, begun_s: float = BEGUN_S
    ) -> None:
        self.url, self.headers, self.now_s = url, headers or {}, begun_s
        self.messages: list[dict[str, Any]] = []

    def sends(self, said: Command | str, after_s: float = 0.0) -> Self:
        """A message of the browser, so long after the one before."""
        return self._add("send", encode_command(said).decode() if isinstance(said, Command) else said, after_s)

    def hears(self, said: Event | str, after_s: float = 0.0) -> Self:
        """A message of the server."""
        return self._add("receive", encode_event(said).decode() if isinstance(said, Event) else said, after_s)

    def adds(self, kind: str, data: str | None, opcode: int) -> Self:
        """A message of another kind."""
        self.messages.append({"type": kind, "time": self.now_s, "opcode": opcode, "data": data})
        return self

    def _add(self, kind: str, data: str, after_s: float) -> Self:
        self.now_s += after_s
        return self.adds(kind, data, 1)

    def entry(self) -> dict[str, Any]:
        """As an entry of the log."""
        return {
            "_resourceType": "websocket",
            "_webSocketMessages": self.messages,
            "startedDateTime": "2025-11-22T08:26:40.250Z",
            "request": {
                "method": "GET",
                "url": self.url,
                "headers": [{"name": name, "value": value} for name, value in self.headers.items()],
                "cookies": [],
            },
            "response": {"status": 101, "headers": [], "cookies": []},
        }


PAGE = {
    "_resourceType": "document",
    "request": {"method": "GET", "url": "https://www.example.com/", "headers": []},
    "response": {"status": 200, "content": {"text": "half an emoji: \ud83d"}},
}
"""Another entry, which holds what only a tolerant reader takes."""


def har_of(*entries: Window | dict[str, Any]) -> bytes:
    """A HAR of chat windows and of other entries, as they stand."""
    written = [each.entry() if isinstance(each, Window) else each for each in entries]
    log = {"version": "1.2", "creator": {"name": "WebInspector", "version": "537.36"}, "pages": [], "entries": written}
    return json.dumps({"log": log}, indent=2).encode()
