"""The lines of a chat: their classes, and whose line each class is. Knows nothing of the events that carry them."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["MAX_LINE_CHARACTERS", "LineKind", "kind_of", "utf16_length"]

MAX_LINE_CHARACTERS = 4000
"""The longest Message of the specification.

Counted in UTF-16 units, as the server's platform (.NET) counts; that is inferred.
"""


class LineKind(StrEnum):
    """What a line is, by the tokens of its Classname; the values are the classnames a server sends."""

    PAGING = "pagingmessage"  # the first line; repeats the text of `accepted`
    WAITING_1 = "lineo linewaiting1"
    WAITING_2 = "lineo linewaiting2"
    FINAL = "lineo final"  # nobody picked up: the chat should be ended
    QUEUE = "queuemessage"  # once a minute in a queue
    SAYS = "linesays"  # "X says:", ahead of either side's line
    VISITOR = "linev"  # the visitor's own line, echoed
    OPERATOR = "lineo"
    TRANSLATION = "linet"  # of the operator's line before it
    UNKNOWN = ""  # a class nobody has heard of: counted and kept


_BY_CLASSNAME = {kind.value: kind for kind in LineKind if kind.value}

_BY_TOKEN = (
    ("linewaiting1", LineKind.WAITING_1),
    ("linewaiting2", LineKind.WAITING_2),
    ("pagingmessage", LineKind.PAGING),
    ("queuemessage", LineKind.QUEUE),
    ("linesays", LineKind.SAYS),
    ("linev", LineKind.VISITOR),
    ("linet", LineKind.TRANSLATION),
)


def kind_of(classname: str) -> LineKind:
    """Read a Classname by its tokens, in any case and order.

    Only a line whose one token is `lineo` is an operator's: `lineo` beside a token nobody has heard of may be anything.
    """
    kind = _BY_CLASSNAME.get(classname)
    if kind is not None:
        return kind
    tokens = set(classname.lower().split())
    if tokens >= {"lineo", "final"}:
        return LineKind.FINAL  # starts like an operator's line and is none
    for token, kind in _BY_TOKEN:
        if token in tokens:
            return kind
    return LineKind.OPERATOR if tokens == {"lineo"} else LineKind.UNKNOWN


def utf16_length(line: str) -> int:
    """The length of a line in UTF-16 units: an emoji outside the basic plane counts two."""
    return len(line) if line.isascii() else len(line.encode("utf-16-le", "surrogatepass")) // 2
