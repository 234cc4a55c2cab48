"""Samples a Prometheus endpoint of the server's machine, so that its CPU and memory stand beside what visitors saw.

Any exporter will do: windows_exporter on a WhosOn host, node_exporter, a program's own. Never disturbs the run: a
greenlet and a deadline of its own, and what goes wrong is counted and told once. Knows nothing of visitors.
"""

from __future__ import annotations

import argparse
import http.client
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import gevent

from whoson_load.client.target import Target
from whoson_load.clock import wall_ns
from whoson_load.errors import ConfigError
from whoson_load.measurement.interval import interval_start_ns

__all__ = ["DEFAULT_SERIES", "MOST_GAUGES", "Endpoint", "Scraper", "Selector", "parse_samples", "read_scrape"]

DEFAULT_SERIES: Final = (
    'windows_cpu_time_total{mode="idle"}',
    "windows_memory_available_bytes",
    "windows_memory_physical_free_bytes",
    "windows_os_physical_memory_free_bytes",
    "windows_tcp_connections_established",
    "windows_system_threads",
    "windows_system_processor_queue_length",
    "node_load1",
    'node_cpu_seconds_total{mode="idle"}',
    "node_memory_MemAvailable_bytes",
    "node_netstat_Tcp_CurrEstab",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_open_fds",
)
"""What is taken where nothing is chosen: CPU, memory and sockets of a machine or a program. Source: the names in the
documentation of windows_exporter (older and newer versions) and node_exporter, and of Prometheus's client libraries."""

MOST_GAUGES: Final = 100
"""So many values are taken at most; a chosen name that has more, one for each process say, is cut. Invented."""

_DEADLINE_S: Final = 4.0  # Invented: windows_exporter with many collectors takes a second or two
_MOST_BYTES: Final = 8 * 1024 * 1024  # Invented: forty times what windows_exporter says by default
_LONGEST_NAME: Final = 200
_KEPT: Final = 64

_SAMPLE: Final = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*(?:\{(.*)\})?[ \t]+([^ \t]+)(?:[ \t]+-?[0-9]+)?[ \t]*")
_LABEL: Final = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"')
_SELECTOR: Final = re.compile(r"([a-zA-Z_:*?][a-zA-Z0-9_:*?]*)(?:\{(.*)\})?")


class Selector(NamedTuple):
    """Which series are wanted.

    Attributes:
        name: the metric's name; * stands for any letters, ? for one.
        labels: label -> the value it must have, as Prometheus writes it.
    """

    name: str
    labels: Mapping[str, str]

    @classmethod
    def read(cls, text: str) -> Selector:
        """Read a selector such as `windows_cpu_time_total{mode="idle"}` or `windows_netframework_clrmemory_*`.

        Raises:
            ConfigError: it is none.
        """
        match = _SELECTOR.fullmatch(text.strip())
        if match is None or (match[2] and not _LABEL.sub("", match[2]).strip(" \t,") == ""):
            raise ConfigError(
                f'--scrape-series: got {text!r}, expected NAME or NAME{{label="value"}}, * in names allowed'
            )
        return cls(match[1], dict(_LABEL.findall(match[2] or "")))

    @property
    def prefix(self) -> str:
        """What every name it wants begins with."""
        return re.split(r"[*?]", self.name, maxsplit=1)[0]

    def wants(self, name: str, labels: Mapping[str, str]) -> bool:
        """Whether a series is one of those."""
        return fnmatchcase(name, self.name) and self.labels.items() <= labels.items()


class Endpoint(NamedTuple):
    """Where samples come from."""

    host: str
    port: int
    path: str
    secure: bool


def read_scrape(options: argparse.Namespace, target: Target) -> tuple[Endpoint, list[Selector]] | None:
    """Read from Locust's parsed options what is to be sampled; None for nothing.

    Args:
        target: whose rule says what may be asked: this machine, and what was allowed.

    Raises:
        ConfigError: the address is no http or https URL, or a series is no selector.
        GuardError: its host may not be asked.
    """
    if not options.scrape:
        if options.scrape_series:
            raise ConfigError("--scrape-series: got no --scrape, expected the address of an endpoint, too")
        return None
    return _endpoint(options.scrape, target), [Selector.read(each) for each in options.scrape_series or DEFAULT_SERIES]


def _endpoint(url: str, target: Target) -> Endpoint:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ConfigError("--scrape: got no URL, expected http://HOST:PORT/metrics") from None
    if not host or parts.scheme not in ("http", "https") or parts.username is not None:
        raise ConfigError("--scrape: got no URL of its form, expected http://HOST:PORT/metrics, without a user")
    target.check(host)
    secure = parts.scheme == "https"
    path = (parts.path or "/metrics") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(host, port or (443 if secure else 80), path, secure)


def parse_samples(lines: Iterable[str], selectors: Sequence[Selector]) -> dict[str, float]:
    """Take the wanted samples out of the text exposition format of Prometheus, version 0.0.4.

    Args:
        lines: without their line feeds; comments and what is no sample are passed over.

    Returns:
        the series as it was written -> its value, `MOST_GAUGES` at most; values that are no numbers are left out.
    """
    prefixes = tuple(each.prefix for each in selectors)
    samples: dict[str, float] = {}
    for line in lines:
        # Thousands of lines, of which a dozen are wanted: the first look has to be a cheap one.
        match = _SAMPLE.fullmatch(line) if line.startswith(prefixes) else None
        if match is None:
            continue
        name, labels = match[1], match[2] or ""
        if not any(each.wants(name, dict(_LABEL.findall(labels))) for each in selectors):
            continue
        try:
            value = float(match[3])
        except ValueError:
            continue
        if math.isfinite(value) and len(samples) < MOST_GAUGES:
            samples[(f"{name}{{{labels}}}" if labels else name)[:_LONGEST_NAME]] = value
    return samples


class Scraper:
    """Samples an endpoint at the begin of every interval.

    Args:
        endpoint: where.
        selectors: what to take.
        target: whose TLS settings hold for https.
        interval_ns: how long an interval lasts.
        complain: told once, in a sentence, that there were no samples.

    Attributes:
        tried, failed: how often it sampled, and how often in vain.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        selectors: Sequence[Selector],
        target: Target,
        interval_ns: int,
        complain: Callable[[str], None],
    ) -> None:
        self._endpoint = endpoint
        self._target = target
        self._selectors = selectors
        self._interval_ns = interval_ns
        self._complain = complain
        self._samples: dict[int, dict[str, float]] = {}
        self.tried = self.failed = 0
        self._greenlet = gevent.spawn(self._run)

    def at(self, start_ns: int) -> dict[str, float]:
        """What was sampled in the interval that began at an instant; each is given once."""
        return self._samples.pop(start_ns, {})

    def stop(self) -> None:
        """Sample no more."""
        self._greenlet.kill(block=False)

    def _run(self) -> None:
        while True:
            now_ns = wall_ns()
            start_ns = interval_start_ns(now_ns, self._interval_ns)
            self._take(start_ns)
            gevent.sleep(max(0.0, (start_ns + self._interval_ns - wall_ns()) / 1e9))

    def _take(self, start_ns: int) -> None:
        self.tried += 1
        deadline_s = min(_DEADLINE_S, 0.8 * self._interval_ns / 1e9)
        problem = ""
        with gevent.Timeout(deadline_s) as deadline:
            try:
                samples = parse_samples(self._fetch(deadline_s).splitlines(), self._selectors)
                if samples:
                    self._samples[start_ns] = samples
                    while len(self._samples) > _KEPT:
                        del self._samples[next(iter(self._samples))]
                    return
                problem = "it has none of the series that were asked for"
            except OSError as error:
                problem = error.strerror or str(error) or type(error).__name__
            except (http.client.HTTPException, ValueError) as error:
                problem = str(error) or type(error).__name__
            except gevent.Timeout as passed:
                if passed is not deadline:
                    raise
                problem = f"no answer within {deadline_s:g} s"
        self.failed += 1
        if self.failed == 1:
            at = self._endpoint
            self._complain(f"The server's gauges cannot be read from {at.host}:{at.port} ({problem}); the run goes on.")

    def _fetch(self, timeout_s: float) -> str:
        at = self._endpoint
        connection = (
            http.client.HTTPSConnection(at.host, at.port, timeout=timeout_s, context=self._target.tls_context())
            if at.secure
            else http.client.HTTPConnection(at.host, at.port, timeout=timeout_s)
        )
        try:
            connection.request("GET", at.path, headers={"Accept": "text/plain; version=0.0.4"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise ValueError(f"HTTP status {answer.status}")
            body = answer.read(_MOST_BYTES + 1)
        finally:
            connection.close()
        if len(body) > _MOST_BYTES:
            raise ValueError(f"more than {_MOST_BYTES:,} bytes")
        return body.decode("utf-8", "replace")
