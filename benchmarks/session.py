"""What our visitor costs, beside the barest loop with the same frames and beside a plain Locust script.

    python benchmarks/session.py [--quick]

One lean server has core 1, one generator at a time core 0. Every figure is the median of several runs; the kinds take
turns, so that a machine whose speed drifts hurts all of them alike. Ends with exit code 1 when a bound is broken:

    CPU a command      at most 1.5 times the bare loop's, and below the plain script's, at 5,000 commands a second
                       and at saturation
    memory a visitor   at most 2.5 times the bare loop's
    the server         below 70 % of its own core, or it would be what is measured

At saturation each kind is asked for more than it can do, and judged by the most that it did. What a send costs depends
on how often the server sleeps between two of them, so the bare loop at our visitors' own rate is shown beside it.

It also takes back each choice of the transport by itself and says what it was worth, so that nobody undoes one
unknowingly.
"""

from __future__ import annotations

import argparse
import json
import ssl
import subprocess
import sys
import time
import timeit
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from websocket._utils import validate_utf8

HERE = Path(__file__).parent
VISITORS = 1000
STEADY_PER_S = 5_000
SATURATED_PER_S = 75_000
CPU_BOUND, MEMORY_BOUND, SERVER_BOUND = 1.5, 2.5, 0.7

CHOICES = {
    "watcher": "one read watcher that is never stopped, against one started for each wait",
    "wheel": "one timer for all waits, against a libev timer each",
    "frames": "text frames built and parsed directly, against websocket-client's code",
    "codec": "msgspec, against the standard json",
}


class Server:
    """The lean server, and how much of its core it uses."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, HERE / "lean_server.py", "--core", "1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url: str = self.said()["chat"]

    def said(self) -> dict:
        """Its next line."""
        return json.loads(self.process.stdout.readline())

    def cpu_s(self) -> float:
        """CPU seconds it has used so far."""
        self.process.stdin.write("cpu\n")
        self.process.stdin.flush()
        return self.said()["cpu_s"]

    def stop(self) -> None:
        """End it."""
        self.process.stdin.close()
        self.process.wait(10)


@dataclass
class Figures:
    """One run of one kind."""

    commands_per_s: float
    cpu_us: float
    bytes_per_visitor: float
    server_core: float


def run(server: Server, kind: str, per_s: int, seconds: float) -> Figures:
    """Run one kind once, at so many commands a second."""
    cycle_s = 5 * VISITORS / per_s
    before_s, at = server.cpu_s(), time.perf_counter()
    words = [sys.executable, HERE / "transports.py", kind, server.url, str(VISITORS), str(seconds), str(cycle_s)]
    done = subprocess.run([*words, "--core", "0"], capture_output=True, text=True, timeout=180, check=False)
    if done.returncode:
        sys.exit(f"{kind} at {per_s} commands/s failed: {done.stderr.strip()[-400:]}")
    figures = json.loads(done.stdout)
    # Of the whole run, start included: a little less than while it was measured, so scaled to what was busy.
    busy_s = min(time.perf_counter() - at, seconds + 2)
    return Figures(
        figures["commands_per_s"],
        figures["cpu_us_per_command"],
        figures["bytes_per_visitor"],
        (server.cpu_s() - before_s) / busy_s,
    )


def runs(server: Server, kinds: list[str], per_s: int, seconds: float, rounds: int) -> dict[str, Figures]:
    """Run kinds in turns and take each figure's median."""
    taken: dict[str, list[Figures]] = defaultdict(list)
    for _ in range(rounds):
        for kind in kinds:
            taken[kind].append(run(server, kind, per_s, seconds))
            print(".", end="", flush=True, file=sys.stderr)
    return {
        kind: Figures(*(median(getattr(each, name) for each in figures) for name in Figures.__dataclass_fields__))
        for kind, figures in taken.items()
    }


def table(title: str, figures: dict[str, Figures]) -> None:
    """Print what was measured."""
    print(
        f"\n{title}\n{'':22}{'commands/s':>12}{'us/command':>12}{'KB/visitor':>12}{'server core':>13}{'x bare CPU':>12}"
    )
    for kind, each in figures.items():
        print(
            f"{kind:22}{each.commands_per_s:12,.0f}{each.cpu_us:12.1f}{each.bytes_per_visitor / 1000:12.1f}"
            f"{each.server_core:13.0%}{each.cpu_us / figures['bare'].cpu_us:12.2f}"
        )


def broken_bounds(title: str, figures: dict[str, Figures]) -> list[str]:
    """Which bounds do not hold."""
    bare, product, plain = figures["bare"], figures["product"], figures["plain"]
    claims = {
        f"CPU {product.cpu_us:.1f} us, at most {CPU_BOUND} x {bare.cpu_us:.1f}": product.cpu_us
        <= CPU_BOUND * bare.cpu_us,
        f"CPU {product.cpu_us:.1f} us, below the plain script's {plain.cpu_us:.1f}": product.cpu_us < plain.cpu_us,
        f"memory {product.bytes_per_visitor:,.0f} bytes, at most {MEMORY_BOUND} x {bare.bytes_per_visitor:,.0f}": (
            product.bytes_per_visitor <= MEMORY_BOUND * bare.bytes_per_visitor
        ),
        f"the server's core at most {SERVER_BOUND:.0%}": max(each.server_core for each in figures.values())
        <= SERVER_BOUND,
    }
    return [f"{title}: {claim}" for claim, holds in claims.items() if not holds]


def connection_costs() -> None:
    """What is paid once a connection, or once a long message, and need not be."""
    context_ms = min(timeit.repeat(ssl.create_default_context, number=1, repeat=5)) * 1000
    text = ("é" * 2000).encode()
    validate_us = min(timeit.repeat(lambda: validate_utf8(text), number=10, repeat=5)) / 10 * 1e6
    print(
        f"\na TLS context for each connection would cost {context_ms:.1f} ms of CPU every time; all visitors share one"
        f"\nwebsocket-client's UTF-8 check would cost {validate_us:.0f} us for 4 KB; the JSON decoder checks it anyway"
    )


def main() -> None:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of short runs: a look, no evidence")
    quick = parser.parse_args().quick
    rounds, seconds = (1, 2.0) if quick else (3, 5.0)
    broken = []
    server = Server()
    try:
        kinds = ["bare", "product", "plain"]
        steady = runs(server, kinds, STEADY_PER_S, seconds, rounds)
        table("5,000 commands/s", steady)
        broken += broken_bounds("5,000 commands/s", steady)
        saturated = runs(server, kinds, SATURATED_PER_S, seconds, rounds)
        table(f"the most each can do ({SATURATED_PER_S:,} commands/s asked for)", saturated)
        broken += broken_bounds("saturation", saturated)
        most_per_s = int(saturated["product"].commands_per_s)
        at_our_rate = {**saturated, "bare": runs(server, ["bare"], most_per_s, seconds, rounds)["bare"]}
        table("the same, but the bare loop at our rate", at_our_rate)
        kinds = ["bare", *(f"bare-{choice}" for choice in CHOICES)]
        table("each choice taken back, 5,000 commands/s", runs(server, kinds, STEADY_PER_S, seconds, rounds))
        for choice, what in CHOICES.items():
            print(f"  bare-{choice}: without {what}")
    finally:
        server.stop()
    connection_costs()
    print("\nall bounds hold" if not broken else "\nBROKEN:\n  " + "\n  ".join(broken))
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
