"""The server around the chats: listening sockets, the upgrade, the pages of plain HTTP, start and end.

Knows nothing of what is said in a chat.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import socket
import ssl
from collections.abc import Mapping
from typing import NamedTuple

from aiohttp import web

from whoson_load.clock import monotonic_ns
from whoson_load.errors import ConfigError
from whoson_load.simulator.complaints import complaints
from whoson_load.simulator.connection import Connection, reset
from whoson_load.simulator.control import control_app
from whoson_load.simulator.policy import Caller
from whoson_load.simulator.scheduler import LoopScheduler
from whoson_load.simulator.settings import Settings
from whoson_load.simulator.switchboard import Switchboard
from whoson_load.simulator.web import DocumentPages

__all__ = ["Addresses", "Server"]

_BACKLOG = 4096
_WEB_PATH = "/whosoncharts/"


class Addresses(NamedTuple):
    """Where the server is.

    Attributes:
        chat: a ws or wss URL.
        control: an http URL, on loopback.
    """

    chat: str
    control: str


class Server:
    """A WhosOn server in this process's event loop.

    Args:
        settings: of the site, paces applied.
        seed: of all randomness.
        host, port: of the chats; port 0 picks a free one.
        control_port: of the control side, always on loopback; 0 picks a free one, None takes the one above `port`.
        tls: of the chats, None for none.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        seed: int = 0,
        host: str = "127.0.0.1",
        port: int = 8009,
        control_port: int | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._seed = seed
        self._host = host
        self._port = port
        self._control_port = control_port
        self._tls = tls
        self._runners: list[web.AppRunner] = []
        self._connections: set[Connection] = set()
        self._scheduler: LoopScheduler | None = None
        self._started_ns = 0

    async def start(self) -> Addresses:
        """Listen.

        Raises:
            ConfigError: a port cannot be had.
        """
        loop = asyncio.get_running_loop()
        self._scheduler = LoopScheduler(loop)
        self._started_ns = monotonic_ns()
        listener, port = _listen(self._host, self._port)
        shown_host = f"[{self._host}]" if ":" in self._host else self._host
        if self._host in ("0.0.0.0", "::"):
            shown_host = "127.0.0.1"
        web_url = f"{'https' if self._tls else 'http'}://{shown_host}:{port}{_WEB_PATH}"
        self.switchboard = Switchboard(self._settings, web_url, self._scheduler, self._seed)
        loop.set_exception_handler(self._count_error)
        control_port = port + 1 if self._control_port is None else self._control_port
        try:
            control_listener, control_port = _listen("127.0.0.1", control_port)
        except ConfigError:
            listener.close()
            raise
        pages = DocumentPages(self.switchboard.documents)
        app = web.Application()
        app.router.add_post(f"{_WEB_PATH}cannedresponseservice.asmx", pages.service)
        app.router.add_get(f"{_WEB_PATH}document.aspx", pages.document)
        app.router.add_get("/{anything:.*}", self._chat)
        await self._serve(app, listener, self._tls)
        await self._serve(control_app(self), control_listener, None)
        return Addresses(f"{'wss' if self._tls else 'ws'}://{shown_host}:{port}", f"http://127.0.0.1:{control_port}")

    async def stop(self) -> None:
        """Drop all connections and listen no more."""
        if self._scheduler is not None:
            self._scheduler.close()
        for connection in list(self._connections):
            connection.leave()
        for runner in self._runners:
            await runner.cleanup()

    @property
    def uptime_s(self) -> float:
        """Seconds since the start."""
        return (monotonic_ns() - self._started_ns) / 1e9

    @property
    def connections(self) -> int:
        """How many WebSockets are open."""
        return len(self._connections)

    @property
    def event_loop(self) -> str:
        """Whose loop this runs on: "uvloop" or "asyncio"."""
        return type(asyncio.get_running_loop()).__module__.partition(".")[0]

    async def _serve(self, app: web.Application, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        runner = web.AppRunner(
            app,
            access_log=None,
            logger=complaints(self.switchboard.floor.counts),
            handle_signals=False,
            keepalive_timeout=15,
        )
        await runner.setup()
        self._runners.append(runner)
        await web.SockSite(runner, listener, ssl_context=tls, backlog=_BACKLOG, shutdown_timeout=0.1).start()

    # ------------------------------------------------------------------ the upgrade

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        transport, protocol = request.transport, request.protocol
        if transport is None:
            raise web.HTTPBadRequest
        key = _upgrade_key(request.headers)
        if key is None:
            raise web.HTTPUpgradeRequired(
                headers={"Upgrade": "websocket", "Sec-WebSocket-Version": "13"}, text="expected a WebSocket upgrade\n"
            )
        peer = transport.get_extra_info("peername")
        caller = Caller.of(
            peer[0] if peer else "",
            ",".join(request.headers.getall("X-Forwarded-For", request.headers.getall("X-Forward-For", []))),
            request.headers.get("User-Agent", ""),
            trusted=self._settings.access.trust_forwarded,
        )
        faults = self.switchboard.faults
        if delay_ns := faults.accept_delay_ns():
            await asyncio.sleep(delay_ns / 1e9)
            if transport.is_closing():
                raise web.HTTPBadRequest
        if status := faults.refused_upgrade():
            return web.Response(status=status, text="a fault was asked for\n")
        problem = self.switchboard.objection(caller)
        refusal = self._settings.access.refusal
        if problem is not None and refusal == "http403":
            raise web.HTTPForbidden(text=f"{problem}\n")
        # aiohttp shall take the connection for lost: it lets go of the transport, which stays open in our hands.
        protocol.transport = None
        protocol.connection_lost(None)
        if problem is not None and refusal == "reset":
            reset(transport)
        else:
            transport.write(_switching(key))
            connection = Connection(self.switchboard, caller, problem, self._connections.discard)
            self._connections.add(connection)
            connection.take_over(transport)
        return web.Response()

    def _count_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        self.switchboard.floor.counts.incidents["internal_errors"] += 1
        loop.default_exception_handler(context)


def _listen(host: str, port: int) -> tuple[socket.socket, int]:
    """A listening socket and its port.

    Raises:
        ConfigError: it cannot be had.
    """
    if port > 65535:
        raise ConfigError(f"there is no port {port} for the control side, expected --control-port")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as problem:
        what = os.strerror(problem.errno) if problem.errno and problem.errno > 0 else problem.strerror
        raise ConfigError(f"cannot listen on {host} port {port}: {what}") from None
    listener.setblocking(False)
    return listener, listener.getsockname()[1]


def _upgrade_key(headers: Mapping[str, str]) -> bytes | None:
    """The key of a valid upgrade request, None for any other request."""
    tokens = {token.strip().lower() for token in headers.get("Connection", "").split(",")}
    if "upgrade" not in tokens or headers.get("Upgrade", "").lower() != "websocket":
        return None
    key = headers.get("Sec-WebSocket-Key", "").strip()
    try:
        valid = len(base64.b64decode(key, validate=True)) == 16
    except ValueError:
        valid = False
    return key.encode() if valid and headers.get("Sec-WebSocket-Version", "") == "13" else None


_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


def _switching(key: bytes) -> bytes:
    accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
