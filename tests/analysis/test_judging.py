"""Objectives on figures that are known, at the end of a run and while it goes."""

from __future__ import annotations

import pytest

from whoson_load.analysis.judging import Evidence, Lookout, brief, judge
from whoson_load.analysis.objectives import read_objective
from whoson_load.measurement.histogram import Histogram
from whoson_load.measurement.interval import Totals
from whoson_load.measurement.run import SeriesFigures, TimelineLine
from whoson_load.measurement.tally import Tally

S = 1_000_000_000


def figures(count: int, p99_us: int | None, errors: int = 0) -> SeriesFigures:
    """One interval of a series, all times alike."""
    return SeriesFigures(count, errors, *[p99_us] * 8)


def line(number: int, *, late: bool = False, **series: SeriesFigures) -> TimelineLine:
    """The interval of this number."""
    return TimelineLine(start_ns=5 * S * number, end_ns=5 * S * (number + 1), series=series, late=late)


@pytest.mark.parametrize(
    "value, shown", [(0.1299, "0.13"), (-20.84, "-20.8"), (154.4, "154"), (2400.0, "2,400"), (-16512.3, "-16,512")]
)
def test_three_digits_need_no_power_of_ten(value: float, shown: str) -> None:
    """Nobody reads 1.65e+04 ms at a glance."""
    assert brief(value) == shown
    assert brief(abs(value), signed=True) == f"+{shown.removeprefix('-')}"


@pytest.fixture
def evidence() -> Evidence:
    """100 echoes of 1 to 100 ms in 50 s, 2 accepted errors among 40, 8 of 100 visits abandoned, 1 of 300 lines lost."""
    echo = Histogram()
    for milliseconds in range(1, 101):
        echo.record(milliseconds * 1_000_000)
    judged = Totals()
    judged.series["echo"] = echo
    judged.tally = Tally(outcomes={"served": 92, "abandoned": 8}, errors={"accepted": {"reply_timeout": 2}})
    lines = [line(number, echo=figures(10, 1000 * (number + 1))) for number in range(10)]
    whole = Tally(lines={"sent": 300, "echoed": 299, "lost": 1})
    return Evidence(judged, 50.0, True, whole, {"echo": 100, "accepted": 38}, lines)


@pytest.mark.parametrize(
    "written, met, figure, margin",
    [
        ("echo p99 < 100ms", True, 99.0, 0.01),
        ("echo p99 < 90ms", False, 99.0, -0.1),
        ("echo p50 <= 51ms", True, 50.0, 0.02),
        ("echo mean < 50ms", False, 50.5, -0.01),
        ("echo max == 100ms", True, 100.0, 0.0),
        ("echo max > 200ms", False, 100.0, -0.5),
        ("echo rate >= 1/s", True, 2.0, 1.0),
        ("echo rate < 60/min", False, 2.0, -1.0),
        ("accepted errors < 10%", True, 5.0, 0.5),
        ("accepted errors < 4%", False, 5.0, -0.25),
        ("accepted errors == 0", False, 2.0, None),
        ("echo errors == 0", True, 0.0, None),
        ("abandoned < 5%", False, 8.0, -0.6),
        ("abandoned < 10", True, 8.0, 0.2),
        ("lost == 0", False, 1.0, None),
        ("lost < 1%", True, 100 / 300, 1 - 1 / 3),
        ("crossed == 0", True, 0.0, None),
        ("echo p99 < 8ms for 80% of intervals", False, 70.0, -0.125),
        ("echo p99 < 9ms for 80% of intervals", True, 80.0, 0.0),
        ("reply p99 < 9s", False, None, None),
        ("reply errors < 1%", False, None, None),
        ("reply p99 < 9s for 90% of intervals", False, None, None),
    ],
)
def test_objectives_are_judged(
    evidence: Evidence, written: str, met: bool, figure: float | None, margin: float | None
) -> None:
    """Figure, margin and verdict; what cannot be judged is missed."""
    judged = judge(read_objective(written), evidence)
    assert judged.met is met
    assert judged.figure == (None if figure is None else pytest.approx(figure, rel=2e-3))
    assert judged.margin == (None if margin is None else pytest.approx(margin, abs=2e-3))
    assert judged.said.startswith("met: " if met else "missed: ")


def test_a_miss_says_figure_and_margin(evidence: Evidence) -> None:
    """In words that need no table."""
    said = judge(read_objective("echo p90 < 0.06s"), evidence).said
    assert said == "missed: echo p90 was 90.05 ms, 30.05 ms (50.1%) over 60 ms"
    assert judge(read_objective("lost == 0"), evidence).said == "missed: lost was 1, 1 over 0"


@pytest.mark.parametrize(
    "count, percentile, highest",
    [(99, "p99", True), (100, "p99", False), (9, "p90", True), (10, "p90", False), (5, "p80", False), (1, "p50", True)],
)
def test_a_percentile_that_is_the_highest_sample_is_said_to_be(count: int, percentile: str, highest: bool) -> None:
    """By its rank, which no rounding moves."""
    judged, echo = Totals(), Histogram()
    for milliseconds in range(1, count + 1):
        echo.record(milliseconds * 1_000_000)
    judged.series["echo"] = echo
    said = judge(read_objective(f"echo {percentile} < 1s"), Evidence(judged, 50.0, True, Tally(), {"echo": count})).said
    assert said.endswith("that is the highest") is highest


def test_a_figure_far_beyond_its_limit_is_told_in_times(evidence: Evidence) -> None:
    """Nobody reads 12,000 per cent."""
    assert judge(read_objective("echo p90 < 1ms"), evidence).said == "missed: echo p90 was 90.05 ms, 90 times 1 ms"


def test_lines_are_judged_on_all_of_the_run(evidence: Evidence) -> None:
    """A line that was lost in the ramp is lost."""
    assert judge(read_objective("lost == 0"), evidence).judged_on == "whole run"
    assert judge(read_objective("echo p50 < 1s"), evidence).judged_on == "steady"


def told(written: str, lines: list[TimelineLine]) -> list[bool]:
    """After which intervals a run would have been told to end."""
    lookout = Lookout([read_objective(written)])
    return [bool(lookout.add(each)) for each in lines]


def test_a_run_ends_after_its_grace() -> None:
    """15 s of misses are three intervals of 5 s; one good interval begins the count anew."""
    bad, good = figures(9, 900_000), figures(9, 1000)
    courses = [bad, bad, good, bad, bad, bad, bad]
    lines = [line(number, echo=each) for number, each in enumerate(courses)]
    assert told("echo p99 < 500ms abort after 15s", lines) == [False] * 5 + [True] * 2
    assert told("echo p99 < 500ms", lines) == [False] * 7


def test_an_interval_without_samples_neither_begins_nor_ends_a_streak() -> None:
    """A server that answers nothing for a while has not become fast."""
    lines = [line(0, echo=figures(9, 900_000)), line(1), line(2, echo=figures(9, 900_000))]
    assert told("echo p99 < 500ms abort after 15s", lines) == [False, False, True]


def test_late_parts_are_no_interval_of_their_own() -> None:
    """They would count one interval twice."""
    lines = [line(0, echo=figures(9, 900_000)), line(2, late=True, echo=figures(9, 1))]
    assert told("echo p99 < 500ms abort after 5s", lines) == [True, False]


def test_a_lost_line_stays_lost() -> None:
    """Lines are summed up over the run: one loss is a streak that nothing ends."""
    lines = [line(0), line(1), line(2)]
    lines[0].tally = Tally(lines={"sent": 5, "lost": 1})
    assert told("lost == 0 abort after 10s", lines) == [False, True, True]
