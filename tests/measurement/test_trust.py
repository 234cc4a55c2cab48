from __future__ import annotations

import re
from typing import Any

import pytest

from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.trust import LOST_REPORTS, RULES, Judgement, Trust, Verdict, judge

WELL: dict[str, Any] = {
    "receive_p99_ns": 300_000,
    "send_p99_ns": 400_000,
    "loop_lag_p99_ns": 500_000,
    "loop_lag_max_ns": 5_000_000,
    "cpu_share": 0.5,
    "waiting_share": 0.01,
    "descriptors": 1_100,
    "descriptors_limit": 65_536,
    "ports": 1_000,
    "ports_limit": 28_232,
    "gc_pause_max_ns": 2_000_000,
    "clock_step_ns": 100_000,
    "clock_skew_ns": 40_000_000,
}

# what happened to a generator -> how it shows in the figures: causes bring their symptoms along
BAD: dict[str, dict[str, Any]] = {
    "cpu": {"cpu_share": 0.995, "loop_lag_p99_ns": 300e6, "receive_p99_ns": 280e6, "send_p99_ns": 250e6},
    "run_queue": {"waiting_share": 0.5, "loop_lag_p99_ns": 150e6, "receive_p99_ns": 150e6, "send_p99_ns": 150e6},
    "gc": {"gc_pause_max_ns": 900_000_000, "loop_lag_p99_ns": 150e6, "receive_p99_ns": 800e6},
    "clock": {"clock_step_ns": 3_000_000_000, "receive_p99_ns": 3_000e6, "send_p99_ns": 3_000e6},
    "skew": {"clock_skew_ns": 60_000_000_000},
    "descriptors": {"descriptors": 1_023, "descriptors_limit": 1_024},
    "ports": {"ports": 28_000},
    "loop": {"loop_lag_p99_ns": 400e6, "receive_p99_ns": 300e6, "send_p99_ns": 300e6},
    "receive": {"receive_p99_ns": 300e6},
    "send": {"send_p99_ns": 300e6},
}


def figures(**changed: float) -> GeneratorFigures:
    """The figures of a generator that is well, but for what is changed."""
    return GeneratorFigures(**{**WELL, **changed})


def judgement_of(intervals: list[GeneratorFigures], lost: int = 0) -> Judgement:
    """What a run of one worker comes to."""
    trust = Trust()
    for each in intervals:
        trust.add({"w1": each})
    trust.lost(lost)
    return trust.judgement()


def test_a_generator_that_is_well_is_trusted() -> None:
    """No rule fires on everyday figures, nor where the platform tells nothing."""
    assert judge(figures()) == []
    assert judge(GeneratorFigures()) == []
    assert judgement_of([figures()] * 10).verdict is Verdict.TRUSTED


@pytest.mark.parametrize("rule", RULES)
def test_each_cause_is_named_and_nothing_else(rule: str) -> None:
    """A generator with one trouble gets one reason: symptoms of a cause are left out."""
    assert [finding.rule for finding in judge(figures(**BAD[rule]))] == [rule]
    judgement = judgement_of([figures(**BAD[rule])] * 10)
    assert (judgement.verdict, judgement.rule, judgement.fired) == (Verdict.INVALID, rule, {rule: 10})
    assert judgement.advice == RULES[rule].advice


@pytest.mark.parametrize(
    "rule, times, of_a_hiccup",
    [("cpu", 1, True), ("cpu", 2, True), ("cpu", 3, False), ("loop", 2, True), ("ports", 1, False), ("skew", 1, False)],
)
def test_what_was_too_much_once_calls_for_a_longer_run_first(rule: str, times: int, of_a_hiccup: bool) -> None:
    """More workers do not help against a hiccup of the machine; ports that run out are none."""
    told = judgement_of([figures()] * 27 + [figures(**BAD[rule])] * times)
    assert (told.verdict, told.rule) == (Verdict.DOUBTFUL, rule)
    assert ("run again, for longer. If it stays: " in told.advice) == of_a_hiccup
    assert told.advice.lower().endswith(RULES[rule].advice.lower())


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_tells_its_limits_sources_and_advice(rule: str) -> None:
    """Each row of the table is complete, and its sentence shows the figure."""
    row = RULES[rule]
    assert 0 < row.doubtful < row.invalid
    assert "Invented" in row.source or re.search(r"\d{4}|Locust", row.source)
    assert row.advice.endswith(".")
    assert row.explains <= set(RULES) - {rule}
    assert re.search(r"\d", row.sentence(row.invalid))


@pytest.mark.parametrize("rule", RULES)
def test_limits_are_where_the_table_says(rule: str) -> None:
    """From a limit on, and not before, an interval is doubtful or invalid."""
    row = RULES[rule]
    assert row.level(row.doubtful * 0.999) is Verdict.TRUSTED
    assert row.level(row.doubtful) is Verdict.DOUBTFUL
    assert row.level(row.invalid * 0.999) is Verdict.DOUBTFUL
    assert row.level(row.invalid) is Verdict.INVALID


@pytest.mark.parametrize(
    "bad_intervals, of, changed, expected",
    [
        (1, 1000, {"cpu_share": 0.99}, Verdict.TRUSTED),  # one in a thousand leaves p99 alone
        (11, 1000, {"cpu_share": 0.99}, Verdict.DOUBTFUL),
        (100, 1000, {"cpu_share": 0.99}, Verdict.DOUBTFUL),
        (101, 1000, {"cpu_share": 0.99}, Verdict.INVALID),
        (1000, 1000, {"cpu_share": 0.95}, Verdict.DOUBTFUL),
        (0, 1, {}, Verdict.TRUSTED),
        (1, 1, {"cpu_share": 0.99}, Verdict.DOUBTFUL),  # a run of a few seconds is not condemned for its start
        (2, 2, {"cpu_share": 0.99}, Verdict.DOUBTFUL),
        (3, 3, {"cpu_share": 0.99}, Verdict.INVALID),
        (2, 12, {"cpu_share": 0.99}, Verdict.DOUBTFUL),
    ],
)
def test_a_run_is_judged_by_how_many_intervals_were_bad(
    bad_intervals: int, of: int, changed: dict[str, float], expected: Verdict
) -> None:
    """More than 1 % bad intervals make a run doubtful, more than 10 % and three invalid ones make it invalid."""
    intervals = [figures(**changed)] * bad_intervals + [figures()] * (of - bad_intervals)
    assert judgement_of(intervals).verdict is expected


def test_reason_names_the_worker_the_figure_and_how_often() -> None:
    """The sentence says who, how much and how often, so that somebody can act on it."""
    trust = Trust()
    trust.add({"w1": figures(), "w2": figures(cpu_share=0.991)})
    trust.add({"w1": figures(cpu_share=0.985), "w2": figures(cpu_share=0.999)})
    trust.add({"w1": figures(), "w2": figures()})
    judgement = trust.judgement()
    assert judgement.reason == (
        "At worst, worker w2 used 100% of one CPU core, which is all that one Python process can use;"
        " it was too much in 2 of 3 intervals."
    )


def test_lost_reports_make_a_run_invalid_whatever_else_is() -> None:
    """Figures that are missing cannot be vouched for; what else fired is still told."""
    judgement = judgement_of([figures(cpu_share=0.999)] * 3, lost=2)
    assert (judgement.verdict, judgement.rule) == (Verdict.INVALID, LOST_REPORTS)
    assert judgement.reason.startswith("2 reports")
    assert judgement.fired == {"cpu": 3}


def test_invalid_reason_goes_before_an_earlier_doubtful_one() -> None:
    """The worst verdict decides, even when its rule stands further down the table."""
    judgement = judgement_of([figures(cpu_share=0.93, ports=28_000)] * 3)
    assert (judgement.verdict, judgement.rule) == (Verdict.INVALID, "ports")


def test_without_any_figure_a_run_is_doubtful() -> None:
    """Trust is never given because nobody looked."""
    assert judgement_of([]).verdict is Verdict.DOUBTFUL
    assert judgement_of([GeneratorFigures()] * 5).verdict is Verdict.DOUBTFUL


def test_findings_of_an_interval_are_told_by_worker() -> None:
    """The timeline shows which worker was the trouble."""
    found = Trust().add({"w1": figures(), "w2": figures(ports=28_000)})
    assert {worker: [finding.rule for finding in findings] for worker, findings in found.items()} == {"w2": ["ports"]}


def test_a_cause_is_as_bad_as_what_it_did() -> None:
    """A machine that is busy with others is no evidence by itself; lags that it explains are."""
    [busy] = judge(figures(waiting_share=0.33))
    assert (busy.rule, busy.level) == ("run_queue", Verdict.DOUBTFUL)
    [harmful] = judge(figures(waiting_share=0.33, send_p99_ns=300e6))
    assert (harmful.rule, harmful.level) == ("run_queue", Verdict.INVALID)


def test_what_made_a_run_invalid_most_often_is_named() -> None:
    """Not what was there all the time and did harm now and then."""
    waiting = figures(waiting_share=0.2)
    harmed = figures(waiting_share=0.2, loop_lag_p99_ns=150e6, receive_p99_ns=150e6, send_p99_ns=150e6)
    told = judgement_of([*[waiting] * 12, *[harmed] * 3, *[figures(cpu_share=0.995)] * 9])
    assert (told.verdict, told.rule) == (Verdict.INVALID, "cpu")


def test_of_equally_bad_troubles_the_one_that_came_most_often_is_named() -> None:
    """One busy second is not the reason why nineteen others were late."""
    told = judgement_of([figures(cpu_share=0.93), *[figures(loop_lag_p99_ns=30e6)] * 19])
    assert (told.verdict, told.rule) == (Verdict.DOUBTFUL, "loop")
    assert "in 19 of 20 intervals" in told.reason
