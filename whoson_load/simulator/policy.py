"""Who may connect and go on talking: whitelist, blacklists, the limit of an address. Knows addresses, no chats."""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from whoson_load.simulator.settings import AccessSettings

__all__ = ["Caller", "Gate", "is_address"]

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MOST_ADDRESSES = 100_000
"""The most addresses whose misdeeds are remembered: who forges a header a request shall not fill the memory."""


class Caller(NamedTuple):
    """Who opened a connection.

    Attributes:
        socket: the address of the socket's other end.
        forwarded: what X-Forwarded-For says, the visitor's own address first; empty without the header, or where it is
            not trusted.
        user_agent: of the upgrade request, "" for none.
    """

    socket: str
    forwarded: tuple[str, ...] = ()
    user_agent: str = ""

    @property
    def address(self) -> str:
        """The visitor's address: forwarded, if it is, else the socket's."""
        return self.forwarded[0] if self.forwarded else self.socket

    @classmethod
    def of(cls, socket: str, forwarded_for: str, user_agent: str, *, trusted: bool) -> Caller:
        """Read a caller from the socket and the headers; what is no address is left out of the chain."""
        chain = tuple(each for part in forwarded_for.split(",") if is_address(each := part.strip())) if trusted else ()
        return cls(socket, chain[:8], user_agent[:1000])


def is_address(written: str) -> bool:
    """Whether it is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(written)
    except ValueError:
        return False
    return True


class Gate:
    """Judges callers.

    Args:
        settings: limits and lists.
        now_ns: the clock that misdeeds and blacklistings are timed by.
    """

    def __init__(self, settings: AccessSettings, now_ns: Callable[[], int]) -> None:
        self._settings = settings
        self._now_ns = now_ns
        self._whitelist = _networks(settings.whitelist)
        self._blacklist = _networks(settings.blacklist)
        self._misdeeds: dict[tuple[str, str], deque[int]] = {}
        self._until_ns: dict[str, int] = {}
        self._chats: dict[str, int] = {}

    def objection(self, caller: Caller) -> str | None:
        """Why a caller may not connect at all, None when they may."""
        if self._whitelist and not _listed(caller.socket, self._whitelist):
            return "Access Denied: this address is not on the whitelist."
        for address in (caller.socket, *caller.forwarded):
            if (self._blacklist and _listed(address, self._blacklist)) or self.is_blacklisted(address):
                return "Access Denied: this address is blocked."
        return None

    def is_blacklisted(self, address: str) -> bool:
        """Whether an address is blacklisted for the time being."""
        until_ns = self._until_ns.get(address)
        if until_ns is None:
            return False
        if until_ns <= self._now_ns():
            del self._until_ns[address]
            return False
        return True

    def blacklisted(self) -> list[str]:
        """The addresses blacklisted for the time being."""
        return [address for address in list(self._until_ns) if self.is_blacklisted(address)]

    def misdeed(self, caller: Caller, kind: str) -> bool:
        """Remember what a caller did, and say whether it was once too often: then their address is blacklisted.

        Args:
            kind: `bad_connects`, `invalid_data` or `illegal_commands`: the setting that limits it; 0 is no limit.
        """
        limit: int = getattr(self._settings, kind)
        if not limit:
            return False
        now_ns, address = self._now_ns(), caller.address
        if len(self._misdeeds) >= _MOST_ADDRESSES:
            del self._misdeeds[next(iter(self._misdeeds))]
        times = self._misdeeds.setdefault((address, kind), deque())
        times.append(now_ns)
        while times[0] <= now_ns - self._settings.counted_for:
            times.popleft()
        if len(times) < limit:
            return False
        del self._misdeeds[address, kind]
        if len(self._until_ns) >= _MOST_ADDRESSES:
            del self._until_ns[next(iter(self._until_ns))]
        self._until_ns[address] = now_ns + self._settings.blacklisted_for
        return True

    def counted_address(self, caller: Caller) -> str:
        """The address that a visit counts for from its socket's opening; "" where Connect's parameter decides later."""
        counted = self._settings.address_counted
        if counted == "parameter":
            return ""
        return caller.socket if counted == "socket" else caller.address

    def may_enter(self, address: str) -> bool:
        """Whether one more visit from an address is within the limit; "" always is."""
        limit = self._settings.max_chats_from_one_address
        return not (limit and address) or self._chats.get(address, 0) < limit

    def enter(self, address: str) -> None:
        """Count one more visit from an address."""
        if address:
            self._chats[address] = self._chats.get(address, 0) + 1

    def leave(self, address: str) -> None:
        """Count one visit less."""
        present = self._chats.get(address, 0) - 1
        if present > 0:
            self._chats[address] = present
        else:
            self._chats.pop(address, None)

    def forgive(self) -> None:
        """Forget all misdeeds and temporary blacklistings."""
        self._misdeeds.clear()
        self._until_ns.clear()


def _networks(written: Sequence[str]) -> tuple[_Network, ...]:
    return tuple(ipaddress.ip_network(each, strict=False) for each in written)


def _listed(address: str, networks: Sequence[_Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
