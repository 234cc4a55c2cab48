"""When things are due: one heap of timers for all chats. Knows nothing of chats; the event loop only wakes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Protocol

from whoson_load.clock import monotonic_ns, wall_ns

__all__ = ["LoopScheduler", "Scheduler", "Timer", "TimerHeap", "cancel"]

Timer = list[object]
"""[due_ns, order, callback]: what `at` returns and `cancel` takes. A heap compares lists without calling Python."""


def cancel(timer: Timer | None) -> None:
    """See to it that a timer never fires; None and one that fired are fine. What it held is let go at once."""
    if timer is not None:
        timer[2] = None


class Scheduler(Protocol):
    """What chats know of time."""

    def now_ns(self) -> int:
        """Nanoseconds on a clock that never steps."""
        ...

    def wall_ns(self) -> int:
        """Nanoseconds since the epoch: the stamps of transcripts."""
        ...

    def at(self, due_ns: int, callback: Callable[[], None]) -> Timer:
        """Call back when `now_ns` has reached `due_ns`: never before, and as soon after as the loop can."""
        ...


class TimerHeap:
    """Timers in the order they are due, those due at once in the order they were set. Costs about 1 us each."""

    __slots__ = ("_heap", "_order", "_sweep_at")

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._order = 0
        self._sweep_at = 1024

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, due_ns: int, callback: Callable[[], None]) -> Timer:
        """Set a timer."""
        self._order += 1
        timer: Timer = [due_ns, self._order, callback]
        heappush(self._heap, timer)
        if len(self._heap) > self._sweep_at:
            self._sweep()
        return timer

    @property
    def next_due_ns(self) -> int | None:
        """When the next live timer is due, None when there is none."""
        heap = self._heap
        while heap and heap[0][2] is None:
            heappop(heap)
        return heap[0][0] if heap else None  # type: ignore[return-value]

    def run(self, now_ns: int, at_most: int) -> None:
        """Fire what is due, up to so many. A callback that raises is taken off; the others stay for the next run."""
        heap = self._heap
        while heap and at_most and heap[0][0] <= now_ns:  # type: ignore[operator]
            timer = heappop(heap)
            callback, timer[2] = timer[2], None
            if callback is not None:
                at_most -= 1
                callback()  # type: ignore[operator]

    def _sweep(self) -> None:
        # Chats end long before their inactivity would: without this, a soak keeps every one of those timers until then.
        self._heap[:] = [timer for timer in self._heap if timer[2] is not None]
        heapify(self._heap)
        self._sweep_at = 2 * len(self._heap) + 1024


_TURN = 500
"""The most callbacks of one turn: then sockets are read again, so that a burst of timers delays no frame for long."""


class LoopScheduler:
    """The scheduler of the running server: the heap, woken by one timer of the event loop.

    uvloop counts timers in whole milliseconds and may be early by part of one, so a wake-up only ever asks the clock
    what is due, and the next one is set to the millisecond above.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._heap = TimerHeap()
        self._handle: asyncio.TimerHandle | asyncio.Handle | None = None
        self._armed_ns: int | None = None

    now_ns = staticmethod(monotonic_ns)
    wall_ns = staticmethod(wall_ns)

    def at(self, due_ns: int, callback: Callable[[], None]) -> Timer:
        """Set a timer; wakes the loop earlier when it is the next one due."""
        timer = self._heap.push(due_ns, callback)
        if self._armed_ns is None or due_ns < self._armed_ns:
            self._arm(due_ns)
        return timer

    def close(self) -> None:
        """Never wake again."""
        if self._handle is not None:
            self._handle.cancel()
        self._armed_ns = -1

    def _arm(self, due_ns: int) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._armed_ns = due_ns
        wait_ms = -((monotonic_ns() - due_ns) // 1_000_000)
        if wait_ms <= 0:
            self._handle = self._loop.call_soon(self._turn)
        else:
            self._handle = self._loop.call_later(wait_ms / 1000, self._turn)

    def _turn(self) -> None:
        self._handle = None
        # Timers set by the callbacks below do not arm: all are looked at once the turn is over.
        self._armed_ns = -1
        try:
            self._heap.run(monotonic_ns(), _TURN)
        finally:
            self._armed_ns = None
            due_ns = self._heap.next_due_ns
            if due_ns is not None:
                self._arm(due_ns)
