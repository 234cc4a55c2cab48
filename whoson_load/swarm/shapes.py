"""How Locust adds users: evenly in the closed model, and not at all in the open one. Knows no visit.

Locust adds the users of a second all at once: with 40 a second, 40 visitors connect within a few milliseconds and then
nobody for the rest of the second. A server so meets bursts that no spawn rate speaks of.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

import msgspec
from locust import User
from locust.dispatch import UsersDispatcher
from locust.runners import WorkerNode

__all__ = ["Batch", "EvenSpread", "SwarmDispatcher"]


class Batch(msgspec.Struct, frozen=True):
    """Seats that Locust adds at one stroke.

    Attributes:
        number: unlike any other batch's of the run.
        spawn_per_s: the spawn rate, seats a second, of all workers; more than 0.
        adders: the workers that add seats, those with one more than the others first.
    """

    number: int = 0
    spawn_per_s: float = 1.0
    adders: list[str] = []


class EvenSpread:
    """The instants at which one process's new seats send their first visitor.

    The seats of a batch are laid out over the time until the next batch comes, 1 / spawn rate apart over all workers.

    Args:
        worker: the process's name among a batch's adders.
    """

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._batch: Batch | None = None
        self._free_ns = 0

    def slot_ns(self, now_ns: int, batch: Batch) -> int:
        """The instant of the next new seat.

        Args:
            now_ns: on any clock that does not step.
            batch: the one the seat is of.

        Returns:
            `now_ns` or later, on the same clock.
        """
        between_ns = int(1e9 / batch.spawn_per_s)
        if batch != self._batch:
            self._batch = batch
            place = batch.adders.index(self._worker) if self._worker in batch.adders else 0
            self._free_ns = now_ns + place * between_ns
        slot_ns = max(now_ns, self._free_ns)
        self._free_ns = slot_ns + max(1, len(batch.adders)) * between_ns
        return slot_ns


class SwarmDispatcher(UsersDispatcher):
    """Locust's dispatcher, which tells who adds seats in each batch, and adds none in the open model.

    Locust then believes the number of users to be whatever its runners count, and stops none.

    Args:
        worker_nodes, user_classes: as Locust gives them.
        announce: called with each batch before it is sent; says whether Locust adds the users.
    """

    def __init__(
        self, *, worker_nodes: list[WorkerNode], user_classes: Sequence[type[User]], announce: Callable[[Batch], bool]
    ) -> None:
        super().__init__(worker_nodes, list(user_classes))
        self._announce = announce
        self._number = 0
        self._seats: dict[str, int] = {}

    def _dispatcher(self) -> Generator[dict[str, dict[str, int]], None, None]:
        if not self._announce(Batch(self._number, self._spawn_rate)):
            # No class is named, so that no worker compares its users with a number: neither adds nor stops any.
            yield {node.id: {} for node in self._worker_nodes}
            return
        for dispatched in super()._dispatcher():
            seats = {worker: sum(counts.values()) for worker, counts in dispatched.items()}
            added = {worker: count - self._seats.get(worker, 0) for worker, count in seats.items()}
            adders = sorted((worker for worker in added if added[worker] > 0), key=added.__getitem__, reverse=True)
            self._number, self._seats = self._number + 1, seats
            self._announce(Batch(self._number, self._spawn_rate, adders))
            yield dispatched
