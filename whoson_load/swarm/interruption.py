"""Ctrl-C as an orderly end: it reaches the main greenlet alone, and never in the midst of a visitor's code.

Knows nothing of runs. Without it the exception comes up in whatever greenlet happens to run, and gevent prints it.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

import gevent

from whoson_load.measurement.run import Ending

__all__ = ["Interruption"]

_STOPPED_AT_ONCE = 130
"""What shells call the exit code of a program that a SIGINT ended."""

_GRACE_S = 3.0
"""How long a forked worker waits for its master to end it: a terminal's Ctrl-C reaches both. Invented."""


class Interruption:
    """What this process does when it is interrupted.

    The first Ctrl-C raises KeyboardInterrupt in the main greenlet, the second SystemExit, the third is Python's own.
    SIGTERM is Locust's affair, but for the time in which Locust does not listen for it: a whole run with a
    LoadTestShape, which it would kill. Until then it is a Ctrl-C, too.

    Attributes:
        times: how often it was interrupted.
        terminated: whether it was SIGTERM.
        led: whether another process of the same terminal tells this one when to end, so that it need not heed a Ctrl-C
            at once.
    """

    def __init__(self) -> None:
        self.times = 0
        self.terminated = False
        self.led = False
        self._caught = False

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
            if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
                signal.signal(signal.SIGTERM, self._terminated)

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
        gevent.get_hub().loop.run_callback_threadsafe(self._end)

    def _end_later(self) -> None:
        gevent.spawn_later(_GRACE_S, self._end)

    def _end(self) -> None:
        _raise_in_main(KeyboardInterrupt())

    def _end_at_once(self) -> None:
        sys.stderr.write("whoson-load: stopped at once; what the record did not hold yet is lost\n")
        _raise_in_main(SystemExit(_STOPPED_AT_ONCE))


def _raise_in_main(interruption: BaseException) -> None:
    gevent.get_hub().handle_system_error(type(interruption), interruption)
