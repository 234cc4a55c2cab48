"""Which figures drift is looked for in, and where in the run."""

from __future__ import annotations

import msgspec

from whoson_load.analysis.courses import courses
from whoson_load.measurement.answer import Judged, Part, Parts
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.interval import Totals
from whoson_load.measurement.run import SeriesFigures, Summary, TimelineLine, summarize
from whoson_load.measurement.trust import Judgement, Verdict

S = 1_000_000_000
FIGURES = SeriesFigures(9, 0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000)


def line(number: int, load: int = 20, *, late: bool = False) -> TimelineLine:
    """An interval of 5 s with every kind of figure."""
    return TimelineLine(
        start_ns=5 * S * number,
        end_ns=5 * S * (number + 1),
        series={"echo": FIGURES, "visit": FIGURES},
        gauges={"visits in progress": load},
        server={"process_memory": 1e6 + number},
        generators={"a": GeneratorFigures(cpu_share=0.2), "b": GeneratorFigures(cpu_share=0.5)},
        late=late,
    )


def summary(steady: Part | None, *objectives: str) -> Summary:
    """A run's, with this steady part."""
    judged = [
        Judged(objective=each, met=True, figure=1, limit=1, unit="ms", margin=0, judged_on="steady", said="")
        for each in objectives
    ]
    whole = summarize(Totals(), Judgement(verdict=Verdict.TRUSTED, reason=""))
    return msgspec.structs.replace(whole, parts=Parts(steady=steady, reason=""), objectives=judged)


def test_the_steady_part_is_looked_at() -> None:
    """Without what is before, after or late; seconds count from its begin."""
    steady = Part(start_ns=10 * S, end_ns=20 * S, intervals=2, in_progress=20)
    lines = [*(line(number) for number in range(6)), line(2, late=True)]
    found = {each.name: each for each in courses(summary(steady), lines)}
    assert set(found) == {"echo p50", "echo p99", "process_memory", "generator CPU"}
    assert (found["echo p99"].at_s, found["echo p99"].values) == ([0.0, 5.0], [6.0, 6.0])
    assert (found["process_memory"].values, found["process_memory"].unit) == ([1e6 + 2, 1e6 + 3], "")
    assert found["generator CPU"].values == [0.5, 0.5]
    assert [each.name for each in found.values() if each.of_generator] == ["generator CPU"]


def test_without_one_all_intervals_with_visitors_are() -> None:
    """Along a day's curve no load lasts."""
    lines = [line(0, 0), line(1, 10), line(2, 40), line(3, 0)]
    found = {each.name: each for each in courses(summary(None), lines)}
    assert found["echo p50"].loads == [10, 40]


def test_chats_are_counted_from_the_begin() -> None:
    """Those served in the ramp have worn the server, too."""
    lines = [line(number) for number in range(4)]
    for each in lines:
        each.tally.outcomes["served"] = 3
    steady = Part(start_ns=10 * S, end_ns=20 * S, intervals=2, in_progress=20)
    assert {tuple(each.chats) for each in courses(summary(steady), lines)} == {(9, 12)}


def test_the_strictest_objective_is_the_limit() -> None:
    """Of a percentile from above; others limit nothing that grows."""
    told = summary(None, "echo p99 < 1s", "echo p99 <= 500ms", "echo p50 > 1ms", "lost == 0", "echo mean < 9ms")
    limits = {each.name: each.limit for each in courses(told, [line(0), line(1)])}
    assert limits == {"echo p50": None, "echo p99": 500.0, "process_memory": None, "generator CPU": None}
