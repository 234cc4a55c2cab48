from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest

from tests.client.dialling import closed_port, fails, release
from tests.client.kinds import MakeTarget, Reach, Serve
from tests.client.peers import Connection
from whoson_load.client import stream as stream_module
from whoson_load.client.dial import MAX_REDIRECTS, dial
from whoson_load.client.stream import MAX_UPGRADE_BYTES
from whoson_load.errors import ConnectError, Fault


def answers(text: str | bytes, stay: bool = False) -> Callable[[Connection], None]:
    """A script that reads the request, answers so and closes, or waits for the client to do so."""

    def script(connection: Connection) -> None:
        connection.read_head()
        connection.say(text if isinstance(text, bytes) else text.encode())
        if stay:
            connection.wait_for_the_end()

    return script


@pytest.mark.parametrize(
    "status, more",
    [
        (403, "Content-Length: 0\r\n"),
        (503, "Content-Length: 5\r\n\r\nlater"),
        (200, "Content-Type: text/html\r\nContent-Length: 100000000\r\n\r\n<html>"),
        (429, "Retry-After: 1\r\n"),
        (404, "Content-Length: -1\r\n"),
        (400, "Content-Length: many\r\n"),
        (101 + 1, ""),
        (300, ""),
        (304, ""),
    ],
)
@pytest.mark.parametrize("stay", [False, True])
def test_an_upgrade_that_is_answered_with_another_status(
    status: int, more: str, stay: bool, serve: Serve, reach_peer: Reach
) -> None:
    """The status is told at once, and no error page is waited for, however long it says it is."""
    ending = "" if "\r\n\r\n" in more else "\r\n"
    problem = fails(reach_peer, serve(answers(f"HTTP/1.1 {status} No\r\n{more}{ending}", stay)))
    assert (problem.fault, problem.http_status) == (Fault.UPGRADE_REFUSED, status)
    assert str(status) in problem.detail


@pytest.mark.parametrize(
    "text",
    [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "220 mail.example.com ESMTP\r\n\r\n",
        "\r\n\r\n",
        "\x00\x01\x02\r\n\r\n",
        b"\xff\xfe\r\n\r\n",
        "HTTP/1.1 ok\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nno header\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
    ],
)
def test_garbage_for_an_answer(text: str | bytes, serve: Serve, reach_peer: Reach) -> None:
    """Also an acceptance of somebody else's key."""
    problem = fails(reach_peer, serve(answers(text, stay=True)))
    assert problem.fault is Fault.INVALID_FRAME


@pytest.mark.parametrize(
    "text",
    [b"HTTP/1.1 101 X\r\nX-Long: " + b"x" * MAX_UPGRADE_BYTES, b"HTTP/1.1 101 X\r\n" + b"X-A: b\r\n" * 10_000],
)
def test_headers_without_end(text: bytes, serve: Serve, reach_peer: Reach) -> None:
    """Nobody keeps them."""
    problem = fails(reach_peer, serve(answers(text, stay=True)))
    assert problem.fault is Fault.INVALID_FRAME
    assert str(MAX_UPGRADE_BYTES) in problem.detail


def test_an_upgrade_that_is_never_answered(serve: Serve, reach_peer: Reach) -> None:
    """Ended by the connect deadline."""
    peer = serve(lambda connection: connection.wait_for_the_end())
    assert fails(reach_peer, peer, connect_s=0.1).fault is Fault.CONNECT_TIMEOUT


def test_an_answer_that_trickles(serve: Serve, reach_peer: Reach) -> None:
    """A byte now and then does not move the deadline."""
    over = threading.Event()

    def trickle(connection: Connection) -> None:
        while not over.wait(0.001):
            connection.say(b"H")

    peer = serve(trickle)
    assert fails(reach_peer, peer, connect_s=0.1).fault is Fault.CONNECT_TIMEOUT
    over.set()


def test_a_deadline_is_not_moved_by_bytes_that_are_always_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each read is asked first whether there is time left: a socket with data at hand would never time out."""

    class Always:
        def settimeout(self, seconds: float) -> None:
            assert seconds > 0

        def recv(self, _: int) -> bytes:
            return b"x"

    class Left:
        reads = 3

        def remaining_s(self) -> float:
            self.reads -= 1
            return float(self.reads)

    monkeypatch.setattr(stream_module, "KERNEL_STAMPS", False)
    stream = stream_module.Stream(Always(), Left())  # type: ignore[arg-type]
    assert stream.recv(10) == stream.recv(10) == b"x"
    with pytest.raises(TimeoutError):
        stream.recv(10)


@pytest.mark.parametrize("asked", [False, True])
def test_a_connection_that_is_reset(asked: bool, serve: Serve, reach_peer: Reach) -> None:
    """Before the request was read or after it."""

    def script(connection: Connection) -> None:
        if asked:
            connection.read_head()
        connection.reset()

    assert fails(reach_peer, serve(script)).fault is Fault.RESET


@pytest.mark.parametrize("text", ["", "HT", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: webso"])
def test_a_connection_that_ends_within_the_answer(text: str, serve: Serve, reach_peer: Reach) -> None:
    """Wherever."""
    assert fails(reach_peer, serve(answers(text))).fault is Fault.RESET


def redirects(location: str, status: int = 302) -> Callable[[Connection], None]:
    """A script that redirects."""
    return answers(f"HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n", stay=True)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_where_the_run_may_go_is_followed(status: int, serve: Serve, reach_peer: Reach) -> None:
    """With all headers, to another server of this machine, and from there by a relative location."""
    there = serve(redirects("there?c=d", status), lambda connection: connection.upgrade())
    here = serve(redirects(f"http://localhost:{there.port}/a/b", status))
    release(reach_peer(here, (("User-Agent", "Mozilla/5.0"),), headers=["X-Run: 7"]))
    assert [each.head.decode().split("\r\n")[0] for each in (*here.connections, *there.connections)] == [
        "GET / HTTP/1.1",
        "GET /a/b HTTP/1.1",
        "GET /a/there?c=d HTTP/1.1",
    ]
    assert all(
        (each.header("User-Agent"), each.header("X-Run")) == (["Mozilla/5.0"], ["7"]) for each in there.connections
    )


@pytest.mark.parametrize(
    "location", ["ws://192.0.2.1:9/", "http://example.com/", "//example.com", "ftp://localhost/", ""]
)
def test_a_redirect_to_where_the_run_may_not_go_is_not_followed(location: str, serve: Serve, reach_peer: Reach) -> None:
    """Nothing is looked up or dialled."""
    assert fails(reach_peer, serve(redirects(location))).fault is Fault.REDIRECTED


def test_a_redirect_without_location(serve: Serve, reach_peer: Reach) -> None:
    """Leads nowhere."""
    assert fails(reach_peer, serve(answers("HTTP/1.1 302 Found\r\n\r\n"))).fault is Fault.REDIRECTED


def test_redirects_in_a_circle(serve: Serve, reach_peer: Reach) -> None:
    """Are followed as often as websocket-client would, and no more."""
    peer = serve(redirects("/again"))
    assert fails(reach_peer, peer).fault is Fault.REDIRECTED
    assert len(peer.connections) == MAX_REDIRECTS + 1


def proxies(
    answer: bytes, then: Callable[[Connection], object] = lambda connection: None
) -> Callable[[Connection], None]:
    """A proxy's script: an answer to CONNECT, and what is on the other end of its tunnel."""

    def script(connection: Connection) -> None:
        connection.read_head()
        connection.asked = connection.head.decode()
        connection.say(answer)
        then(connection)

    return script


def test_a_proxy_that_connects(serve: Serve, reach_peer: Reach) -> None:
    """It is told the target and the user; the target is told neither."""
    proxy = serve(proxies(b"HTTP/1.1 200 Connection established\r\n\r\n", lambda connection: connection.upgrade()))
    through = f"http://me:pa%3Ass@127.0.0.1:{proxy.port}"
    release(reach_peer("ws://chat.invalid:8009/x", allowed=["chat.invalid"], proxy=through))
    (connection,) = proxy.connections
    assert connection.asked.split("\r\n") == [
        "CONNECT chat.invalid:8009 HTTP/1.1",
        "Host: chat.invalid:8009",
        "Proxy-Authorization: Basic bWU6cGE6c3M=",
    ]
    assert connection.head.decode().startswith("GET /x HTTP/1.1\r\nUpgrade: websocket\r\nHost: chat.invalid:8009\r\n")
    assert connection.header("Proxy-Authorization") == []


@pytest.mark.parametrize(
    "answer, status",
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n", 407),
        (b"HTTP/1.0 502 Bad Gateway\r\nContent-Length: 9\r\n\r\nno server", 502),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", 101),
        (b"HTTP/1.1 2000 No\r\n\r\n", None),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", None),
        (b"HELLO 200 there\r\n\r\n", None),
        (b"\x05\xff\r\n\r\n", None),
        (b"", None),
        (b"HTTP/1.1 20", None),
    ],
)
def test_a_proxy_that_does_not_connect(answer: bytes, status: int | None, serve: Serve, reach_peer: Reach) -> None:
    """Whatever it says instead, or when it just leaves; the password is in no message."""
    proxy = serve(proxies(answer))
    problem = fails(reach_peer, "ws://127.0.0.1:9", proxy=f"http://me:pa55@127.0.0.1:{proxy.port}")
    assert (problem.fault, problem.http_status) == (Fault.PROXY_REFUSED, status)
    assert "pa55" not in str(problem)


def test_a_proxy_that_is_silent_or_not_there(serve: Serve, reach_peer: Reach) -> None:
    """Ended by the connect deadline, or refused."""
    proxy = serve(lambda connection: connection.wait_for_the_end())
    problem = fails(reach_peer, "ws://127.0.0.1:9", proxy=f"http://127.0.0.1:{proxy.port}", connect_s=0.1)
    assert problem.fault is Fault.CONNECT_TIMEOUT
    problem = fails(reach_peer, "ws://127.0.0.1:9", proxy=f"http://127.0.0.1:{closed_port()}")
    assert problem.fault is Fault.REFUSED


def test_a_proxy_in_the_environment_is_not_used(
    serve: Serve, reach_peer: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load test goes where it was told to, through what it was told."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    release(reach_peer(serve(lambda connection: connection.upgrade())))


def test_dialling_over_ipv6(make_target: MakeTarget) -> None:
    """The address goes in brackets where it is written, and without where it is dialled."""
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 on this machine")
    heads: list[bytes] = []

    def serve_one() -> None:
        sock, _ = listener.accept()
        heads.append(sock.recv(65536))
        sock.close()

    thread = threading.Thread(target=serve_one)
    thread.start()
    port = listener.getsockname()[1]
    with pytest.raises(ConnectError) as told:
        dial(make_target(f"ws://[::1]:{port}/"), ())
    thread.join()
    listener.close()
    assert told.value.fault is Fault.RESET
    assert f"Host: [::1]:{port}\r\n".encode() in heads[0]
