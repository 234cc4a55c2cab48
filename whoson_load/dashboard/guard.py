"""Who may see what is for this machine only: nobody from elsewhere, and no foreign page in a browser that runs here.

Knows no page and no run.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

__all__ = ["refusal"]


def refusal(peer: str | None, host: str, origin: str | None, is_here: Callable[[str], bool]) -> str:
    """Why a request is not answered, in one line; empty for one that is.

    A foreign page reaches a server of this machine in two ways: by having its own name point here, which the Host
    header tells, and by asking across origins, which Locust allows all, and which the Origin header tells.

    Args:
        peer: the address that it came from.
        host: its Host header.
        origin: its Origin header, if it has one.
        is_here: whether a name or an address is this machine's own.
    """
    if not is_here(peer or ""):
        return f"got a request from {peer or 'nowhere'}, expected one from this machine"
    if not is_here(_name(host)):
        return f"got a request to the host {host!r}, expected localhost or a loopback address"
    if origin is not None and origin.partition("://")[2].lower() != host.lower():
        return f"got a request of a page at {origin!r}, expected one of this server's own"
    return ""


def _name(host: str) -> str:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
    return "" if {"@", "/", "?", "#"} & set(host) else name
