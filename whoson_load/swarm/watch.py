"""A process watching itself: how late it reads and sends, how much of its core it uses. What that means is judged elsewhere."""

from __future__ import annotations

import os
import sys

import gevent

from whoson_load.clock import cpu_ns, monotonic_ns
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.histogram import Histogram
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.sample import GENERATOR_RECEIVE, GENERATOR_SEND

__all__ = ["PROBE_S", "SHORTEST_NS", "Watch"]

PROBE_S = 0.01
"""How often the loop is asked how late it is. A stall of 100 ms is so seen by ten probes that did not come."""

SHORTEST_NS = 1_000_000_000
"""The shortest time that is judged: in the run's first moments a generator is busy with starting visitors. Invented."""


class Watch:
    """What one process knows about its own business in an interval.

    Args:
        recorder: whose lags are read.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._lag = Histogram()
        self._begun_ns, self._begun_cpu_ns = monotonic_ns(), cpu_ns()
        self._probe = gevent.spawn(self._probe_loop)

    def _probe_loop(self) -> None:
        step_ns = int(PROBE_S * 1e9)
        due_ns = monotonic_ns() + step_ns
        while True:
            gevent.sleep(max(0, due_ns - monotonic_ns()) / 1e9)
            now_ns = monotonic_ns()
            # Each probe that a stall swallowed waited, too: it was due in the midst of it.
            while due_ns <= now_ns:
                self._lag.record(now_ns - due_ns)
                due_ns += step_ns

    def figures(self) -> GeneratorFigures | None:
        """The figures since the last time this was asked, before the recorder is rolled; None for too short a time to judge by."""
        now_ns, used_ns = monotonic_ns(), cpu_ns()
        passed_ns = now_ns - self._begun_ns
        if passed_ns < SHORTEST_NS:
            return None
        figures = GeneratorFigures(
            receive_p99_ns=self._recorder.percentile_ns(GENERATOR_RECEIVE, 99),
            send_p99_ns=self._recorder.percentile_ns(GENERATOR_SEND, 99),
            loop_lag_p99_ns=self._lag.percentile_ns(99),
            loop_lag_max_ns=self._lag.max_ns if self._lag.count else None,
            cpu_share=(used_ns - self._begun_cpu_ns) / passed_ns,
            descriptors=_open_descriptors(),
            descriptors_limit=_descriptors_limit(),
        )
        self._begun_ns, self._begun_cpu_ns = now_ns, used_ns
        self._lag.clear()
        return figures

    def stop(self) -> None:
        """End the probe."""
        self._probe.kill(block=False)


def _open_descriptors() -> int | None:
    if not sys.platform.startswith("linux"):
        return None
    return len(os.listdir("/proc/self/fd"))


def _descriptors_limit() -> int | None:
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415  # not on Windows

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft
