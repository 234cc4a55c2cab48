"""Who waits, and in which place: the queue whose positions only fall. Knows neither times nor operators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

__all__ = ["Queuer", "WaitingQueue"]


class Queuer(Protocol):
    """Somebody in a queue."""

    position: int


Q = TypeVar("Q", bound=Queuer)


class WaitingQueue(Generic[Q]):
    """First come, first served. Joining and leaving cost the same however many wait; places are counted when asked."""

    __slots__ = ("_members", "_stale")

    def __init__(self) -> None:
        self._members: dict[Q, None] = {}
        self._stale = False

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, member: Q) -> bool:
        return member in self._members

    def __iter__(self) -> Iterator[Q]:
        return iter(self._members)

    def join(self, member: Q) -> None:
        """Stand at the end."""
        self._members[member] = None
        member.position = len(self._members)

    def leave(self, member: Q) -> None:
        """Go, from whatever place; those behind move up."""
        if member in self._members:
            last = member.position == len(self._members) and not self._stale
            del self._members[member]
            self._stale = self._stale or not last

    def position_of(self, member: Q) -> int:
        """The place, from 1."""
        if self._stale:
            for position, each in enumerate(self._members, 1):
                each.position = position
            self._stale = False
        return member.position
