"""What merging and keeping the reports of many workers costs the master.

    python benchmarks/exchange.py [--workers 16] [--intervals 40]

Each worker reports 20 series of 500 samples each and a full tally every 5 seconds, as Locust's connection carries them
(msgpack). The master reads, merges, judges and writes them: the run record of a real folder. Bound: 5 % of a core, or
it ends with exit code 1. A few seconds.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import msgpack

from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.interval import IntervalReport, Totals
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.run import RunInfo, timeline_line
from whoson_load.measurement.sample import SERIES
from whoson_load.measurement.trust import Trust
from whoson_load.protocol.commands import COMMANDS
from whoson_load.protocol.events import EVENTS
from whoson_load.record.writer import RunWriter
from whoson_load.swarm.exchange import Collector

SAMPLES, INTERVAL_NS, BOUND = 500, 5_000_000_000, 0.05
STARTED_NS = 1_760_000_000_000_000_000
FIGURES = GeneratorFigures(
    receive_p99_ns=900_000, send_p99_ns=1_400_000, loop_lag_p99_ns=800_000, loop_lag_max_ns=4_000_000, cpu_share=0.6
)


def busy_recorder(name: str, dice: random.Random) -> Recorder:
    """A worker in which everything happens."""
    recorder = Recorder(name, [*SERIES, *(f"further {number}" for number in range(20 - len(SERIES)))])
    for series in recorder._series:
        for _ in range(SAMPLES):
            recorder.sample(series, 0, int(dice.lognormvariate(17, 0.8)))
    for command in COMMANDS:
        recorder.command(command)
    for event in EVENTS:
        recorder.event(event)
    for outcome in Outcome:
        recorder.outcome(outcome)
    recorder.gauge("visits in progress", 500)
    return recorder


def messages(workers: int, intervals: int) -> list[list[tuple[str, bytes]]]:
    """For each interval what each worker sends: (its name, the bytes on the wire)."""
    dice, sent = random.Random(1), []
    reports: dict[str, IntervalReport] = {}
    for number in range(workers):
        name = f"worker-{number}"
        reports[name] = busy_recorder(name, dice).roll(STARTED_NS, STARTED_NS + INTERVAL_NS, FIGURES)
    for interval in range(intervals):
        shift_ns, of_interval = interval * INTERVAL_NS, []
        for name, report in reports.items():
            built = report.to_builtins()
            built |= {"sequence": interval + 1, "start_ns": STARTED_NS + shift_ns, "end_ns": report.end_ns + shift_ns}
            of_interval.append((name, msgpack.dumps(("whoson_reports", {"reports": [built]}, name))))
        sent.append(of_interval)
    return sent


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--intervals", type=int, default=40)
    options = parser.parse_args()
    wire = messages(options.workers, options.intervals)
    collector, trust, totals = Collector(INTERVAL_NS), Trust(), Totals()
    info = RunInfo(run_id="b", name="b", started_ns=STARTED_NS, interval_s=5.0, target="ws://x/", seed=1)
    spent: dict[str, float] = {"read and merge": 0.0, "judge and write": 0.0}
    with tempfile.TemporaryDirectory() as folder:
        writer = RunWriter(Path(folder), info)
        for number, of_interval in enumerate(wire):
            begun = time.process_time()
            for name, message in of_interval:
                _, data, _ = msgpack.loads(message, raw=False, strict_map_key=False)
                for built in data["reports"]:
                    collector.receive(name, built, number * INTERVAL_NS)
            merged = time.process_time()
            for ready in collector.complete(number * INTERVAL_NS):
                totals.add(ready.interval)
                findings = trust.add(ready.interval.generators)
                writer.write(ready.interval, timeline_line(ready.interval, findings=findings))
            spent["read and merge"] += merged - begun
            spent["judge and write"] += time.process_time() - merged
        writer.finish(info)
    samples = sum(histogram.count for histogram in totals.series.values())
    expected = options.workers * options.intervals * 20 * SAMPLES
    if samples != expected:
        sys.exit(f"got {samples:,} samples in the end, expected {expected:,}")
    size = sum(len(message) for _, message in wire[0])
    print(f"{options.workers} workers, 20 series of {SAMPLES} samples: {size / options.workers / 1000:.0f} KB a report")
    for what, seconds in spent.items():
        print(f"{what:16} {seconds / options.intervals * 1000:7.1f} ms an interval")
    share = sum(spent.values()) / (options.intervals * INTERVAL_NS / 1e9)
    print(f"of a core: {share:.1%} (bound: {BOUND:.0%})")
    return 0 if share < BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
