"""The 14 commands a visitor's browser sends, written and read.

Knows nothing of connections, nor of what is allowed when.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from whoson_load.protocol.reading import JsonObject, text

__all__ = [
    "COMMANDS",
    "Command",
    "CommandError",
    "Connect",
    "DynamicField",
    "File",
    "GetImage",
    "GetOperators",
    "Hello",
    "LeaveMessage",
    "Message",
    "PostChatSurvey",
    "Preview",
    "Quit",
    "StartTyping",
    "StopTyping",
    "Transcript",
    "decode_command",
    "encode_command",
]


class CommandError(ValueError):
    """A frame that is no valid command; its text says what was got and what was expected."""


class Command(msgspec.Struct, frozen=True, gc=False):
    """A command: its fields are its parameters, strings all, in the order of the wire.

    Attributes:
        name: the command's name as the specification spells it.
    """

    name: ClassVar[str] = ""


class Connect(Command, frozen=True, gc=False):
    """Opens a session on a site. Answered by `connected`, or by `error` and a disconnect.

    Attributes:
        authentication: the server's authentication string: a secret.
        domain: of the site, as set up on the server.
        visitor_ip: "" for the address of the connection (or X-Forwarded-For).
        cookie_id: the visitor-tracking cookie's session ID; with the address it finds a tracked visitor.
        user_agent: "" for the header of the connection.
        referrer: "" for none.
        api_key: a secret too.
    """

    name: ClassVar[str] = "Connect"
    authentication: str
    domain: str
    visitor_ip: str
    cookie_id: str
    user_agent: str
    referrer: str
    api_key: str

    def __repr__(self) -> str:
        return f"Connect({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        # What Rich shows in place of __repr__: its tracebacks must not tell the secrets either.
        return [("domain", self.domain), ("visitor_ip", self.visitor_ip), ("cookie_id", self.cookie_id)]


class GetOperators(Command, frozen=True, gc=False):
    """Asks who is there, after Connect and before Hello. Answered by `operators`."""

    name: ClassVar[str] = "GetOperators"
    session_id: str
    domain: str


class GetImage(Command, frozen=True, gc=False):
    """Asks for one of the site's images, any time after Connect. Answered by `image`.

    Attributes:
        image_type: "1" button available, "2" button not available, "5" logo, "8" mobile logo.
    """

    name: ClassVar[str] = "GetImage"
    session_id: str
    domain: str
    image_type: str


class Hello(Command, frozen=True, gc=False):
    """Asks for a chat. Answered by `accepted` or `notaccepted`.

    Attributes:
        visitor_name: shown to operators.
        department: "" for any; else only operators of it, or of none, are asked.
        operator: "" for any; else only the operator of this name is asked.
        language: two letters.
        translate: "true" or "false".
        survey: the `<Fields>` block.
    """

    name: ClassVar[str] = "Hello"
    visitor_name: str
    domain: str
    department: str
    operator: str
    session_id: str
    visitor_ip: str
    cookie_id: str
    language: str
    translate: str
    survey: str


class Message(Command, frozen=True, gc=False):
    """Says a line of at most 4,000 characters; echoed as `linesays` and `linev`. Implies that typing has stopped."""

    name: ClassVar[str] = "Message"
    session_id: str
    domain: str
    text: str


class Preview(Command, frozen=True, gc=False):
    """Shows the operator what is typed so far. No answer; only where the site's OperatorPreview is on."""

    name: ClassVar[str] = "Preview"
    session_id: str
    domain: str
    text: str


class StartTyping(Command, frozen=True, gc=False):
    """The first key was pressed. No answer; no domain."""

    name: ClassVar[str] = "StartTyping"
    session_id: str


class StopTyping(Command, frozen=True, gc=False):
    """No key for about two seconds. No answer; no domain."""

    name: ClassVar[str] = "StopTyping"
    session_id: str


class File(Command, frozen=True, gc=False):
    """Sends a file that lies in the document store already. A forbidden extension is answered by `error`."""

    name: ClassVar[str] = "File"
    session_id: str
    domain: str
    file_name: str
    url: str


class DynamicField(Command, frozen=True, gc=False):
    """Answers `requestfield`. Shows as a new line of the chat, of a class the specification does not give."""

    name: ClassVar[str] = "DynamicField"
    session_id: str
    domain: str
    field_name: str
    value: str


class Quit(Command, frozen=True, gc=False):
    """Ends the chat, waiting or not. No documented answer."""

    name: ClassVar[str] = "Quit"
    session_id: str
    domain: str


class PostChatSurvey(Command, frozen=True, gc=False):
    """Answers the survey after a chat that was accepted, however it ended. Answered by `acknowledged`."""

    name: ClassVar[str] = "PostChatSurvey"
    chat_uid: str
    session_id: str
    domain: str
    visitor_ip: str
    survey: str


class Transcript(Command, frozen=True, gc=False):
    """Asks for the transcript by e-mail, any time after a chat started. No documented answer."""

    name: ClassVar[str] = "Transcript"
    chat_uid: str
    session_id: str
    domain: str
    visitor_ip: str
    email: str


class LeaveMessage(Command, frozen=True, gc=False):
    """Leaves a message: a "missed chat" for the operators. No documented answer.

    Attributes:
        chat_uid, session_id: "" when no chat was attempted.
        department, email, phone: optional, "" for none.
    """

    name: ClassVar[str] = "LeaveMessage"
    chat_uid: str
    session_id: str
    domain: str
    visitor_ip: str
    visitor_name: str
    department: str
    email: str
    phone: str
    text: str


COMMANDS: dict[str, type[Command]] = {
    kind.name: kind
    for kind in (
        Connect,
        GetOperators,
        GetImage,
        Hello,
        Message,
        Preview,
        StartTyping,
        StopTyping,
        File,
        DynamicField,
        Quit,
        PostChatSurvey,
        Transcript,
        LeaveMessage,
    )
}
"""Every command by its name as the specification spells it."""

_BY_FOLDED_NAME = {name.lower(): kind for name, kind in COMMANDS.items()}

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_parameters = msgspec.structs.astuple


def encode_command(command: Command) -> bytes:
    """Write a command as the JSON text of a frame, in UTF-8. Costs about a quarter of a microsecond.

    Raises:
        UnicodeEncodeError: a parameter holds half a surrogate pair, which is no character.
    """
    return _encode({"Command": command.name, "Parameters": _parameters(command)})


def decode_command(frame: bytes | str) -> Command:
    """Read a command from the JSON text of a frame, its name in any case. Costs one to two microseconds.

    Fewer parameters than the command has are refused, and so are more; null, an empty list and nothing at all are no
    parameters. A parameter that is no string but a number, a boolean or null is read as one.

    Raises:
        CommandError: it is no JSON, no such object, no command of this name, or its parameters do not fit.
    """
    try:
        members = JsonObject(_decode(frame))
        name = members.read("Command", text)
        parameters = members.each("Parameters", text)
    except (ValueError, RecursionError) as problem:
        raise CommandError(f"got a frame that is no command ({problem})") from None
    kind = _BY_FOLDED_NAME.get(name.lower())
    if kind is None:
        raise CommandError(f"got the command {name[:40]!r}, expected one of {', '.join(COMMANDS)}")
    expected = len(kind.__struct_fields__)
    if len(parameters) != expected:
        raise CommandError(f"got {kind.name} with {len(parameters)} parameters, expected {expected}")
    return kind(*parameters)
