"""The types of the run record: what `run.json`, `timeline.jsonl` and `summary.json` hold, and how they come about.

Knows nothing of files: the record package only writes and reads what is declared here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from whoson_load.measurement.answer import Judged, Parts
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.histogram import Histogram
from whoson_load.measurement.interval import MergedInterval, Totals
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.outlook import Drifts, Staffing
from whoson_load.measurement.sample import SERIES
from whoson_load.measurement.tally import Tally
from whoson_load.measurement.trust import Finding, Judgement

__all__ = [
    "PRODUCT",
    "SCHEMA_VERSION",
    "Ending",
    "RunInfo",
    "SeriesFigures",
    "SeriesSummary",
    "Summary",
    "TimelineLine",
    "summarize",
    "timeline_line",
]

PRODUCT: Final = "whoson-load"
"""What a record says it is of, so that a foreign file is known as such."""

SCHEMA_VERSION: Final = 1
"""The version of the record; it rises when a reader of the one before would misread it, not when a field is added."""


class Ending(StrEnum):
    """How a run ended; a record without one is of a run that goes on or was killed."""

    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    TERMINATED = "terminated"
    ABORTED = "aborted"
    GUARDED = "guarded"
    FAILED = "failed"


class RunInfo(msgspec.Struct, kw_only=True):
    """What `run.json` holds: all that is known about a run but its figures. Secrets are taken out before.

    Attributes:
        product: always `PRODUCT`.
        schema: the version of the record.
        run_id: unique among runs.
        name: the run's short name, part of its folder's.
        started_ns: ns since the epoch.
        ended_ns: ns since the epoch; None while it runs.
        ending: how it ended; None while it runs, and for ever when it was killed.
        exit_code: the program's; None while it runs.
        interval_s: seconds an interval lasts, in whole milliseconds.
        target: the server's address.
        seed: of the visitors' randomness.
        pace: by how much human times are shortened; 1 is life.
        run_tag: in the tokens of its lines and the names of its visitors, by which a server's owner finds what the run
            left; the same for the same seed.
        objectives: what it has to meet, the locustfile's and the command line's, as they were written.
        command_line, options: as given, secrets hidden.
        versions: of this program, Python and what it builds on.
        machine: system, processor, cores, memory.
        notes: what a reader must know about the figures, one sentence each, such as a missing kernel stamp.
    """

    run_id: str
    name: str
    started_ns: int
    interval_s: float
    target: str
    seed: int
    pace: float = 1.0
    run_tag: str = ""
    ended_ns: int | None = None
    ending: Ending | None = None
    exit_code: int | None = None
    objectives: list[str] = []
    command_line: list[str] = []
    options: dict[str, object] = {}
    versions: dict[str, str] = {}
    machine: dict[str, str | int | float] = {}
    notes: list[str] = []
    product: str = PRODUCT
    schema: int = SCHEMA_VERSION


class SeriesFigures(msgspec.Struct, frozen=True, array_like=True):
    """One series in one interval, as a list in this order: a day has 345,600 of them, and names would fill half of it.

    Attributes:
        count: samples.
        errors: commands whose event did not come before its deadline or the close.
        min_us to max_us: whole microseconds, rounded up; None without a sample. A percentile above one hour reads as
            3,600,000,001.
    """

    count: int
    errors: int
    min_us: int | None = None
    mean_us: int | None = None
    p50_us: int | None = None
    p90_us: int | None = None
    p95_us: int | None = None
    p99_us: int | None = None
    p999_us: int | None = None
    max_us: int | None = None


class TimelineLine(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One line of `timeline.jsonl`: one interval of the whole run.

    Attributes:
        start_ns, end_ns: ns since the epoch.
        series: figures by series; series with neither sample nor error are left out.
        tally: what was counted in the interval.
        gauges: how much of something there was at its end.
        peaks: the greatest of something during it.
        generators: how busy each worker was.
        findings: worker -> why its part cannot be fully trusted.
        missing: worker -> numbers of its reports that should be in here or before, and had not come.
        recovered: worker -> numbers told as missing in a line before that came after all and are in here.
        late: whether it holds what came after the interval's own line was written, to be added to that.
        server: gauges of the server that were sampled beside the load.
    """

    start_ns: int
    end_ns: int
    series: dict[str, SeriesFigures] = {}
    tally: Tally = msgspec.field(default_factory=Tally)
    gauges: dict[str, int] = {}
    peaks: dict[str, int] = {}
    generators: dict[str, GeneratorFigures] = {}
    findings: dict[str, list[Finding]] = {}
    missing: dict[str, list[int]] = {}
    recovered: dict[str, list[int]] = {}
    late: bool = False
    server: dict[str, float] = {}


class SeriesSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One series over a whole run, in milliseconds; None without a sample.

    A percentile above one hour reads as 3,600,000.000001; `overflow` says how many samples were above one hour.
    """

    count: int
    errors: int
    overflow: int
    min_ms: float | None
    mean_ms: float | None
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    p999_ms: float | None
    max_ms: float | None


class Summary(msgspec.Struct, kw_only=True):
    """What `summary.json` holds: the whole run in figures. The names of its keys stay, more may come.

    Attributes:
        series: every series of the table, those without a sample, too.
        outcomes: visits by how they ended; every outcome, zeros included.
        journeys: visits begun, by what the visitor was to do.
        commands: commands sent, by name.
        events: events received, by name.
        errors: series -> fault -> count.
        lines, line_classes, close_codes, faults, deviations, arrivals, traffic: as in the tally.
        peaks: the greatest of each in any interval.
        trust: whether the generator kept up.
        parts: ramp, steady part and drain; None in a summary that was not completed from the record.
        steady: the series of the steady part; None without one.
        funnel: how far visitors came, and where they left.
        rates: how much happened in the steady part, or in all of the run where it has none.
        objectives: how each was judged.
        drift: whether its figures stayed as they began; None as for parts.
        staffing: who made people wait, the server or too few operators; None as for parts.
        product, schema: as in `run.json`.
    """

    series: dict[str, SeriesSummary]
    outcomes: dict[str, int]
    commands: dict[str, int]
    events: dict[str, int]
    errors: dict[str, dict[str, int]]
    lines: dict[str, int]
    line_classes: dict[str, int]
    close_codes: dict[str, int]
    faults: dict[str, int]
    deviations: dict[str, int]
    arrivals: dict[str, int]
    traffic: dict[str, int]
    peaks: dict[str, int]
    trust: Judgement
    parts: Parts | None = None
    steady: dict[str, SeriesSummary] | None = None
    funnel: dict[str, int] = {}
    rates: dict[str, float] = {}
    objectives: list[Judged] = []
    journeys: dict[str, int] = {}
    drift: Drifts | None = None
    staffing: Staffing | None = None
    product: str = PRODUCT
    schema: int = SCHEMA_VERSION


def timeline_line(
    interval: MergedInterval,
    *,
    findings: Mapping[str, list[Finding]] | None = None,
    missing: Mapping[str, list[int]] | None = None,
    recovered: Mapping[str, list[int]] | None = None,
    late: bool = False,
    server: Mapping[str, float] | None = None,
) -> TimelineLine:
    """The line of one interval (about 0.1 ms for each series that has samples)."""
    errors = {series: interval.tally.errors_of(series) for series in interval.tally.errors}
    names = sorted({*interval.series, *errors}, key=_table_order)
    return TimelineLine(
        start_ns=interval.start_ns,
        end_ns=interval.end_ns,
        series={name: _figures(interval.series.get(name) or Histogram(), errors.get(name, 0)) for name in names},
        tally=interval.tally,
        gauges=interval.gauges,
        peaks=interval.peaks,
        generators=interval.generators,
        findings=dict(findings or {}),
        missing=dict(missing or {}),
        recovered=dict(recovered or {}),
        late=late,
        server=dict(server or {}),
    )


def summarize(totals: Totals, trust: Judgement, *, commands: Iterable[str] = (), events: Iterable[str] = ()) -> Summary:
    """The summary of a whole run.

    Args:
        totals: all its intervals added up.
        trust: the judgement of all its intervals.
        commands: names of commands that are listed even where none was sent.
        events: names of events that are listed even where none came.
    """
    tally = totals.tally
    names = sorted({*SERIES, *totals.series, *tally.errors}, key=_table_order)
    return Summary(
        series={name: _summary(totals.series.get(name) or Histogram(), tally.errors_of(name)) for name in names},
        outcomes={**{outcome.value: 0 for outcome in Outcome}, **tally.outcomes},
        journeys=tally.journeys,
        commands={**dict.fromkeys(commands, 0), **tally.commands},
        events={**dict.fromkeys(events, 0), **tally.events},
        errors=tally.errors,
        lines=tally.lines,
        line_classes=tally.line_classes,
        close_codes=tally.close_codes,
        faults=tally.faults,
        deviations=tally.deviations,
        arrivals=tally.arrivals,
        traffic=tally.traffic,
        peaks=totals.peaks,
        trust=trust,
    )


_ORDER: Final = {name: place for place, name in enumerate(SERIES)}


def _table_order(name: str) -> tuple[int, str]:
    return (_ORDER.get(name, len(_ORDER)), name)


def _figures(histogram: Histogram, errors: int) -> SeriesFigures:
    if not histogram.count:
        return SeriesFigures(0, errors)
    p50, p90, p95, p99, p999 = map(_whole_us, histogram.percentiles_ns())
    mean_us = -(-histogram.sum_ns // (histogram.count * 1000))
    return SeriesFigures(
        count=histogram.count,
        errors=errors,
        min_us=_whole_us(histogram.min_ns),
        mean_us=mean_us,
        p50_us=p50,
        p90_us=p90,
        p95_us=p95,
        p99_us=p99,
        p999_us=p999,
        max_us=_whole_us(histogram.max_ns),
    )


def _summary(histogram: Histogram, errors: int) -> SeriesSummary:
    p50, p90, p95, p99, p999 = histogram.percentiles_ns()
    return SeriesSummary(
        count=histogram.count,
        errors=errors,
        overflow=histogram.overflow,
        min_ms=_ms(histogram.min_ns if histogram.count else None),
        mean_ms=_ms(histogram.mean_ns),
        p50_ms=_ms(p50),
        p90_ms=_ms(p90),
        p95_ms=_ms(p95),
        p99_ms=_ms(p99),
        p999_ms=_ms(p999),
        max_ms=_ms(histogram.max_ns if histogram.count else None),
    )


def _whole_us(duration_ns: int | None) -> int | None:
    return None if duration_ns is None else -(-duration_ns // 1000)


def _ms(duration_ns: float | None) -> float | None:
    return None if duration_ns is None else duration_ns / 1e6
