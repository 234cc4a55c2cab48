"""A whole visit in memory: the simulator without its sockets, a journey at the other end, and a clock that leaps.

No byte travels and no time passes, so that a journey can be played a thousand times, with something else going wrong
each time. What is checked of every visit, whatever happened in it, is `Played.check`.
"""

# ruff: noqa: ARG001, ARG002, D102 (the methods and arguments are those of the protocols that are played here)

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache

import pytest

from whoson_load.client import connection, session
from whoson_load.client import upload as uploading
from whoson_load.client.connection import Connection, Visitor
from whoson_load.client.target import Deadlines, Target
from whoson_load.errors import ConnectError, Fault, SessionClosed, TargetError
from whoson_load.journeys import files, recorded, steps
from whoson_load.journeys.catalogue import Mishap
from whoson_load.journeys.visit import Journey, visit
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.tally import Tally
from whoson_load.protocol.commands import Command, decode_command
from whoson_load.protocol.events import (
    Error,
    Event,
    NewLine,
    NotAccepted,
    Operator,
    OperatorJoined,
    Queue,
    Quit,
    RequestField,
    RequestFile,
    UnknownEvent,
)
from whoson_load.protocol.frames import decode_events, encode_event
from whoson_load.protocol.lines import LineKind
from whoson_load.protocol.site import Site
from whoson_load.protocol.survey import SurveyField
from whoson_load.simulator.chat import Ending
from whoson_load.simulator.policy import Caller
from whoson_load.simulator.scheduler import Timer, TimerHeap
from whoson_load.simulator.settings import Settings
from whoson_load.simulator.site_file import parse_settings
from whoson_load.simulator.switchboard import Switchboard
from whoson_load.simulator.visit import Visit
from whoson_load.visitors.draws import Constant, visit_random
from whoson_load.visitors.keystrokes import Rhythm
from whoson_load.visitors.patience import Manners
from whoson_load.visitors.persona import Personas

SEED = 4711
MANNERS = Manners(turns_low=2, turns_high=2, patience=Constant(90), rhythm=Rhythm(preview_every_s=10))
PERSONAS = Personas(SEED, "test1", ("en",))
BEGUN_NS = 1_000_000_000_000
MOST_WAITS = 5000
"""More than any visit here needs by far; one that waits more often would never end."""

STEADY = """
[times]
pickup = "3s"
greeting = "1s"
reading = "3s"
typing = "4s"
"""


class Clock:
    """A scheduler whose time leaps from one timer to the next."""

    def __init__(self) -> None:
        self.heap = TimerHeap()
        self.time_ns = BEGUN_NS

    def now_ns(self) -> int:
        return self.time_ns

    def wall_ns(self) -> int:
        return 1_750_000_000_000_000_000 + self.time_ns

    def at(self, due_ns: int, callback: Callable[[], None]) -> Timer:
        return self.heap.push(due_ns, callback)

    def leap(self, until_ns: int) -> None:
        """Go on to the next timer, or to an instant if none is due before."""
        due_ns = self.heap.next_due_ns
        if due_ns is None or due_ns > until_ns:
            self.time_ns = max(self.time_ns, until_ns)
        else:
            self.time_ns = max(self.time_ns, due_ns)
            self.heap.run(self.time_ns, 1)


class Wire:
    """The visitor's end of a connection that is none; the server's end is `outlet`."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.failure: TargetError | None = None
        self.dialled_ns = 0
        self.stall_s = 1.0
        self.heard_ns = stage.clock.now_ns()
        self.inbox: deque[Event] = deque()
        self.outlet = Outlet(self)
        self.visit: Visit = stage.switchboard.open(self.outlet, Caller("127.0.0.1"))
        self._waits = 0

    def next(self, due_ns: int) -> tuple[Event, int] | None:
        clock = self.stage.clock
        while True:
            self._waits += 1
            assert self._waits < MOST_WAITS, "a visit that does not end"
            if self.inbox:
                self.heard_ns = clock.now_ns()
                event = self.inbox.popleft()
                self.stage.step("heard", event.name, self)
                return event, clock.wall_ns()
            if self.failure is not None:
                raise self.failure
            if clock.now_ns() >= due_ns:
                return None
            clock.leap(due_ns)

    def send(self, payload: bytes) -> int:
        if self.failure is not None:
            raise self.failure
        stage, sent_ns = self.stage, self.stage.clock.wall_ns()
        command = decode_command(payload)
        stage.commands.append(command)
        stage.switchboard.frame(self.visit, payload, sent_ns)
        stage.step("sent", command.name, self)
        return sent_ns

    def close(self, timeout_s: float, hear: Callable[[tuple[Event, int]], None]) -> None:
        until_ns = self.stage.clock.now_ns() + int(timeout_s * 1e9)
        try:
            while self.failure is None and (received := self.next(until_ns)) is not None:
                hear(received)
        except TargetError:
            pass
        self.abandon()

    def abandon(self) -> None:
        self.end(SessionClosed(Fault.CLOSED, "closed by the visitor", 1000))

    def end(self, why: TargetError) -> None:
        """It is over, at both ends."""
        if self.failure is None:
            self.failure = why
            if self.visit.outlet is self.outlet:
                self.stage.switchboard.end(self.visit)


class Outlet:
    """What the server holds of a connection."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def send(self, payloads: list[bytes]) -> int:
        if self.wire.failure is None and not self.wire.stage.silent:
            for payload in payloads:
                self.wire.inbox.extend(decode_events(payload, self.wire.stage.recorder.deviation))
        return self.wire.stage.clock.wall_ns()

    def send_half(self, payload: bytes) -> None:
        self.wire.end(SessionClosed(Fault.HALF_FRAME))

    def close(self, code: int, reason: str) -> None:
        self.wire.end(SessionClosed(Fault.CLOSED, reason, code))

    def reset(self) -> None:
        self.wire.end(SessionClosed(Fault.RESET))

    def hand_over(self, visit: Visit) -> None:
        self.wire.visit = visit


@dataclass(frozen=True)
class Played:
    """A visit that is over."""

    outcome: Outcome
    problem: TargetError | None
    tally: Tally
    commands: list[Command]
    steps: list[tuple[str, ...]]
    stage: Stage

    @property
    def seconds(self) -> float:
        """How long it took, on its own clock."""
        return (self.stage.clock.now_ns() - BEGUN_NS) / 1e9

    @property
    def names(self) -> list[str]:
        """The commands by name."""
        return [command.name for command in self.commands]

    def check(self) -> None:
        """What holds of every visit: it ended as one thing, and every line of it is accounted for."""
        assert sum(self.tally.outcomes.values()) == 1
        assert self.tally.outcomes == {self.outcome.value: 1}
        assert self.outcome is not Outcome.FAILED
        lines = self.tally.lines
        assert lines.get("sent", 0) >= lines.get("echoed", 0) + lines.get("lost", 0)
        assert not lines.keys() & {"crossed", "duplicated", "reordered"}
        assert self.tally.commands == {name: self.names.count(name) for name in set(self.names)}


@dataclass
class Stage:
    """A server in memory and one visitor.

    Attributes:
        mishap, at_step: what goes wrong, after which step.
        steps: (sent or heard, name of the command or event, the server's state after it).
    """

    site: str
    mishap: Mishap | None = None
    at_step: int = -1
    number: int = 1
    side_effects: bool = True
    deadlines: Deadlines = Deadlines()
    seed: int = 0
    silent: bool = False
    commands: list[Command] = field(default_factory=list)
    steps: list[tuple[str, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = Clock()
        settings = _settings(self.site)
        self.switchboard = Switchboard(settings, "http://127.0.0.1:1/whosoncharts/", self.clock, self.seed)
        self.recorder = Recorder("test")
        target = Target.read("ws://127.0.0.1:1", domain="www.mycompany.com", environment={}, deadlines=self.deadlines)
        self.target = replace(target, side_effects_allowed=self.side_effects)

    def open_line(self, target: Target, visitor: Visitor, recorder: Recorder) -> Wire:
        """In place of dialling."""
        if self.switchboard.objection(Caller("127.0.0.1")):
            raise ConnectError(Fault.UPGRADE_REFUSED, "HTTP 403", 403)
        return Wire(self)

    def upload(self, target: Target, site: Site, name: str, content: bytes, recorder: Recorder) -> str:
        """The upload without its connection."""
        answer = self.switchboard.documents.answer(uploading._envelope(name, content, target.domain))
        return uploading._link(answer.status, answer.body.encode())

    def step(self, kind: str, name: str, wire: Wire) -> None:
        """Note a step, and let happen what is to happen after it."""
        self.steps.append((kind, name, wire.visit.conversation.state.value))
        if len(self.steps) - 1 == self.at_step and self.mishap is not None:
            _HAPPENINGS[self.mishap](self, wire)

    def play(self, journey: Journey) -> Played:
        """Make the visit."""
        persona, rng = PERSONAS.persona(self.number), visit_random(SEED, self.number, 1)
        visitor = Visitor(persona, MANNERS.of_one(rng, persona.mobile), rng, "test1")
        with pytest.MonkeyPatch.context() as patch:
            for module in (connection, session, steps):
                patch.setattr(module, "wall_ns", self.clock.wall_ns)
            for module in (connection, session, recorded):
                patch.setattr(module, "monotonic_ns", self.clock.now_ns)
            patch.setattr(connection, "open_line", self.open_line)
            patch.setattr(files, "upload", self.upload)
            patch.setattr(Connection, "_send", _only_what_may_be_sent(Connection._send))
            outcome, problem = visit(journey, self.target, visitor, self.recorder, self.clock.wall_ns())
        tally = self.recorder.roll(0, 0).tally
        return Played(outcome, problem, tally, self.commands, self.steps, self)


def _only_what_may_be_sent(send: Callable[[Connection, Command], int]) -> Callable[[Connection, Command], int]:
    """The conversation lets pass what may have been under way; a visitor who knows better does not send it."""

    def checked(chat: Connection, command: Command) -> int:
        state = chat.state
        assert chat.heard.conversation.may_send(command.name), f"{command.name} while {state}"
        return send(chat, command)

    return checked


@lru_cache(maxsize=64)
def _settings(site: str) -> Settings:
    return parse_settings(site, "site.toml")


def _say(event: Event) -> Callable[[Stage, Wire], None]:
    """The server says something, whether it fits or not."""
    return lambda stage, wire: wire.inbox.extend(decode_events(encode_event(event), stage.recorder.deviation))


def _quit(stage: Stage, wire: Wire) -> None:
    chat = stage.switchboard.book.get(wire.visit.chat_uid)
    if chat is not None and chat.ending is None:
        chat.quit(Ending.BY_OPERATOR)
    else:
        wire.inbox.append(Quit())


def _transfer(stage: Stage, wire: Wire) -> None:
    chat = stage.switchboard.book.get(wire.visit.chat_uid)
    if chat is None or not chat.transfer():
        wire.inbox.append(OperatorJoined(operator=Operator(name="Carla Schmidt", lang="de")))


def _fall_silent(stage: Stage, wire: Wire) -> None:
    stage.silent = True


def _lose(stage: Stage, wire: Wire) -> None:
    chat = stage.switchboard.book.get(wire.visit.chat_uid)
    if chat is not None:
        chat.leave(Ending.DROPPED)
    stage.switchboard.sessions.pop(wire.visit.session_id, None)
    wire.visit.session_id = "lost"


def _not_heard_of(stage: Stage, wire: Wire) -> None:
    wire.inbox.extend(
        (UnknownEvent(event_name="fanfare", data=[1]), NewLine(classname="linex lineo", content="<b>?</b>"))
    )


SEATS = SurveyField(field_name="Seats", field_type="numeric", validate_low=1, validate_high=500)

_HAPPENINGS: dict[Mishap, Callable[[Stage, Wire], None]] = {
    Mishap.ERROR: _say(Error(description="Something was wrong.")),
    Mishap.TRANSFER: _transfer,
    Mishap.FILE_REQUEST: _say(RequestFile(file_types="pdf, .DOC")),
    Mishap.FIELD_REQUEST: _say(RequestField(field=SEATS)),
    Mishap.QUEUE: _say(Queue(position=3)),
    Mishap.TURNED_AWAY: _say(NotAccepted(reason="Nobody is there.")),
    Mishap.FINAL_LINE: _say(NewLine(classname=LineKind.FINAL.value, content="Nobody is there.")),
    Mishap.QUIT: _quit,
    Mishap.UNKNOWN: _not_heard_of,
    Mishap.CLOSE: lambda _, wire: wire.outlet.close(1012, "restart"),
    Mishap.RESET: lambda _, wire: wire.outlet.reset(),
    Mishap.SILENCE: _fall_silent,
    Mishap.LOSS: _lose,
}
