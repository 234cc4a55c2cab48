"""Each reason not to trust a generator is brought about in this very process, and told by its name."""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import gevent
import pytest

from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.sample import GENERATOR_RECEIVE, GENERATOR_SEND
from whoson_load.measurement.trust import RULES, Verdict
from whoson_load.swarm import procfs, watch
from whoson_load.swarm.watch import FEWEST_SAMPLES, Watch, clocks_ns

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux tells most of it")

MACHINE = {"run_queue", "loop"}
"""What other programs on the machine may do to this one, whatever the test: the judgement is not asked about them."""


@pytest.fixture(autouse=True)
def short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge a third of a second: nobody starts visitors here."""
    monkeypatch.setattr(watch, "SHORTEST_NS", 200_000_000)


@pytest.fixture
def recorder() -> Recorder:
    """Of the process that is watched."""
    return Recorder("w")


@pytest.fixture
def watched(recorder: Recorder) -> Iterator[Watch]:
    """A watch that has looked around."""
    watching = Watch(recorder)
    gevent.sleep(0.05)
    yield watching
    watching.stop()


def fired(figures: GeneratorFigures | None) -> set[str]:
    """Which rules fire, symptoms included."""
    assert figures is not None
    values = {name: rule.figure(figures) for name, rule in RULES.items()}
    return {
        name for name, value in values.items() if value is not None and RULES[name].level(value) is not Verdict.TRUSTED
    }


def test_a_process_at_rest_is_well_and_everything_is_known(watched: Watch) -> None:
    """On Linux no figure is missing but those of too few samples, of no target and of no master."""
    gevent.sleep(0.3)
    figures = watched.figures()
    assert figures is not None
    assert fired(figures) <= MACHINE
    unknown = {name for name in figures.__struct_fields__ if getattr(figures, name) is None}
    assert unknown == {"receive_p99_ns", "send_p99_ns", "ports", "clock_skew_ns"}


def test_a_time_too_short_is_not_judged(watched: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes into the next one instead."""
    monkeypatch.setattr(watch, "SHORTEST_NS", 10**12)
    assert watched.figures() is None
    monkeypatch.setattr(watch, "SHORTEST_NS", 1)
    assert watched.figures() is not None


def test_a_core_used_up_is_told(watched: Watch) -> None:
    """A loop that computes and lets the others through: the share of a core it had is told, and from 90 % on fires."""

    def figures() -> tuple[GeneratorFigures | None, list[tuple[int, int]]]:
        before = time.monotonic_ns(), time.process_time_ns()
        taken = watched.figures()
        return taken, [before, (time.monotonic_ns(), time.process_time_ns())]

    gevent.sleep(0.25)
    looked, begun = figures()
    assert looked is not None  # else the next look would go back to the watch's own begin
    until = time.monotonic() + 20
    while time.process_time_ns() - begun[1][1] < 300_000_000 and time.monotonic() < until:
        sum(range(2000))
        gevent.sleep(0)
    found, ended = figures()
    assert found is not None
    assert found.cpu_share is not None
    # How much of the core a busy machine leaves us is not ours to say. The clocks were read on both sides of each look.
    least = (ended[0][1] - begun[1][1]) / (ended[1][0] - begun[0][0])
    most = (ended[1][1] - begun[0][1]) / (ended[0][0] - begun[1][0])
    assert least <= found.cpu_share <= most
    assert ("cpu" in fired(found)) is (found.cpu_share >= RULES["cpu"].doubtful)
    assert fired(found) <= MACHINE | {"cpu"}


def test_code_that_blocks_is_told_by_the_probe(watched: Watch) -> None:
    """A plain sleep uses nothing, but nobody else gets on meanwhile."""
    gevent.sleep(0.1)
    time.sleep(0.3)
    gevent.sleep(0.05)
    assert fired(watched.figures()) - {"run_queue"} == {"loop"}


def test_a_long_garbage_collection_is_told(watched: Watch) -> None:
    """Half a million objects in cycles hold everybody up."""
    gc.disable()
    try:
        heap: list[list[object]] = []
        for _ in range(500_000):
            cell: list[object] = []
            cell.append(cell)
            heap.append(cell)
        watched.figures()
        heap.clear()
        gc.collect()
        gevent.sleep(0.25)
        assert fired(watched.figures()) - MACHINE - {"cpu"} == {"gc"}
    finally:
        gc.enable()


def test_a_clock_that_is_set_is_told(watched: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wall clock jumps by three seconds while the steady one goes on."""
    gevent.sleep(0.3)
    monkeypatch.setattr(watch, "wall_ns", lambda: time.time_ns() + 3_000_000_000)
    assert fired(watched.figures()) - MACHINE == {"clock"}
    monkeypatch.setattr(watch, "wall_ns", lambda: time.time_ns() + 3_000_000_000)
    gevent.sleep(0.3)
    assert fired(watched.figures()) <= MACHINE


def test_reading_clocks_twice_sees_no_step() -> None:
    """Between two readings the steady clock and the wall clock go alike, also when the process loses the CPU."""
    wall_ns, steady_ns = clocks_ns()
    time.sleep(0.05)
    later_wall_ns, later_steady_ns = clocks_ns()
    assert abs((later_wall_ns - wall_ns) - (later_steady_ns - steady_ns)) < 5_000_000


def test_descriptors_used_up_are_told(recorder: Recorder) -> None:
    """All but a few of what the process may open are open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        used = procfs.open_descriptors() or 0
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + 60, hard))
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(50):
            stack.enter_context(socket.socket())
        watching = Watch(recorder)
        stack.callback(watching.stop)
        gevent.sleep(0.3)
        assert fired(watching.figures()) - MACHINE == {"descriptors"}


def test_local_ports_used_up_are_told(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of twenty ports (the machine's own range is not ours to change) nineteen go to the target."""
    monkeypatch.setattr(procfs, "ports_limit", lambda: 20)
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=32))
        address = server.getsockname()
        for _ in range(19):
            stack.enter_context(socket.create_connection(address))
        watching = Watch(recorder, ("localhost", address[1]))
        stack.callback(watching.stop)
        gevent.sleep(0.3)
        figures = watching.figures()
        assert figures is not None
        assert (figures.ports, fired(figures) - MACHINE) == (19, {"ports"})


@pytest.mark.parametrize("series, rule", [(GENERATOR_RECEIVE, "receive"), (GENERATOR_SEND, "send")])
def test_late_reads_and_sends_are_told_when_there_are_enough(
    watched: Watch, recorder: Recorder, series: str, rule: str
) -> None:
    """Half a second is too late; of fewer than a hundred samples the p99 is just the greatest, and says nothing."""
    for _ in range(FEWEST_SAMPLES - 1):
        recorder.sample(series, 0, 500_000_000)
    gevent.sleep(0.25)
    assert fired(watched.figures()) <= MACHINE
    recorder.sample(series, 0, 500_000_000)
    gevent.sleep(0.25)
    assert fired(watched.figures()) - MACHINE == {rule}


def burn(seconds: float) -> None:
    """Want the CPU for so long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


def test_waiting_for_a_cpu_that_others_have_is_told(recorder: Recorder) -> None:
    """Three processes on one core: each is ready to run for two thirds of the time in which it does not."""
    allowed = os.sched_getaffinity(0)
    others = [multiprocessing.get_context("spawn").Process(target=burn, args=(3.0,), daemon=True) for _ in range(2)]
    with ExitStack() as stack:
        os.sched_setaffinity(0, {min(allowed)})
        stack.callback(os.sched_setaffinity, 0, allowed)
        for other in others:
            other.start()
            stack.callback(other.join)
            stack.callback(other.terminate)
        watching = Watch(recorder)
        stack.callback(watching.stop)
        burn(1.2)
        gevent.sleep(0.05)
        figures = watching.figures()
    assert "run_queue" in fired(figures)
    assert fired(figures) <= MACHINE
