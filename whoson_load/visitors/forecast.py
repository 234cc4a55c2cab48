"""What is to be expected of a run before it: how long visits last, and how many visitors are there at once.

Knows no server: what its operators do is assumed, and said. A forecast is for choosing a load, never for judging one.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from statistics import fmean

from whoson_load.visitors.draws import Lognormal, stream
from whoson_load.visitors.keystrokes import type_out
from whoson_load.visitors.patience import Manners
from whoson_load.visitors.rate_curve import RateCurve
from whoson_load.visitors.talk import Kind, Talk

__all__ = ["OPERATOR_ANSWERS", "OPERATOR_COMES", "in_progress", "seats_in_progress", "visit_lengths_s"]

OPERATOR_COMES = Lognormal(3, 0.73, high=45)
"""From Hello until an operator joins, seconds of life: as the simulator's own operators do. Invented."""

OPERATOR_ANSWERS = Lognormal(6, 0.7, high=60)
"""From a visitor's line to the operator's answer, seconds of life: reading and typing, likewise. Invented."""

_GREETING = "Please enter your name and click the button to begin. If we are available we will respond."
_ANSWER = "Let me see what I can find out for you, it will only take a moment."
_ANSWERS_BEFORE = (("name", "Ada Lovelace k3f9a"), ("company", "Lovelace and Babbage Ltd"))
_ANSWERS_AFTER = (("rating", "5"), ("comment", "Very helpful, thank you."))


def visit_lengths_s(manners: Manners, operators_pace: float, count: int = 300) -> list[float]:
    """The lengths of some everyday visits, as far as people make them: the server's own times are left out.

    Args:
        manners: of the visitors, with their pace.
        operators_pace: what the operators' times are divided by.
        count: of visits; the same number gives the same lengths. One takes about 1 ms.
    """
    return [_visit_s(manners, operators_pace, stream("forecast", number)) for number in range(count)]


def _visit_s(manners: Manners, operators_pace: float, rng: random.Random) -> float:
    own = manners.of_one(rng)
    length_s = own.reading_s(_GREETING, rng) + own.filling_s(_ANSWERS_BEFORE, rng)
    comes_s, patience_s = OPERATOR_COMES.draw(rng) / operators_pace, own.patience_s(rng)
    length_s += min(comes_s, patience_s)
    if patience_s < comes_s:
        return length_s
    talk, turns = Talk("en", rng), own.turns(rng)
    for turn in range(turns):
        kind = Kind.OPENING if turn == 0 else Kind.QUESTION if turn < turns - 1 else Kind.THANKS
        typed_s = max(keystroke.at_s for keystroke in type_out(talk.line(kind), own.rhythm, rng))
        answers_s = OPERATOR_ANSWERS.draw(rng) / operators_pace
        length_s += typed_s + min(answers_s, own.reply_patience_s(rng)) + own.reading_s(_ANSWER, rng)
        length_s += own.thought_s(rng) if turn < turns - 1 else 0.0
    return length_s + own.goodbye_s(rng) + own.filling_s(_ANSWERS_AFTER, rng)


def in_progress(curve: RateCurve, at_s: float, lengths_s: Sequence[float]) -> float:
    """How many visitors of the open model are expected to be there at an instant.

    With N(t) visitors expected until t and lengths L, those there at t came later than t - L: the mean of
    N(t) - N(t - L) over all L. Exact for Poisson arrivals that stay independently of each other (the M(t)/G/infinity
    queue; Eick, Massey, Whitt: The Physics of the Mt/G/inf Queue, Operations Research 41, 1993).

    Args:
        at_s: seconds from the curve's begin.
        lengths_s: a sample of visits.
    """
    came = curve.expected(at_s)
    return sum(came - curve.expected(at_s - length_s) for length_s in lengths_s) / len(lengths_s)


def seats_in_progress(
    seats: int, spawn_per_s: float, lasts_s: float, bins: int, lengths_s: Sequence[float], waits_s: Sequence[float]
) -> tuple[list[float], list[float]]:
    """What the seats of the closed model are expected to do.

    Args:
        seats: how many; begun evenly, `spawn_per_s` of them a second.
        lasts_s: the run, in seconds.
        bins: how many equal parts of it to look at.
        lengths_s, waits_s: samples of the visits and of the time from one to the next.

    Returns:
        (visits begun in each bin, visits in progress in the middle of each bin), carried over to all seats from
        as many as make some 200,000 visits: it takes about 0.2 s, whatever the run.
    """
    begun, there = [0.0] * bins, [0.0] * bins
    width_s = lasts_s / bins
    shortest_s = width_s / 100  # visits of no length would never let a seat's time go on
    cycle_s = max(shortest_s, fmean(lengths_s) + fmean(waits_s))
    followed = int(min(1000, max(1, 200_000 * cycle_s / lasts_s)))
    share = seats / followed
    rng = stream("seats")
    for seat in range(followed):
        at_s = seat * share / spawn_per_s
        while at_s < lasts_s:
            begun[int(at_s / width_s)] += 1
            end_s = at_s + lengths_s[int(rng.random() * len(lengths_s))]
            first = max(0, int(at_s / width_s + 0.5))
            for place in range(first, min(bins, int(end_s / width_s + 0.5))):
                there[place] += 1
            at_s = max(end_s + waits_s[int(rng.random() * len(waits_s))], at_s + shortest_s)
    return [each * share for each in begun], [each * share for each in there]
