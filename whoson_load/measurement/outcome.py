"""How a visit can end: a closed set, one sentence each.

Knows nothing of who decides; it holds the words that everybody counts by.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

__all__ = ["Outcome"]


class Outcome(StrEnum):
    """How one visit ended. Every visit ends as exactly one of these.

    Attributes:
        meaning: the outcome in one sentence, fit for a page.
    """

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        """Take the word that is counted by and its meaning."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    SERVED = "served", "An operator joined, and the chat came to its end."
    ABANDONED = "abandoned", "The visitor lost patience and left before an operator joined."
    UNANSWERED = "unanswered", "Nobody picked the chat up: the server sent its final waiting line."
    TURNED_AWAY = "turned_away", "The server answered Hello with `notaccepted`."
    QUEUE_TIMEOUT = "queue_timeout", "The server took the visitor out of the queue with `notaccepted`."
    LEFT_MESSAGE = "left_message", "The visitor left a message instead of a chat."
    BROWSED = "browsed", "The visitor connected, looked around and left without asking for a chat."
    ENDED_BY_SERVER = "ended_by_server", "The server or the operator ended the chat before the visitor was done."
    REFUSED = "refused", "No chat window came about: connection, upgrade or Connect was refused."
    DROPPED = "dropped", "The connection broke before the visit was over."
    TIMED_OUT = "timed_out", "An answer that the specification promises did not come before its deadline."
    FAILED = "failed", "The target did what no reading of the protocol allows, or this program made a mistake."
