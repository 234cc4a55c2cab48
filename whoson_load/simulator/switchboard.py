"""All visits and chats of a server: who is who, and what becomes of a socket's opening, frames and end.

Knows no socket and no asyncio: a test drives it with a list of frames and a clock of its own.
"""

from __future__ import annotations

from collections import Counter
from functools import partial

import msgspec

from whoson_load.errors import LocalProtocolError
from whoson_load.protocol.commands import Command, CommandError, Connect, LeaveMessage, decode_command
from whoson_load.protocol.conversation import State
from whoson_load.protocol.events import Error
from whoson_load.protocol.reading import JsonObject
from whoson_load.simulator.book import ChatBook
from whoson_load.simulator.chat import Ending
from whoson_load.simulator.dice import Dice
from whoson_load.simulator.documents import DocumentStore
from whoson_load.simulator.faults import Faults
from whoson_load.simulator.floor import Floor
from whoson_load.simulator.policy import Caller, Gate
from whoson_load.simulator.reception import Reception, Refused
from whoson_load.simulator.scheduler import Scheduler
from whoson_load.simulator.settings import Settings, Status
from whoson_load.simulator.visit import Outlet, Visit

__all__ = ["Switchboard"]

_POLICY_VIOLATION = 1008


class Switchboard:
    """The server without its sockets.

    Args:
        settings: of the site, paces applied.
        web_services_url: of the document store, for a site that names none.
        seed: of all randomness.
    """

    def __init__(self, settings: Settings, web_services_url: str, scheduler: Scheduler, seed: int) -> None:
        address = settings.site.web_services_url or web_services_url
        site = msgspec.structs.replace(settings.site, web_services_url=address)
        dice = Dice(seed)
        self.visits: dict[Visit, None] = {}
        self.faults = Faults(settings.faults, scheduler, dice.fork(), lambda: self.visits)
        self.floor = Floor(settings, site, scheduler, dice.fork(), self.faults)
        self.gate = Gate(settings.access, scheduler.now_ns)
        self.book = ChatBook(settings.server.keep_chats, self.floor.counts, dice.fork())
        self.sessions: dict[str, Visit] = {}
        self.documents = DocumentStore(settings.documents, site, dice.fork())
        self.reception = Reception(self.floor, self.gate, self.book, self.sessions, self.documents)

    # ------------------------------------------------------------------ sockets

    def objection(self, caller: Caller) -> str | None:
        """Why a caller may not open a connection now, None when they may."""
        problem = self.gate.objection(caller)
        if problem is None and not self.gate.may_enter(self.gate.counted_address(caller)):
            problem = "Too many chats from this address."
        if problem is not None:
            self.floor.counts.incidents["refused_connections"] += 1
        return problem

    def open(self, outlet: Outlet, caller: Caller) -> Visit:
        """A socket is there."""
        visit = Visit(self.floor, outlet, caller)
        visit.counted_for = self.gate.counted_address(caller)
        self.gate.enter(visit.counted_for)
        self.visits[visit] = None
        if self.floor.settings.access.connect_within:
            self.floor.after(self.floor.settings.access.connect_within, partial(self._still_silent, visit))
        return visit

    def refuse(self, outlet: Outlet, caller: Caller, problem: str) -> None:
        """A socket is there that is not to stay: say why, where the site says so, and close."""
        if self.floor.settings.access.refusal == "error":
            Visit(self.floor, outlet, caller).tell(Error(description=problem))
        outlet.close(_POLICY_VIOLATION, "")

    def end(self, visit: Visit) -> None:
        """A socket is gone: a chat that goes on stays for a while, everything else is over."""
        visit.outlet = None
        self.visits.pop(visit, None)
        self.gate.leave(visit.counted_for)
        visit.counted_for = ""
        reconnect = self.floor.settings.reconnect
        chat = self.book.get(visit.chat_uid)
        goes_on = chat is not None and chat.ending is None
        self.floor.counts.incidents["dropped_visits"] += goes_on
        if goes_on or (reconnect.reading == "resume" and visit.session_id):
            visit.keeps_missed = reconnect.reading == "resume" and reconnect.missed_lines
            visit.kept_until_ns = self.floor.scheduler.now_ns() + reconnect.kept_for
            self.floor.scheduler.at(visit.kept_until_ns, partial(self._forget, visit))
        else:
            self._forget(visit)

    def _forget(self, visit: Visit) -> None:
        if visit.outlet is not None or visit.kept_until_ns > self.floor.scheduler.now_ns():
            return  # it was resumed, and may have dropped again since
        self.sessions.pop(visit.session_id, None)
        chat = self.book.get(visit.chat_uid)
        if chat is not None:
            chat.leave(Ending.DROPPED)
            visit.note = None  # what is kept shall hold no cycle
            self.book.close(chat.uid)

    def _still_silent(self, visit: Visit) -> None:
        if visit.outlet is not None and visit.conversation.state is State.OPEN:
            visit.outlet.close(_POLICY_VIOLATION, "no Connect")

    # ------------------------------------------------------------------ frames

    def frame(self, visit: Visit, payload: bytes, received_ns: int) -> None:
        """Take a text message.

        Args:
            received_ns: when it was read, on the wall clock.
        """
        if self.faults.inbound:
            self.faults.incoming(visit, partial(self._handle_late, visit, payload, received_ns))
        else:
            self._handle(visit, payload, received_ns)

    def _handle_late(self, visit: Visit, payload: bytes, received_ns: int) -> None:
        if visit.outlet is not None:
            self._handle(visit, payload, received_ns)

    def _handle(self, visit: Visit, payload: bytes, received_ns: int) -> None:
        try:
            command = decode_command(payload)
        except CommandError as problem:
            if not (self.floor.settings.server.accepts_noop and _is_noop(payload)):
                self._answer(visit, Refused(f"Invalid data: {problem}."))
            return
        try:
            self.floor.counts.commands[command.name] += 1
            visit = self._visit_of(command, visit)
            conversation = visit.conversation
            before = conversation.state
            if not conversation.may_send(command.name):
                self._out_of_turn(visit, command)
                return
            conversation.command(command.name)
            if self.floor.settings.server.acknowledges:
                visit.acknowledge(command.name)
            try:
                self.reception.carry_out(visit, command, received_ns)
            except Refused:
                if not isinstance(command, Connect):
                    conversation.state = before
                raise
        except Refused as refusal:
            self._answer(visit, refusal)
        finally:
            self.reception.log.note(command, payload, visit.chat_uid)

    def broken(self, visit: Visit) -> None:
        """The bytes of a socket are no WebSocket frames: it is closed by whoever found out."""
        self.floor.counts.incidents["invalid_data"] += 1
        if self.gate.misdeed(visit.caller, "invalid_data"):
            self.floor.counts.incidents["blacklistings"] += 1

    def not_text(self, visit: Visit, problem: str) -> None:
        """Take a message that is none of the protocol's: binary, or no UTF-8."""
        self._answer(visit, Refused(problem))

    def _visit_of(self, command: Command, visit: Visit) -> Visit:
        session_id: str | None = getattr(command, "session_id", None)
        if session_id is None or session_id == visit.session_id:
            if session_id or isinstance(command, Connect | LeaveMessage):
                return visit
        elif not session_id and isinstance(command, LeaveMessage):
            return visit
        elif not visit.session_id:
            known = self.sessions.get(session_id)
            if known is not None and known.outlet is None:
                if self.floor.settings.reconnect.reading == "resume":
                    return self._resume(known, visit)
                raise Refused("The chat session has ended.")
        raise Refused("The chat session is not known.")

    def _resume(self, known: Visit, stranger: Visit) -> Visit:
        outlet = stranger.outlet
        known.counted_for, stranger.counted_for = stranger.counted_for, ""
        stranger.outlet = None
        self.visits.pop(stranger, None)
        self.visits[known] = None
        self.floor.counts.incidents["resumed_visits"] += 1
        if outlet is not None:
            known.resume(outlet)
        return known

    def _out_of_turn(self, visit: Visit, command: Command) -> None:
        try:
            visit.conversation.command(command.name)
        except LocalProtocolError:
            raise Refused(
                f"{command.name} cannot be sent now.", "illegal_commands", fatal=visit.conversation.state is State.OPEN
            ) from None
        self.floor.counts.incidents["crossing_commands"] += 1

    def _answer(self, visit: Visit, refusal: Refused) -> None:
        incidents = self.floor.counts.incidents
        fatal = refusal.fatal or visit.conversation.state in (State.OPEN, State.CONNECTING)
        if refusal.kind:
            incidents[refusal.kind] += 1
            if self.gate.misdeed(visit.caller, refusal.kind):
                incidents["blacklistings"] += 1
                fatal = True
        if visit.conversation.state is not State.REFUSED:
            visit.tell(Error(chat_uid=visit.chat_uid, description=str(refusal)))
        if fatal and visit.outlet is not None:
            visit.outlet.close(_POLICY_VIOLATION, "")

    # ------------------------------------------------------------------ what is known

    def set_status(self, name: str, status: Status) -> bool:
        """Let an operator step out, come back or take no more chats; whether there is one of this name.

        Who is in a chat, or about to pick one up, stays in it. Who comes back takes chats that wait.
        """
        colleague = self.floor.routing.roster.named(name)
        if colleague is None:
            return False
        colleague.status = status
        self.floor.routing.offer_waiting()
        return True

    def reset(self) -> None:
        """Begin anew without a restart: counters, blacklistings, chats that are over and messages left are forgotten.

        So are tracked visitors and what visitors sent. Faults and operators' statuses are those of the site file again.
        Chats that go on, go on.
        """
        self.floor.counts.reset()
        self.faults.reset_counts()
        self.faults.set(self.floor.settings.faults)
        self.gate.forgive()
        self.book.clear_over()
        self.reception.left_messages.clear()
        self.reception.tracking.clear()
        self.reception.log.clear()
        self.floor.routing.roster.restore()
        self.floor.routing.offer_waiting()

    def chats_by_state(self) -> dict[str, int]:
        """State -> number of chats in it, those that are over and kept included; all states of chats are listed."""
        found = Counter(chat.visit.conversation.state for chat in self.book)
        return {state.value: found[state] for state in State if state not in _BEFORE_A_CHAT}


def _is_noop(payload: bytes) -> bool:
    """Whether it is the `noop` that clients of other versions keep connections alive with."""
    try:
        command = JsonObject(msgspec.json.decode(payload)).get("Command")
    except (ValueError, RecursionError):
        return False
    return isinstance(command, str) and command.lower() == "noop"


_BEFORE_A_CHAT = frozenset({State.OPEN, State.CONNECTING, State.REFUSED, State.CONNECTED})
