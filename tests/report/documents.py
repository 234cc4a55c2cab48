"""HTML as tests look at it: elements with attributes and texts, nested as they have to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "img", "link", "hr", "input"}


@dataclass
class Element:
    """One element, with what is in it."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, blanks put together."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            else:
                yield from child._texts()

    def all(self, tag: str = "") -> Iterator[Element]:
        """All elements below it, or those of a tag."""
        for child in self.children:
            if isinstance(child, Element):
                if tag in ("", child.tag):
                    yield child
                yield from child.all(tag)

    def with_class(self, name: str) -> list[Element]:
        """Those below it of a class."""
        return [each for each in self.all() if name in each.attributes.get("class", "").split()]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag}: an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> in {self._open[-1].tag} at {self.getpos()}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def parse(document: str) -> Element:
    """A document whose elements all end where they should."""
    parser = _Parser()
    parser.feed(document)
    parser.close()
    assert parser._open == [parser.root], "an element has no end"
    return parser.root


def lines_of(page: Element) -> list[str]:
    """What a reader reads, but for the charts: headings, sentences, verdicts and tables, a line each."""
    (main,) = page.all("main")
    found = []
    for each in main.all():
        if each.tag in ("h2", "h3", "p", "li", "caption", "tr", "figcaption", "summary", "dt", "dd"):
            cells = [cell.text for cell in each.children if isinstance(cell, Element)]
            found.append(f"{each.tag}: {' | '.join(cells) if each.tag == 'tr' else each.text}")
    return found
