"""The chats that most visitors have. Knows no target: what it does, whoever is there or not, is in the steps."""

from __future__ import annotations

from whoson_load.client.session import ChatSession
from whoson_load.journeys.steps import arrive, ask, chat_through, rate
from whoson_load.measurement.outcome import Outcome

__all__ = ["everyday", "wants_the_transcript"]


def everyday(chat: ChatSession) -> Outcome:
    """Read, fill in the survey, wait, talk for 3 to 8 turns (the manners' own figures), say thanks, rate it, leave."""
    arrive(chat)
    return ask(chat) or chat_through(chat)


def wants_the_transcript(chat: ChatSession) -> Outcome:
    """An everyday chat, and its transcript by e-mail, where this run may have e-mail sent."""
    arrive(chat)
    return ask(chat) or chat_through(chat, then=_rate_and_keep)


def _rate_and_keep(chat: ChatSession) -> None:
    rate(chat)
    if chat.target.side_effects_allowed:
        chat.transcript()
