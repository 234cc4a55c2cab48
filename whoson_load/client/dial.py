"""Opening a WebSocket: name, TCP, proxy, TLS and upgrade, under one deadline and timed apart.

Knows nothing of what happens after the upgrade. The socket is opened here and handed to websocket-client for the
upgrade only: the receive stamps and the TLS buffers need the raw socket.
"""

from __future__ import annotations

import base64
import errno
import ipaddress
import re
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote

import gevent
import websocket
from gevent import socket as green
from websocket import _handshake
from websocket._cookiejar import SimpleCookieJar

from whoson_load.client.stamps import request_stamps
from whoson_load.client.stream import HeadRead, Stream
from whoson_load.client.target import Address, Target, is_loopback
from whoson_load.client.tls import Tls
from whoson_load.clock import Deadline, monotonic_ns, wall_ns
from whoson_load.errors import ConfigError, ConnectError, Fault, GuardError

__all__ = ["ConnectParts", "Dialled", "dial", "open_stream", "reach"]

MAX_REDIRECTS = 3
"""As websocket-client follows by default."""

RESOLVED_FOR_S = 60.0
"""How long a name's addresses are kept: a look-up for every visitor would measure the resolver. Invented."""

_GENERATOR_LIMITS = frozenset({errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM})
_NO_SUCH_FAMILY = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? +(\d{3})(?!\d)")


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

    @property
    def all_ns(self) -> int:
        """All parts together."""
        return self.tcp_ns + (self.tls_ns or 0) + self.upgrade_ns


@dataclass(slots=True)
class Dialled:
    """An open WebSocket.

    Attributes:
        descriptor: of the raw, non-blocking socket; the caller owns it now.
        tls: its TLS, None without.
        rest: bytes behind the upgrade's answer that belong to frames already, decrypted.
        received_ns: when the kernel had the last of the answer or of them, wall clock.
        stamped: whether that is the kernel's own time; else it is the clock's right after a read.
        parts: how long it took.
    """

    descriptor: int
    tls: Tls | None
    rest: bytes
    received_ns: int
    stamped: bool
    parts: ConnectParts


_Where = tuple[Any, ...]
_Found = tuple[int, _Where]
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
                address = target.redirected(redirect.location, address)
            except (GuardError, ConfigError) as problem:
                raise ConnectError(Fault.REDIRECTED, str(problem)) from None
    raise ConnectError(Fault.REDIRECTED, f"got more than {MAX_REDIRECTS} redirects")


def _dial(target: Target, address: Address, headers: Iterable[tuple[str, str]], deadline: Deadline) -> Dialled:
    stream, tcp_ns, tls_ns = open_stream(target, address, deadline)
    try:
        asked_ns = wall_ns()
        _upgrade(stream, target, address, headers)
        parts = ConnectParts(tcp_ns, tls_ns, max(1, stream.received_ns - asked_ns))
        rest, received_ns = bytes(stream.buffer), stream.received_ns
        return Dialled(stream.detach(), stream.tls, rest, received_ns, stream.stamped, parts)
    except ConnectError:
        raise
    except OSError as problem:
        raise _connect_error(problem) from None
    finally:
        stream.close()


def open_stream(target: Target, address: Address, deadline: Deadline) -> tuple[Stream, int, int | None]:
    """Open a connection for HTTP: TCP, a proxy's tunnel, TLS. The address was checked by the target's rule before.

    Returns:
        The stream; how long TCP and the tunnel took; how long TLS did, None without. Nanoseconds.

    Raises:
        ConnectError: it did not come about.
    """
    started_ns = monotonic_ns()
    stream = Stream(_connected(target, address, deadline), deadline)
    try:
        if target.proxy is not None:
            _tunnel(stream, target.proxy, address)
        tcp_ns = monotonic_ns() - started_ns
        if not address.secure:
            return stream, tcp_ns, None
        started_ns = monotonic_ns()
        stream.start_tls(Tls(target.tls_context(), address.host.removesuffix(".")))
        return stream, tcp_ns, monotonic_ns() - started_ns
    except BaseException as problem:  # a visitor may be killed here
        stream.close()
        if isinstance(problem, OSError):
            raise _connect_error(problem) from None
        raise


_resolved: dict[tuple[str, int], tuple[Deadline, list[_Found]]] = {}


def _addresses(target: Target, host: str, port: int, deadline: Deadline) -> list[_Found]:
    found = _resolve(host, port, deadline)
    if not target.leaves_for(host):
        # The name was checked, but it is an address that is dialled.
        found = [each for each in found if is_loopback(str(each[1][0]))]
    if not found:
        raise ConnectError(Fault.UNRESOLVED, f"{host} has no address that may be dialled")
    return found


def _resolve(host: str, port: int, deadline: Deadline) -> list[_Found]:
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        pass
    else:  # no resolver, and none of its threads
        return [(green.AF_INET, (host, port))] if version == 4 else [(green.AF_INET6, (host, port, 0, 0))]
    kept = _resolved.get((host, port))
    if kept is not None and not kept[0].passed:
        return kept[1]
    late = ConnectError(Fault.CONNECT_TIMEOUT, f"{host} was not resolved before the connect deadline")
    try:
        with gevent.Timeout(deadline.remaining_s(), late):
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
    for family, where in _addresses(target, host, port, deadline):
        try:
            return _connected_to(family, where, deadline)
        except OSError as refused:
            # What the other family's address said tells more than that this machine does not have this family.
            if problem is None or problem.errno in _NO_SUCH_FAMILY:
                problem = refused
    raise _connect_error(problem or TimeoutError())


def _connected_to(family: int, where: _Where, deadline: Deadline) -> green.socket:
    sock = green.socket(family, green.SOCK_STREAM)
    try:
        request_stamps(sock)
        sock.setsockopt(green.IPPROTO_TCP, green.TCP_NODELAY, 1)
        sock.settimeout(deadline.remaining_s() or 0.001)
        sock.connect(where)
    except BaseException:  # a visitor may be killed here
        sock.close()
        raise
    return sock


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


def _tunnel(stream: Stream, proxy: SplitResult, address: Address) -> None:
    host = f"[{address.host}]" if ":" in address.host else address.host
    lines = [f"CONNECT {host}:{address.port} HTTP/1.1", f"Host: {host}:{address.port}"]
    if proxy.username is not None:
        user = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(user.encode()).decode()}")
    stream.send(("\r\n".join(lines) + "\r\n\r\n").encode())
    try:
        status = _status(stream.take_head())
    except ConnectionResetError:
        status = None
    if status is None or status // 100 != 2:
        raise ConnectError(Fault.PROXY_REFUSED, f"the proxy answered CONNECT with {status or 'no status'}", status)


def _status(head: bytes) -> int | None:
    found = _STATUS.match(head)
    return int(found[1]) if found is not None else None


class _NoCookies(SimpleCookieJar):
    """Forgets at once."""

    def add(self, set_cookie: str | None) -> None:
        """Keep nothing."""

    def set(self, set_cookie: str) -> None:
        """Keep nothing."""


# websocket-client keeps cookies for the whole process: one visitor's would be sent by all others.
_handshake.CookieJar = _NoCookies()


def _upgrade(stream: Stream, target: Target, address: Address, headers: Iterable[tuple[str, str]]) -> None:
    ws = websocket.WebSocket(skip_utf8_validation=True, enable_multithread=False)
    chosen = {name.lower() for name, _ in target.headers}
    own = [(name, value) for name, value in headers if name.lower() not in chosen]
    lines = [f"{name}: {value}" for name, value in (*target.headers, *own)]
    stream.head.clear()
    try:
        # No redirect is followed by websocket-client: it would dial by itself, past the target's rule.
        ws.connect(  # type: ignore[no-untyped-call]
            address.url, socket=stream, header=lines, redirect_limit=0, suppress_origin="origin" in chosen
        )
    except websocket.WebSocketTimeoutException:
        raise TimeoutError from None
    except (websocket.WebSocketException, HeadRead, ValueError):
        status = _status(bytes(stream.head))
        answer = ws.handshake_response
        if answer is not None and answer.status in _REDIRECTS:
            raise _Redirected(str(answer.headers.get("location") or "")) from None
        if status is not None and status != 101:
            raise ConnectError(Fault.UPGRADE_REFUSED, f"the upgrade was answered with HTTP {status}", status) from None
        raise ConnectError(Fault.INVALID_FRAME, "the upgrade was not answered as RFC 6455 says") from None
    finally:
        ws.sock = None


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
