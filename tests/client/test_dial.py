from __future__ import annotations

import errno
import socket

import pytest

from tests.client.dialling import closed_port, fails, release
from tests.client.kinds import MakeTarget, Reach, Serve
from whoson_load.client import dial as dial_module
from whoson_load.client.dial import reach
from whoson_load.errors import ConnectError, Fault


def test_the_parts_of_opening_are_timed_apart(serve: Serve, reach_peer: Reach) -> None:
    """Without TLS there is none of it; what stands behind the upgrade's answer is handed on."""
    dialled = reach_peer(serve(lambda connection: connection.upgrade(behind=b"\x81\x02{}")))
    release(dialled)
    assert dialled.rest == b"\x81\x02{}"
    assert dialled.tls is None
    assert dialled.parts.tls_ns is None
    assert dialled.parts.tcp_ns > 0
    assert dialled.parts.upgrade_ns > 0
    assert dialled.received_ns > 0


def test_the_request_asks_for_the_resource_with_the_runs_and_the_visitors_headers(
    serve: Serve, reach_peer: Reach
) -> None:
    """Each once: a header of the run wins over the visitor's own of that name."""
    peer = serve(lambda connection: connection.upgrade())
    visitor = (("User-Agent", "Mozilla/5.0"), ("X-Forwarded-For", "198.18.0.1"))
    options = {"headers": ["X-Run: 7", "x-forwarded-for: 198.18.9.9", "Origin: https://www.example.com"]}
    release(reach_peer(f"{peer.url}/chat?a=b", visitor, **options))
    connection = peer.connections[0]
    assert connection.head.decode().startswith("GET /chat?a=b HTTP/1.1\r\n")
    expected = {
        "Host": f"127.0.0.1:{peer.port}",
        "User-Agent": "Mozilla/5.0",
        "X-Forwarded-For": "198.18.9.9",
        "X-Run": "7",
        "Origin": "https://www.example.com",
    }
    assert {name: connection.header(name) for name in expected} == {name: [value] for name, value in expected.items()}
    assert connection.header("Cookie") == []


def test_cookies_of_one_visitor_are_not_sent_by_the_next(serve: Serve, reach_peer: Reach) -> None:
    """websocket-client would keep them for the whole process; one that no cookie may be is no trouble either."""
    for cookie in (
        "session=first; Domain=127.0.0.1",
        "session=first; Domain=.0.0.1; Path=/",
        "a(b)=c; Domain=127.0.0.1",
    ):
        script = lambda connection, cookie=cookie: connection.upgrade(more=f"\r\nSet-Cookie: {cookie}")  # noqa: E731
        peer = serve(script)
        for _ in range(2):
            release(reach_peer(peer))
        assert [connection.header("Cookie") for connection in peer.connections] == [[], []]


def test_nobody_listens(reach_peer: Reach, make_target: MakeTarget) -> None:
    """Refused, for a visitor as for the look before a run."""
    url = f"ws://127.0.0.1:{closed_port()}"
    assert fails(reach_peer, url).fault is Fault.REFUSED
    with pytest.raises(ConnectError) as told:
        reach(make_target(url))
    assert told.value.fault is Fault.REFUSED


def test_somebody_listens(serve: Serve, make_target: MakeTarget) -> None:
    """The look before a run sends nothing, and leaves nothing open."""
    peer = serve(lambda connection: connection.wait_for_the_end())
    reach(make_target(peer.url))


def test_a_name_without_address(reach_peer: Reach) -> None:
    """Reserved by RFC 2606 never to have one."""
    problem = fails(reach_peer, "ws://whoson-load.invalid", allowed=["whoson-load.invalid"])
    assert problem.fault is Fault.UNRESOLVED
    assert "whoson-load.invalid" in problem.detail


def test_a_resolver_that_does_not_answer(reach_peer: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connect deadline holds for the name, too."""
    never = dial_module.gevent.get_hub().switch
    monkeypatch.setattr(dial_module.green, "getaddrinfo", lambda *arguments: never())
    problem = fails(reach_peer, "ws://slow.invalid", allowed=["slow.invalid"], connect_s=0.05)
    assert problem.fault is Fault.CONNECT_TIMEOUT


def test_a_name_that_was_checked_is_not_dialled_elsewhere(reach_peer: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    """`localhost` is allowed as this machine: whatever a resolver makes of it, nothing beyond it is dialled."""
    dialled: list[object] = []
    found = [(socket.AF_INET, 1, 6, "", ("192.0.2.1", 9)), (socket.AF_INET6, 1, 6, "", ("2001:db8::1", 9, 0, 0))]
    monkeypatch.setattr(dial_module.green, "getaddrinfo", lambda *arguments: found)
    monkeypatch.setattr(dial_module, "_connected_to", lambda family, where, deadline: dialled.append(where))
    monkeypatch.setattr(dial_module, "_resolved", {})
    assert fails(reach_peer, "ws://localhost:9").fault is Fault.UNRESOLVED
    assert dialled == []


@pytest.mark.parametrize("allowed", ["2130706433", "127.1", "0x7f.1"])
def test_an_odd_spelling_of_an_address_is_dialled_only_when_allowed(
    allowed: str, serve: Serve, reach_peer: Reach
) -> None:
    """Then it is a name like any other, whatever the resolver makes of it."""
    peer = serve(lambda connection: connection.upgrade())
    release(reach_peer(f"ws://{allowed}:{peer.port}", allowed=[allowed]))


def test_a_names_addresses_are_kept_for_a_while(
    serve: Serve, reach_peer: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look-up for each visitor would measure the resolver."""
    asked: list[object] = []
    peer = serve(lambda connection: connection.upgrade())

    def getaddrinfo(host: str, port: int, *_: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(dial_module.green, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(dial_module, "_resolved", {})
    for _ in range(3):
        release(reach_peer(f"ws://localhost:{peer.port}"))
    assert asked == ["localhost"]
    monkeypatch.setattr(dial_module.Deadline, "passed", True)
    release(reach_peer(f"ws://localhost:{peer.port}"))
    assert asked == ["localhost"] * 2


def test_the_next_address_is_tried_when_the_first_refuses(
    serve: Serve, reach_peer: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As browsers do with names that have several."""
    peer, closed = serve(lambda connection: connection.upgrade()), closed_port()
    found = [(socket.AF_INET, 1, 6, "", ("127.0.0.1", port)) for port in (closed, peer.port)]
    monkeypatch.setattr(dial_module.green, "getaddrinfo", lambda *arguments: found)
    monkeypatch.setattr(dial_module, "_resolved", {})
    release(reach_peer("ws://localhost:9"))


@pytest.mark.parametrize("number", [errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT])
def test_a_missing_address_family_is_no_limit_of_this_machine(
    number: int, reach_peer: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where IPv6 is switched off, what IPv4 said counts, whichever was tried first."""

    def connected_to(family: int, *_: object) -> None:
        raise OSError(number, "no") if family == socket.AF_INET6 else ConnectionRefusedError(errno.ECONNREFUSED, "no")

    both = [(socket.AF_INET6, 1, 6, "", ("::1", 9, 0, 0)), (socket.AF_INET, 1, 6, "", ("127.0.0.1", 9))]
    monkeypatch.setattr(dial_module, "_connected_to", connected_to)
    for found in (both, both[::-1]):
        monkeypatch.setattr(dial_module.green, "getaddrinfo", lambda *arguments, found=found: found)
        monkeypatch.setattr(dial_module, "_resolved", {})
        assert fails(reach_peer, "ws://localhost:9").fault is Fault.REFUSED


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM])
def test_this_machines_own_limits_are_not_the_targets_fault(
    number: int, reach_peer: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No descriptor or no port left."""

    def no_socket(*_: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(dial_module.green, "socket", no_socket)
    assert fails(reach_peer, "ws://127.0.0.1:9").fault is Fault.GENERATOR_LIMIT
