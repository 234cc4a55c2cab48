"""Keeps what Locust itself collects from growing with the length of a run; its web page loses nothing that it shows.

    per second   Locust keeps the requests and failures of every second and looks at the last 12
    history      one row every 5 seconds, all of which each load of the page carries: thinned evenly, the newest stay
    errors       one entry for each text, of which the page shows 500: further ones are counted together
    exceptions   likewise

Knows Locust's statistics, and nothing of a run.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from locust.runners import Runner
from locust.stats import HISTORY_STATS_INTERVAL_SEC, RequestStats, StatsEntry, StatsError

__all__ = ["MOST_KINDS", "MOST_ROWS", "OTHER", "keep_bounded"]

MOST_KINDS: Final = 500
"""Kinds of errors, and of exceptions, told apart: as many as Locust's page shows of errors."""

MOST_ROWS: Final = 1000
"""Rows of history, above which it is thinned: about the pixels of a chart's width. Invented."""

OTHER: Final = f"errors of further kinds: only {MOST_KINDS} are told apart"
"""What stands in the place of an error's text where there are too many."""

_SECONDS_KEPT: Final = 60  # Locust looks at the last 12; workers' clocks may differ
_ROWS_UNTHINNED: Final = 240  # Invented: the newest twenty minutes


def keep_bounded(runner: Runner) -> None:
    """Cut back what has grown; takes well below a millisecond, to be called once an interval."""
    stats = runner.stats
    for entry in (stats.total, *stats.entries.values()):
        _forget_seconds(entry, stats.last_request_timestamp)
    _thin(stats.history)
    _fold_errors(stats)
    _fold_exceptions(runner.exceptions)


def _forget_seconds(entry: StatsEntry, latest_s: float | None) -> None:
    for seconds in (entry.num_reqs_per_sec, entry.num_fail_per_sec):
        if latest_s is not None and len(seconds) > 2 * _SECONDS_KEPT:
            for second in [each for each in seconds if each < latest_s - _SECONDS_KEPT]:
                del seconds[second]


def _thin(history: list[dict[str, Any]]) -> None:
    """Leave one row of the older ones in each of so many equal spans: the charts keep the whole run."""
    if len(history) <= MOST_ROWS:
        return
    older = history[:-_ROWS_UNTHINNED]
    times_s = [datetime.fromisoformat(row["time"]).timestamp() for row in older]
    # Doubled from time to time, and always counted from the begin: the borders of wider spans are those of narrower
    # ones, so that thinning again and again leaves no holes.
    span_s = HISTORY_STATS_INTERVAL_SEC
    while (times_s[-1] - times_s[0]) / span_s >= MOST_ROWS // 2:
        span_s *= 2
    kept, latest = [], -1
    for row, time_s in zip(older, times_s, strict=True):
        if (span := int((time_s - times_s[0]) / span_s)) > latest:
            kept.append(row)
            latest = span
    history[:-_ROWS_UNTHINNED] = kept


def _fold_errors(stats: RequestStats) -> None:
    surplus = list(stats.errors)[MOST_KINDS:]
    other = StatsError.create_key("", "", OTHER)
    for key in surplus:
        if key == other:
            continue
        error = stats.errors.pop(key)
        into = stats.errors.setdefault(other, StatsError("", "", OTHER))
        into.occurrences += error.occurrences
        into.first_seen = min(filter(None, (into.first_seen, error.first_seen)), default=None)
        into.last_seen = max(filter(None, (into.last_seen, error.last_seen)), default=None)


def _fold_exceptions(exceptions: dict[int, Any]) -> None:
    for key in list(exceptions)[MOST_KINDS:]:
        if key == _OTHER_KEY:
            continue
        row = exceptions.pop(key)
        into = exceptions.setdefault(_OTHER_KEY, {"count": 0, "msg": OTHER, "traceback": "", "nodes": set()})
        into["count"] += row["count"]
        into["nodes"] |= row["nodes"]


_OTHER_KEY: Final = hash(OTHER)
