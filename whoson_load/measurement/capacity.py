"""The types of a capacity search: what `capacity.json` holds. Knows nothing of how levels are chosen or judged.

For a page: `levels` has a point of the curve for each level (`in_progress` against `latencies`), `knee` marks the bend
of one figure, and `law` continues the throughput as a forecast.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from whoson_load.measurement.run import PRODUCT, SCHEMA_VERSION, SeriesSummary
from whoson_load.measurement.trust import Judgement

__all__ = ["Bounded", "Capacity", "Conclusion", "Knee", "Law", "LawPoint", "Level", "Quantity", "Wanted", "Worth"]


class Quantity(StrEnum):
    """What is searched: the load that levels differ in."""

    VISITORS = "visitors"
    """Visitors in progress, each followed by another (closed model)."""

    ARRIVALS = "arrivals"
    """Arrivals a minute, whatever the server does (open model)."""


class Worth(StrEnum):
    """What becomes of an objective, or of all of them, at a level."""

    GOOD = "good"
    BAD = "bad"
    UNDECIDED = "undecided"


class Conclusion(StrEnum):
    """How a search ended."""

    FOUND = "found"
    AT_LEAST = "at least"
    """Even the highest load that was allowed is good."""

    NONE = "none"
    """Even the lowest load that was allowed is bad."""

    UNTRUSTED = "untrusted"
    """The generator was the bottleneck: no number is told."""

    INTERRUPTED = "interrupted"
    """Broken off before the end, or still going on; what was found so far is kept."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a search was asked for.

    Attributes:
        quantity: what levels differ in.
        objectives: as written; at least one.
        lowest, highest: the loads allowed, both above 0: visitors, or arrivals a minute.
        within: the last good and the first bad load shall differ by this share at most, above 0.
        hold_s: how long a level is measured; None for as long as its visits need.
        settle_s: how long a new level is left alone before; None for as long as its visits need.
    """

    quantity: Quantity
    objectives: list[str]
    lowest: float
    highest: float
    within: float = 0.05
    hold_s: float | None = None
    settle_s: float | None = None


class Bounded(msgspec.Struct, frozen=True, kw_only=True):
    """One objective at one level, with what chance leaves open.

    Attributes:
        objective: as it was written.
        of: what is measured, in words: `echo p99`.
        worth: the verdict on it.
        figure: what was measured, in `unit`; None where there was nothing to measure.
        limit: what the objective allows, in `unit`.
        unit: `ms`, `%`, `/s`, or nothing for a count.
        share: what the verdict rests on: of a percentile the share of times above the limit, of errors and outcomes
            their share, of a mean the mean; None where there is no such figure.
        low, high: its 95 % bounds, each one-sided; None where it has none.
    """

    objective: str
    of: str
    worth: Worth
    figure: float | None
    limit: float
    unit: str
    share: float | None = None
    low: float | None = None
    high: float | None = None


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """One level: a load that was settled, held and judged. The same load may be visited twice: two levels.

    Attributes:
        number: 1 for the first of the search.
        load: what was asked for, in the search's quantity.
        worth: `good` when all objectives were met, `bad` when one was missed.
        sure: whether chance is ruled out (95 %); else the figures alone decided, after the longest hold.
        from_above: whether the load before it was higher.
        begun_ns, held_ns, ended_ns: when it was set, when its measuring began and ended; ns since the epoch.
        recovery_s: how long the server had rested before it was set; None where the level before was good.
        recovered: whether it answered well again by then.
        judged: each objective.
        limiting: the objective that is missed by most; empty where all are met.
        in_progress: visits in progress, on average.
        arrivals_per_min, visits_per_min: visits begun and ended a minute.
        commands_per_s: commands sent a second.
        answers_per_s: commands answered by their event a second: the throughput.
        visit_s: how long a visit took on average; None where none ended.
        latencies: headline series -> its figures.
        trust: whether the generator kept up.
    """

    number: int
    load: float
    worth: Worth
    sure: bool
    from_above: bool
    begun_ns: int
    held_ns: int
    ended_ns: int
    recovery_s: float | None = None
    recovered: bool = True
    judged: list[Bounded]
    limiting: str = ""
    in_progress: float
    arrivals_per_min: float
    visits_per_min: float
    commands_per_s: float
    answers_per_s: float
    visit_s: float | None
    latencies: dict[str, SeriesSummary]
    trust: Judgement


class LawPoint(msgspec.Struct, frozen=True, array_like=True):
    """A point of the law's curve, as a list in this order.

    Attributes:
        in_progress: visits in progress.
        answers_per_s: the throughput the law gives there.
    """

    in_progress: float
    answers_per_s: float


class Law(msgspec.Struct, frozen=True, kw_only=True):
    """Gunther's Universal Scalability Law, fitted to the levels.

    Throughput of N visits is X(N) = gain N / (1 + contention (N - 1) + crosstalk N (N - 1)).

    Attributes:
        gain: throughput of one visitor alone, answers a second.
        contention: the part of the work that waits for its turn (queueing), 0 to 1.
        crosstalk: the part that grows with every pair of visitors, 0 or more; above 0 throughput falls again.
        fit: the share of the throughput's variation that the law explains, up to 1.
        measured_to: the highest visits in progress that were measured: what lies above is a forecast.
        peak_at: visits in progress at which throughput is greatest; None where it has no greatest one (crosstalk 0).
        most_answers_per_s: the greatest throughput, or the one it never exceeds; None where nothing bounds it.
        curve: points from 1 visit to twice what was measured.
        said: the forecast in one sentence that calls it one.
    """

    gain: float
    contention: float
    crosstalk: float
    fit: float
    measured_to: float
    peak_at: float | None
    most_answers_per_s: float | None
    curve: list[LawPoint]
    said: str


class Knee(msgspec.Struct, frozen=True, kw_only=True):
    """Where a latency begins to climb.

    Attributes:
        series, percentile: of what, such as `echo` and 99.
        load: the level's, in the search's quantity.
        in_progress: visits in progress there.
        latency_ms: the figure there.
        bend: how far the curve lies below the straight line from its first to its last point there, as a share of its
            height: 0 for no bend, 1 for a right angle.
    """

    series: str
    percentile: float
    load: float
    in_progress: float
    latency_ms: float
    bend: float


class Capacity(msgspec.Struct, kw_only=True):
    """What `capacity.json` holds: a search and what it found, written anew after each level.

    Attributes:
        wanted: what was asked for.
        target: the server's address, or `simulator SITE`.
        locustfile_sha256: of the locustfile's content, so that a search resumes only with the same visitors.
        pace: by how much human times were shortened.
        levels: in the order they were visited, those of a search that this one resumed first.
        conclusion: how it ended; `interrupted` while it goes on.
        holds: the highest load found good; None for none, and always None when untrusted.
        passes_at: the lowest load found bad; None for none, and always None when untrusted.
        confirmed: whether both were found so twice, and nothing was found otherwise.
        sentence: the answer in one sentence.
        notes: what else a reader must know, a sentence each, such as hysteresis.
        law: the fitted law; None where it was refused.
        law_refused: why, in one sentence.
        knee: None where no latency bends.
        resumed_from: the run whose levels were taken over, by its folder's name; empty for none.
        product, schema: as in `run.json`.
    """

    wanted: Wanted
    target: str
    locustfile_sha256: str
    pace: float
    levels: list[Level] = []
    conclusion: Conclusion = Conclusion.INTERRUPTED
    holds: float | None = None
    passes_at: float | None = None
    confirmed: bool = False
    sentence: str = ""
    notes: list[str] = []
    law: Law | None = None
    law_refused: str = ""
    knee: Knee | None = None
    resumed_from: str = ""
    product: str = PRODUCT
    schema: int = SCHEMA_VERSION
