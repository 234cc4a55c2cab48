"""What a run's page lists: its verdicts, its tables and what it ran on, cell by cell. Knows figures and no HTML."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from whoson_load.analysis.summary import FUNNEL
from whoson_load.measurement.capacity import Capacity, Conclusion
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.outlook import Trend
from whoson_load.measurement.run import Ending, RunInfo, SeriesSummary, Summary
from whoson_load.measurement.sample import HEADLINE
from whoson_load.measurement.trust import RULES, Verdict
from whoson_load.report.capacity import level_head, level_row
from whoson_load.report.latencies import FEW, MORE, latency_cells, marks_any
from whoson_load.report.outlook import DRIFT_HEAD, STAFFING_HEAD, drift_rows, staffing_rows
from whoson_load.report.terminal import time_spent

__all__ = ["Badge", "Facts", "Row", "lasting"]

_GOOD, _BAD, _DOUBT, _PLAIN = "good", "bad", "doubt", "plain"
_STEPS: Final = ("arrived", "connected", "accepted", "queued", "picked_up", "served", "surveyed")
_HEADLINE_TIMES: Final = ("p50", "p95", "p99", "max")
_FLAWS: Final = ("lost", "duplicated", "reordered", "crossed")


class Badge(NamedTuple):
    """One verdict: what it is about, what it is, how it looks (`good`, `bad`, `doubt` or `plain`), and its keys."""

    about: str
    verdict: str
    mood: str
    keys: str


class Row(NamedTuple):
    """A row of a table: its cells, the key of its figures, and the share that its bar shows (0 to 1)."""

    cells: tuple[str, ...]
    key: str
    share: float = 0.0


class Facts:
    """The tables of one run's page.

    Args:
        info: of the run.
        summary: completed.
        capacity: what the run found as a capacity search; None for any other run.
    """

    headline_head = ("series", *_HEADLINE_TIMES)
    latency_head = ("series", *MORE)
    drift_head = DRIFT_HEAD
    staffing_head = STAFFING_HEAD

    def __init__(self, info: RunInfo, summary: Summary, capacity: Capacity | None = None) -> None:
        self._info = info
        self._summary = summary
        self._capacity = capacity

    @property
    def begun(self) -> str:
        """When the run began."""
        return f"{datetime.fromtimestamp(self._info.started_ns // 1_000_000_000, UTC):%Y-%m-%d %H:%M:%S} UTC"

    @property
    def lasted(self) -> str:
        """How long it took and how it ended."""
        info = self._info
        if info.ended_ns is None or info.ending is None:
            return "goes on or was killed: these are its complete intervals"
        return f"{lasting(info.ended_ns - info.started_ns)}, {info.ending}"

    @property
    def mood(self) -> str:
        """How the page's first sentence looks."""
        if self._capacity is not None:
            return {Conclusion.FOUND: _GOOD, Conclusion.AT_LEAST: _GOOD, Conclusion.INTERRUPTED: _DOUBT}.get(
                self._capacity.conclusion, _BAD
            )
        if self._summary.trust.verdict is Verdict.INVALID:
            return _BAD
        if any(not each.met for each in self._summary.objectives):
            return _BAD
        if self._summary.trust.verdict is Verdict.DOUBTFUL:
            return _DOUBT
        return _GOOD if self._summary.objectives else _PLAIN

    def verdicts(self) -> Iterable[Badge]:
        """What a reader looks for first."""
        summary = self._summary
        if self._capacity is not None:
            levels = f"{len(self._capacity.levels)} levels, {self._capacity.conclusion}"
            yield Badge("Search", levels, self.mood, "capacity.json: conclusion")
        elif summary.objectives:
            met = sum(each.met for each in summary.objectives)
            mood = _GOOD if met == len(summary.objectives) else _BAD
            yield Badge("Objectives", f"{met} of {len(summary.objectives)} met", mood, "objectives.*.met")
        else:
            yield Badge("Objectives", "none given", _PLAIN, "objectives")
        trust = summary.trust.verdict
        mood = {Verdict.TRUSTED: _GOOD, Verdict.DOUBTFUL: _DOUBT}.get(trust, _BAD)
        yield Badge("Generator", trust.value, mood, "trust.verdict")
        flaws = [f"{summary.lines[each]:,} {each}" for each in _FLAWS if summary.lines.get(each)]
        yield Badge("Lines", ", ".join(flaws) or "all accounted for", _BAD if flaws else _GOOD, "lines")
        errors = sum(sum(faults.values()) for faults in summary.errors.values())
        yield Badge("Errors", f"{errors:,}", _BAD if errors else _GOOD, "errors")
        if summary.drift is not None and self._capacity is None:
            mood = {Trend.STEADY: _GOOD, Trend.DRIFTING: _BAD}.get(summary.drift.trend, _PLAIN)
            yield Badge("Drift", summary.drift.trend.value, mood, "drift.trend")
        if self._info.ending is not Ending.FINISHED:
            yield Badge("The run", self._info.ending or "did not end by itself", _DOUBT, "run.json: ending")

    @property
    def level_head(self) -> tuple[str, ...]:
        """The names of the columns of `levels`."""
        return level_head(self._capacity.wanted, self._capacity.levels) if self._capacity is not None else ()

    def levels(self) -> Iterable[tuple[str, ...]]:
        """A capacity search's, in the order they were visited."""
        if self._capacity is not None:
            for each in self._capacity.levels:
                yield level_row(each, self._capacity.wanted)

    def objectives(self) -> Iterable[tuple[str, str]]:
        """Mood, and the objective as written."""
        for each in self._summary.objectives:
            yield _GOOD if each.met else _BAD, each.objective

    @property
    def judged_part(self) -> str:
        """Which part of the run headline figures are of, as the key in the summary."""
        return "steady" if self._summary.steady is not None else "series"

    def headlines(self) -> Iterable[Row]:
        """p50, p95, p99 and the greatest of the headline series."""
        part = self._summary.steady or self._summary.series
        for name in HEADLINE:
            if name in part:
                each = part[name]
                yield Row((name, *latency_cells(each, _HEADLINE_TIMES)), f"{self.judged_part}.{name}")

    def latencies(self, part: str) -> Iterable[Row]:
        """Every series that has something to tell.

        Args:
            part: `steady` or `series`.
        """
        series: dict[str, SeriesSummary] | None = getattr(self._summary, part)
        for name, each in (series or {}).items():
            if each.count or each.errors or name in HEADLINE:
                yield Row((name, *latency_cells(each, MORE)), f"{part}.{name}")

    def few(self, rows: Iterable[Row]) -> str:
        """What stands below a table of latencies: what its marks mean, if it has any."""
        return FEW if marks_any(row.cells for row in rows) else ""

    def funnel(self) -> Iterable[Row]:
        """How far visitors came: step, how many, share of those who arrived, meaning."""
        funnel = self._summary.funnel
        arrived = funnel.get("arrived", 0)
        for name in _STEPS:
            if name in funnel:
                share = funnel[name] / arrived if arrived else 0.0
                cells = (_words(name), f"{funnel[name]:,}", f"{share:.1%}", _bare(FUNNEL[name]))
                yield Row(cells, f"funnel.{name}", min(1.0, share))

    def ways_out(self) -> Iterable[Row]:
        """Every way out that somebody took, the most frequent first."""
        funnel = self._summary.funnel
        meanings = {each.value: each.meaning for each in Outcome if each is not Outcome.SERVED}
        meanings |= {name: f"Visits that {FUNNEL[name]}." for name in ("capped", "in_progress")}
        arrived = funnel.get("arrived", 0)
        for name in sorted(meanings, key=lambda each: -funnel.get(each, 0)):
            if funnel.get(name):
                share = funnel[name] / arrived if arrived else 0.0
                cells = (_words(name), f"{funnel[name]:,}", f"{share:.1%}", _bare(meanings[name]))
                yield Row(cells, f"funnel.{name}", min(1.0, share))

    def spent(self) -> Iterable[Row]:
        """Where the visitors' time went: what, seconds a visit, share."""
        spent = time_spent(self._summary)
        whole_s = sum(seconds for _, seconds in spent)
        visits = max(1, self._summary.arrivals.get("begun", 0))
        for name, seconds in spent:
            share = seconds / whole_s if whole_s else 0.0
            yield Row((name, f"{seconds / visits:.2f} s", f"{share:.1%}"), "traffic", share)

    def errors(self) -> Iterable[Row]:
        """Commands whose answer did not come, by series and fault."""
        for series, faults in self._summary.errors.items():
            for fault, count in faults.items():
                yield Row((series, _words(fault), f"{count:,}"), f"errors.{series}.{fault}")

    def lines(self) -> Iterable[Row]:
        """The ledger, entry by entry."""
        for name, count in self._summary.lines.items():
            yield Row((name, f"{count:,}"), f"lines.{name}")

    def fired(self) -> Iterable[Row]:
        """Rules of trust that fired, what helps, and in how many intervals they fired."""
        for name, count in self._summary.trust.fired.items():
            advice = RULES[name].advice if name in RULES else ""
            yield Row((_words(name), advice, f"{count:,}"), f"trust.fired.{name}")

    def drift(self) -> Iterable[tuple[str, ...]]:
        """Figure by figure; none where the run is too short for any."""
        drift = self._summary.drift
        return drift_rows(drift) if drift is not None and drift.trend is not Trend.TOO_SHORT else []

    def staffing(self) -> Iterable[tuple[str, ...]]:
        """Predicted and measured waiting, where the queue could be reckoned."""
        return staffing_rows(self._summary.staffing) if self._summary.staffing is not None else []

    def environment(self) -> Iterable[tuple[str, str]]:
        """What the run ran on and was told, but for its options."""
        info = self._info
        yield "run", info.run_id
        yield "command line", " ".join(info.command_line)
        yield "target", info.target
        yield "seed", str(info.seed)
        yield "pace", f"{info.pace:g}" + ("" if info.pace == 1 else " times shorter human times than in life")
        yield "intervals", f"{info.interval_s:g} s"
        yield "exit code", "-" if info.exit_code is None else str(info.exit_code)
        yield "machine", ", ".join(f"{_words(name)} {value}" for name, value in info.machine.items())
        yield "versions", ", ".join(f"{name} {version}" for name, version in info.versions.items())

    def options(self) -> Iterable[tuple[str, str]]:
        """All options in force, secrets hidden."""
        for name, value in sorted(self._info.options.items()):
            yield name, str(value)


def lasting(duration_ns: int) -> str:
    """A duration in words."""
    seconds = round(duration_ns / 1e9)
    if seconds < 120:
        return f"{seconds} s"
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds % 60} s"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _bare(text: str) -> str:
    """Text without Markdown's signs of code."""
    return text.replace("`", "")
