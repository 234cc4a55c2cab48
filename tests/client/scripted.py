"""A connection that is a list of what arrives when, under a clock that moves only while somebody waits.

Stands in for the wire: no socket, no greenlet, no time that passes by itself.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

from whoson_load.client.wire import Received
from whoson_load.errors import SessionClosed, TargetError
from whoson_load.protocol.commands import Command, Message, decode_command
from whoson_load.protocol.events import Accepted, Connected, Event, NewLine, Operator, OperatorJoined
from whoson_load.protocol.site import Site

PING = "ping"
"""Arrives, and is no event."""

Coming = Event | BaseException | str
Steps = Sequence[tuple[float, Coming]]
"""What comes how many seconds later; an exception is raised, and is the connection's end if it is a TargetError."""

HOWARD = Operator(name="Howard Williams")
SITE = Site(domain="www.mycompany.com", operator_preview=True)


class FakeClock:
    """Both clocks in one: they differ by a constant.

    Attributes:
        now_ns: on the monotonic one.
    """

    def __init__(self) -> None:
        self.now_ns = self._begun_ns = 50_000_000_000_000

    def monotonic_ns(self) -> int:
        """For waiting."""
        return self.now_ns

    def wall_ns(self) -> int:
        """For stamps."""
        return self.now_ns + 1_700_000_000_000_000_000

    @property
    def passed_s(self) -> float:
        """Seconds since the test began, to the microsecond."""
        return round((self.now_ns - self._begun_ns) / 1e9, 6)


class ScriptedLine:
    """A connection to a server that says what it was told to say.

    Attributes:
        heard_ns, failure, stall_s: as a wire has them.
        sent: the commands it was sent, with the seconds at which.
        answers: command name -> what comes after each of its sendings; a function is given the command.
        closed: whether the closing handshake was begun.
        abandoned: how often it was dropped.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.heard_ns = clock.now_ns
        self.failure: TargetError | None = None
        self.dialled_ns = 0
        self.stall_s = 30.0
        self.sent: list[tuple[float, Command]] = []
        self.answers: dict[str, Steps | Callable[[Command], Steps]] = {}
        self.closed = False
        self.abandoned = 0
        self._coming: list[tuple[int, int, Coming]] = []
        self._number = 0

    # What a test says

    def later(self, *steps: tuple[float, Coming]) -> None:
        """Let something come so many seconds from now."""
        for after_s, what in steps:
            self._number += 1
            heapq.heappush(self._coming, (self.clock.now_ns + round(after_s * 1e9), self._number, what))

    @property
    def names(self) -> list[str]:
        """The names of the commands sent."""
        return [command.name for _, command in self.sent]

    @property
    def texts(self) -> list[str]:
        """The texts of the messages sent."""
        return [command.text for _, command in self.sent if isinstance(command, Message)]

    def serve(self, *, pickup_s: float = 5.0, site: Site = SITE) -> None:
        """Be a server that answers as the specification says: 10 ms for each answer, 20 ms for an echo."""
        self.answers |= {
            "Connect": [(0.01, Connected(session_id="s-1", site=site))],
            "Hello": [
                (0.01, Accepted(chat_uid="u-1", paging_message="Please wait")),
                (pickup_s, OperatorJoined(chat_uid="u-1", operator=HOWARD)),
            ],
            "Message": lambda command: [
                (0.02, NewLine(chat_uid="u-1", classname="linesays", content="Thomas says:")),
                (0.02, NewLine(chat_uid="u-1", classname="linev", content=getattr(command, "text", ""))),
            ],
        }

    # What the session asks of it

    def next(self, due_ns: int) -> Received | None:
        """What comes next, once its time is there; None when that is after `due_ns`."""
        while self._coming and self._coming[0][0] <= max(due_ns, self.clock.now_ns):
            if self.failure is not None:
                break
            at_ns, _, what = heapq.heappop(self._coming)
            self.clock.now_ns = max(self.clock.now_ns, at_ns)
            if isinstance(what, TargetError):
                self.failure = what
                break
            if isinstance(what, BaseException):
                raise what
            self.heard_ns = self.clock.now_ns
            if not isinstance(what, str):
                return what, self.clock.wall_ns()
        if self.failure is not None:
            raise self.failure
        self.clock.now_ns = max(self.clock.now_ns, due_ns)
        return None

    def send(self, payload: bytes) -> int:
        """Take a command, and let come what answers it."""
        if self.failure is not None:
            raise self.failure
        command = decode_command(payload)
        self.sent.append((self.clock.passed_s, command))
        steps = self.answers.get(command.name, ())
        self.later(*(steps(command) if callable(steps) else steps))
        return self.clock.wall_ns()

    def close(self, timeout_s: float, hear: Callable[[Received], None]) -> None:
        """The closing handshake of a server that leaves it unanswered."""
        self.closed = True
        due_ns = self.clock.now_ns + round(timeout_s * 1e9)
        try:
            while (received := self.next(due_ns)) is not None:
                hear(received)
        except SessionClosed:
            pass

    def abandon(self) -> None:
        """Drop it."""
        self.abandoned += 1
