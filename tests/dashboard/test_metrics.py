"""A run's figures for Prometheus: named as its conventions ask, the same as the record's, and documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.dashboard.conftest import RunUnderWay
from tests.programs import ROOT
from whoson_load.dashboard.feed import Feed
from whoson_load.dashboard.metrics import BUCKETS_S, render_metrics
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.run import Ending

DOCUMENT = (ROOT / "docs" / "metrics.md").read_text("utf-8")


def families(feed: Feed, users: int = 3) -> dict[str, Metric]:
    """As Prometheus reads them: by name."""
    return {each.name: each for each in text_string_to_metric_families(render_metrics(feed, users).decode())}


def value(feed: Feed, sample: str, **labels: str) -> float:
    """One figure."""
    (found,) = [
        each.value
        for family in families(feed).values()
        for each in family.samples
        if each.name == sample and each.labels == labels
    ]
    return found


def test_before_the_first_run_there_is_only_what_needs_none() -> None:
    """A scrape then is no error."""
    assert set(families(Feed())) == {"whoson_load_run_active", "whoson_load_users"}


def test_counters_are_those_of_the_whole_run(feed: Feed, run: RunUnderWay) -> None:
    """As in its summary, and they only grow."""
    run.go_on(3)
    assert value(feed, "whoson_load_lines_total", fate="echoed") == 15
    run.go_on(9)
    summary = run.summary()
    assert value(feed, "whoson_load_lines_total", fate="echoed") == summary.lines["echoed"] == 60
    for outcome, count in summary.outcomes.items():
        assert value(feed, "whoson_load_visits_total", outcome=outcome) == count
    assert value(feed, "whoson_load_events_total", event="connected") == 60
    assert value(feed, "whoson_load_arrivals_total", kind="begun") == 82


def test_what_has_not_happened_yet_is_zero(feed: Feed, run: RunUnderWay) -> None:
    """Else Prometheus would see no rise when it happens for the first time."""
    run.go_on()
    assert value(feed, "whoson_load_lines_total", fate="lost") == 0
    assert value(feed, "whoson_load_visits_total", outcome="failed") == 0


def test_histograms_count_in_seconds(feed: Feed, run: RunUnderWay) -> None:
    """Cumulative, to the last bucket of all; with their exact sum."""
    run.go_on(12)
    bucket = "whoson_load_latency_seconds_bucket"
    assert value(feed, bucket, series="echo", le="0.0025") == 0
    assert value(feed, bucket, series="echo", le="0.005") == 12
    assert value(feed, bucket, series="echo", le="0.01") == 24
    assert value(feed, bucket, series="echo", le="0.025") == 60
    assert value(feed, bucket, series="echo", le="+Inf") == 60
    assert value(feed, "whoson_load_latency_seconds_count", series="echo") == 60
    assert value(feed, "whoson_load_latency_seconds_sum", series="echo") == pytest.approx(12 * 0.060)
    assert list(BUCKETS_S) == sorted(set(BUCKETS_S))


def test_gauges_are_those_of_the_last_interval(feed: Feed, run: RunUnderWay) -> None:
    """Chats in progress, users, exact quantiles, and how busy the generator was."""
    run.go_on(2)
    newest = run._lines[0]
    newest.generators = {"w1": GeneratorFigures(cpu_share=0.25, loop_lag_p99_ns=3_000_000), "w2": GeneratorFigures()}
    newest.gauges |= {"visits chatting": 11}
    run.go_on()
    assert value(feed, "whoson_load_visits_in_progress") == 20
    assert value(feed, "whoson_load_visits_by_state", state="chatting") == 11
    assert value(feed, "whoson_load_users") == 3
    median_s = value(feed, "whoson_load_interval_latency_seconds", series="echo", quantile="0.5")
    assert median_s == pytest.approx(0.012, rel=1e-3)
    assert value(feed, "whoson_load_generator_cpu_ratio", worker="w1") == 0.25
    assert value(feed, "whoson_load_generator_loop_lag_seconds", worker="w1") == pytest.approx(0.003)


def test_trust_is_one_for_its_verdict(feed: Feed, run: RunUnderWay) -> None:
    """And 0 for the others."""
    run.go_on()
    told = {
        verdict: value(feed, "whoson_load_trust", verdict=verdict) for verdict in ("trusted", "doubtful", "invalid")
    }
    assert told == {"trusted": 1, "doubtful": 0, "invalid": 0}


def test_a_run_that_is_over_keeps_its_figures(feed: Feed, run: RunUnderWay, tmp_path: Path) -> None:
    """Until another one begins, whose counters begin at 0 and whose identity is another."""
    run.go_on(12)
    feed.end(run.end(Ending.FINISHED))
    assert value(feed, "whoson_load_run_active") == 0
    assert value(feed, "whoson_load_lines_total", fate="echoed") == 60
    about = {"name": "known", "target": "ws://127.0.0.1:8009/"}
    assert value(feed, "whoson_load_run_info", run_id="one", **about) == 1
    feed.begin(RunUnderWay("two"), tmp_path)
    assert value(feed, "whoson_load_run_active") == 1
    assert value(feed, "whoson_load_run_info", run_id="two", **about) == 1
    assert value(feed, "whoson_load_lines_total", fate="echoed") == 0


def test_every_metric_is_documented_and_every_documented_one_is_there(feed: Feed, run: RunUnderWay) -> None:
    """With its type, as Prometheus names it."""
    run.go_on(12)
    named = dict(re.findall(r"^\| `(whoson_load_[a-z_]+)` \| (counter|gauge|histogram) \|", DOCUMENT, re.MULTILINE))
    told = {f"{name}_total" if each.type == "counter" else name: each.type for name, each in families(feed).items()}
    assert named == told
