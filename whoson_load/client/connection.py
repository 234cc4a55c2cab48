"""One visitor's connection to a chat server: sends in turn, waits with a deadline, and counts how it ends.

Knows what a visit's states are, and nothing of what a visitor says in them: that is `ChatSession`. Every wait, a think
time too, is "receive until this event or this instant"; there is no other greenlet and no queue behind it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from whoson_load.client.dial import Dialled, dial
from whoson_load.client.hearing import Hearing
from whoson_load.client.target import Target
from whoson_load.client.wire import Received, Wire
from whoson_load.clock import monotonic_ns, wall_ns
from whoson_load.errors import ConnectError, Fault, LocalProtocolError, ReplyTimeout, SessionClosed, TargetError
from whoson_load.measurement.ledger import TokenBook
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.redaction import redact_text
from whoson_load.measurement.sample import (
    CONNECT,
    CONNECT_TCP,
    CONNECT_TLS,
    CONNECT_UPGRADE,
    ECHO,
    OPERATORJOINED,
)
from whoson_load.protocol import commands
from whoson_load.protocol.commands import Command, encode_command
from whoson_load.protocol.conversation import State
from whoson_load.protocol.events import Event
from whoson_load.protocol.site import Site
from whoson_load.visitors.patience import Manners
from whoson_load.visitors.persona import Persona

__all__ = ["Connection", "Line", "Visitor", "open_line"]


class Line(Protocol):
    """What a session asks of a connection: `Wire`, or a test's list of frames.

    Attributes:
        heard_ns: when anything last arrived, on the monotonic clock.
        failure: why it ended; None while it is open.
        dialled_ns: how long it took to open, its parts together.
        stall_s: how long a send may wait for a server that does not read.
    """

    heard_ns: int
    failure: TargetError | None
    dialled_ns: int
    stall_s: float

    def next(self, due_ns: int) -> Received | None:
        """The next event, or None when none comes before `due_ns` (monotonic). Raises TargetError at the end."""

    def send(self, payload: bytes) -> int:
        """Send a text message; returns the wall clock right before."""

    def close(self, timeout_s: float, hear: Callable[[Received], None]) -> None:
        """End it with the closing handshake."""

    def abandon(self) -> None:
        """Drop it."""


@dataclass(slots=True)
class Visitor:
    """Who is at the other end of a session: a persona, its manners, its dice.

    Attributes:
        persona: who it is.
        manners: all its human times; one pace for all.
        rng: everything random in this visit comes from it.
        run_tag: marks the run's lines, so that a line of another run is told apart.
        visit: which of the visitor's visits this is, from 1.
    """

    persona: Persona
    manners: Manners
    rng: random.Random
    run_tag: str
    visit: int = 1


class Connection:
    """A visit over one connection.

    Attributes:
        target: the server.
        visitor: who visits.
        heard: what it has heard so far.
    """

    __slots__ = ("_book", "_commands", "_due_ns", "_idle_ns", "_line", "_recorder", "heard", "target", "visitor")

    def __init__(self, line: Line, target: Target, visitor: Visitor, recorder: Recorder, due_ns: int) -> None:
        self._line = line
        self._recorder = recorder
        self._commands = recorder.commands
        self._due_ns = due_ns
        self._idle_ns = int(target.deadlines.idle_s * 1e9)
        self._book = TokenBook(
            visitor.run_tag,
            visitor.persona.number,
            visitor.visit,
            int(target.deadlines.reply_s * 1e9),
            recorder.line,
        )
        self.target = target
        self.visitor = visitor
        self.heard = Hearing(recorder, self._book)

    @classmethod
    def open(cls, target: Target, visitor: Visitor, recorder: Recorder, due_ns: int | None = None) -> Self:
        """Open the WebSocket; `connect` is still to be called.

        Args:
            recorder: gets the parts of `connect`, and its error when there is no connection.
            due_ns: when the visitor was due (open model), wall clock; None for now. `connect` is timed from it.

        Raises:
            ConnectError: no WebSocket came about.
        """
        due_ns = wall_ns() if due_ns is None else due_ns
        return cls(open_line(target, visitor, recorder), target, visitor, recorder, due_ns)

    def reconnect(self, *, resume: bool) -> None:
        """Drop the connection without Quit, as a page does that is loaded anew, and open another.

        The ledger goes on: the visitor's lines are accounted for on whichever connection they come.

        Args:
            resume: whether the page still knows its session, for a server that lets a visit go on where it stood (the
                WhosOn Chat API specification has no such thing; version 10 of the server has). Otherwise `connect` is
                next, and a chat of its own.

        Raises:
            ConnectError: no WebSocket came about.
        """
        self._line.abandon()
        self._due_ns = wall_ns()
        self.heard.start_anew(resumed=resume)
        self._line = open_line(self.target, self.visitor, self._recorder)

    # What can be seen

    @property
    def recorder(self) -> Recorder:
        """Gets what is measured and counted in this visit."""
        return self._recorder

    @property
    def state(self) -> State:
        """Where the visit stands."""
        return self.heard.conversation.state

    @property
    def talking(self) -> bool:
        """Whether the visitor may say something now."""
        return self.heard.conversation.may_talk

    @property
    def site(self) -> Site:
        """The site's settings.

        Raises:
            LocalProtocolError: before `connect`.
        """
        if self.heard.site is None:
            raise LocalProtocolError("the site was asked for before `connected`")
        return self.heard.site

    # Waiting and leaving

    def idle(self, seconds: float) -> bool:
        """Live through whatever arrives for so long.

        Returns:
            False when a chat that was going on ended meanwhile (and the wait with it).

        Raises:
            TargetError: the connection ended.
        """
        due_ns = monotonic_ns() + int(seconds * 1e9)
        if self.talking:
            return self._stay_until(due_ns)
        while self._receive(due_ns) is not None:
            pass
        return True

    def quit(self) -> None:
        """End the chat, or stop waiting for one. Nothing happens when it is over already.

        What the server still owes is not held against it from here on: it is not documented to answer any more.
        """
        if self.heard.conversation.may_send("Quit"):
            self._send(commands.Quit(self.heard.session_id, self.target.domain))
        self.heard.drop(OPERATORJOINED, ECHO, now_ns=wall_ns())

    def close(self) -> None:
        """End the connection with the closing handshake, hearing what still comes."""
        self._line.close(self.target.deadlines.close_s, self._hear)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if isinstance(problem, TargetError):
                self._account_for(problem)
            elif problem is None:
                self.close()
            else:
                self._leave_politely()
        except TargetError:
            pass  # it was over anyway
        finally:
            self._line.abandon()

    def _account_for(self, problem: TargetError) -> None:
        heard, now_ns = self.heard, wall_ns()
        if heard.conversation.state is State.OPEN and not heard.waits_for(CONNECT):
            heard.expect(CONNECT, self._due_ns)  # closed before Connect was out: no chat window came about all the same
        blamed = heard.blame(problem.fault, now_ns=now_ns)
        given_up = isinstance(problem, ReplyTimeout) and problem.fault is Fault.REPLY_TIMEOUT
        if not blamed and not given_up:  # that was counted where the answer was waited for
            self._recorder.fault(problem.fault)
        if isinstance(problem, SessionClosed):
            self._recorder.close_code(problem.close_code)

    def _leave_politely(self) -> None:
        """The run is over (or the journey broke) while the visitor is here: Quit, or an operator waits for nobody."""
        self._line.stall_s = min(self._line.stall_s, self.target.deadlines.close_s)
        self.quit()
        self.close()

    # Underneath

    def _send(self, command: Command) -> int:
        name = command.name
        self.heard.conversation.command(name)
        sent_ns = self._line.send(encode_command(command))
        try:
            self._commands[name] += 1  # as `Recorder.command` does, without two calls
        except KeyError:
            self._recorder.command(name)
        return sent_ns

    def _hear(self, received: Received) -> None:
        self.heard.hear(*received)

    def _receive(self, due_ns: int) -> Received | None:
        """The next event, heard; None when `due_ns` is there."""
        line = self._line
        while True:
            silent_ns = line.heard_ns + self._idle_ns
            received = line.next(due_ns if due_ns <= silent_ns else silent_ns)  # noqa: FURB136  # min() costs 0.1 us
            if received is not None:
                self.heard.hear(received[0], received[1])
                return received
            if due_ns <= silent_ns:
                return None
            if line.heard_ns + self._idle_ns <= silent_ns:  # else something came that is no event: a ping, say
                raise ReplyTimeout(Fault.IDLE_TIMEOUT, f"nothing arrived for {self.target.deadlines.idle_s:g} s")

    def _stay_until(self, due_ns: int) -> bool:
        heard, line = self.heard, self._line
        conversation, next_of = heard.conversation, line.next
        if due_ns <= line.heard_ns + self._idle_ns:
            # So soon that nothing can have been silent for too long: the way of nearly every wait of one who types.
            while conversation.may_talk:
                received = next_of(due_ns)
                if received is None:
                    return True
                heard.hear(received[0], received[1])
            return False
        while conversation.may_talk:
            if self._receive(due_ns) is None:
                return True
        return False

    def _answer(self, series: str, *also: str) -> tuple[Event, int]:
        """Receive until the event of a series is there; its deadline's passing is an error of `also`, too."""
        due_ns = monotonic_ns() + int(self.target.deadlines.reply_s * 1e9)
        heard = self.heard
        while True:
            received = self._receive(due_ns)
            if received is None:
                self._give_up(series, *also)
            elif not heard.waits_for(series):
                return received
            elif self.state is State.REFUSED:
                # On one line, and without our secrets, should the server repeat them.
                said = redact_text(
                    " ".join((heard.error or "").split()), (self.target.authentication, self.target.api_key)
                )
                raise ConnectError(Fault.ACCESS_DENIED, said[:120])

    def _answer_or_error(self, series: str) -> Event | None:
        """Receive until the event of a series is there; None when an `error` came instead: then nobody owes it."""
        heard = self.heard
        errors, due_ns = heard.errors, monotonic_ns() + int(self.target.deadlines.reply_s * 1e9)
        while heard.errors == errors:
            received = self._receive(due_ns)
            if received is None:
                self._give_up(series)
            elif not heard.waits_for(series):
                return received[0]
        heard.drop(series)
        return None

    def _give_up(self, *series: str) -> None:
        self.heard.blame(Fault.REPLY_TIMEOUT, *series, now_ns=wall_ns())
        raise ReplyTimeout(Fault.REPLY_TIMEOUT, f"no {series[0]} within {self.target.deadlines.reply_s:g} s")


def open_line(target: Target, visitor: Visitor, recorder: Recorder) -> Line:
    """Open a WebSocket for a visitor, and sample how long its parts took.

    Raises:
        ConnectError: it did not come about; counted as an error of `connect`.
    """
    headers = [("User-Agent", visitor.persona.user_agent)]
    if target.forward_visitor_ip:
        headers.append(("X-Forwarded-For", visitor.persona.ip))
    begun_ns = wall_ns()
    try:
        dialled = dial(target, headers)
    except ConnectError as problem:
        recorder.waited_in_vain(CONNECT, wall_ns() - begun_ns)
        recorder.error(CONNECT, problem.fault)
        recorder.fault(problem.fault)
        raise
    _sample_parts(dialled, recorder)
    return Wire(dialled, recorder, target.deadlines.reply_s)


def _sample_parts(dialled: Dialled, recorder: Recorder) -> None:
    parts = dialled.parts
    recorder.sample(CONNECT_TCP, 0, parts.tcp_ns)
    if parts.tls_ns is not None:
        recorder.sample(CONNECT_TLS, 0, parts.tls_ns)
    recorder.sample(CONNECT_UPGRADE, 0, parts.upgrade_ns)
