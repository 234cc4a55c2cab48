"""A clock that tests turn by themselves, and user classes without a test environment."""

from __future__ import annotations

import pytest


class FakeClock:
    """A monotonic clock on which only sleeping takes time.

    Attributes:
        now_ns: what it shows.
        late_ns: how much later than asked for every sleep ends.
        slept: how often somebody slept for longer than nothing.
        yielded: how often somebody slept for nothing, to let others go on.
    """

    def __init__(self) -> None:
        self.now_ns = 1_000_000_000_000
        self.late_ns = 0
        self.slept = self.yielded = 0

    def read(self) -> int:
        """The time."""
        return self.now_ns

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        if seconds > 0:
            self.slept += 1
            self.now_ns += max(1, round(seconds * 1e9)) + self.late_ns
        else:
            self.yielded += 1


@pytest.fixture
def clock() -> FakeClock:
    """A clock at some time."""
    return FakeClock()
