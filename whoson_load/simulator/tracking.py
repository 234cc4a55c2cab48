"""Visitors the server has met before, by address and cookie. Knows nothing of chats."""

from __future__ import annotations

import msgspec

__all__ = ["TrackedVisitor", "Tracking"]

_MOST_VISITORS = 50_000
"""The most visitors remembered, the longest unseen forgotten first. Invented."""


class TrackedVisitor(msgspec.Struct, gc=False):
    """Somebody who was here.

    Attributes:
        visits: how often, this time included.
        user_agent: updated by every Connect that says one.
        referrer: of the first visit.
        email: the last one given for a transcript.
    """

    visits: int = 0
    user_agent: str = ""
    referrer: str = ""
    email: str = ""


class Tracking:
    """Finds a tracked visitor, or makes one."""

    def __init__(self) -> None:
        self._visitors: dict[tuple[str, str], TrackedVisitor] = {}

    def __len__(self) -> int:
        return len(self._visitors)

    def clear(self) -> None:
        """Have met nobody."""
        self._visitors.clear()

    def visit(self, address: str, cookie_id: str, user_agent: str, referrer: str) -> TrackedVisitor:
        """Note a visit. The referrer counts only for a visitor not met before, the user agent for all."""
        key = (address[:100], cookie_id[:200])
        visitor = self._visitors.pop(key, None)
        if visitor is None:
            visitor = TrackedVisitor(referrer=referrer[:1000])
            if len(self._visitors) >= _MOST_VISITORS:
                del self._visitors[next(iter(self._visitors))]
        self._visitors[key] = visitor
        visitor.visits += 1
        visitor.user_agent = user_agent[:500] or visitor.user_agent
        return visitor
