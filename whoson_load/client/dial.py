"""Opening a WebSocket: name, TCP, proxy, TLS and upgrade, each under one deadline and timed apart. What happens after the upgrade is
not known here.

The socket is opened here and handed to websocket-client for the upgrade only: the receive stamps and the TLS buffers need the raw socket.
"""

from __future__ import annotations

import base64
import errno
import ipaddress
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote

import websocket
from gevent import socket as green
from websocket import _handshake
from websocket._cookiejar import SimpleCookieJar

from whoson_load.clock import Deadline, monotonic_ns, wall_ns
from whoson_load.client.stamps import ANCILLARY_BYTES, KERNEL_STAMPS, request_stamps, stamp_ns
from whoson_load.client.target import Address, Target
from whoson_load.client.tls import Tls
from whoson_load.errors import ConfigError, ConnectError, Fault, GuardError

__all__ = ["ConnectParts", "Dialled", "dial", "reach"]

MAX_UPGRADE_BYTES = 64 * 1024
"""The most that is read before the upgrade is done, headers and an error page included. Invented."""

MAX_REDIRECTS = 3
"""As websocket-client follows by default."""

RESOLVED_FOR_S = 60.0
"""How long a name's addresses are kept: a look-up for every visitor would measure the resolver. Invented."""

_GENERATOR_LIMITS = frozenset({errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class ConnectParts:
    """How long each part of opening took, in nanoseconds.

    Attributes:
        tcp_ns: look-up, TCP and a proxy's tunnel.
        tls_ns: None without TLS.
        upgrade_ns: the upgrade request until the kernel had the answer.
    """

    tcp_ns: int
    tls_ns: int | None
    upgrade_ns: int


@dataclass(slots=True)
class Dialled:
    """An open WebSocket.

    Attributes:
        descriptor: of the raw, non-blocking socket; the caller owns it now.
        tls: its TLS, None without.
        rest: bytes behind the upgrade's answer that belong to frames already, decrypted.
        received_ns: when the kernel had them, wall clock.
        parts: how long it took.
    """

    descriptor: int
    tls: Tls | None
    rest: bytes
    received_ns: int
    parts: ConnectParts


_Found = tuple[int, Any]
"""A family and an address of it, as getaddrinfo gives them to connect."""


class _Redirected(Exception):
    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


def dial(target: Target, headers: Iterable[tuple[str, str]]) -> Dialled:
    """Open a WebSocket to a target, following redirects only where the target's rule allows.

    Args:
        headers: of this visitor, beside the target's own.

    Raises:
        ConnectError: it did not come about.
    """
    deadline = Deadline(target.deadlines.connect_s)
    address = target.address
    for _ in range(MAX_REDIRECTS + 1):
        try:
            return _dial(target, address, headers, deadline)
        except _Redirected as redirect:
            try:
                address = target.redirected(redirect.location)
            except (GuardError, ConfigError) as problem:
                raise ConnectError(Fault.REDIRECTED, str(problem)) from None
    raise ConnectError(Fault.REDIRECTED, f"got more than {MAX_REDIRECTS} redirects")


def _dial(target: Target, address: Address, headers: Iterable[tuple[str, str]], deadline: Deadline) -> Dialled:
    started_ns = monotonic_ns()
    stream = _Stream(_connected(target, address, deadline), deadline)
    try:
        if target.proxy is not None:
            _tunnel(stream, target.proxy, address)
        tcp_ns = monotonic_ns() - started_ns
        tls_ns = None
        if address.secure:
            started_ns = monotonic_ns()
            stream.start_tls(Tls(target.tls_context(), address.host))
            tls_ns = monotonic_ns() - started_ns
        asked_ns = wall_ns()
        _upgrade(stream, target, address, headers)
        parts = ConnectParts(tcp_ns, tls_ns, max(1, stream.received_ns - asked_ns))
        rest, received_ns = bytes(stream.buffer), stream.received_ns
        return Dialled(stream.detach(), stream.tls, rest, received_ns, parts)
    except ConnectError:
        raise
    except OSError as problem:
        raise _connect_error(problem) from None
    finally:
        stream.close()


_resolved: dict[tuple[str, int], tuple[Deadline, list[_Found]]] = {}


def _addresses(host: str, port: int) -> list[_Found]:
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        pass
    else:  # no resolver, and none of its threads
        return [(green.AF_INET, (host, port))] if version == 4 else [(green.AF_INET6, (host, port, 0, 0))]
    kept = _resolved.get((host, port))
    if kept is not None and not kept[0].passed:
        return kept[1]
    try:
        found = green.getaddrinfo(host, port, 0, green.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise ConnectError(Fault.UNRESOLVED, f"{host} has no address ({problem})") from None
    addresses: list[_Found] = [(family, address) for family, _, _, _, address in found]
    _resolved[host, port] = (Deadline(RESOLVED_FOR_S), addresses)
    return addresses


def _connected(target: Target, address: Address, deadline: Deadline) -> green.socket:
    host, port = address.host, address.port
    if target.proxy is not None:
        host, port = target.proxy.hostname or "", target.proxy.port or 80
    problem: OSError | None = None
    for family, where in _addresses(host, port):
        try:
            sock = green.socket(family, green.SOCK_STREAM)
        except OSError as limit:
            raise _connect_error(limit) from None
        try:
            request_stamps(sock)
            sock.setsockopt(green.IPPROTO_TCP, green.TCP_NODELAY, 1)
            sock.settimeout(deadline.remaining_s() or 0.001)
            sock.connect(where)
            return sock
        except OSError as refused:
            sock.close()
            problem = refused
        except BaseException:
            sock.close()
            raise
    raise _connect_error(problem or OSError(errno.EADDRNOTAVAIL, f"{host} has no address"))


def _connect_error(problem: OSError) -> ConnectError:
    said = problem.strerror or str(problem) or type(problem).__name__
    if isinstance(problem, ssl.SSLError):
        return ConnectError(Fault.TLS_FAILED, getattr(problem, "verify_message", "") or said)
    if isinstance(problem, TimeoutError):
        return ConnectError(Fault.CONNECT_TIMEOUT, "no WebSocket before the connect deadline")
    if problem.errno in _GENERATOR_LIMITS:
        return ConnectError(Fault.GENERATOR_LIMIT, said)
    if isinstance(problem, ConnectionResetError | BrokenPipeError | ConnectionAbortedError):
        return ConnectError(Fault.RESET, said)
    return ConnectError(Fault.REFUSED, said)


class _Stream:
    """A connected socket as websocket-client expects one: blocking for its greenlet, buffered, with TLS inside where there is any."""

    def __init__(self, sock: green.socket, deadline: Deadline) -> None:
        self._sock: green.socket | None = sock
        self._deadline = deadline
        self._left_bytes = MAX_UPGRADE_BYTES
        self.tls: Tls | None = None
        self.buffer = bytearray()
        self.received_ns = 0

    def start_tls(self, tls: Tls) -> None:
        received = b""
        while not tls.handshake(received):
            self._send(tls.outgoing())
            received = self._receive()
        self._send(tls.outgoing())
        self.tls = tls
        # What came behind the peer's last flight may be data already.
        self.buffer += tls.received(b"")

    def recv(self, size: int) -> bytes:
        while not self.buffer:
            data = self._receive()
            self.buffer += self.tls.received(data) if self.tls is not None else data
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken

    def send(self, data: bytes) -> int:
        self._send(self.tls.encrypted(data) if self.tls is not None else data)
        return len(data)

    def _receive(self) -> bytes:
        assert self._sock is not None
        self._sock.settimeout(self._deadline.remaining_s() or 0.001)
        stamp = 0
        if KERNEL_STAMPS:
            data, ancillary, _, _ = self._sock.recvmsg(16384, ANCILLARY_BYTES)
            stamp = stamp_ns(ancillary)
        else:
            data = self._sock.recv(16384)
        if not data:
            raise ConnectionResetError(errno.ECONNRESET, "the connection ended before the upgrade was done")
        self.received_ns = stamp or wall_ns()
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            raise ConnectError(Fault.INVALID_FRAME, f"got more than {MAX_UPGRADE_BYTES} bytes, expected an upgrade")
        return data

    def _send(self, data: bytes) -> None:
        assert self._sock is not None
        if data:
            self._sock.settimeout(self._deadline.remaining_s() or 0.001)
            self._sock.sendall(data)

    # What websocket-client asks of a socket beside recv and send.

    def gettimeout(self) -> float:
        return self._deadline.remaining_s() or 0.001

    def settimeout(self, timeout: float | None) -> None:
        """The deadline of the whole dial holds, whatever websocket-client would set."""

    def fileno(self) -> int:
        assert self._sock is not None
        return self._sock.fileno()

    def detach(self) -> int:
        assert self._sock is not None
        sock, self._sock = self._sock, None
        return sock.detach()

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None


def _tunnel(stream: _Stream, proxy: SplitResult, address: Address) -> None:
    host = f"[{address.host}]" if ":" in address.host else address.host
    lines = [f"CONNECT {host}:{address.port} HTTP/1.1", f"Host: {host}:{address.port}"]
    if proxy.username is not None:
        user = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(user.encode()).decode()}")
    stream.send(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += stream.recv(1)
    status = head.split(None, 2)[1:2]
    if not status or not status[0].startswith(b"2") or len(status[0]) != 3:
        code = int(status[0]) if status and status[0].isdigit() else None
        raise ConnectError(Fault.PROXY_REFUSED, f"the proxy answered CONNECT with {code or 'no status'}", code)


def _upgrade(stream: _Stream, target: Target, address: Address, headers: Iterable[tuple[str, str]]) -> None:
    ws = websocket.WebSocket(skip_utf8_validation=True, enable_multithread=False)
    lines = [f"{name}: {value}" for name, value in (*target.headers, *headers)]
    try:
        # No redirect is followed by websocket-client: it would dial by itself, past the target's rule.
        ws.connect(  # type: ignore[no-untyped-call]
            address.url, socket=stream, header=lines, redirect_limit=0, suppress_origin=_names_origin(lines)
        )
    except websocket.WebSocketBadStatusException as refused:
        raise ConnectError(
            Fault.UPGRADE_REFUSED, f"the upgrade was answered with HTTP {refused.status_code}", refused.status_code
        ) from None
    except websocket.WebSocketTimeoutException:
        raise TimeoutError from None
    except (websocket.WebSocketException, ValueError) as problem:
        answer = ws.handshake_response
        if answer is not None and answer.status in _REDIRECTS:
            raise _Redirected(str(answer.headers.get("location") or "")) from None
        raise ConnectError(Fault.INVALID_FRAME, f"the upgrade was not answered by one: {str(problem)[:120]}") from None
    finally:
        # websocket-client keeps cookies for the whole process: one visitor's would be sent by all others.
        _handshake.CookieJar = SimpleCookieJar()
        ws.sock = None


def _names_origin(lines: list[str]) -> bool:
    return any(line.lower().startswith("origin:") for line in lines)


def reach(target: Target) -> None:
    """See whether anybody listens at all, once, before a run begins: TCP only, nothing is sent.

    Raises:
        ConnectError: the name has no address, or nobody listens there.
    """
    deadline = Deadline(target.deadlines.connect_s)
    try:
        _connected(target, target.address, deadline).close()
    except OSError as problem:
        raise _connect_error(problem) from None
