"""A whole server in memory: a clock that stands still until it is told to go on, and visitors without sockets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from whoson_load.protocol.commands import Command, Connect, Hello, Message, Quit, encode_command
from whoson_load.protocol.events import Connected, Event, NewLine
from whoson_load.protocol.frames import decode_events
from whoson_load.simulator.policy import Caller
from whoson_load.simulator.scheduler import Timer, TimerHeap
from whoson_load.simulator.site_file import parse_settings
from whoson_load.simulator.switchboard import Switchboard
from whoson_load.simulator.tuning import tuned
from whoson_load.simulator.visit import Visit

DOMAIN = "www.mycompany.com"

KNOWN_TIMES = """
extends = "default"

[times]
pickup = "2s"
greeting = "1s"
reading = "3s"
typing = "4s"
"""
"""The default site with operators who always take the same time."""


class FakeClock:
    """A scheduler whose time passes only in `run`."""

    def __init__(self) -> None:
        self.heap = TimerHeap()
        self.time_ns = 1_000_000_000
        self.epoch_ns = 1_750_000_000_000_000_000  # a Sunday, 15:06:40 UTC

    def now_ns(self) -> int:
        """As a scheduler has it."""
        return self.time_ns

    def wall_ns(self) -> int:
        """As a scheduler has it."""
        return self.epoch_ns + self.time_ns

    def at(self, due_ns: int, callback: Callable[[], None]) -> Timer:
        """As a scheduler has it."""
        return self.heap.push(due_ns, callback)

    def run(self, seconds: float) -> None:
        """Let time pass, stopping at each timer on the way."""
        until_ns = self.time_ns + round(seconds * 1e9)
        while (due_ns := self.heap.next_due_ns) is not None and due_ns <= until_ns:
            self.time_ns = max(self.time_ns, due_ns)
            self.heap.run(self.time_ns, 1)
        self.time_ns = until_ns


class FakeVisitor:
    """A visitor's end of a socket that is none."""

    def __init__(self, stage: Stage, caller: Caller) -> None:
        self.stage = stage
        self.events: list[Event] = []
        self.times_ns: list[int] = []
        self.raw: list[bytes] = []
        self.close_code: int | None = None
        self.was_reset = False
        self.half: bytes | None = None
        self.session_id = ""
        self.chat_uid = ""
        self.visit: Visit = stage.switchboard.open(self, caller)

    # the outlet

    def send(self, payloads: list[bytes]) -> int:
        """As an outlet has it."""
        sent_ns = self.stage.clock.wall_ns()
        if self.close_code is None and not self.was_reset:
            for payload in payloads:
                self.raw.append(payload)
                for event in decode_events(payload, lambda _: None):
                    self.events.append(event)
                    self.times_ns.append(self.stage.clock.now_ns())
        return sent_ns

    def send_half(self, payload: bytes) -> None:
        """As an outlet has it."""
        self.half = payload
        self.drop()

    def close(self, code: int, reason: str) -> None:  # noqa: ARG002 (nobody looks at reasons)
        """As an outlet has it."""
        if self.close_code is None:
            self.close_code = code
            self.drop()

    def reset(self) -> None:
        """As an outlet has it."""
        self.was_reset = True
        self.drop()

    def hand_over(self, visit: Visit) -> None:
        """As an outlet has it."""
        self.visit = visit

    # the visitor

    def drop(self) -> None:
        """The socket ends."""
        if self.visit.outlet is self:
            self.stage.switchboard.end(self.visit)

    def say(self, *commands: Command) -> list[Event]:
        """Send commands; returns the events that came at once."""
        return self.say_raw(*(encode_command(command) for command in commands))

    def say_raw(self, *frames: bytes) -> list[Event]:
        """Send frames; returns the events that came at once."""
        before = len(self.events)
        for frame in frames:
            if self.visit.outlet is self:
                self.stage.switchboard.frame(self.visit, frame, self.stage.clock.wall_ns())
        return self.events[before:]

    def connect(self, **parameters: str) -> FakeVisitor:
        """Send Connect with the default site's secrets."""
        values = {
            "authentication": "myauthstring",
            "domain": DOMAIN,
            "visitor_ip": "195.62.193.194",
            "cookie_id": "287-3882882",
            "user_agent": "edge",
            "referrer": "",
            "api_key": "abcdefg12345",
        }
        for event in self.say(Connect(**(values | parameters))):
            if isinstance(event, Connected):
                self.session_id = event.session_id
                self.chat_uid = event.chat_uid
        return self

    def hello(self, **parameters: str) -> list[Event]:
        """Send Hello."""
        values = {
            "visitor_name": "Thomas",
            "domain": DOMAIN,
            "department": "",
            "operator": "",
            "session_id": self.session_id,
            "visitor_ip": "",
            "cookie_id": "287-3882882",
            "language": "en",
            "translate": "false",
            "survey": "<Fields><Field><Name>Company</Name><Value>IBM</Value></Field></Fields>",
        }
        events = self.say(Hello(**(values | parameters)))
        self.chat_uid = next((event.chat_uid for event in events if event.chat_uid), self.chat_uid)
        return events

    def message(self, text: str) -> list[Event]:
        """Send Message."""
        return self.say(Message(self.session_id, DOMAIN, text))

    def quit(self) -> list[Event]:
        """Send Quit."""
        return self.say(Quit(self.session_id, DOMAIN))

    def after(self, seconds: float) -> list[Event]:
        """Let time pass; returns the events that came."""
        before = len(self.events)
        self.stage.clock.run(seconds)
        return self.events[before:]

    def lines(self, classname: str | None = None) -> list[str]:
        """The contents of the lines that came, of one class or of all."""
        lines = (event for event in self.events if isinstance(event, NewLine))
        return [line.content for line in lines if classname in (None, line.classname)]

    @property
    def names(self) -> list[str]:
        """The names of the events that came."""
        return [event.name for event in self.events]


class Stage:
    """A server in memory.

    Args:
        site: TOML.
        options: for `tuned`.
    """

    def __init__(self, site: str, options: dict[str, object], seed: int = 0) -> None:
        self.clock = FakeClock()
        settings = tuned(parse_settings(site, "site.toml"), **options)  # type: ignore[arg-type]
        self.switchboard = Switchboard(settings, "http://127.0.0.1:1/whosoncharts/", self.clock, seed)

    def visitor(self, address: str = "127.0.0.1", *forwarded: str, agent: str = "") -> FakeVisitor:
        """Somebody whose socket was let in."""
        return FakeVisitor(self, Caller(address, forwarded, agent))

    def chatting(self, **hello: str) -> FakeVisitor:
        """Somebody in a chat that has just been picked up; times as in KNOWN_TIMES."""
        visitor = self.visitor().connect()
        visitor.hello(**hello)
        visitor.after(2)
        assert "operatorjoined" in visitor.names
        return visitor

    @property
    def incidents(self) -> dict[str, int]:
        """What went otherwise than a visit goes, zeros left out."""
        return {name: count for name, count in self.switchboard.floor.counts.incidents.items() if count}

    def faultless(self) -> bool:
        """Whether the server broke none of its own rules."""
        return not ({"out_of_turn_events", "internal_errors"} & self.incidents.keys())


@pytest.fixture
def make_stage() -> Callable[..., Stage]:
    """Make a server in memory: from lines of TOML laid over the default site with known times."""

    def make(site: str = "", *, seed: int = 0, known_times: bool = True, **options: object) -> Stage:
        head = KNOWN_TIMES if known_times else 'extends = "default"\n'
        return Stage(head + site, options, seed)

    return make
