"""The 15 events a WhosOn server sends, as types.

How they are written and read stands in `frames`; nothing here knows of connections.
"""

from __future__ import annotations

import re
from typing import ClassVar
from urllib.parse import urlsplit

import msgspec

from whoson_load.protocol.lines import LineKind, kind_of
from whoson_load.protocol.reading import JsonObject, JsonValue, flag, text, texts, whole
from whoson_load.protocol.site import GeoIP, Site
from whoson_load.protocol.survey import SurveyField

__all__ = [
    "EVENTS",
    "Accepted",
    "Acknowledged",
    "Connected",
    "Error",
    "Event",
    "Image",
    "MalformedEvent",
    "NewLine",
    "NotAccepted",
    "Operator",
    "OperatorJoined",
    "Operators",
    "Queue",
    "Quit",
    "RequestField",
    "RequestFile",
    "Typing",
    "TypingStop",
    "UnknownEvent",
]


_BLANK = re.compile(r"\s")


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event.

    Attributes:
        name: the EventName as the specification spells it.
        blank_uid: how a server writes that there is no chat yet: null, or "".
        chat_uid: of the chat; "" when the server sent null, "" or nothing.
    """

    name: ClassVar[str] = ""
    blank_uid: ClassVar[str | None] = ""
    chat_uid: str = ""


class Connected(Event, frozen=True, kw_only=True, gc=False):
    """The session exists.

    Attributes:
        session_id: new for each valid Connect; most later commands carry it.
        site: shared by all visitors of the site.
        geo_ip: where the server believes the visitor to be.
    """

    name: ClassVar[str] = "connected"
    blank_uid: ClassVar[str | None] = None
    session_id: str
    site: Site
    geo_ip: GeoIP = GeoIP()


class Error(Event, frozen=True, kw_only=True, gc=False):
    """Something was refused. Names no command; before `connected` the server disconnects after it."""

    name: ClassVar[str] = "error"
    blank_uid: ClassVar[str | None] = None
    description: str = ""


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """An operator as visitors see one.

    Attributes:
        is_bot: sent as the string "True" or "False".
        status: Online, Busy, Be Right Back or Away.
        lang: two letters.
    """

    name: str = ""
    email: str = ""
    phone: str = ""
    dept: str = ""
    skills: tuple[str, ...] = ()
    is_bot: bool = False
    status: str = ""
    lang: str = ""

    @classmethod
    def decode(cls, value: JsonValue) -> Operator:
        """Read an operator from decoded JSON, names in any case.

        Raises:
            ValueError: it is no object, or a member is of a type that no reading allows.
        """
        members = JsonObject(value)
        return cls(
            name=members.read("Name", text),
            email=members.read("Email", text),
            phone=members.read("Phone", text),
            dept=members.read("Dept", text),
            skills=members.read("Skills", texts),
            is_bot=members.read("IsBot", flag),
            status=members.read("Status", text),
            lang=members.read("Lang", text),
        )

    def encode(self) -> dict[str, JsonValue]:
        """The specification's operator object."""
        return {
            "Name": self.name,
            "Email": self.email,
            "Phone": self.phone,
            "Dept": self.dept,
            "Skills": list(self.skills),
            "IsBot": "True" if self.is_bot else "False",
            "Status": self.status,
            "Lang": self.lang,
        }


class Operators(Event, frozen=True, kw_only=True, gc=False):
    """Who is there: the answer to GetOperators."""

    name: ClassVar[str] = "operators"
    blank_uid: ClassVar[str | None] = None
    operators: tuple[Operator, ...] = ()


class Image(Event, frozen=True, kw_only=True, gc=False):
    """One of the site's images.

    Attributes:
        image_type: 1, 2, 5 or 8, as GetImage asked.
        ext: of the file, with its dot.
        base64: the picture.
    """

    name: ClassVar[str] = "image"
    domain: str = ""
    image_type: int = 0
    language: str = ""
    ext: str = ""
    base64: str = ""

    @classmethod
    def decode(cls, chat_uid: str, value: JsonValue) -> Image:
        """Read an image from the event's decoded Data.

        Raises:
            ValueError: it is no object, or a member is of a type that no reading allows.
        """
        members = JsonObject(value)
        return cls(
            chat_uid=chat_uid,
            domain=members.read("Domain", text),
            image_type=members.read("ImageType", whole),
            language=members.read("Language", text),
            ext=members.read("Ext", text),
            base64=members.read("Base64", text),
        )

    def encode(self) -> dict[str, JsonValue]:
        """The specification's image object."""
        return {
            "Domain": self.domain,
            "ImageType": self.image_type,
            "Language": self.language,
            "Ext": self.ext,
            "Base64": self.base64,
        }


class Accepted(Event, frozen=True, kw_only=True, gc=False):
    """The chat is taken on; nobody has picked it up yet. Its text comes again as the paging line."""

    name: ClassVar[str] = "accepted"
    paging_message: str = ""


class NotAccepted(Event, frozen=True, kw_only=True, gc=False):
    """The chat is not taken on: after Hello, or later when its time in the queue is over.

    Attributes:
        reason: a text to show, or a forwarding URL.
    """

    name: ClassVar[str] = "notaccepted"
    reason: str = ""

    @property
    def forwarding_url(self) -> str | None:
        """The reason when it is an http or https URL, else None. Never to be followed by itself."""
        url = self.reason.strip()
        try:
            parts = urlsplit(url)
            is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and not _BLANK.search(url)
        except ValueError:
            is_url = False
        return url if is_url else None


class NewLine(Event, frozen=True, kw_only=True, gc=False):
    """A line of the chat, of either side or of the server itself.

    Attributes:
        classname: as the server wrote it.
        content: may hold the allowed HTML.
    """

    name: ClassVar[str] = "newline"
    classname: str
    content: str = ""

    @property
    def kind(self) -> LineKind:
        """What the line is, by its classname's tokens."""
        return kind_of(self.classname)


class Queue(Event, frozen=True, kw_only=True, gc=False):
    """The place in the queue, from 1, about once a second."""

    name: ClassVar[str] = "queue"
    position: int


class OperatorJoined(Event, frozen=True, kw_only=True, gc=False):
    """Somebody picked the chat up. Comes again after a transfer."""

    name: ClassVar[str] = "operatorjoined"
    operator: Operator


class Typing(Event, frozen=True, kw_only=True, gc=False):
    """The operator types."""

    name: ClassVar[str] = "typing"


class TypingStop(Event, frozen=True, kw_only=True, gc=False):
    """The operator stopped typing."""

    name: ClassVar[str] = "typingstop"


class RequestFile(Event, frozen=True, kw_only=True, gc=False):
    """The operator asks for a file.

    Attributes:
        file_types: comma-separated extensions.
    """

    name: ClassVar[str] = "requestfile"
    file_types: str = ""


class RequestField(Event, frozen=True, kw_only=True, gc=False):
    """The operator asks for one more survey field."""

    name: ClassVar[str] = "requestfield"
    field: SurveyField


class Quit(Event, frozen=True, kw_only=True, gc=False):
    """The operator or the server ended the chat."""

    name: ClassVar[str] = "quit"


class Acknowledged(Event, frozen=True, kw_only=True, gc=False):
    """The post-chat survey arrived."""

    name: ClassVar[str] = "acknowledged"


class UnknownEvent(Event, frozen=True, kw_only=True, gc=False):
    """An event nobody has heard of: counted and kept, never fatal.

    Attributes:
        event_name: as the server wrote it.
        data: as decoded.
    """

    event_name: str = ""
    data: JsonValue = None


class MalformedEvent(UnknownEvent, frozen=True, kw_only=True, gc=False):
    """A known event whose Data no reading allows: counted and kept, never fatal.

    Attributes:
        problem: what was got and what was expected.
    """

    problem: str = ""


EVENTS: dict[str, type[Event]] = {
    kind.name: kind
    for kind in (
        Connected,
        Error,
        Operators,
        Image,
        Accepted,
        NotAccepted,
        NewLine,
        Queue,
        OperatorJoined,
        Typing,
        TypingStop,
        RequestFile,
        RequestField,
        Quit,
        Acknowledged,
    )
}
"""Every event by its name as the specification spells it."""
