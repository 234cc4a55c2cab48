"""Whether the ledger finds what went wrong with lines: its counts beside what the simulator says that it did.

    python benchmarks/ledger.py [--visitors 500] [--bursts 8] [--rates 0.01 0.1] [--deadline 3] [--together]

For each fault and rate (or for all faults together at each rate): visitors chat, two lines at a time without waiting
for the first one's echo, and leave when all of them have said everything and the last deadline has passed. Then these
have to be equal, exactly:

    lost          what the simulator did not send on (a crossed line is lost to its own chat), and what it held for ever
    duplicated    what it sent twice
    reordered     lines behind a later one of their chat, in the order in which its transcripts say it wrote them
    crossed       what it sent to another chat
    sent          echoed + lost: nothing is in flight any more

Ends with exit code 1 when one differs. A minute.
"""

from __future__ import annotations

# isort: off
from gevent import monkey

monkey.patch_all()
# isort: on

import argparse
import json
import random
import re
import sys
import urllib.request
from collections import Counter

import gevent
from gevent.event import Event
from runs import QUIET, simulator

from whoson_load.client.session import ChatSession, Visitor
from whoson_load.client.target import Deadlines, Target
from whoson_load.clock import monotonic_ns, wall_ns
from whoson_load.measurement.recorder import Recorder
from whoson_load.protocol.commands import Message
from whoson_load.visitors.patience import MANNERS
from whoson_load.visitors.persona import Personas
from whoson_load.visitors.talk import with_token

TEXT, TAG = "Could you please help me with product installation", "ledger"
FAULTS = ("lost_line", "doubled_line", "reordered_lines", "crossed_line")
TOKEN = re.compile(rf"wl{TAG}v(\d+)c1n(\d+)z")


def fetch(url: str, body: object = None) -> object:
    """Ask the simulator's control side."""
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def say(chat: ChatSession) -> None:
    """Say a line and wait for nothing; the session itself has no such haste."""
    text = with_token(TEXT, chat._book.token)
    chat._book.sent(chat._send(Message(chat.heard.session_id, chat.target.domain, text)))


def hear_until(chat: ChatSession, due_ns: int) -> None:
    """Hear whatever comes, until nothing is in flight or an instant has passed."""
    while chat._book.in_flight and monotonic_ns() < due_ns:
        chat._receive(due_ns)


def chats(url: str, visitors: int, bursts: int, deadline_s: float) -> dict[str, int]:
    """Let visitors chat; the ledger of all of them."""
    target = Target.read(
        url, domain="www.mycompany.com", environment={}, deadlines=Deadlines(connect_s=30.0, reply_s=deadline_s)
    )
    recorder, personas = Recorder("ledger"), Personas(1, TAG)
    talking, all_said, all_drained = visitors, Event(), Event()

    def visit(number: int) -> None:
        nonlocal talking
        gevent.sleep(number / 200)
        with ChatSession.open(
            target, Visitor(personas.persona(number), MANNERS, random.Random(number), TAG), recorder
        ) as chat:
            chat.connect()
            chat.hello()
            chat.wait_for_operator(30)
            for _ in range(bursts):
                say(chat)
                say(chat)
                chat.idle(0.1)
            hear_until(chat, monotonic_ns() + int(deadline_s * 1e9))
            talking -= 1
            if not talking:
                all_said.set()
            while not all_drained.is_set():
                chat.idle(0.2)
            chat._book.expire(wall_ns())
            chat.quit()

    greenlets = [gevent.spawn(visit, number) for number in range(visitors)]
    all_said.wait()
    gevent.sleep(deadline_s + 0.5)
    all_drained.set()
    gevent.joinall(greenlets, raise_error=True)
    return recorder.roll(0, 1).tally.lines


def truth(control: str) -> dict[str, int]:
    """What went wrong, by the simulator's own transcripts and counters."""
    counted: Counter[str] = Counter()
    delivered: set[tuple[int, int]] = set()
    for summary in fetch(f"{control}/chats"):
        latest, owner = 0, None
        tokens = [
            tuple(map(int, TOKEN.search(line["content"]).groups()))
            for line in fetch(f"{control}/chats/{summary['uid']}")["lines"]
            if line["classname"] == "linev"
        ]
        # Whose chat it is say most of its lines.
        owner = Counter(visitor for visitor, _ in tokens).most_common(1)[0][0]
        for visitor, sequence in tokens:
            if visitor != owner:
                counted["crossed"] += 1
            elif (visitor, sequence) in delivered:
                counted["duplicated"] += 1
            else:
                delivered.add((visitor, sequence))
                counted["reordered"] += sequence < latest
                latest = max(latest, sequence)
    state = fetch(f"{control}/state")
    counted["sent"] = state["commands"]["Message"]
    counted["lost"] = counted["sent"] - len(delivered)
    faults = state["faults"]
    if counted["crossed"] != faults["crossed_line"] or counted["duplicated"] != faults["doubled_line"]:
        sys.exit(f"the simulator contradicts itself: {dict(counted)}, {faults}")
    if not faults["reordered_lines"] and counted["lost"] != faults["lost_line"] + faults["crossed_line"]:
        sys.exit(f"the simulator contradicts itself: {dict(counted)}, {faults}")
    return dict(counted)


def main() -> int:
    """Run every fault at every rate and print both sides."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=500)
    parser.add_argument("--bursts", type=int, default=8)
    parser.add_argument("--rates", type=float, nargs="+", default=[0.01, 0.1])
    parser.add_argument("--deadline", type=float, default=3.0, help="seconds after which a line is lost")
    parser.add_argument("--together", action="store_true", help="all faults at once")
    options = parser.parse_args()
    right = True
    for rate in options.rates:
        for faults in [FAULTS] if options.together else [(fault,) for fault in FAULTS]:
            with simulator(*QUIET) as (chat, control):
                fetch(f"{control}/faults", {fault: {"rate": rate, "classes": ["linev"]} for fault in faults})
                ours = chats(chat, options.visitors, options.bursts, options.deadline)
                theirs = truth(control)
            ours = {name: ours.get(name, 0) for name in ("sent", "echoed", *sorted(theirs.keys() - {"sent"}), "late")}
            equal = all(ours.get(name, 0) == count for name, count in theirs.items())
            equal = equal and ours["sent"] == ours["echoed"] + ours["lost"] and not ours["late"]
            right = right and equal
            said = "equal" if equal else f"NOT EQUAL, the simulator says {theirs}"
            print(f"{' and '.join(faults)} {rate:.0%}: {said}: {ours}", flush=True)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
