"""The faults there are, and their parameters: for the site file, and for changes while the server runs."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from whoson_load.protocol.events import EVENTS
from whoson_load.protocol.lines import LineKind
from whoson_load.simulator.delays import Delay, Duration, convert

__all__ = [
    "CapacityFault",
    "CloseFault",
    "FaultSettings",
    "FreezeFault",
    "GrowthFault",
    "LatencyFault",
    "LineFault",
    "RateFault",
    "RefusedUpgradeFault",
    "SlowAcceptFault",
    "SpikeFault",
    "changed",
    "contradiction",
]

Rate = Annotated[float, Meta(ge=0, le=1)]


class _Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fault."""


class LatencyFault(_Fault, frozen=True, kw_only=True):
    """Events come later than they would. Counted: events held back.

    Attributes:
        delay: what is added, drawn anew for each event.
        events: names of the events it concerns; empty for all. Others of the same chat behind a delayed one wait with
            it.
    """

    delay: Delay
    events: tuple[str, ...] = ()


class SpikeFault(_Fault, frozen=True, kw_only=True):
    """Latency that comes and goes: for `lasts` of every `every` since it was set. Counted: events held back."""

    delay: Delay
    every: Duration
    lasts: Duration
    events: tuple[str, ...] = ()


class GrowthFault(_Fault, frozen=True, kw_only=True):
    """Latency that grows, like that of a server which leaks. Counted: events held back.

    Attributes:
        per_hour: added for each hour since the fault was set, in proportion.
        per_chat: added for each chat begun since then.
    """

    per_hour: Duration = Duration(0)
    per_chat: Duration = Duration(0)
    events: tuple[str, ...] = ()


class CapacityFault(_Fault, frozen=True, kw_only=True):
    """One clerk who serves all commands of all visitors in turn: beyond this rate they queue, and there is a true knee.

    Counted: commands that had to wait.

    Attributes:
        commands_per_s: how many are served a second; each takes 1 / commands_per_s.
        most_waiting: how many may be there at once, the one that is served included. Who sends one more is turned away:
            the command is lost and the connection closed with 1013; the incident `overflowing_commands` counts it.
            Invented: with some hundred bytes each they hold a few megabytes.
    """

    commands_per_s: Annotated[float, Meta(gt=0)]
    most_waiting: Annotated[int, Meta(ge=1)] = 10_000


class FreezeFault(_Fault, frozen=True, kw_only=True):
    """Nothing is done for a while from when it is set, then all at once. Counted: commands and events held back."""

    lasts: Duration


class LineFault(_Fault, frozen=True, kw_only=True):
    """Something happens to lines. Counted: lines it happened to.

    Attributes:
        rate: the probability per line.
        classes: the lines it may happen to; the `linesays` ahead of one shares its fate.
    """

    rate: Rate
    classes: tuple[str, ...] = (LineKind.VISITOR.value, LineKind.OPERATOR.value)


class RateFault(_Fault, frozen=True, kw_only=True):
    """Something happens now and then. Counted: how often it did.

    Attributes:
        rate: the probability per opportunity.
    """

    rate: Rate


class CloseFault(_Fault, frozen=True, kw_only=True):
    """The server closes the connection instead of answering a command. Counted: connections closed."""

    rate: Rate
    code: Annotated[int, Meta(ge=1000, le=4999)] = 1012


class RefusedUpgradeFault(_Fault, frozen=True, kw_only=True):
    """Upgrades are answered with an error of HTTP. Counted: upgrades refused."""

    rate: Rate
    status: Annotated[int, Meta(ge=400, le=599)] = 503


class SlowAcceptFault(_Fault, frozen=True, kw_only=True):
    """Upgrades are answered late. Counted: upgrades held back."""

    delay: Delay


class FaultSettings(_Fault, frozen=True, kw_only=True):
    """All faults; None is off.

    Attributes:
        lost_line: never sent. doubled_line: sent twice. reordered_lines: sent after the next line of its chat.
        crossed_line: sent to another chat that goes on, under that chat's UID, instead of its own.
        vanishing_operators: per reply: the operator says nothing more, ever, and stays in the chat.
        reset: per command: a TCP reset instead of an answer. half_frame: per command: half of an event, then the end.
        close: per command: a closing handshake instead of an answer.
    """

    latency: LatencyFault | None = None
    spikes: SpikeFault | None = None
    growth: GrowthFault | None = None
    capacity: CapacityFault | None = None
    freeze: FreezeFault | None = None
    lost_line: LineFault | None = None
    doubled_line: LineFault | None = None
    reordered_lines: LineFault | None = None
    crossed_line: LineFault | None = None
    vanishing_operators: RateFault | None = None
    reset: RateFault | None = None
    half_frame: RateFault | None = None
    close: CloseFault | None = None
    refused_upgrade: RefusedUpgradeFault | None = None
    slow_accept: SlowAcceptFault | None = None


def contradiction(settings: FaultSettings) -> tuple[str, str] | None:
    """What no type can forbid: (path below the faults, what is wrong), None when all is well."""
    for name in settings.__struct_fields__:
        fault = getattr(settings, name)
        for event in getattr(fault, "events", ()):
            if event not in EVENTS:
                return f".{name}.events", f"got {event!r}, expected names of events"
        for each in getattr(fault, "classes", ()):
            if each not in _CLASSES:
                return f".{name}.classes", f"got {each!r}, expected classnames of lines"
    if settings.spikes is not None and not 0 < settings.spikes.lasts <= settings.spikes.every:
        return (
            ".spikes.lasts",
            "got spikes that last no time or longer than until the next, expected 0 < lasts <= every",
        )
    return None


def changed(settings: FaultSettings, wishes: bytes) -> FaultSettings:
    """Lay wishes over the faults there are.

    Args:
        wishes: a JSON object, fault -> its parameters, or null to switch it off; faults not named stay.

    Raises:
        ValueError: it is none, or a parameter is not what it has to be.
    """
    try:
        named = msgspec.json.decode(wishes, type=dict[str, object])
        wished = msgspec.convert(named, FaultSettings, dec_hook=convert)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise ValueError(str(problem)) from None
    result = msgspec.structs.replace(settings, **{name: getattr(wished, name) for name in named})
    problem_found = contradiction(result)
    if problem_found is not None:
        raise ValueError(f"{problem_found[1]} - at `$${problem_found[0]}`".replace("$$", "$"))
    return result


_CLASSES = frozenset(kind.value for kind in LineKind if kind.value)
