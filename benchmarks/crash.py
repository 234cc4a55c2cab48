"""Whether a run that is killed leaves a record one can use: kill -9 at twenty random moments.

    python benchmarks/crash.py [--kills 20]

Each run has an interval of one second and is killed somewhere in its first five. Its record has to read, to end at most
one interval before the kill, to have no interval missing, and `whoson-load report` has to make a table of it. Ends with
exit code 1 when one does not. Two minutes.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from whoson_load.record.reader import RunReader

ROOT = Path(__file__).parent.parent
OURS = (sys.executable, "-m", "whoson_load.cli.main")
RUN = ("run", "locustfiles/visitors.py", "-u", "50", "-r", "50", "-t", "5m", "--pace", "20", "--interval", "1")
INTERVAL_NS, SLOW_NS = 1_000_000_000, 500_000_000


def kill_one(dice: random.Random, out: Path) -> tuple[float, int, str]:
    """Kill one run; (seconds that its record ends before the kill, its intervals, what is wrong with it)."""
    process = subprocess.Popen([*OURS, *RUN, "--out", str(out)], cwd=ROOT, stdout=subprocess.DEVNULL)
    while not list(out.glob("*/timeline.jsonl")) and process.poll() is None:
        time.sleep(0.05)
    # Before the first interval is over there is nothing but the begin of a record.
    time.sleep(1 + dice.random() * 4)
    killed_ns = time.time_ns()
    process.kill()
    process.wait()
    (folder,) = out.iterdir()
    lines = list(RunReader(folder).timeline())
    if not lines:
        return 0.0, 0, "no interval"
    before_ns = killed_ns - lines[-1].end_ns
    starts = [line.start_ns for line in lines]
    if starts != list(range(starts[0], starts[0] + len(starts) * INTERVAL_NS, INTERVAL_NS)):
        return before_ns / 1e9, len(lines), "an interval is missing"
    report = subprocess.run([*OURS, "report", str(folder)], cwd=ROOT, capture_output=True, text=True, check=False)
    if report.returncode or "goes on or was killed" not in report.stdout:
        return before_ns / 1e9, len(lines), f"report: {report.stderr.strip()[-200:]}"
    late = before_ns > INTERVAL_NS + SLOW_NS
    return before_ns / 1e9, len(lines), "it ends more than an interval before the kill" if late else ""


def main() -> int:
    """Kill them and print what is left of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    dice, failed = random.Random(1), 0
    for number in range(options.kills):
        with tempfile.TemporaryDirectory() as folder:
            before_s, intervals, wrong = kill_one(dice, Path(folder))
        failed += bool(wrong)
        print(
            f"{number + 1:3}: {intervals} intervals, the last ended {before_s:.2f} s before the kill  {wrong}",
            flush=True,
        )
    print(f"{options.kills - failed} of {options.kills} records are whole")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
