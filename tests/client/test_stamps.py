from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
import time

import gevent
import pytest

from tests.client.kinds import Counted, OpenWire, Serve
from tests.client.peers import Connection
from whoson_load.client import stamps, stream
from whoson_load.client import wire as wire_module
from whoson_load.client.stamps import KERNEL_STAMPS, request_stamps, stamp_ns
from whoson_load.clock import monotonic_ns, wall_ns
from whoson_load.measurement.histogram import Histogram
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.sample import GENERATOR_RECEIVE

FAR_NS = 20_000_000_000
BLOCKED_S = 0.05

needs_stamps = pytest.mark.skipif(not KERNEL_STAMPS, reason="this platform does not stamp what arrives")


def test_a_stamp_is_found_among_what_came_beside_the_data() -> None:
    """Seconds and nanoseconds of the kernel's clock; 0 where there is none."""
    stamp = (socket.SOL_SOCKET, 37, struct.pack("qqqqqq", 1_700_000_000, 123_456_789, 0, 0, 0, 0))
    assert stamp_ns([stamp]) == 1_700_000_000_123_456_789
    assert stamp_ns([(socket.SOL_SOCKET, 1, b"other"), stamp]) == 1_700_000_000_123_456_789
    assert stamp_ns([]) == 0
    assert stamp_ns([(socket.SOL_SOCKET, 37, b"short")]) == 0
    assert stamp_ns([(socket.IPPROTO_TCP, 37, stamp[2])]) == 0


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_a_platform_without_stamps_is_asked_for_none(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says so."""
    monkeypatch.setattr(stamps.sys, "platform", platform)
    assert request_stamps(None) is False  # type: ignore[arg-type]


def test_a_kernel_that_refuses_is_taken_at_its_word() -> None:
    """A container may not have them."""

    class Refuses:
        def setsockopt(self, *_: int) -> None:
            raise OSError("no")

    assert request_stamps(Refuses()) is False


@needs_stamps
@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_an_event_is_timed_by_when_it_arrived_not_by_when_it_was_read(
    scheme: str, serve: Serve, open_wire: OpenWire, recorder: Recorder, request: pytest.FixtureRequest
) -> None:
    """The loop is blocked from before the send until long after it: the stamp lies between, close to the send."""
    blocked, sent = threading.Event(), threading.Event()
    send_ns: list[int] = []

    def script(connection: Connection) -> None:
        connection.upgrade()
        assert blocked.wait(20)
        send_ns.append(wall_ns())
        connection.say_event("typing")
        send_ns.append(wall_ns())
        sent.set()
        connection.wait_for_the_end()

    tls = {"tls": request.getfixturevalue("certificates").server()} if scheme == "wss" else {}
    wire = open_wire(serve(script, **tls), insecure=True)
    gevent.sleep(0)
    blocked.set()
    assert sent.wait(20)
    time.sleep(BLOCKED_S)
    unblocked_ns = wall_ns()
    received = wire.next(monotonic_ns() + FAR_NS)
    assert received is not None
    event, received_ns = received
    assert event.name == "typing"
    assert send_ns[0] <= received_ns <= unblocked_ns - BLOCKED_S * 1e9
    report = recorder.roll(0, 0)
    assert report.tally.traffic.get("unstamped", 0) == 0
    lag = Histogram.unpack(report.series[GENERATOR_RECEIVE])
    assert lag.max_ns >= BLOCKED_S * 1e9


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_without_stamps_the_clock_after_the_read_stands_in_and_is_counted(
    scheme: str,
    serve: Serve,
    open_wire: OpenWire,
    counted: Counted,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """Each receive, the upgrade's included, and no lag is made up."""
    monkeypatch.setattr(wire_module, "KERNEL_STAMPS", False)
    monkeypatch.setattr(stream, "KERNEL_STAMPS", False)
    go_on = threading.Event()

    def script(connection: Connection) -> None:
        connection.upgrade()
        assert go_on.wait(20)
        connection.say_event("typing")
        connection.wait_for_the_end()

    tls = {"tls": request.getfixturevalue("certificates").server()} if scheme == "wss" else {}
    wire = open_wire(serve(script, **tls), insecure=True)
    before_ns = wall_ns()
    go_on.set()
    received = wire.next(monotonic_ns() + FAR_NS)
    assert received is not None
    assert before_ns <= received[1] <= wall_ns()
    counts = counted()
    assert counts.traffic["unstamped"] >= 2
    assert GENERATOR_RECEIVE not in counts.samples


@needs_stamps
def test_the_upgrade_is_timed_by_stamps_too(serve: Serve, open_wire: OpenWire, counted: Counted) -> None:
    """And what stands right behind its answer."""
    send_ns: list[int] = []

    def script(connection: Connection) -> None:
        connection.read_head()
        send_ns.append(wall_ns())
        connection.accept(behind=connection.event("typing"))
        send_ns.append(wall_ns())
        connection.wait_for_the_end()

    wire = open_wire(serve(script))
    received = wire.next(monotonic_ns() + FAR_NS)
    assert received is not None
    assert send_ns[0] <= received[1]
    assert counted().traffic.get("unstamped", 0) == 0


def test_whether_there_are_stamps_is_found_out_where_the_module_is_loaded() -> None:
    """In a process of its own, as users start it."""
    code = "from whoson_load.client.stamps import KERNEL_STAMPS; print(KERNEL_STAMPS)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout.strip() == str(KERNEL_STAMPS)
