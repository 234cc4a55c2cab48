"""One visitor's session: its place in the conversation, its socket while there is one, and the way out for every event.

Knows nothing of what commands mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from whoson_load.protocol.conversation import Conversation, State
from whoson_load.protocol.events import Event, Typing, UnknownEvent
from whoson_load.simulator.floor import Floor
from whoson_load.simulator.policy import Caller
from whoson_load.simulator.tracking import TrackedVisitor

__all__ = ["Outlet", "Visit"]

_MOST_MISSED = 500
"""The most events kept for a visitor whose socket has dropped. Invented."""

_TRY_AGAIN_LATER = 1013  # of the IANA's registry of WebSocket close codes


class Outlet(Protocol):
    """A visitor's socket, as visits see it."""

    def send(self, payloads: list[bytes]) -> int:
        """Write text messages at once; returns the wall clock right before, in nanoseconds."""
        ...

    def send_half(self, payload: bytes) -> None:
        """Write the first half of a message, and end the connection without a goodbye."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close with a closing handshake."""
        ...

    def reset(self) -> None:
        """Drop the connection on the spot."""
        ...

    def hand_over(self, visit: Visit) -> None:
        """Belong to another visit from now on."""
        ...


class Visit:
    """A session from its socket's opening, through Connect, to its end.

    Attributes:
        outlet: the socket, None once it has dropped.
        session_id: "" before Connect.
        chat_uid: "" before Hello, unless the site announces it at `connected`.
        visitor_ip: as Connect or the socket gave it.
        counted_for: the address that it counts for among the chats from one address; "" when it does not count.
        tracked: the visitor the server has met before, or met just now; None before Connect.
        nth: which visit of this visitor it is, from 1; 0 before Connect.
        keeps_missed: whether events are kept while there is no socket.
        kept_until_ns: how long a session without a socket is kept.
        held_line: a line that a fault lets the next one overtake; None for none.
        sends_until_ns: when the last event that a fault holds back is due.
        note: told of each delivery: (events, received_ns, sent_ns); a chat writes its transcript by it.
    """

    __slots__ = (
        "_floor",
        "_missed",
        "caller",
        "chat_uid",
        "conversation",
        "counted_for",
        "held_line",
        "keeps_missed",
        "kept_until_ns",
        "note",
        "nth",
        "outlet",
        "sends_until_ns",
        "session_id",
        "tracked",
        "visitor_ip",
    )

    def __init__(self, floor: Floor, outlet: Outlet, caller: Caller) -> None:
        self._floor = floor
        self._missed: list[Event] | None = None
        self.outlet: Outlet | None = outlet
        self.caller = caller
        self.conversation = Conversation()
        self.session_id = ""
        self.chat_uid = ""
        self.visitor_ip = caller.address
        self.counted_for = ""
        self.keeps_missed = False
        self.kept_until_ns = 0
        self.tracked: TrackedVisitor | None = None
        self.nth = 0
        self.held_line: tuple[tuple[Event, ...], int | None] | None = None
        self.sends_until_ns = 0
        self.note: Callable[[tuple[Event, ...], int | None, int | None], None] | None = None

    def tell(self, *events: Event, received_ns: int | None = None) -> None:
        """Send events, together and in this order.

        Args:
            received_ns: when the command that they answer was read, if they answer one.
        """
        faults = self._floor.faults
        if faults.outbound:
            faults.outgoing(self, events, received_ns)
        else:
            self.deliver(events, received_ns)

    def deliver(self, events: tuple[Event, ...], received_ns: int | None) -> None:
        """Write events to the socket, or keep them while there is none."""
        floor = self._floor
        outlet, counts, sent_ns = self.outlet, floor.counts, None
        take_step = self.conversation.event
        for event in events:
            if not take_step(event):
                counts.incidents["out_of_turn_events"] += 1
        if outlet is not None:
            sent_ns = self._write(outlet, events)
        elif self.keeps_missed:
            self._missed = [*(self._missed or ()), *events][-_MOST_MISSED:]
        if self.note is not None:
            self.note(events, received_ns, sent_ns)

    def _write(self, outlet: Outlet, events: Sequence[Event]) -> int:
        count = self._floor.counts.events
        for event in events:
            count[event.name] += 1
        return outlet.send([self._payload(event) for event in events])

    def _payload(self, event: Event) -> bytes:
        payload = self._floor.encode(event)
        return b"[%b]" % payload if self._floor.settings.server.array_frames else payload

    def resume(self, outlet: Outlet) -> None:
        """Go on over another socket; what was missed is sent first."""
        self.outlet = outlet
        outlet.hand_over(self)
        missed, self._missed = self._missed, None
        if missed:
            self._write(outlet, missed)

    @property
    def is_reachable(self) -> bool:
        """Whether there is a socket, and a chat that goes on."""
        return self.outlet is not None and self.conversation.state in _IN_A_CHAT

    def cut(self, how: str, close_code: int) -> None:
        """End the connection.

        Args:
            how: `reset`, `half_frame` (the first half of an event, then the end) or `close`.
        """
        outlet = self.outlet
        if outlet is None:
            return
        if how == "close":
            outlet.close(close_code, "")
        elif how == "half_frame":
            outlet.send_half(self._floor.encode(Typing(chat_uid=self.chat_uid)))
        else:
            outlet.reset()

    def turn_away(self) -> None:
        """There is no room for what was sent: "try again later" (close code 1013)."""
        self._floor.counts.incidents["overflowing_commands"] += 1
        self.cut("close", _TRY_AGAIN_LATER)

    def acknowledge(self, command_name: str) -> None:
        """Send the `ack` that some servers answer every command with; the specification does not know it."""
        if self.outlet is not None:
            ack = UnknownEvent(chat_uid=self.chat_uid, event_name="ack", data=command_name)
            self.outlet.send([self._payload(ack)])


_IN_A_CHAT = frozenset({State.WAITING, State.QUEUED, State.CHATTING})
