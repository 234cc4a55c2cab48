"""What a visitor reads while nobody has picked up: waiting lines, or the place in the queue. Knows no operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from whoson_load.protocol.events import NewLine, Queue
from whoson_load.protocol.lines import LineKind
from whoson_load.simulator.floor import Floor
from whoson_load.simulator.routing import Seeker
from whoson_load.simulator.scheduler import Timer, cancel
from whoson_load.simulator.settings import WaitingSettings
from whoson_load.simulator.texts import fill

__all__ = ["Held", "Hold", "InQueue", "WaitingLines"]


class Held(Seeker, Protocol):
    """A chat on hold."""

    uid: str

    @property
    def tell(self) -> Callable[..., None]:
        """Send events."""
        ...


class Hold(Protocol):
    """One of the two ways to wait."""

    def stop(self) -> None:
        """Say no more."""
        ...


class WaitingLines:
    """The first line, the second, and the final one, with which the chat is given up; only where there is no queue.

    Args:
        give_up: called after the final line.
    """

    __slots__ = ("_chat", "_floor", "_give_up", "_started_ns", "_timer")

    def __init__(self, floor: Floor, chat: Held, give_up: Callable[[], None]) -> None:
        self._floor = floor
        self._chat = chat
        self._give_up = give_up
        self._started_ns = floor.scheduler.now_ns()
        self._timer: Timer | None = None
        if self._settings.line_1_after < self._settings.final_after:
            self._at(self._settings.line_1_after, self._first)
        else:
            self._at(self._settings.final_after, self._final)

    def stop(self) -> None:
        """Say no more."""
        cancel(self._timer)

    @property
    def _settings(self) -> WaitingSettings:
        return self._floor.settings.waiting

    def _at(self, since_start_ns: int, callback: Callable[[], None]) -> None:
        self._timer = self._floor.scheduler.at(self._started_ns + since_start_ns, callback)

    def _first(self) -> None:
        settings = self._settings
        self._say(LineKind.WAITING_1, settings.line_1)
        second_ns = self._floor.scheduler.now_ns() - self._started_ns + settings.line_2_gap
        if second_ns < settings.final_after:
            self._at(second_ns, self._second)
        else:
            self._at(settings.final_after, self._final)

    def _second(self) -> None:
        self._say(LineKind.WAITING_2, self._settings.line_2)
        self._at(self._settings.final_after, self._final)

    def _final(self) -> None:
        self._say(LineKind.FINAL, self._settings.final)
        self._give_up()

    def _say(self, kind: LineKind, text: str) -> None:
        content = fill(text, {"time": self._floor.time_of_day()})
        self._chat.tell(NewLine(chat_uid=self._chat.uid, classname=kind.value, content=content))


class InQueue:
    """The position about once a second, the queue message once a minute, until somebody picks up or the time is over.

    Both come at once, and then at multiples of their interval since the chat joined the queue: a late one delays no
    later one.

    Args:
        time_out: called when the queue's timeout is reached.
    """

    __slots__ = ("_chat", "_floor", "_message_due_ns", "_tick_due_ns", "_timers")

    def __init__(self, floor: Floor, chat: Held, time_out: Callable[[], None]) -> None:
        self._floor = floor
        self._chat = chat
        now_ns = floor.scheduler.now_ns()
        self._tick_due_ns = self._message_due_ns = now_ns
        timeout = floor.scheduler.at(now_ns + floor.settings.queue.timeout, time_out)
        self._timers: list[Timer | None] = [None, None, timeout]
        self._tick()
        self._message()

    def stop(self) -> None:
        """Say no more."""
        for timer in self._timers:
            cancel(timer)

    def _tick(self) -> None:
        chat, floor = self._chat, self._floor
        chat.tell(Queue(chat_uid=chat.uid, position=floor.routing.queue.position_of(chat)))
        self._tick_due_ns += floor.settings.queue.tick
        self._timers[0] = floor.scheduler.at(self._tick_due_ns, self._tick)

    def _message(self) -> None:
        chat, floor = self._chat, self._floor
        queue = floor.routing.queue
        places = {"position": str(queue.position_of(chat)), "length": str(len(queue))}
        content = fill(floor.settings.queue.message, places)
        chat.tell(NewLine(chat_uid=chat.uid, classname=LineKind.QUEUE.value, content=content))
        self._message_due_ns += floor.settings.queue.message_every
        self._timers[1] = floor.scheduler.at(self._message_due_ns, self._message)
