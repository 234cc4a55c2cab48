"""Hands over what a process recorded, once an interval; the clock's borders are the same on all workers.

Knows nothing of who takes the reports.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import gevent

from whoson_load.clock import wall_ns
from whoson_load.measurement.interval import IntervalReport, interval_start_ns
from whoson_load.measurement.recorder import Recorder
from whoson_load.swarm.watch import Watch

__all__ = ["Roller"]

_EARLY_NS: Final = 50_000_000  # a timer that fires before its time does so by milliseconds


class Roller:
    """Rolls a recorder at every border between two intervals, until it is stopped.

    A report is of the interval in which its recording began: one that a stalled process hands over late still stands
    where it belongs, and what is recorded between a border and the end of the run does not swallow the interval before.

    Args:
        recorder: whose figures are handed over.
        watch: of the process, asked right before.
        interval_ns: how long an interval lasts.
        hand_over: given each report.
        before: called right before each.
        now_ns: the wall clock.
    """

    def __init__(
        self,
        recorder: Recorder,
        watch: Watch,
        interval_ns: int,
        hand_over: Callable[[IntervalReport], None],
        before: Callable[[], None] = lambda: None,
        now_ns: Callable[[], int] = wall_ns,
    ) -> None:
        self._recorder = recorder
        self._watch = watch
        self._interval_ns = interval_ns
        self._hand_over = hand_over
        self._before = before
        self._now_ns = now_ns
        self._begun_ns = now_ns()
        self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        """Hand over the last report; the process records nothing more."""
        self._greenlet.kill(block=False)
        self._roll(last=True)
        self._watch.stop()

    def _run(self) -> None:
        while True:
            now_ns = self._now_ns()
            border_ns = interval_start_ns(now_ns, self._interval_ns) + self._interval_ns
            gevent.sleep((border_ns - now_ns) / 1e9)
            # A clock that was set back meanwhile is not waited for.
            while 0 < (left_ns := border_ns - self._now_ns()) < _EARLY_NS:
                gevent.sleep(left_ns / 1e9)
            self._roll()

    def _roll(self, *, last: bool = False) -> None:
        now_ns = self._now_ns()
        start_ns = interval_start_ns(self._begun_ns, self._interval_ns)
        self._before()
        figures = self._watch.figures()
        self._begun_ns = now_ns
        self._hand_over(self._recorder.roll(start_ns, now_ns, figures, last=last))
