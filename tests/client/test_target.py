from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.client.targets import target
from whoson_load.client.target import (
    API_KEY_VARIABLE,
    AUTH_VARIABLE,
    EXAMPLE_API_KEY,
    EXAMPLE_AUTHENTICATION,
    Address,
    Target,
    read_address,
)
from whoson_load.errors import ConfigError


@pytest.mark.parametrize(
    "url, address",
    [
        ("ws://127.0.0.1:8009", Address("127.0.0.1", 8009, False, "/")),
        ("  ws://localhost:8009/ ", Address("localhost", 8009, False, "/")),
        ("WS://LOCALHOST:8009", Address("localhost", 8009, False, "/")),
        ("ws://localhost", Address("localhost", 80, False, "/")),
        ("wss://localhost", Address("localhost", 443, True, "/")),
        ("wss://[::1]:8443/chat?a=b&c=d", Address("::1", 8443, True, "/chat?a=b&c=d")),
        ("ws://localhost:65535?x=1", Address("localhost", 65535, False, "/?x=1")),
        ("ws://localhost:8009/a%20b#part", Address("localhost", 8009, False, "/a%20b")),
    ],
)
def test_an_address_is_read_from_its_url(url: str, address: Address) -> None:
    """Host, port, TLS and resource; a fragment is no server's business."""
    assert read_address(url) == address
    assert read_address(address.url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8009",
        "http://localhost:8009",
        "https://localhost:8009",
        "wsx://localhost",
        "//localhost:8009",
        "ws:localhost:8009",
        "ws://",
        "ws:///chat",
        "ws://:8009",
        "ws://localhost:0",
        "ws://localhost:65536",
        "ws://localhost:-1",
        "ws://localhost:port",
        "ws://[::1",
        "ws://::1:8009",
        "ws://[nonsense]:80",
        "ws://user@localhost",
        "ws://user:password@localhost",
        "ws://:password@localhost",
        "ws://@localhost",
        "ws://local host:8009",
        "ws://localhost:8009/a b",
        "ws://localhost:8009/\r\nX-Evil: 1",
        "ws://localhost:8009/caf\u00e9",
        "ws://m\u00fcller.example:8009",
        "ws://localhost\uff0eevil.test:80",
        "ws://localhost:8009/\x00",
    ],
)
def test_what_is_no_address_is_told_in_one_line(url: str) -> None:
    """What was got and what was expected."""
    with pytest.raises(ConfigError, match=r"^--host: got .*, expected ws://HOST:PORT or wss://HOST:PORT") as told:
        target(url)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        "ws://me:pa55word@localhost",
        "ws://me:pa55word@chat.example.com:8009/x",
        "ws://me:pa55/word@localhost:8009",
        "ws://me:pa55word@localhost:port",
        "https://me:pa55word@localhost",
        "me:pa55word@localhost:8009",
        "me:pa55word@ho\u2100st",
        "ws://me:pa55word@ho\u2100st",
        "ws:/me:pa55word@localhost",
    ],
)
@pytest.mark.parametrize("option", ["host", "proxy", "allowed"])
def test_a_password_in_a_url_is_never_shown(option: str, url: str) -> None:
    """Whatever else is wrong with it."""
    given: dict[str, Any] = {option: [url] if option == "allowed" else url}
    with pytest.raises(ConfigError) as told:
        target(**given)
    assert "pa55" not in str(told.value)
    assert "pa55" not in repr(told.value.__cause__)


@pytest.mark.parametrize(
    "proxy", ["https://127.0.0.1:3128", "socks5://127.0.0.1", "127.0.0.1:3128", "http://", "http://[::1", "http://h:0"]
)
def test_what_is_no_http_proxy_is_told_in_one_line(proxy: str) -> None:
    """Only HTTP proxies are asked to CONNECT."""
    with pytest.raises(ConfigError, match=r"^--proxy: got .*, expected http://HOST:PORT$"):
        target(proxy=proxy)


def test_secrets_come_from_the_environment_and_are_the_examples_on_this_machine_only() -> None:
    """What the simulator takes by default is used where nothing else can be meant."""
    assert (target().authentication, target().api_key) == ("s3cret-auth", "s3cret-key")
    without = target(environment={})
    assert (without.authentication, without.api_key) == (EXAMPLE_AUTHENTICATION, EXAMPLE_API_KEY)
    half = target(environment={AUTH_VARIABLE: "own"})
    assert (half.authentication, half.api_key) == ("own", EXAMPLE_API_KEY)


@pytest.mark.parametrize(
    "given, missing", [({}, "WHOSON_AUTH and WHOSON_API_KEY"), ({AUTH_VARIABLE: "x"}, "WHOSON_API_KEY")]
)
def test_a_server_elsewhere_needs_its_own_secrets(given: dict[str, str], missing: str) -> None:
    """The examples would only get this machine blacklisted there."""
    with pytest.raises(ConfigError, match=rf"^{missing}: not in the environment"):
        target("ws://chat.example.com", allowed=["chat.example.com"], environment=given)


def test_the_process_environment_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """As users set it."""
    monkeypatch.setenv(AUTH_VARIABLE, "from the environment")
    monkeypatch.delenv(API_KEY_VARIABLE, raising=False)
    assert Target.read("ws://localhost", domain="d").authentication == "from the environment"


def test_a_target_shown_shows_no_secret() -> None:
    """Neither the two strings, nor a proxy's password, nor a header that may be one."""
    shown = repr(target(proxy="http://me:pa55word@127.0.0.1:3128", headers=["Authorization: Bearer t0ken"]))
    for secret in ("s3cret-auth", "s3cret-key", "pa55word", "t0ken"):
        assert secret not in shown
    assert "127.0.0.1" in shown


@pytest.mark.parametrize(
    "line, header",
    [
        ("X-Forwarded-For: 198.18.0.1", ("X-Forwarded-For", "198.18.0.1")),
        ("Origin:https://www.example.com", ("Origin", "https://www.example.com")),
        ("  Cookie :  a=b; c=d  ", ("Cookie", "a=b; c=d")),
        ("X-Empty:", ("X-Empty", "")),
        ("Sec-WebSocket-Protocol: chat", ("Sec-WebSocket-Protocol", "chat")),
    ],
)
def test_a_header_is_read_as_name_and_value(line: str, header: tuple[str, str]) -> None:
    """Spaces around both do not count."""
    assert target(headers=[line]).headers == (header,)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no colon s3cret",
        ": s3cret",
        "two words: s3cret",
        "X-\u00c9: s3cret",
        "X:Y\r\nX-Evil: s3cret",
        "X: a\rs3cret",
        "X: a\ns3cret",
        "X\r\nY: s3cret",
        "X: \x00s3cret",
        "X: \x7fs3cret",
        "X: caf\u00e9 s3cret",
        "Host: s3cret",
        "upgrade: s3cret",
        "Connection: s3cret",
        "Sec-WebSocket-Key: s3cret",
        "sec-websocket-extensions: s3cret",
        "Sec-WebSocket-Version: s3cret",
    ],
)
def test_what_is_no_header_of_its_own_is_refused_without_showing_it(line: str) -> None:
    """Nothing is smuggled into the request, what the upgrade is made of is not doubled, and a value may be secret."""
    with pytest.raises(ConfigError, match=r"^--header") as told:
        target(headers=[line])
    assert "s3cret" not in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("host", ["ws://localhost", "wss://localhost"])
@pytest.mark.parametrize("content", [None, "no certificate", ""])
def test_certificates_that_cannot_be_read_are_told_before_the_run(
    host: str, content: str | None, tmp_path: Path
) -> None:
    """Also for ws, where a redirect may lead to wss."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=r"^--ca-file: cannot read .*ca.pem as certificates"):
        target(host, ca_file=str(file))


def test_all_visitors_share_one_tls_context() -> None:
    """One each would cost 20 ms and 0.9 MB."""
    one, other = target("wss://localhost:1"), target("wss://localhost:2")
    assert one.tls_context() is other.tls_context()
    assert one.tls_context() is not replace(one, insecure=True).tls_context()


def test_certificates_are_verified_unless_told_otherwise() -> None:
    """Name and chain both; `insecure` gives up both."""
    strict, lax = target().tls_context(), target(insecure=True).tls_context()
    assert (strict.verify_mode, strict.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert (lax.verify_mode, lax.check_hostname) == (ssl.CERT_NONE, False)
    assert strict.minimum_version >= ssl.TLSVersion.TLSv1_2
