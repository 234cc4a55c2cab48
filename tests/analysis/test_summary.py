"""A summary completed from a record, and the document that names its keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from whoson_load.analysis.objectives import read_objectives
from whoson_load.analysis.summary import FUNNEL, RATES, complete, funnel, rates
from whoson_load.measurement.answer import Judged, Part, Parts
from whoson_load.measurement.interval import MergedInterval, Totals, merge
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.outlook import Crowd, Drift, Drifts, Staffing
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.run import SeriesSummary, Summary, TimelineLine, summarize, timeline_line
from whoson_load.measurement.trust import Judgement, Verdict

ROOT = Path(__file__).parent.parent.parent
S = 1_000_000_000
TRUSTED = Judgement(verdict=Verdict.TRUSTED, reason="It kept up.")


class RunInMemory:
    """A record that was never on a disk: 4 intervals of ramp with slow echoes, 12 steady, 1 of drain with slow ones.

    Attributes:
        intervals: its intervals.
    """

    def __init__(self) -> None:
        recorder = Recorder("w1")
        self.intervals: list[MergedInterval] = []
        for number, level in enumerate([10, 20, 30, 40, *[50] * 12, 0]):
            steady = 4 <= number < 16
            for _ in range(20):
                recorder.sample("echo", 0, 20_000_000 if steady else 900_000_000)
            recorder.arrival("begun", 5)
            recorder.outcome(Outcome.SERVED if steady else Outcome.ABANDONED)
            recorder.event("connected")
            if number == 3:
                recorder.line("sent")
                recorder.line("lost")
            merged = merge([recorder.roll(5 * S * number, 5 * S * (number + 1))])[0]
            merged.gauges = {"visits in progress": level}
            self.intervals.append(merged)

    def timeline(self) -> Iterator[TimelineLine]:
        """Its lines."""
        return map(timeline_line, self.intervals)

    def totals(self, from_ns: int = 0, to_ns: int = 1 << 63) -> Totals:
        """Its intervals added up."""
        totals = Totals()
        for each in self.intervals:
            if from_ns <= each.start_ns < to_ns:
                totals.add(each)
        return totals


@pytest.fixture
def record() -> RunInMemory:
    """The run in memory."""
    return RunInMemory()


def completed(record: RunInMemory, *objectives: str) -> Summary:
    """Its summary with objectives judged."""
    return complete(summarize(record.totals(), TRUSTED), record, read_objectives(objectives))


def test_the_steady_part_has_its_own_figures(record: RunInMemory) -> None:
    """The slow echoes of ramp and drain are in the whole run's figures and not in the steady part's."""
    summary = completed(record)
    assert summary.parts is not None
    assert summary.steady is not None
    assert summary.series["echo"].p99_ms == pytest.approx(900, rel=1e-3)
    assert summary.steady["echo"].p99_ms == pytest.approx(20, rel=1e-3)
    assert summary.steady.keys() == summary.series.keys()
    assert summary.rates["arrivals_per_min"] == pytest.approx(60)
    assert summary.rates["visits_per_min"] == pytest.approx(12)
    assert summary.rates["in_progress"] == pytest.approx(50, rel=0.05)


def test_objectives_are_judged_on_the_steady_part(record: RunInMemory) -> None:
    """Those of lines on all of the run."""
    met = [each.met for each in completed(record, "echo p99 < 30ms", "abandoned == 0", "lost == 0").objectives]
    assert met == [True, True, False]


def test_each_judgement_says_which_stretch_it_was_judged_on(record: RunInMemory) -> None:
    """In seconds after the run's begin; lines are judged on all of it."""
    told = completed(record, "echo p99 < 30ms", "echo p95 < 30ms for 90% of intervals", "lost == 0").objectives
    assert [(each.from_s, each.to_s) for each in told] == [(20.0, 80.0), (20.0, 80.0), (0.0, 85.0)]


def test_the_outlook_is_in_the_summary(record: RunInMemory) -> None:
    """Echoes that never change, and too few visitors to reckon with."""
    summary = completed(record)
    assert summary.drift is not None
    assert summary.drift.reason == "Steady: none of 2 figures drifts."
    assert summary.staffing is not None
    assert summary.staffing.said == "Not reckoned from 0 visitors who got an operator; 30 are the fewest."


def test_the_record_is_read_once() -> None:
    """A day of it is long: one pass over its lines, and one over the histograms of the steady part."""
    asked: list[str] = []

    class Watched(RunInMemory):
        def timeline(self) -> Iterator[TimelineLine]:
            asked.append("timeline")
            return super().timeline()

        def totals(self, from_ns: int = 0, to_ns: int = 1 << 63) -> Totals:
            asked.append("totals")
            return super().totals(from_ns, to_ns)

    complete(summarize(RunInMemory().totals(), TRUSTED), Watched(), read_objectives(["echo p99 < 30ms", "lost == 0"]))
    assert asked == ["timeline", "totals"]


def test_without_a_steady_part_all_of_the_run_is_judged(record: RunInMemory) -> None:
    """And the judgement says so."""
    record.intervals = record.intervals[:4]
    summary = completed(record, "echo p99 < 30ms")
    assert summary.steady is None
    assert (summary.objectives[0].met, summary.objectives[0].judged_on) == (False, "whole run")
    assert summary.rates["lasts_s"] == 20


def test_intervals_are_judged_in_the_steady_part_only(record: RunInMemory) -> None:
    """Each of its intervals was fast."""
    judged = completed(record, "echo p95 < 30ms for 100% of intervals").objectives[0]
    assert (judged.met, judged.figure, judged.judged_on) == (True, 100.0, "intervals")


def test_a_record_without_intervals_has_a_summary() -> None:
    """A run that ended at once."""
    empty = RunInMemory()
    empty.intervals = []
    summary = completed(empty, "echo p99 < 30ms")
    assert summary.rates == dict.fromkeys(RATES, 0.0)
    assert not summary.objectives[0].met


def test_the_funnel_accounts_for_every_visit() -> None:
    """What came in went out by exactly one way, or was still there."""
    recorder = Recorder("w1")
    recorder.arrival("begun", 9)
    recorder.arrival("capped", 2)
    for outcome in [Outcome.SERVED] * 4 + [Outcome.ABANDONED] * 2 + [Outcome.REFUSED]:
        recorder.outcome(outcome)
    for _ in range(7):
        recorder.event("queue")
    for number in range(5):
        recorder.sample("queue.tick", number, number + S)
    totals = Totals()
    totals.add(merge([recorder.roll(0, 5 * S)])[0])
    told = funnel(summarize(totals, TRUSTED))
    assert told["arrived"] == 11
    assert told["queued"] == 2
    ways_out = [each.value for each in Outcome]
    assert told["arrived"] == told["capped"] + told["in_progress"] + sum(told[each] for each in ways_out)


def test_a_stretch_without_length_has_no_rates() -> None:
    """And nothing is divided by 0."""
    assert set(rates(Totals(), 0.0, 0.0).values()) == {0.0}


def documented() -> dict[str, set[str]]:
    """Heading -> keys named in the first column below it."""
    found: dict[str, set[str]] = {}
    for section in re.split(r"^## ", (ROOT / "docs" / "summary.md").read_text("utf-8"), flags=re.MULTILINE)[1:]:
        heading, _, text = section.partition("\n")
        cells = re.findall(r"^\| ([^|]*) \|", text, re.MULTILINE)
        found[heading] = {key for cell in cells for key in re.findall(r"`(\w+)`", cell)}
    return found


def test_the_document_names_every_key() -> None:
    """And none that is not there."""
    told = documented()
    top = told["Of all of the run"] | told["Of the steady part"]
    assert top == set(Summary.__struct_fields__)
    assert told["Figures of a series"] == set(SeriesSummary.__struct_fields__)
    assert told["trust"] == set(Judgement.__struct_fields__)
    assert told["parts"] == set(Parts.__struct_fields__)
    assert told["objectives"] == set(Judged.__struct_fields__)
    assert told["drift"] == set(Drifts.__struct_fields__)
    assert told["Figures of drift"] == set(Drift.__struct_fields__)
    assert told["staffing"] == set(Staffing.__struct_fields__)
    assert told["crowd"] == set(Crowd.__struct_fields__)
    assert told["rates"] == set(RATES)
    assert told["funnel"] == set(FUNNEL) | {each.value for each in Outcome}


def test_the_document_names_the_keys_of_a_part() -> None:
    """They stand in the cell beside ramp, steady part and drain."""
    text = (ROOT / "docs" / "summary.md").read_text("utf-8")
    row = next(each for each in text.splitlines() if each.startswith("| `ramp`"))
    assert set(Part.__struct_fields__) <= set(re.findall(r"`(\w+)`", row))


def test_a_summary_travels_whole(record: RunInMemory) -> None:
    """What is written is what is read."""
    summary = completed(record, "lost == 0")
    assert msgspec.json.decode(msgspec.json.encode(summary), type=Summary) == summary
    assert list(summary.funnel) == [*FUNNEL, *(each.value for each in Outcome if each is not Outcome.SERVED)]
    assert list(summary.rates) == list(RATES)
