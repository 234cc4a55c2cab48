from __future__ import annotations

import tracemalloc

import pytest

from whoson_load.errors import Fault, LocalProtocolError
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.histogram import Histogram
from whoson_load.measurement.ledger import Fate
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.sample import SERIES
from whoson_load.measurement.tally import MOST_NAMES, Tally


def test_report_holds_all_that_was_recorded_under_the_names_it_was_recorded_by() -> None:
    """Each kind of count ends in its own group."""
    recorder = Recorder("w1")
    recorder.sample("echo", 1_000, 21_000)
    recorder.error("echo", Fault.REPLY_TIMEOUT)
    recorder.fault(Fault.REPLY_TIMEOUT)
    recorder.fault(Fault.RESET)
    recorder.outcome(Outcome.SERVED)
    recorder.journey("everyday")
    recorder.command("Message")
    recorder.event("newline")
    recorder.line_class("linev")
    recorder.close_code(1012)
    recorder.close_code(None)
    recorder.deviation("trailing comma")
    recorder.line(Fate.SENT)
    recorder.line(Fate.LOST, 3)
    recorder.arrival("due")
    recorder.traffic["bytes_received"] += 100
    recorder.traffic["bytes_sent"] += 50
    recorder.traffic["unstamped"] += 1
    report = recorder.roll(5, 9, last=True)
    assert (report.worker, report.sequence, report.start_ns, report.end_ns, report.last) == ("w1", 1, 5, 9, True)
    assert Histogram.unpack(report.series["echo"]).sum_ns == 20_000
    assert set(report.series) == {"echo"}
    assert report.tally == Tally(
        outcomes={"served": 1},
        journeys={"everyday": 1},
        commands={"Message": 1},
        events={"newline": 1},
        line_classes={"linev": 1},
        close_codes={"1012": 1, "none": 1},
        faults={"reply_timeout": 1, "reset": 1},
        deviations={"trailing comma": 1},
        lines={"sent": 1, "lost": 3},
        arrivals={"due": 1},
        traffic={"bytes_received": 100, "bytes_sent": 50, "unstamped": 1},
        errors={"echo": {"reply_timeout": 1}},
    )


def test_next_interval_begins_empty_but_for_the_gauges() -> None:
    """Counts, samples and peaks are handed over once; what is in progress stays so."""
    recorder = Recorder("w1")
    recorder.sample("echo", 0, 1)
    recorder.outcome(Outcome.SERVED)
    recorder.error("echo", Fault.RESET)
    recorder.peak("queue position", 7)
    recorder.gauge("visits in progress", 2)
    recorder.roll(0, 5)
    recorder.gauge("visits in progress", -1)
    report = recorder.roll(5, 10)
    assert (report.sequence, report.series, report.tally, report.peaks) == (2, {}, Tally(), {})
    assert report.gauges == {"visits in progress": 1}


def test_a_report_once_handed_over_never_changes() -> None:
    """What happens in the next interval does not reach into a report that waits to be sent."""
    recorder = Recorder("w1")

    def record() -> None:
        recorder.sample("echo", 0, 7)
        recorder.outcome(Outcome.SERVED)
        recorder.error("echo", Fault.RESET)
        recorder.gauge("visits in progress", 1)
        recorder.peak("queue position", 9)

    record()
    report = recorder.roll(0, 5)
    before = report.to_builtins()
    record()
    recorder.roll(5, 10)
    assert report.to_builtins() == before


def test_a_time_that_ends_before_it_began_is_kept_and_told() -> None:
    """A clock that was set back makes no negative time and loses no sample."""
    recorder = Recorder("w1")
    recorder.sample("echo", 10, 3)
    report = recorder.roll(0, 5)
    histogram = Histogram.unpack(report.series["echo"])
    assert (histogram.count, histogram.min_ns, histogram.sum_ns) == (1, 0, 0)
    assert report.tally.traffic == {"backward": 1}


def test_an_unknown_series_is_our_own_mistake() -> None:
    """A misspelt series is refused, whether sampled, failed or asked for."""
    recorder = Recorder("w1", ["echo"])
    for mistake in (
        lambda: recorder.sample("ehco", 0, 1),
        lambda: recorder.error("ehco", Fault.RESET),
        lambda: recorder.percentile_ns("ehco", 99),
        lambda: recorder.count("ehco"),
    ):
        with pytest.raises(LocalProtocolError, match="series 'ehco', expected one of: echo"):
            mistake()


def test_peak_keeps_the_greatest() -> None:
    """The greatest value of the interval is reported, whenever it was."""
    recorder = Recorder("w1")
    for value in (3, 9, 0, 4):
        recorder.peak("queue position", value)
    recorder.peak("nothing", 0)
    assert recorder.roll(0, 5).peaks == {"queue position": 9, "nothing": 0}


def test_running_percentile_is_of_this_interval_only() -> None:
    """What the generator's own lag is judged by begins anew with every interval."""
    recorder = Recorder("w1")
    assert recorder.percentile_ns("generator.receive", 99) is None
    recorder.sample("generator.receive", 0, 5_000_000)
    assert recorder.percentile_ns("generator.receive", 99) == 5_000_000
    recorder.roll(0, 5, GeneratorFigures())
    assert recorder.percentile_ns("generator.receive", 99) is None


def test_names_that_servers_invent_are_bounded() -> None:
    """Events, line classes and deviations of any number of names take bounded room, over all intervals."""
    recorder = Recorder("w1")
    for interval in range(20):
        for number in range(100):
            for count in (recorder.event, recorder.line_class, recorder.deviation):
                count(f"{interval} {number}")
        tally = recorder.roll(interval, interval + 1).tally
        for group in (tally.events, tally.line_classes, tally.deviations):
            assert len(group) <= MOST_NAMES + 1
            assert sum(group.values()) == 100
    assert tally.events == {"other": 100}


def test_days_of_intervals_leave_no_more_memory_than_the_first() -> None:
    """What a recorder holds after thousands of intervals is what it held after the first ones."""
    recorder = Recorder("w1")

    def interval(number: int) -> None:
        for series in SERIES:
            recorder.sample(series, 0, 1_000_000 + number % 100)
        recorder.outcome(Outcome.SERVED)
        recorder.event(f"event {number}")
        recorder.error("echo", Fault.RESET)
        recorder.roll(number, number + 1)

    for number in range(200):
        interval(number)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(200, 1200):
            interval(number)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 20_000
