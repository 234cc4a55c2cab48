"""Where a visitor stands when a test begins, and the lines that are said there."""

from __future__ import annotations

from tests.client.scripted import HOWARD, ScriptedLine
from whoson_load.client.session import ChatSession
from whoson_load.protocol.events import Connected, NewLine
from whoson_load.protocol.site import Site

SITE = Site(domain="www.mycompany.com")
CONNECTED = Connected(session_id="s-1", site=SITE)
DEADLINE_NS = 30_000_000_000
"""So long after its sending a line without an echo is lost."""


def line_of(classname: str, content: str = "Hello", uid: str = "u-1") -> NewLine:
    """A line of a class."""
    return NewLine(chat_uid=uid, classname=classname, content=content)


def linev(text: str) -> NewLine:
    """The visitor's own line."""
    return line_of("linev", text)


def begin_chat(chat: ChatSession, line: ScriptedLine) -> None:
    """Bring a visitor into a chat."""
    line.serve(pickup_s=0.5)
    chat.connect()
    chat.hello()
    assert chat.wait_for_operator(10) == HOWARD


def bring(chat: ChatSession, line: ScriptedLine, where: str) -> None:
    """Bring a visitor to where a step begins, and let nothing be answered from there on.

    Args:
        where: "", "connected", "waiting", "chatting" or "ended".
    """
    line.serve(pickup_s=0.5 if where in ("chatting", "ended") else 3600)
    if where:
        chat.connect()
    if where in ("waiting", "chatting", "ended"):
        chat.hello()
    if where in ("chatting", "ended"):
        chat.wait_for_operator(10)
    if where == "ended":
        chat.quit()
    line.answers.clear()
