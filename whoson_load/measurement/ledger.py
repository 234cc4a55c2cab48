"""The ledger of one chat: every Message carries a token, and every token is accounted for.

    sent = echoed + lost + in flight

Beside that sum it counts what must not happen at all: lines that came late, twice, in another order, or from another
chat. Knows nothing of sockets, of other chats or of clocks: a foreign token is known by its spelling alone.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

__all__ = ["Fate", "Line", "TokenBook", "in_flight", "run_tag"]

_TOKEN: Final = re.compile(r"[0-9]{1,18}c[0-9]{1,18}n([0-9]{1,18})z")
_MOST_LOST_KNOWN: Final = 256  # Invented: lost lines whose coming after all is still told from a doubled line


class Fate(StrEnum):
    """What became of a line; the names that the ledger counts by."""

    SENT = "sent"
    """A Message was sent."""
    ECHOED = "echoed"
    """Its line came back within its deadline."""
    LOST = "lost"
    """It did not."""
    LATE = "late"
    """A line counted as lost came after all; it stays lost."""
    DUPLICATED = "duplicated"
    """A line came that had come already."""
    REORDERED = "reordered"
    """A line came after one that was sent later (RFC 4737, section 3); it is echoed as well."""
    CROSSED = "crossed"
    """A line came that this chat never sent."""


_SENT, _ECHOED = Fate.SENT, Fate.ECHOED  # an attribute of an enumeration costs 60 ns each time


class Line(msgspec.Struct, frozen=True, gc=False):
    """A line with a token of this run.

    Attributes:
        fate: echoed, late, duplicated or crossed.
        sequence: which Message of its chat it is, from 1.
        sent_ns: when the Message was sent, for an echoed line; else None.
        reordered: whether a line that was sent later came before it.
    """

    fate: Fate
    sequence: int
    sent_ns: int | None = None
    reordered: bool = False


def run_tag(seed: int) -> str:
    """A short name for a run that tokens and visitors' names bear: five letters and digits, made of its seed alone.

    So the same seed sends the same bytes, and what a run left on a server is found by the tag in its record. Runs of
    one seed share their tag, as they share their visitors: made at the same time on the same server, neither could
    tell the other's lines from its own.
    """
    digest = hashlib.blake2b(str(seed).encode(), digest_size=5).digest()
    return base64.b32encode(digest).decode().lower()[:5]


def in_flight(lines: Mapping[str, int]) -> int:
    """How many lines are neither echoed nor lost, from a tally's `lines` that were counted since the run's begin."""
    return lines.get(Fate.SENT, 0) - lines.get(Fate.ECHOED, 0) - lines.get(Fate.LOST, 0)


class TokenBook:
    """The ledger of one chat.

    A token such as `wlk3f9av1287c2n14z` is the 14th Message of visitor 1287's second chat in run k3f9a: letters and
    digits only, so that escaping, Markdown and link-making leave it alone; the closing letter shows one that was cut.

    Memory does not grow with the length of a visit (below 500 bytes while no line is in flight): tokens are numbered,
    so whatever is below the next number and neither in flight nor known as lost has been echoed. Of lost lines the
    latest 256 are known; one that comes even later counts as duplicated. A line costs about 1 us.

    Args:
        tag: the run's, from `run_tag`.
        visitor: the visitor's number, unique in the run.
        visit: which of the visitor's chats this is, from 1.
        deadline_ns: how long after sending a line may come; later it is lost.
        count: told every fate and how many, as it happens (`Recorder.line`).

    Raises:
        ValueError: a tag of other characters, or a negative number.
    """

    __slots__ = ("_count", "_deadline_ns", "_flight", "_greatest", "_lost", "_next", "_own", "_run")

    def __init__(
        self, tag: str, visitor: int, visit: int, deadline_ns: int, count: Callable[[Fate, int], object]
    ) -> None:
        if not (tag.isascii() and tag.isalnum()):
            raise ValueError(f"got run tag '{tag}', expected letters and digits")
        if visitor < 0 or visit < 0:
            raise ValueError(f"got visitor {visitor}, visit {visit}, expected none below 0")
        self._run = f"wl{tag}v"
        self._own = f"{visitor}c{visit}n"
        self._deadline_ns = deadline_ns
        self._count = count
        self._next = 1
        self._greatest = 0
        self._flight: dict[int, int] | None = None
        self._lost: dict[int, None] | None = None

    @property
    def token(self) -> str:
        """The token that the next Message must contain, with something else than a letter or digit on both sides."""
        return f"{self._run}{self._own}{self._next}z"

    @property
    def in_flight(self) -> int:
        """Lines sent that are neither echoed nor lost."""
        return len(self._flight) if self._flight else 0

    def sent(self, now_ns: int) -> int:
        """Enter that the Message with the current `token` was sent.

        Args:
            now_ns: when, on the clock that lines are stamped with.

        Returns:
            the line's number in this chat.
        """
        self.expire(now_ns)
        if self._flight is None:
            self._flight = {}
        sequence = self._next
        self._flight[sequence] = now_ns
        self._next += 1
        self._count(_SENT, 1)
        return sequence

    def line(self, text: str, now_ns: int) -> Line | None:
        """Enter a visitor's line (`linev`) that the server sent.

        Args:
            text: the line's content, escaped or marked up as it may be.
            now_ns: when it was received.

        Returns:
            what it was; None when it bears no whole token of this run.
        """
        token = self._read(text)
        if token is None:
            return None
        mine, sequence = token
        self.expire(now_ns)
        if not mine or not 0 < sequence < self._next:
            return self._seen(Line(Fate.CROSSED, sequence))
        if self._flight and (sent_ns := self._flight.pop(sequence, None)) is not None:
            reordered = sequence < self._greatest
            if reordered:
                self._count(Fate.REORDERED, 1)
            else:
                self._greatest = sequence
            return self._seen(Line(_ECHOED, sequence, sent_ns, reordered))
        if self._lost and sequence in self._lost:
            del self._lost[sequence]
            return self._seen(Line(Fate.LATE, sequence))
        return self._seen(Line(Fate.DUPLICATED, sequence))

    def other_line(self, text: str) -> Line | None:
        """Look at a line that is not the visitor's: an operator may quote this chat's token, but no other chat's.

        Returns:
            the crossed line, counted; else None.
        """
        token = self._read(text)
        if token is None:
            return None
        mine, sequence = token
        return None if mine and 0 < sequence < self._next else self._seen(Line(Fate.CROSSED, sequence))

    def expire(self, now_ns: int) -> int:
        """Give up the lines in flight whose deadline has passed; `sent` and `line` do so, too.

        Returns:
            how many were lost just now.
        """
        if not self._flight:
            return 0
        latest_ns = now_ns - self._deadline_ns
        if min(self._flight.values()) >= latest_ns:
            return 0
        gone = [sequence for sequence, sent_ns in self._flight.items() if sent_ns < latest_ns]
        if self._lost is None:
            self._lost = {}
        for sequence in gone:
            del self._flight[sequence]
            self._lost[sequence] = None
        while len(self._lost) > _MOST_LOST_KNOWN:
            del self._lost[next(iter(self._lost))]
        self._count(Fate.LOST, len(gone))
        return len(gone)

    def next_deadline_ns(self) -> int | None:
        """When the first of the lines in flight will be lost; None when there is none."""
        return min(self._flight.values()) + self._deadline_ns if self._flight else None

    def _read(self, text: str) -> tuple[bool, int] | None:
        """Whose token the text bears (True: this chat's), and its number; None for none, or one that was cut."""
        start = text.find(self._run)
        while start >= 0:
            start += len(self._run)
            latest = self._next - 1
            if text.startswith(f"{self._own}{latest}z", start):  # what nearly every line bears
                return True, latest
            match = _TOKEN.match(text, start)
            if match is not None:
                return text.startswith(self._own, start), int(match[1])
            start = text.find(self._run, start)
        return None

    def _seen(self, line: Line) -> Line:
        self._count(line.fate, 1)
        return line
