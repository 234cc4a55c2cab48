"""A process watching itself: how late it reads and sends, how much of its core and of its limits it uses.

What the figures mean is judged elsewhere.
"""

from __future__ import annotations

import gc
import socket
from collections.abc import Mapping
from typing import Final

import gevent

from whoson_load.clock import cpu_ns, monotonic_ns, wall_ns
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.histogram import Histogram
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.sample import GENERATOR_RECEIVE, GENERATOR_SEND
from whoson_load.swarm import procfs

__all__ = ["FEWEST_SAMPLES", "PROBE_S", "SHORTEST_NS", "Watch", "clocks_ns"]

PROBE_S: Final = 0.01
"""How often the loop is asked how late it is. A stall of 100 ms is so seen by ten probes that did not come."""

SHORTEST_NS: Final = 1_000_000_000
"""The shortest time that is judged: in the run's first moments a generator is busy with starting visitors. Invented."""

FEWEST_SAMPLES: Final = 100
"""Of fewer samples the p99 is just the greatest, and one late visitor no evidence against the generator."""

_LOOK_S: Final = 5.0  # the tables of descriptors and sockets: a look costs more than all the rest
_CLOSE_ENOUGH_NS: Final = 20_000  # two clocks read within this are read at once, for a step of milliseconds


class Watch:
    """What one process knows about its own business in an interval.

    Args:
        recorder: whose lags are read.
        peer: host and port of the target, or of the proxy before it: whom the local ports are used up towards.
    """

    def __init__(self, recorder: Recorder, peer: tuple[str, int] | None = None) -> None:
        self._recorder = recorder
        self._peer = peer
        self._lag = Histogram()
        self._tables: Mapping[str, int | None] = {}
        self._pause_begun_ns = self._pause_max_ns = 0
        self._begin()
        gc.callbacks.append(self._collecting)
        self._greenlets = [gevent.spawn(self._probe), gevent.spawn(self._look)]

    def figures(self) -> GeneratorFigures | None:
        """The figures since this was last asked, to be taken before the recorder is rolled.

        Returns:
            None, and the time goes on, for one too short to judge by.
        """
        wall_after_ns, now_ns = clocks_ns()
        passed_ns = now_ns - self._begun_ns
        if passed_ns < SHORTEST_NS:
            return None
        delay_ns = procfs.run_delay_ns()
        figures = GeneratorFigures(
            receive_p99_ns=self._p99_ns(GENERATOR_RECEIVE),
            send_p99_ns=self._p99_ns(GENERATOR_SEND),
            loop_lag_p99_ns=self._lag.percentile_ns(99),
            loop_lag_max_ns=self._lag.max_ns if self._lag.count else None,
            cpu_share=(cpu_ns() - self._begun_cpu_ns) / passed_ns,
            waiting_share=(
                None
                if delay_ns is None or self._begun_delay_ns is None
                else (delay_ns - self._begun_delay_ns) / passed_ns
            ),
            gc_pause_max_ns=self._pause_max_ns,
            clock_step_ns=abs((wall_after_ns - self._begun_wall_ns) - passed_ns),
            **self._tables,
        )
        self._begin()
        return figures

    def stop(self) -> None:
        """End the probe and everything else that runs beside the visitors."""
        gc.callbacks.remove(self._collecting)
        gevent.killall(self._greenlets, block=False)

    def _begin(self) -> None:
        self._begun_wall_ns, self._begun_ns = clocks_ns()
        self._begun_cpu_ns = cpu_ns()
        self._begun_delay_ns = procfs.run_delay_ns()
        self._pause_max_ns = 0
        self._lag.clear()

    def _p99_ns(self, series: str) -> int | None:
        return self._recorder.percentile_ns(series, 99) if self._recorder.count(series) >= FEWEST_SAMPLES else None

    def _collecting(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._pause_begun_ns = monotonic_ns()
        elif self._pause_begun_ns:
            self._pause_max_ns = max(self._pause_max_ns, monotonic_ns() - self._pause_begun_ns)

    def _probe(self) -> None:
        step_ns = int(PROBE_S * 1e9)
        due_ns = monotonic_ns() + step_ns
        while True:
            gevent.sleep(max(0, due_ns - monotonic_ns()) / 1e9)
            now_ns = monotonic_ns()
            # Each probe that a stall swallowed waited, too: it was due in the midst of it.
            while due_ns <= now_ns:
                self._lag.record(now_ns - due_ns)
                due_ns += step_ns

    def _look(self) -> None:
        """In a thread: with ten thousand sockets the kernel takes its time, and no visitor shall wait for it."""
        host, port = self._peer or ("", 0)
        addresses = _addresses_of(host, port) if self._peer else []

        def tables() -> dict[str, int | None]:
            return {
                "descriptors": procfs.open_descriptors(),
                "descriptors_limit": procfs.descriptors_limit(),
                "ports": procfs.ports_in_use(addresses, port),
                "ports_limit": procfs.ports_limit(),
            }

        while True:
            self._tables = gevent.get_hub().threadpool.apply(tables)
            gevent.sleep(_LOOK_S)


def clocks_ns() -> tuple[int, int]:
    """The wall clock and the steady clock at the same instant, as near as can be.

    Between two readings the process may lose the CPU, which would look like a step of the clock: then both are read
    again, a few times at most.
    """
    best: tuple[int, int, int] | None = None
    for _ in range(5):
        before_ns, now_ns, after_ns = monotonic_ns(), wall_ns(), monotonic_ns()
        if best is None or after_ns - before_ns < best[0]:
            best = after_ns - before_ns, now_ns, (before_ns + after_ns) // 2
        if best[0] <= _CLOSE_ENOUGH_NS:
            break
    assert best is not None
    return best[1:]


def _addresses_of(host: str, port: int) -> list[str]:
    """The addresses of a host, each once; none where it has none, which the visitors' own connections will tell."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return list(dict.fromkeys(str(address[0]).partition("%")[0] for _, _, _, _, address in found))
