"""One worker's numbered reports, seen from the master: which have come, which may still come, and which are lost.

Knows numbers and the begins of intervals, not what reports hold nor how they are merged. Reads no clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Sender"]

_GREATEST_LEAP: Final = 100_000  # Invented: a number so far ahead of the last is no number of a report
_SKEW_WINDOW: Final = 12  # Invented: a minute of intervals, of which one at least travelled without delay
_SKEW_CERTAIN: Final = 3  # Invented: a single message may have been held up


@dataclass(slots=True)
class Sender:
    """One worker's numbers. Bounded, however many there are: they come in order, but for a few around a gap.

    Attributes:
        through: all numbers up to this one have come or are given up.
        through_ns: the begin of the latest interval that they bring.
        ahead: number -> begin of its interval, for what came although one before it did not.
        absent: numbers given up.
        untold: those of them that no interval has told of.
        gone: nobody waits for it any more.
        ended: its last report came.
        late, doubled: how many of its reports came after their interval was written, or twice.
        offsets_ns: what its latest messages say of its clock.
    """

    through: int = 0
    through_ns: int = 0
    ahead: dict[int, int] = field(default_factory=dict)
    absent: set[int] = field(default_factory=set)
    untold: set[int] = field(default_factory=set)
    gone: bool = False
    ended: bool = False
    late: int = 0
    doubled: int = 0
    offsets_ns: deque[int] = field(default_factory=lambda: deque(maxlen=_SKEW_WINDOW))

    @property
    def owes(self) -> bool:
        """Whether there is still something to come from it."""
        return not self.gone and (not self.ended or bool(self.ahead))

    def enter(self, number: int, start_ns: int) -> bool:
        """Enter a number that came.

        Returns:
            whether it was given up and told of before.
        """
        self.gone = False
        if number in self.absent:
            self.absent.discard(number)
            self.through_ns = max(self.through_ns, start_ns)
            told = number not in self.untold
            self.untold.discard(number)
            return told
        self.ahead[number] = start_ns
        self._close_up()
        return False

    def reject(self, number: int) -> None:
        """Enter a number whose report is broken: it will not come again."""
        if number > self.through and number not in self.ahead:
            self.ahead[number] = 0
            self._miss(number)
            self._close_up()

    def expects(self, number: int) -> bool:
        """Whether a number can be one of its reports'."""
        return 0 < number <= self.through + _GREATEST_LEAP

    def has(self, number: int) -> bool:
        """Whether a number has come."""
        return number in self.ahead or (number <= self.through and number not in self.absent)

    def give_up(self) -> None:
        """Wait no longer for the numbers below the greatest that came."""
        for number in range(self.through + 1, max(self.ahead, default=0)):
            if number not in self.ahead:
                self._miss(number)
        while self.ahead:
            self.through = min(self.ahead) - 1
            self._close_up()

    def die(self) -> None:
        """Wait for nothing more: what it held is lost with it, the interval it was in at the least."""
        self.give_up()
        self.gone = True
        if not self.ended:
            self.through += 1
            self._miss(self.through)

    def skew_ns(self) -> int | None:
        """How far its clock is ahead of the master's, below 0 for behind; None for not known yet.

        A message that took its time looks like a clock that is behind, never like one ahead: hence the greatest.
        """
        if not self.offsets_ns:
            return None
        greatest = max(self.offsets_ns)
        return greatest if greatest > 0 or len(self.offsets_ns) >= _SKEW_CERTAIN else None

    def _miss(self, number: int) -> None:
        self.absent.add(number)
        self.untold.add(number)

    def _close_up(self) -> None:
        while (start_ns := self.ahead.pop(self.through + 1, None)) is not None:
            self.through += 1
            self.through_ns = max(self.through_ns, start_ns)
