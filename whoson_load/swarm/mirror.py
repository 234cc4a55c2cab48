"""The recorder that shows Locust what it records: each headline sample is a Locust request, too.

Locust's tables, CSV files and charts so show our four series by name. The truth stays in our own histograms: Locust
rounds to two digits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import cast

from locust import stats
from locust.env import Environment

from whoson_load.clock import wall_ns
from whoson_load.errors import Fault, TargetError
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.interval import IntervalReport
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.sample import HEADLINE

__all__ = ["REQUEST_TYPE", "SHOW_S", "MirroringRecorder"]

REQUEST_TYPE = "chat"

SHOW_S = 1.0
"""How often `show` is to be called: Locust's own tables and charts are drawn once in one or two seconds."""

_LOCUSTS_OWN = "Runner.__init__.<locals>.on_request"


class MirroringRecorder(Recorder):
    """A recorder whose headline samples appear among Locust's figures.

    Locust's request event costs 3.5 us a sample, more than all the rest of measuring it. So while nobody but Locust
    itself listens to it, samples are gathered and merged into Locust's figures by `show`, in the way in which its
    master merges what workers report. As soon as somebody else listens, each sample fires the event at once.

    Args:
        worker: the name its reports bear.
        environment: Locust's, with its runner made.
    """

    def __init__(self, worker: str, environment: Environment) -> None:
        super().__init__(worker)
        self._stats = environment.stats
        self._fire: Callable[..., object] = environment.events.request.fire
        self._listeners = environment.events.request._handlers  # noqa: SLF001  # there is no other way to see who listens
        self._alone = [each for each in self._listeners if getattr(each, "__qualname__", "") == _LOCUSTS_OWN]
        self._gathered: dict[str, list[float]] = {series: [] for series in HEADLINE}

    def sample(self, series: str, from_ns: int, to_ns: int) -> None:
        """Record a time, and show it as a request when it is a headline's."""
        super().sample(series, from_ns, to_ns)
        gathered = self._gathered.get(series)
        if gathered is None:
            return
        response_time_ms = max(0, to_ns - from_ns) / 1e6
        if self._listeners == self._alone:
            gathered.append(response_time_ms)
        else:
            self._fire(
                request_type=REQUEST_TYPE,
                name=series,
                response_time=response_time_ms,
                response_length=0,
                exception=None,
                context={},
            )

    def error(self, series: str, fault: Fault) -> None:
        """Count an error, and fire it as a failed request when it is a headline's; the text is of the closed set."""
        super().error(series, fault)
        if series in self._gathered:
            self._fire(
                request_type=REQUEST_TYPE,
                name=series,
                response_time=None,
                response_length=0,
                exception=TargetError(fault),
                context={},
            )

    def roll(
        self,
        interval_start_ns: int,
        now_ns: int,
        generator: GeneratorFigures | None = None,
        *,
        last: bool = False,
    ) -> IntervalReport:
        """As every recorder does; what was gathered is shown before."""
        self.show()
        return super().roll(interval_start_ns, now_ns, generator, last=last)

    def show(self) -> None:
        """Merge what was gathered since the last time into Locust's figures."""
        for series, gathered in self._gathered.items():
            if gathered:
                entry = _entry_of(self._stats, series, gathered)
                gathered.clear()
                self._stats.entries[series, REQUEST_TYPE].extend(entry)
                self._stats.total.extend(entry)


def _entry_of(mine: stats.RequestStats, series: str, times_ms: list[float]) -> stats.StatsEntry:
    now_s = wall_ns() / 1e9
    reported = {
        "name": series,
        "method": REQUEST_TYPE,
        "start_time": now_s,
        "last_request_timestamp": now_s,
        "num_requests": len(times_ms),
        "num_reqs_per_sec": {int(now_s): len(times_ms)},
        "total_response_time": sum(times_ms),
        "min_response_time": min(times_ms),
        "max_response_time": max(times_ms),
        # Looked up anew each time: Locust lets people replace it by a rounding of their own.
        "response_times": Counter(map(stats.bucket_response_time, times_ms)),
    }
    return stats.StatsEntry.unserialize(cast("stats.StatsEntryDict", reported), mine)
