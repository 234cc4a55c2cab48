"""What a replayed visitor types: texts of given lengths, made up as they are needed.

Knows no chat and no time.
"""

from __future__ import annotations

import random

from whoson_load.protocol.events import Operator
from whoson_load.visitors.draws import stream
from whoson_load.visitors.keystrokes import Act
from whoson_load.visitors.oddities import NO_ODDITIES
from whoson_load.visitors.recording import Detail
from whoson_load.visitors.talk import LANGUAGES, Kind, Talk

__all__ = ["Drafts"]


class Drafts:
    """One visitor's drafts: each grows as far as anything of it is shown or sent, and is over when it is sent.

    Args:
        language: one of LANGUAGES.
        rng: of the visit; one draw of it is taken. How far a draft got when a chat ended is a matter of milliseconds,
            so that the rest comes from a stream of its own.
        texts: of the lines that will be sent; "" for one that is made up.
    """

    def __init__(self, language: str, rng: random.Random, texts: tuple[str, ...]) -> None:
        self._rng = stream("drafts", int(rng.random() * 2**53))
        self._talk = Talk(language, self._rng, NO_ODDITIES)
        self._texts = texts
        self._sent = 0
        self._draft = ""

    def text(self, act: Act, detail: Detail, operator: Operator | None) -> str:
        """What a keystroke shows or sends.

        Args:
            detail: as `Does` holds it.
            operator: whose language a translation is in; None for nobody yet.
        """
        if act not in (Act.PREVIEW, Act.MESSAGE):
            return ""
        if isinstance(detail, tuple):
            theirs = operator.lang.lower() if operator is not None else ""
            into = Talk(theirs if theirs in LANGUAGES else "en", self._rng, NO_ODDITIES)
            translation = _grown("", detail[0], into, self._kind)[: detail[0]]
            text = f"{translation}<original>{_whole(self._of_length(detail[1]))}</original>"
        else:
            text = detail if isinstance(detail, str) else self._of_length(detail)
        if act is Act.MESSAGE:
            text = text if isinstance(detail, str) else _whole(text)
            self._sent += 1
            self._draft = ""
        return text

    def message(self, detail: Detail) -> str:
        """What is left for somebody to read later."""
        if isinstance(detail, str):
            return detail
        characters = int(str(detail))
        return _whole(_grown("", characters, self._talk, Kind.MESSAGE)[:characters])

    def _of_length(self, characters: int) -> str:
        """So much of the draft, which grows where it is too short."""
        if not self._draft and self._sent < len(self._texts):
            self._draft = self._texts[self._sent]
        self._draft = _grown(self._draft, characters, self._talk, self._kind)
        return self._draft[:characters]

    @property
    def _kind(self) -> Kind:
        """What the line is for: an opening, questions and answers in turn, thanks."""
        if self._sent == 0:
            return Kind.OPENING
        if self._sent == len(self._texts) - 1:
            return Kind.THANKS
        return Kind.QUESTION if self._sent % 2 else Kind.ANSWER


def _grown(text: str, characters: int, talk: Talk, kind: Kind) -> str:
    """A text with as many sentences behind it as it takes to be at least so long."""
    while len(text) < characters:
        text = f"{text} {talk.line(kind)}" if text else talk.line(kind)
    return text


def _whole(text: str) -> str:
    # A text that ends in a space would come back without it.
    return f"{text[:-1]}." if text.endswith(" ") else text
