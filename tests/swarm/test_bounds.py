from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import locust.stats
import pytest
from locust.stats import RequestStats, update_stats_history

from whoson_load.swarm.bounds import MOST_KINDS, MOST_ROWS, OTHER, keep_bounded

BEGUN_S = 1_760_000_000.0


class Clock:
    """In place of the module `time` in Locust's statistics."""

    now_s = BEGUN_S

    def time(self) -> float:
        """The time of day."""
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that Locust's statistics read."""
    clock = Clock()
    monkeypatch.setattr(locust.stats, "time", clock)
    return clock


def runner_of(stats: RequestStats) -> Any:  # noqa: ANN401  # stands in for Locust's, which would start greenlets
    """A runner with nothing but statistics."""
    return SimpleNamespace(stats=stats, exceptions={}, user_count=7)


def test_seconds_are_forgotten_and_the_current_rate_stays(clock: Clock) -> None:
    """After an hour only the last minutes are kept, and Locust's own figures are what they were without that."""
    bounded, left_alone = RequestStats(), RequestStats()
    runner = runner_of(bounded)
    for second in range(3600):
        clock.now_s = BEGUN_S + second
        for stats in (bounded, left_alone):
            for _ in range(second % 3 + 1):
                stats.log_request("chat", "echo", 20, 0)
            if second % 5 == 0:
                stats.log_error("chat", "echo", "reset")
        if second % 5 == 0:
            keep_bounded(runner)
    for ours, whole in (
        (bounded.total, left_alone.total),
        (bounded.get("echo", "chat"), left_alone.get("echo", "chat")),
    ):
        assert len(ours.num_reqs_per_sec) <= 130
        assert len(ours.num_fail_per_sec) <= 130
        assert ours.to_dict() == whole.to_dict()
        assert ours.current_rps == whole.current_rps > 0


def test_history_keeps_the_whole_run_evenly_and_the_latest_in_full(clock: Clock) -> None:
    """After a day the charts still begin where the run began, with no hole that was not there before."""
    stats = RequestStats()
    runner = runner_of(stats)
    every_s = 5
    for number in range(24 * 3600 // every_s):
        clock.now_s = BEGUN_S + number * every_s
        update_stats_history(runner)
        keep_bounded(runner)
        assert len(stats.history) <= MOST_ROWS
    times_s = [_seconds(row["time"]) for row in stats.history]
    assert times_s[0] == BEGUN_S
    assert times_s[-1] == clock.now_s
    assert times_s == sorted(times_s)
    gaps = [later - earlier for earlier, later in pairwise(times_s)]
    assert max(gaps) <= 2 * 2 * 24 * 3600 / (MOST_ROWS // 2)
    assert set(gaps[-239:]) == {every_s}
    assert len(stats.history) > MOST_ROWS // 4


def test_a_short_history_is_left_alone(clock: Clock) -> None:
    """Nothing is thinned that fits."""
    stats = RequestStats()
    runner = runner_of(stats)
    for number in range(MOST_ROWS):
        clock.now_s = BEGUN_S + number * 5
        update_stats_history(runner)
    before = list(stats.history)
    keep_bounded(runner)
    assert stats.history == before


def test_errors_with_an_id_in_the_text_are_counted_together(clock: Clock) -> None:
    """The first five hundred kinds stay as they are; the number of all stays right."""
    stats = RequestStats()
    runner = runner_of(stats)
    for number in range(3 * MOST_KINDS):
        clock.now_s = BEGUN_S + number
        stats.log_error("chat", "echo", f"session {number} was lost")
        stats.log_error("chat", "echo", "reset")
        keep_bounded(runner)
    assert len(stats.errors) == MOST_KINDS + 1
    assert sum(error.occurrences for error in stats.errors.values()) == 6 * MOST_KINDS
    other = list(stats.errors.values())[-1]
    assert other.error == OTHER
    assert other.occurrences == 3 * MOST_KINDS - (MOST_KINDS - 1)
    assert (other.first_seen, other.last_seen) == (BEGUN_S + MOST_KINDS - 1, BEGUN_S + 3 * MOST_KINDS - 1)


def test_exceptions_of_ever_new_places_are_counted_together() -> None:
    """As the errors; who had them stays known."""
    runner = runner_of(RequestStats())
    for number in range(2 * MOST_KINDS):
        runner.exceptions[number] = {"count": 2, "msg": "m", "traceback": f"line {number}", "nodes": {f"w{number % 3}"}}
        keep_bounded(runner)
    assert len(runner.exceptions) == MOST_KINDS + 1
    assert sum(row["count"] for row in runner.exceptions.values()) == 4 * MOST_KINDS
    (other,) = (row for row in runner.exceptions.values() if row["msg"] == OTHER)
    assert other["nodes"] == {"w0", "w1", "w2"}


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()
