"""The generators that `session.py` compares, each run as a process of its own.

    python benchmarks/transports.py KIND URL VISITORS SECONDS CYCLE_S [--core N]

A cycle is StartTyping, three Previews and one Message, evenly spread over CYCLE_S seconds, every visitor out of phase
with the others. Prints one line of JSON: commands a second, CPU seconds per 1,000 commands, the echo's percentiles,
resident bytes before and after the visitors came.

KIND is `product` (our Locust user, session, ledger, histograms), `plain` (a Locust user as scripts are usually
written), or `bare` with the choices taken back that are named behind it: bare-watcher-wheel-frames-codec, in any order
and number.
"""

from __future__ import annotations

# isort: off
from gevent import monkey

monkey.patch_all()
# isort: on

import argparse
import heapq
import json
import os
import random
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import gevent
import msgspec
from gevent import get_hub, getcurrent
from hdrh.histogram import HdrHistogram
from websocket import ABNF, WebSocket
from websocket._abnf import frame_buffer

DOMAIN, TEXT, PREVIEW = "www.mycompany.com", "Could you please help me with product installation", "I would li"
CONNECT = ("myauthstring", DOMAIN, "195.62.193.194", "287-3882882", "Mozilla/5.0", "", "abcdefg12345")
SO_TIMESTAMPING, STAMPS = 37, 1 << 3 | 1 << 4  # software receive stamps, see whoson_load/client/stamps.py

encode_fast, decode_fast = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode


class Counts:
    """What all visitors of the process share."""

    sent = 0
    ready = 0
    begun: float | None = None
    echo = HdrHistogram(1, 3_600_000_000, 3)


def resident_bytes() -> int:
    """The process's resident memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


class Wheel:
    """One timer for all waits."""

    def __init__(self) -> None:
        self.heap: list[list] = []
        self.number = 0
        self.timer = get_hub().loop.timer(0.002, 0.002)
        self.timer.start(self.turn)

    def at(self, due: float, visitor) -> list:
        self.number += 1
        entry = [due, self.number, visitor]
        heapq.heappush(self.heap, entry)
        return entry

    def turn(self) -> None:
        now, heap = time.perf_counter(), self.heap
        while heap and heap[0][0] <= now:
            entry = heapq.heappop(heap)
            visitor, entry[2] = entry[2], None
            if visitor is not None:
                visitor.switch()


class Timers:
    """A libev timer for each wait, as gevent.sleep has."""

    def at(self, due: float, visitor) -> list:
        entry = [due, 0, visitor]
        timer = get_hub().loop.timer(max(0.0, due - time.perf_counter()))
        entry.append(timer)

        def over() -> None:
            if entry[2] is not None:
                entry[2] = None
                visitor.switch()

        timer.start(over)
        return entry


def direct_frame(payload: bytes) -> bytes:
    """A masked text frame, built directly."""
    size, key = len(payload), random.getrandbits(32).to_bytes(4, "little")
    head = bytes((0x81, 0x80 | size)) if size < 126 else struct.pack("!BBH", 0x81, 0x80 | 126, size)
    mask = int.from_bytes((key * (size // 4 + 1))[:size], "little")
    return head + key + (int.from_bytes(payload, "little") ^ mask).to_bytes(size, "little")


def library_frame(payload: bytes) -> bytes:
    """The same by websocket-client."""
    return ABNF.create_frame(payload, ABNF.OPCODE_TEXT).format()


class Bare:
    """The barest connection: each choice of the transport can be taken back."""

    def __init__(self, url: str, without: frozenset[str], waits) -> None:
        where = urlsplit(url)
        sock = socket.create_connection((where.hostname, where.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ws = WebSocket(skip_utf8_validation=True, enable_multithread=False)
        ws.connect(url, socket=sock)
        self.keep, self.raw, self.waits = sock, sock._sock, waits
        self.raw.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, STAMPS)
        self.rest, self.events, self.received_ns, self.visitor = b"", [], 0, None
        self.frame = library_frame if "frames" in without else direct_frame
        self.parse = self.parse_by_library if "frames" in without else self.parse_directly
        slow = "codec" in without
        self.encode: Callable[[object], bytes] = (lambda what: json.dumps(what).encode()) if slow else encode_fast
        self.decode: Callable[[bytes], dict] = json.loads if slow else decode_fast
        self.watched = "watcher" not in without
        self.watcher = get_hub().loop.io(sock.fileno(), 1)
        if self.watched:
            self.watcher.start(self.readable)

    def readable(self) -> None:
        if not self.watched:
            self.watcher.stop()
        try:
            data, ancillary, _, _ = self.raw.recvmsg(65536, 64)
        except BlockingIOError:
            return
        self.received_ns = time.time_ns()
        for _, kind, stamp in ancillary:
            if kind == SO_TIMESTAMPING:
                seconds, nanoseconds = struct.unpack_from("qq", stamp)
                self.received_ns = seconds * 1_000_000_000 + nanoseconds
        if not data:
            self.watcher.stop()
            return
        self.parse(self.rest + data)
        visitor = self.visitor
        if visitor is not None and (self.events or not self.watched):
            self.visitor = None
            visitor.switch()

    def parse_directly(self, data: bytes) -> None:
        at, available = 0, len(data)
        while available - at >= 2:
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[start : start + 2], "big"), start + 2
            if available - start < size:
                break
            if data[at] == 0x81:
                self.events.append(self.decode(data[start : start + size]))
            at = start + size
        self.rest = data[at:]

    def parse_by_library(self, data: bytes) -> None:
        at = 0

        def take(size: int) -> bytes:
            nonlocal at
            if len(data) - at < size:
                raise EOFError
            at += size
            return data[at - size : at]

        whole = 0
        while whole < len(data):
            try:
                frame = frame_buffer(take, skip_utf8_validation=True).recv_frame()
            except EOFError:
                break
            self.events.append(self.decode(frame.data))
            whole = at
        self.rest = data[whole:]

    def send(self, command: str, *parameters: str) -> None:
        self.raw.send(self.frame(self.encode({"Command": command, "Parameters": parameters})))
        Counts.sent += 1

    def next(self, due: float | None = None):
        while not self.events:
            self.visitor = getcurrent()
            entry = self.waits.at(due, self.visitor) if due is not None else None
            if not self.watched:
                self.watcher.start(self.readable)
            try:
                get_hub().switch()
            finally:
                self.visitor = None
                if not self.watched:
                    self.watcher.stop()
                if entry is not None:
                    entry[2] = None
                    if len(entry) == 4:
                        entry[3].stop()
                        entry[3].close()
            if not self.events and due is not None and time.perf_counter() >= due:
                return None
        return self.events.pop(0)

    def idle(self, due: float) -> None:
        while self.next(due) is not None:
            pass


class Plain:
    """A connection as Locust scripts have it: blocking recv, gevent.sleep, json, the clock after recv."""

    def __init__(self, url: str) -> None:
        self.ws = WebSocket()
        self.ws.connect(url)
        self.received_ns = 0

    def send(self, command: str, *parameters: str) -> None:
        self.ws.send(json.dumps({"Command": command, "Parameters": parameters}))
        Counts.sent += 1

    def next(self):
        event = json.loads(self.ws.recv())
        self.received_ns = time.time_ns()
        return event

    def idle(self, due: float) -> None:
        gevent.sleep(max(0.0, due - time.perf_counter()))


def phase(number: int, cycle_s: float) -> float:
    """Where in the cycle a visitor begins."""
    return cycle_s * (number % 499) / 499


def visit(connect: Callable[[], Bare | Plain], number: int, cycle_s: float, sampled: Callable[[int], None]) -> None:
    """One visitor's cycles, over a connection of ours that is not the product's."""
    line = connect()

    def until(name: str, classname: str | None = None):
        while True:
            event = line.next()
            if event["EventName"] == name and (classname is None or event["Data"]["Classname"] == classname):
                return event

    line.send("Connect", *CONNECT)
    session_id = until("connected")["Data"]["SessionID"]
    line.send(
        "Hello",
        "Thomas",
        DOMAIN,
        "",
        "",
        session_id,
        "195.62.193.194",
        "287-3882882",
        "en",
        "false",
        "<Fields></Fields>",
    )
    until("accepted")
    until("operatorjoined")
    Counts.ready += 1
    while Counts.begun is None:
        gevent.sleep(0.05)
    due = Counts.begun + phase(number, cycle_s)
    while True:
        for step in range(5):
            line.idle(due)
            due += cycle_s / 5
            if step == 4:
                sent_ns = time.time_ns()
                line.send("Message", session_id, DOMAIN, TEXT)
                until("newline", "linev")
                sampled(line.received_ns - sent_ns)
            elif step:
                line.send("Preview", session_id, DOMAIN, PREVIEW)
            else:
                line.send("StartTyping", session_id)


def run_bare(url: str, visitors: int, cycle_s: float, without: frozenset[str]) -> None:
    """Start visitors of the bare loop."""
    waits = Timers() if "wheel" in without else Wheel()

    def sampled(echo_ns: int) -> None:
        Counts.echo.record_value(max(1, echo_ns // 1000))

    for number in range(visitors):
        gevent.spawn(visit, lambda: Bare(url, without, waits), number, cycle_s, sampled)
        if number % 50 == 49:
            gevent.sleep(0.02)


def locust_environment(user_class):
    """A Locust environment whose users we start ourselves."""
    from locust.env import Environment

    environment = Environment(user_classes=[user_class])
    environment.create_local_runner()
    return environment


def spawn(environment, user_class, visitors: int) -> None:
    """Start Locust users, some at a time."""
    for number in range(visitors):
        environment.runner.spawn_users({user_class.__name__: 1})
        if number % 50 == 49:
            gevent.sleep(0.02)


def run_plain(url: str, visitors: int, cycle_s: float) -> None:
    """Start Locust users with a plain script."""
    from locust import User, task

    numbers = iter(range(visitors))

    class PlainUser(User):
        @task
        def chat(self) -> None:
            def sampled(echo_ns: int) -> None:
                Counts.echo.record_value(max(1, echo_ns // 1000))
                self.environment.events.request.fire(
                    request_type="chat",
                    name="echo",
                    response_time=echo_ns / 1e6,
                    response_length=0,
                    exception=None,
                    context={},
                )

            visit(lambda: Plain(url), next(numbers), cycle_s, sampled)

    spawn(locust_environment(PlainUser), PlainUser, visitors)


def run_product(url: str, visitors: int, cycle_s: float) -> None:
    """Start our own Locust users, with all that the product puts on top."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from locust import task

    from whoson_load.client.target import Target
    from whoson_load.measurement.outcome import Outcome
    from whoson_load.swarm.generator import Generator
    from whoson_load.swarm.mirror import SHOW_S, MirroringRecorder
    from whoson_load.swarm.user import ChatVisitor
    from whoson_load.swarm.watch import Watch
    from whoson_load.visitors.keystrokes import Act, Keystroke

    numbers = iter(range(visitors))
    step_s = cycle_s / 5
    cycle = (
        Keystroke(0.0, Act.START_TYPING, ""),
        *(Keystroke(step_s * step, Act.PREVIEW, PREVIEW) for step in (1, 2, 3)),
        Keystroke(step_s * 4, Act.MESSAGE, TEXT),
    )

    def endless(chat) -> Outcome:
        number = next(numbers)
        chat.connect()
        chat.hello()
        chat.wait_for_operator(30)
        Counts.ready += 1
        while Counts.begun is None:
            chat.idle(0.05)
        due = Counts.begun + phase(number, cycle_s)
        while True:
            if (early_s := due - time.perf_counter()) > 0:
                chat.idle(early_s)
            chat.play(cycle)
            due += cycle_s

    class Visitor(ChatVisitor):
        @task
        def chat(self) -> None:
            self.visit(endless)

    environment = locust_environment(Visitor)
    recorder = MirroringRecorder("benchmark", environment)
    target = Target.read(url, domain=DOMAIN)
    ChatVisitor.generator = Generator(target, recorder, seed=1, run_tag="bench", languages=("en",), pace=1.0)
    watch = Watch(recorder)

    def roll() -> None:
        while True:
            gevent.sleep(5)
            report = recorder.roll(0, time.time_ns(), watch.figures())
            Counts.sent += sum(report.tally.commands.values())

    def show() -> None:
        while True:
            gevent.sleep(SHOW_S)
            recorder.show()

    gevent.spawn(roll)
    gevent.spawn(show)
    # What has been sent is counted by the recorder alone: counting it twice would be measured, too.
    Counts.count = lambda: Counts.sent + sum(recorder.commands.values())  # type: ignore[attr-defined]
    spawn(environment, Visitor, visitors)


def main() -> None:
    """Run one kind and print what it cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind")
    parser.add_argument("url")
    parser.add_argument("visitors", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("cycle_s", type=float)
    parser.add_argument("--core", type=int, help="run on this core only, where the platform can")
    options = parser.parse_args()
    if options.core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {options.core})
    kind, *without = options.kind.split("-")
    begin = {
        "bare": lambda *of: run_bare(*of, frozenset(without)),
        "plain": run_plain,
        "product": run_product,
    }[kind]
    # Everything that is loaded or made once lies before the first figure: the visitors' own memory is what is asked
    # for.
    Counts.count = lambda: Counts.sent  # type: ignore[attr-defined]
    if kind in ("product", "plain"):
        import locust  # noqa: F401
    begin(options.url, 0, options.cycle_s)
    warm = 20
    begin(options.url, warm, options.cycle_s)
    while Counts.ready < warm:
        gevent.sleep(0.05)
    before_bytes = resident_bytes()
    begin(options.url, options.visitors - warm, options.cycle_s)
    give_up = time.perf_counter() + 60
    while Counts.ready < options.visitors:
        gevent.sleep(0.05)
        if time.perf_counter() > give_up:
            sys.exit(f"only {Counts.ready} of {options.visitors} visitors got a chat within 60 s")
    Counts.begun = time.perf_counter() + 0.1
    gevent.sleep(2)
    count = Counts.count  # type: ignore[attr-defined]
    sent, cpu_s, at = count(), time.process_time(), time.perf_counter()
    gevent.sleep(options.seconds)
    commands, used_s, passed_s = count() - sent, time.process_time() - cpu_s, time.perf_counter() - at
    print(
        json.dumps(
            {
                "kind": options.kind,
                "offered_per_s": 5 * options.visitors / options.cycle_s,
                "commands_per_s": commands / passed_s,
                "cpu_us_per_command": used_s / commands * 1e6,
                "core": used_s / passed_s,
                "bytes_per_visitor": (resident_bytes() - before_bytes) / (options.visitors - warm),
            }
        ),
        flush=True,
    )
    os._exit(0)


if __name__ == "__main__":
    main()
