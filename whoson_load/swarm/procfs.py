"""What Linux tells about this process and its sockets, read from /proc; None where a platform does not tell.

Knows nothing of what the figures mean, nor of when to look.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

__all__ = [
    "count_sockets",
    "descriptors_limit",
    "open_descriptors",
    "ports_in_use",
    "ports_limit",
    "read_run_delay_ns",
    "run_delay_ns",
]

_SCHEDSTAT: Final = Path("/proc/self/schedstat")
_DESCRIPTORS: Final = Path("/proc/self/fd")
_SOCKETS: Final = {4: Path("/proc/self/net/tcp"), 6: Path("/proc/self/net/tcp6")}
_PORT_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")  # of IPv6, too


def read_run_delay_ns(schedstat: str) -> int | None:
    """How long a thread was ready to run while others had the CPU, from the line of its `schedstat`.

    Args:
        schedstat: ns on the CPU, ns of waiting for it, time slices.

    Returns:
        nanoseconds since the thread began; None where the kernel keeps no such statistics and writes zeros.
    """
    fields = schedstat.split()
    if len(fields) < 3 or not all(field.isdigit() for field in fields) or not any(map(int, fields)):
        return None
    return int(fields[1])


def run_delay_ns() -> int | None:
    """How long this process's main thread, which does all the work, has waited for a CPU that others had."""
    try:
        return read_run_delay_ns(_SCHEDSTAT.read_text("ascii"))
    except OSError:
        return None


def open_descriptors() -> int | None:
    """How many file descriptors this process has open."""
    try:
        return sum(1 for _ in _DESCRIPTORS.iterdir())
    except OSError:
        return None


def descriptors_limit() -> int | None:
    """How many it may have; None for any number."""
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415  # not on Windows

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def count_sockets(table: bytes, address: str, port: int) -> int:
    """How many sockets of a table go to an address: each holds a local port, also one that only waits for its end.

    Args:
        table: what /proc/net/tcp or tcp6 says. It can have tens of thousands of lines: no line is looked at by itself.
        address: IPv4 for tcp, IPv6 for tcp6.
        port: 1 to 65535.
    """
    packed = ipaddress.ip_address(address).packed
    words = (packed[start : start + 4] for start in range(0, len(packed), 4))
    # The kernel prints each 32 bits of an address as one number in its own byte order.
    shown = "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
    anywhere, as_local = f" {shown}:{port:04X} ".encode("ascii"), f": {shown}:{port:04X} ".encode("ascii")
    return table.count(anywhere) - table.count(as_local)


def ports_in_use(addresses: Iterable[str], port: int) -> int | None:
    """How many local ports are taken by sockets to the fullest of some addresses, all states counted.

    Takes about 2 us of CPU for each socket of the machine, most of it the kernel's and without the interpreter's lock.

    Args:
        addresses: the target's, IPv4 and IPv6. Each has the whole range of local ports for itself.
        port: the target's.
    """
    counts = []
    for address in addresses:
        try:
            table = _SOCKETS[ipaddress.ip_address(address).version].read_bytes()
        except OSError:
            continue
        counts.append(count_sockets(table, address, port))
    return max(counts, default=None)


def ports_limit() -> int | None:
    """How many local ports there are for connections to one address."""
    try:
        lowest, highest = map(int, _PORT_RANGE.read_text("ascii").split())
    except (OSError, ValueError):
        return None
    return highest - lowest + 1
