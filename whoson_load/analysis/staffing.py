"""Who makes people wait, the server or too few operators? A run's figures put into the Erlang-A queue.

Is told what a record holds; knows no file.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from whoson_load.analysis.erlang import MOST_SERVERS, ErlangA
from whoson_load.analysis.judging import brief
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.outlook import Crowd, Staffing
from whoson_load.measurement.run import Summary, TimelineLine
from whoson_load.measurement.sample import ACCEPTED, OPERATORJOINED

__all__ = ["ANSWERED", "WITHIN_S", "crowd", "servers_for", "staffing"]

ANSWERED: Final = 0.80
WITHIN_S: Final = 20.0
"""80 % answered within 20 s: what contact centres aim at by custom. Source: ICMI, Call Center Management on Fast
Forward (Cleveland): the 80/20 rule; for chats it is as good as any."""

_FEWEST: Final = 30  # Invented: chats that it takes to speak of a mean
_A_QUEUE: Final = 2  # Invented: one who waits may just be on the way to a free operator
_WAIT: Final = ("visits waiting", "visits queued", "visits unanswered")  # gauges of visits by state
_CHAT: Final = ("visits chatting",)
_GAVE_UP: Final = (Outcome.ABANDONED,)


def crowd(summary: Summary, timeline: Iterable[TimelineLine]) -> Crowd | None:
    """Count who waited and who chatted in the steady part; None without one.

    How many there are of each is what the generator saw at the intervals' ends: whoever left is gone from there, also
    one whose connection broke.
    """
    steady = summary.parts.steady if summary.parts is not None else None
    if steady is None or summary.steady is None:
        return None
    most = busiest = 0
    sums = [0, 0]
    totals = dict.fromkeys(("asked", "joined", "gave_up"), 0)
    for line in timeline:
        if not steady.start_ns <= line.start_ns < steady.end_ns:
            continue
        totals["asked"] += _count(line, ACCEPTED)
        totals["joined"] += _count(line, OPERATORJOINED)
        totals["gave_up"] += sum(line.tally.outcomes.get(each, 0) for each in _GAVE_UP)
        if not line.late:
            waiting, chatting = (sum(line.gauges.get(each, 0) for each in states) for states in (_WAIT, _CHAT))
            sums[0], sums[1] = sums[0] + waiting, sums[1] + chatting
            most = max(most, chatting)
            busiest = max(busiest, chatting) if waiting >= _A_QUEUE else busiest
    mean_ms = summary.steady[OPERATORJOINED].mean_ms
    return Crowd(
        lasts_s=steady.lasts_s,
        waiting=sums[0] / steady.intervals,
        chatting=sums[1] / steady.intervals,
        busiest=busiest if busiest == most else 0,
        waited_s=(mean_ms or 0.0) / 1000,
        by_chance=summary.arrivals.get("due", 0) > 0,
        **totals,
    )


def servers_for(arrivals_per_s: float, chat_s: float, patience_s: float, answered: float, within_s: float) -> int:
    """The fewest chats at once that answer a share of all visitors within a time.

    Raises:
        ValueError: not even `MOST_SERVERS` do.
    """
    least = 1 if math.isfinite(patience_s) else math.floor(arrivals_per_s * chat_s) + 1

    def enough(servers: int) -> bool:
        return ErlangA(arrivals_per_s, chat_s, patience_s, servers).answered_within(within_s) >= answered

    most = least
    while not enough(most):
        if most >= MOST_SERVERS:
            raise ValueError(f"got more than {MOST_SERVERS} chats at once, expected fewer")
        least, most = most + 1, min(2 * most, MOST_SERVERS)
    while least < most:
        middle = (least + most) // 2
        least, most = (least, middle) if enough(middle) else (middle + 1, most)
    return most


def staffing(seen: Crowd | None, servers: int | None = None, pace: float = 1.0) -> Staffing:
    """What the queue says of a run.

    Args:
        seen: from `crowd`.
        servers: the sum of the operators' simultaneous chats; None when nobody knows.
        pace: by which the run's human times were divided, and `WITHIN_S` is.

    Returns:
        also where it could not be reckoned; it then says why.
    """
    if seen is None:
        return Staffing(said="Not reckoned, for the run has no steady part.")
    if seen.joined < _FEWEST or seen.asked < _FEWEST or not seen.chatting or not seen.patience_s:
        fewer, who = min(
            (seen.joined, "got an operator"), (seen.asked, "asked for an operator"), key=lambda each: each[0]
        )
        few = f"Not reckoned from {fewer} visitors who {who}; {_FEWEST} are the fewest."
        enough = seen.joined >= _FEWEST and seen.asked >= _FEWEST
        said = "Not reckoned, for no interval tells of anybody who waited or chatted." if enough else few
        return Staffing(said=said, crowd=seen)
    rate_per_s = seen.asked / seen.lasts_s
    at_once = servers or seen.busiest
    try:
        needed = servers_for(rate_per_s, seen.chat_s, seen.patience_s, ANSWERED, WITHIN_S / pace)
    except ValueError as problem:
        return Staffing(said=f"Not reckoned: {problem}.", crowd=seen)
    if not at_once:
        seen_so = "Nobody queued for long"
        if seen.waiting >= _A_QUEUE:
            seen_so = (
                f"Visitors waited {seen.waited_s * pace:.1f} s for an operator, yet most chatted when nobody queued"
            )
        said = (
            f"{seen_so}, so how many chats all operators together can hold is not known (whoson-load report RUN"
            f" --servers N tells it). {_needs(rate_per_s, needed, pace)}"
        )
        return Staffing(said=said, crowd=seen, needed=needed)
    try:
        queue = ErlangA(rate_per_s, seen.chat_s, seen.patience_s, at_once)
    except ValueError as problem:  # of the queue: visitors who never give up, and too few to serve them
        said = f"With {problem}: such a queue grows for ever. {_needs(rate_per_s, needed, pace)}"
        return Staffing(said=said, crowd=seen, needed=needed, servers=at_once, told=servers is not None)
    predicted_s = queue.mean_wait_served_s
    return Staffing(
        crowd=seen,
        servers=at_once,
        told=servers is not None,
        predicted_s=predicted_s,
        measured_s=seen.waited_s,
        gave_up_predicted=queue.abandons,
        gave_up_measured=seen.gave_up / seen.asked,
        needed=needed,
        said=f"{_blame(seen, predicted_s, at_once, pace, told=servers is not None)} {_needs(rate_per_s, needed, pace)}"
        + ("" if seen.by_chance else _SEATS),
    )


def _blame(seen: Crowd, predicted_s: float, at_once: int, pace: float, *, told: bool) -> str:
    known = (
        f"{at_once} chats at once" if told else f"{at_once} chats at once (the most that were seen while others waited)"
    )
    if seen.waited_s * pace < 1:  # Invented: a second of life
        return f"Nobody waited long for an operator: {seen.waited_s * pace:.2f} s on average, with {known}."
    share = min(1.0, predicted_s / seen.waited_s)
    if share >= 0.5:
        who = "too few operators make visitors wait"
    elif share >= 0.1:
        who = "too few operators are a part of it; the rest is how long a free one, or the server, takes"
    else:
        who = "not too few operators but how long a free one, or the server, takes makes visitors wait"
    return (
        f"Visitors waited {seen.waited_s * pace:.1f} s for an operator; with {known} the queue alone explains"
        f" {predicted_s * pace:.1f} s: {who}."
    )


_SEATS: Final = " Visitors took turns on a fixed number of seats, not by chance as in the queue: its figures are rough."


def _needs(rate_per_s: float, needed: int, pace: float) -> str:
    in_life = "" if pace == 1 else f" (times as in life; this run was {pace:g} times as fast)"
    return (
        f"For {ANSWERED:.0%} answered in {WITHIN_S:.0f} s at {brief(60 * rate_per_s / pace)} chats a minute{in_life}"
        f" you need operators for {needed} chats at once."
    )


def _count(line: TimelineLine, series: str) -> int:
    figures = line.series.get(series)
    return figures.count if figures is not None else 0
