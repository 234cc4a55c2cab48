"""Objectives over intervals: what is surely met, what is surely missed, and what chance leaves open."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tests.analysis.modelled import at_most
from tests.analysis.servers import BEGIN_NS, SECOND
from whoson_load.analysis.bounds import Point, bounded, point, too_few
from whoson_load.analysis.judging import Evidence
from whoson_load.analysis.levels import Measured
from whoson_load.analysis.objectives import read_objective
from whoson_load.measurement.capacity import Bounded, Worth
from whoson_load.measurement.histogram import Histogram
from whoson_load.measurement.interval import MergedInterval, Totals
from whoson_load.measurement.run import timeline_line
from whoson_load.measurement.tally import Tally


def interval(number: int, echoes_ms: list[float], **counts: dict[str, int]) -> MergedInterval:
    """One second with these echoes and counts."""
    made = MergedInterval(BEGIN_NS + number * SECOND)
    made.end_ns = made.start_ns + SECOND
    histogram = made.series["echo"] = Histogram()
    for each in echoes_ms:
        histogram.record(round(each * 1e6))
    made.tally = Tally(**counts)  # type: ignore[arg-type]
    return made


def judged(written: str, intervals: list[MergedInterval]) -> Bounded:
    """The verdict on one objective."""
    measured = Measured([read_objective(written)], 1.0)
    for each in intervals:
        measured.add(each, timeline_line(each))
    return measured.judged()[0]


@pytest.mark.parametrize(
    "slow_per_1000, worth", [(0, Worth.GOOD), (4, Worth.GOOD), (10, Worth.UNDECIDED), (30, Worth.BAD)]
)
def test_a_percentile_is_judged_by_the_share_beyond_its_limit(slow_per_1000: int, worth: Worth) -> None:
    """At most 1 % of 5,000 echoes may take longer; near 1 %, chance is not ruled out."""
    intervals = [interval(n, [30.0] * (1000 - slow_per_1000) + [800.0] * slow_per_1000) for n in range(5)]
    told = judged("echo p99 < 500ms", intervals)
    assert told.worth is worth
    assert told.share == pytest.approx(slow_per_1000 / 1000)
    assert told.low is not None
    assert told.high is not None
    assert told.low <= slow_per_1000 / 1000 <= told.high
    assert (told.limit, told.unit, told.of) == (500, "ms", "echo p99")


def test_few_samples_decide_nothing() -> None:
    """Twenty fast echoes are no evidence that 99 % are."""
    assert judged("echo p99 < 500ms", [interval(n, [30.0] * 2) for n in range(10)]).worth is Worth.UNDECIDED


def test_nothing_measured_decides_nothing() -> None:
    """Neither good nor bad; the figure is missing."""
    told = judged("echo p99 < 500ms", [interval(n, []) for n in range(10)])
    assert (told.worth, told.figure, told.share) == (Worth.UNDECIDED, None, None)


@pytest.mark.parametrize(
    "written, errors, worth",
    [
        ("echo errors < 1%", 0, Worth.GOOD),
        ("echo errors < 1%", 1, Worth.UNDECIDED),
        ("echo errors < 1%", 10, Worth.BAD),
        ("echo errors < 3", 0, Worth.GOOD),
        ("echo errors < 3", 1, Worth.BAD),
    ],
)
def test_a_share_of_errors_has_bounds_and_a_count_has_none(written: str, errors: int, worth: Worth) -> None:
    """Of 100 commands a second over 20 s; what was counted is as it is."""
    intervals = [interval(n, [30.0] * (100 - errors), errors={"echo": {"reply_timeout": errors}}) for n in range(20)]
    told = judged(written, intervals)
    assert told.worth is worth
    assert (told.low is None) == ("%" not in written)


@pytest.mark.parametrize(
    "written, worth",
    [
        ("echo rate >= 90/s", Worth.GOOD),
        ("echo rate >= 110/s", Worth.BAD),
        ("echo mean < 40ms", Worth.GOOD),
        ("echo mean < 20ms", Worth.BAD),
        ("echo max < 31ms", Worth.GOOD),
        ("lost == 0", Worth.BAD),
        ("lost < 0.5%", Worth.GOOD),
        ("abandoned < 5%", Worth.BAD),
        ("echo p99 < 40ms for 90% of intervals", Worth.GOOD),
        ("echo p99 < 20ms for 10% of intervals", Worth.BAD),
    ],
)
def test_every_kind_of_objective_can_be_judged(written: str, worth: Worth) -> None:
    """100 echoes of 30 ms a second for a minute, one line lost, every tenth visitor gone."""
    intervals = [
        interval(
            n,
            [30.0] * 100,
            lines={"sent": 100, "lost": int(n == 3)},
            outcomes={"served": 9, "abandoned": 1},
        )
        for n in range(60)
    ]
    assert judged(written, intervals).worth is worth


def test_intervals_that_are_alike_promise_less() -> None:
    """A server slow for a tenth of the time in one stretch leaves more open than one slow now and then."""

    def told(slow: set[int]) -> Bounded:
        return judged("echo p95 < 500ms", [interval(n, [900.0 if n in slow else 30.0] * 20) for n in range(60)])

    stretch, now_and_then = told(set(range(20, 26))), told(set(range(0, 60, 10)))
    assert stretch.share == now_and_then.share == pytest.approx(0.1)
    assert (stretch.high or 0) - (stretch.low or 0) > (now_and_then.high or 0) - (now_and_then.low or 0)


def test_a_bound_is_wrong_as_seldom_as_it_says() -> None:
    """The upper 95 % bound of 1 % of independent echoes lies below the truth in one of twenty at most."""
    objective, wrong = read_objective("echo p99 < 500ms"), 0
    evidence = Evidence(Totals(), 40.0, steady=True, whole=Tally(), counts={})
    for seed in range(200):
        rng = np.random.default_rng(seed)
        points = [Point(int(rng.binomial(50, 0.01)) / 50, 50.0) for _ in range(40)]
        told = bounded(objective, points, evidence)
        wrong += told.high is not None and told.high < 0.01
    assert at_most(wrong, 200, 0.05), f"{wrong} of 200"


def test_a_point_counts_what_a_percentile_would_state() -> None:
    """A time in the limit's own bucket is above it when the percentile is told as above it."""
    made = interval(0, [499.0, 499.9, 500.6, 700.0])
    assert point(read_objective("echo p50 < 500ms"), made, timeline_line(made)) == Point(0.5, 4.0)


@pytest.mark.parametrize(
    "written, had, needed",
    [("echo p99 < 500ms", 20, 299), ("echo p95 < 500ms", 20, 59), ("accepted errors < 1%", 40, 299)],
)
def test_too_little_is_told_from_too_near(written: str, had: int, needed: int) -> None:
    """All well in so few that chance is not ruled out: 1 - 0.05^(1/n) is the bound, so 59 show 5 %, 299 show 1 %."""
    few = [interval(n, [30.0] * 2) for n in range(10)]
    for each in few:
        each.series["accepted"] = Histogram()
        for _ in range(4):
            each.series["accepted"].record(30_000_000)
    told = judged(written, few)
    assert told.worth is Worth.UNDECIDED
    assert too_few(read_objective(written), told) == (had, needed)


def test_what_is_near_its_limit_or_decided_is_not_too_little() -> None:
    """One slow echo of many is another reason, and a verdict needs none."""
    near = [interval(n, [30.0] * 99 + [800.0] * (n % 2)) for n in range(10)]
    objective = read_objective("echo p99 < 500ms")
    assert judged(objective.text, near).worth is Worth.UNDECIDED
    assert too_few(objective, judged(objective.text, near)) is None
    well = judged(objective.text, [interval(n, [30.0] * 100) for n in range(10)])
    assert well.worth is Worth.GOOD
    assert too_few(objective, well) is None


@pytest.mark.parametrize("written", ["accepted errors <= 0%", "echo p99 < 500ms for 100% of intervals"])
def test_what_allows_no_exception_is_judged_as_it_was_counted(written: str) -> None:
    """No number of trials would rule one out, so a search would hold every level for ever."""
    well = [interval(n, [30.0] * 10) for n in range(10)]
    for each in well:
        each.series["accepted"] = each.series["echo"]
    assert judged(written, well).worth is Worth.GOOD
    ill = [*well, interval(10, [800.0] * 10, errors={"accepted": {"reply_timeout": 1}})]
    assert judged(written, ill).worth is Worth.BAD


def test_all_that_judging_loads_is_loaded_beforehand() -> None:
    """SciPy's parts come when they are first used; visitors who are being timed would wait for them."""
    script = (
        "import sys\n"
        "from tests.analysis.test_bounds import interval, judged\n"
        "from whoson_load.analysis.bounds import get_ready\n"
        "get_ready()\n"
        "known = set(sys.modules)\n"
        "judged('echo p99 < 500ms', [interval(n, [30.0] * 100) for n in range(10)])\n"
        "print(*sorted(set(sys.modules) - known))\n"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.split() == []
