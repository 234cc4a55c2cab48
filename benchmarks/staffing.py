"""Does the Erlang-A queue say what happens on a site as it has it? One real run against the simulator.

    python benchmarks/staffing.py [--seconds 400] [--operators 8] [--arrivals 480]

Visitors arrive by chance, wait for one of a few operators with one chat each, give up after an exponential time, and
chat for an exponential time. What is predicted from the run's own arrival rate, chats and patience has to lie within
10 % of what was measured, or, where so few waited that chance does more, within two standard errors of it. Ends with
exit code 1 otherwise.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from pathlib import Path

from runs import report, run, simulator

CHAT_S, PATIENCE_S = 1.0, 1.5
CLOSE = 0.10
LOCUSTFILE = '''"""Visitors as the Erlang-A queue has them."""

from locust import task

from whoson_load import ChatVisitor
from whoson_load.measurement.outcome import Outcome


def exponential(chat):
    """Wait with an exponential patience, then chat for an exponential time."""
    dice = chat.visitor.rng
    chat.connect()
    chat.hello()
    if chat.wait_for_operator(dice.expovariate(1 / {patience})) is None:
        chat.quit()
        return Outcome.ABANDONED
    chat.idle(dice.expovariate(1 / {chat}))
    chat.quit()
    return Outcome.SERVED


class Visitor(ChatVisitor):
    """Comes when due."""

    arrivals = "constant {arrivals:g}/min for {seconds:g}s"

    @task
    def chat(self):
        """Make a visit."""
        self.visit(exponential)
'''


def main() -> int:
    """Make the run and put prediction beside measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=400.0)
    parser.add_argument("--operators", type=int, default=8)
    parser.add_argument("--arrivals", type=float, default=480.0, help="a minute")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        locustfile = Path(folder) / "exponential.py"
        written = LOCUSTFILE.format(
            patience=PATIENCE_S, chat=CHAT_S, arrivals=options.arrivals, seconds=options.seconds
        )
        locustfile.write_text(written, "utf-8")
        floor = ("--operators", str(options.operators), "--max-chats", "1", "--pickup-delay", "0")
        with simulator(*floor, "--greeting-delay", "60m") as (host, _):
            folder_ = run(Path(folder) / "runs", "queue", host, locustfile, options.seconds)
        summary = report(folder_, "--servers", str(options.operators))["summary"]
    told = summary["staffing"]
    crowd = told["crowd"]
    wrong = 0
    gave_up = told["gave_up_measured"]
    # A wait of a busy queue lasts about as long as its neighbours': one in as many as are served in a chat's time.
    alike = max(1.0, options.arrivals / 60 * CHAT_S)
    errors = {
        "wait": told["measured_s"] * math.sqrt(2 * alike / crowd["joined"]),
        "gave_up": math.sqrt(gave_up * (1 - gave_up) * alike / crowd["asked"]),
    }
    pairs = {"wait": (told["predicted_s"], told["measured_s"]), "gave_up": (told["gave_up_predicted"], gave_up)}
    for name, (predicted, measured) in pairs.items():
        away = abs(predicted / measured - 1)
        right = away <= CLOSE or abs(predicted - measured) <= 2 * errors[name]
        wrong += not right
        print(
            f"{name}: predicted {predicted:.4f}, measured {measured:.4f}, {away:.1%} apart{'' if right else '  WRONG'}"
        )
    print(f"asked {crowd['asked']}, chats at once {crowd['chatting']:.2f}; {told['said']}")
    print(f"Generator: {summary['trust']['verdict']}. {summary['trust']['reason']}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
