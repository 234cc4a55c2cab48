"""The types of a run's answer: its parts, and how its objectives were judged. Knows nothing of how they come about."""

from __future__ import annotations

import msgspec

__all__ = ["Judged", "Part", "Parts"]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a run, in whole intervals.

    Attributes:
        start_ns: the begin of its first interval, ns since the epoch.
        end_ns: the end of its last one, which is the begin of what comes after.
        intervals: how many there are.
        in_progress: visits in progress at their ends, on average.
    """

    start_ns: int
    end_ns: int
    intervals: int
    in_progress: float

    @property
    def lasts_s(self) -> float:
        """Seconds from its begin to its end."""
        return (self.end_ns - self.start_ns) / 1e9


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What a run consists of; a part that it does not have is None.

    Attributes:
        ramp: all before the steady part.
        steady: the longest stretch in which the load stayed level.
        drain: all after the steady part.
        reason: where the steady part lies, or why there is none, in one sentence.
    """

    ramp: Part | None = None
    steady: Part | None = None
    drain: Part | None = None
    reason: str


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """How one objective was judged.

    Attributes:
        objective: as it was written.
        met: whether it was.
        figure: what was measured, in `unit`; None where there was nothing to measure.
        limit: what it was held against, in `unit`.
        unit: `ms`, `%` (of 100), `/s`, or nothing for a count.
        margin: room left as a share of the limit, below 0 when missed; None for a limit of 0, or without a figure.
        judged_on: `steady`, `whole run`, or `intervals`.
        from_s, to_s: the stretch of the run it was judged on, in seconds after the run's begin.
        said: the judgement in one sentence.
    """

    objective: str
    met: bool
    figure: float | None
    limit: float
    unit: str
    margin: float | None
    judged_on: str
    from_s: float = 0.0
    to_s: float = 0.0
    said: str
