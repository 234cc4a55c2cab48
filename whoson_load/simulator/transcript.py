"""What was said in a chat, and when by the server's own clock: what calibrations compare with. Sends nothing itself."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

__all__ = ["Line", "Transcript"]


class Line(NamedTuple):
    """A line of a chat.

    Attributes:
        classname, content: as sent.
        received_ns: of a visitor's line: when its Message was read; else None.
        sent_ns: right before it was written to the socket; None when the visitor's socket was gone.
    """

    classname: str
    content: str
    received_ns: int | None
    sent_ns: int | None


class Transcript(msgspec.Struct, gc=False):
    """The lines of a chat and the stamps of its steps; all times in nanoseconds since the epoch (CLOCK_REALTIME).

    Attributes:
        stamps: step -> when it first happened: `hello_received_ns`, `accepted_sent_ns`, `operatorjoined_sent_ns`, ...
        lines: in the order they were sent.
        lines_forgotten: how many of the oldest are no longer kept.
    """

    stamps: dict[str, int] = msgspec.field(default_factory=dict)
    lines: list[Line] = msgspec.field(default_factory=list)
    lines_forgotten: int = 0

    def stamp(self, step: str, when_ns: int | None) -> None:
        """Note when a step first happened."""
        if when_ns is not None:
            self.stamps.setdefault(step, when_ns)

    def add(self, line: Line, keep: int) -> None:
        """Note a line, and forget the oldest tenth once there are more than are to be kept."""
        self.lines.append(line)
        if len(self.lines) > keep:
            surplus = max(1, keep // 10)
            del self.lines[:surplus]
            self.lines_forgotten += surplus
