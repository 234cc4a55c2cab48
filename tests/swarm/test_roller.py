from __future__ import annotations

import gevent
import pytest

from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.interval import IntervalReport
from whoson_load.measurement.recorder import Recorder
from whoson_load.swarm.roller import Roller

INTERVAL_NS = 5_000_000_000
BEGUN_NS = 1_760_000_000 * 1_000_000_000
FIGURES = GeneratorFigures(cpu_share=0.5)


class StillWatch:
    """A watch that always says the same."""

    stopped = False

    def figures(self) -> GeneratorFigures:
        """The same."""
        return FIGURES

    def stop(self) -> None:
        """Note it."""
        self.stopped = True


class Hands:
    """A roller whose time passes by hand.

    Attributes:
        now_ns: the wall clock.
        reports: what was handed over.
    """

    def __init__(self, now_ns: int) -> None:
        self.now_ns = now_ns
        self.reports: list[IntervalReport] = []
        self.recorder, self.watch = Recorder("w"), StillWatch()
        self.roller = Roller(
            self.recorder,
            self.watch,  # type: ignore[arg-type]  # all that is asked of one
            INTERVAL_NS,
            self.reports.append,
            lambda: self.recorder.gauge("looked", 1),
            lambda: self.now_ns,
        )

    def roll_at(self, second: float) -> IntervalReport:
        """What its timer does when it fires so many seconds after the first interval's begin."""
        self.now_ns = BEGUN_NS + round(second * 1e9)
        self.roller._roll()
        return self.reports[-1]


@pytest.fixture
def hands() -> Hands:
    """Begun one second after a border."""
    return Hands(BEGUN_NS + 1_000_000_000)


def second(report: IntervalReport) -> float:
    """The begin of a report's interval, from the first one's."""
    return (report.start_ns - BEGUN_NS) / 1e9


def test_a_report_stands_in_the_interval_it_was_recorded_in(hands: Hands) -> None:
    """Whether its timer is punctual or late."""
    assert [second(hands.roll_at(at)) for at in (5.0, 10.003, 15.7)] == [0, 5, 10]
    assert hands.reports[0].generator == FIGURES
    assert hands.reports[-1].gauges == {"looked": 3}


def test_a_stalled_process_puts_what_it_has_where_it_began(hands: Hands) -> None:
    """Twelve seconds late: the report is of the interval in which its recording began, and says when it ended."""
    report = hands.roll_at(17.0)
    assert (second(report), report.end_ns - BEGUN_NS) == (0, 17_000_000_000)
    assert second(hands.roll_at(20.0)) == 15


def test_the_last_report_does_not_swallow_the_interval_before(hands: Hands) -> None:
    """A run that ends right after a border, before the timer fired, still puts its five seconds where they belong."""
    hands.now_ns = BEGUN_NS + 5_001_000_000
    hands.roller.stop()
    (report,) = hands.reports
    assert (second(report), report.last, hands.watch.stopped) == (0, True, True)


def test_a_clock_set_back_by_an_hour_does_not_stop_the_reports(hands: Hands) -> None:
    """It goes on every five seconds by the new time."""
    hands.roll_at(5.0)
    assert second(hands.roll_at(-3590.0)) == 5
    assert second(hands.roll_at(-3585.0)) == -3590


def test_the_timer_waits_for_the_border_and_no_less() -> None:
    """It fires at a border of the clock, never before: an early report would stand in the interval before."""
    reports: list[IntervalReport] = []
    recorder = Recorder("w")
    roller = Roller(recorder, StillWatch(), 50_000_000, reports.append)  # type: ignore[arg-type]
    for _ in range(500):
        gevent.sleep(0.01)
        if len(reports) >= 3:
            break
    roller.stop()
    assert [report.sequence for report in reports] == list(range(1, len(reports) + 1))
    for report in reports[:-1]:
        assert report.start_ns % 50_000_000 == 0
        assert report.end_ns >= report.start_ns + 50_000_000
