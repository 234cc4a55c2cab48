"""The chats that a browser's WebSockets held: which of the messages are whose, read as the protocol reads them.

Knows nothing of steps and of what is to be kept of a chat.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

from whoson_load.errors import ConfigError, RemoteProtocolError
from whoson_load.protocol.commands import COMMANDS
from whoson_load.protocol.events import Event, MalformedEvent, OperatorJoined, UnknownEvent
from whoson_load.protocol.frames import decode_events
from whoson_load.protocol.reading import JsonObject, text
from whoson_load.visitors.har import Archive, Socket
from whoson_load.visitors.recording import length_of_time

__all__ = ["Call", "RecordedChat", "Turn", "choose_chat", "find_chats"]

_BY_FOLDED_NAME: Final = {name.lower(): kind for name, kind in COMMANDS.items()}


class Call(NamedTuple):
    """A command as a browser sent it.

    Attributes:
        name: as the specification spells it; "" for a command it does not know.
        parameters: parameter -> value, by the specification's order; those of an unknown command by number.
        complete: whether there were as many parameters as the specification has.
    """

    name: str
    parameters: dict[str, str]
    complete: bool = True


class Turn(NamedTuple):
    """One thing that was sent or received.

    Attributes:
        at_ms: when, milliseconds since 1970, never falling.
        said: a command of the visitor's, or an event of the server's.
    """

    at_ms: int
    said: Call | Event


@dataclass(frozen=True, slots=True)
class RecordedChat:
    """One visit to a WhosOn server, from its Connect to the next one or to the end of its WebSocket.

    Attributes:
        number: which of the HAR's it is, from 1, in the order in which they began.
        socket: that it went over.
        turns: what was said, in order; the first is Connect, unless the recording began too late.
        odd: what was counted and not read -> how often.
    """

    number: int
    socket: Socket
    turns: tuple[Turn, ...]
    odd: Counter[str] = field(default_factory=Counter)

    @property
    def commands(self) -> list[str]:
        """The names of the commands that the protocol knows."""
        return [turn.said.name for turn in self.turns if isinstance(turn.said, Call) and turn.said.name]

    @property
    def told(self) -> str:
        """Which one it is, for somebody who has to choose: nothing of what was said in it."""
        begun = datetime.fromtimestamp(self.turns[0].at_ms // 1000, UTC)
        joined = any(isinstance(turn.said, OperatorJoined) for turn in self.turns)
        kind = "no chat" if "Hello" not in self.commands else "with an operator" if joined else "without an operator"
        return (
            f"{self.number} ({begun:%Y-%m-%d %H:%M:%S} UTC, {len(self.commands)} commands in"
            f" {length_of_time((self.turns[-1].at_ms - self.turns[0].at_ms) / 1000)}, {kind})"
        )


_Said: TypeAlias = tuple[int, Call | Event]


def find_chats(archive: Archive) -> list[RecordedChat]:
    """All visits to WhosOn servers that a HAR holds.

    Raises:
        ConfigError: there is none, or what there is lacks its beginning.
    """
    found: list[tuple[Socket, list[Turn], Counter[str]]] = []
    beginnings_lost = 0
    for socket in archive.sockets:
        odd: Counter[str] = Counter()
        turns = _in_time(_read(socket, odd))
        if not any(isinstance(turn.said, Call) and turn.said.name for turn in turns):
            continue
        starts = [place for place, turn in enumerate(turns) if turn.said.name == "Connect"]
        beginnings_lost += not starts
        for start, end in pairwise([*starts, len(turns)]):
            # What could not be read has no place; it is told with the first visit of its socket.
            found.append((socket, turns[start:end], odd if start == starts[0] else Counter()))
    if not found:
        several = len(archive.sockets) > 1
        raise ConfigError(
            "got a chat whose Connect is missing, expected one recorded from its beginning: open the developer tools"
            " first, then the chat window"
            if beginnings_lost
            else f"got {len(archive.sockets)} WebSocket{'s' * several}{', none of them' if several else ' that is not'}"
            " of a WhosOn chat window, expected one: its messages have Command and Parameters, the first is Connect"
        )
    found.sort(key=lambda each: each[1][0].at_ms)
    return [RecordedChat(number, socket, tuple(turns), odd) for number, (socket, turns, odd) in enumerate(found, 1)]


def choose_chat(chats: Sequence[RecordedChat], number: int | None) -> RecordedChat:
    """The chat of this number; for None the only one, visits without a chat left out of account.

    Raises:
        ConfigError: there is no such number, or several chats to choose from.
    """
    listed = ", ".join(chat.told for chat in chats)
    if number is not None:
        if not 1 <= number <= len(chats):
            raise ConfigError(f"--chat: got {number}, expected one of {listed}")
        return chats[number - 1]
    candidates = [chat for chat in chats if "Hello" in chat.commands] or chats
    if len(candidates) > 1:
        raise ConfigError(f"got {len(candidates)} chats, expected --chat with the number of one: {listed}")
    return candidates[0]


def _in_time(said: Iterable[_Said]) -> list[Turn]:
    turns: list[Turn] = []
    for at_ms, each in said:
        # A clock that is set back in the middle makes a pause of nothing.
        turns.append(Turn(max(at_ms, turns[-1].at_ms) if turns else at_ms, each))
    return turns


def _read(socket: Socket, odd: Counter[str]) -> Iterator[_Said]:
    for name, count in (("binary message", socket.binary), ("error of the connection", socket.errors)):
        if count:
            odd[name] += count
    for message in socket.messages:
        at_ms = round(1000 * message.at_s)
        if message.sent:
            call = _call(message.data)
            if call is None:
                odd["sent message that is no command"] += 1
            else:
                yield at_ms, call
            continue
        try:
            events = decode_events(message.data.encode("utf-8", "surrogatepass"), lambda _: None)
        except RemoteProtocolError:
            odd["received message that is no JSON"] += 1
            continue
        for event in events:
            if isinstance(event, MalformedEvent):
                odd["event that cannot be read"] += 1
            elif isinstance(event, UnknownEvent):
                odd["event that the protocol does not know"] += 1
            yield at_ms, event


def _call(data: str) -> Call | None:
    try:
        members = JsonObject(json.loads(data))  # not msgspec, for a preview may end in half an emoji
        name, parameters = members.read("Command", text), members.each("Parameters", text)
    except (ValueError, RecursionError):
        return None
    kind = _BY_FOLDED_NAME.get(name.lower())
    if kind is None:
        return Call("", {str(number): value for number, value in enumerate(parameters, 1)}) if name else None
    # More than there should be are kept by their number, to be counted; fewer are those that come first.
    expected = kind.__struct_fields__
    names = (*expected, *map(str, range(len(expected) + 1, len(parameters) + 1)))
    return Call(kind.name, dict(zip(names, parameters, strict=False)), len(parameters) == len(expected))
