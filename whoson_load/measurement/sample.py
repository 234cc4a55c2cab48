"""The names of all series, and from which instant to which each one measures, as one table.

Knows nothing of who takes the samples or what becomes of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = [
    "ACCEPTED",
    "ACKNOWLEDGED",
    "CONNECT",
    "CONNECT_CONNECTED",
    "CONNECT_TCP",
    "CONNECT_TLS",
    "CONNECT_UPGRADE",
    "ECHO",
    "GENERATOR_CONNECT",
    "GENERATOR_RECEIVE",
    "GENERATOR_SEND",
    "HEADLINE",
    "IMAGE",
    "OPERATORJOINED",
    "OPERATORS",
    "QUEUE_TICK",
    "REPLY",
    "SERIES",
    "UPLOAD",
    "VISIT",
    "Series",
]

CONNECT: Final = "connect"
CONNECT_TCP: Final = "connect.tcp"
CONNECT_TLS: Final = "connect.tls"
CONNECT_UPGRADE: Final = "connect.upgrade"
CONNECT_CONNECTED: Final = "connect.connected"
ACCEPTED: Final = "accepted"
OPERATORJOINED: Final = "operatorjoined"
ECHO: Final = "echo"
REPLY: Final = "reply"
ACKNOWLEDGED: Final = "acknowledged"
OPERATORS: Final = "operators"
IMAGE: Final = "image"
UPLOAD: Final = "upload"
QUEUE_TICK: Final = "queue.tick"
VISIT: Final = "visit"
GENERATOR_CONNECT: Final = "generator.connect"
GENERATOR_RECEIVE: Final = "generator.receive"
GENERATOR_SEND: Final = "generator.send"


@dataclass(frozen=True, slots=True)
class Series:
    """One thing that is timed again and again.

    Attributes:
        name: its name everywhere: in histograms, in the record, in Locust's table.
        begins: the instant a sample is timed from.
        ends: the instant it is timed to.
        description: what the time says, in one sentence.
    """

    name: str
    begins: str
    ends: str
    description: str


_ROWS: Final = (
    Series(
        CONNECT,
        "the moment the visitor was due (open model: the scheduled arrival)",
        "the `connected` event",
        "How long a visitor waits for the chat window to be ready.",
    ),
    Series(CONNECT_TCP, "the first connection attempt", "TCP established", "The part of `connect` spent on TCP."),
    Series(CONNECT_TLS, "TCP established", "TLS handshake done", "The part of `connect` spent on TLS (`wss` only)."),
    Series(
        CONNECT_UPGRADE,
        "TLS done (`ws`: TCP established)",
        "the answer 101 to the upgrade",
        "The part of `connect` spent on the WebSocket upgrade.",
    ),
    Series(
        CONNECT_CONNECTED,
        "the Connect command sent",
        "the `connected` event",
        "The part of `connect` the chat server itself needs.",
    ),
    Series(
        ACCEPTED,
        "Hello sent",
        "the `accepted` event",
        "How long the server needs to take a chat; a `notaccepted` is an outcome, no sample.",
    ),
    Series(
        OPERATORJOINED,
        "Hello sent",
        "the first `operatorjoined` event",
        "How long a visitor waits for a person to talk to.",
    ),
    Series(ECHO, "Message sent", "its own `linev` line", "How long a visitor's own line takes to appear."),
    Series(
        REPLY,
        "the visitor's own `linev`",
        "the next `lineo` that is no waiting line",
        "How long a visitor waits for the operator's answer.",
    ),
    Series(
        ACKNOWLEDGED,
        "PostChatSurvey sent",
        "the `acknowledged` event",
        "How long the server needs to take a survey.",
    ),
    Series(OPERATORS, "GetOperators sent", "the `operators` event", "How long the list of operators takes."),
    Series(IMAGE, "GetImage sent", "the `image` event", "How long an image takes."),
    Series(UPLOAD, "the upload's first byte sent", "the document store's answer", "How long a file upload takes."),
    Series(
        QUEUE_TICK,
        "one `queue` event",
        "the next one",
        "How regularly a waiting visitor hears its position (the specification says about every second).",
    ),
    Series(
        VISIT,
        "the moment the visitor was due",
        "the end of the visit",
        "How long a whole visit takes, people's own time included.",
    ),
    Series(
        GENERATOR_CONNECT,
        "the moment the visitor was due",
        "the Connect command sent, less `connect.tcp`, `.tls` and `.upgrade`",
        "The part of `connect` that this program took itself: its late start and its work between the other parts.",
    ),
    Series(
        GENERATOR_RECEIVE,
        "the kernel had the bytes",
        "our code has them",
        "How late this program read what the server had sent: its own slowness, not the server's.",
    ),
    Series(
        GENERATOR_SEND,
        "the instant a step was due",
        "the send call",
        "How late this program sent what was due: its own slowness, not the server's.",
    ),
)

SERIES: Final[dict[str, Series]] = {series.name: series for series in _ROWS}
"""Every series by name, in the order in which tables show them."""

HEADLINE: Final = (CONNECT, ACCEPTED, OPERATORJOINED, ECHO)
"""The four that every table and page shows first."""
