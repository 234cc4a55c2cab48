"""Visitors who look who is there and ask for somebody. Knows nothing of how a server routes them.

Whom a visitor asks for follows from who is there and from the visitor's dice, and neither from how busy the others keep
them at that moment nor from the order in which a server lists them: so the same visitor asks for the same one again.
"""

from __future__ import annotations

from collections.abc import Iterable

from whoson_load.client.session import ChatSession
from whoson_load.journeys.steps import arrive, ask, chat_through, is_there
from whoson_load.measurement.outcome import Outcome
from whoson_load.protocol.events import Operator
from whoson_load.visitors.draws import pick

__all__ = ["asks_for_a_department", "asks_for_an_operator", "departments_of", "people_of"]


def asks_for_a_department(chat: ChatSession) -> Outcome:
    """Ask for one of the departments that the operators there belong to; for anybody, where there are none."""
    arrive(chat)
    return ask(chat, department=_chosen(chat, departments_of(chat.operators()))) or chat_through(chat)


def asks_for_an_operator(chat: ChatSession) -> Outcome:
    """Ask for somebody by name, of the people who are there, free or busy; for anybody, where there are none."""
    arrive(chat)
    return ask(chat, operator=_chosen(chat, people_of(chat.operators()))) or chat_through(chat)


def departments_of(operators: Iterable[Operator]) -> list[str]:
    """The departments that operators belong to, in alphabetical order."""
    return sorted({each.dept for each in operators if each.dept})


def people_of(operators: Iterable[Operator]) -> list[str]:
    """The names of those who are there, free or busy, and no bots, in alphabetical order."""
    return sorted(each.name for each in operators if each.name and is_there(each) and not each.is_bot)


def _chosen(chat: ChatSession, offered: list[str]) -> str:
    """One of what is offered, once the list was read; "" where nothing is."""
    if not offered:
        return ""
    visitor = chat.visitor
    chat.idle(visitor.manners.reading_s(" ".join(offered), visitor.rng))
    return pick(offered, visitor.rng)
