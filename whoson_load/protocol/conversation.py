"""The states of a visit and what may be sent and received in each: one table, and nothing beside it.

Two rules hold this file together. Every transition lives in TABLE; and nothing here knows which side it plays: the
visitor's session and the simulated server both walk it, so that a step one of them invents is a step the other refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from whoson_load.errors import LocalProtocolError
from whoson_load.protocol.events import Event, NewLine
from whoson_load.protocol.lines import LineKind

__all__ = ["FINAL_LINE", "TABLE", "Conversation", "Moves", "State"]


class State(StrEnum):
    """Where a visit stands."""

    OPEN = "open"  # a WebSocket, nothing sent
    CONNECTING = "connecting"  # Connect is sent
    REFUSED = "refused"  # `error` to Connect: the server disconnects
    CONNECTED = "connected"  # a session, no chat
    ASKING = "asking"  # Hello is sent
    TURNED_AWAY = "turned away"  # `notaccepted` to Hello
    WAITING = "waiting"  # accepted, nobody picked up yet
    QUEUED = "queued"  # accepted, and told a position
    QUEUE_TIMEOUT = "queue timeout"  # `notaccepted` after having been accepted
    UNANSWERED = "unanswered"  # the final waiting line came
    CHATTING = "chatting"  # an operator joined
    ENDED = "ended"  # over, after it was accepted
    LEFT = "left"  # over, never accepted


_FINAL = LineKind.FINAL

FINAL_LINE = "newline final"
"""How the table names a `newline` of the final waiting line: the one line that moves a visit."""


class Moves(NamedTuple):
    """What may happen in one state.

    Attributes:
        commands: command name -> the state after it.
        events: event name (or FINAL_LINE) -> the state after it.
        crossing: commands and events that may still arrive because they were under way when the other side moved on.
            They change nothing.
    """

    commands: Mapping[str, State]
    events: Mapping[str, State]
    crossing: frozenset[str] = frozenset()


def _stay(state: State, *names: str) -> dict[str, State]:
    return dict.fromkeys(names, state)


_TALK = ("Message", "Preview", "StartTyping", "StopTyping", "File")
_HEARD = ("newline", "error", "image", "operatorjoined", "typing", "typingstop", "requestfile", "requestfield")
_IN_FLIGHT = frozenset(
    (*_TALK, "DynamicField", "Quit", *_HEARD, FINAL_LINE, "queue", "quit", "notaccepted", "accepted", "operators")
)

S = State
TABLE: Mapping[State, Moves] = {
    S.OPEN: Moves(
        commands={"Connect": S.CONNECTING, "LeaveMessage": S.OPEN},
        events={"error": S.REFUSED},
    ),
    S.CONNECTING: Moves(
        commands={},
        events={"connected": S.CONNECTED, "error": S.REFUSED},
    ),
    S.REFUSED: Moves(commands={}, events={}),
    S.CONNECTED: Moves(
        commands={
            "Hello": S.ASKING,
            "Quit": S.LEFT,
            **_stay(S.CONNECTED, "GetOperators", "GetImage", "LeaveMessage"),
        },
        events=_stay(S.CONNECTED, "operators", "image", "error"),
    ),
    S.ASKING: Moves(
        commands={"Quit": S.LEFT, **_stay(S.ASKING, "GetImage", "LeaveMessage")},
        events={
            "accepted": S.WAITING,
            "notaccepted": S.TURNED_AWAY,
            **_stay(S.ASKING, "operators", "image", "error"),
        },
    ),
    S.TURNED_AWAY: Moves(
        commands={"Quit": S.LEFT, **_stay(S.TURNED_AWAY, "GetImage", "LeaveMessage")},
        events={"quit": S.LEFT, **_stay(S.TURNED_AWAY, "image", "error")},
        crossing=_IN_FLIGHT,
    ),
    S.WAITING: Moves(
        commands={"Quit": S.ENDED, **_stay(S.WAITING, *_TALK, "GetImage", "Transcript", "LeaveMessage")},
        events={
            "queue": S.QUEUED,
            "operatorjoined": S.CHATTING,
            "notaccepted": S.QUEUE_TIMEOUT,
            FINAL_LINE: S.UNANSWERED,
            "quit": S.ENDED,
            **_stay(S.WAITING, "newline", "error", "image"),
        },
    ),
    S.QUEUED: Moves(
        commands={"Quit": S.ENDED, **_stay(S.QUEUED, *_TALK, "GetImage", "Transcript", "LeaveMessage")},
        events={
            "queue": S.QUEUED,
            "operatorjoined": S.CHATTING,
            "notaccepted": S.QUEUE_TIMEOUT,
            FINAL_LINE: S.UNANSWERED,
            "quit": S.ENDED,
            **_stay(S.QUEUED, "newline", "error", "image"),
        },
    ),
    S.QUEUE_TIMEOUT: Moves(
        commands={"Quit": S.ENDED, **_stay(S.QUEUE_TIMEOUT, "GetImage", "Transcript", "LeaveMessage")},
        events={"quit": S.ENDED, **_stay(S.QUEUE_TIMEOUT, "newline", "error", "image")},
        crossing=_IN_FLIGHT,
    ),
    S.UNANSWERED: Moves(
        commands={"Quit": S.ENDED, **_stay(S.UNANSWERED, "GetImage", "Transcript", "LeaveMessage")},
        # A late pickup is possible: the operator may have been a moment too slow.
        events={
            "operatorjoined": S.CHATTING,
            "notaccepted": S.QUEUE_TIMEOUT,
            "quit": S.ENDED,
            **_stay(S.UNANSWERED, "newline", "error", "image", FINAL_LINE),
        },
        crossing=_IN_FLIGHT,
    ),
    S.CHATTING: Moves(
        commands={
            "Quit": S.ENDED,
            **_stay(S.CHATTING, *_TALK, "DynamicField", "GetImage", "Transcript", "LeaveMessage"),
        },
        events={"quit": S.ENDED, **_stay(S.CHATTING, *_HEARD)},
        # A tick of the queue may pass the pickup.
        crossing=frozenset({"queue"}),
    ),
    S.ENDED: Moves(
        commands=_stay(S.ENDED, "PostChatSurvey", "Transcript", "LeaveMessage", "GetImage"),
        events=_stay(S.ENDED, "acknowledged", "image", "error", "quit"),
        crossing=_IN_FLIGHT,
    ),
    S.LEFT: Moves(
        commands=_stay(S.LEFT, "LeaveMessage", "GetImage"),
        events=_stay(S.LEFT, "image", "error", "quit"),
        crossing=_IN_FLIGHT,
    ),
}
"""State -> what may happen in it. What is not listed is not allowed."""
del S


class Conversation:
    """One visit's place in the table.

    Attributes:
        was_accepted: whether the chat was ever accepted: only then is a post-chat survey called for.
        may_talk: whether a Message may be sent now.
    """

    __slots__ = ("_moves", "_state", "may_talk", "was_accepted")

    def __init__(self) -> None:
        self.state = State.OPEN
        self.was_accepted = False

    @property
    def state(self) -> State:
        """Where the visit stands. Setting it takes no step of the table: that is for one who puts a visit back."""
        return self._state

    @state.setter
    def state(self, state: State) -> None:
        self._state = state
        # Kept at hand: nearly every step of a busy visit leads back to the state it is taken in.
        self._moves = TABLE[state]
        self.may_talk = "Message" in self._moves.commands

    def may_send(self, command_name: str) -> bool:
        """Whether the visitor may send this command now."""
        return command_name in self._moves.commands

    def command(self, command_name: str) -> None:
        """Take the step of a command.

        Raises:
            LocalProtocolError: the command is not allowed in this state, nor may it have been under way. A server that
                receives it answers by its policy.
        """
        moves = self._moves
        after = moves.commands.get(command_name)
        if after is self._state:
            return
        if after is not None:
            self.state = after
        elif command_name not in moves.crossing:
            allowed = ", ".join(moves.commands) or "nothing"
            raise LocalProtocolError(f"got {command_name} while {self._state}, expected {allowed}")

    def event(self, event: Event) -> bool:
        """Take the step of an event.

        Returns:
            Whether the event was to be expected; an unexpected one changes nothing and is the caller's to count.
        """
        if isinstance(event, NewLine):
            return self.line(event.kind)
        return self._event(event.name)

    def line(self, kind: LineKind) -> bool:
        """Take the step of a `newline` of this kind: what `event` does, for one who has read the kind already."""
        return self._event(FINAL_LINE if kind is _FINAL else "newline")

    def _event(self, name: str) -> bool:
        after = self._moves.events.get(name)
        if after is self._state:
            return True
        if after is None:
            return name in self._moves.crossing
        if after is State.WAITING:
            self.was_accepted = True
        self.state = after
        return True
