"""What a line may have in it that a server may stumble over: emoji, links, markup, foreign scripts, sheer length.

Knows no languages.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, fields

from whoson_load.visitors.draws import between, happens, pick

__all__ = ["NO_ODDITIES", "ODDITIES", "Oddities"]

_EMOJI = ("🙂", "😀", "👍", "😡", "😢", "🙏", "🎉", "❤️", "🤷‍♀️", "👨‍👩‍👧", ":-)", ";)", ":(", "\U0001f1ec\U0001f1e7")
_LINKS = (
    "https://www.example.com/products/4711?colour=black&size=m",
    "http://www.example.com/basket#total",
    "www.example.org",
    "https://example.net/a_(b)/~c;d=1",
    "support@example.com",
)
_HTML_LIKE = (
    "<b>urgent</b>",
    "5 < 6 && 7 > 3",
    "<script>alert('x')</script>",
    "&lt;price&gt; &amp; VAT",
    "<3",
    '<img src="https://www.example.com/a.png" onerror="x">',
    "<br>",
    "</div>",
    "\"quoted\" & 'quoted'",
)
_MARKDOWN_LIKE = (
    "**please**",
    "_really_",
    "`error 0x80070005`",
    "[the page](https://www.example.com/help)",
    "* one * two",
    "# 3",
    "~~no~~",
    "C:\\temp\\*.log",
    "snake_case_name",
)
_FOREIGN = (
    "Ünïcödé",
    "Привет",
    "你好",
    "مرحبا",
    "שלום",
    "नमस्ते",
    "Ελλάδα",
    "e\u0301te\u0301",
    "½ €",
    "\u200bzero\u200bwidth",
    "\U0001d4d0\U0001d4d1\U0001d4d2",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddities:
    """How often (0 to 1 each, apart from one another) a line has something in it that it need not have. All Invented.

    Attributes:
        emoji: a smiley, some of several code points.
        link: an address, with and without a scheme.
        html: what looks like HTML and may be it.
        markdown: what looks like Markdown.
        foreign: another script, accents as characters of their own, characters without width or beyond 16 bits.
        very_long: a line of hundreds of words, as pasted from elsewhere.
        long_low, long_high: the least and the most characters of such a line.
    """

    emoji: float = 0.05
    link: float = 0.02
    html: float = 0.01
    markdown: float = 0.01
    foreign: float = 0.01
    very_long: float = 0.002
    long_low: int = 400
    long_high: int = 4000

    def __post_init__(self) -> None:
        for field in fields(self)[:6]:
            chance = getattr(self, field.name)
            if not 0 <= chance <= 1:
                raise ValueError(f"{field.name}: got {chance}, expected a chance from 0 to 1")
        if not 0 < self.long_low <= self.long_high:
            raise ValueError(f"long_low: got {self.long_low}, expected 1 to long_high ({self.long_high})")

    def put_into(self, text: str, story: Callable[[], str], rng: random.Random) -> str:
        """The text with what the chances bring, put behind it.

        Args:
            text: the line as it would be.
            story: gives a further sentence each time, for a very long line.
            rng: six draws are made at least, whatever the chances, so that changing one leaves the visits without
                it as they were.
        """
        for chance, stock in (
            (self.link, _LINKS),
            (self.html, _HTML_LIKE),
            (self.markdown, _MARKDOWN_LIKE),
            (self.foreign, _FOREIGN),
            (self.emoji, _EMOJI),
        ):
            if happens(chance, rng):
                text = f"{text} {pick(stock, rng)}"
        if happens(self.very_long, rng):
            length = between(self.long_low, self.long_high, rng)
            while len(text) < length:
                text = f"{text} {story()}"
            text = text[:length].rstrip()
        return text


ODDITIES = Oddities()
"""The odd line now and then."""

NO_ODDITIES = Oddities(emoji=0, link=0, html=0, markdown=0, foreign=0, very_long=0)
"""Plain lines only."""
