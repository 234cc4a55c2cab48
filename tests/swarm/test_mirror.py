from __future__ import annotations

import pytest

from whoson_load.errors import Fault
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.sample import HEADLINE, SERIES
from whoson_load.swarm.mirror import REQUEST_TYPE, MirroringRecorder


class Hook:
    """Locust's event of requests.

    Attributes:
        fired: what it was fired with.
    """

    def __init__(self) -> None:
        self.fired: list[dict[str, object]] = []

    def fire(self, **what: object) -> None:
        """Keep it."""
        self.fired.append(what)


@pytest.mark.parametrize("series", SERIES)
def test_headline_samples_are_locust_s_requests_too(series: str) -> None:
    """In milliseconds, under our own type; every other series stays out of Locust's table."""
    hook = Hook()
    MirroringRecorder("w", hook).sample(series, 1_000_000, 21_500_000)
    assert [(each["request_type"], each["name"], each["response_time"]) for each in hook.fired] == (
        [(REQUEST_TYPE, series, 20.5)] if series in HEADLINE else []
    )


@pytest.mark.parametrize("series", SERIES)
def test_headline_errors_are_failed_requests_of_a_closed_set(series: str) -> None:
    """The text is the fault's name, whatever the target said."""
    hook = Hook()
    MirroringRecorder("w", hook).error(series, Fault.REPLY_TIMEOUT)
    assert [(each["name"], each["response_time"], str(each["exception"])) for each in hook.fired] == (
        [(series, None, "reply_timeout")] if series in HEADLINE else []
    )


def test_a_clock_that_was_set_back_shows_locust_no_negative_time() -> None:
    """As it shows none in our own histograms."""
    hook = Hook()
    MirroringRecorder("w", hook).sample("echo", 5_000_000, 1_000_000)
    assert hook.fired[0]["response_time"] == 0


def test_what_is_recorded_is_the_same_with_and_without_the_mirror() -> None:
    """Locust's table is a view: the truth is in the report."""
    plain, mirroring = Recorder("w"), MirroringRecorder("w", Hook())
    for recorder in (plain, mirroring):
        for number in range(100):
            recorder.sample("echo", 0, number * 1_000_000)
            recorder.error("accepted", Fault.CLOSED)
    assert plain.roll(0, 1) == mirroring.roll(0, 1)
