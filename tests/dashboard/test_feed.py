"""The feed: points are only added within an epoch, and are what the record's own columns are."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from tests.dashboard.conftest import RunUnderWay
from tests.report.conftest import STARTED_NS, KnownRun, S
from whoson_load.dashboard.chats import COLUMNS
from whoson_load.dashboard.feed import BAR_WIDTH, Feed
from whoson_load.measurement.run import SeriesFigures, TimelineLine
from whoson_load.measurement.tally import Tally
from whoson_load.report.columns import TIME, Intervals


def line(number: int, **more: object) -> TimelineLine:
    """An interval of 5 s in which a visit was served."""
    start_ns = STARTED_NS + 5 * S * number
    tally = Tally(outcomes={"served": 1})
    series = {"echo": SeriesFigures(1, 0, 1, 2, 1000, 1000, 1000, 2000, 2000, 2000)}
    return TimelineLine(start_ns=start_ns, end_ns=start_ns + 5 * S, tally=tally, series=series, **more)  # type: ignore[arg-type]


def test_points_are_the_columns_of_the_report(feed: Feed, run: RunUnderWay) -> None:
    """Value by value, whatever the chart."""
    run.go_on(12)
    expected = Intervals(run.info.started_ns, 5.0, KnownRun().timeline()).columns().chosen(COLUMNS)
    columns = feed.columns(COLUMNS, 0, 12)
    assert set(columns) == {*TIME, *COLUMNS, BAR_WIDTH}
    for name, values in expected.items():
        assert columns[name] == [None if np.isnan(value) else value for value in values], name
    assert columns[BAR_WIDTH] == [4500.0] * 12


def test_an_interval_adds_a_point_to_the_epoch(feed: Feed, run: RunUnderWay) -> None:
    """Who has the points before it asks for one."""
    run.go_on(3)
    epoch, before = feed.epoch, feed.columns(["echo p50"], 0, 3)
    run.go_on()
    assert (feed.epoch, feed.points) == (epoch, 4)
    assert feed.columns(["echo p50"], 0, 3) == before
    assert feed.columns(["time_ms"], 3, 4)["time_ms"] == [STARTED_NS / 1e6 + 17_500]


def test_there_are_no_points_before_the_first_interval(feed: Feed) -> None:
    """And no column has a value."""
    assert feed.points == 0
    assert not any(feed.columns(COLUMNS, 0, 10).values())


def test_another_run_is_another_epoch(feed: Feed, run: RunUnderWay, tmp_path: Path) -> None:
    """Its points are numbered from 0, and nothing of the one before is left."""
    run.go_on(2)
    before = feed.epoch
    other = RunUnderWay("two")
    feed.begin(other, tmp_path / "other.html")
    assert (feed.points, feed.line, feed.is_over) == (0, None, False)
    other.go_on(2)
    assert feed.epoch != before
    assert feed.summary == other.summary()


def test_what_comes_late_begins_an_epoch(feed: Feed, run: RunUnderWay) -> None:
    """It changes a point that was there, and the newest interval stays the newest."""
    run.say(line(0))
    run.say(line(1))
    before, newest = feed.epoch, feed.line
    run.say(line(0, late=True))
    assert feed.epoch != before
    assert feed.line is newest
    assert feed.columns(["served"], 0, 2)["served"] == [24.0, 12.0]


def test_a_long_run_is_rolled_up_in_another_epoch(feed: Feed, run: RunUnderWay) -> None:
    """A point is shown once all of its intervals are there, and at the run's end as it is."""
    for number in range(600):
        run.say(line(number))
    one_each = feed.epoch
    assert feed.points == 600
    run.say(line(600))
    two_each = feed.epoch
    assert two_each != one_each
    assert (feed.points, feed.intervals_a_point) == (300, 2)
    known = feed.columns(["echo count"], 0, 300)
    run.say(line(601))
    assert (feed.epoch, feed.points) == (two_each, 301)
    assert feed.columns(["echo count"], 0, 300) == known
    run.say(line(602))
    assert (feed.epoch, feed.points) == (two_each, 301)
    feed.end(run.end())
    assert (feed.epoch, feed.points) == (two_each, 302)
    assert feed.columns(["echo count"], 301, 302)["echo count"] == [1.0]


def test_a_point_that_misses_its_last_interval_is_whole_when_the_next_one_begins(feed: Feed, run: RunUnderWay) -> None:
    """Nobody waits for an interval that never comes."""
    for number in range(602):
        run.say(line(number))
    assert (feed.points, feed.intervals_a_point) == (301, 2)
    run.say(line(602))
    run.say(line(604))
    assert feed.points == 302


def test_figures_are_the_completed_ones_once_the_run_is_over(feed: Feed, run: RunUnderWay) -> None:
    """Until then those of what there is, interval by interval."""
    run.go_on()
    assert feed.summary is not None
    assert feed.summary.series["echo"].count == 5
    run.go_on()
    assert feed.summary.series["echo"].count == 10
    completed = msgspec.structs.replace(run.end(), rates={"arrivals_per_min": 60.0})
    feed.end(completed)
    assert feed.summary is completed
    assert feed.is_over


def test_a_run_whose_record_breaks_off_is_over(feed: Feed, run: RunUnderWay) -> None:
    """Though nobody said what it came to."""
    run.go_on()
    assert not feed.is_over
    run.end()
    assert feed.is_over
    assert feed.summary == run.summary()
