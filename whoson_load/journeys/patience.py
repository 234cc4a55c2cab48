"""Visitors who wait for less, or for more, than others do. Knows nothing of who keeps them waiting."""

from __future__ import annotations

from itertools import islice

from whoson_load.client.session import ChatSession
from whoson_load.journeys.steps import arrive, ask, chat_through, converse, farewell, leave_message, small_talk
from whoson_load.measurement.outcome import Outcome

__all__ = [
    "SHORT_PATIENCE",
    "SILENCE_S",
    "abandons_the_queue",
    "goes_silent",
    "leaves_a_message_at_once",
    "leaves_a_message_when_turned_away",
]

SHORT_PATIENCE = 0.1
"""How many times as patient as others somebody in a hurry is. Invented."""

SILENCE_S = 3600.0
"""How long, in seconds of life, a visitor who says nothing leaves the window open. Invented: longer than servers let
anybody (the WhosOn Chat API specification has an inactivity timeout and gives no value)."""

_NOBODY_THERE = frozenset({Outcome.TURNED_AWAY, Outcome.UNANSWERED, Outcome.QUEUE_TIMEOUT})


def abandons_the_queue(chat: ChatSession) -> Outcome:
    """Ask for a chat and give up soon; whoever is taken before that chats as everybody does."""
    arrive(chat)
    return ask(chat, patience=SHORT_PATIENCE) or chat_through(chat)


def leaves_a_message_when_turned_away(chat: ChatSession) -> Outcome:
    """Ask for a chat, and leave a message where nobody is there or nobody came in time."""
    arrive(chat)
    outcome = ask(chat)
    if outcome is None:
        return chat_through(chat)
    return leave_message(chat, instead_of=outcome) if outcome in _NOBODY_THERE else outcome


def leaves_a_message_at_once(chat: ChatSession) -> Outcome:
    """Leave a message without asking for a chat, or, where none may be left, just look around."""
    arrive(chat)
    return leave_message(chat, instead_of=Outcome.BROWSED)


def goes_silent(chat: ChatSession) -> Outcome:
    """Say one line, and nothing more until the server ends the chat; or for an hour, if no server does."""
    arrive(chat)
    outcome = ask(chat)
    if outcome is not None:
        return outcome
    converse(chat, islice(small_talk(chat.visitor), 1))
    if chat.talking:
        chat.idle(SILENCE_S / chat.visitor.manners.pace)
    return farewell(chat, Outcome.SERVED if chat.talking else Outcome.ENDED_BY_SERVER)
