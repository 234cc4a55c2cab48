"""Ctrl-C as an orderly end: it reaches the main greenlet alone, and never in the midst of a visitor's code.

Knows nothing of runs. Without it the exception comes up in whatever greenlet happens to run, and gevent prints it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final, NoReturn

import gevent

from whoson_load.measurement.run import Ending
from whoson_load.swarm.company import outlive_not

if sys.platform != "win32":
    import termios

__all__ = ["STOPPED_AT_ONCE", "Interruption"]

STOPPED_AT_ONCE: Final = 130
"""What shells call the exit code of a program that a SIGINT ended."""

_GRACE_S: Final = 3.0
"""How long a forked worker waits for its master to end it: a terminal's Ctrl-C reaches both. Invented."""


class Interruption:
    """What this process does when it is interrupted.

    The first Ctrl-C raises KeyboardInterrupt in the main greenlet, which may take its time over the end. The second one
    ends the process with exit code 130, wherever it is, without a further word from any greenlet: an exception would
    only come up in the midst of the orderly end, be taken for a failure of it, and wait for what that waits for. What
    others rely on is kept by other means: the record's files by writing whole lines at once, the simulator by a pipe
    that ends with us. The third is Python's own, for a process whose loop no longer turns.

    SIGTERM is Locust's affair, but for the time in which Locust does not listen for it: a whole run with a
    LoadTestShape, which it would kill. Until then it is a Ctrl-C, too.

    Attributes:
        times: how often it was interrupted.
        terminated: whether it was SIGTERM.
        led: whether another process of the same terminal tells this one when to end, so that it need not heed a Ctrl-C
            at once.
        put_back: gives the terminal back what shows the run took from it; called before an end at once.
    """

    def __init__(self) -> None:
        self.times = 0
        self.terminated = False
        self.led = False
        self.put_back: Callable[[], None] = lambda: None
        self._caught = False
        self._finishing = False
        self._follows = False
        self._keyboard: list[int | list[bytes | int]] | None = None

    @property
    def ending(self) -> Ending | None:
        """How a run under way ends by it; None for not at all."""
        if self.terminated:
            return Ending.TERMINATED
        return Ending.INTERRUPTED if self.times else None

    def catch(self) -> None:
        """Catch SIGINT from now on; once is enough."""
        if not self._caught and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupted)
            self._caught = True
            self._keyboard = _keyboard_modes()
            if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
                signal.signal(signal.SIGTERM, self._terminated)

    def finish(self) -> None:
        """Heed no further wish for an orderly end: it is under way.

        Locust would begin it once more for a SIGTERM, and an exception would come up in whatever Python does last.
        """
        self._finishing = True
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def follow(self, *then: Callable[[], None]) -> None:
        """End this process, forked by a master, with that master, however it ended.

        Args:
            then: called before.
        """
        self._follows = True
        outlive_not(os.getppid(), *then, self.end)

    def end(self) -> None:
        """Begin the orderly end, as a first Ctrl-C does."""
        gevent.get_hub().loop.run_callback_threadsafe(self._end)

    def _interrupted(self, _number: int, _frame: FrameType | None) -> None:
        # Python calls this between any two instructions, so it does nothing but wake the loop.
        self.times += 1
        if self.times == 1:
            gevent.get_hub().loop.run_callback_threadsafe(self._end_later if self.led else self._end)
        else:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            gevent.get_hub().loop.run_callback_threadsafe(self._end_at_once)

    def _terminated(self, _number: int, _frame: FrameType | None) -> None:
        self.terminated = True
        self.end()

    def _end_later(self) -> None:
        gevent.spawn_later(_GRACE_S, self._end)

    def _end(self) -> None:
        if self._finishing:
            return
        gevent.get_hub().handle_system_error(KeyboardInterrupt, KeyboardInterrupt())

    def _end_at_once(self) -> NoReturn:
        # In the loop no greenlet is in the midst of writing, and none can be waited for.
        try:
            self.put_back()
            _set_keyboard_modes(self._keyboard)
            if not self._follows:
                sys.stderr.write("whoson-load: stopped at once; what the record did not hold yet is lost\n")
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(STOPPED_AT_ONCE)


def _keyboard_modes() -> list[int | list[bytes | int]] | None:
    """How the terminal treats what is typed, which Locust changes for its keys; None where there is no terminal."""
    if sys.platform == "win32" or sys.stdin is None or not sys.stdin.isatty():
        return None
    return termios.tcgetattr(sys.stdin)


def _set_keyboard_modes(modes: list[int | list[bytes | int]] | None) -> None:
    if sys.platform != "win32" and modes is not None:
        with suppress(termios.error):  # the terminal was closed
            termios.tcsetattr(sys.stdin, termios.TCSANOW, modes)
