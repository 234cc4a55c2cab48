"""Visitors who speak another language than the site. Knows no dictionary: the translations are the visitors' talk's."""

from __future__ import annotations

from collections.abc import Iterator

from whoson_load.client.session import ChatSession
from whoson_load.journeys.steps import arrive, ask, converse, farewell, kinds, small_talk
from whoson_load.measurement.outcome import Outcome
from whoson_load.visitors.draws import pick
from whoson_load.visitors.keystrokes import Act, Keystroke, type_out
from whoson_load.visitors.talk import LANGUAGES, Talk

__all__ = ["brings_a_translation", "has_it_translated"]


def brings_a_translation(chat: ChatSession) -> Outcome:
    """Type in a language of one's own and send each line with its translation: `Hello<original>Bonjour</original>`."""
    arrive(chat)
    own = _own_language(chat)
    return ask(chat, language=own, translate=True) or farewell(chat, converse(chat, _translated(chat, own)))


def has_it_translated(chat: ChatSession) -> Outcome:
    """Type in a language of one's own and leave it to the server to translate."""
    arrive(chat)
    own = _own_language(chat)
    return ask(chat, language=own, translate=True) or farewell(chat, converse(chat, small_talk(chat.visitor, own)))


def _own_language(chat: ChatSession) -> str:
    """The visitor's language; where that is the site's own, another one, if it can be of those the site translates."""
    visitor, translation = chat.visitor, chat.site.translation
    sites = translation.default_language.lower() or "en"
    if visitor.persona.language != sites:
        return visitor.persona.language
    others = [each for each in LANGUAGES if each != sites]
    offered = [each for each in others if each in {language.iso2.lower() for language in translation.languages}]
    return pick(offered or others, visitor.rng)


def _translated(chat: ChatSession, own: str) -> Iterator[Iterator[Keystroke]]:
    visitor = chat.visitor
    talk = Talk(own, visitor.rng)
    for kind in kinds(visitor):
        operator = chat.heard.operator
        theirs = operator.lang.lower() if operator is not None else ""
        foreign, original = talk.translated(kind, theirs if theirs in LANGUAGES else "en")
        line = original if theirs == own else f"{foreign}<original>{original}</original>"
        yield _sent_as(line, type_out(original, visitor.manners.rhythm, visitor.rng))


def _sent_as(line: str, keystrokes: Iterator[Keystroke]) -> Iterator[Keystroke]:
    """What is typed is the original; the window puts the translation to it."""
    for each in keystrokes:
        yield each._replace(text=line) if each.act is Act.MESSAGE else each
