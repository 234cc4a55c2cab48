"""Whether a process lives for days: its resident memory over 72 hours on a simulated clock, and over a real run.

    python benchmarks/memory.py [--hours 72]
    python benchmarks/memory.py --real 20 [--visitors 1000]      so many minutes, against the simulator

Simulated: two workers' recorders, the exchange, Locust's statistics on both sides, history and errors with an id in
each text, trust and the run record, interval after interval. After the first hour the process may grow by 2 MB a day.
Real: after a quarter of the run the generator may grow by 5 % in the rest. Ends with exit code 1 when it grows more.
The simulated days take three minutes.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
import locust.stats
from locust.event import Events
from locust.stats import RequestStats, setup_distributed_stats_event_listeners, update_stats_history

from whoson_load.client.target import Target
from whoson_load.errors import Fault, TargetError
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.run import Ending
from whoson_load.measurement.sample import ACCEPTED, CONNECT, ECHO, GENERATOR_RECEIVE
from whoson_load.swarm import run as run_module
from whoson_load.swarm.bounds import keep_bounded
from whoson_load.swarm.exchange import Outbox
from whoson_load.swarm.mirror import REQUEST_TYPE, MirroringRecorder
from whoson_load.swarm.options import Settings
from whoson_load.swarm.run import Run

INTERVAL_S, NS = 5, 1_000_000_000
SIMULATED_BOUND_BYTES_PER_DAY, REAL_BOUND = 2_000_000, 0.05
SERIES = (CONNECT, ACCEPTED, ECHO, GENERATOR_RECEIVE)


class Clock:
    """The time of day of the simulated run, in place of Locust's module `time` and of our own clocks."""

    now_ns = 1_760_000_000 * NS

    def time(self) -> float:
        return self.now_ns / NS

    def ns(self) -> int:
        return self.now_ns


def resident_bytes(pid: int | str = "self") -> int:
    """A process's resident memory now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def give_back() -> None:
    """Let the allocator give back what it keeps for the next interval: 15 to 30 MB, up and down, which do not grow."""
    gc.collect()
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).malloc_trim(0)


class Worker:
    """A worker's recorder, and its side of Locust's statistics."""

    def __init__(self, name: str) -> None:
        self.name, self.dice, self.sent, self.outbox = name, random.Random(name), 0, Outbox()
        self.events, self.stats = Events(), RequestStats(use_response_times_cache=False)
        setup_distributed_stats_event_listeners(self.events, self.stats)
        self.events.request.add_listener(self._log)
        self.recorder = MirroringRecorder(name, self.events.request)

    def _log(
        self, request_type: str, name: str, response_time: float, exception: Exception | None, **_: object
    ) -> None:
        self.stats.log_request(request_type, name, response_time, 0)
        if exception:
            self.stats.log_error(request_type, name, exception)

    def work(self) -> None:
        """What happens in an interval."""
        recorder, dice = self.recorder, self.dice
        for series in SERIES:
            for _ in range(5):
                recorder.sample(series, 0, int(dice.lognormvariate(17, 1)))
        self.sent += 1
        recorder.error(ECHO, Fault.REPLY_TIMEOUT)
        # What a locustfile of somebody else may do: an error whose text is never the same twice.
        error = TargetError(Fault.RESET, f"session {dice.getrandbits(64):x}")
        self.events.request.fire(
            request_type=REQUEST_TYPE, name="own", response_time=1.0, response_length=0, exception=error, context={}
        )
        recorder.event(f"unknown {dice.getrandbits(32)}")
        recorder.outcome(dice.choice(list(Outcome)))
        recorder.peak("queue position", dice.randrange(50))

    def figures(self) -> GeneratorFigures:
        """As if it had been watched."""
        return GeneratorFigures(cpu_share=self.dice.random(), loop_lag_p99_ns=self.dice.randrange(1_000_000))


class SimulatedDays:
    """A run of two workers whose clock goes as fast as it can be computed."""

    def __init__(self, folder: str) -> None:
        self.clock = Clock()
        locust.stats.time = self.clock
        run_module.monotonic_ns = run_module.wall_ns = self.clock.ns
        options = argparse.Namespace(scrape=None, scrape_series=None)
        settings = Settings(pace=1.0, seed=1, out=folder, run_name="days", interval_s=INTERVAL_S)
        target = Target.read("ws://127.0.0.1:8009", domain="www.mycompany.com", environment={})
        self.run = Run("days", settings, 1.0, target, options, ["days"])
        self.workers = [Worker(f"worker-{number}") for number in range(2)]
        self.events, self.stats = Events(), RequestStats()
        setup_distributed_stats_event_listeners(self.events, self.stats)
        self.runner = SimpleNamespace(stats=self.stats, exceptions={}, user_count=1000)

    def interval(self) -> None:
        """Let five seconds pass."""
        start_ns = self.clock.now_ns
        for _ in range(INTERVAL_S):
            self.clock.now_ns += NS
            for worker in self.workers:
                worker.events.request.fire(
                    request_type="chat", name="tick", response_time=20, response_length=0, exception=None, context={}
                )
        for worker in self.workers:
            worker.work()
            worker.outbox.put(worker.recorder.roll(start_ns, self.clock.now_ns, worker.figures()))
            for built in worker.outbox.due(self.clock.now_ns):
                number = self.run.collector.receive(worker.name, json.loads(json.dumps(built)), self.clock.now_ns)
                worker.outbox.receipt([number])
            data: dict[str, object] = {}
            worker.events.report_to_master.fire(client_id=worker.name, data=data)
            self.events.worker_report.fire(client_id=worker.name, data=data)
        update_stats_history(self.runner)
        keep_bounded(self.runner)
        self.run.keep()


def simulated(hours: float) -> bool:
    """Let so many hours pass; whether memory stayed within its bound."""
    with tempfile.TemporaryDirectory() as folder:
        days = SimulatedDays(folder)
        intervals, an_hour = int(hours * 3600 / INTERVAL_S), 3600 // INTERVAL_S
        begun_s, after_an_hour = time.monotonic(), 0
        for number in range(1, intervals + 1):
            days.interval()
            if number in (an_hour, intervals) or number % (12 * an_hour) == 0:
                give_back()
                resident = resident_bytes()
                after_an_hour = after_an_hour or resident
                size = sum(file.stat().st_size for file in days.run.folder.iterdir())
                print(
                    f"after {number / an_hour:5.1f} h: {resident / 1e6:7.2f} MB resident, record {size / 1e6:6.1f} MB,"
                    f" {len(days.stats.history)} rows of history, {len(days.stats.errors)} kinds of errors",
                    flush=True,
                )
        days.run.finish(Ending.FINISHED, 0)
    per_day = (resident - after_an_hour) / (hours - 1) * 24
    print(f"{per_day / 1e6:+.2f} MB a day (bound: 2 MB); {time.monotonic() - begun_s:.0f} s")
    return per_day < SIMULATED_BOUND_BYTES_PER_DAY


def real(minutes: float, visitors: int) -> bool:
    """A run against the simulator; whether its process stopped growing."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "whoson_load.cli.main", "run", "locustfiles/visitors.py", "--simulator"]
        command += ["-u", str(visitors), "-r", "50", "-t", f"{minutes * 60:.0f}s", "--pace", "4", "--out", folder]
        process = subprocess.Popen(command, cwd=Path(__file__).parent.parent)
        sizes: list[int] = []
        until_s = time.monotonic() + minutes * 60 - 5
        while time.monotonic() < until_s and process.poll() is None:
            time.sleep(min(15.0, minutes * 3))
            sizes.append(resident_bytes(process.pid))
            print(f"{sizes[-1] / 1e6:7.1f} MB resident", flush=True)
        process.wait(120)
    settled = sizes[len(sizes) // 4]
    growth = max(sizes[len(sizes) // 4 :]) / settled - 1
    print(f"{growth:+.1%} since a quarter of the run (bound: {REAL_BOUND:.0%})")
    return growth < REAL_BOUND


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=72.0)
    parser.add_argument("--real", type=float, metavar="MINUTES")
    parser.add_argument("--visitors", type=int, default=1000)
    options = parser.parse_args()
    if options.hours < 24:
        parser.error(
            f"argument --hours: got {options.hours:g}, expected 24 or more: of less a day's growth cannot be told"
        )
    flat = real(options.real, options.visitors) if options.real else simulated(options.hours)
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
