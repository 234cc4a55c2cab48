"""One operator attending to one chat: greeting, reading, typing, replying and the rest. Knows no queue, no socket."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from whoson_load.protocol.events import Event, NewLine, RequestField, RequestFile, Typing, TypingStop
from whoson_load.protocol.lines import LineKind
from whoson_load.simulator.dice import Dice
from whoson_load.simulator.floor import Floor
from whoson_load.simulator.markdown import render
from whoson_load.simulator.operators import Colleague
from whoson_load.simulator.scheduler import Timer, cancel
from whoson_load.simulator.texts import fill

__all__ = ["Attendance", "Attended"]


_rendered = lru_cache(maxsize=1024)(render)
"""What operators say is said over and over again."""


class Attended(Protocol):
    """A chat, as its operator sees it."""

    uid: str
    visitor_name: str
    language: str
    dice: Dice

    @property
    def is_translated(self) -> bool:
        """Whether the operator's lines are followed by their translation."""
        ...

    def tell(self, *events: Event) -> None:
        """Send events."""
        ...

    def lines(self, speaker: str, kind: LineKind, content: str) -> tuple[NewLine, ...]:
        """What a line comes as."""
        ...

    def transfer(self) -> bool:
        """Hand over to somebody else, if anybody has room; whether that came about."""
        ...

    def hang_up(self) -> None:
        """End it."""
        ...


class Attendance:
    """An operator in a chat, from joining to leaving.

    Greets, then answers: what the visitor says while the operator reads is covered by the reply, what they say while
    the operator types calls for another.

    Args:
        unread: whether the visitor said something before.
    """

    __slots__ = ("_chat", "_colleague", "_floor", "_timer", "_unread")

    def __init__(self, floor: Floor, chat: Attended, colleague: Colleague, *, unread: bool) -> None:
        self._floor = floor
        self._chat = chat
        self._colleague = colleague
        self._unread = unread
        self._timer: Timer | None = None
        self._type(self._greet, floor.settings.times.greeting.draw_ns(chat.dice))

    def hear(self) -> None:
        """The visitor's line is on the operator's screen."""
        self._unread = True
        if self._timer is None:
            self._read()

    def stop(self) -> None:
        """Leave the chat; a reply half typed is not sent."""
        cancel(self._timer)
        self._timer = None

    def _read(self) -> None:
        if self._floor.faults.operator_vanishes():
            # The timer that never fires is what keeps later lines from being read.
            self._timer = [0, 0, None]
            return
        times, dice = self._floor.settings.times, self._chat.dice
        typing_ns = times.typing.draw_ns(dice)
        if times.reply is None:
            reading_ns = times.reading.draw_ns(dice)
        else:
            reply_ns = times.reply.draw_ns(dice)
            typing_ns = min(typing_ns, reply_ns)
            reading_ns = reply_ns - typing_ns

        def write() -> None:
            self._unread = False
            self._type(self._reply, typing_ns)

        self._timer = self._floor.after(reading_ns, write)

    def _type(self, then: Callable[[], None], typing_ns: int) -> None:
        self._chat.tell(Typing(chat_uid=self._chat.uid))
        self._timer = self._floor.after(typing_ns, then)

    def _greet(self) -> None:
        self._say(self._chat.dice.pick(self._floor.settings.talk.greetings))
        self._go_on()

    def _reply(self) -> None:
        self._say(self._chat.dice.pick(self._floor.settings.talk.replies))
        if not self._wander():
            self._go_on()

    def _go_on(self) -> None:
        self._timer = None
        if self._unread:
            self._read()

    def _say(self, markdown: str) -> None:
        chat, colleague = self._chat, self._colleague
        names = {"visitor": chat.visitor_name, "operator": colleague.name}
        content = fill(_rendered(markdown, self._floor.settings.talk.allowed_tags), names)
        chat.tell(TypingStop(chat_uid=chat.uid))
        lines = chat.lines(colleague.name, LineKind.OPERATOR, content)
        if chat.is_translated:
            translated = f"[{chat.language}] {content}"
            lines += (NewLine(chat_uid=chat.uid, classname=LineKind.TRANSLATION.value, content=translated),)
        chat.tell(*lines)

    def _wander(self) -> bool:
        """Do what the operator's habits have in store after a reply; whether that was the end of this attendance."""
        chat, habits, site = self._chat, self._floor.settings.habits, self._floor.site
        if chat.dice.chance(habits.request_file) and site.allowed_file_types:
            chat.tell(RequestFile(chat_uid=chat.uid, file_types=site.allowed_file_types))
        if habits.fields and chat.dice.chance(habits.request_field):
            chat.tell(RequestField(chat_uid=chat.uid, field=chat.dice.pick(habits.fields)))
        if chat.dice.chance(habits.hang_up):
            self._say(self._floor.settings.talk.goodbye)
            chat.hang_up()
            return True
        return chat.dice.chance(habits.transfer) and chat.transfer()
