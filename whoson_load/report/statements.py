"""What a run's page says in sentences, each with the keys of the figures it rests on. Knows figures and no page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from whoson_load.measurement.capacity import Capacity
from whoson_load.measurement.ledger import Fate, in_flight
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.run import SeriesSummary, Summary
from whoson_load.measurement.sample import HEADLINE, REPLY, SERIES
from whoson_load.measurement.trust import Verdict
from whoson_load.report.capacity import beyond_levels
from whoson_load.report.latencies import format_ms
from whoson_load.report.sentence import sentence

__all__ = ["CAPACITY", "SUMMARY", "Statement", "statements"]

SUMMARY: Final = "summary.json"
CAPACITY: Final = "capacity.json"

_WAYS_OUT: Final = tuple(each.value for each in Outcome if each is not Outcome.SERVED)
_FLAWS: Final = (Fate.LATE, Fate.DUPLICATED, Fate.REORDERED, Fate.CROSSED)


@dataclass(frozen=True, slots=True)
class Statement:
    """One or two sentences about a run.

    Attributes:
        text: what is said.
        keys: every figure it rests on, as the path of its key; no other figure moves the text. `*` stands for any one
            key or place.
        file: of the record, where they are found.
    """

    text: str
    keys: tuple[str, ...]
    file: str = SUMMARY

    @property
    def figures(self) -> str:
        """The keys, as a list in words."""
        return " ".join(self.keys)

    @property
    def source(self) -> str:
        """The keys as shown to people: one where there is one, else what they have in common."""
        if len(self.keys) == 1:
            return self.keys[0]
        heads = list(dict.fromkeys(key.split(".", 1)[0] for key in self.keys))
        return ", ".join(heads)


def statements(summary: Summary, capacity: Capacity | None = None) -> dict[str, Statement]:
    """All that is said of a run, by the name of what it is about; what does not apply is left out.

    Args:
        summary: completed.
        capacity: what the run found as a capacity search; its levels are judged on their own, and all of them together
            are steady nowhere.
    """
    said: dict[str, Statement | None] = {
        "answer": Statement(
            sentence(summary), ("trust.verdict", "trust.reason", "objectives.*.met", "objectives.*.objective")
        ),
        "trust": _trust(summary),
        "parts": _parts(summary),
        "load": _load(summary),
        "work": _work(summary),
        "due": _due(summary),
        "funnel": _funnel(summary),
        "ways_out": _ways_out(summary),
        "queue": _queue(summary),
        "lines": _lines(summary),
        "flaws": _flaws(summary),
        "faults": _counts(summary.faults, "faults.*", "What the target did wrong", "The target did nothing wrong."),
        "deviations": _counts(
            summary.deviations,
            "deviations.*",
            "Departures from the specification that were read tolerantly",
            "The target departed from the specification nowhere that was looked at.",
        ),
        "closes": _counts(
            summary.close_codes, "close_codes.*", "Connections by close code", "No connection ended with a close code."
        ),
        "drift": None if summary.drift is None else Statement(summary.drift.reason, ("drift.reason",)),
        "staffing": None if summary.staffing is None else Statement(summary.staffing.said, ("staffing.said",)),
    }
    for name in (*HEADLINE, REPLY):
        said[name] = _series(summary, name)
    for place, judged in enumerate(summary.objectives):
        said[f"objective {place}"] = Statement(judged.said, (f"objectives.{place}.said",))
    if capacity is not None:
        said |= {"answer": Statement(capacity.sentence, ("sentence",), CAPACITY), "drift": None, "staffing": None}
        said |= {f"beyond {place}": each for place, each in enumerate(_beyond(capacity))}
        for place, note in enumerate(capacity.notes):
            said[f"note {place}"] = Statement(note, (f"notes.{place}",), CAPACITY)
    return {name: each for name, each in said.items() if each is not None}


def _beyond(capacity: Capacity) -> list[Statement]:
    keys = ["knee.*"] * (capacity.knee is not None) + ["law.said" if capacity.law is not None else "law_refused"]
    return [Statement(text, (key,), CAPACITY) for text, key in zip(beyond_levels(capacity), keys, strict=False)]


def _trust(summary: Summary) -> Statement:
    trust = summary.trust
    text = f"The generator is {trust.verdict}. {trust.reason}"
    advice = f" {trust.advice}".rstrip() if trust.verdict is not Verdict.TRUSTED else ""
    return Statement(text + advice, ("trust.verdict", "trust.reason", "trust.advice"))


def _parts(summary: Summary) -> Statement | None:
    return None if summary.parts is None else Statement(summary.parts.reason, ("parts.reason",))


def _load(summary: Summary) -> Statement | None:
    rates = summary.rates
    if not rates:
        return None
    text = (
        f"{rates['in_progress']:,.1f} visits were in progress on average;"
        f" {rates['arrivals_per_min']:,.1f} began and {rates['visits_per_min']:,.1f} ended a minute,"
        f" {rates['served_per_min']:,.1f} of them served."
    )
    return Statement(text, _below("rates", "in_progress", "arrivals_per_min", "visits_per_min", "served_per_min"))


def _work(summary: Summary) -> Statement | None:
    rates = summary.rates
    if not rates:
        return None
    text = (
        f"A second: {rates['commands_per_s']:,.1f} commands sent, {rates['events_per_s']:,.1f} events received,"
        f" {rates['lines_per_s']:,.2f} lines said; {rates['bytes_sent_per_s'] / 1000:,.1f} kB out,"
        f" {rates['bytes_received_per_s'] / 1000:,.1f} kB in."
    )
    keys = ("commands_per_s", "events_per_s", "lines_per_s", "bytes_sent_per_s", "bytes_received_per_s")
    return Statement(text, _below("rates", *keys))


def _due(summary: Summary) -> Statement | None:
    arrivals = summary.arrivals
    if not arrivals.get("due"):
        return None
    capped = arrivals.get("capped", 0)
    text = (
        f"{arrivals['due']:,} visitors were due (open model), {arrivals.get('late', 0):,} of them begun late and"
        f" {capped:,} turned away by our own cap."
    )
    return Statement(text, _below("arrivals", "due", "late", "capped"))


def _funnel(summary: Summary) -> Statement | None:
    funnel = summary.funnel
    if not funnel:
        return None
    arrived = funnel["arrived"]
    text = (
        f"Of {arrived:,} visitors {funnel['connected']:,}{_share(funnel['connected'], arrived)} got a chat window,"
        f" {funnel['picked_up']:,}{_share(funnel['picked_up'], arrived)} an operator, and"
        f" {funnel['served']:,}{_share(funnel['served'], arrived)} chatted to the end;"
        f" {funnel['in_progress']:,} were still there when the run ended."
    )
    return Statement(text, _below("funnel", "arrived", "connected", "picked_up", "served", "in_progress"))


def _ways_out(summary: Summary) -> Statement | None:
    if not summary.funnel:
        return None
    left = [f"{summary.funnel[name]:,} {_words(name)}" for name in _WAYS_OUT if summary.funnel.get(name)]
    text = f"Other ways out: {', '.join(left)}." if left else "Nobody left by another way."
    return Statement(text, _below("funnel", *_WAYS_OUT))


def _queue(summary: Summary) -> Statement | None:
    if not summary.funnel:
        return None
    queued, accepted = summary.funnel["queued"], summary.funnel["accepted"]
    worst = summary.peaks.get("queue position", 0)
    text = (
        f"{queued:,} of {accepted:,} accepted visitors{_share(queued, accepted)} were told a position in the queue;"
        f" the worst was {worst:,}."
    )
    return Statement(text, ("funnel.queued", "funnel.accepted", "peaks.queue position"))


def _series(summary: Summary, name: str) -> Statement | None:
    part = "steady" if summary.steady is not None else "series"
    figures: SeriesSummary | None = (summary.steady or summary.series).get(name)
    if figures is None:
        return None
    keys = _below(f"{part}.{name}", "count", "errors", "p50_ms", "p99_ms", "max_ms")
    if not figures.count:
        return Statement(f"No sample, {figures.errors:,} errors.", keys[:2])
    meaning = SERIES[name].description.replace("`", "")
    text = (
        f"Half of {figures.count:,} took {format_ms(figures.p50_ms)} at most, 99 % {format_ms(figures.p99_ms)}, the"
        f" longest {format_ms(figures.max_ms)}; {figures.errors:,} errors. {meaning}"
    )
    return Statement(text, keys)


def _lines(summary: Summary) -> Statement:
    sent, echoed, lost = (summary.lines.get(each, 0) for each in (Fate.SENT, Fate.ECHOED, Fate.LOST))
    text = f"Of {sent:,} lines sent {echoed:,} came back, {lost:,} were lost, {in_flight(summary.lines):,} in flight."
    return Statement(text, _below("lines", Fate.SENT, Fate.ECHOED, Fate.LOST))


def _flaws(summary: Summary) -> Statement:
    flaws = [f"{summary.lines[each]:,} {each}" for each in _FLAWS if summary.lines.get(each)]
    text = f"Lines that went wrong: {', '.join(flaws)}." if flaws else "No line came late, twice, reordered or crossed."
    return Statement(text, _below("lines", *_FLAWS))


def _counts(counts: Mapping[str, int], key: str, what: str, none: str) -> Statement:
    told = ", ".join(f"{count:,} {_words(name)}" for name, count in counts.items() if count)
    return Statement(f"{what}: {told}." if told else none, (key,))


def _below(head: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{head}.{name}" for name in names)


def _share(part: int, whole: int) -> str:
    return f" ({part / whole:.1%})" if whole else ""


def _words(name: str) -> str:
    return name.replace("_", " ")
