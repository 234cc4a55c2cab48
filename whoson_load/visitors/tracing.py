"""From a recorded chat to the steps of its visitor: what was done when, and what was waited for before.

Knows nothing of files, nor of what is secret: no text and no name of the chat gets into a step, whatever it is.

What the visitor waited for is inferred, since no recording tells it. Whatever came between one command and the next
was waited for, if it can make a visitor go on (EVENTS_WAITED_FOR) and was not merely met while typing: from the first
key to the Message lines come and go, and the hands keep their time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from whoson_load.protocol.conversation import FINAL_LINE, TABLE, Conversation, State
from whoson_load.protocol.events import Connected, Event, NewLine
from whoson_load.protocol.lines import LineKind, utf16_length
from whoson_load.visitors.recorded_chat import Call, RecordedChat
from whoson_load.visitors.recording import (
    EVENTS_WAITED_FOR,
    FILE_TYPES,
    IMAGE_TYPES,
    Detail,
    Does,
    Hears,
    Step,
    check_visit,
)
from whoson_load.visitors.talk import LANGUAGES, MAX_LINE_UNITS

__all__ = ["Traced", "trace"]

_LEAVABLE: Final = frozenset(
    {State.ASKING, State.WAITING, State.QUEUED, State.CHATTING, State.UNANSWERED, State.QUEUE_TIMEOUT}
)
"""The states in which the server reckons with the visitor still."""

_IN_PASSING: Final = frozenset({"lineo", "linev", "operators", "image", "acknowledged"})
"""Events that change nothing for one who is typing."""

_ANSWERED_BY: Final = {"requestfile": "File", "requestfield": "DynamicField"}

_IMAGE_TYPES: Final = frozenset(map(str, IMAGE_TYPES))

_ORIGINAL: Final = re.compile(r"(.*)<original>(.*)</original>\s*", re.IGNORECASE | re.DOTALL)


class Traced(NamedTuple):
    """What a recorded chat came to.

    Attributes:
        steps: of the visitor, from Connect on.
        language: that the visitor chatted in, one of LANGUAGES.
        notes: what is otherwise than in the recording, a sentence each.
    """

    steps: tuple[Step, ...]
    language: str
    notes: tuple[str, ...]


class _Row(NamedTuple):
    at_ms: int
    name: str
    detail: Detail | None  # None for what was heard


def trace(chat: RecordedChat) -> Traced:
    """The steps of a recorded chat.

    Raises:
        ConfigError: its commands make no visit.
    """
    tracer = _Tracer()
    for at_ms, said in chat.turns:
        if isinstance(said, Call):
            tracer.command(at_ms, said)
        else:
            tracer.event(at_ms, said)
    rows = tracer.end(chat.turns[-1].at_ms)
    steps, before_ms = list[Step](), rows[0].at_ms
    for row in rows:
        after_s = (row.at_ms - before_ms) / 1000
        before_ms = row.at_ms
        steps.append(Hears(row.name, after_s) if row.detail is None else Does(row.name, after_s, row.detail))
    check_visit(steps)
    return Traced(tuple(steps), tracer.language(), (*tracer.told(), *_counted(chat.odd)))


def _counted(odd: Mapping[str, int]) -> Iterable[str]:
    return (f"Left out: {name}, {count} times." if count > 1 else f"Left out: {name}." for name, count in odd.items())


class _Tracer:
    """Walks through a recording as both sides of the chat did."""

    def __init__(self) -> None:
        self._conversation = Conversation()
        self._rows: list[_Row] = []
        self._since: list[_Row] = []  # what was heard since the last command
        self._typing = self._drafting = self._joined = self._echo_owed = False
        self._languages: list[str] = []
        self._departments_known = False
        self._notes: list[str] = []
        self._odd: Counter[str] = Counter()

    def command(self, at_ms: int, call: Call) -> None:
        name, conversation = call.name, self._conversation
        if not name:
            self._odd["command that the protocol does not know"] += 1
            return
        if not call.complete:
            self._notes.append(f"{name} had {len(call.parameters)} parameters, not those of the specification.")
        if not conversation.may_send(name):
            self._odd[f"{name} while {conversation.state}, where no server takes it"] += 1
            return
        conversation.command(name)
        detail = self._detail(call)
        if detail is None:
            return
        hands_are_free = not (
            (self._typing and name in ("StartTyping", "Preview", "StopTyping"))
            or (self._drafting and name == "Message")
            or name == "StopTyping"
        )
        self._rows += [row for row in self._since if hands_are_free or row.name not in _IN_PASSING]
        self._since.clear()
        self._rows.append(_Row(at_ms, name, detail))
        if name in ("StartTyping", "Preview"):
            self._typing = self._drafting = True
        elif name in ("StopTyping", "Message"):
            self._typing = False
        if name == "Message":
            self._drafting, self._echo_owed = False, True

    def event(self, at_ms: int, event: Event) -> None:
        before = self._conversation.state
        self._conversation.event(event)
        name = self._waited_for(event, before)
        if name is not None:
            self._since.append(_Row(at_ms, name, None))
        if isinstance(event, Connected):
            site = event.site
            self._languages += [site.translation.default_language, site.lang]

    def _waited_for(self, event: Event, before: State) -> str | None:
        """What the event is called where it may have been waited for."""
        name, in_table = event.name, event.name
        if isinstance(event, NewLine):
            name, final = event.kind.value, event.kind is LineKind.FINAL
            in_table = FINAL_LINE if final else in_table
        if name not in EVENTS_WAITED_FOR or in_table not in TABLE[before].events:
            return None
        if name == "linev":
            self._echo_owed = False
        elif name == "lineo" and self._echo_owed:  # it crossed the visitor's line, and is no reply to it
            return None
        if name == "operatorjoined":  # once: a second one is a transfer, which may be another time or not at all
            joined, self._joined = self._joined, True
            return None if joined else name
        if name == "quit" and before not in _LEAVABLE:
            return None
        return None if name == "lineo final" and before is State.UNANSWERED else name

    def _detail(self, call: Call) -> Detail | None:
        """What of the parameters is kept; None where the command cannot be made again."""
        if call.name == "Hello":
            return self._wishes(call)
        if call.name == "GetImage" and call.parameters.get("image_type") not in _IMAGE_TYPES:
            self._odd["GetImage of a type that the specification does not know"] += 1
            return None
        self._departments_known |= call.name == "GetOperators"
        detail = _DETAILS.get(call.name)
        return "" if detail is None else detail(call.parameters)

    def _wishes(self, call: Call) -> str:
        asked = call.parameters
        self._languages.insert(0, asked.get("language", ""))
        wishes = [name for name in ("department", "operator") if asked.get(name, "").strip()]
        if wishes and not self._departments_known:
            self._notes.append(
                f"Hello asked for {' and '.join(f'one {name}' for name in wishes)} by name; the replay asks for"
                " anybody, since no GetOperators before it tells who is there."
            )
            wishes = []
        if asked.get("translate", "").strip().lower() == "true":
            wishes.append("translate")
        return " ".join(wishes)

    def end(self, at_ms: int) -> list[_Row]:
        """All rows, once nothing more comes."""
        if self._conversation.state in _LEAVABLE:
            self._rows += [*self._since, _Row(at_ms, "Quit", "")]
            self._notes.append("The recording ends without Quit; one was added, so that no operator waits for nobody.")
            return _without_idle_requests(self._rows)
        if self._conversation.state in (State.CONNECTING, State.REFUSED):
            self._notes.append("The server did not let the visitor in; the replay connects and looks around.")
            # Whoever was left or turned away, and did nothing more, has at least waited for that.
        ends = ("quit", "notaccepted")
        last = max((place for place, row in enumerate(self._since) if row.name in ends), default=-1)
        self._rows += self._since[: last + 1]
        return _without_idle_requests(self._rows)

    def language(self) -> str:
        """The first that was told and is spoken here."""
        told = [each.strip().lower()[:2] for each in self._languages if each.strip()]
        if told and told[0] not in LANGUAGES:
            self._notes.append(f"The visitor's language is none of {', '.join(LANGUAGES)}, which visitors here speak.")
        return next((each for each in told if each in LANGUAGES), LANGUAGES[0])

    def told(self) -> list[str]:
        """What there is to say of the whole."""
        return [*self._notes, *_counted(self._odd)]


def _without_idle_requests(rows: Iterable[_Row]) -> list[_Row]:
    """An operator's request that the visitor did nothing about is nothing to wait for."""
    kept: list[_Row] = []
    answered = dict.fromkeys(_ANSWERED_BY, False)
    for row in reversed(list(rows)):
        if row.detail is None and row.name in answered:
            if not answered[row.name]:
                continue
            answered[row.name] = False
        for request, command in _ANSWERED_BY.items():
            if row.detail is not None and row.name == command:
                answered[request] = True
        kept.append(row)
    return kept[::-1]


def _length(text: str) -> int:
    return min(MAX_LINE_UNITS, utf16_length(text))


def _of_a_line(parameters: Mapping[str, str]) -> Detail:
    text = parameters.get("text", "")
    translated = _ORIGINAL.fullmatch(text)
    return _length(text) if translated is None else (_length(translated[1]), _length(translated[2]))


def _extension(parameters: Mapping[str, str]) -> str:
    extension = parameters.get("file_name", "").rpartition(".")[2].lower()
    return extension if extension in FILE_TYPES else ""


_DETAILS: Final[Mapping[str, Callable[[Mapping[str, str]], Detail]]] = {
    "Message": _of_a_line,
    "Preview": lambda parameters: _length(parameters.get("text", "")),
    "LeaveMessage": lambda parameters: _length(parameters.get("text", "")),
    "GetImage": lambda parameters: int(parameters["image_type"]),
    "File": _extension,
}
