"""Visitors who send files, by themselves or when asked. Knows nothing of HTTP: that is the upload's."""

from __future__ import annotations

from itertools import islice

from whoson_load.client.session import ChatSession
from whoson_load.client.upload import upload
from whoson_load.errors import TargetError
from whoson_load.journeys.steps import arrive, ask, chat_through, converse, farewell, give_field, small_talk
from whoson_load.measurement.outcome import Outcome
from whoson_load.protocol.conversation import State
from whoson_load.protocol.site import file_extensions
from whoson_load.visitors.draws import Distribution, Lognormal, pick
from whoson_load.visitors.talk import Talk

__all__ = ["FILE_BYTES", "answers_file_requests", "give_file", "sends_a_file"]

FILE_BYTES: Distribution = Lognormal.of(120_000, 150_000, low=200, high=2_000_000)
"""How large a visitor's file is: a screenshot, an invoice. Invented."""


def sends_a_file(chat: ChatSession) -> Outcome:
    """After the first line send a file of a type that the site takes, and chat on."""
    arrive(chat)
    outcome = ask(chat)
    if outcome is not None:
        return outcome
    lines = small_talk(chat.visitor)
    if converse(chat, islice(lines, 1)) is Outcome.SERVED:
        give_file(chat)
    return farewell(chat, converse(chat, lines))


def answers_file_requests(chat: ChatSession) -> Outcome:
    """An everyday chat in which an operator who asks for a file gets one."""
    arrive(chat)
    return ask(chat) or chat_through(chat, oblige=_oblige)


def _oblige(chat: ChatSession) -> None:
    give_field(chat)
    request, chat.heard.wanted_file = chat.heard.wanted_file, None
    if request is not None:
        give_file(chat, request.file_types)


def give_file(chat: ChatSession, wanted: str = "", looking_s: float | None = None) -> bool:
    """Look for a file, upload it and send it.

    An upload that fails is an error of `upload`; the chat goes on without the file.

    Args:
        wanted: comma-separated extensions, as an operator asks; "" for any that the site takes.
        looking_s: how long it is looked for; None for as long as people do.

    Returns:
        Whether the chat shows it: not where the site takes none of these, where this run may not do what outlasts it,
        where the upload failed, or where the chat ended meanwhile.
    """
    visitor = chat.visitor
    allowed = file_extensions(chat.site.allowed_file_types)
    fitting = [each for each in file_extensions(wanted) or allowed if each in allowed]
    if not fitting or not chat.target.side_effects_allowed:
        return False
    name = f"visitor-{visitor.persona.number}-{visitor.persona.tag}.{pick(fitting, visitor.rng)}"
    page = Talk(visitor.persona.language, visitor.rng).pasted().encode()
    size = int(FILE_BYTES.draw(visitor.rng))
    content = (page * (size // len(page) + 1))[:size]
    looking_s = visitor.manners.browse_s(visitor.rng) if looking_s is None else looking_s
    if not chat.idle(looking_s) or chat.state is not State.CHATTING:
        return False
    try:
        url = upload(chat.target, chat.site, name, content, chat.recorder)
    except TargetError:
        return False
    return chat.send_file(name, url)
