"""Operators' Markdown to the HTML a visitor's window may show. Knows neither operators nor lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from html import escape

__all__ = ["render", "strip_tags"]

_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)(?:\s[^<>]*)?/?>")
_LINK = re.compile(r"\[([^\]\n]+)\]\((https?://[^\s()<>\"]+)\)")
_BARE_URL = re.compile(r"(?<![\"'>=/])\bhttps?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")

_SPANS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"`([^`\n]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"(?<![\w*])\*(?=[^\s*])(.+?)(?<=[^\s*])\*(?![\w*])"), r"<em>\1</em>"),
    (re.compile(r"(?<!\w)_(?=\S)([^_\n]+?)(?<=\S)_(?!\w)"), r"<em>\1</em>"),
)


def render(markdown: str, allowed_tags: Collection[str]) -> str:
    """Turn a line into HTML: emphasis, code, links, bare URLs, line ends; tags that are not allowed go.

    Args:
        allowed_tags: names of tags, lower case, that may stand in the line, and that may be made.
    """
    held: list[str] = []

    def hold(html: str) -> str:
        # URLs hold characters that mean emphasis: out of the way until the rest is done.
        held.append(html)
        return f"\x00{len(held) - 1}\x00"

    def anchor(url: str, words: str) -> str:
        return hold(f'<a href="{url}" target="_blank">{words}</a>' if "a" in allowed_tags else words)

    line = strip_tags(markdown.replace("\x00", ""), allowed_tags, hold)
    line = escape(line, quote=False)
    line = _LINK.sub(lambda match: anchor(match[2], match[1]), line)
    line = _BARE_URL.sub(lambda match: anchor(match[0], match[0]), line)
    for pattern, html in _SPANS:
        tag = html[1 : html.index(">")]
        line = pattern.sub(html if tag in allowed_tags else r"\1", line)
    line = line.replace("\n", "<br>" if "br" in allowed_tags else " ")
    # A link's words may hold a held tag: from the last to the first, each is in place before what is inside it.
    for number in reversed(range(len(held))):
        line = line.replace(f"\x00{number}\x00", held[number])
    return line


def strip_tags(line: str, allowed_tags: Collection[str], keep: Callable[[str], str] = str) -> str:
    """Take out all tags but the allowed ones, their attributes but `href` included; what stood between them stays.

    Args:
        keep: what to put in place of an allowed tag.
    """

    def judge(match: re.Match[str]) -> str:
        name = match[1].lower()
        if name not in allowed_tags:
            return ""
        if match[0].startswith("</"):
            return keep(f"</{name}>")
        link = re.search(r"\bhref\s*=\s*[\"']?(https?://[^\s\"'<>]+)", match[0]) if name == "a" else None
        return keep(f'<a href="{escape(link[1])}" target="_blank">' if link else f"<{name}>")

    return _TAG.sub(judge, line)
