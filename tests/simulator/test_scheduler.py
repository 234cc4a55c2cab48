from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.simulator.scheduler import LoopScheduler, TimerHeap, cancel


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=40))
def test_timers_fire_in_order_once_and_never_when_cancelled(timers: list[tuple[int, bool]]) -> None:
    """By when they are due, those due at once as they were set."""
    heap, fired = TimerHeap(), []
    for number, (due, cancelled) in enumerate(timers):
        timer = heap.push(due, lambda number=number, due=due: fired.append((due, number)))
        if cancelled:
            cancel(timer)
    for now in range(0, 22, 3):
        heap.run(now, 100)
        assert all(due <= now for due, _ in fired)
    heap.run(100, 100)
    heap.run(100, 100)
    assert fired == sorted((due, number) for number, (due, cancelled) in enumerate(timers) if not cancelled)
    assert heap.next_due_ns is None


def test_a_turn_fires_so_many_and_leaves_the_rest() -> None:
    """A burst does not keep everything else waiting."""
    heap, fired = TimerHeap(), []
    for number in range(10):
        heap.push(0, lambda number=number: fired.append(number))
    heap.run(1, 4)
    assert fired == [0, 1, 2, 3]
    assert heap.next_due_ns == 0


def test_a_callback_that_raises_is_gone_and_the_others_are_not() -> None:
    """The next run goes on behind it."""
    heap, fired = TimerHeap(), []
    heap.push(0, lambda: 1 // 0)
    heap.push(0, lambda: fired.append(1))
    with pytest.raises(ZeroDivisionError):
        heap.run(1, 10)
    heap.run(1, 10)
    assert fired == [1]


def test_cancelled_timers_do_not_pile_up() -> None:
    """A soak whose chats end long before their inactivity would keeps few of those timers."""
    heap = TimerHeap()
    for _ in range(100_000):
        cancel(heap.push(10**15, lambda: None))
    assert len(heap) <= 2048


def test_the_running_scheduler_is_never_early() -> None:
    """Timers of the event loop, set in any order and from each other, fire when they are due or after, in order."""

    async def main() -> list[tuple[int, int]]:
        scheduler = LoopScheduler(asyncio.get_running_loop())
        fired: list[tuple[int, int]] = []
        start_ns, over = scheduler.now_ns(), asyncio.Event()

        def at(offset_ns: int) -> None:
            scheduler.at(start_ns + offset_ns, lambda: fired.append((offset_ns, scheduler.now_ns() - start_ns)))

        for offset_ns in (5_300_000, 300_000, 2_000_000, 700_000, 0):
            at(offset_ns)
        scheduler.at(start_ns + 1_000_000, lambda: at(1_500_000))
        scheduler.at(start_ns + 8_000_000, over.set)
        await over.wait()
        scheduler.close()
        return fired

    fired = asyncio.run(main())
    assert [due for due, _ in fired] == [0, 300_000, 700_000, 1_500_000, 2_000_000, 5_300_000]
    assert all(at >= due for due, at in fired)
