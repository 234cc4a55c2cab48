"""One timer for every waiting visitor: a wheel looked at every two milliseconds. Knows nothing of sockets or chats.

A libev timer for each wait costs more than the wait is worth: a visitor that types waits several times a second. The
price is that a wait ends up to one tick late; what is sent after it is timed by its own clock reading, so the tick
shifts when things happen, never how long they are said to have taken.

Near waits (typing, thinking) mostly end by their time and lie in lists by the two milliseconds they are due in; far
ones (reply deadlines) mostly end by an event long before, and lie in sets by the second. An entry is never taken out
because a wait ended: who waits anew for later than the entry it has keeps it, and is put back when that turns up. So
somebody who sends one command after another, each with a deadline of its own, has one far entry in all.
"""

from __future__ import annotations

from typing import Protocol
from weakref import WeakKeyDictionary

from gevent import get_hub
from gevent.hub import Hub

from whoson_load.clock import monotonic_ns

__all__ = ["TICK_S", "TURN_LIMIT_NS", "Sleeper", "Wheel", "wheel"]

TICK_S = 0.002
"""How often the wheel is turned."""

TURN_LIMIT_NS = 5_000_000
"""How long one turn may wake visitors before it lets arriving bytes through. After a stall of a second everything is
due at once, and without this limit one turn lasted 154 ms."""

_NEAR_BITS, _FAR_BITS = 21, 30  # slots of 2.1 ms and of 1.07 s: a shift is cheaper than a division


class Sleeper(Protocol):
    """What waits: at most one wait at a time. All three are 0 at first; the last two are the wheel's alone.

    Attributes:
        due_ns: when its wait ends, on the monotonic clock; 0 while it does not wait.
        near_ns: the time that its entry among the near ones is for; 0 for none. An entry of another time is stale.
        far_ns: likewise among the far ones.
    """

    due_ns: int
    near_ns: int
    far_ns: int

    def wake(self) -> None:
        """Called by the wheel when the wait's time is over."""


class Wheel:
    """The waits of all visitors of one event loop.

    Args:
        hub: whose loop turns it; None for one that a test turns by hand.
    """

    def __init__(self, hub: Hub | None) -> None:
        self._near: dict[int, list[Sleeper]] = {}
        self._far: dict[int, set[Sleeper]] = {}
        self._due: list[Sleeper] = []  # what a turn that lasted left to the next
        now_ns = monotonic_ns()
        self._slot = now_ns >> _NEAR_BITS  # the first that is not over yet
        self._second = now_ns >> _FAR_BITS
        self._far_from_ns = (self._second + 3) << _FAR_BITS
        if hub is not None:
            self._timer = hub.loop.timer(TICK_S, TICK_S)
            self._timer.start(self._tick)

    def schedule(self, sleeper: Sleeper) -> None:
        """See to it that the sleeper is woken at its `due_ns`, if it still waits then."""
        due_ns = sleeper.due_ns
        if due_ns < self._far_from_ns:
            if not 0 < sleeper.near_ns <= due_ns:
                sleeper.near_ns = due_ns
                slot = due_ns >> _NEAR_BITS
                if slot < self._slot:  # noqa: PLR1730  # max() costs 0.1 us
                    slot = self._slot
                try:
                    self._near[slot].append(sleeper)
                except KeyError:
                    self._near[slot] = [sleeper]
        elif not 0 < sleeper.far_ns <= due_ns:
            self.forget(sleeper)
            sleeper.far_ns = due_ns
            self._far.setdefault(due_ns >> _FAR_BITS, set()).add(sleeper)

    def forget(self, sleeper: Sleeper) -> None:
        """Let go of a sleeper whose far wait has no meaning any more; a near entry lets go of it in a moment anyway."""
        second = self._far.get(sleeper.far_ns >> _FAR_BITS)
        if second is not None:
            second.discard(sleeper)
        sleeper.far_ns = 0

    def __len__(self) -> int:
        """How many entries lie here, stale ones included."""
        return len(self._due) + sum(map(len, self._near.values())) + sum(map(len, self._far.values()))

    def _tick(self) -> None:
        self.turn(monotonic_ns())

    def turn(self, now_ns: int) -> None:
        """Wake everybody whose time is over, for at most TURN_LIMIT_NS; who is left is woken in the next turn."""
        if now_ns >> _FAR_BITS > self._second:
            self._bring_near(now_ns >> _FAR_BITS)
        self._gather(now_ns)
        due = self._due
        if not due:
            return
        stop_ns = now_ns + TURN_LIMIT_NS
        seen = 0
        for sleeper in due:
            seen += 1
            if not 0 < sleeper.near_ns <= now_ns:
                continue
            sleeper.near_ns = 0
            due_ns = sleeper.due_ns
            if 0 < due_ns <= now_ns:
                sleeper.wake()
                if monotonic_ns() > stop_ns:
                    break
            elif due_ns:
                self.schedule(sleeper)
        del due[:seen]

    def _gather(self, now_ns: int) -> None:
        """Move to `due` the slots that are over, and of the one that is not, those whose time has come."""
        near, due, slot = self._near, self._due, now_ns >> _NEAR_BITS
        for over in range(self._slot, slot):
            if over in near:
                due += near.pop(over)
        self._slot = slot
        running = near.pop(slot, None)
        if running is not None:
            later = [sleeper for sleeper in running if sleeper.near_ns > now_ns]
            if later:
                near[slot] = later
                due += [sleeper for sleeper in running if sleeper.near_ns <= now_ns]
            else:
                due += running

    def _bring_near(self, second: int) -> None:
        self._second = second
        self._far_from_ns = (second + 3) << _FAR_BITS
        for near in [each for each in self._far if each <= second + 2]:
            for sleeper in self._far.pop(near):
                sleeper.far_ns = 0
                if sleeper.due_ns:
                    self.schedule(sleeper)


def wheel() -> Wheel:
    """The wheel of the running event loop, made when it is first asked for (so that a forked worker gets its own)."""
    hub = get_hub()
    turning = _wheels.get(hub)
    if turning is None:
        turning = _wheels[hub] = Wheel(hub)
    return turning


_wheels: WeakKeyDictionary[Hub, Wheel] = WeakKeyDictionary()
