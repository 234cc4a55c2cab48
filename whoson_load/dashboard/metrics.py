"""A run's figures as Prometheus reads them: counters and histograms of the run so far, gauges of its last interval.

Knows no web server. Needs the extra `prometheus`; the names below are what docs/metrics.md lists.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from whoson_load.dashboard.feed import Feed
from whoson_load.measurement.histogram import Histogram
from whoson_load.measurement.ledger import Fate
from whoson_load.measurement.run import SeriesFigures, Summary, TimelineLine
from whoson_load.measurement.trust import Verdict

__all__ = ["BUCKETS_S", "MEDIA_TYPE", "render_metrics"]

MEDIA_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4

BUCKETS_S: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0,
)  # fmt: skip
"""The upper ends of a histogram's buckets, in seconds; what is longer is in the one without an end."""

_COUNTERS: Final = (
    ("commands", "commands", "command", "Commands sent."),
    ("events", "events", "event", "Events received."),
    ("visits", "outcomes", "outcome", "Visits ended, by how."),
    ("lines", "lines", "fate", "Visitors' lines, by what became of them (the ledger)."),
    ("arrivals", "arrivals", "kind", "Visitors due, late and capped, visits begun and ended."),
    ("closes", "close_codes", "code", "Connections ended, by close code."),
    ("faults", "faults", "fault", "What the target did wrong."),
    ("deviations", "deviations", "kind", "Departures from the specification that were read tolerantly."),
)
"""Name, group of the summary, label, help."""

_FROM_THE_BEGIN: Final[dict[str, dict[str, int]]] = {
    "lines": dict.fromkeys(Fate, 0),
    "arrivals": dict.fromkeys(("due", "late", "capped", "begun", "ended"), 0),
}

_QUANTILES: Final[dict[str, Callable[[SeriesFigures], int | None]]] = {
    "0.5": lambda figures: figures.p50_us,
    "0.9": lambda figures: figures.p90_us,
    "0.95": lambda figures: figures.p95_us,
    "0.99": lambda figures: figures.p99_us,
    "0.999": lambda figures: figures.p999_us,
}


def render_metrics(feed: Feed, users: int) -> bytes:
    """All figures of the run under way, or of the last one, as Prometheus text (10 ms for 20 busy series).

    Args:
        feed: what is shown.
        users: how many users Locust counts.
    """
    registry = CollectorRegistry()
    registry.register(_Figures(feed, users))
    text: bytes = generate_latest(registry)
    return text


class _Figures(Collector):
    def __init__(self, feed: Feed, users: int) -> None:
        self._feed = feed
        self._users = users

    def collect(self) -> Iterable[Metric]:
        """All families; only those that need no run before the first one."""
        feed = self._feed
        yield _gauge(
            "run_active", "Whether a run goes on (1) or not (0).", float(feed.run is not None and not feed.is_over)
        )
        yield _gauge("users", "Users that Locust counts.", self._users)
        if feed.run is None or feed.summary is None:
            return
        info, summary = feed.run.info, feed.summary
        about = {"run_id": info.run_id, "name": info.name, "target": info.target}
        yield _gauge("run_info", "Which run the figures are of.", 1, about)
        yield _gauge("run_start_time_seconds", "When it began, seconds since the epoch.", info.started_ns / 1e9)
        yield from _counters(summary)
        yield _histograms(feed.run.totals.series)
        trust = GaugeMetricFamily(
            "whoson_load_trust", "Whether the generator kept up: 1 for the verdict.", labels=["verdict"]
        )
        for verdict in Verdict:
            trust.add_metric([verdict.value], float(verdict is summary.trust.verdict))
        yield trust
        if feed.line is not None:
            yield from _last(feed.line)


def _counters(summary: Summary) -> Iterable[Metric]:
    for name, group, label, said in _COUNTERS:
        family = CounterMetricFamily(f"whoson_load_{name}", said, labels=[label])
        counts: Mapping[str, int] = getattr(summary, group)
        # What has not happened yet is 0, or its first time would be no rise.
        for each, count in {**_FROM_THE_BEGIN.get(name, {}), **counts}.items():
            family.add_metric([each], count)
        yield family
    errors = CounterMetricFamily("whoson_load_errors", "Commands whose event did not come.", labels=["series", "fault"])
    for series, faults in summary.errors.items():
        for fault, count in faults.items():
            errors.add_metric([series, fault], count)
    yield errors
    traffic = CounterMetricFamily("whoson_load_traffic_bytes", "Bytes on the wire.", labels=["direction"])
    for direction in ("received", "sent"):
        traffic.add_metric([direction], summary.traffic.get(f"bytes_{direction}", 0))
    yield traffic


def _histograms(series: Mapping[str, Histogram]) -> Metric:
    family = HistogramMetricFamily(
        "whoson_load_latency_seconds", "Times of each series, the whole run.", labels=["series"]
    )
    for name, histogram in series.items():
        counts = histogram.counts_up_to([round(each * 1e9) for each in BUCKETS_S])
        buckets = [(f"{end:g}", float(count)) for end, count in zip(BUCKETS_S, counts, strict=True)]
        family.add_metric([name], [*buckets, ("+Inf", float(histogram.count))], histogram.sum_ns / 1e9)
    return family


def _last(line: TimelineLine) -> Iterable[Metric]:
    in_progress = line.gauges.get("visits in progress", 0)
    yield _gauge("visits_in_progress", "Chats in progress at the end of the last interval.", in_progress)
    states = GaugeMetricFamily(
        "whoson_load_visits_by_state", "Visits in progress, by where they stand.", labels=["state"]
    )
    for name, count in line.gauges.items():
        if name != "visits in progress":
            states.add_metric([name.removeprefix("visits ")], count)
    yield states
    quantiles = GaugeMetricFamily(
        "whoson_load_interval_latency_seconds",
        "Quantiles of the last interval, to 0.1 %.",
        labels=["series", "quantile"],
    )
    for series, figures in line.series.items():
        for quantile, time_us in _known(figures):
            quantiles.add_metric([series, quantile], time_us / 1e6)
    yield quantiles
    cpu = GaugeMetricFamily("whoson_load_generator_cpu_ratio", "CPU time used per time passed.", labels=["worker"])
    lag = GaugeMetricFamily(
        "whoson_load_generator_loop_lag_seconds", "p99 of how late the worker's probe timer fired.", labels=["worker"]
    )
    for worker, own in line.generators.items():
        cpu.add_metric([worker], math.nan if own.cpu_share is None else own.cpu_share)
        lag.add_metric([worker], math.nan if own.loop_lag_p99_ns is None else own.loop_lag_p99_ns / 1e9)
    yield cpu
    yield lag


def _known(figures: SeriesFigures) -> Iterable[tuple[str, int]]:
    for quantile, of in _QUANTILES.items():
        time_us = of(figures)
        if time_us is not None:
            yield quantile, time_us


def _gauge(name: str, said: str, value: float, labels: Mapping[str, str] | None = None) -> Metric:
    family = GaugeMetricFamily(f"whoson_load_{name}", said, labels=list(labels or ()))
    family.add_metric(list((labels or {}).values()), value)
    return family
