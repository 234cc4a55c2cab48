"""Completes a run's summary from its record: parts, the figures of the steady one, the funnel, rates, objectives.

Is told how to get at the record's intervals, and knows no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec

from whoson_load.analysis.judging import Evidence, judge
from whoson_load.analysis.objectives import Objective
from whoson_load.analysis.parts import find_parts, loads
from whoson_load.measurement.interval import Totals
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.run import Summary, TimelineLine, summarize
from whoson_load.measurement.sample import OPERATORJOINED, QUEUE_TICK

__all__ = ["FUNNEL", "RATES", "Record", "complete", "funnel", "rates"]

FUNNEL: Final = {
    "arrived": "visits begun, and visitors turned away by our own cap",
    "connected": "got a chat window (`connected`)",
    "accepted": "were taken into the chat (`accepted`)",
    "queued": "were told a position in the queue at least once",
    "picked_up": "got an operator (`operatorjoined`)",
    "served": "chatted to the end",
    "surveyed": "had their survey after the chat acknowledged",
    "capped": "were sent away by our own cap before they began",
    "in_progress": "were still there when the run ended",
}
"""The steps of a visit, each with what the visitors in it did; every way out but `served` follows by its own name."""

RATES: Final = {
    "arrivals_per_min": "visits begun a minute",
    "visits_per_min": "visits ended a minute",
    "served_per_min": "visits ended as `served` a minute",
    "commands_per_s": "commands sent a second",
    "events_per_s": "events received a second",
    "lines_per_s": "visitors' lines sent a second",
    "bytes_received_per_s": "bytes received a second",
    "bytes_sent_per_s": "bytes sent a second",
    "in_progress": "visits in progress, on average",
    "lasts_s": "how long the part that was judged lasted, in seconds",
}
"""The rates of the part that is judged, each with what it says."""

_FOREVER_NS: Final = 1 << 63


class Record(Protocol):
    """What is asked of a run's record."""

    def timeline(self) -> Iterable[TimelineLine]:
        """Every complete interval; asked for more than once."""

    def totals(self, from_ns: int = ..., to_ns: int = ...) -> Totals:
        """All of the intervals that begin at an instant or later, and before another."""


def complete(summary: Summary, record: Record, objectives: Sequence[Objective] = (), begun_ns: int = 0) -> Summary:
    """Add to a whole run's figures what follows from its record.

    Args:
        summary: of the whole run, from `summarize`.
        record: of that run.
        objectives: to be judged: on the steady part, or on all of the run where it has none.
        begun_ns: when the run began, ns since the epoch.

    Returns:
        a new summary.

    Raises:
        RecordError: the record cannot be read.
    """
    load = loads(record.timeline())
    parts = find_parts(load, begun_ns)
    steady = parts.steady
    from_ns, to_ns = (steady.start_ns, steady.end_ns) if steady else (0, _FOREVER_NS)
    judged = record.totals(from_ns, to_ns)
    whole = judged if steady is None else record.totals()
    counts: dict[str, int] = {}
    lines: list[TimelineLine] = []
    for line in record.timeline():
        if from_ns <= line.start_ns < to_ns:
            for name, figures in line.series.items():
                counts[name] = counts.get(name, 0) + figures.count
            if any(each.share is not None for each in objectives):
                lines.append(line)
    if steady is not None:
        lasts_s, in_progress = steady.lasts_s, steady.in_progress
    else:
        lasts_s = (load[-1].end_ns - load[0].start_ns) / 1e9 if load else 0.0
        in_progress = sum(each.in_progress for each in load) / len(load) if load else 0.0
    evidence = Evidence(judged, lasts_s, steady is not None, whole.tally, counts, lines)
    return msgspec.structs.replace(
        summary,
        parts=parts,
        steady=summarize(judged, summary.trust).series if steady is not None else None,
        funnel=funnel(whole),
        rates=rates(judged, lasts_s, in_progress),
        objectives=[judge(each, evidence) for each in objectives],
    )


def funnel(whole: Totals) -> dict[str, int]:
    """How far visitors came, and where they left.

    Returns:
        keys of `FUNNEL`, then every outcome but `served`.
    """
    tally = whole.tally

    def timed(name: str) -> int:
        return whole.series[name].count if name in whole.series else 0

    begun, capped = tally.arrivals.get("begun", 0), tally.arrivals.get("capped", 0)
    return {
        "arrived": begun + capped,
        "connected": tally.events.get("connected", 0),
        "accepted": tally.events.get("accepted", 0),
        # A tick is timed from one `queue` event to the next: each queued visitor has one event more than ticks.
        "queued": max(0, tally.events.get("queue", 0) - timed(QUEUE_TICK)),
        "picked_up": timed(OPERATORJOINED),
        "served": tally.outcomes.get(Outcome.SERVED, 0),
        "surveyed": tally.events.get("acknowledged", 0),
        "capped": capped,
        "in_progress": max(0, begun - sum(tally.outcomes.values())),
        **{each.value: tally.outcomes.get(each.value, 0) for each in Outcome if each is not Outcome.SERVED},
    }


def rates(part: Totals, lasts_s: float, in_progress: float) -> dict[str, float]:
    """How much happened in a stretch of time.

    Returns:
        keys of `RATES`; all 0 for a stretch without length.
    """
    tally = part.tally
    a_second = 1 / lasts_s if lasts_s > 0 else 0.0
    return {
        "arrivals_per_min": 60 * a_second * tally.arrivals.get("begun", 0),
        "visits_per_min": 60 * a_second * sum(tally.outcomes.values()),
        "served_per_min": 60 * a_second * tally.outcomes.get(Outcome.SERVED, 0),
        "commands_per_s": a_second * sum(tally.commands.values()),
        "events_per_s": a_second * sum(tally.events.values()),
        "lines_per_s": a_second * tally.lines.get("sent", 0),
        "bytes_received_per_s": a_second * tally.traffic.get("bytes_received", 0),
        "bytes_sent_per_s": a_second * tally.traffic.get("bytes_sent", 0),
        "in_progress": in_progress,
        "lasts_s": lasts_s,
    }
