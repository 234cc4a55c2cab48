"""Completes a run's summary from its record: parts, the steady one's figures, the funnel, objectives, the outlook.

Is told how to get at the record's intervals, and knows no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec

from whoson_load.analysis.courses import courses
from whoson_load.analysis.drift import find_drift
from whoson_load.analysis.judging import Evidence, judge
from whoson_load.analysis.objectives import Objective
from whoson_load.analysis.parts import Load, find_parts, loads
from whoson_load.analysis.staffing import crowd, staffing
from whoson_load.measurement.answer import Judged, Parts
from whoson_load.measurement.interval import Totals
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.run import Summary, TimelineLine, summarize
from whoson_load.measurement.sample import OPERATORJOINED, QUEUE_TICK
from whoson_load.measurement.tally import Tally

__all__ = ["FUNNEL", "RATES", "Record", "complete", "funnel", "outlook", "rates"]

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
        """Every complete interval."""

    def totals(self, from_ns: int = ..., to_ns: int = ...) -> Totals:
        """All of the intervals that begin at an instant or later, and before another."""


def complete(
    summary: Summary,
    record: Record,
    objectives: Sequence[Objective] = (),
    begun_ns: int = 0,
    *,
    pace: float = 1.0,
    servers: int | None = None,
) -> Summary:
    """Add to a whole run's figures what follows from its record.

    Args:
        summary: of the whole run, from `summarize`.
        record: of that run.
        objectives: to be judged: on the steady part, or on all of the run where it has none.
        begun_ns: when the run began, ns since the epoch.
        pace: by which the run's human times were divided.
        servers: chats that all operators together hold at once, where somebody told.

    Returns:
        a new summary.

    Raises:
        RecordError: the record cannot be read.
    """
    timeline = list(record.timeline())
    load = loads(timeline)
    parts = find_parts(load, begun_ns)
    steady = parts.steady
    from_ns, to_ns = (steady.start_ns, steady.end_ns) if steady else (0, _FOREVER_NS)
    judged = record.totals(from_ns, to_ns)
    whole = Tally()
    for line in timeline:
        whole.add(line.tally)
    lines = [line for line in timeline if from_ns <= line.start_ns < to_ns]
    counts: dict[str, int] = {}
    for line in lines:
        for name, figures in line.series.items():
            counts[name] = counts.get(name, 0) + figures.count
    if steady is not None:
        lasts_s, in_progress = steady.lasts_s, steady.in_progress
    else:
        lasts_s = (load[-1].end_ns - load[0].start_ns) / 1e9 if load else 0.0
        in_progress = sum(each.in_progress for each in load) / len(load) if load else 0.0
    evidence = Evidence(judged, lasts_s, steady is not None, whole, counts, lines)
    completed = msgspec.structs.replace(
        summary,
        parts=parts,
        steady=summarize(judged, summary.trust).series if steady is not None else None,
        funnel=funnel(summary),
        rates=rates(judged, lasts_s, in_progress),
        objectives=[_placed(judge(each, evidence), parts, load, begun_ns) for each in objectives],
    )
    return outlook(completed, timeline, pace=pace, servers=servers)


def outlook(
    summary: Summary, timeline: Iterable[TimelineLine], *, pace: float = 1.0, servers: int | None = None
) -> Summary:
    """Add drift and staffing to a summary that is complete but for them.

    Args:
        timeline: of the run's record.
        pace, servers: as for `complete`.
    """
    lines = list(timeline)
    drift, staff = find_drift(courses(summary, lines)), staffing(crowd(summary, lines), servers, pace)
    return msgspec.structs.replace(summary, drift=drift, staffing=staff)


def _placed(judged: Judged, parts: Parts, load: Sequence[Load], begun_ns: int) -> Judged:
    """With the stretch of the run that it was judged on."""
    if not load:
        return judged
    start_ns, end_ns = load[0].start_ns, load[-1].end_ns
    begun_ns = max(begun_ns, start_ns)
    if parts.steady is not None and judged.judged_on != "whole run":
        start_ns, end_ns = parts.steady.start_ns, parts.steady.end_ns
    return msgspec.structs.replace(
        judged, from_s=max(0, start_ns - begun_ns) / 1e9, to_s=max(0, end_ns - begun_ns) / 1e9
    )


def funnel(whole: Summary) -> dict[str, int]:
    """How far visitors came, and where they left.

    Args:
        whole: of all of the run, from `summarize`.

    Returns:
        keys of `FUNNEL`, then every outcome but `served`.
    """

    def timed(name: str) -> int:
        return whole.series[name].count if name in whole.series else 0

    begun, capped = whole.arrivals.get("begun", 0), whole.arrivals.get("capped", 0)
    return {
        "arrived": begun + capped,
        "connected": whole.events.get("connected", 0),
        "accepted": whole.events.get("accepted", 0),
        # A tick is timed from one `queue` event to the next: each queued visitor has one event more than ticks.
        "queued": max(0, whole.events.get("queue", 0) - timed(QUEUE_TICK)),
        "picked_up": timed(OPERATORJOINED),
        "served": whole.outcomes.get(Outcome.SERVED, 0),
        "surveyed": whole.events.get("acknowledged", 0),
        "capped": capped,
        "in_progress": max(0, begun - sum(whole.outcomes.values())),
        **{each.value: whole.outcomes.get(each.value, 0) for each in Outcome if each is not Outcome.SERVED},
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
