"""The types of what a run lets one expect: drift, and the queue for operators. Knows nothing of how they come about."""

from __future__ import annotations

import math
from enum import StrEnum

import msgspec

__all__ = ["Crowd", "Drift", "Drifts", "Staffing", "Trend", "Wear"]


class Trend(StrEnum):
    """What becomes of a figure."""

    STEADY = "steady"
    DRIFTING = "drifting"
    TOO_SHORT = "too short to say"


class Wear(StrEnum):
    """What the growth of a figure goes with."""

    CHATS = "chats"
    """The chats that were served: rest would not change it, more load would hasten it."""

    TIME = "time"
    """Time: it would go on without a chat."""

    BOTH = "both"
    """Time and chats, each beside the other."""

    UNKNOWN = "unknown"
    """Time and chats went hand in hand, as they do at a steady load: they cannot be told apart."""


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """How one figure moved.

    Attributes:
        name: of the figure, such as `echo p99`.
        unit: `ms`, or nothing.
        of_generator: whether it is the generator's own.
        trend: the verdict.
        known: whether a slope could be reckoned; else it and its interval are 0.
        level: its median.
        per_h: by how much it grows an hour, in `unit`, at equal load.
        low_per_h, high_per_h: that slope's 95 % confidence interval.
        per_1000_chats: by how much it grows with a thousand chats served, in `unit`, at equal load and, where the two
            can be told apart, at equal time; None without chats.
        goes_with: what its growth goes with; None of a figure that does not drift.
        first, last: its means in the first and in the last hour; in a run of less than two hours, in its halves.
        missed_in_h: hours from the run's end until an objective is missed, should it go on so; None for never.
        said: the verdict in one sentence.
    """

    name: str
    unit: str
    of_generator: bool
    trend: Trend
    known: bool
    level: float
    per_h: float
    low_per_h: float
    high_per_h: float
    per_1000_chats: float | None = None
    goes_with: Wear | None = None
    first: float
    last: float
    missed_in_h: float | None
    said: str


class Drifts(msgspec.Struct, frozen=True, kw_only=True):
    """What drift comes to.

    Attributes:
        trend: of all figures that are not the generator's own.
        reason: why, in one sentence.
        figures: figure by figure; those of the generator last.
    """

    trend: Trend
    reason: str
    figures: list[Drift] = []


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """What the queue is reckoned from, counted in the steady part.

    Attributes:
        lasts_s: how long that was.
        asked: visitors taken into the queue (`accepted`).
        joined: visitors who got an operator.
        gave_up: visitors who lost patience.
        waiting: visitors waiting for an operator, on average over time.
        chatting: visitors with an operator, on average over time.
        busiest: the most of them at any interval's end, if others waited then; else 0: without a queue the most that
            were seen say nothing of how many there could be.
        waited_s: how long those waited on average who got an operator; 0 for nobody.
        by_chance: whether visitors came by chance (open model), as the queue has them come.
    """

    lasts_s: float
    asked: int
    joined: int
    gave_up: int
    waiting: float
    chatting: float
    busiest: int
    waited_s: float
    by_chance: bool = True

    @property
    def chat_s(self) -> float:
        """How long a chat lasted: by Little's law, those in one over those who begin one a second."""
        return self.chatting * self.lasts_s / self.joined if self.joined else 0.0

    @property
    def patience_s(self) -> float:
        """Mean patience: all time that anybody waited over those who gave up; infinite when nobody did.

        Who got an operator had more patience than was seen: the wait is a censored observation, and this is the
        likeliest mean of an exponential time that is censored. Where waits are shorter than intervals, few are seen at
        the ends of those; then the waits of who got an operator are all that is known.
        """
        waited_s = max(self.waiting * self.lasts_s, self.joined * self.waited_s)
        return waited_s / self.gave_up if self.gave_up else math.inf


class Staffing(msgspec.Struct, frozen=True, kw_only=True):
    """What the queue says of a run. Where it could not be reckoned, `said` tells why, and the figures are None.

    Attributes:
        said: who makes people wait, and what would help, in sentences.
        crowd: what it was reckoned from.
        needed: chats at once that answer the share wanted of all visitors in the time wanted, at this arrival rate.
        servers: chats that operators hold at once, all together: as was told, or the most while others waited.
        told: whether `servers` was told.
        predicted_s, measured_s: mean wait of those who got an operator.
        gave_up_predicted, gave_up_measured: shares of those who asked, 0 to 1.
    """

    said: str
    crowd: Crowd | None = None
    needed: int | None = None
    servers: int | None = None
    told: bool = False
    predicted_s: float | None = None
    measured_s: float | None = None
    gave_up_predicted: float | None = None
    gave_up_measured: float | None = None
