"""Which chat goes to which operator: at Hello, and whenever somebody has room again. Sends nothing to anybody."""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol

from whoson_load.simulator.operators import Colleague, Roster, Wish
from whoson_load.simulator.settings import QueueSettings
from whoson_load.simulator.waiting import WaitingQueue

__all__ = ["Admission", "Routing", "Seeker"]


class Admission(Enum):
    """What becomes of a Hello."""

    TURNED_AWAY = auto()  # nobody there, or the queue is full
    OFFERED = auto()  # somebody has room; whether they pick up is another matter
    QUEUED = auto()  # all who are there are busy


class Seeker(Protocol):
    """A chat that looks for an operator."""

    position: int
    wish: Wish
    skill: str

    def ring(self, colleague: Colleague) -> None:
        """Be told who is to pick up; the place among that operator's chats is kept already."""
        ...

    @property
    def is_ringing(self) -> bool:
        """Whether somebody is about to pick up."""
        ...


class Routing:
    """Brings chats and operators together.

    Attributes:
        queue: chats that were told to queue, until they are picked up or leave.
        unanswered: chats offered to people who never pick up; whoever else gets room takes them.
    """

    def __init__(self, roster: Roster, settings: QueueSettings) -> None:
        self.roster = roster
        self.queue: WaitingQueue[Seeker] = WaitingQueue()
        self.unanswered: WaitingQueue[Seeker] = WaitingQueue()
        self._settings = settings

    def admit(self, chat: Seeker) -> Admission:
        """Take a chat on, or not. One that is OFFERED or QUEUED is to be placed next."""
        wish = chat.wish
        if not self.roster.anybody_there(wish):
            return Admission.TURNED_AWAY
        if self.roster.anybody_has_room(wish):
            return Admission.OFFERED
        settings = self._settings
        if not settings.enabled or (settings.limit and len(self.queue) >= settings.limit):
            return Admission.TURNED_AWAY
        return Admission.QUEUED

    def place(self, chat: Seeker, admission: Admission) -> None:
        """Offer an admitted chat, or put it at the end of the queue."""
        if admission is Admission.QUEUED:
            self.queue.join(chat)
        elif not self._offer(chat):
            self.unanswered.join(chat)

    def picked_up(self, chat: Seeker) -> None:
        """An operator has joined: the chat waits no longer."""
        self.queue.leave(chat)
        self.unanswered.leave(chat)

    def withdraw(self, chat: Seeker, colleague: Colleague | None) -> None:
        """The chat is over or given up: it waits no longer, and its operator, if any, has room again."""
        self.picked_up(chat)
        if colleague is not None:
            self.release(colleague)

    def release(self, colleague: Colleague) -> None:
        """An operator has one chat less."""
        colleague.chats -= 1
        self.offer_waiting()

    def offer_waiting(self) -> None:
        """Offer the chats that wait, first come first served, as long as somebody has room."""
        for line in (self.queue, self.unanswered):
            for chat in line:
                if chat.is_ringing:
                    continue
                if not any(each.has_room for each in self.roster.colleagues):
                    return
                self._offer(chat)

    def transfer(self, chat: Seeker, old: Colleague) -> Colleague | None:
        """Hand a chat to another operator: who has it now, or None when nobody else has room."""
        new = self.roster.best_for(Wish(department=chat.wish.department), chat.skill, besides=old)
        if new is not None:
            new.chats += 1
            self.release(old)
        return new

    def _offer(self, chat: Seeker) -> bool:
        colleague = self.roster.best_for(chat.wish, chat.skill)
        if colleague is None:
            return False
        colleague.chats += 1
        chat.ring(colleague)
        return True
