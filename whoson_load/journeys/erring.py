"""The visitor who answers wrongly first. Knows nothing of how a server judges answers."""

from __future__ import annotations

import random

from whoson_load.client.session import ChatSession
from whoson_load.journeys.steps import answer_to, arrive, ask, chat_through, fill_in
from whoson_load.measurement.outcome import Outcome
from whoson_load.protocol.conversation import State
from whoson_load.protocol.survey import SurveyField
from whoson_load.visitors.answers import wrong_answer
from whoson_load.visitors.draws import pick

__all__ = ["errs_first"]


def errs_first(chat: ChatSession) -> Outcome:
    """An everyday chat whose surveys and requested fields are answered wrongly first.

    The survey before the chat is judged by the visitor's own page, which is given every rule of its fields: the error
    costs time, and Hello, which cannot be sent twice, carries what is right. What is sent in the chat and after it is
    for the server to judge: one that refuses a wrong answer is given a right one. It may also hold it against the
    address that it comes from: where nothing may be done that outlasts the run, only right answers are sent.
    """
    arrive(chat)
    fill_in(chat, chat.site.pre_chat_survey.asked)
    if not chat.target.side_effects_allowed:
        return ask(chat) or chat_through(chat)
    return ask(chat) or chat_through(chat, oblige=_give_wrongly_first, then=_rate_wrongly_first)


def _with_mistake(
    answers: list[tuple[str, str]], fields: tuple[SurveyField, ...], rng: random.Random
) -> list[tuple[str, str]] | None:
    """The same answers with one that is wrong; None where none can be."""
    given = {name for name, _ in answers}
    mistakes = [
        (field.field_name, wrong)
        for field in fields
        if field.field_name in given and (wrong := wrong_answer(field, rng)) is not None
    ]
    if not mistakes:
        return None
    erring, mistake = pick(mistakes, rng)
    return [(name, mistake if name == erring else value) for name, value in answers]


def _give_wrongly_first(chat: ChatSession) -> None:
    request, chat.heard.wanted_field = chat.heard.wanted_field, None
    if request is None:
        return
    visitor, field = chat.visitor, request.field
    for value in (wrong_answer(field, visitor.rng), answer_to(chat, field)):
        if value is None:
            continue
        chat.idle(visitor.manners.filling_s([(field.field_name, value)], visitor.rng))
        if chat.state is not State.CHATTING or chat.answer_field(field.field_name, value):
            return


def _rate_wrongly_first(chat: ChatSession) -> None:
    fields = chat.site.post_chat_survey.asked
    answers = fill_in(chat, fields)
    wrong = _with_mistake(answers, fields, chat.visitor.rng)
    if answers and (wrong is None or not chat.post_survey(wrong)):
        chat.post_survey(answers)
