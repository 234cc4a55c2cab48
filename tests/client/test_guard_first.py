"""The guard speaks before anything is asked of a resolver or a network, whoever names the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from gevent import socket as green

from tests.client.dialling import release
from tests.client.kinds import Reach, Serve
from tests.client.peers import Connection
from tests.client.targets import target
from whoson_load.client import dial as dial_module
from whoson_load.client.dial import reach
from whoson_load.client.target import Target
from whoson_load.client.upload import upload
from whoson_load.errors import ConnectError, Fault, GuardError
from whoson_load.measurement.recorder import Recorder
from whoson_load.protocol.site import Site

Acts = list[tuple[str, str]]
ELSEWHERE = "chat.example.com"


@pytest.fixture
def acts(monkeypatch: pytest.MonkeyPatch) -> Acts:
    """What is done from now on, in its order: (allowed | refused | resolved | dialled, host or address)."""
    done: Acts = []
    check, resolve = Target.check, green.getaddrinfo

    def watched_check(self: Target, host: str) -> None:
        try:
            check(self, host)
        except GuardError:
            done.append(("refused", host))
            raise
        done.append(("allowed", host))

    def watched_resolve(host: str, *more: Any) -> Any:  # noqa: ANN401  # as getaddrinfo has them
        done.append(("resolved", host))
        return resolve(host, *more)

    class WatchedSocket(green.socket):
        def connect(self, address: Any) -> None:  # noqa: ANN401  # of either family
            done.append(("dialled", address[0]))
            super().connect(address)

    monkeypatch.setattr(Target, "check", watched_check)
    monkeypatch.setattr(green, "getaddrinfo", watched_resolve)
    monkeypatch.setattr(green, "socket", WatchedSocket)
    monkeypatch.setattr(dial_module, "_resolved", {})
    return done


def redirects(location: str) -> Callable[[Connection], None]:
    """A script that redirects."""

    def script(connection: Connection) -> None:
        connection.read_head()
        connection.say(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())

    return script


@pytest.mark.parametrize(
    "host, options",
    [
        (f"ws://{ELSEWHERE}", {}),
        (f"wss://{ELSEWHERE}:8443/x", {"allowed": ["chat.example.org"]}),
        ("ws://localhost", {"proxy": f"http://{ELSEWHERE}:3128"}),
    ],
)
def test_a_target_that_is_refused_is_neither_looked_up_nor_dialled(
    host: str, options: dict[str, Any], acts: Acts
) -> None:
    """The server's host, or the proxy's."""
    with pytest.raises(GuardError):
        target(host, **options)
    assert acts[-1] == ("refused", ELSEWHERE)
    assert {act for act, _ in acts} <= {"allowed", "refused"}


def test_a_target_that_is_allowed_is_looked_up_and_dialled_afterwards(serve: Serve, acts: Acts) -> None:
    """So what the other tests do not see would be seen."""
    peer = serve(lambda connection: connection.wait_for_the_end())
    reach(target(f"ws://localhost:{peer.port}"))
    assert acts[:2] == [("allowed", "localhost"), ("resolved", "localhost")]
    assert ("dialled", "127.0.0.1") in acts[2:]


def test_a_redirect_is_looked_up_once_it_is_allowed(serve: Serve, reach_peer: Reach, acts: Acts) -> None:
    """Not before, although the server that sent it may be dialled."""
    there = serve(lambda connection: connection.upgrade())
    here = serve(redirects(f"http://localhost:{there.port}/"))
    release(reach_peer(here))
    assert acts[:4] == [
        ("allowed", "127.0.0.1"),
        ("dialled", "127.0.0.1"),
        ("allowed", "localhost"),
        ("resolved", "localhost"),
    ]


def test_a_redirect_that_is_refused_is_neither_looked_up_nor_dialled(
    serve: Serve, reach_peer: Reach, acts: Acts
) -> None:
    """Only its server was."""
    with pytest.raises(ConnectError) as told:
        reach_peer(serve(redirects(f"http://{ELSEWHERE}/")))
    assert told.value.fault is Fault.REDIRECTED
    assert acts == [("allowed", "127.0.0.1"), ("dialled", "127.0.0.1"), ("refused", ELSEWHERE)]


def test_a_store_that_is_refused_is_neither_looked_up_nor_dialled(recorder: Recorder, acts: Acts) -> None:
    """Whatever the server says where files go."""
    site = Site(domain="www.mycompany.com", web_services_url=f"https://{ELSEWHERE}/whosoncharts/")
    with pytest.raises(ConnectError) as told:
        upload(target("ws://127.0.0.1:8009"), site, "a.pdf", b"content", recorder)
    assert told.value.fault is Fault.REDIRECTED
    assert acts == [("allowed", "127.0.0.1"), ("refused", ELSEWHERE)]
