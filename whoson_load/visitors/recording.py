"""A recorded visit as a table of steps: what the visitor did, and what it had heard before.

Knows neither where a table comes from nor how it is played.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from whoson_load.errors import ConfigError
from whoson_load.protocol.commands import COMMANDS
from whoson_load.visitors.talk import MAX_LINE_UNITS

__all__ = [
    "ANSWERS",
    "EVENTS_WAITED_FOR",
    "FILE_TYPES",
    "IMAGE_TYPES",
    "TYPING",
    "WISHES",
    "Detail",
    "Does",
    "Hears",
    "Step",
    "check_visit",
    "length_of_time",
    "length_s",
]

Detail: TypeAlias = int | str | tuple[int, int]

TYPING: Final = ("StartTyping", "Preview", "StopTyping", "Message")
"""The commands that a visitor's hands send: they keep their recorded times."""

ANSWERS: Final = ("connected", "operators", "image", "accepted", "linev", "acknowledged")
"""What the server owes for a command; a line's echo among it, by the class of its line."""

EVENTS_WAITED_FOR: Final = (
    *ANSWERS,
    "notaccepted",
    "operatorjoined",
    "lineo",
    "lineo final",
    "requestfile",
    "requestfield",
    "quit",
)
"""The events that make a visitor go on, lines by their class; all others are lived through."""

WISHES: Final = ("department", "operator", "translate")
"""What a Hello may ask for: somebody of one department, somebody by name, that the server translates."""

IMAGE_TYPES: Final = (1, 2, 5, 8)
"""GetImage's. Source: the WhosOn Chat API specification."""

FILE_TYPES: Final = (
    *("csv", "doc", "docx", "gif", "html", "jpeg", "jpg", "json", "log", "mp3", "mp4", "odt", "pdf", "png", "pptx"),
    *("rtf", "svg", "tif", "tiff", "txt", "webp", "xls", "xlsx", "xml", "zip"),
)
"""The extensions of files that are told apart. Invented: the common ones, since any other may be part of a name."""


@dataclass(frozen=True, slots=True)
class Does:
    """A step that the visitor took.

    Attributes:
        command: as the WhosOn Chat API specification spells it.
        after_s: seconds since the step before, 0 or more; the pace divides them.
        detail: "" for none, otherwise

            Message, Preview, LeaveMessage: how many characters (UTF-16 units, 0 to 4,000) of a text that is made up
                in the run; or a text, which is taken as it stands. A preview shows so much of what is being typed.
            Message: also (characters, characters of the original), for a visitor who brings a translation along.
            Hello: what is asked for, of WISHES, with spaces between.
            GetImage: the type, of IMAGE_TYPES.
            File: the extension, of FILE_TYPES; "" for any that the site takes.

    Raises:
        ConfigError: one of these is nothing of the kind.
    """

    command: str
    after_s: float = 0.0
    detail: Detail = ""

    def __post_init__(self) -> None:
        if self.command not in COMMANDS:
            raise ConfigError(f"got the command {self.command!r}, expected one of {', '.join(COMMANDS)}")
        _check_seconds(self.command, self.after_s)
        expected = _expected(self.command, self.detail)
        if expected is not None:
            raise ConfigError(f"{self.command}: got {self.detail!r}, expected {expected}")

    @classmethod
    def previews(cls, *shown: tuple[float, int]) -> tuple[Does, ...]:
        """Previews in a row.

        Args:
            shown: (seconds since the step before, characters in the input) of each.
        """
        return tuple(cls("Preview", after_s, characters) for after_s, characters in shown)


@dataclass(frozen=True, slots=True)
class Hears:
    """A step that the visitor did not take before it had heard something.

    Attributes:
        event: one of EVENTS_WAITED_FOR.
        after_s: how many seconds after the step before it came in the recording. A replay goes on when it comes, be
            that sooner or later; so long, and then as long as people have patience, it is waited for. Of several lines
            of an operator's in a row the second and later ones are waited for so long, and no longer: the operators of
            another server may say the same in fewer.

    Raises:
        ConfigError: nobody waits for this event, or the time is none.
    """

    event: str
    after_s: float = 0.0

    def __post_init__(self) -> None:
        if self.event not in EVENTS_WAITED_FOR:
            raise ConfigError(f"got the event {self.event!r}, expected one of {', '.join(EVENTS_WAITED_FOR)}")
        _check_seconds(self.event, self.after_s)


Step: TypeAlias = Does | Hears


def check_visit(steps: Iterable[Step]) -> None:
    """See that the steps make a visit.

    Raises:
        ConfigError: it does not begin with Connect, or connects or asks for a chat twice.
    """
    commands = [step.command for step in steps if isinstance(step, Does)]
    if commands[:1] != ["Connect"]:
        raise ConfigError(
            f"got a recording that begins with {commands[0] if commands else 'nothing'}, expected Connect"
        )
    for once in ("Connect", "Hello"):
        if commands.count(once) > 1:
            raise ConfigError(f"got a recording with {commands.count(once)} times {once}, expected one")


def length_s(steps: Iterable[Step]) -> float:
    """How long the recorded visit took, in seconds."""
    return sum(step.after_s for step in steps)


def length_of_time(seconds: float) -> str:
    """A time for people: `48.3 s`, `12 min 5 s`, `1 h 2 min`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _check_seconds(name: str, after_s: object) -> None:
    if isinstance(after_s, bool) or not isinstance(after_s, int | float) or not 0 <= after_s < math.inf:
        raise ConfigError(f"{name}: got {after_s!r} seconds, expected 0 or more")


def _expected(command: str, detail: Detail) -> str | None:
    """What the detail should have been; None where it is right."""
    fits, expected = _DETAILS.get(command, ((lambda _: detail == ""), "nothing beside the time"))
    return None if fits(detail) else expected


def _is_length(detail: object) -> bool:
    return isinstance(detail, int) and not isinstance(detail, bool) and 0 <= detail <= MAX_LINE_UNITS


def _is_text(detail: Detail) -> bool:
    return _is_length(detail) or (isinstance(detail, str) and detail != "")


def _is_line(detail: Detail) -> bool:
    return _is_text(detail) or _is_pair(detail)


def _is_pair(detail: object) -> bool:
    return isinstance(detail, tuple) and len(detail) == 2 and all(map(_is_length, detail))


_Fits: TypeAlias = Callable[[Detail], bool]

_A_TEXT: Final = f"0 to {MAX_LINE_UNITS} characters, or a text"

_DETAILS: Final[Mapping[str, tuple[_Fits, str]]] = {
    "Message": (_is_line, f"{_A_TEXT}, or (characters, characters of the original)"),
    "Preview": (_is_text, _A_TEXT),
    "LeaveMessage": (_is_text, _A_TEXT),
    "Hello": (
        lambda detail: isinstance(detail, str) and set(detail.split()) <= set(WISHES),
        f'"" or some of {", ".join(WISHES)}',
    ),
    "GetImage": (lambda detail: detail in IMAGE_TYPES, f"one of {', '.join(map(str, IMAGE_TYPES))}"),
    "File": (lambda detail: detail == "" or detail in FILE_TYPES, f'"" or one of {", ".join(FILE_TYPES)}'),
}
"""Command -> (whether a detail is one of its own, what is expected)."""
