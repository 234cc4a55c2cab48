"""The event loop that the server runs on, and what the process is to allow it. Knows nothing of the server."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine
from typing import TypeVar

__all__ = ["allow_many_sockets", "run", "settle_memory"]

T = TypeVar("T")


def run(main: Coroutine[None, None, T]) -> T:
    """Run a coroutine to its end on uvloop, or on asyncio's own loop where uvloop does not exist (Windows)."""
    new_loop: Callable[[], asyncio.AbstractEventLoop] | None = None
    try:
        import uvloop  # noqa: PLC0415 (it does not exist everywhere)

        new_loop = uvloop.new_event_loop
    except ImportError:
        pass  # `GET /state` says which loop it is
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(main)


def allow_many_sockets() -> None:
    """Raise this process's limit of open files as far as it may: a visitor is one. Windows knows no such limit."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 (it does not exist everywhere)

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def settle_memory() -> None:
    """Keep the garbage collector from walking over everything again and again.

    With 10,000 chats each walk is a pause of tens of milliseconds. What is there now is there for good, and chats hold
    no cycles once they are over.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
