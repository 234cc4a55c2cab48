"""What a recorded chat discloses of people and of secrets: of which kind, how often and where.

Never keeps what it counts: no value gets out of here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from whoson_load.protocol.events import (
    Accepted,
    Connected,
    Error,
    Event,
    Image,
    NewLine,
    NotAccepted,
    Operator,
    OperatorJoined,
    Operators,
    RequestField,
    UnknownEvent,
)
from whoson_load.protocol.survey import SurveyField
from whoson_load.protocol.survey_xml import decode_answers
from whoson_load.visitors.har import Socket
from whoson_load.visitors.recorded_chat import Call, RecordedChat

__all__ = ["Disclosure", "disclosed"]


class Disclosure(NamedTuple):
    """One kind of what a chat discloses.

    Attributes:
        kind: such as "e-mail address".
        times: how often it was found.
        places: where -> how often: names of commands, events and headers.
    """

    kind: str
    times: int
    places: Mapping[str, int]


_PARAMETERS: Final = {
    "authentication": "authentication string",
    "api_key": "API key",
    "session_id": "session ID",
    "chat_uid": "chat UID",
    "cookie_id": "cookie session ID",
    "visitor_ip": "IP address",
    "domain": "domain",
    "user_agent": "user agent",
    "referrer": "URL",
    "url": "URL",
    "visitor_name": "visitor's name",
    "department": "department",
    "operator": "operator's name",
    "email": "e-mail address",
    "phone": "telephone number",
    "file_name": "file name",
    "field_name": "name of a survey field",
    "value": "survey answer",
    "text": "text",
}
"""Parameter of a command -> what it discloses. Those that are missing tell nothing of anybody, or are taken apart."""

_KEPT: Final = frozenset({"language", "translate", "image_type"})

_HEADERS: Final = {
    "cookie": "cookie",
    "set-cookie": "cookie",
    "authorization": "authorization",
    "proxy-authorization": "authorization",
    "user-agent": "user agent",
    "origin": "URL",
    "referer": "URL",
    "host": "domain",
    "x-forwarded-for": "IP address",
    "forwarded": "IP address",
    "x-real-ip": "IP address",
}

_PLAIN_HEADERS: Final = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "cache-control", "connection", "content-length", "date"),
        *("pragma", "sec-websocket-accept", "sec-websocket-extensions", "sec-websocket-key", "sec-websocket-version"),
        *("server", "upgrade", "vary"),
    }
)
"""Headers that tell nothing of anybody. Any other may be a secret, as its name may: neither is told but in number."""

_IN_TEXTS: Final = (
    ("e-mail address", re.compile(r"[^\s@<>\"']{1,64}@[^\s@<>\"']{1,255}\.\w{2,}")),
    ("URL", re.compile(r"\b(?:https?|wss?|ftp)://\S|\bwww\.\w", re.IGNORECASE)),
    ("IP address", re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])", re.ASCII)),
    (
        "IP address",
        re.compile(
            r"(?<![\w:.])(?=[\da-f:]*\d)"
            r"(?:[\da-f]{1,4}(?::[\da-f]{1,4}){7}|(?=[\da-f:]*::)(?:[\da-f]{0,4}:){2,7}[\da-f]{1,4})(?![\w:])",
            re.IGNORECASE | re.ASCII,
        ),
    ),
    (
        "telephone or other long number",
        re.compile(r"(?<![\w.])(?!(?:\d{1,3}\.){3}\d{1,3}(?![\d.]))\+?\d(?:[\s()./-]{0,2}\d){6,18}(?!\w)", re.ASCII),
    ),
)
"""What is looked for in texts: a hint of what they held, for all texts are taken out whatever they hold."""


def disclosed(chat: RecordedChat) -> list[Disclosure]:
    """All that a chat and the request that opened its WebSocket disclose, the most frequent first."""
    found = _Found()
    found.socket(chat.socket)
    for turn in chat.turns:
        if isinstance(turn.said, Call):
            found.command(turn.said)
        else:
            found.event(turn.said)
    kinds: dict[str, Counter[str]] = {}
    for (kind, place), times in found.counts.items():
        kinds.setdefault(kind, Counter())[place] += times
    listed = [Disclosure(kind, places.total(), dict(places.most_common())) for kind, places in kinds.items()]
    return sorted(listed, key=lambda each: (-each.times, each.kind))


class _Found:
    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._passwords: set[str] = set()  # the names of fields whose answers are typed unseen

    def _add(self, kind: str, place: str, value: str) -> None:
        if value.strip():
            self.counts[kind, place] += 1

    def _text(self, kind: str, place: str, value: str) -> None:
        self._add(kind, place, value)
        for hint, pattern in _IN_TEXTS:
            times = sum(1 for _ in pattern.finditer(value))
            if times:
                self.counts[hint, f"{place}'s text"] += times

    def socket(self, socket: Socket) -> None:
        self._add("URL", "the WebSocket's address", socket.address)
        try:
            query = urlsplit(socket.address).query
        except ValueError:
            query = socket.address
        self._add("query string", "the WebSocket's address", query)
        self._add("IP address", "the server's", socket.server_ip)
        for name, value in socket.headers:
            kind = _HEADERS.get(name.lower())
            if kind is not None:
                self._add(kind, f"header {name.lower()}", value)
            elif name.lower() not in _PLAIN_HEADERS:
                self._add("other header", "the WebSocket's request", value)

    def command(self, call: Call) -> None:
        place = call.name or "unknown command"
        for name, value in call.parameters.items():
            kind = _PARAMETERS.get(name)
            if name == "survey":
                self._survey(place, value)
            elif kind == "survey answer":
                self._answer(place, call.parameters.get("field_name", ""), value)
            elif kind in ("text", "file name"):
                self._text(kind, place, value)
            elif kind is not None:
                self._add(kind, place, value)
            elif name not in _KEPT:
                self._text("parameter beyond the specification", place, value)

    def _survey(self, place: str, xml: str) -> None:
        try:
            answers = decode_answers(xml)
        except ValueError:
            answers = [("", xml)]  # unreadable, and an answer all the same
        for name, value in answers:
            self._answer(place, name, value)

    def _answer(self, place: str, name: str, value: str) -> None:
        self._text("password" if name.lower() in self._passwords else "survey answer", place, value)

    def _field(self, place: str, field: SurveyField) -> None:
        if field.password:
            self._passwords.add(field.field_name.lower())
        self._text("survey field's default", place, field.default_value)

    def event(self, event: Event) -> None:
        place = event.name or "unknown event"
        self._add("chat UID", place, event.chat_uid)
        match event:
            case Connected():
                self._connected(place, event)
            case OperatorJoined():
                self._operator(place, event.operator)
            case Operators():
                for operator in event.operators:
                    self._operator(place, operator)
            case NewLine():
                self._text("text", place, event.content)
            case Accepted():
                self._text("text", place, event.paging_message)
            case NotAccepted():
                self._text("text", place, event.reason)
            case Error():
                self._text("text", place, event.description)
            case Image():
                self._add("picture", place, event.base64)
            case RequestField():
                self._add("name of a survey field", place, event.field.field_name)
                self._field(place, event.field)
            case UnknownEvent():
                self._add("content of an unknown event", place, str(event.data or ""))
            case _:
                pass

    def _connected(self, place: str, event: Connected) -> None:
        self._add("session ID", place, event.session_id)
        self._add("IP address", place, event.geo_ip.ip_address)
        where = (event.geo_ip.city, event.geo_ip.post_code, event.geo_ip.country_iso, event.geo_ip.isp)
        self._add("whereabouts (GeoIP)", place, "".join(where))
        self._add("domain", place, event.site.domain)
        self._add("URL", place, event.site.web_services_url)
        self._add("URL", place, event.site.forwarding_url)
        for said in (event.site.site_name, event.site.opening_message, event.site.closing_message):
            self._text("text", place, said)
        for field in (*event.site.pre_chat_survey.fields, *event.site.post_chat_survey.fields):
            self._field(place, field)

    def _operator(self, place: str, operator: Operator) -> None:
        for kind, value in (
            ("operator's name", operator.name),
            ("e-mail address", operator.email),
            ("telephone number", operator.phone),
            ("department", operator.dept),
        ):
            self._add(kind, place, value)
