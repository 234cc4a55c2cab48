from __future__ import annotations

import random

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.errors import Fault
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.histogram import HIGHEST_NS, PackedHistogram
from whoson_load.measurement.interval import IntervalReport, MergedInterval, Totals, interval_start_ns, merge
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.tally import Tally

INTERVAL_NS = 5_000_000_000

Act = tuple[str, int, int]  # what is recorded, a number that goes with it, the interval it falls in

acts = st.lists(
    st.tuples(
        st.sampled_from(
            ["echo", "connect", "outcome", "error", "event", "command", "line", "received", "peak", "gauge"]
        ),
        st.one_of(st.integers(1, 10**8), st.integers(1, 2 * HIGHEST_NS)),
        st.integers(0, 3),
    ),
    max_size=80,
)


def perform(recorder: Recorder, act: Act) -> None:
    """Record one act."""
    what, number, _ = act
    if what in ("echo", "connect"):
        recorder.sample(what, 1_000, 1_000 + number)
    elif what == "outcome":
        recorder.outcome(list(Outcome)[number % len(Outcome)])
    elif what == "error":
        recorder.error("echo", list(Fault)[number % len(Fault)])
    elif what == "event":
        recorder.event(f"event{number % 5}")
    elif what == "command":
        recorder.command(f"Command{number % 5}")
    elif what == "line":
        recorder.line("sent", number % 7)
    elif what == "received":
        recorder.traffic["bytes_received"] += number
    elif what == "peak":
        recorder.peak("queue position", number)
    else:
        recorder.gauge("visits in progress", number % 5 - 2)


def reports_of(acts: list[Act], workers: int) -> list[IntervalReport]:
    """The reports of so many workers that share the acts, dealt out in turn."""
    reports = []
    for worker in range(workers):
        recorder = Recorder(f"w{worker}")
        for interval in range(4):
            for act in acts[worker::workers]:
                if act[2] == interval:
                    perform(recorder, act)
            start_ns = interval * INTERVAL_NS
            reports.append(recorder.roll(start_ns, start_ns + INTERVAL_NS))
    return reports


def measured(intervals: list[MergedInterval]) -> list[object]:
    """All that the intervals hold but whose reports they are made of."""
    return [
        (each.start_ns, {name: histogram.pack() for name, histogram in each.series.items()}, each.tally, each.peaks)
        for each in intervals
    ]


@given(acts)
def test_samples_through_one_two_or_eight_workers_give_identical_bits(acts: list[Act]) -> None:
    """However the visitors are spread over workers, the merged intervals are the same to the last encoded byte."""
    alone = measured(merge(reports_of(acts, 1)))
    assert measured(merge(reports_of(acts, 2))) == alone
    assert measured(merge(reports_of(acts, 8))) == alone


@given(acts, st.randoms(use_true_random=False))
def test_order_of_reports_does_not_matter(acts: list[Act], dice: random.Random) -> None:
    """Reports that arrive in any order, some of them twice, give the same intervals."""
    reports = reports_of(acts, 3)
    jumbled = [*reports, *dice.sample(reports, 4)]
    dice.shuffle(jumbled)
    assert merge(jumbled) == merge(reports)


@given(acts, st.integers(1, 3))
def test_totals_do_not_depend_on_how_intervals_are_grouped(acts: list[Act], cut: int) -> None:
    """Adding up intervals one by one, or in two parts that are then added, gives the same totals."""
    whole, first, second = Totals(), Totals(), Totals()
    for interval in merge(reports_of(acts, 2)):
        whole.add(interval)
        (first if interval.start_ns < cut * INTERVAL_NS else second).add(interval)
    second.add(first)
    assert second == whole


@given(acts)
def test_nothing_is_lost_between_sample_and_totals(acts: list[Act]) -> None:
    """Every sample, outcome, error and byte that went in comes out in the totals."""
    totals = Totals()
    for interval in merge(reports_of(acts, 3)):
        totals.add(interval)
    for series in ("echo", "connect"):
        times = [number for what, number, _ in acts if what == series]
        histogram = totals.series.get(series)
        assert (histogram.count if histogram else 0) == len(times)
        assert (histogram.sum_ns if histogram else 0) == sum(times)
    assert sum(totals.tally.outcomes.values()) == sum(what == "outcome" for what, _, _ in acts)
    assert totals.tally.errors_of("echo") == sum(what == "error" for what, _, _ in acts)
    assert totals.tally.traffic.get("bytes_received", 0) == sum(
        number for what, number, _ in acts if what == "received"
    )
    assert totals.peaks.get("queue position", 0) == max(
        (number for what, number, _ in acts if what == "peak"), default=0
    )


@given(acts)
def test_report_travels_as_msgpack(acts: list[Act]) -> None:
    """What Locust's wire format carries arrives equal."""
    for report in reports_of(acts, 1):
        carried = msgpack.unpackb(msgpack.packb(report.to_builtins()), strict_map_key=False)
        assert IntervalReport.from_builtins(carried) == report


def test_gauges_of_workers_add_up_and_the_worse_figures_stay() -> None:
    """Visitors in progress on two workers are added; each worker's own load stays its own."""
    merged = MergedInterval(0)
    for worker, share in (("a", 0.5), ("b", 0.9)):
        recorder = Recorder(worker)
        recorder.gauge("visits in progress", 3)
        merged.add(recorder.roll(0, 5, GeneratorFigures(cpu_share=share)))
        merged.add(recorder.roll(0, 7, GeneratorFigures(cpu_share=0.1)))
    assert merged.gauges == {"visits in progress": 12}
    assert {worker: figures.cpu_share for worker, figures in merged.generators.items()} == {"a": 0.5, "b": 0.9}
    assert merged.end_ns == 7
    assert merged.parts == {("a", 1), ("a", 2), ("b", 1), ("b", 2)}


def test_a_report_that_comes_twice_counts_once() -> None:
    """The second one is told apart and changes nothing."""
    recorder = Recorder("a")
    recorder.sample("echo", 0, 5)
    report = recorder.roll(0, 5)
    merged = MergedInterval(0)
    assert merged.add(report)
    assert not merged.add(report)
    assert merged.series["echo"].count == 1


def test_a_report_of_another_interval_is_refused() -> None:
    """Merging by the wrong key is our own mistake and says so."""
    with pytest.raises(ValueError, match="got a report of interval 5, expected 0"):
        MergedInterval(0).add(Recorder("a").roll(5, 10))


def test_a_broken_report_changes_nothing() -> None:
    """One damaged histogram leaves the interval as it was, so that the report can come again whole."""
    broken = IntervalReport(
        worker="a",
        sequence=1,
        start_ns=0,
        end_ns=5,
        tally=Tally(outcomes={"served": 1}),
        series={"echo": PackedHistogram(count=1, sum_ns=1, min_ns=1, max_ns=1, hdr="HISTFAAA")},
    )
    merged = MergedInterval(0)
    with pytest.raises(ValueError, match="got no HDR V2 histogram"):
        merged.add(broken)
    assert merged == MergedInterval(0)


@pytest.mark.parametrize(
    "built", [None, [], {}, {"worker": "a"}, {**Recorder("a").roll(0, 1).to_builtins(), "tally": 5}]
)
def test_what_is_no_report_is_refused(built: object) -> None:
    """A message from somebody else's worker ends as an error that names what is wrong."""
    with pytest.raises(ValueError, match=r"Expected|missing required field"):
        IntervalReport.from_builtins(built)


def test_totals_keep_no_histogram_of_an_interval() -> None:
    """Adding to totals later does not change the interval that was added first."""
    recorder = Recorder("a")
    recorder.sample("echo", 0, 5)
    first = merge([recorder.roll(0, 5)])[0]
    recorder.sample("echo", 0, 7)
    second = merge([recorder.roll(5, 10)])[0]
    totals = Totals()
    totals.add(first)
    totals.add(second)
    assert (first.series["echo"].count, totals.series["echo"].count) == (1, 2)


@pytest.mark.parametrize(
    "now_ns, expected_ns",
    [(0, 0), (4_999_999_999, 0), (5_000_000_000, 5_000_000_000), (12_345_678_901, 10_000_000_000)],
)
def test_intervals_begin_at_multiples_of_their_length(now_ns: int, expected_ns: int) -> None:
    """Every worker finds the same begin for the same instant."""
    assert interval_start_ns(now_ns, INTERVAL_NS) == expected_ns
