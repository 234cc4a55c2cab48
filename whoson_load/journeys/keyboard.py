"""Visitors who type much and send nothing, or type nothing and send much. Knows nothing of what is read of it."""

from __future__ import annotations

from whoson_load.client.session import ChatSession
from whoson_load.journeys.steps import arrive, ask, converse, farewell, kinds
from whoson_load.measurement.outcome import Outcome
from whoson_load.visitors.keystrokes import paste, type_out
from whoson_load.visitors.talk import Kind, Talk

__all__ = ["pastes", "types_and_sends_nothing"]


def types_and_sends_nothing(chat: ChatSession) -> Outcome:
    """Type all the lines of a chat, and think better of every one of them."""
    visitor = chat.visitor
    arrive(chat)
    outcome = ask(chat)
    if outcome is not None:
        return outcome
    talk, rhythm, rng = Talk(visitor.persona.language, visitor.rng), visitor.manners.rhythm, visitor.rng
    dropped = (type_out(talk.line(kind), rhythm, rng, sends=False) for kind in kinds(visitor))
    return farewell(chat, converse(chat, dropped))


def pastes(chat: ChatSession) -> Outcome:
    """Send a text from elsewhere, as long as a line may be (4,000 characters), then say thanks."""
    visitor = chat.visitor
    arrive(chat)
    outcome = ask(chat)
    if outcome is not None:
        return outcome
    talk, rhythm, rng = Talk(visitor.persona.language, visitor.rng), visitor.manners.rhythm, visitor.rng
    lines = (paste(talk.pasted(), rhythm, rng), type_out(talk.line(Kind.THANKS), rhythm, rng))
    return farewell(chat, converse(chat, lines))
