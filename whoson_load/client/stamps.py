"""The kernel's own time of arrival: asked for on a socket, found beside the bytes. Knows nothing of frames.

A clock read after `recv` says when the generator came round to reading; when it is busy that can be tens of
milliseconds after the bytes arrived, and every tool that times so reports its own queue as the server's latency. Linux
stamps each packet as it arrives (SO_TIMESTAMPING, software receive stamps, CLOCK_REALTIME).

What a stamp is worth: bytes of several packets that TCP put together carry the stamp of the newest, so a latency taken
from it is an upper bound, and the lag between stamp and read a lower one.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterable
from typing import Protocol

__all__ = ["ANCILLARY_BYTES", "KERNEL_STAMPS", "request_stamps", "stamp_ns"]

# Linux, asm-generic/socket.h and net_tstamp.h; Python's socket module does not name them all.
_SO_TIMESTAMPING = 37
_RX_SOFTWARE = 1 << 3
_SOFTWARE = 1 << 4

_TIMESPEC = struct.Struct("qq")

ANCILLARY_BYTES = 64 if struct.calcsize("P") == 8 else 0
"""The room for one stamp beside the data: a header and three timespecs. 0 where stamps are not asked for."""


class _HasOptions(Protocol):
    def setsockopt(self, level: int, option: int, value: int, /) -> None: ...


def request_stamps(sock: _HasOptions) -> bool:
    """Ask the kernel to stamp what arrives on a TCP socket; before it is connected, or the first bytes come without.

    Returns:
        False where the platform has no such stamps: what it does not have is the caller's to declare.
    """
    if not sys.platform.startswith("linux") or not ANCILLARY_BYTES:
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, _RX_SOFTWARE | _SOFTWARE)
    except OSError:
        return False
    return True


def _probe() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return request_stamps(probe)


KERNEL_STAMPS = _probe()
"""Whether this machine stamps arriving bytes. Where it does not, the clock right after the read stands in, and the run
record says so."""


def stamp_ns(ancillary: Iterable[tuple[int, int, bytes]]) -> int:
    """The kernel's stamp among a receive's ancillary data: nanoseconds since the epoch, 0 when there is none."""
    for level, kind, data in ancillary:
        if kind == _SO_TIMESTAMPING and level == socket.SOL_SOCKET and len(data) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return int(seconds * 1_000_000_000 + nanoseconds)
    return 0
