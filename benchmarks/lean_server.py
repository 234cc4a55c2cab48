"""The least a server can do and still be a chat's other end: for benchmarks that measure the generator.

    python benchmarks/lean_server.py [--port 0]

Answers Connect, Hello, Message, Quit and PostChatSurvey with frames made beforehand, and checks nothing. Prints
`{"chat": ...}` when it is ready; ends with its standard input. It reads just as much of a frame as tells which command
it is.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import os
import struct
import sys
import time

_UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(event: dict[str, object]) -> bytes:
    """An unmasked text frame."""
    payload = json.dumps(event, separators=(",", ":")).encode()
    head = bytes((0x81, len(payload))) if len(payload) < 126 else struct.pack("!BBH", 0x81, 126, len(payload))
    return head + payload


def line(classname: str, content: str) -> bytes:
    """A newline event's frame."""
    return frame(
        {"EventName": "newline", "ChatUid": "gq0i7smlen", "Data": {"Classname": classname, "Content": content}}
    )


CONNECTED = frame(
    {
        "EventName": "connected",
        "ChatUid": None,
        "Data": {
            "SessionID": "2c61f576-330e-4127-af83-90809776fa9c",
            "Domain": "www.mycompany.com",
            "OperatorPreview": True,
        },
    }
)
ACCEPTED = (
    frame({"EventName": "accepted", "ChatUid": "gq0i7smlen", "Data": "Please wait."})
    + line("pagingmessage", "Please wait.")
    + frame(
        {"EventName": "operatorjoined", "ChatUid": "gq0i7smlen", "Data": {"Name": "Howard Williams", "IsBot": "False"}}
    )
)
SAYS = line("linesays", "Thomas says:")
ACKNOWLEDGED = frame({"EventName": "acknowledged", "ChatUid": "", "Data": ""})
_ECHO_HEAD = b'{"EventName":"newline","ChatUid":"gq0i7smlen","Data":{"Classname":"linev","Content":"'
_ECHO_TAIL = b'"}}'
# The first letter of a command tells those that are answered from the others; only P needs a second look.
_QUOTE_AT = len('{"Command":')


class LeanChat(asyncio.Protocol):
    """One visitor's connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.rest = b""
        self.open = False

    def data_received(self, data: bytes) -> None:
        data = self.rest + data if self.rest else data
        if not self.open:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self.rest = data
                return
            self.upgrade(data[:end])
            data = data[end + 4 :]
        at, available = 0, len(data)
        while available - at >= 6:
            size, start = data[at + 1] & 0x7F, at + 2
            if size == 126:
                size, start = int.from_bytes(data[start : start + 2], "big"), start + 2
            end = start + 4 + size
            if available < end:
                break
            if data[at] == 0x81:
                self.command(data, start, end)
            elif data[at] == 0x88:
                self.transport.write(b"\x88\x02\x03\xe8")
                self.transport.close()
            at = end
        self.rest = data[at:]

    def upgrade(self, head: bytes) -> None:
        for header in head.split(b"\r\n")[1:]:
            name, _, value = header.partition(b":")
            if name.lower() == b"sec-websocket-key":
                accept = base64.b64encode(hashlib.sha1(value.strip() + _MAGIC).digest())
                self.transport.write(_UPGRADED + accept + b"\r\n\r\n")
        self.open = True

    def command(self, data: bytes, start: int, end: int) -> None:
        # Compact JSON has the quote here; json.dumps has a space before it.
        at = _QUOTE_AT + (2 if data[start + 4 + _QUOTE_AT] ^ data[start + _QUOTE_AT % 4] == 32 else 1)
        first = data[start + 4 + at] ^ data[start + at % 4]
        if first == 77:  # Message
            payload = unmasked(data[start : start + 4], data[start + 4 : end])
            said = payload[payload.rindex(b'"', 0, -3) + 1 : -3]
            echo = _ECHO_HEAD + said + _ECHO_TAIL
            size = len(echo)
            head = bytes((0x81, size)) if size < 126 else struct.pack("!BBH", 0x81, 126, size)
            self.transport.write(SAYS + head + echo)
        elif first == 67:  # Connect
            self.transport.write(CONNECTED)
        elif first == 72:  # Hello
            self.transport.write(ACCEPTED)
        elif first == 80 and data[start + 5 + at] ^ data[start + (at + 1) % 4] == 111:  # PostChatSurvey, not Preview
            self.transport.write(ACKNOWLEDGED)


def unmasked(key: bytes, payload: bytes) -> bytes:
    """The payload as it was before it was masked."""
    size = len(payload)
    mask = int.from_bytes((key * (size // 4 + 1))[:size], "little")
    return (int.from_bytes(payload, "little") ^ mask).to_bytes(size, "little")


async def serve(port: int) -> None:
    """Serve until standard input ends; at the end print how much of a core it took."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(LeanChat, "127.0.0.1", port, backlog=4096)
    print(json.dumps({"chat": f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        # "cpu" asks for the CPU seconds used so far, so that a benchmark can tell the server's share of its own core.
        if line.strip() == "cpu":
            print(json.dumps({"cpu_s": time.process_time()}), flush=True)
    server.close()


def main() -> None:
    """Run the server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--core", type=int, help="run on this core only, where the platform can")
    options = parser.parse_args()
    port = options.port
    if options.core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {options.core})
    try:
        import uvloop
    except ImportError:  # not on Windows
        asyncio.run(serve(port))
    else:
        uvloop.run(serve(port))


if __name__ == "__main__":
    main()
