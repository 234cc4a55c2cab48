from __future__ import annotations

import argparse
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import gevent
import pytest

from whoson_load.client.target import Target
from whoson_load.clock import wall_ns
from whoson_load.errors import ConfigError, GuardError
from whoson_load.measurement.interval import interval_start_ns
from whoson_load.swarm.scrape import (
    DEFAULT_SERIES,
    MOST_GAUGES,
    Endpoint,
    Scraper,
    Selector,
    parse_samples,
    read_scrape,
)

TARGET = Target.read("ws://127.0.0.1:8009", domain="www.mycompany.com", environment={}, allowed=["chat.example.com"])

EXPOSITION = """# HELP windows_cpu_time_total Time that processor spent in different modes
# TYPE windows_cpu_time_total counter
windows_cpu_time_total{core="0,0",mode="idle"} 5.89e+06
windows_cpu_time_total{core="0,0",mode="user"} 1234.5
windows_cpu_time_total{core="0,1",mode="idle"} 4
windows_memory_available_bytes 1.2e+10 1760000000000
process_cpu_seconds_total\t17
process_cpu_seconds_total_of_another 1
process_resident_memory_bytes NaN
process_open_fds +Inf
node_load1 not-a-number
windows_tcp_connections_established { af = "ipv4" , quoted="a \\"b\\" } c" } 42
this is no sample at all
"""


def taken(*series: str, text: str = EXPOSITION) -> dict[str, float]:
    """What selectors take out of a text."""
    return parse_samples(text.splitlines(), [Selector.read(each) for each in series])


@pytest.mark.parametrize(
    "series, samples",
    [
        (("windows_memory_available_bytes",), {"windows_memory_available_bytes": 1.2e10}),
        (
            ('windows_cpu_time_total{mode="idle"}',),
            {
                'windows_cpu_time_total{core="0,0",mode="idle"}': 5.89e6,
                'windows_cpu_time_total{core="0,1",mode="idle"}': 4.0,
            },
        ),
        (('windows_cpu_time_total{mode="idle",core="0,1"}',), {'windows_cpu_time_total{core="0,1",mode="idle"}': 4.0}),
        (("process_cpu_seconds_total",), {"process_cpu_seconds_total": 17.0}),
        (("process_cpu_*",), {"process_cpu_seconds_total": 17.0, "process_cpu_seconds_total_of_another": 1.0}),
        (("process_resident_memory_bytes", "process_open_fds", "node_load1"), {}),  # no numbers
        (
            ('windows_tcp_connections_established{af="ipv4"}',),
            {'windows_tcp_connections_established{ af = "ipv4" , quoted="a \\"b\\" } c" }': 42.0},
        ),
        (("absent",), {}),
    ],
)
def test_chosen_series_are_taken_by_name_and_labels(series: tuple[str, ...], samples: dict[str, float]) -> None:
    """In the text format as Prometheus describes it; what is no number is left out."""
    assert taken(*series) == samples


def test_what_windows_exporter_and_client_libraries_say_is_taken_unasked() -> None:
    """The default choice finds CPU, memory and sockets."""
    assert len(taken(*DEFAULT_SERIES)) == 5


def test_a_name_with_thousands_of_series_is_cut() -> None:
    """One for each process of a busy machine must not fill the record."""
    text = "\n".join(f'windows_process_threads{{process_id="{number}"}} 1' for number in range(5000))
    assert len(taken("windows_process_threads", text=text)) == MOST_GAUGES


@pytest.mark.parametrize(
    "text", ["", "9lives", "a b", "name{", 'name{label="x"} 7', "name{label=x}", "name{label='x'}"]
)
def test_what_is_no_selector_is_refused_in_one_line(text: str) -> None:
    """It says what was got and what is expected."""
    with pytest.raises(ConfigError, match=r"--scrape-series: got .* expected NAME"):
        Selector.read(text)


def asked(scrape: str | None, *series: str) -> argparse.Namespace:
    """Locust's options, as far as they are read here."""
    return argparse.Namespace(scrape=scrape, scrape_series=list(series))


@pytest.mark.parametrize(
    "url, endpoint",
    [
        ("http://127.0.0.1:9182/metrics", Endpoint("127.0.0.1", 9182, "/metrics", False)),
        ("http://localhost:9182", Endpoint("localhost", 9182, "/metrics", False)),
        ("https://chat.example.com/probe?module=x", Endpoint("chat.example.com", 443, "/probe?module=x", True)),
        ("http://[::1]:9100/", Endpoint("::1", 9100, "/", False)),
    ],
)
def test_an_endpoint_is_read(url: str, endpoint: Endpoint) -> None:
    """With the path that Prometheus asks for when none is given."""
    found = read_scrape(asked(url), TARGET)
    assert found is not None
    assert found[0] == endpoint
    assert len(found[1]) == len(DEFAULT_SERIES)


@pytest.mark.parametrize(
    "url", ["127.0.0.1:9182", "ftp://127.0.0.1/", "http://", "http://u:secret@127.0.0.1/", "http://[::1", "http://h:x/"]
)
def test_what_is_no_endpoint_is_refused_without_repeating_it(url: str) -> None:
    """In one line, which shows no password."""
    with pytest.raises(ConfigError, match="--scrape: got no URL") as refused:
        read_scrape(asked(url), TARGET)
    assert "secret" not in str(refused.value)


def test_only_allowed_hosts_may_be_asked() -> None:
    """The rule of the target holds for its exporter, too."""
    with pytest.raises(GuardError, match=r"--allow-target 10\.0\.0\.1"):
        read_scrape(asked("http://10.0.0.1:9182/metrics"), TARGET)


def test_nothing_is_asked_unless_told() -> None:
    """And series without an endpoint are a mistake."""
    assert read_scrape(asked(None), TARGET) is None
    with pytest.raises(ConfigError, match="--scrape-series: got no --scrape"):
        read_scrape(asked(None, "node_load1"), TARGET)


class Exporter:
    """An HTTP server that says what it is told to.

    Attributes:
        status, body: of its answers.
    """

    def __init__(self) -> None:
        self.status, self.body = 200, EXPOSITION.encode()
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(exporter.status)
                self.send_header("Content-Length", str(len(exporter.body)))
                self.send_header("Location", "http://127.0.0.1:1/metrics")
                self.end_headers()
                self.wfile.write(exporter.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = Endpoint("127.0.0.1", self._server.server_port, "/metrics", False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def exporter() -> Iterator[Exporter]:
    """On this machine."""
    exporter = Exporter()
    yield exporter
    exporter.stop()


INTERVAL_NS = 3600 * 1_000_000_000


def scrape(endpoint: Endpoint) -> tuple[Scraper, list[str], dict[str, float]]:
    """Sample once: the scraper, what it complained of, what it took."""
    complaints: list[str] = []
    start_ns = interval_start_ns(wall_ns(), INTERVAL_NS)
    scraper = Scraper(endpoint, [Selector.read("windows_memory_*")], TARGET, INTERVAL_NS, complaints.append)
    for _ in range(500):
        gevent.sleep(0.01)
        if scraper.failed or start_ns in scraper._samples:
            break
    scraper.stop()
    return scraper, complaints, scraper.at(start_ns)


def test_an_endpoint_is_sampled_for_the_interval_under_way(exporter: Exporter) -> None:
    """Each sample is given once."""
    scraper, complaints, samples = scrape(exporter.endpoint)
    assert samples == {"windows_memory_available_bytes": 1.2e10}
    assert (scraper.tried, scraper.failed, complaints) == (1, 0, [])
    assert scraper.at(interval_start_ns(wall_ns(), INTERVAL_NS)) == {}


@pytest.mark.parametrize(
    "status, body, told",
    [
        (503, b"busy", "HTTP status 503"),
        (302, b"", "HTTP status 302"),  # a redirect leads nowhere: it might leave the allowed hosts
        (200, b"<html>", "none of the series"),
        (200, b"x" * (8 * 1024 * 1024 + 1), "more than 8,388,608 bytes"),
    ],
)
def test_an_endpoint_that_is_no_use_is_told_of_once(exporter: Exporter, status: int, body: bytes, told: str) -> None:
    """The run goes on; how often it was in vain is counted."""
    exporter.status, exporter.body = status, body
    scraper, complaints, samples = scrape(exporter.endpoint)
    assert (samples, scraper.failed) == ({}, 1)
    (complaint,) = complaints
    assert told in complaint
    scraper._take(0)
    assert (scraper.failed, len(complaints)) == (2, 1)


def test_an_endpoint_that_is_not_there_is_told_of(exporter: Exporter) -> None:
    """With the operating system's words, in one sentence."""
    exporter.stop()
    _, complaints, _ = scrape(exporter.endpoint)
    at = f"127.0.0.1:{exporter.endpoint.port}"
    assert complaints == [f"The server's gauges cannot be read from {at} (Connection refused); the run goes on."]
