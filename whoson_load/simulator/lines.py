"""Visitors' text as the chat shows it: cut, relieved of its translation, escaped. Knows no chat."""

from __future__ import annotations

from html import escape

from whoson_load.protocol.lines import MAX_LINE_CHARACTERS, utf16_length
from whoson_load.simulator.settings import ChatSettings

__all__ = ["TooLong", "original_of", "shown_line"]


class TooLong(ValueError):
    """A line of more characters than the site takes.

    Attributes:
        fatal: whether the site closes the connection for it.
    """

    def __init__(self, *, fatal: bool) -> None:
        super().__init__(f"The line is longer than {MAX_LINE_CHARACTERS} characters.")
        self.fatal = fatal


def shown_line(text: str, settings: ChatSettings) -> str:
    """What the chat shows of a visitor's line.

    Raises:
        TooLong: it has more than 4,000 characters (UTF-16 units), and the site refuses such lines.
    """
    # No line of half as many code points can have too many units: most lines are not even looked at.
    if len(text) > MAX_LINE_CHARACTERS // 2 and utf16_length(text) > MAX_LINE_CHARACTERS:
        if settings.too_long == "truncate":
            units = text.encode("utf-16-le", "surrogatepass")[: 2 * MAX_LINE_CHARACTERS]
            text = units.decode("utf-16-le", "ignore")
        elif settings.too_long != "accept":
            raise TooLong(fatal=settings.too_long == "close")
    text = original_of(text)
    return escape(text) if settings.escape_html else text


def original_of(text: str) -> str:
    """What the visitor typed: the text, or what stands in `<original>` tags behind the visitor's own translation."""
    if "<" not in text:
        return text
    folded = text.lower()
    start, end = folded.rfind("<original>"), folded.rfind("</original>")
    return text[start + len("<original>") : end] if 0 <= start < end else text
