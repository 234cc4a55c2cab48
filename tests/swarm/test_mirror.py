from __future__ import annotations

import pytest
from locust import stats
from locust.env import Environment

from whoson_load.errors import Fault
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.sample import HEADLINE, SERIES
from whoson_load.swarm.mirror import REQUEST_TYPE, MirroringRecorder

TIMES_NS = [number * number * 1_234_567 for number in range(1, 101)]


@pytest.fixture
def environment() -> Environment:
    """Locust's, with a runner, as a run has it."""
    environment = Environment(user_classes=[])
    environment.create_local_runner()
    return environment


@pytest.fixture
def fired(environment: Environment) -> list[dict[str, object]]:
    """What a listener of somebody's hears of the request event; asking for it makes the listener."""
    heard: list[dict[str, object]] = []
    environment.events.request.add_listener(lambda **what: heard.append(what))
    return heard


def figures(entry: stats.StatsEntry) -> tuple[object, ...]:
    """What Locust's tables and charts are made of."""
    return (
        entry.num_requests,
        entry.num_none_requests,
        entry.num_failures,
        pytest.approx(entry.total_response_time),
        entry.min_response_time,
        entry.max_response_time,
        dict(entry.response_times),
        sum(entry.num_reqs_per_sec.values()),
    )


@pytest.mark.parametrize("series", SERIES)
def test_headline_samples_are_locust_s_requests_too(series: str, environment: Environment) -> None:
    """In milliseconds, under our own type; every other series stays out of Locust's table."""
    recorder = MirroringRecorder("w", environment)
    recorder.sample(series, 1_000_000, 21_500_000)
    recorder.show()
    expected = {(series, REQUEST_TYPE): (1, 20.5)} if series in HEADLINE else {}
    entries = environment.stats.entries
    assert {key: (each.num_requests, each.total_response_time) for key, each in entries.items()} == expected


def test_what_is_merged_is_what_locust_would_have_counted_itself(environment: Environment) -> None:
    """Beside an environment whose request event is fired for each sample; the aggregated row included."""
    firing = Environment(user_classes=[])
    firing.create_local_runner()
    firing.events.request.add_listener(lambda **_: None)
    for each in (environment, firing):
        recorder = MirroringRecorder("w", each)
        for series in ("echo", "accepted"):
            for number, took_ns in enumerate(TIMES_NS):
                recorder.sample(series, 5, 5 + took_ns)
                if number % 10 == 0:
                    recorder.show()
        recorder.error("echo", Fault.REPLY_TIMEOUT)
        recorder.show()
    assert figures(environment.stats.total) == figures(firing.stats.total)
    for series in ("echo", "accepted"):
        key = (series, REQUEST_TYPE)
        assert figures(environment.stats.entries[key]) == figures(firing.stats.entries[key])


def test_nothing_is_merged_twice(environment: Environment) -> None:
    """What was shown is shown."""
    recorder = MirroringRecorder("w", environment)
    recorder.sample("echo", 0, 1_000_000)
    for _ in range(3):
        recorder.show()
    assert environment.stats.total.num_requests == 1


def test_the_end_of_an_interval_shows_what_was_gathered(environment: Environment) -> None:
    """So that a run's last samples reach Locust's last table."""
    recorder = MirroringRecorder("w", environment)
    recorder.sample("echo", 0, 1_000_000)
    recorder.roll(0, 1, last=True)
    assert environment.stats.total.num_requests == 1


def test_who_else_listens_hears_of_each_sample_at_once(
    environment: Environment, fired: list[dict[str, object]]
) -> None:
    """As every Locust script expects of the request event; and Locust counts it once."""
    recorder = MirroringRecorder("w", environment)
    recorder.sample("echo", 1_000_000, 21_500_000)
    assert [(each["request_type"], each["name"], each["response_time"]) for each in fired] == [
        (REQUEST_TYPE, "echo", 20.5)
    ]
    recorder.show()
    assert environment.stats.total.num_requests == 1


def test_a_listener_that_comes_later_hears_from_then_on(environment: Environment) -> None:
    """Nothing that was gathered before is lost or told twice."""
    recorder = MirroringRecorder("w", environment)
    recorder.sample("echo", 0, 1_000_000)
    heard: list[object] = []
    environment.events.request.add_listener(lambda **what: heard.append(what["response_time"]))
    recorder.sample("echo", 0, 2_000_000)
    recorder.show()
    assert heard == [2.0]
    assert environment.stats.total.num_requests == 2


@pytest.mark.parametrize("series", SERIES)
def test_headline_errors_are_failed_requests_of_a_closed_set(
    series: str, environment: Environment, fired: list[dict[str, object]]
) -> None:
    """The text is the fault's name, whatever the target said."""
    MirroringRecorder("w", environment).error(series, Fault.REPLY_TIMEOUT)
    assert [(each["name"], each["response_time"], str(each["exception"])) for each in fired] == (
        [(series, None, "reply_timeout")] if series in HEADLINE else []
    )


def test_a_clock_that_was_set_back_shows_locust_no_negative_time(environment: Environment) -> None:
    """As it shows none in our own histograms."""
    recorder = MirroringRecorder("w", environment)
    recorder.sample("echo", 5_000_000, 1_000_000)
    recorder.show()
    assert environment.stats.total.min_response_time == 0


def test_what_is_recorded_is_the_same_with_and_without_the_mirror(environment: Environment) -> None:
    """Locust's table is a view: the truth is in the report."""
    plain, mirroring = Recorder("w"), MirroringRecorder("w", environment)
    for recorder in (plain, mirroring):
        for number in range(100):
            recorder.sample("echo", 0, number * 1_000_000)
            recorder.error("accepted", Fault.CLOSED)
    assert plain.roll(0, 1) == mirroring.roll(0, 1)
