"""The plan of a run, reckoned from its options and its locustfile before anything is sent."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from whoson_load.report.plan import BINS, PlanFigures, render_plan
from whoson_load.swarm.orders import Orders, read_arrivals
from whoson_load.swarm.user import ChatVisitor
from whoson_load.visitors.forecast import in_progress, seats_in_progress, visit_lengths_s
from whoson_load.visitors.rate_curve import RateCurve

__all__ = ["describe_plan"]

_OUTLOOK_S = 600.0
"""How much is shown of what goes on until the run is stopped. Invented."""

_WAITS = 300
_AND_SO_ON = ", and so on until the run is stopped"


def describe_plan(
    options: argparse.Namespace,
    user_classes: Sequence[type[Any]],
    orders: Orders,
    *,
    simulated: bool,
    visit_s: float | None = None,
) -> str:
    """The plan as text: expected arrivals per minute and chats in progress, over the run's time.

    Where classes differ in their manners, the first one's count: a plan is a rough guess.

    Args:
        options: Locust's, with ours.
        user_classes: of the locustfile.
        orders: as read from both.
        simulated: whether the simulator's operators answer, whose human times the pace shortens, too.
        visit_s: how long a visit lasts on average, pace and all, where it is known; seconds.

    Raises:
        ConfigError: a profile cannot be read.
    """
    visitor = next((each for each in user_classes if issubclass(each, ChatVisitor)), ChatVisitor)
    pace = options.pace or visitor.pace
    lengths_s = visit_lengths_s(replace(visitor.manners, pace=pace), pace if simulated else 1.0)
    mean_s = sum(lengths_s) / len(lengths_s)
    if visit_s is not None:
        lengths_s = [length_s * visit_s / mean_s for length_s in lengths_s]
        known = f"Visits of {_time(visit_s)} on average, as --visit-length says."
    else:
        known = (
            f"Visits of {_time(mean_s)} on average: everyday chats at pace {pace:g}, with operators who are there at"
            f" once.\nA known length, such as an earlier run's, makes a better plan: --visit-length."
        )
    if orders.only_visitor is not None:
        return f"One visit, by visitor {orders.only_visitor} of seed {options.seed}.\n{known}"
    curve = read_arrivals(options.arrivals, user_classes)
    if curve is not None:
        return render_plan(_open_plan(curve, options.run_time, lengths_s, orders.max_visitors, known))
    return render_plan(_closed_plan(options, lengths_s, _waits_s(visitor, pace), known))


def _open_plan(
    curve: RateCurve, run_time_s: float | None, lengths_s: list[float], most: int | None, known: str
) -> PlanFigures:
    longest_s = sorted(lengths_s)[len(lengths_s) * 99 // 100]
    goes_on = curve.lasts_s == math.inf and not run_time_s
    ends_s = curve.lasts_s + longest_s
    if goes_on:
        ends_s = sum(stage.lasts_s for stage in curve.stages[:-1]) + max(_OUTLOOK_S, 3 * longest_s)
    lasts_s = min(ends_s, run_time_s or math.inf)
    width_s = lasts_s / BINS
    borders = [curve.expected(place * width_s) for place in range(BINS + 1)]
    there = [in_progress(curve, (place + 0.5) * width_s, lengths_s) for place in range(BINS)]
    expected = f"about {borders[-1]:,.0f} arrivals in {_time(min(lasts_s, curve.lasts_s))}"
    remarks = [known]
    if most is not None:
        above = "more than that would come" if max(there) > most else "fewer are expected"
        remarks.append(f"At most {most:,} visitors in progress, by --max-visitors: {above}.")
    return PlanFigures(
        headline=f"Open model: {expected}{_AND_SO_ON if goes_on else ''}.",
        lasts_s=lasts_s,
        arrivals_per_min=[(borders[place + 1] - borders[place]) / width_s * 60 for place in range(BINS)],
        in_progress=there,
        remarks=remarks,
    )


def _closed_plan(options: argparse.Namespace, lengths_s: list[float], waits_s: list[float], known: str) -> PlanFigures:
    seats, spawn_per_s = options.num_users or 1, options.spawn_rate or 1.0
    lasts_s = options.run_time or seats / spawn_per_s + _OUTLOOK_S
    begun, there = seats_in_progress(seats, spawn_per_s, lasts_s, BINS, lengths_s, waits_s)
    until = f"{_time(lasts_s)}{'' if options.run_time else _AND_SO_ON}"
    expected = f"about {sum(begun):,.0f} visits in {until}"
    return PlanFigures(
        headline=f"Closed model: {seats:,} seat{'s' * (seats != 1)}, {spawn_per_s:g} more each second; {expected}.",
        lasts_s=lasts_s,
        arrivals_per_min=[each * BINS / lasts_s * 60 for each in begun],
        in_progress=there,
        remarks=[known, "In the closed model a slower server gets fewer visits: its visitors wait for it."],
    )


def _waits_s(visitor: type[ChatVisitor], pace: float) -> list[float]:
    seat = visitor.__new__(visitor)
    ChatVisitor.__init__(seat, None)  # not the locustfile's own, which may ask for more than a plan has
    return [seat.wait_time() / pace for _ in range(_WAITS)]


def _time(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
