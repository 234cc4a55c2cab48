from __future__ import annotations

import pytest

from tests.client.targets import target
from whoson_load.client.target import (
    Address,
    is_loopback,
)
from whoson_load.errors import ConfigError, GuardError

LOOPBACK = (
    "localhost",
    "LOCALHOST",
    "LocalHost.",
    "127.0.0.1",
    "127.255.255.254",
    "127.1.2.3",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1",
    "::FFFF:7f00:1",
)


ELSEWHERE = (
    "example.com",
    "localhost.example.com",
    "localhost.localdomain",
    "localhostx",
    "127.0.0.1.example.com",
    "127.0.0.1.nip.io",
    "0.0.0.0",
    "::",
    "128.0.0.1",
    "126.255.255.255",
    "10.0.0.1",
    "169.254.169.254",
    "192.168.0.1",
    "fe80::1",
    "::2",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    # Ways to write 127.0.0.1 that resolvers differ in: names, as long as nobody allows them.
    "2130706433",
    "127.1",
    "127.0.1",
    "0x7f.0.0.1",
    "0x7f000001",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.01",
    "127.0.0.1.",
    "",
)


@pytest.mark.parametrize("host", LOOPBACK)
def test_this_machine_may_always_be_dialled(host: str) -> None:
    """In each of its spellings, with nobody allowing it."""
    assert is_loopback(host)
    target().check(host)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_nothing_else_may_be_dialled_unless_it_is_named_a_second_time(host: str) -> None:
    """A look-alike of the loopback is not the loopback."""
    assert not is_loopback(host)
    with pytest.raises(GuardError, match=r"not on this machine"):
        target().check(host)


@pytest.mark.parametrize("host", [each for each in ELSEWHERE if each])
def test_a_host_that_was_named_a_second_time_may_be_dialled(host: str) -> None:
    """And no other with it."""
    allowing = target(allowed=[host])
    allowing.check(host)
    with pytest.raises(GuardError):
        allowing.check("other.example.com")


@pytest.mark.parametrize(
    "allowed, host",
    [
        ("Chat.Example.COM", "chat.example.com"),
        ("chat.example.com", "CHAT.example.com"),
        ("chat.example.com.", "chat.example.com"),
        ("chat.example.com", "chat.example.com."),
        (" chat.example.com ", "chat.example.com"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("10.0.0.1", "::ffff:10.0.0.1"),
    ],
)
def test_spelling_does_not_matter_to_what_was_allowed(allowed: str, host: str) -> None:
    """Case, a last dot, brackets and the ways to write IPv6 are no difference."""
    target(allowed=[allowed]).check(host)


@pytest.mark.parametrize(
    "allowed", ["chat.example.com:8009", "ws://chat.example.com", "chat.example.com/", "*", "a b", "user@host"]
)
def test_what_cannot_be_a_host_is_not_allowed_silently(allowed: str) -> None:
    """It would never match, and the user would wonder why."""
    with pytest.raises(ConfigError, match=r"--allow-target: got .*, expected a host name"):
        target(allowed=[allowed])


def test_a_subdomain_of_what_is_allowed_is_not_allowed() -> None:
    """Nor its parent."""
    allowing = target(allowed=["chat.example.com"])
    for host in ("a.chat.example.com", "example.com", "chat.example.com.evil.test", "evilchat.example.com"):
        with pytest.raises(GuardError):
            allowing.check(host)


def test_the_target_itself_passes_the_guard_before_anything_else() -> None:
    """Before secrets are asked for, files are read or names are looked up; and the way out is in the message."""
    with pytest.raises(GuardError, match=r"--allow-target chat.example.com"):
        target("wss://chat.example.com", environment={}, ca_file="/nowhere")
    assert target("wss://chat.example.com", allowed=["chat.example.com"]).address.port == 443


def test_a_proxy_passes_the_guard_as_well() -> None:
    """It is what is dialled."""
    with pytest.raises(GuardError, match=r"proxy.example.com"):
        target(proxy="http://proxy.example.com:3128")
    assert target(proxy="http://127.0.0.1:3128").proxy is not None
    assert target(proxy="http://proxy.example.com:3128", allowed=["proxy.example.com"]).proxy is not None


HERE = Address("127.0.0.1", 8009, False, "/chat")


@pytest.mark.parametrize(
    "location, address",
    [
        ("/other", Address("127.0.0.1", 8009, False, "/other")),
        ("/other?a=b", Address("127.0.0.1", 8009, False, "/other?a=b")),
        ("other", Address("127.0.0.1", 8009, False, "/other")),
        ("?a=b", Address("127.0.0.1", 8009, False, "/chat?a=b")),
        ("//localhost:9/x", Address("localhost", 9, False, "/x")),
        ("ws://localhost:9", Address("localhost", 9, False, "/")),
        ("http://localhost:9/x", Address("localhost", 9, False, "/x")),
        ("wss://[::1]/x", Address("::1", 443, True, "/x")),
        ("https://localhost", Address("localhost", 443, True, "/")),
        (" http://localhost:9/x ", Address("localhost", 9, False, "/x")),
    ],
)
def test_a_redirect_leads_where_its_location_says(location: str, address: Address) -> None:
    """Relative ones from where they came; http and https mean ws and wss."""
    assert target().redirected(location, HERE) == address


def test_a_relative_redirect_of_another_server_stays_with_that_server() -> None:
    """Not with the run's target."""
    at = Address("localhost", 9, False, "/a/b")
    assert target().redirected("c", at) == Address("localhost", 9, False, "/a/c")
    assert target().redirected("/c") == Address("127.0.0.1", 8009, False, "/c")


@pytest.mark.parametrize(
    "location", ["", " ", "ftp://localhost/", "ws://user@localhost/", "ws://localhost:0/", "http://["]
)
def test_a_redirect_to_nowhere_is_refused(location: str) -> None:
    """It names itself, not the user's option."""
    with pytest.raises(ConfigError, match=r"redirect"):
        target().redirected(location, HERE)


@pytest.mark.parametrize(
    "location", ["ws://example.com/", "//example.com/", "http://127.0.0.1.nip.io/", "ws://2130706433/"]
)
def test_a_redirect_passes_the_guard(location: str) -> None:
    """A server must not be able to point a load test at others."""
    with pytest.raises(GuardError, match=r"not on this machine"):
        target().redirected(location, HERE)


def test_a_redirect_never_leads_out_of_tls() -> None:
    """The secrets would travel in the clear."""
    with pytest.raises(GuardError, match=r"expected TLS"):
        target().redirected("ws://localhost:9/", Address("localhost", 8443, True, "/"))
