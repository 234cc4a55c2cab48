"""The recorder that shows Locust what it records: each headline sample is a Locust request, too.

Locust's tables, CSV files and charts so show our four series by name. The truth stays in our own histograms: Locust
rounds to two digits.
"""

from __future__ import annotations

from typing import Protocol

from whoson_load.errors import Fault, TargetError
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.sample import HEADLINE

__all__ = ["REQUEST_TYPE", "MirroringRecorder"]

REQUEST_TYPE = "chat"

_HEADLINE = frozenset(HEADLINE)


class _Hook(Protocol):
    def fire(self, **what: object) -> None: ...


class MirroringRecorder(Recorder):
    """A recorder that fires Locust's request event for the headline series, at about 3 us a sample.

    Args:
        worker: the name its reports bear.
        request: Locust's `environment.events.request`.
    """

    def __init__(self, worker: str, request: _Hook) -> None:
        super().__init__(worker)
        self._fire = request.fire

    def sample(self, series: str, from_ns: int, to_ns: int) -> None:
        """Record a time, and fire it as a request when it is a headline's."""
        super().sample(series, from_ns, to_ns)
        if series in _HEADLINE:
            self._fire(
                request_type=REQUEST_TYPE,
                name=series,
                response_time=max(0, to_ns - from_ns) / 1e6,
                response_length=0,
                exception=None,
                context={},
            )

    def error(self, series: str, fault: Fault) -> None:
        """Count an error, and fire it as a failed request when it is a headline's; the text is of the closed set."""
        super().error(series, fault)
        if series in _HEADLINE:
            self._fire(
                request_type=REQUEST_TYPE,
                name=series,
                response_time=None,
                response_length=0,
                exception=TargetError(fault),
                context={},
            )
