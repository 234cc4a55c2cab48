"""Is the simulated server never what is being measured? Its speed, its memory a chat, and the punctuality of its queue.

    python benchmarks/simulator.py [speed] [memory] [queue]      all three unless named

speed   commands per second of CPU (what one core can do, however busy the machine): StartTyping, three Previews, a
        Message whose echo is waited for; beside a bare aiohttp server that answers the same commands with the same
        frames. Bound: at least half of its rate.
memory  10,000 chats at once in one process. Bound: 40 KB each, the socket's side of the process included.
queue   5,000 visitors in a queue: how far from its second each `queue` event is sent. Bound: 100 ms.

The server has the last core. Ends with exit code 1 when a bound is missed. Takes a minute and a half.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from whoson_load.protocol.commands import Command, Connect, Hello, Message, Preview, StartTyping, encode_command
from whoson_load.simulator.event_loop import allow_many_sockets, run

DOMAIN, TEXT = "www.mycompany.com", "Could you please help me with product installation"
SILENT = ["--pickup-delay", "0", "--greeting-delay", "60m", "--max-chats", "0"]
"""Options for operators who join at once and then say nothing, as the bare server's do."""

BARE = """
import asyncio, json, sys
import msgspec, uvloop
from aiohttp import WSMsgType, web

UID = "gq0i7smlen"
encode, decode = msgspec.json.encode, msgspec.json.decode
connected = json.loads(sys.stdin.readline())

def event(name, data):
    return encode({"EventName": name, "ChatUid": UID, "Data": data}).decode()

def line(classname, content):
    return event("newline", {"Classname": classname, "Content": content})

async def chat(request):
    ws = web.WebSocketResponse(compress=False)
    await ws.prepare(request)
    async for message in ws:
        command = decode(message.data)
        name, parameters = command["Command"], command["Parameters"]
        if name == "Message":
            await ws.send_str(line("linesays", "Thomas says:"))
            await ws.send_str(line("linev", parameters[2]))
        elif name == "Connect":
            await ws.send_str(encode(connected).decode())
        elif name == "Hello":
            text = "Please wait. An operator will be with you shortly."
            await ws.send_str(event("accepted", text))
            await ws.send_str(line("pagingmessage", text))
            await ws.send_str(event("operatorjoined", {"Name": "Howard"}))
    return ws

async def main():
    app = web.Application()
    app.router.add_get("/", chat)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096)
    await site.start()
    print(json.dumps({"chat": f"ws://127.0.0.1:{runner.addresses[0][1]}"}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

uvloop.run(main())
"""


def masked(command: Command) -> bytes:
    """A text frame whose mask is zero: the receiver unmasks it like any other, and it costs this process nothing."""
    payload = encode_command(command)
    length = len(payload)
    head = bytes((0x81, 0x80 | length)) if length < 126 else bytes((0x81, 0xFE)) + length.to_bytes(2, "big")
    return head + bytes(4) + payload


class Visitor(asyncio.Protocol):
    """The cheapest visitor there can be: looks at incoming bytes only for what it waits for.

    Args:
        number: makes the cookie.
    """

    def __init__(self, number: int, done: Callable[[Visitor], None]) -> None:
        self.number, self.done = number, done
        self.wait_for, self.rest = b"\r\n\r\n", b""
        self.session_id, self.step, self.sent, self.running = "", 0, 0, False
        self.cycle: list[bytes] = []
        self.hears: Callable[[bytes, int], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )

    def data_received(self, data: bytes) -> None:
        if self.hears is not None:
            self.hears(data, time.monotonic_ns())
            return
        data = self.rest + data
        if self.wait_for not in data:
            self.rest = data[-20_000:]
            return
        self.rest = b""
        if self.running:
            self.send_cycle()
        elif self.wait_for == b"\r\n\r\n":
            self.wait_for = b'"ServerBuild"'
            connect = Connect("myauthstring", DOMAIN, "195.62.193.194", str(self.number), "edge", "", "abcdefg12345")
            self.transport.write(masked(connect))
        elif self.wait_for == b'"ServerBuild"':
            self.wait_for = self.hello_brings
            start = data.index(b'"SessionID":"') + 13
            self.session_id = data[start : start + 36].decode()
            hello = Hello("Thomas", DOMAIN, "", "", self.session_id, "", str(self.number), "en", "false", "<Fields/>")
            self.transport.write(masked(hello))
        else:
            self.done(self)

    hello_brings = b'"operatorjoined"'

    def prepare(self) -> None:
        """Build the frames of a cycle."""
        preview = masked(Preview(self.session_id, DOMAIN, "I would li"))
        typing = masked(StartTyping(self.session_id))
        self.cycle = [typing, preview, preview, preview, masked(Message(self.session_id, DOMAIN, TEXT))]

    def send_cycle(self) -> None:
        """Type and say something, then wait for the echo. Each command is a packet of its own, as people's are."""
        self.wait_for = b'"linev"'
        for frame in self.cycle:
            self.transport.write(frame)
        self.sent += len(self.cycle)


@contextmanager
def server(command: list[str], first_line: str = "") -> Iterator[tuple[str, psutil.Process]]:
    """A server in a process of its own, on the last core."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        observed = psutil.Process(process.pid)
        if hasattr(observed, "cpu_affinity"):
            observed.cpu_affinity([max(os.sched_getaffinity(0))])
        process.stdin.write(first_line + "\n")
        process.stdin.flush()
        yield json.loads(process.stdout.readline())["chat"], observed
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def simulator(*options: str) -> list[str]:
    """The command line of our server."""
    return [
        *(sys.executable, "-m", "whoson_load.cli.simulate", "--port", "0", "--control-port", "0", "--until-stdin-ends"),
        *options,
    ]


async def visitors(url: str, count: int, kind: type[Visitor] = Visitor) -> list[Visitor]:
    """So many visitors in their chats, fifty at a time."""
    loop = asyncio.get_running_loop()
    host, port = url.removeprefix("ws://").split(":")
    there: list[Visitor] = []
    for start in range(0, count, 50):
        batch = range(start, min(start + 50, count))
        arrived = asyncio.Event()
        waiting = set(batch)

        def done(visitor: Visitor, waiting: set[int] = waiting, arrived: asyncio.Event = arrived) -> None:
            waiting.discard(visitor.number)
            if not waiting:
                arrived.set()

        for number in batch:
            _, visitor = await loop.create_connection(lambda number=number: kind(number, done), host, int(port))
            there.append(visitor)
        await asyncio.wait_for(arrived.wait(), 60)
    return there


async def rate(url: str, process: psutil.Process, count: int, seconds: float) -> tuple[float, float]:
    """(commands per second of its CPU, share of its core it had) of a server that is given as much as it takes."""
    there = await visitors(url, count)
    for visitor in there:
        visitor.prepare()
        visitor.running = True
        visitor.send_cycle()
    await asyncio.sleep(1)
    sent, cpu_s, wall_s = sum(each.sent for each in there), sum(process.cpu_times()[:2]), time.monotonic()
    await asyncio.sleep(seconds)
    sent = sum(each.sent for each in there) - sent
    cpu_s, wall_s = sum(process.cpu_times()[:2]) - cpu_s, time.monotonic() - wall_s
    for visitor in there:
        visitor.transport.abort()
    return sent / cpu_s, cpu_s / wall_s


def measure_speed() -> bool:
    """Ours and the bare server, in turn, three times; medians."""
    ours, bare = [], []
    for _ in range(3):
        with server(simulator(*SILENT)) as (url, process):
            ours.append(run(rate(url, process, 500, 5)))
            greeting = run(greeted(url))
        with server([sys.executable, "-c", BARE], greeting) as (url, process):
            bare.append(run(rate(url, process, 500, 5)))
    (ours_rate, ours_core), (bare_rate, bare_core) = sorted(ours)[1], sorted(bare)[1]
    print(f"speed   simulator {ours_rate:,.0f} commands per CPU s (had {ours_core:.0%} of its core)", end=", ")
    print(f"bare aiohttp {bare_rate:,.0f} ({bare_core:.0%}): {ours_rate / bare_rate:.2f}x (bound 0.5x)")
    return ours_rate >= 0.5 * bare_rate


async def greeted(url: str) -> str:
    """The `connected` that our server sends, for the other one to send too."""
    found: list[bytes] = []
    loop = asyncio.get_running_loop()
    host, port = url.removeprefix("ws://").split(":")
    _, visitor = await loop.create_connection(lambda: Visitor(0, lambda _: None), host, int(port))
    visitor.hears = lambda data, _: found.append(data)
    await asyncio.sleep(0.2)
    visitor.transport.write(masked(Connect("myauthstring", DOMAIN, "", "", "", "", "abcdefg12345")))
    await asyncio.sleep(0.5)
    visitor.transport.abort()
    whole = b"".join(found)
    return whole[whole.index(b'{"EventName":"connected"') :].decode()


async def crowd(url: str, process: psutil.Process, count: int) -> float:
    """Bytes a chat, with so many chats that have said and heard a few lines."""
    there = await visitors(url, 100)
    before = process.memory_info().rss
    there += await visitors(url, count)
    for visitor in there:
        visitor.prepare()
    for _ in range(5):
        for start in range(0, len(there), 500):
            for visitor in there[start : start + 500]:
                visitor.send_cycle()
            await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    grown = process.memory_info().rss - before
    for visitor in there:
        visitor.transport.abort()
    return grown / count


def measure_memory(count: int = 10_000) -> bool:
    """10,000 chats of five lines each."""
    with server(simulator(*SILENT)) as (url, process):
        each_bytes = run(crowd(url, process, count))
    print(f"memory  {count:,} chats with 5 lines each: {each_bytes / 1024:.1f} KB each (bound 40)")
    return each_bytes <= 40 * 1024


class Queuer(Visitor):
    """A visitor in the queue."""

    hello_brings = b'"queue"'


async def ticks(url: str, count: int, seconds: float) -> list[float]:
    """How far, in ms, each tick came from a whole number of seconds after the visitor's first."""
    there = await visitors(url, count, Queuer)
    await asyncio.sleep(1)
    first: dict[int, int] = {}
    off: list[float] = []

    def hear(number: int) -> Callable[[bytes, int], None]:
        def heard(data: bytes, at_ns: int) -> None:
            if b'"queue"' in data:
                since_ns = at_ns - first.setdefault(number, at_ns)
                off.append(abs((since_ns + 500_000_000) % 1_000_000_000 - 500_000_000) / 1e6)

        return heard

    for visitor in there:
        visitor.hears = hear(visitor.number)
    await asyncio.sleep(seconds)
    for visitor in there:
        visitor.transport.abort()
    return sorted(off)


def measure_queue(count: int = 5000, seconds: float = 10) -> bool:
    """5,000 in the queue behind one operator who is busy."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder, "queue.toml")
        site.write_text('extends = "default"\nqueue = { limit = 0, timeout = "60m" }\n', encoding="utf-8")
        with server(simulator("--site", str(site), "--operators", "1", "--max-chats", "1", *SILENT[:4])) as (
            url,
            process,
        ):
            run(visitors(url, 1))
            cpu_s = sum(process.cpu_times()[:2])
            off = run(ticks(url, count, seconds))
            cpu_s = sum(process.cpu_times()[:2]) - cpu_s
    print(f"queue   {count:,} waiting, {len(off) / seconds:,.0f} ticks/s", end=", ")
    print(
        f"off their second by p50 {off[len(off) // 2]:.1f}, p99 {off[len(off) * 99 // 100]:.1f}, "
        f"worst {off[-1]:.1f} ms (bound 100)"
    )
    return off[-1] <= 100 and len(off) >= 0.95 * count * seconds


def main() -> int:
    """Run what was asked for."""
    allow_many_sockets()
    measures = {"speed": measure_speed, "memory": measure_memory, "queue": measure_queue}
    asked = sys.argv[1:] or list(measures)
    if unknown := set(asked) - measures.keys():
        sys.exit(f"got {', '.join(sorted(unknown))}, expected some of {', '.join(measures)}")
    kept = [measures[name]() for name in asked]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
