"""The watch on visitors who have gone quiet: first a line, then the end. Knows no chat, only whom to call."""

from __future__ import annotations

from collections.abc import Callable

from whoson_load.simulator.floor import Floor
from whoson_load.simulator.scheduler import Timer, cancel

__all__ = ["Inactivity"]


class Inactivity:
    """One timer a chat, looked at when it might be due: a visitor's line costs no timer.

    Args:
        warn: called once each time the visitor has been quiet for `inactivity_line_after`.
        close: called once after `inactivity_quit_after`.
    """

    __slots__ = ("_close", "_floor", "_heard_ns", "_timer", "_warn", "_warned")

    def __init__(self, floor: Floor, warn: Callable[[], None], close: Callable[[], None]) -> None:
        self._floor = floor
        self._warn = warn
        self._close = close
        self._warned = False
        self._timer: Timer | None = None
        self._heard_ns = floor.scheduler.now_ns()
        self._look_again()

    def touch(self) -> None:
        """The visitor is there."""
        self._heard_ns = self._floor.scheduler.now_ns()
        if self._warned:
            self._warned = False
            self.stop()
            self._look_again()

    def stop(self) -> None:
        """Watch no more."""
        cancel(self._timer)

    def _look_again(self) -> None:
        settings = self._floor.settings.chat
        lengths_ns = [] if self._warned else [settings.inactivity_line_after]
        lengths_ns = [each for each in (*lengths_ns, settings.inactivity_quit_after) if each]
        if lengths_ns:
            self._timer = self._floor.scheduler.at(self._heard_ns + min(lengths_ns), self._look)

    def _look(self) -> None:
        settings = self._floor.settings.chat
        quiet_ns = self._floor.scheduler.now_ns() - self._heard_ns
        if 0 < settings.inactivity_quit_after <= quiet_ns:
            self._close()
            return
        if not self._warned and 0 < settings.inactivity_line_after <= quiet_ns:
            self._warned = True
            self._warn()
        self._look_again()
