"""Does `compare` tell a slower build from the same one, and refuse what is no comparison? Real runs against simulators.

    python benchmarks/regression.py [--seconds 180] [--visitors 30] [--pairs 2]

    same       one build twice, echoing after 20 ms (median; 40 ms at p95): expected exit code 0
    slower     the same against one that takes a quarter longer: expected 6
    other      the same against a run with other journeys: expected 2

Ends with exit code 1 where one of them said something else. About (3 + 2 * pairs) times --seconds; nothing else may
run on the machine, or runs are invalid, and `compare` says so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from runs import LOCUSTFILES, compare, run, simulator

SITE = """extends = "default"
[chat]
echo_delay = {{ median = "{median}ms", p95 = "{p95}ms" }}
"""
VISITORS, EVERYTHING = LOCUSTFILES / "visitors.py", LOCUSTFILES / "everything.py"


def main() -> int:
    """Make the runs, compare them and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--visitors", type=int, default=30)
    parser.add_argument("--pairs", type=int, default=2, help="how often one build is compared with itself")
    options = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        made = 0

        def build(slower: float = 1.0, locustfile: Path = VISITORS) -> Path:
            nonlocal made
            made += 1
            site = Path(folder) / f"site-{made}.toml"
            site.write_text(SITE.format(median=20 * slower, p95=40 * slower), "utf-8")
            load = ("-u", str(options.visitors), "-r", str(options.visitors), "--pace", "8")
            with simulator("--site", str(site), "--pace", "8") as (host, _):
                out = Path(folder) / "runs"
                length = ("-t", f"{options.seconds:g}s")
                return run(out, f"run{made}", host, locustfile, options.seconds, *load, *length)

        def check(what: str, baseline: Path, candidate: Path, expected: int) -> None:
            nonlocal wrong
            code, said = compare(baseline, candidate)
            wrong += code != expected
            print(f"{what}: exit code {code}, expected {expected}: {' '.join(said.split('Baseline:')[0].split())}")

        first = build()
        for _ in range(options.pairs):
            check("same", first, second := build(), 0)
            check("same", second, first := build(), 0)
        check("slower", first, build(slower=1.25), 6)
        check("other", first, build(locustfile=EVERYTHING), 2)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
