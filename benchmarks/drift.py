"""Is a leak of a known slope found, its slope inside the interval, and no leak where there is none? Two real runs.

    python benchmarks/drift.py [--minutes 6] [--visitors 20] [--leak-ms 50]

The simulator echoes after 200 ms; in the second run the fault `growth` makes that longer by --leak-ms over the run, in
proportion to time. Expected of echo p50: `steady` without; `drifting` with it, and the known slope within the interval
that is told, or 2 % of it away from that: so much the rest of a machine may change in a few minutes. Ends with exit
code 1 otherwise. Twice --minutes; nothing else may run on the machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from runs import LOCUSTFILES, report, run, set_faults, simulator

FIGURE = "echo p50"
CLOSE = 0.02


def main() -> int:
    """Make both runs and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--leak-ms", type=float, default=50.0)
    options = parser.parse_args()
    seconds = 60 * options.minutes
    per_h_ms = options.leak_ms * 60 / options.minutes
    load = ("-u", str(options.visitors), "-r", str(options.visitors), "-t", f"{seconds:g}s", "--pace", "20")
    wrong = 0
    for name, leak_ms in (("steady", 0.0), ("leak", per_h_ms)):
        with (
            tempfile.TemporaryDirectory() as folder,
            simulator("--echo-delay", "200ms", "--pace", "20") as (host, control),
        ):
            if leak_ms:
                set_faults(control, {"growth": {"per_hour": f"{leak_ms:g}ms", "events": ["newline"]}})
            told = report(run(Path(folder), name, host, LOCUSTFILES / "visitors.py", seconds, *load))["summary"]
        (echo,) = [each for each in told["drift"]["figures"] if each["name"] == FIGURE]
        within = echo["low_per_h"] - CLOSE * leak_ms <= leak_ms <= echo["high_per_h"] + CLOSE * leak_ms
        right = (echo["trend"] == "drifting" and within) if leak_ms else echo["trend"] == "steady"
        wrong += not right
        print(f"{name}: {leak_ms:g} ms an hour was put in; {echo['said']}{'' if right else '  WRONG'}")
        print(f"  {told['drift']['reason']} Generator: {told['trust']['verdict']}.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
