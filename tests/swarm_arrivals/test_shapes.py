from __future__ import annotations

from itertools import pairwise

import pytest
from locust import task
from locust.runners import WorkerNode

from whoson_load.swarm.shapes import Batch, EvenSpread, SwarmDispatcher
from whoson_load.swarm.user import ChatVisitor

SECOND = 1_000_000_000


class Visitor(ChatVisitor):
    """Anybody."""

    @task
    def chat(self) -> None:
        """Nothing."""


def dispatches(rate: float, seats: int, workers: int) -> list[tuple[int, dict[str, int], Batch]]:
    """What Locust's dispatcher does: (when, in ns, seats added by worker, the batch announced before)."""
    nodes = [WorkerNode(f"host{place}") for place in range(workers)]
    announced: list[Batch] = []

    def announce(batch: Batch) -> bool:
        announced.append(batch)
        return True

    dispatcher = SwarmDispatcher(worker_nodes=nodes, user_classes=[Visitor], announce=announce)
    dispatcher.new_dispatch(seats, rate)
    dispatcher._wait_between_dispatch, wait_s = 0.0, dispatcher._wait_between_dispatch
    done: list[tuple[int, dict[str, int], Batch]] = []
    before = {node.id: 0 for node in nodes}
    for step, dispatched in enumerate(dispatcher):
        counts = {worker: each["Visitor"] for worker, each in dispatched.items()}
        added = {worker: counts[worker] - before[worker] for worker in counts}
        done.append((int(step * wait_s * SECOND), added, announced[-1]))
        before = counts
    return done


@pytest.mark.parametrize("rate", [0.5, 1, 2.5, 7, 40])
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_seats_begin_evenly_though_locust_adds_them_in_batches(rate: float, workers: int) -> None:
    """Over all workers, one seat's first visitor comes 1 / rate after another's."""
    spreads = {f"host{place}": EvenSpread(f"host{place}") for place in range(workers)}
    slots = sorted(
        spreads[worker].slot_ns(at_ns, batch)
        for at_ns, added, batch in dispatches(rate, 120, workers)
        for worker, count in added.items()
        for _ in range(count)
    )
    assert len(slots) == 120
    assert [b - a for a, b in pairwise(slots)] == pytest.approx([SECOND / rate] * 119, abs=1000)


def test_all_seats_at_once_are_spread_over_their_rate() -> None:
    """Ten at 10 a second: a tenth of a second apart, never before now."""
    spread, batch = EvenSpread("local"), Batch(1, 10, ["local"])
    slots = [spread.slot_ns(5 * SECOND, batch) for _ in range(10)]
    assert slots == [5 * SECOND + tenth * SECOND // 10 for tenth in range(10)]


def test_each_batch_begins_anew() -> None:
    """Seats added later neither wait for those before nor make up for a pause; a new rate holds at once."""
    spread = EvenSpread("local")
    spread.slot_ns(0, Batch(1, 10, ["local"]))
    slots = [spread.slot_ns(60 * SECOND, Batch(2, 2, ["local"])) for _ in range(2)]
    assert slots == [60 * SECOND, 60 * SECOND + SECOND // 2]


def test_a_seat_begun_late_is_not_begun_in_the_past() -> None:
    """A process that was busy lets its seats follow from now."""
    spread, batch = EvenSpread("local"), Batch(1, 10, ["local"])
    spread.slot_ns(0, batch)
    assert spread.slot_ns(7 * SECOND, batch) == 7 * SECOND


def test_in_the_open_model_nobody_is_added_or_stopped() -> None:
    """Each worker hears of the start, and no class is named for it to compare its users with."""
    nodes = [WorkerNode("a"), WorkerNode("b")]
    announced: list[float] = []

    def announce(batch: Batch) -> bool:
        announced.append(batch.spawn_per_s)
        return False

    dispatcher = SwarmDispatcher(worker_nodes=nodes, user_classes=[Visitor], announce=announce)
    dispatcher.new_dispatch(50, 3.0)
    assert list(dispatcher) == [{"a": {}, "b": {}}]
    assert not dispatcher.dispatch_in_progress
    dispatcher.add_worker(WorkerNode("c"))
    dispatcher.remove_worker(nodes[0])
    dispatcher.new_dispatch(50, 4.0)
    assert list(dispatcher) == [{"b": {}, "c": {}}]
    assert announced == [3.0, 4.0]


def test_in_the_closed_model_locusts_dispatch_is_untouched() -> None:
    """All seats are dispatched, shared by the workers."""
    assert [added for _, added, _ in dispatches(100, 10, 2)] == [{"host0": 5, "host1": 5}]
