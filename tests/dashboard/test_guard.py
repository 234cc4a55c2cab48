"""Who may see the live page."""

from __future__ import annotations

import pytest

from whoson_load.client.target import is_loopback
from whoson_load.dashboard.guard import refusal


@pytest.mark.parametrize(
    "peer, host, origin",
    [
        ("127.0.0.1", "127.0.0.1:8089", None),
        ("127.0.0.1", "localhost:8089", None),
        ("127.0.0.1", "LOCALHOST", None),
        ("127.0.0.1", "localhost.:8089", None),
        ("::1", "[::1]:8089", None),
        ("::ffff:127.0.0.1", "127.0.0.2:8089", None),
        ("127.0.0.1", "localhost:8089", "http://localhost:8089"),
        ("127.0.0.1", "localhost:8089", "https://LOCALHOST:8089"),
    ],
)
def test_this_machine_may_see_it(peer: str, host: str, origin: str | None) -> None:
    """By any of its own names, from a page of the same server."""
    assert refusal(peer, host, origin, is_loopback) == ""


@pytest.mark.parametrize(
    "peer, host, origin, said",
    [
        ("192.0.2.7", "localhost:8089", None, "got a request from 192.0.2.7, expected one from this machine"),
        (None, "localhost:8089", None, "got a request from nowhere"),
        ("127.0.0.1", "rebound.example.com:8089", None, "got a request to the host 'rebound.example.com:8089'"),
        ("127.0.0.1", "localhost.example.com", None, "got a request to the host"),
        ("127.0.0.1", "127.0.0.1.example.com", None, "got a request to the host"),
        ("127.0.0.1", "example.com@localhost", None, "got a request to the host"),
        ("127.0.0.1", "localhost/example.com", None, "got a request to the host"),
        ("127.0.0.1", "localhost#.example.com", None, "got a request to the host"),
        ("127.0.0.1", "[::1", None, "got a request to the host"),
        ("127.0.0.1", "", None, "got a request to the host ''"),
        ("127.0.0.1", "2130706433", None, "got a request to the host"),
        ("127.0.0.1", "localhost:8089", "http://example.com", "got a request of a page at 'http://example.com'"),
        ("127.0.0.1", "localhost:8089", "http://localhost:3000", "got a request of a page"),
        ("127.0.0.1", "localhost:8089", "null", "got a request of a page at 'null'"),
    ],
)
def test_nobody_else_may(peer: str | None, host: str, origin: str | None, said: str) -> None:
    """In one line that says what was got."""
    refused = refusal(peer, host, origin, is_loopback)
    assert refused.startswith(said)
    assert "\n" not in refused
