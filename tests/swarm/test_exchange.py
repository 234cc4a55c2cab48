from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.interval import IntervalReport, MergedInterval, Totals, merge
from whoson_load.measurement.recorder import Recorder
from whoson_load.swarm.exchange import PATIENCE_NS, RESEND_NS, Collector, Outbox, Ready

INTERVAL_NS = 5_000_000_000
BEGUN_NS = 1_760_000_000_000_000_000
SECOND_NS = 1_000_000_000


def report(
    worker: str,
    number: int,
    *,
    last: bool = False,
    start_ns: int | None = None,
    generator: GeneratorFigures | None = None,
) -> IntervalReport:
    """A worker's report of the interval of its number, with as many echoes as that."""
    recorder = Recorder(worker, ["echo"])
    for _ in range(number):
        recorder.sample("echo", 0, 20_000_000)
    recorder.arrival("begun", number)
    start_ns = BEGUN_NS + (number - 1) * INTERVAL_NS if start_ns is None else start_ns
    rolled = recorder.roll(start_ns, start_ns + INTERVAL_NS, generator, last=last)
    return msgspec.structs.replace(rolled, sequence=number)


def starts(ready: list[Ready]) -> list[int]:
    """Which intervals were handed out, counted from 1."""
    return [(each.interval.start_ns - BEGUN_NS) // INTERVAL_NS + 1 for each in ready]


# The worker's side


def test_a_report_is_sent_until_its_receipt_comes() -> None:
    """At once, then again whenever the receipt is overdue, and not once it is there."""
    outbox = Outbox()
    outbox.put(report("w", 1))
    assert [built["sequence"] for built in outbox.due(0)] == [1]
    assert outbox.due(RESEND_NS - 1) == []
    assert len(outbox.due(RESEND_NS)) == 1
    outbox.put(report("w", 2))
    assert [built["sequence"] for built in outbox.due(RESEND_NS + 1)] == [2]
    outbox.receipt([1, 2, 7])
    assert (len(outbox), outbox.due(10 * RESEND_NS)) == (0, [])


def test_a_worker_without_master_keeps_an_hour_of_reports() -> None:
    """Past that the oldest go, so that memory is bounded; the master misses their numbers."""
    outbox = Outbox()
    for number in range(1, 731):
        outbox.put(msgspec.structs.replace(report("w", 1), sequence=number))
    assert len(outbox) == 720
    assert outbox.due(0)[0]["sequence"] == 11


# The master's side


def test_an_interval_is_complete_when_every_worker_has_reported_it() -> None:
    """Nothing is written before the slowest is there, and each interval once."""
    collector = Collector(INTERVAL_NS)
    for worker in ("a", "b"):
        collector.expect(worker, BEGUN_NS)
    collector.add(report("a", 1), 0)
    assert collector.complete(0) == []
    collector.add(report("a", 2), 1)
    collector.add(report("b", 1), 1)
    ready = collector.complete(1)
    assert starts(ready) == [1]
    assert ready[0].interval == merge([report("a", 1), report("b", 1)])[0]
    collector.add(report("b", 2), 2)
    assert starts(collector.complete(2)) == [2]


def test_who_joins_later_holds_nothing_up_that_was_before() -> None:
    """A worker is waited for from the interval on in which it was expected."""
    collector = Collector(INTERVAL_NS)
    collector.expect("a", BEGUN_NS)
    collector.expect("b", BEGUN_NS + INTERVAL_NS + 7)
    collector.add(report("a", 1), 0)
    assert starts(collector.complete(0)) == [1]
    collector.add(report("a", 2), 0)
    assert starts(collector.complete(0)) == []


def test_a_doubled_report_counts_once_and_is_told() -> None:
    """However often it comes, also after its interval was written."""
    collector = Collector(INTERVAL_NS)
    assert [collector.add(report("a", 1), 0) for _ in range(2)] == [True, False]
    (ready,) = collector.complete(0)
    assert ready.interval.tally.arrivals == {"begun": 1}
    assert collector.add(report("a", 1), 0) is False
    assert collector.complete(0) == []
    assert collector.oddities() == ["Worker a: reports that came twice: 2; each counts once."]


def test_a_gap_is_waited_for_then_told_then_filled() -> None:
    """A lost report holds its interval up until patience ends; when it comes after all it is written as late."""
    collector = Collector(INTERVAL_NS)
    collector.add(report("a", 1), 0)
    collector.complete(0)
    collector.add(report("a", 3), 0)
    assert collector.complete(PATIENCE_NS - 1) == []
    (third,) = collector.complete(PATIENCE_NS)
    assert (third.missing, third.late, collector.missing()) == ({"a": [2]}, False, {"a": [2]})
    collector.add(report("a", 2), PATIENCE_NS + 1)
    (second,) = collector.complete(PATIENCE_NS + 1)
    assert (starts([second]), second.late, second.recovered, collector.missing()) == ([2], True, {"a": [2]}, {})
    assert collector.oddities() == ["Worker a: late reports: 1; they are added to their intervals."]


def test_a_gap_that_closes_in_time_is_never_told() -> None:
    """What only came in another order is nobody's concern."""
    collector = Collector(INTERVAL_NS)
    for number in (2, 1, 3):
        collector.add(report("a", number), 0)
    ready = collector.complete(0)
    assert starts(ready) == [1, 2, 3]
    assert all(not (each.missing or each.late or each.recovered) for each in ready)


def test_a_worker_that_is_gone_holds_nobody_up_and_is_told() -> None:
    """Killed: the others go on at once, and the number of the report it was at is missing."""
    collector = Collector(INTERVAL_NS)
    for worker in ("a", "b"):
        collector.add(report(worker, 1), 0)
    collector.complete(0)
    collector.add(report("a", 2), 0)
    assert collector.complete(0) == []
    assert collector.lose("b") is True
    assert collector.lose("b") is False
    (second,) = collector.complete(0)
    assert (second.missing, collector.missing(), collector.waited_for()) == ({"b": [2]}, {"b": [2]}, ["a"])


def test_a_worker_that_comes_back_is_waited_for_again() -> None:
    """What it kept meanwhile is added where it belongs, and missing no more."""
    collector = Collector(INTERVAL_NS)
    for worker in ("a", "b"):
        collector.add(report(worker, 1), 0)
    collector.lose("b")
    collector.add(report("a", 2), 0)
    collector.complete(0)
    for number in (2, 3):
        collector.add(report("b", number), 1)
    (second,) = collector.complete(1)
    assert (starts([second]), second.late, second.recovered) == ([2], True, {"b": [2]})
    collector.add(report("a", 3), 2)
    assert starts(collector.complete(2)) == [3]
    assert collector.missing() == {}


def test_what_is_missing_is_told_even_when_no_interval_is_left() -> None:
    """The last worker dies after its last complete report: an empty late part says so."""
    collector = Collector(INTERVAL_NS)
    collector.add(report("a", 1), 0)
    collector.complete(0)
    collector.lose("a")
    assert collector.complete(0) == []
    (told,) = collector.complete(0, all_of_them=True)
    assert (told.missing, told.late, told.interval) == ({"a": [2]}, True, MergedInterval(BEGUN_NS))


def test_a_worker_that_never_said_its_last_word_is_missing_at_the_end() -> None:
    """Hung, or cut off: the end of the run is not waited for for ever, and not taken for complete."""
    collector = Collector(INTERVAL_NS)
    collector.expect("b", BEGUN_NS)
    collector.add(report("a", 1, last=True), 0)
    assert collector.waited_for() == ["b"]
    (first,) = collector.complete(0, all_of_them=True)
    assert (first.missing, collector.missing()) == ({"b": [1]}, {"b": [1]})


def test_who_takes_no_part_is_not_missed() -> None:
    """A worker that had nothing to do says so; one that has sent something cannot take that back."""
    collector = Collector(INTERVAL_NS)
    collector.expect("b", BEGUN_NS)
    collector.add(report("a", 1, last=True), 0)
    for worker in ("a", "b", "c"):
        collector.excuse(worker)
    collector.complete(0, all_of_them=True)
    assert (collector.waited_for(), collector.missing()) == ([], {})


@pytest.mark.parametrize(
    "broken",
    [
        {"series": {"echo": {"count": 1, "sum_ns": 1, "min_ns": 1, "max_ns": 1, "hdr": "HISTFAAA"}}},
        {"tally": 7},
        {"worker": "somebody else"},
        {"start_ns": "soon"},
    ],
)
def test_a_broken_report_is_acknowledged_and_missing(broken: dict[str, object]) -> None:
    """It would be as broken when it came again; the run is known to be incomplete, and goes on."""
    collector = Collector(INTERVAL_NS)
    built = report("a", 1).to_builtins() | broken
    collector.expect("a", BEGUN_NS)
    assert collector.receive("a", built, 0) == 1
    assert collector.receive("a", report("a", 2, last=True).to_builtins(), 0) == 2
    (second,) = collector.complete(0)
    assert (second.missing, collector.missing(), collector.waited_for()) == ({"a": [1]}, {"a": [1]}, [])


@pytest.mark.parametrize("built", [None, 7, {}, {"sequence": "one"}, {"sequence": 10**12}, {"sequence": -1}])
def test_what_is_no_report_at_all_changes_nothing(built: object) -> None:
    """A message of another program, or of another version, must not bring the master down."""
    collector = Collector(INTERVAL_NS)
    collector.expect("a", BEGUN_NS)
    assert collector.receive("a", built, 0) is None
    assert collector.missing() == {}


def test_skew_of_a_worker_s_clock_stands_among_its_figures() -> None:
    """A worker whose clock is three seconds ahead is told by what it sends, from its second report on."""
    collector = Collector(INTERVAL_NS)
    busy = GeneratorFigures(cpu_share=0.5)
    for number in (1, 2):
        arrived_ns = BEGUN_NS + number * INTERVAL_NS
        collector.skew("a", arrived_ns + 3 * SECOND_NS, arrived_ns + 2_000_000)
        collector.add(report("a", number, generator=busy), arrived_ns)
    first, second = (each.interval.generators["a"] for each in collector.complete(0))
    assert first.clock_skew_ns == second.clock_skew_ns == 3 * SECOND_NS - 2_000_000
    assert second.cpu_share == 0.5


def test_a_clock_that_is_an_hour_ahead_costs_no_memory() -> None:
    """Its intervals are written once they have waited long enough; those of the others then come as late ones."""
    collector = Collector(INTERVAL_NS)
    written: list[Ready] = []
    for number in range(1, 201):
        now_ns = number * INTERVAL_NS
        collector.add(report("right", number), now_ns)
        collector.add(report("ahead", number, start_ns=BEGUN_NS + (719 + number) * INTERVAL_NS), now_ns)
        written += collector.complete(now_ns)
        assert len(collector._open) <= PATIENCE_NS // INTERVAL_NS + 1
    written += collector.complete(0, all_of_them=True)
    totals = Totals()
    for each in written:
        totals.add(each.interval)
    assert totals.tally.arrivals == {"begun": 2 * sum(range(1, 201))}


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_the_same_samples_through_any_number_of_workers_are_the_same_histogram(workers: int) -> None:
    """Merging loses nothing and adds nothing, bit for bit."""
    dice, whole = random.Random(5), Recorder("all", ["echo"])
    parts = [Recorder(f"w{number}", ["echo"]) for number in range(workers)]
    for number in range(20_000):
        duration_ns = int(dice.lognormvariate(17, 2))
        whole.sample("echo", 0, duration_ns)
        parts[number % workers].sample("echo", 0, duration_ns)
    collector = Collector(INTERVAL_NS)
    for part in parts:
        rolled = part.roll(BEGUN_NS, BEGUN_NS + INTERVAL_NS, last=True)
        assert collector.receive(part.worker, rolled.to_builtins(), 0) == 1
    (ready,) = collector.complete(0)
    assert ready.interval.series == merge([whole.roll(BEGUN_NS, BEGUN_NS + INTERVAL_NS)])[0].series


@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 12), st.floats(0, 0.6))
def test_whatever_the_connection_does_nothing_is_lost_or_counted_twice(
    seed: int, workers: int, intervals: int, trouble: float
) -> None:
    """Messages and receipts get lost, doubled and delayed; in the end all reports are in, each exactly once."""
    dice = random.Random(seed)
    collector = Collector(INTERVAL_NS)
    outboxes = {f"w{number}": Outbox() for number in range(workers)}
    for worker in outboxes:
        collector.expect(worker, BEGUN_NS)
    under_way: list[tuple[str, dict[str, Any]]] = []
    written: list[Ready] = []
    now_ns = 0
    for step in range(1, intervals + 400):
        now_ns += SECOND_NS
        for worker, outbox in outboxes.items():
            if step <= intervals:
                outbox.put(report(worker, step, last=step == intervals))
            for built in outbox.due(now_ns):
                copies = dice.choice((0, 1, 2)) if dice.random() < trouble else 1
                under_way += [(worker, built)] * copies
        dice.shuffle(under_way)
        for _ in range(dice.randrange(len(under_way) + 1)):
            worker, built = under_way.pop()
            number = collector.receive(worker, built, now_ns)
            if number is not None and dice.random() >= trouble:
                outboxes[worker].receipt([number])
        written += collector.complete(now_ns)
        if step > intervals and not collector.waited_for():
            break
    assert collector.waited_for() == []
    written += collector.complete(now_ns, all_of_them=True)
    totals, expected = Totals(), Totals()
    for each in written:
        totals.add(each.interval)
    for each in merge(report(worker, number) for worker in outboxes for number in range(1, intervals + 1)):
        expected.add(each)
    assert totals == expected
    assert collector.missing() == {}
    told = {(worker, number) for each in written for worker, numbers in each.missing.items() for number in numbers}
    back = {(worker, number) for each in written for worker, numbers in each.recovered.items() for number in numbers}
    assert told == back
