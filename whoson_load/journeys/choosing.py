"""Visitors who look who is there and ask for somebody. Knows nothing of how a server routes them."""

from __future__ import annotations

from whoson_load.client.session import ChatSession
from whoson_load.journeys.steps import arrive, ask, chat_through
from whoson_load.measurement.outcome import Outcome
from whoson_load.visitors.draws import pick

__all__ = ["asks_for_a_department", "asks_for_an_operator"]


def asks_for_a_department(chat: ChatSession) -> Outcome:
    """Ask for one of the departments that the operators there belong to; for anybody, where there are none."""
    arrive(chat)
    departments = sorted({each.dept for each in chat.operators() if each.dept})
    return ask(chat, department=_chosen(chat, departments)) or chat_through(chat)


def asks_for_an_operator(chat: ChatSession) -> Outcome:
    """Ask for somebody by name, of the people who are online; for anybody, where there are none."""
    arrive(chat)
    people = [each.name for each in chat.operators() if each.name and each.status == "Online" and not each.is_bot]
    return ask(chat, operator=_chosen(chat, people)) or chat_through(chat)


def _chosen(chat: ChatSession, offered: list[str]) -> str:
    """One of what is offered, once the list was read; "" where nothing is."""
    if not offered:
        return ""
    visitor = chat.visitor
    chat.idle(visitor.manners.reading_s(" ".join(offered), visitor.rng))
    return pick(offered, visitor.rng)
