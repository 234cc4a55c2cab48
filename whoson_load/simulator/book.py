"""The chats of a server: all that go on, and the last of those that are over. Knows nothing of what chats do."""

from __future__ import annotations

from collections.abc import Iterator

from whoson_load.simulator.chat import Chat
from whoson_load.simulator.counts import Counts
from whoson_load.simulator.dice import Dice

__all__ = ["ChatBook"]


class ChatBook:
    """Finds chats by their UID.

    Args:
        keep: how many chats that are over stay findable.
    """

    def __init__(self, keep: int, counts: Counts, dice: Dice) -> None:
        self._keep = keep
        self._counts = counts
        self._dice = dice
        self._chats: dict[str, Chat] = {}
        self._over: dict[str, None] = {}
        self.total = 0

    def __len__(self) -> int:
        return len(self._chats)

    def __iter__(self) -> Iterator[Chat]:
        return iter(self._chats.values())

    def get(self, uid: str) -> Chat | None:
        """The chat of this UID, None when there is none or it is no longer kept."""
        return self._chats.get(uid)

    def new_uid(self) -> str:
        """A UID that no chat of the book has."""
        while (uid := self._dice.letters(10)) in self._chats:
            pass
        return uid

    def add(self, chat: Chat) -> None:
        """Enter a chat."""
        self._chats[chat.uid] = chat
        self.total += 1

    def close(self, uid: str) -> None:
        """The visitor of a chat that is over has gone: from now on it may be forgotten."""
        if uid in self._chats:
            self._over[uid] = None
        while len(self._over) > self._keep:
            oldest = next(iter(self._over))
            del self._over[oldest], self._chats[oldest]
            self._counts.incidents["forgotten_chats"] += 1

    def clear_over(self) -> None:
        """Forget all chats that may be forgotten."""
        for uid in self._over:
            del self._chats[uid]
        self._over.clear()
