from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from whoson_load.simulator.waiting import WaitingQueue


class Somebody:
    """Who waits."""

    position = 0


@given(st.lists(st.one_of(st.none(), st.integers(0, 30)), max_size=80))
def test_positions_are_a_permutation_and_only_fall(steps: list[int | None]) -> None:
    """Joining and leaving in any order: places 1 to n in the order of arrival, and nobody's ever rises."""
    queue: WaitingQueue[Somebody] = WaitingQueue()
    waiting: list[Somebody] = []
    last: dict[Somebody, int] = {}
    for step in steps:
        if step is None:
            waiting.append(Somebody())
            queue.join(waiting[-1])
            assert waiting[-1].position == len(waiting)
        elif step < len(waiting):
            queue.leave(waiting.pop(step))
        positions = [queue.position_of(each) for each in waiting]
        assert positions == list(range(1, len(waiting) + 1))
        assert list(queue) == waiting
        for each, position in zip(waiting, positions, strict=True):
            assert position <= last.get(each, position)
            last[each] = position


def test_leaving_twice_or_never_having_joined_is_fine() -> None:
    """A chat that is over leaves wherever it stood."""
    queue: WaitingQueue[Somebody] = WaitingQueue()
    one = Somebody()
    queue.leave(one)
    queue.join(one)
    queue.leave(one)
    queue.leave(one)
    assert (len(queue), one in queue) == (0, False)
