"""The steps that journeys are made of: arriving, asking for a chat, talking, obliging, leaving.

Knows no journey. Each step takes a chat in whatever state the target left it, does what a person would still do there,
and raises nothing but TargetError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from whoson_load.client.session import ChatSession, Visitor
from whoson_load.clock import wall_ns
from whoson_load.errors import SessionClosed
from whoson_load.measurement.outcome import Outcome
from whoson_load.protocol.conversation import State
from whoson_load.protocol.events import NotAccepted, Operator
from whoson_load.protocol.survey import SurveyField
from whoson_load.visitors.answers import UnanswerableField, answer_field, answer_survey, extra_answers
from whoson_load.visitors.keystrokes import Keystroke, type_out
from whoson_load.visitors.talk import Kind, Talk

__all__ = [
    "Step",
    "answer_to",
    "answers_to",
    "arrive",
    "ask",
    "chat_through",
    "converse",
    "farewell",
    "fill_in",
    "give_field",
    "is_there",
    "kinds",
    "leave_message",
    "marks",
    "nobody_came",
    "rate",
    "small_talk",
    "visitors_time",
]

Step = Callable[[ChatSession], object]
"""Something a visitor does in passing."""


# Before the chat


def arrive(chat: ChatSession) -> None:
    """Connect, and read what the page says."""
    visitor = chat.visitor
    site = chat.connect()
    chat.idle(visitor.manners.reading_s(site.opening_message, visitor.rng))


def is_there(operator: Operator) -> bool:
    """Whether a visitor may wait for an operator: who is Busy was Online a moment ago, and is again in another."""
    return operator.status in ("Online", "Busy")


def ask(
    chat: ChatSession,
    *,
    department: str = "",
    operator: str = "",
    language: str | None = None,
    translate: bool = False,
    patience: float = 1.0,
) -> Outcome | None:
    """Fill in the survey, ask for a chat and wait for somebody.

    Args:
        department, operator, language, translate: as `ChatSession.hello` takes them.
        patience: how many times as patient as others this visitor is.

    Returns:
        None when an operator joined; otherwise how the visit ended: there is nothing to wait for any more.
    """
    visitor = chat.visitor
    answers = [*fill_in(chat, chat.site.pre_chat_survey.asked), *marks(chat)]
    answer = chat.hello(answers, department=department, operator=operator, language=language, translate=translate)
    if isinstance(answer, NotAccepted):
        return Outcome.TURNED_AWAY
    joined = chat.wait_for_operator(patience * visitor.manners.patience_s(visitor.rng))
    return nobody_came(chat) if joined is None else None


def fill_in(chat: ChatSession, fields: tuple[SurveyField, ...]) -> list[tuple[str, str]]:
    """Answer a survey, taking the time a person takes.

    A required field that cannot be answered is left out and counted as a deviation: it is the site that asks for what
    cannot be.

    Returns:
        (field name, value) pairs; none for a survey that asks nothing.
    """
    visitor = chat.visitor
    answers = answers_to(chat, fields)
    if answers:
        chat.idle(visitor.manners.filling_s(answers, visitor.rng))
    return answers


def answers_to(chat: ChatSession, fields: tuple[SurveyField, ...]) -> list[tuple[str, str]]:
    """The answers to a survey, at once; see `fill_in`."""
    visitor = chat.visitor
    answers: list[tuple[str, str]] = []
    for field in fields:
        try:
            answers += answer_survey((field,), visitor.persona, visitor.rng, visitors_time())
        except UnanswerableField:
            chat.recorder.deviation("unanswerable survey field")
    return answers


def marks(chat: ChatSession) -> list[tuple[str, str]]:
    """What nobody asked and no person types: the fields by which the chat is found among a server's records."""
    return extra_answers(chat.visitor.persona, chat.site.pre_chat_survey.fields)


def answer_to(chat: ChatSession, field: SurveyField) -> str | None:
    """An answer to one field; None, and a deviation, where there cannot be any."""
    try:
        return answer_field(field, chat.visitor.persona, chat.visitor.rng, visitors_time())
    except UnanswerableField:
        chat.recorder.deviation("unanswerable survey field")
        return None


def visitors_time() -> datetime:
    """Now, to the second, as dates and times are answered."""
    return datetime.fromtimestamp(wall_ns() // 1_000_000_000, UTC)


def nobody_came(chat: ChatSession) -> Outcome:
    """Leave a chat that nobody picked up; a server that said so and closes then has done nothing wrong."""
    outcome = {
        State.UNANSWERED: Outcome.UNANSWERED,
        State.QUEUE_TIMEOUT: Outcome.QUEUE_TIMEOUT,
        State.ENDED: Outcome.ENDED_BY_SERVER,
    }.get(chat.state, Outcome.ABANDONED)
    try:
        chat.quit()
    except SessionClosed:
        if outcome is Outcome.ABANDONED:
            raise
    return outcome


def leave_message(chat: ChatSession, instead_of: Outcome) -> Outcome:
    """Write a message and leave it, where the site takes any and this run may do what outlasts it.

    Returns:
        LEFT_MESSAGE, or the outcome that was given.
    """
    visitor = chat.visitor
    if not (chat.site.leave_message_enabled and chat.target.side_effects_allowed):
        return instead_of
    text = Talk(visitor.persona.language, visitor.rng).line(Kind.MESSAGE)
    try:
        chat.idle(visitor.manners.filling_s([("", text)], visitor.rng))
        chat.leave_message(text)
    except SessionClosed:
        if instead_of is Outcome.BROWSED:  # else it said that nobody is there, and closed
            raise
        return instead_of
    return Outcome.LEFT_MESSAGE


# The chat


def kinds(visitor: Visitor) -> Iterator[Kind]:
    """What the lines of a chat are for: an opening, questions and answers in turn, thanks; the manners say how many."""
    turns = visitor.manners.turns(visitor.rng)
    for turn in range(turns):
        if turn == 0:
            yield Kind.OPENING
        elif turn == turns - 1:
            yield Kind.THANKS
        else:
            yield Kind.QUESTION if turn % 2 else Kind.ANSWER


def small_talk(visitor: Visitor, language: str | None = None) -> Iterator[Iterator[Keystroke]]:
    """All that a visitor types in an everyday chat, line by line, each as it is asked for.

    Args:
        language: None for the visitor's own.
    """
    talk = Talk(language or visitor.persona.language, visitor.rng)
    for kind in kinds(visitor):
        yield type_out(talk.line(kind), visitor.manners.rhythm, visitor.rng)


def converse(chat: ChatSession, lines: Iterable[Iterable[Keystroke]], oblige: Step | None = None) -> Outcome:
    """Say one line after another: think, type, wait for the reply, read it, oblige.

    Args:
        lines: the keystrokes of each.
        oblige: what the visitor does about an operator's requests; None for `give_field`.

    Returns:
        SERVED when all was said; ENDED_BY_SERVER when somebody ended the chat before.
    """
    visitor = chat.visitor
    manners, rng = visitor.manners, visitor.rng
    oblige = oblige or give_field
    for keystrokes in lines:
        afterwards = rng.random()
        if not chat.idle(manners.thought_s(rng)) or not chat.play(keystrokes):
            # How far a line was typed when the chat ended is a matter of milliseconds; what comes after shall not be.
            rng.seed(int(afterwards * 2**53))
            return Outcome.ENDED_BY_SERVER
        reply = chat.wait_for_reply(manners.reply_patience_s(rng))
        # Drawn whether there is anything to read or not: a reply that comes late shall not change the next line.
        reading_s = manners.reading_s(reply.content if reply is not None else "", rng)
        if reply is not None:
            chat.idle(reading_s)
        oblige(chat)
    return Outcome.SERVED


def chat_through(chat: ChatSession, oblige: Step | None = None, then: Step | None = None) -> Outcome:
    """Once an operator is there: an everyday chat and its end; see `converse` and `farewell`."""
    return farewell(chat, converse(chat, small_talk(chat.visitor), oblige), then)


def give_field(chat: ChatSession) -> None:
    """Answer the field that an operator asks for, if one does."""
    request, chat.heard.wanted_field = chat.heard.wanted_field, None
    if request is None:
        return
    visitor, field = chat.visitor, request.field
    value = answer_to(chat, field)
    if value is None:
        return
    chat.idle(visitor.manners.filling_s([(field.field_name, value)], visitor.rng))
    if chat.state is State.CHATTING:
        chat.answer_field(field.field_name, value)


# The end


def farewell(chat: ChatSession, outcome: Outcome, then: Step | None = None) -> Outcome:
    """End the chat, do what there is to do after it, and leave.

    Nobody says who closes the connection after a Quit: a server that does so first, before it owes anything, has done
    nothing wrong.

    Args:
        outcome: of the chat.
        then: None for `rate`.

    Returns:
        The outcome that was given.
    """
    visitor = chat.visitor
    try:
        chat.quit()
        chat.idle(visitor.manners.goodbye_s(visitor.rng))
        (then or rate)(chat)
    except SessionClosed:
        if chat.heard.owing:
            raise
    return outcome


def rate(chat: ChatSession) -> None:
    """Fill in the survey after the chat, if there is one."""
    answers = fill_in(chat, chat.site.post_chat_survey.asked)
    if answers:
        chat.post_survey(answers)
