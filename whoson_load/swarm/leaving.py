"""Seats that are taken away while the run goes on: whoever sits there may finish the visit. Knows greenlets, no visit.

Locust would either end such a visit in the midst, or hold up all else until it is over.
"""

from __future__ import annotations

from typing import Any

import gevent
from gevent.pool import Group

__all__ = ["Leaving"]


class Leaving:
    """The visitors of one process that are on their way out.

    Args:
        drain_s: how long they may stay; 0 for not at all.
    """

    def __init__(self, drain_s: float) -> None:
        self._drain_s = drain_s
        self._group = Group()

    @property
    def allowed(self) -> bool:
        """Whether a visitor may stay to finish."""
        return self._drain_s > 0

    def __len__(self) -> int:
        """How many are there."""
        return len(self._group)

    def take(self, greenlet: gevent.Greenlet[..., Any], group: Group) -> None:
        """Take a visitor over from those that Locust counts, so that it may give the seat to another."""
        group.discard(greenlet)
        self._group.add(greenlet)
        gevent.spawn_later(self._drain_s, greenlet.kill, block=False)

    def end(self) -> None:
        """At the run's end: nobody stays, and nobody may from now on."""
        self._drain_s = 0.0
        self._group.kill()
