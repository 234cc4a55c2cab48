"""The one place that reads a clock. Everything else is told the time, or asks here."""

from __future__ import annotations

import time

__all__ = ["Deadline", "cpu_ns", "monotonic_ns", "wall_ns"]

wall_ns = time.time_ns
"""Nanoseconds since the epoch (CLOCK_REALTIME): the clock the kernel stamps received bytes with."""

monotonic_ns = time.monotonic_ns
"""Nanoseconds on a clock that never steps: for waiting, never for a stamp that leaves the process."""

cpu_ns = time.process_time_ns
"""Nanoseconds of CPU time this process has used, user and system."""


class Deadline:
    """One point in time carried across the steps of an operation, so that their waits add up to one limit.

    Args:
        timeout_s: seconds from now; None for no limit; 0 or less is a deadline already past.
    """

    __slots__ = ("due_ns",)

    def __init__(self, timeout_s: float | None) -> None:
        self.due_ns: int | None = None if timeout_s is None else monotonic_ns() + int(timeout_s * 1e9)

    def remaining_s(self) -> float | None:
        """Seconds left, never below 0; None when there is no limit."""
        if self.due_ns is None:
            return None
        return max(0, self.due_ns - monotonic_ns()) / 1e9

    @property
    def passed(self) -> bool:
        """Whether the point in time is behind us."""
        return self.due_ns is not None and monotonic_ns() >= self.due_ns
