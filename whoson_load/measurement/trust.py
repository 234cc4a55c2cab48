"""Whether the generator itself was the bottleneck: figures of each worker and interval against a table of limits.

Pure judgement: knows nothing of where the figures come from, and reads no /proc, no clock and no file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from whoson_load.measurement.generator import GeneratorFigures

__all__ = [
    "INVALID_PART",
    "LOST_REPORTS",
    "RULES",
    "Finding",
    "Judgement",
    "Rule",
    "Trust",
    "Verdict",
    "judge",
]


class Verdict(StrEnum):
    """How far a run, or an interval of it, can be trusted."""

    TRUSTED = "trusted"
    DOUBTFUL = "doubtful"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Rule:
    """One way in which a generator can be the bottleneck.

    Attributes:
        name: a short word for it, as in the record.
        figure: the figure it looks at, greater is worse; None where unknown.
        doubtful: from here on an interval is doubtful.
        invalid: from here on it is invalid.
        unit: what the figure is: `share`, `ns` or `count`.
        says: what the worker did, with `{value}`.
        advice: what to do about it, as a sentence.
        source: where the two limits come from.
        explains: names of rules that are mere symptoms when this one fires.
    """

    name: str
    figure: Callable[[GeneratorFigures], float | None]
    doubtful: float
    invalid: float
    unit: str
    says: str
    advice: str
    source: str
    explains: frozenset[str] = frozenset()

    def level(self, value: float) -> Verdict:
        """How far an interval with this figure can be trusted."""
        if value >= self.invalid:
            return Verdict.INVALID
        return Verdict.DOUBTFUL if value >= self.doubtful else Verdict.TRUSTED

    def sentence(self, value: float) -> str:
        """What the worker did, with the figure in its unit."""
        shown = {"share": f"{value:.0%}", "ns": f"{value / 1e6:,.0f} ms", "count": f"{value:,.0f}"}[self.unit]
        return self.says.format(value=shown)


def _share(used: float | None, limit: float | None) -> float | None:
    return used / limit if used is not None and limit else None


_LAGS: Final = frozenset({"loop", "receive", "send"})
_INSTANT: Final = (
    "invalid: 100 ms, up to which people take an answer as instant (R. B. Miller, 1968): a visitor later than that is "
    "another visitor than was asked for; doubtful: a fifth of it, Invented"
)

RULES: Final[dict[str, Rule]] = {
    rule.name: rule
    for rule in (
        Rule(
            "cpu",
            lambda figures: figures.cpu_share,
            0.90,
            0.98,
            "share",
            "used {value} of one CPU core, which is all that one Python process can use",
            "Use more workers (--processes), or fewer visitors for each.",
            "doubtful: where Locust warns of its CPU use; invalid: nothing left, Invented",
            _LAGS,
        ),
        Rule(
            "run_queue",
            lambda figures: figures.waiting_share,
            0.10,
            0.80,
            "share",
            "waited {value} of the time for a CPU that other programs had",
            "Run nothing else on the machine, use fewer workers than cores, or a larger machine.",
            "Invented; a cause and no evidence, so what it did to the figures decides: the lags it explains",
            _LAGS,
        ),
        Rule(
            "gc",
            lambda figures: figures.gc_pause_max_ns,
            50e6,
            500e6,
            "ns",
            "stood still for {value} while Python collected garbage",
            "Use more workers with fewer visitors each; keep fewer objects in the locustfile.",
            "Invented",
            _LAGS,
        ),
        Rule(
            "clock",
            lambda figures: figures.clock_step_ns,
            5e6,
            100e6,
            "ns",
            "had its clock set by {value}",
            "Let the clock settle before the run: slew it (chrony, ntpd) instead of stepping it.",
            "doubtful: twice what a clock slewed by the kernel's greatest rate, 500 ppm, departs in 5 s; "
            "invalid: below the 128 ms from which ntpd steps, Invented",
            frozenset({"receive", "send"}),
        ),
        Rule(
            "skew",
            lambda figures: figures.clock_skew_ns,
            1e9,
            10e9,
            "ns",
            "had a clock {value} off the master's, so that its figures stand in the wrong intervals",
            "Let all machines keep the same time (chrony, ntpd).",
            "a fifth of an interval of 5 s, and two of them, Invented",
        ),
        Rule(
            "descriptors",
            lambda figures: _share(figures.descriptors, figures.descriptors_limit),
            0.80,
            0.95,
            "share",
            "had {value} of its file descriptors open",
            "Raise the limit (ulimit -n), or use more workers.",
            "Invented",
        ),
        Rule(
            "ports",
            lambda figures: _share(figures.ports, figures.ports_limit),
            0.80,
            0.95,
            "share",
            "used {value} of the local ports towards the target",
            "Widen net.ipv4.ip_local_port_range, or use more addresses or machines.",
            "Invented",
        ),
        Rule(
            "loop",
            lambda figures: figures.loop_lag_p99_ns,
            20e6,
            100e6,
            "ns",
            "came {value} late to what it had to do (p99 of its probe timer)",
            "Look for code in the locustfile that blocks or computes for long; use more workers.",
            _INSTANT,
            frozenset({"receive", "send"}),
        ),
        Rule(
            "receive",
            lambda figures: figures.receive_p99_ns,
            20e6,
            100e6,
            "ns",
            "read what had arrived {value} late (p99)",
            "Use more workers (--processes), or fewer visitors for each.",
            _INSTANT,
        ),
        Rule(
            "send",
            lambda figures: figures.send_p99_ns,
            20e6,
            100e6,
            "ns",
            "sent what was due {value} late (p99)",
            "Use more workers (--processes), or fewer visitors for each.",
            _INSTANT,
        ),
    )
}
"""Every way but lost reports, causes before their symptoms."""

LOST_REPORTS: Final = "lost_reports"
"""The name of the finding that reports of workers are missing; a single one makes a run invalid."""

_DOUBTFUL_PART: Final = 0.01  # Invented: with more intervals touched, p99 of the run is touched
INVALID_PART: Final = 0.10
"""The share of intervals from which on a run is invalid. Invented: a tenth of it was another run than was asked for."""

_FEWEST_INVALID: Final = 3  # Invented: in a short run one is the start and two may be a hiccup; that makes it doubtful
_LASTING: Final = frozenset({"skew", "descriptors", "ports"})  # no hiccups: what does not pass by itself
_HICCUP: Final = "So seldom, it mostly is a hiccup of the machine: run again, for longer. If it stays: "


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that fired for one worker in one interval.

    Attributes:
        rule: the rule's name.
        level: doubtful or invalid.
        value: the figure, in the rule's unit.
    """

    rule: str
    level: Verdict
    value: float


def judge(figures: GeneratorFigures) -> list[Finding]:
    """Judge one worker in one interval.

    Returns:
        the findings, causes first; mere symptoms of a cause are left out, but a cause is as bad as the worst of them.
        Empty means trusted.
    """
    levels = {name: rule.level(value) for name, rule in RULES.items() if (value := rule.figure(figures)) is not None}
    findings: list[Finding] = []
    explained: set[str] = set()
    for rule in RULES.values():
        value = rule.figure(figures)
        if value is None or rule.name in explained:
            continue
        level = levels[rule.name]
        if level is not Verdict.TRUSTED:
            if any(levels.get(symptom) is Verdict.INVALID for symptom in rule.explains):
                level = Verdict.INVALID
            findings.append(Finding(rule=rule.name, level=level, value=value))
            explained |= rule.explains
    return findings


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What the trust in a run comes to.

    Attributes:
        verdict: of the whole run.
        reason: why, in one sentence.
        advice: what to do about it, in one sentence; empty when trusted.
        rule: the name of the rule that decided; empty when trusted.
        fired: rule -> in how many intervals of how many it fired on some worker, also where it did not decide.
    """

    verdict: Verdict
    reason: str
    advice: str = ""
    rule: str = ""
    fired: dict[str, int] = {}


@dataclass(slots=True)
class _Fired:
    """How often a rule fired, and where it was worst."""

    intervals: int = 0
    invalid_intervals: int = 0
    worst: float = 0.0
    worst_worker: str = ""


class Trust:
    """The judgement of a run as it goes: constant memory, however long it lasts."""

    def __init__(self) -> None:
        self._intervals = 0
        self._lost_reports = 0
        self._fired: dict[str, _Fired] = {}

    def add(self, generators: Mapping[str, GeneratorFigures]) -> dict[str, list[Finding]]:
        """Add one interval: each worker's figures by its name.

        Returns:
            the findings of each worker that has some.
        """
        self._intervals += any(figures != _UNKNOWN for figures in generators.values())
        found = {worker: findings for worker, figures in generators.items() if (findings := judge(figures))}
        levels: dict[str, Verdict] = {}
        for worker in sorted(found):
            for finding in found[worker]:
                fired = self._fired.setdefault(finding.rule, _Fired())
                if finding.value > fired.worst:
                    fired.worst, fired.worst_worker = finding.value, worker
                if levels.get(finding.rule) is not Verdict.INVALID:
                    levels[finding.rule] = finding.level
        for rule, level in levels.items():
            self._fired[rule].intervals += 1
            self._fired[rule].invalid_intervals += level is Verdict.INVALID
        return found

    def lost(self, reports: int) -> None:
        """Count reports of workers that never came."""
        self._lost_reports += reports

    def judgement(self) -> Judgement:
        """Judge all that was added: lost reports first, then the rules by how bad and how often, causes first."""
        fired = {rule: self._fired[rule].intervals for rule in RULES if rule in self._fired}
        if self._lost_reports:
            return Judgement(
                verdict=Verdict.INVALID,
                reason=f"{_counted(self._lost_reports)} of workers never arrived, so that figures are missing.",
                advice="Look at the workers' logs: which one died or lost its connection to the master, and why.",
                rule=LOST_REPORTS,
                fired=fired,
            )
        for verdict in (Verdict.INVALID, Verdict.DOUBTFUL):
            names = [name for name in fired if self._verdict(self._fired[name]) is verdict]
            if names:
                bad = verdict is Verdict.INVALID
                name = max(names, key=lambda each: self._often(each, invalid=bad))
                rule, here = RULES[name], self._fired[name]
                worst = f"At worst, worker {here.worst_worker} {rule.sentence(here.worst)}"
                reason = f"{worst}; it was too much in {here.intervals} of {self._intervals} intervals."
                hiccup = f"{_HICCUP}{rule.advice[0].lower()}{rule.advice[1:]}"
                seldom = here.intervals < _FEWEST_INVALID and name not in _LASTING
                advice = hiccup if seldom else rule.advice
                return Judgement(verdict=verdict, reason=reason, advice=advice, rule=name, fired=fired)
        if not self._intervals:
            return Judgement(verdict=Verdict.DOUBTFUL, reason="Nobody looked at how busy the generator was.")
        reason = f"The generator kept up in all but at most 1 % of {self._intervals} intervals."
        return Judgement(verdict=Verdict.TRUSTED, reason=reason if fired else _ALL_WELL, fired=fired)

    def _often(self, name: str, *, invalid: bool) -> int:
        here = self._fired[name]
        return here.invalid_intervals if invalid else here.intervals

    def _verdict(self, fired: _Fired) -> Verdict:
        most = max(_FEWEST_INVALID - 1, INVALID_PART * self._intervals)
        if fired.invalid_intervals > most:
            return Verdict.INVALID
        return Verdict.DOUBTFUL if fired.intervals > _DOUBTFUL_PART * self._intervals else Verdict.TRUSTED


def _counted(reports: int) -> str:
    return f"{reports} report{'s' * (reports != 1)}"


_UNKNOWN: Final = GeneratorFigures()
_ALL_WELL: Final = "The generator kept up in every interval."
