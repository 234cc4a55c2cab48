"""The server a run talks to, and the rule that says which addresses may be dialled at all. Opens no connection itself."""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from whoson_load.errors import ConfigError, GuardError

__all__ = ["API_KEY_VARIABLE", "AUTH_VARIABLE", "Address", "Deadlines", "Target", "is_loopback"]

AUTH_VARIABLE = "WHOSON_AUTH"
"""The environment variable that holds the server's authentication string."""

API_KEY_VARIABLE = "WHOSON_API_KEY"
"""The environment variable that holds the API key."""

EXAMPLE_AUTHENTICATION, EXAMPLE_API_KEY = "myauthstring", "abcdefg12345"
"""What the examples of the WhosOn Chat API specification, and so the simulator, use: no secrets."""

_DEFAULT_PORTS = {"ws": 80, "wss": 443, "http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a connection goes.

    Attributes:
        host: a name or an address, without brackets.
        port: 1 to 65535.
        secure: whether TLS is spoken.
        resource: path and query, at least "/".
    """

    host: str
    port: int
    secure: bool
    resource: str

    @property
    def url(self) -> str:
        """The address as a ws or wss URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'wss' if self.secure else 'ws'}://{host}:{self.port}{self.resource}"


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a visitor's browser waits for a server before it calls it silent.

    Attributes:
        connect_s: for TCP, proxy, TLS and upgrade together.
        reply_s: for the event that a command calls for.
        idle_s: for anything at all, while a chat is open.
        close_s: for the server's half of the closing handshake.
    """

    connect_s: float = 10.0
    reply_s: float = 30.0
    idle_s: float = 600.0
    close_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Target:
    """A WhosOn server, as every visitor of a run sees it.

    Attributes:
        address: where it listens.
        domain: the site's, as set up on the server.
        authentication: the server's authentication string; never shown.
        api_key: never shown.
        allowed: hosts beside the loopback that may be dialled, lower case.
        proxy: an HTTP proxy that is asked to CONNECT, or None. May carry user and password; never shown.
        ca_file: certificates to trust instead of the system's, or None.
        insecure: whether certificates go unchecked.
        headers: further headers of the upgrade request, for all visitors.
        forward_visitor_ip: whether each visitor's address goes out as X-Forwarded-For.
        deadlines: how long to wait for it.
    """

    address: Address
    domain: str
    authentication: str = field(repr=False)
    api_key: str = field(repr=False)
    allowed: frozenset[str] = frozenset()
    proxy: SplitResult | None = field(default=None, repr=False)
    ca_file: str | None = None
    insecure: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    forward_visitor_ip: bool = False
    deadlines: Deadlines = Deadlines()

    @classmethod
    def read(
        cls,
        host: str,
        *,
        domain: str,
        environment: Mapping[str, str] | None = None,
        allowed: Iterable[str] = (),
        proxy: str | None = None,
        ca_file: str | None = None,
        insecure: bool = False,
        headers: Iterable[str] = (),
        forward_visitor_ip: bool = False,
        deadlines: Deadlines | None = None,
    ) -> Target:
        """Read a target from what a user wrote; nothing is looked up or sent.

        Args:
            host: ws://HOST[:PORT][/PATH] or wss://...
            environment: where the two secrets come from; None for the process's own. On the loopback a missing one is the specification's
                example, which is what `whoson-load simulate` takes by default.
            headers: "Name: value" each.

        Raises:
            ConfigError: something of it is not of the form described, or a secret is missing.
            GuardError: the host or the proxy is neither loopback nor allowed.
        """
        environment = os.environ if environment is None else environment
        address = read_address(host)
        target = cls(
            address=address,
            domain=domain,
            authentication=environment.get(AUTH_VARIABLE, ""),
            api_key=environment.get(API_KEY_VARIABLE, ""),
            allowed=frozenset(each.strip().lower().strip("[]") for each in allowed if each.strip()),
            proxy=_read_proxy(proxy) if proxy else None,
            ca_file=ca_file or None,
            insecure=insecure,
            headers=tuple(_read_header(each) for each in headers),
            forward_visitor_ip=forward_visitor_ip,
            deadlines=deadlines or Deadlines(),
        )
        target.check(address.host)
        if target.proxy is not None:
            target.check(target.proxy.hostname or "")
        if address.secure:
            target.tls_context()
        return target._with_secrets()

    def _with_secrets(self) -> Target:
        missing = [
            name
            for name, value in ((AUTH_VARIABLE, self.authentication), (API_KEY_VARIABLE, self.api_key))
            if not value
        ]
        if missing and not is_loopback(self.address.host):
            raise ConfigError(f"{' and '.join(missing)}: not in the environment, expected the secrets of {self.address.host}")
        return replace(
            self,
            authentication=self.authentication or EXAMPLE_AUTHENTICATION,
            api_key=self.api_key or EXAMPLE_API_KEY,
        )

    def check(self, host: str) -> None:
        """Refuse a host this run may not dial. Every address passes here first: the target's, a proxy's, a redirect's, an upload's.

        Raises:
            GuardError: it is neither loopback nor allowed.
        """
        if not is_loopback(host) and host.lower() not in self.allowed:
            raise GuardError(
                f"the target {host} is not on this machine; name it a second time to allow it: --allow-target {host}"
            )

    def redirected(self, location: str) -> Address:
        """Where a redirect leads, once it is known to be allowed.

        Raises:
            ConfigError: the location is no ws, wss, http or https URL.
            GuardError: its host may not be dialled.
        """
        if location.startswith("/"):
            at = self.address
            return Address(at.host, at.port, at.secure, location)
        address = read_address(location, schemes=("ws", "wss", "http", "https"))
        self.check(address.host)
        return address

    def tls_context(self) -> ssl.SSLContext:
        """The one TLS context of all visitors: one for each connection would cost 20 ms of CPU and 0.9 MB every time.

        Raises:
            ConfigError: the file of certificates cannot be read.
        """
        return _tls_context(self.ca_file, self.insecure)


@lru_cache(maxsize=8)
def _tls_context(ca_file: str | None, insecure: bool) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as problem:
        raise ConfigError(f"--ca-file: cannot read {ca_file} as certificates ({problem})") from None
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def read_address(url: str, schemes: tuple[str, ...] = ("ws", "wss")) -> Address:
    """Read a URL.

    Raises:
        ConfigError: its scheme is another, its host is missing, or its port is none.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as problem:
        raise ConfigError(f"--host: got {_without_secrets(url)!r} ({problem}), expected ws://HOST:PORT") from None
    if parts.scheme.lower() not in schemes:
        raise ConfigError(f"--host: got {_without_secrets(url)!r}, expected ws://HOST:PORT or wss://HOST:PORT")
    if not parts.hostname or parts.username is not None or port == 0:
        raise ConfigError(
            f"--host: got {_without_secrets(url)!r}, expected ws://HOST:PORT with a host name, no user and a port from 1 to 65535"
        )
    resource = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    scheme = parts.scheme.lower()
    return Address(parts.hostname, port or _DEFAULT_PORTS[scheme], scheme in ("wss", "https"), resource)


def _without_secrets(url: str) -> str:
    head, at, tail = url.rpartition("@")
    return f"{head.partition('://')[0]}://***@{tail}" if at else url


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name alone, without looking anything up."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read_proxy(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname and parts.port != 0:
            return parts
    except ValueError:
        pass
    raise ConfigError(f"--proxy: got {_without_secrets(url)!r}, expected http://HOST:PORT")


def _read_header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    name, value = name.strip(), value.strip()
    if not colon or not name or any(c in "\r\n" for c in line) or not all(c.isalnum() or c in "-_!#$%&'*+.^`|~" for c in name):
        raise ConfigError(f"--header: got {line[:60]!r}, expected 'Name: value'")
    return name, value
