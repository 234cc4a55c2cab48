"""The instrument is calibrated: against a server with known delays the run shows them, as the server itself took them.

A slow machine shifts both sides alike, but for one thing: bytes that have arrived wait for the server to get a CPU and
read them. So these tests run with no others beside them.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import write_certificate
from tests.programs import VISITORS, Program, Programs, Simulator, only_record

pytestmark = pytest.mark.alone

ECHO_MS, PICKUP_MS = 20, 150
AGREE_MS = 1.0
"""How far the medians of both sides may lie apart; loopback, reading and sending take some 0.1 ms."""

KNOWN_TIMES = ("--echo-delay", f"{ECHO_MS}ms", "--pickup-delay", f"{PICKUP_MS}ms", "--pace", "40")
FEW = ("-u", "6", "-r", "6", "--pace", "40", "-t", "8s")

# How the target is reached -> options of the server, options of the run; CERTIFICATE is a file's name.
WAYS = {
    "ws": ((), ()),
    "wss with --ca-file": (("--tls-cert", "CERTIFICATE"), ("--ca-file", "CERTIFICATE")),
    "wss with --insecure": (("--tls-cert", "CERTIFICATE"), ("--insecure",)),
}


@dataclass(frozen=True)
class Calibration:
    """One run's figures beside those of its server.

    Attributes:
        summary: what the run's summary.json holds.
        state: what the server counted.
        chats: every chat of the server with its stamps and lines.
    """

    summary: dict[str, Any]
    state: dict[str, Any]
    chats: list[dict[str, Any]]

    @property
    def echoes_ms(self) -> list[float]:
        """What the server itself took for every line of a visitor, from its receive to its echo's send."""
        return [
            (line["sent_ns"] - line["received_ns"]) / 1e6
            for chat in self.chats
            for line in chat["lines"]
            if line["classname"] == "linev" and line["sent_ns"] is not None
        ]

    @property
    def pickups_ms(self) -> list[float]:
        """What the server itself took for every operator, from the visitor's Hello on."""
        return [
            (chat["stamps"]["operatorjoined_sent_ns"] - chat["stamps"]["hello_received_ns"]) / 1e6
            for chat in self.chats
            if "operatorjoined_sent_ns" in chat["stamps"]
        ]


@pytest.fixture(scope="module")
def calibrations(shared_programs: Programs) -> Iterator[Callable[[str], Calibration]]:
    """All runs, side by side; each is looked at once it is over."""
    folder = shared_programs.folder
    certificate = str(write_certificate(folder))
    under_way: dict[str, tuple[Simulator, Program, Path]] = {}
    for way, (of_server, of_run) in WAYS.items():
        server = shared_programs.simulate(*KNOWN_TIMES, *_with(certificate, of_server))
        out = folder / way.replace(" ", "")
        run = shared_programs.start(
            *("whoson-load", "run", VISITORS, "--host", server.chat, *FEW, "--out", str(out)),
            *_with(certificate, of_run),
        )
        under_way[way] = server, run, out
    done: dict[str, Calibration] = {}

    def look(way: str) -> Calibration:
        if way not in done:
            server, run, out = under_way[way]
            ended = run.end()
            assert ended.code == 0, ended.stderr
            summary = json.loads((only_record(out) / "summary.json").read_text("utf-8"))
            chats = [server.get(f"/chats/{chat['uid']}") for chat in server.get("/chats")]
            done[way] = Calibration(summary, server.get("/state"), chats)
        return done[way]

    yield look
    for server, _, _ in under_way.values():
        server.stop()


def _with(certificate: str, options: tuple[str, ...]) -> list[str]:
    return [certificate if option == "CERTIFICATE" else option for option in options]


@pytest.fixture(params=list(WAYS))
def calibration(request: pytest.FixtureRequest, calibrations: Callable[[str], Calibration]) -> Calibration:
    """One way to reach the server."""
    return calibrations(request.param)


@pytest.mark.parametrize("series, delay_ms", [("echo", ECHO_MS), ("operatorjoined", PICKUP_MS)])
def test_no_time_is_below_the_known_delay(calibration: Calibration, series: str, delay_ms: int) -> None:
    """Nothing can be faster than the server lets it be."""
    figures = calibration.summary["series"][series]
    assert figures["count"] > 0
    assert figures["min_ms"] >= delay_ms


def test_the_parts_of_connect_add_up(calibration: Calibration) -> None:
    """To the last microsecond that a mean is written with: nothing of `connect` is nobody's."""
    series = calibration.summary["series"]
    parts = [series[f"connect.{part}"] for part in ("tcp", "tls", "upgrade", "connected")] + [
        series["generator.connect"]
    ]
    assert {part["count"] for part in parts} <= {0, series["connect"]["count"]}
    assert sum(part["mean_ms"] or 0 for part in parts) == pytest.approx(series["connect"]["mean_ms"], abs=0.01)


def test_the_echo_agrees_with_the_servers_own_times(calibration: Calibration) -> None:
    """The medians of both sides (of ranks, as percentiles are) lie within a millisecond, over the very same lines."""
    figures, own_ms = calibration.summary["series"]["echo"], calibration.echoes_ms
    assert figures["count"] == len(own_ms)
    assert abs(figures["p50_ms"] - statistics.median_low(own_ms)) < AGREE_MS


def test_the_pickup_agrees_with_the_servers_own_times(calibration: Calibration) -> None:
    """The medians of both sides lie within a millisecond, over the very same chats."""
    figures, own_ms = calibration.summary["series"]["operatorjoined"], calibration.pickups_ms
    assert figures["count"] == len(own_ms)
    assert abs(figures["p50_ms"] - statistics.median_low(own_ms)) < AGREE_MS


@pytest.mark.parametrize("what", ["commands", "events"])
def test_both_sides_count_the_same(calibration: Calibration, what: str) -> None:
    """Every command sent was received, and every event sent was heard."""
    assert calibration.summary[what] == {**dict.fromkeys(calibration.summary[what], 0), **calibration.state[what]}


def test_the_server_saw_no_breach(calibration: Calibration) -> None:
    """Neither side broke the protocol."""
    incidents = calibration.state["incidents"]
    for name in ("invalid_data", "illegal_commands", "bad_connects", "out_of_turn_events", "internal_errors"):
        assert incidents[name] == 0, name


def test_tls_is_timed_where_there_is_tls(calibrations: Callable[[str], Calibration]) -> None:
    """Every connection over wss has a handshake, none over ws has."""
    for way in WAYS:
        series = calibrations(way).summary["series"]
        assert series["connect.tls"]["count"] == (series["connect"]["count"] if way.startswith("wss") else 0)
