"""Whether a capacity search finds what is known: simulators with one clerk, whose true knee follows from his speed.

    python benchmarks/capacity.py                     three searches, and one with a generator that is throttled
    python benchmarks/capacity.py --rates 300 --hold 15s
    python benchmarks/capacity.py --rates 400 --search arrivals

The clerk serves so many commands a second. Every chat sends so many commands (measured at the levels far below the
knee), so he can serve rate / commands chats a second; times the length of a chat, so many visitors at once. Each search
has to come within a tenth of that in fewer than 12 levels and 15 minutes. The limit is chosen so that what it allows
the clerk to be behind is little beside the time between two lines: else visitors who wait would make room for others.

The throttled generator computes for most of the time, as a locustfile should not: it must end with exit code 4, without
a number. Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
VISITORS = ROOT / "locustfiles" / "visitors.py"
PACE = 20
OBJECTIVE = "echo p95 < 200ms"
LONGEST_S = 900.0
MOST_LEVELS = 11
NEAR = 0.10

THROTTLED = """
import gevent
from locust import between, events, task
from whoson_load import ChatVisitor, everyday

def compute():
    while True:
        for _ in range(3_000_000):
            pass
        gevent.sleep(0.005)

@events.test_start.add_listener
def throttle(**_):
    gevent.spawn(compute)

class Visitor(ChatVisitor):
    wait_time = between(1, 5)

    @task
    def chat(self):
        self.visit(everyday)
"""


def search(folder: Path, locustfile: Path, rate: float, arguments: list[str]) -> tuple[int, dict, float]:
    """Make one search; gives exit code, what `capacity.json` holds, and seconds."""
    site = folder / "site.toml"
    site.write_text(
        f'extends = "default"\n[faults]\ncapacity = {{ commands_per_s = {rate:.1f} }}\n'
        '[[operators]]\nname = "Everybody"\nmax_chats = 0\n'
    )
    out = folder / f"out-{rate:g}-{locustfile.stem}"
    whoson_load = Path(sysconfig.get_path("scripts")) / "whoson-load"
    command = [whoson_load, "capacity", locustfile, "--site", site, "--pace", str(PACE), "--out", out]
    begun_s = time.monotonic()
    command += ["--objective", OBJECTIVE, *arguments]
    code = subprocess.run(command, check=False, timeout=2 * LONGEST_S).returncode
    took_s = time.monotonic() - begun_s
    record = next(iter(out.iterdir()), None) if out.exists() else None
    return code, json.loads((record / "capacity.json").read_text()) if record else {}, took_s


def truth_of(found: dict, rate: float) -> tuple[float, float]:
    """Commands a chat, and the true capacity in the search's quantity, from the levels far below the knee."""
    calm = [each for each in found["levels"] if each["worth"] == "good" and each["commands_per_s"] < 0.6 * rate]
    per_load = sum(each["commands_per_s"] for each in calm) / sum(each["load"] for each in calm)
    chats_per_s = sum(each["visits_per_min"] for each in calm) / 60
    return sum(each["commands_per_s"] for each in calm) / chats_per_s, rate / per_load


def main() -> int:
    """Run, and say whether all was as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rates", type=float, nargs="*", default=[300, 600, 900], help="the clerk's, commands a second"
    )
    parser.add_argument("--hold", default="30s")
    parser.add_argument("--search", choices=("visitors", "arrivals"), default="visitors")
    parser.add_argument("--no-throttled", action="store_true", help="leave out the generator that is throttled")
    options = parser.parse_args()
    arguments = ["--hold", options.hold, "--search", options.search]
    rows, well = [], True
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for rate in options.rates:
            code, found, took_s = search(folder, VISITORS, rate, arguments)
            if code or not found.get("holds"):
                rows.append(f"{rate:6g}/s  exit {code}: {found.get('sentence', 'no record')}")
                well = False
                continue
            commands, truth = truth_of(found, rate)
            error = found["holds"] / truth - 1
            levels = len(found["levels"])
            good = abs(error) <= NEAR and levels <= MOST_LEVELS and took_s < LONGEST_S
            well = well and good
            rows.append(
                f"{rate:6g}/s  {commands:5.1f} commands a chat: truth {truth:6.1f}, found {found['holds']:6g}"
                f" (error {error:+.1%}), {levels} levels in {took_s:.0f} s: {'well' if good else 'NOT WELL'}"
            )
        if not options.no_throttled:
            throttled = folder / "throttled.py"
            throttled.write_text(THROTTLED)
            code, found, took_s = search(folder, throttled, 400, arguments)
            good = code == 4 and bool(found) and found["holds"] is None and found["conclusion"] == "untrusted"
            well = well and good
            rows.append(f"throttled  exit {code} after {took_s:.0f} s: {'well' if good else 'NOT WELL'}")
            rows.append(f"           {found.get('sentence', 'no record')}")
    print("\n".join(["", f"{OBJECTIVE}, pace {PACE}, {options.search}", *rows]))
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
