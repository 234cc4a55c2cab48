"""The chat that most visitors have: read, fill in the survey, wait, talk for some turns, say thanks, rate it, leave."""

from __future__ import annotations

from datetime import UTC, datetime

from whoson_load.client.session import ChatSession
from whoson_load.clock import wall_ns
from whoson_load.errors import SessionClosed
from whoson_load.measurement.outcome import Outcome
from whoson_load.protocol.conversation import State
from whoson_load.protocol.events import NotAccepted
from whoson_load.protocol.survey import SurveyField
from whoson_load.visitors.answers import answer_survey
from whoson_load.visitors.talk import Kind, Talk

__all__ = ["everyday", "farewell", "fill_in", "nobody_came"]


def everyday(chat: ChatSession) -> Outcome:
    """Chat for 3 to 8 turns (the manners' own figures), then rate it.

    Copes with: being turned away, a queue, the final waiting line, a queue's timeout, an operator or server that ends the chat, a
    transfer, requests for files and fields (which this visitor overlooks), a server that closes after Quit.
    """
    visitor = chat.visitor
    manners, rng = visitor.manners, visitor.rng
    site = chat.connect()
    chat.idle(manners.reading_s(site.opening_message, rng))
    answers = fill_in(chat, site.pre_chat_survey.asked)
    if isinstance(chat.hello(answers), NotAccepted):
        return Outcome.TURNED_AWAY
    if chat.wait_for_operator(manners.patience_s(rng)) is None:
        return nobody_came(chat)
    talked = _talk(chat)
    return farewell(chat, Outcome.SERVED if talked else Outcome.ENDED_BY_SERVER)


def _talk(chat: ChatSession) -> bool:
    """Talk until the visitor has said all; False when somebody else ended it before."""
    visitor = chat.visitor
    manners, rng = visitor.manners, visitor.rng
    talk = Talk(visitor.persona.language, rng)
    turns = manners.turns(rng)
    for turn in range(turns):
        if turn == 0:
            kind = Kind.OPENING
        elif turn == turns - 1:
            kind = Kind.THANKS
        else:
            kind = Kind.QUESTION if turn % 2 else Kind.ANSWER
        if not chat.type_and_send(talk.line(kind), manners.rhythm):
            return False
        reply = chat.wait_for_reply(manners.reply_patience_s(rng))
        if reply is not None and not chat.idle(manners.reading_s(reply.content, rng)):
            return turn == turns - 1
        if turn < turns - 1 and not chat.idle(manners.thought_s(rng)):
            return False
    return True


def fill_in(chat: ChatSession, fields: tuple[SurveyField, ...]) -> list[tuple[str, str]]:
    """Answer a survey, taking the time a person takes.

    Returns:
        (field name, value) pairs; none for a survey that asks nothing.
    """
    visitor = chat.visitor
    now = datetime.fromtimestamp(wall_ns() // 1_000_000_000, UTC)
    answers = answer_survey(fields, visitor.persona, visitor.rng, now)
    if answers:
        chat.idle(visitor.manners.filling_s(answers, visitor.rng))
    return answers


def nobody_came(chat: ChatSession) -> Outcome:
    """Leave a chat that nobody picked up."""
    outcome = {
        State.UNANSWERED: Outcome.UNANSWERED,
        State.QUEUE_TIMEOUT: Outcome.QUEUE_TIMEOUT,
        State.ENDED: Outcome.ENDED_BY_SERVER,
    }.get(chat.state, Outcome.ABANDONED)
    chat.quit()
    return outcome


def farewell(chat: ChatSession, outcome: Outcome) -> Outcome:
    """End the chat, fill in the survey after it and leave.

    Nobody says who closes the connection after a Quit: a server that does so first, before it owes anything, has done nothing wrong.

    Returns:
        The outcome that was given.
    """
    visitor = chat.visitor
    try:
        chat.quit()
        chat.idle(visitor.manners.goodbye_s(visitor.rng))
        answers = fill_in(chat, chat.site.post_chat_survey.asked)
        if answers:
            chat.post_survey(answers)
    except SessionClosed:
        if chat.heard.owing:
            raise
    return outcome
