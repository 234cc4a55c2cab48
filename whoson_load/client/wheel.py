"""One timer for every waiting visitor: a heap looked at every two milliseconds. Knows nothing of sockets or chats.

A libev timer for each wait costs more than the wait is worth: a visitor that types waits several times a second. The
price is that a wait ends up to one tick late; what is sent after it is timed by its own clock reading, so the tick
shifts when things happen, never how long they are said to have taken.

Near waits (typing, thinking) mostly end by their time and lie in the heap; far ones (reply deadlines) mostly end by an
event long before, so they lie in sets by the second they are due in, where leaving costs nothing, and move to the heap
in their last seconds.
"""

from __future__ import annotations

import heapq
from typing import Protocol
from weakref import WeakKeyDictionary

from gevent import get_hub
from gevent.hub import Hub

from whoson_load.clock import monotonic_ns

__all__ = ["TICK_S", "TURN_LIMIT_NS", "Sleeper", "Wheel", "wheel"]

TICK_S = 0.002
"""How often the heap is looked at."""

TURN_LIMIT_NS = 5_000_000
"""How long one turn may wake visitors before it lets arriving bytes through. After a stall of a second everything is
due at once, and without this limit one turn lasted 154 ms."""

_SLOT_BITS = 30  # far waits are kept by the 1.07 s they are due in: a shift is cheaper than a division
_FAR_NS = 2 << _SLOT_BITS


class Sleeper(Protocol):
    """What waits: at most one wait at a time.

    Attributes:
        due_ns: when its wait ends, on the monotonic clock; 0 while it does not wait.
        scheduled_ns: the due time of its entry in the heap; 0 for none. An entry of another time is stale.
    """

    due_ns: int
    scheduled_ns: int

    def wake(self) -> None:
        """Called by the wheel when the wait's time is over."""


class Wheel:
    """The waits of all visitors of one event loop.

    Args:
        hub: whose loop turns it; None for one that a test turns by hand.

    Attributes:
        far_from_ns: what is due from here on is far, and has to be cancelled when it ends before its time.
    """

    def __init__(self, hub: Hub | None) -> None:
        self._heap: list[tuple[int, int, Sleeper]] = []
        self._far: dict[int, set[Sleeper]] = {}
        self._number = 0
        self._slot = monotonic_ns() >> _SLOT_BITS
        self.far_from_ns = (self._slot + 3) << _SLOT_BITS
        if hub is not None:
            self._timer = hub.loop.timer(TICK_S, TICK_S)
            self._timer.start(self._tick)

    def schedule(self, sleeper: Sleeper) -> None:
        """See to it that the sleeper is woken at its `due_ns`, if it still waits then."""
        due_ns = sleeper.due_ns
        if due_ns >= self.far_from_ns:
            self._far.setdefault(due_ns >> _SLOT_BITS, set()).add(sleeper)
        elif due_ns != sleeper.scheduled_ns:
            self._push(sleeper)

    def cancel(self, sleeper: Sleeper, due_ns: int) -> None:
        """Forget a far wait that ended before its time. An entry in the heap is left to be found stale."""
        waiting = self._far.get(due_ns >> _SLOT_BITS)
        if waiting is not None:
            waiting.discard(sleeper)

    def __len__(self) -> int:
        """How many entries lie here, stale ones included."""
        return len(self._heap) + sum(map(len, self._far.values()))

    def _push(self, sleeper: Sleeper) -> None:
        self._number += 1
        sleeper.scheduled_ns = sleeper.due_ns
        heapq.heappush(self._heap, (sleeper.due_ns, self._number, sleeper))

    def _tick(self) -> None:
        self.turn(monotonic_ns())

    def turn(self, now_ns: int) -> None:
        """Wake everybody whose time is over, for at most TURN_LIMIT_NS; who is left is woken in the next turn."""
        slot = now_ns >> _SLOT_BITS
        if slot > self._slot:
            self._slot = slot
            self.far_from_ns = (slot + 3) << _SLOT_BITS
            for near in [each for each in self._far if each <= slot + 2]:
                for sleeper in self._far.pop(near):
                    self._push(sleeper)
        heap = self._heap
        if not heap or heap[0][0] > now_ns:
            return
        stop_ns = now_ns + TURN_LIMIT_NS
        while heap and heap[0][0] <= now_ns:
            due_ns, _, sleeper = heapq.heappop(heap)
            if sleeper.scheduled_ns != due_ns:
                continue
            sleeper.scheduled_ns = 0
            if sleeper.due_ns == due_ns:
                sleeper.wake()
                if monotonic_ns() > stop_ns:
                    return
            elif sleeper.due_ns:
                self.schedule(sleeper)


def wheel() -> Wheel:
    """The wheel of the running event loop, made when it is first asked for (so that a forked worker gets its own)."""
    hub = get_hub()
    turning = _wheels.get(hub)
    if turning is None:
        turning = _wheels[hub] = Wheel(hub)
    return turning


_wheels: WeakKeyDictionary[Hub, Wheel] = WeakKeyDictionary()
