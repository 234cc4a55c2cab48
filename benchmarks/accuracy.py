"""What a busy generator says of a server that answers in 20 ms: ours, and a plain script's clock in the same visitors.

    python benchmarks/accuracy.py [--seconds 8] [--visitors 20 150 600]

The simulator has core 1 and echoes every line after 20 ms. The generator has core 0; its visitors type and send without
a pause, so more of them means more than the core can do. Each line is timed three times over:

    ours      sent, to the kernel's stamp of its echo: what this product reports
    plain     the same visitor's clock before it sends and after it has the echo: what a script reports
    right     sent, to the instant at which the simulator says it wrote the echo (GET /chats/UID)

Ours has to be within 1 ms or 5 % of what is right, at p50 and at p99, however busy the generator is, and the busiest
must have used, or waited for, 90 % of its core at least, or nothing was shown: else it ends with exit code 1. Half a
minute.
"""

from __future__ import annotations

# isort: off
from gevent import monkey

monkey.patch_all()
# isort: on

import argparse
import json
import os
import random
import subprocess
import sys
import time
import urllib.request

import gevent
from runs import QUIET, simulator

from whoson_load.client.session import ChatSession, Visitor
from whoson_load.client.target import Target
from whoson_load.measurement.histogram import Histogram
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.sample import ECHO, GENERATOR_RECEIVE
from whoson_load.swarm import procfs
from whoson_load.visitors.keystrokes import Act, Keystroke
from whoson_load.visitors.patience import MANNERS
from whoson_load.visitors.persona import Personas

TEXT = "Could you please help me with product installation"
CYCLE = (
    Keystroke(0.0, Act.START_TYPING, ""),
    *(Keystroke(0.0, Act.PREVIEW, TEXT[:length]) for length in (12, 26, 40)),
    Keystroke(0.0, Act.MESSAGE, TEXT),
)
MOST_LINES = 4_000  # of one chat; the simulator keeps 5,000, and each Message makes one
CLOSE_MS, CLOSE_SHARE, BUSY = 1.0, 0.05, 0.9


class Noting(Recorder):
    """One visitor's view of the recorder that all share: it keeps the visitor's own echoes apart.

    Attributes:
        echoes: (sent_ns, received_ns) of each line, in the order they were sent.
    """

    def __init__(self, shared: Recorder) -> None:
        self.__dict__.update(shared.__dict__)
        self.echoes: list[tuple[int, int]] = []

    def sample(self, series: str, from_ns: int, to_ns: int) -> None:
        super().sample(series, from_ns, to_ns)
        if series == ECHO:
            self.echoes.append((from_ns, to_ns))


def generate(url: str, visitors: int, seconds: float) -> dict[str, object]:
    """Let visitors chat as fast as they can; what each line took, by our stamps and by a plain script's clock."""
    target = Target.read(url, domain="www.mycompany.com", environment={})
    shared, personas = Recorder("accuracy"), Personas(1, "accuracy")
    until, chats = time.monotonic() + 1 + visitors / 200 + seconds, []
    watched: list[float] = []

    def visit(number: int) -> None:
        persona, rng = personas.persona(number), random.Random(number)
        recorder, plain_ns = Noting(shared), []
        gevent.sleep(number / 200)
        with ChatSession.open(target, Visitor(persona, MANNERS, rng, "accuracy"), recorder) as chat:
            chat.connect()
            chat.hello()
            chat.wait_for_operator(30)
            while time.monotonic() < until and len(plain_ns) < MOST_LINES:
                typed = iter(CYCLE)
                for _ in range(4):
                    chat.play([next(typed)])
                before_ns = time.time_ns()
                chat.play(typed)
                plain_ns.append(time.time_ns() - before_ns)
            chats.append({"uid": chat.heard.chat_uid, "echoes": recorder.echoes, "plain_ns": plain_ns})
            chat.quit()

    def watch() -> None:
        gevent.sleep(max(0.0, until - seconds - time.monotonic()))
        watched.extend((time.monotonic(), time.process_time(), procfs.run_delay_ns() or 0))
        gevent.sleep(max(0.0, until - time.monotonic()))
        watched.extend((time.monotonic(), time.process_time(), procfs.run_delay_ns() or 0))

    gevent.joinall([gevent.spawn(watch), *(gevent.spawn(visit, number) for number in range(visitors))])
    begun, begun_cpu, begun_delay_ns, ended, ended_cpu, ended_delay_ns = watched
    return {
        "chats": chats,
        "cpu": (ended_cpu - begun_cpu) / (ended - begun),
        "waiting": (ended_delay_ns - begun_delay_ns) / 1e9 / (ended - begun),
        "receive_p99_ms": (shared.percentile_ns(GENERATOR_RECEIVE, 99) or 0) / 1e6,
    }


def histograms(control: str, chats: list[dict]) -> dict[str, Histogram]:
    """All lines of all chats, timed each way."""
    timed = {kind: Histogram() for kind in ("ours", "plain", "right")}
    for chat in chats:
        with urllib.request.urlopen(f"{control}/chats/{chat['uid']}", timeout=30) as answer:
            lines = [line for line in json.load(answer)["lines"] if line["classname"] == "linev"]
        if len(lines) != len(chat["echoes"]):
            sys.exit(f"the simulator says {len(lines)} lines, the generator {len(chat['echoes'])}")
        for line, (sent_ns, received_ns), plain_ns in zip(lines, chat["echoes"], chat["plain_ns"], strict=True):
            timed["right"].record(line["sent_ns"] - sent_ns)
            timed["ours"].record(received_ns - sent_ns)
            timed["plain"].record(plain_ns)
    return timed


def main() -> int:
    """Run the levels and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--visitors", type=int, nargs="+", default=[20, 150, 600])
    parser.add_argument("--generate", metavar="URL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.generate:
        print(json.dumps(generate(options.generate, options.visitors[0], options.seconds)))
        return 0
    print(
        "visitors  lines/s  CPU  +waiting  read late p99     right p50, p99        ours p50, p99       plain p50, p99"
    )
    passed, busiest = True, 0.0
    for visitors in options.visitors:
        with simulator(*QUIET, core=1) as (chat, control):
            words = [sys.executable, __file__, "--generate", chat, "--visitors", str(visitors)]
            process = subprocess.Popen([*words, "--seconds", str(options.seconds)], stdout=subprocess.PIPE, text=True)
            os.sched_setaffinity(process.pid, {0})
            made = json.loads(process.communicate(timeout=120 + options.seconds)[0])
            timed = histograms(control, made["chats"])
        at = {kind: [each / 1e6 for each in one.percentiles_ns((50, 99))] for kind, one in timed.items()}
        close = all(
            abs(ours - right) <= max(CLOSE_MS, CLOSE_SHARE * right)
            for ours, right in zip(at["ours"], at["right"], strict=True)
        )
        passed, busiest = passed and close, max(busiest, made["cpu"] + made["waiting"])
        rate = timed["ours"].count / (options.seconds + 1 + visitors / 200)
        shown = " ".join(f"{p50:8.2f} {p99:8.2f} ms" for p50, p99 in (at["right"], at["ours"], at["plain"]))
        busy = f"{made['cpu']:4.0%} {made['waiting']:+9.0%} {made['receive_p99_ms']:11.1f} ms"
        print(f"{visitors:8d} {rate:8,.0f} {busy} {shown}{'' if close else '  TOO FAR'}")
    if busiest < BUSY:
        print(f"the generator was busy for {busiest:.0%} of the time at most, expected {BUSY:.0%}: nothing was shown")
    return 0 if passed and busiest >= BUSY else 1


if __name__ == "__main__":
    sys.exit(main())
