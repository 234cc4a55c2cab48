"""Visitors who load the page anew in the middle of a chat, under both readings of what becomes of it then.

Knows nothing of how a server keeps or forgets sessions.

The WhosOn Chat API specification wants the connection kept for the whole chat: a page that comes back begins anew.
Version 10 of the server says that a chat goes on when its connection is closed and opened again.
"""

from __future__ import annotations

from itertools import islice

from whoson_load.client.session import ChatSession
from whoson_load.errors import SessionClosed
from whoson_load.journeys.steps import arrive, ask, converse, farewell, small_talk
from whoson_load.measurement.outcome import Outcome
from whoson_load.visitors.keystrokes import Act, Keystroke

__all__ = ["reloads", "resumes"]


def reloads(chat: ChatSession) -> Outcome:
    """Say a line, load the page anew, which has forgotten everything, and ask for a chat again."""
    return _interrupted(chat, resume=False)


def resumes(chat: ChatSession) -> Outcome:
    """Say a line, load the page anew, which knows its session, and chat on; where the server does not, begin anew.

    A server whose sessions end with their connection may hold a command with an old one against the address that it
    comes from: on a target where nothing may be done that outlasts the run, the page forgets its session, as in
    `reloads`.
    """
    return _interrupted(chat, resume=chat.target.side_effects_allowed)


def _interrupted(chat: ChatSession, *, resume: bool) -> Outcome:
    arrive(chat)
    outcome = ask(chat)
    if outcome is not None:
        return outcome
    lines = small_talk(chat.visitor)
    converse(chat, islice(lines, 1))
    if chat.talking and not (resume and _comes_back(chat)):
        chat.reconnect(resume=False)
        arrive(chat)
        outcome = ask(chat)
    return outcome or farewell(chat, converse(chat, lines))


def _comes_back(chat: ChatSession) -> bool:
    """Whether the chat goes on over another connection: the server neither closes that nor answers with `error`.

    It is tried with a first key: what a visitor who comes back does, and the command that costs a server least.
    """
    rhythm = chat.visitor.manners.rhythm
    stop_at_s = rhythm.stop_typing_after_s / rhythm.pace
    chat.reconnect(resume=True)
    errors = chat.heard.errors
    try:
        chat.play((Keystroke(0.0, Act.START_TYPING, ""), Keystroke(stop_at_s, Act.STOP_TYPING, "")))
    except SessionClosed:
        return False  # under the other reading that is what a server does, and nothing wrong
    return chat.heard.errors == errors
