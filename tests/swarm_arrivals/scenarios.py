"""Whole runs of both models, and what is done to their simulators: the stage for the tests beside this file."""

from __future__ import annotations

import json
import socket
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.programs import ROOT, Ended, Program, Programs, Simulator, only_record, wait_until
from whoson_load.measurement.run import Summary
from whoson_load.record.reader import RunReader
from whoson_load.visitors.curve_language import read_curve
from whoson_load.visitors.poisson import Arrival, arrivals

SEED = 3
PACE = ("--pace", "100", "--seed", str(SEED))
OPEN = str(ROOT / "locustfiles" / "arrivals.py")
SPIKE = str(ROOT / "locustfiles" / "spike.py")
SOAK = str(ROOT / "locustfiles" / "soak.py")

RAMP = "ramp to 20/s over 2s; hold 2s"
SHORT_SPIKE = "constant 5/s for 1s; spike 40/s for 1s; hold 2s"
FROZEN = "constant 20/s for 8s"
SHARED = "constant 10/s for 11s"
REPLAYED = 11


def due(curve: str) -> list[Arrival]:
    """The arrivals that a run along a curve must make."""
    return list(arrivals(read_curve(curve, lambda name: name), SEED))


@dataclass(frozen=True)
class Ran:
    """A run that is over.

    Attributes:
        state: what the simulator counted.
        chats: the simulator's chats, as its control side tells them.
    """

    ended: Ended
    record: RunReader
    state: dict[str, Any]
    chats: list[dict[str, Any]]

    @property
    def summary(self) -> Summary:
        """The run's summary."""
        summary = self.record.summary()
        assert summary is not None
        return summary


def start(programs: Programs, simulator: Simulator, locustfile: str, *options: str) -> tuple[Program, Path]:
    """Start a run against a simulator; returns it and the folder its record goes to."""
    out = programs.folder / f"out-{simulator.popen.pid}"
    command = ("whoson-load", "run", locustfile, "--host", simulator.chat, "--out", str(out), *PACE, *options)
    return programs.start(*command), out


def finish(simulator: Simulator, program: Program, out: Path) -> Ran:
    """Wait for a run's end, and end its simulator."""
    ended = program.end()
    chats = [simulator.get(f"/chats/{chat['uid']}") for chat in simulator.get("/chats")]
    state = simulator.get("/state")
    simulator.stop()
    return Ran(ended, RunReader(only_record(out)), state, chats)


def refuse(simulator: Simulator) -> None:
    """Let a simulator answer every upgrade with 403."""
    post(f"{simulator.control}/faults", json.dumps({"refused_upgrade": {"rate": 1, "status": 403}}).encode())


def freeze(simulator: Simulator) -> None:
    """Let a simulator do nothing for two seconds, once visitors have come."""
    wait_until(lambda: simulator.get("/state")["commands"]["Connect"] > 10, 30, "no visitor came")
    post(f"{simulator.control}/faults", json.dumps({"freeze": {"lasts": "2s"}}).encode())


@dataclass(frozen=True)
class Scenario:
    """A run, and what is done to its simulator before it and during it."""

    options: tuple[str, ...]
    before: Callable[[Simulator], None] = lambda _: None
    meanwhile: Callable[[Simulator], None] = lambda _: None


SCENARIOS = {
    "arrivals": Scenario((OPEN, "--arrivals", RAMP)),
    "spike": Scenario((SPIKE, "--arrivals", SHORT_SPIKE, "--processes", "2")),
    "soak": Scenario((SOAK, "-u", "8", "-r", "8", "-t", "6s")),
    "time": Scenario((OPEN, "--arrivals", "constant 10/s", "-t", "4s", "-u", "50")),
    "replay": Scenario((OPEN, "--only-visitor", str(REPLAYED))),
    "freeze": Scenario((OPEN, "--arrivals", FROZEN), meanwhile=freeze),
    "refused": Scenario((OPEN, "--arrivals", "constant 20/s"), before=refuse),
    "refused with workers": Scenario((OPEN, "--arrivals", "constant 20/s", "--processes", "2"), before=refuse),
    "refused seats": Scenario((SOAK, "-u", "5", "-r", "100"), before=refuse),
}


def come_and_go(programs: Programs) -> Ran:
    """A run of a master and two workers, of whom one is killed; then a third one joins."""
    simulator = programs.simulate("--pace", "100")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    out = programs.folder / "shared"
    base = ("locust", "-f", OPEN, "--headless", "--only-summary", "--host", simulator.chat, "--master-port", port)
    lead = ("--master", "--master-bind-port", port, "--expect-workers", "2", "--out", str(out), "--arrivals", SHARED)
    master = programs.start(*base, *lead, *PACE)
    workers = [programs.start(*base, "--worker") for _ in range(2)]
    wait_until(lambda: simulator.get("/state")["commands"]["Connect"] > 10, 40, "no visitor came")
    workers[0].popen.kill()
    workers.append(programs.start(*base, "--worker"))
    run = finish(simulator, master, out)
    for worker in workers:
        worker.end()
    return run


def start_and_stop(programs: Programs, *options: str) -> None:
    """Start and stop arrivals twice on the web page of a run."""
    simulator = programs.simulate("--pace", "10")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    page = f"http://127.0.0.1:{port}"
    web = ("--web", "--web-port", str(port), *options)
    program, _ = start(programs, simulator, OPEN, "--arrivals", "constant 30/s", "--pace", "10", *web)
    wait_until(lambda: answers(page), 30, "no web page")
    for _ in range(2):
        before = simulator.get("/state")["commands"]["Connect"]
        form = urllib.parse.urlencode({"user_count": 1, "spawn_rate": 1, "host": simulator.chat}).encode()
        assert json.loads(post(f"{page}/swarm", form, "application/x-www-form-urlencoded"))["success"]
        wait_until(lambda: user_count(page) > 10, 30, "Locust counts no visitors")
        post(f"{page}/stop", b"")
        wait_until(lambda: user_count(page) == 0, 30, "visitors are left after the stop")
        wait_until(lambda: simulator.get("/state")["connections"] == 0, 30, "connections are left after the stop")
        assert simulator.get("/state")["commands"]["Connect"] > before
    program.popen.terminate()
    assert program.end().code == 0
    assert simulator.get("/state")["incidents"]["dropped_visits"] == 0
    simulator.stop()


def answers(page: str) -> bool:
    """Whether anybody answers there."""
    try:
        with urllib.request.urlopen(page, timeout=5):
            return True
    except OSError:
        return False


def user_count(page: str) -> int:
    """How many users Locust shows."""
    with urllib.request.urlopen(f"{page}/stats/requests", timeout=10) as answer:
        return int(json.load(answer)["user_count"])


def post(url: str, body: bytes, content_type: str = "application/json") -> bytes:
    """POST, and the answer."""
    request = urllib.request.Request(url, body, {"Content-Type": content_type}, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return bytes(answer.read())
