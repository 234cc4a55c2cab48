"""What a capacity search has found so far, put together for its record. Knows no run and no file."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from whoson_load.analysis.capacity import answer
from whoson_load.analysis.objectives import Objective
from whoson_load.analysis.scalability import find_knee, fit_law
from whoson_load.measurement.capacity import Capacity, Level
from whoson_load.measurement.sample import ECHO, HEADLINE

__all__ = ["with_levels"]


def with_levels(
    capacity: Capacity,
    levels: Sequence[Level],
    objectives: Sequence[Objective],
    *,
    interrupted: bool = False,
    distrust: str = "",
) -> Capacity:
    """A search's record with these levels, and all that follows from them.

    The knee is that of the first percentile of a headline series among the objectives, else of `echo` p99.

    Args:
        interrupted: whether the search was broken off, or still goes on.
        distrust: why the generator cannot be trusted, as a sentence; empty where it can. Then no curve is drawn either:
            it would be the generator's.
    """
    found = answer(capacity.wanted, levels, interrupted=interrupted, distrust=distrust)
    law, refused = (None, "") if distrust else fit_law(levels)
    watched = ((each.name, each.percentile) for each in objectives if each.percentile and each.name in HEADLINE)
    series, percentile = next(watched, (ECHO, 99.0))
    return msgspec.structs.replace(
        capacity,
        levels=list(levels),
        conclusion=found.conclusion,
        holds=found.holds,
        passes_at=found.passes_at,
        confirmed=found.confirmed,
        sentence=found.sentence,
        notes=found.notes,
        law=law,
        law_refused=refused,
        knee=None if distrust else find_knee(levels, series, percentile),
    )
