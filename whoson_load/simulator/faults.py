"""Faults on demand: what becomes of a command on its way in, and of events on their way out. Knows not what they say.

Each fault counts what it did: the ground truth that a test of the measuring side compares with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

import msgspec

from whoson_load.protocol.events import Event, NewLine
from whoson_load.simulator.dice import Dice
from whoson_load.simulator.fault_settings import FaultSettings, LineFault
from whoson_load.simulator.scheduler import Scheduler

__all__ = ["Faults", "Recipient"]

_HOUR_NS = 3_600_000_000_000

_INBOUND = ("capacity", "freeze", "reset", "half_frame", "close")
_OUTBOUND = (
    "latency",
    "spikes",
    "growth",
    "freeze",
    "lost_line",
    "doubled_line",
    "reordered_lines",
    "crossed_line",
)


class Recipient(Protocol):
    """A visit, as faults see it."""

    chat_uid: str
    held_line: tuple[tuple[Event, ...], int | None] | None
    sends_until_ns: int

    @property
    def is_reachable(self) -> bool:
        """Whether there is a socket, and a chat that goes on."""
        ...

    def deliver(self, events: tuple[Event, ...], received_ns: int | None) -> None:
        """Write events to the socket, now."""
        ...

    def cut(self, how: str, close_code: int) -> None:
        """End the connection: `reset`, `half_frame` or `close`."""
        ...

    def turn_away(self) -> None:
        """End the connection, since there is no room for what it sends."""
        ...


class Faults:
    """What is wrong with the server at the moment.

    Args:
        settings: what is wrong from the start.
        recipients: all visits there are: somebody to send somebody else's line to.

    Attributes:
        counts: fault -> how often it did what it does, since the start or the last reset.
        chats_begun: how many chats there have been; whoever begins one counts it here.
        inbound, outbound: whether any fault concerns commands, or events: the question on the hot path.
    """

    def __init__(
        self,
        settings: FaultSettings,
        scheduler: Scheduler,
        dice: Dice,
        recipients: Callable[[], Iterable[Recipient]],
    ) -> None:
        self._scheduler = scheduler
        self._dice = dice
        self._recipients = recipients
        self.chats_begun = 0
        self._clerk_free_ns = 0
        self._at_the_clerk = 0
        self._set_ns: dict[str, int] = {}
        self._set_chats = 0
        self.counts = dict.fromkeys(FaultSettings.__struct_fields__, 0)
        self.settings = FaultSettings()
        self.inbound = self.outbound = False
        self.set(settings)

    def set(self, settings: FaultSettings) -> None:
        """Put other faults in place; those that stay as they were go on as they were."""
        now_ns, before = self._scheduler.now_ns(), self.settings
        for name in FaultSettings.__struct_fields__:
            if getattr(settings, name) is not getattr(before, name):
                self._set_ns[name] = now_ns
                if name == "growth":
                    self._set_chats = self.chats_begun
        self.settings = settings
        self.inbound = any(getattr(settings, name) is not None for name in _INBOUND)
        self.outbound = any(getattr(settings, name) is not None for name in _OUTBOUND)

    def reset_counts(self) -> None:
        """Count from zero."""
        self.counts = dict.fromkeys(self.counts, 0)

    # ------------------------------------------------------------------ on the way in

    def incoming(self, visit: Recipient, handle: Callable[[], None]) -> None:
        """Let a command be handled now, later or not at all."""
        settings, dice = self.settings, self._dice
        for how in ("reset", "half_frame", "close"):
            fault = getattr(settings, how)
            if fault is not None and dice.chance(fault.rate):
                self.counts[how] += 1
                visit.cut(how, getattr(fault, "code", 1012))
                return
        now_ns = due_ns = self._scheduler.now_ns()
        thaw_ns = self._thaw_ns()
        if thaw_ns > now_ns:
            self.counts["freeze"] += 1
            due_ns = thaw_ns
        if settings.capacity is not None:
            if self._at_the_clerk >= settings.capacity.most_waiting:
                visit.turn_away()
                return
            if self._clerk_free_ns > due_ns:
                self.counts["capacity"] += 1
                due_ns = self._clerk_free_ns
            due_ns += round(1e9 / settings.capacity.commands_per_s)
            self._clerk_free_ns = due_ns
            self._at_the_clerk += 1
            handle = partial(self._serve, handle)
        if due_ns > now_ns:
            self._scheduler.at(due_ns, handle)
        else:
            handle()

    def _serve(self, handle: Callable[[], None]) -> None:
        self._at_the_clerk -= 1
        handle()

    def _thaw_ns(self) -> int:
        freeze = self.settings.freeze
        return 0 if freeze is None else self._set_ns["freeze"] + freeze.lasts

    # ------------------------------------------------------------------ on the way out

    def outgoing(self, visit: Recipient, events: tuple[Event, ...], received_ns: int | None) -> None:
        """Send events now, later, twice, elsewhere or not at all."""
        line = next((each.classname for each in reversed(events) if isinstance(each, NewLine)), None)
        if line is None:
            self._send(visit, events, received_ns)
            return
        if self._strikes("lost_line", line):
            events = tuple(each for each in events if not isinstance(each, NewLine))
            if events:
                self._send(visit, events, received_ns)
            return
        if self._strikes("crossed_line", line) and self._cross(visit, events, received_ns):
            return
        if visit.held_line is None and self._strikes("reordered_lines", line):
            visit.held_line = (events, received_ns)
            return
        self._send(visit, events, received_ns)
        if self._strikes("doubled_line", line):
            self._send(visit, tuple(each for each in events if isinstance(each, NewLine)), received_ns)
        if visit.held_line is not None:
            held, visit.held_line = visit.held_line, None
            self.counts["reordered_lines"] += 1
            self._send(visit, *held)

    def _strikes(self, name: str, classname: str) -> bool:
        fault: LineFault | None = getattr(self.settings, name)
        if fault is None or classname not in fault.classes or not self._dice.chance(fault.rate):
            return False
        if name not in ("reordered_lines", "crossed_line"):  # these are counted once they have come about
            self.counts[name] += 1
        return True

    def _cross(self, visit: Recipient, events: tuple[Event, ...], received_ns: int | None) -> bool:
        others = [each for each in self._recipients() if each is not visit and each.is_reachable]
        if not others:
            return False
        other = self._dice.pick(others)
        lines = tuple(
            msgspec.structs.replace(each, chat_uid=other.chat_uid) for each in events if isinstance(each, NewLine)
        )
        rest = tuple(each for each in events if not isinstance(each, NewLine))
        self.counts["crossed_line"] += 1
        if rest:
            self._send(visit, rest, received_ns)
        self._send(other, lines, received_ns)
        return True

    def _send(self, visit: Recipient, events: tuple[Event, ...], received_ns: int | None) -> None:
        now_ns = self._scheduler.now_ns()
        # What goes to one visitor stays in its order, whatever is added to it.
        due_ns = visit.sends_until_ns = max(visit.sends_until_ns, now_ns + self._added_ns(events, now_ns))
        if due_ns > now_ns:
            self._scheduler.at(due_ns, partial(visit.deliver, events, received_ns))
        else:
            visit.deliver(events, received_ns)

    def _added_ns(self, events: tuple[Event, ...], now_ns: int) -> int:
        settings, added_ns = self.settings, 0
        if settings.freeze is not None and (left_ns := self._thaw_ns() - now_ns) > 0:
            self.counts["freeze"] += 1
            added_ns += left_ns
        if settings.latency is not None and _concerns(settings.latency.events, events):
            self.counts["latency"] += 1
            added_ns += settings.latency.delay.draw_ns(self._dice)
        spikes = settings.spikes
        in_spike = spikes is not None and (now_ns - self._set_ns["spikes"]) % spikes.every < spikes.lasts
        if spikes is not None and in_spike and _concerns(spikes.events, events):
            self.counts["spikes"] += 1
            added_ns += spikes.delay.draw_ns(self._dice)
        growth = settings.growth
        if growth is not None and _concerns(growth.events, events):
            self.counts["growth"] += 1
            chats = self.chats_begun - self._set_chats
            added_ns += growth.per_hour * (now_ns - self._set_ns["growth"]) // _HOUR_NS + growth.per_chat * chats
        return added_ns

    # ------------------------------------------------------------------ elsewhere

    def operator_vanishes(self) -> bool:
        """Whether the operator who is about to reply never will."""
        fault = self.settings.vanishing_operators
        vanishes = fault is not None and self._dice.chance(fault.rate)
        self.counts["vanishing_operators"] += vanishes
        return vanishes

    def refused_upgrade(self) -> int | None:
        """The HTTP status that an upgrade is refused with, None to let it pass."""
        fault = self.settings.refused_upgrade
        if fault is None or not self._dice.chance(fault.rate):
            return None
        self.counts["refused_upgrade"] += 1
        return fault.status

    def accept_delay_ns(self) -> int:
        """How long an upgrade waits for its answer."""
        fault = self.settings.slow_accept
        if fault is None:
            return 0
        self.counts["slow_accept"] += 1
        return fault.delay.draw_ns(self._dice)


def _concerns(names: tuple[str, ...], events: tuple[Event, ...]) -> bool:
    return not names or any(event.name in names for event in events)
