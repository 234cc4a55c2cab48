"""The server a run talks to, and the rule that says which addresses may be dialled. Opens no connection itself."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from urllib.parse import SplitResult, urljoin, urlsplit

from whoson_load.errors import ConfigError, GuardError

__all__ = ["API_KEY_VARIABLE", "AUTH_VARIABLE", "Address", "Deadlines", "Target", "is_loopback", "read_address"]

AUTH_VARIABLE = "WHOSON_AUTH"
"""The environment variable that holds the server's authentication string."""

API_KEY_VARIABLE = "WHOSON_API_KEY"
"""The environment variable that holds the API key."""

EXAMPLE_AUTHENTICATION, EXAMPLE_API_KEY = "myauthstring", "abcdefg12345"
"""What the examples of the WhosOn Chat API specification, and so the simulator, use: no secrets."""

_DEFAULT_PORTS = {"ws": 80, "wss": 443, "http": 80, "https": 443}

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # what a header may be called: RFC 9110, section 5.6.2
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
_OF_THE_UPGRADE = re.compile(r"host|upgrade|connection|sec-websocket-(?!protocol$).*", re.IGNORECASE)


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
        allowed: hosts beside the loopback that may be dialled, as `read` spells them.
        proxy: an HTTP proxy that is asked to CONNECT, or None. May carry user and password; never shown.
        ca_file: certificates to trust instead of the system's, or None.
        insecure: whether certificates go unchecked.
        headers: further headers of the upgrade request, for all visitors; never shown, for they may hold secrets.
        forward_visitor_ip: whether each visitor's address goes out as X-Forwarded-For.
        deadlines: how long to wait for it.
        side_effects_allowed: whether visitors may do what outlasts the run: leave messages, have transcripts sent,
            upload files, and send what a server may blacklist their address for (a session that is over, wrong
            answers). Always on this machine, elsewhere only by --allow-side-effects.
    """

    address: Address
    domain: str
    authentication: str = field(repr=False)
    api_key: str = field(repr=False)
    allowed: frozenset[str] = frozenset()
    proxy: SplitResult | None = field(default=None, repr=False)
    ca_file: str | None = None
    insecure: bool = False
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    forward_visitor_ip: bool = False
    deadlines: Deadlines = Deadlines()
    side_effects_allowed: bool = False

    @classmethod
    def read(  # noqa: PLR0913  # one argument a setting, each by its name
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
        allow_side_effects: bool = False,
        deadlines: Deadlines | None = None,
    ) -> Target:
        """Read a target from what a user wrote; nothing is looked up or sent.

        Args:
            host: ws://HOST[:PORT][/PATH] or wss://...
            environment: where the two secrets come from; None for the process's own. On the loopback a missing one is
                the specification's example, which is what `whoson-load simulate` takes by default.
            allowed: host names or addresses, without port.
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
            allowed=frozenset(_read_allowed(each) for each in allowed if each.strip()),
            proxy=_read_proxy(proxy) if proxy else None,
            ca_file=ca_file or None,
            insecure=insecure,
            headers=tuple(_read_header(each) for each in headers),
            forward_visitor_ip=forward_visitor_ip,
            deadlines=deadlines or Deadlines(),
            side_effects_allowed=allow_side_effects or is_loopback(address.host),
        )
        target.check(address.host)
        if target.proxy is not None:
            target.check(target.proxy.hostname or "")
        if address.secure or target.ca_file is not None:
            target.tls_context()
        return target._with_secrets()

    def _with_secrets(self) -> Target:
        missing = [
            name
            for name, value in ((AUTH_VARIABLE, self.authentication), (API_KEY_VARIABLE, self.api_key))
            if not value
        ]
        if missing and not is_loopback(self.address.host):
            raise ConfigError(
                f"{' and '.join(missing)}: not in the environment, expected the secrets of {self.address.host}"
            )
        return replace(
            self,
            authentication=self.authentication or EXAMPLE_AUTHENTICATION,
            api_key=self.api_key or EXAMPLE_API_KEY,
        )

    @property
    def peer(self) -> tuple[str, int]:
        """Host and port that connections are made to: the proxy's where there is one."""
        if self.proxy is not None:
            return self.proxy.hostname or "", self.proxy.port or _DEFAULT_PORTS["http"]
        return self.address.host, self.address.port

    def check(self, host: str) -> None:
        """Refuse a host this run may not dial.

        Every address passes here first: the target's, a proxy's, a redirect's, an upload's.

        Raises:
            GuardError: it is neither loopback nor allowed.
        """
        if not is_loopback(host) and not self.leaves_for(host):
            raise GuardError(
                f"the target {host} is not on this machine; name it a second time to allow it: --allow-target {host}"
            )

    def leaves_for(self, host: str) -> bool:
        """Whether a host was allowed by name: only then may what is dialled lie beyond this machine."""
        return _folded(host) in self.allowed

    def redirected(self, location: str, at: Address | None = None) -> Address:
        """Where a redirect leads, once it is known to be allowed.

        Args:
            location: as the server wrote it; may be relative.
            at: what answered with the redirect; None for the target's own address.

        Raises:
            ConfigError: the location is no ws, wss, http or https URL.
            GuardError: its host may not be dialled, or the secrets would travel there without TLS.
        """
        at = at or self.address
        if not location.strip():
            raise ConfigError("redirect: got no location, expected one")
        try:
            url = urljoin(at.url, location.strip())
        except ValueError:
            url = location
        address = read_address(url, schemes=("ws", "wss", "http", "https"), what="redirect")
        self.check(address.host)
        if at.secure and not address.secure:
            raise GuardError(f"redirect: got {address.url} from a wss server, expected TLS")
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
    # A renegotiation would let a send wait for the server's answer, which no send here does.
    context.options |= ssl.OP_NO_RENEGOTIATION
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def read_address(url: str, schemes: tuple[str, ...] = ("ws", "wss"), what: str = "--host") -> Address:
    """Read a URL.

    Args:
        what: what it is, for the message.

    Raises:
        ConfigError: its scheme is another, its host is missing, its port is none, or it has a user or characters that
            do not belong into a URL.
    """
    url = url.strip()
    shown = f"{what}: got {_without_secrets(url)!r}, expected ws://HOST:PORT or wss://HOST:PORT"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # whose words may hold a password
        raise ConfigError(f"{shown}, with a port from 1 to 65535") from None
    scheme = parts.scheme.lower()
    if scheme not in schemes:
        raise ConfigError(shown)
    if not parts.hostname or parts.username is not None or port == 0:
        raise ConfigError(f"{shown}, no user, a port from 1 to 65535")
    if not all("!" <= each <= "~" for each in url):
        raise ConfigError(f"{shown}, in printable ASCII (xn-- for names, %XX in paths)")
    resource = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(parts.hostname, port or _DEFAULT_PORTS[scheme], scheme in ("wss", "https"), resource)


def _without_secrets(url: str) -> str:
    head, at, tail = url.rpartition("@")
    scheme, colon, _ = head.partition("://")
    return f"{scheme}{colon}***@{tail}" if colon else f"***@{tail}" if at else url


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name alone, without looking anything up."""
    if _folded(host) == "localhost":
        return True
    address = _ip_address(host)
    return address is not None and address.is_loopback


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that is written so, None for a name; only in the one form that cannot be read in two ways.

    `127.1`, `2130706433` and `0177.0.0.1` are names here: resolvers differ in what they make of them.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _folded(host: str) -> str:
    """One spelling for each host: case, a name's last dot and the ways to write an IPv6 address do not matter."""
    address = _ip_address(host)
    return host.lower().removesuffix(".") if address is None else str(address)


def _read_allowed(host: str) -> str:
    host = host.strip()
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if _ip_address(bare) is None and not re.fullmatch(r"[\w.-]+", bare, re.ASCII):
        raise ConfigError(
            f"--allow-target: got {_without_secrets(host)!r}, expected a host name, without scheme and port"
        )
    return _folded(bare)


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
    if not colon or not _TOKEN.fullmatch(name):
        # Not shown: what has no name may be all secret.
        raise ConfigError(f"--header: got {len(line)} characters without a name and a colon, expected 'Name: value'")
    if not _HEADER_VALUE.fullmatch(value):
        raise ConfigError(
            f"--header {name}: got a value with other characters than printable ASCII, expected those only"
        )
    if _OF_THE_UPGRADE.fullmatch(name):
        raise ConfigError(f"--header: got {name!r}, expected none that the upgrade itself is made of")
    return name, value
