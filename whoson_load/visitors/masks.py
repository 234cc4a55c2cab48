"""Texts that match a mask: a regular expression run backwards. Knows nothing of surveys.

Not one of the libraries that do this: one draws from Python's global random numbers, the other from sets whose
order differs from process to process, where the same seed must give the same visits in every worker; and both
repeat `*` up to a hundred times, far past the length of a field.

What comes out is a guess, which the caller matches against the mask: boundaries and what may not follow are passed
over.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any

from whoson_load.visitors.draws import between, pick

__all__ = ["matching"]

_TYPED = string.ascii_letters + string.digits + " " + string.punctuation
"""What people have on their keys."""

_EASY = string.ascii_lowercase * 2 + string.ascii_uppercase + string.digits * 2 + "-_.!?"
"""What stands for "any character": mostly letters and digits."""

_BEYOND = "äöüéèàçñøłßΩЖ漢字"
"""For masks that want none of the keys."""

_MOST_OF_A_RANGE = 512


def matching(mask: str, rng: random.Random, spare: int) -> str | None:
    """A text that most likely matches a mask, in some tens of microseconds.

    Args:
        mask: a regular expression that Python can read.
        rng: everything random comes from it.
        spare: how many repeats more than the least a repetition may have; 0 for texts as short as they get.

    Returns:
        The text; None where a part of the mask has no text (a reference to a group that did not take part, a failure).

    Raises:
        re.error: Python cannot read the mask.
    """
    try:
        return _Generator(rng, spare).text(_parsed(mask))
    except LookupError:
        return None


# The parser of `re` is the only one that reads exactly what `re` matches. It is not public and has no types, hence the
# Any of its nodes; their form is the same in Python 3.11 to 3.14.
_Node = tuple[Any, Any]


@lru_cache(maxsize=256)
def _parsed(mask: str) -> Iterable[_Node]:
    nodes: Iterable[_Node] = import_module("re._parser").parse(mask)
    return nodes


class _Generator:
    """Makes one text out of one parsed mask; a method for each kind of node.

    What a look-ahead demands ("a digit somewhere") is kept as a wish, and the next place that takes any such
    character grants it.
    """

    def __init__(self, rng: random.Random, spare: int) -> None:
        self._rng = rng
        self._spare = spare
        self._groups: dict[int, str] = {}
        self._wishes: list[str] = []

    def text(self, nodes: Iterable[_Node]) -> str:
        return "".join(_TEXT_OF[kind.name](self, value) for kind, value in nodes)

    def group(self, value: tuple[int | None, int, int, Iterable[_Node]]) -> str:
        number, _, _, nodes = value
        text = self.text(nodes)
        if number is not None:
            self._groups[number] = text
        return text

    def repeat(self, value: tuple[int, int, Iterable[_Node]]) -> str:
        least, most, nodes = value
        times = between(least, min(int(most), least + self._spare), self._rng)
        return "".join(self.text(nodes) for _ in range(times))

    def branch(self, value: tuple[None, list[Iterable[_Node]]]) -> str:
        return self.text(pick(value[1], self._rng))

    def conditional(self, value: tuple[int, Iterable[_Node], Iterable[_Node] | None]) -> str:
        number, if_there, if_not = value
        return self.text((if_there if number in self._groups else if_not) or ())

    def reference(self, number: int) -> str:
        return self._groups[number]

    def look_around(self, value: tuple[int, Iterable[_Node]]) -> str:
        direction, nodes = value
        if direction > 0:
            self._wishes += self.text(node for node in nodes if not _is_filler(node))
        return ""

    def one_of(self, characters: str) -> str:
        for place, wish in enumerate(self._wishes):
            if wish in characters or characters is _EASY:
                return self._wishes.pop(place)
        return pick(characters, self._rng)


def _is_filler(node: _Node) -> bool:
    """Whether it is the `.*` before what a look-ahead is about."""
    kind, value = node
    return "REPEAT" in kind.name and all(inner.name == "ANY" for inner, _ in value[2])


_CATEGORIES: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "CATEGORY_DIGIT": (str.isdigit, string.digits),
    "CATEGORY_NOT_DIGIT": (lambda character: not character.isdigit(), string.ascii_letters + " -"),
    "CATEGORY_SPACE": (str.isspace, " "),
    "CATEGORY_NOT_SPACE": (lambda character: not character.isspace(), _EASY),
    "CATEGORY_WORD": (lambda character: character.isalnum() or character == "_", string.ascii_letters + string.digits),
    "CATEGORY_NOT_WORD": (lambda character: not (character.isalnum() or character == "_"), " -./"),
}
"""For each class of characters: what is in it, and what people would type of it."""


@lru_cache(maxsize=1024)
def _set(members: tuple[_Node, ...]) -> str:
    """The characters to draw from for a set like `[a-f_]` or `[^,]`.

    Raises:
        LookupError: nothing that is in it can be found.
    """
    if members[0][0].name == "NEGATE":
        for each in (_EASY, _TYPED, _BEYOND):
            if kept := _without(each, members[1:]):
                return kept
        raise LookupError("a set that wants nothing")
    return "".join(dict.fromkeys("".join(_range_or_class(kind.name, value) for kind, value in members)))


def _without(characters: str, members: Iterable[_Node]) -> str:
    tests = [_membership(kind.name, value) for kind, value in members]
    return "".join(each for each in characters if not any(test(each) for test in tests))


def _membership(kind: str, value: Any) -> Callable[[str], bool]:  # noqa: ANN401
    if kind == "CATEGORY":
        return _CATEGORIES[value.name][0]
    low, high = value if kind == "RANGE" else (value, value)
    return lambda character: low <= ord(character) <= high


def _range_or_class(kind: str, value: Any) -> str:  # noqa: ANN401
    if kind == "CATEGORY":
        return _CATEGORIES[value.name][1]
    if kind == "LITERAL":
        return chr(value)
    low, high = value
    typed = "".join(each for each in _TYPED if low <= ord(each) <= high)
    # Surrogates are no characters; a range that names them gets none.
    return typed or "".join(
        chr(code) for code in range(low, min(high, low + _MOST_OF_A_RANGE) + 1) if not 0xD800 <= code <= 0xDFFF
    )


_TEXT_OF: Mapping[str, Callable[[_Generator, Any], str]] = {
    "LITERAL": lambda _, code: chr(code),
    "NOT_LITERAL": lambda maker, code: maker.one_of(_EASY.replace(chr(code), "")),
    "ANY": lambda maker, _: maker.one_of(_EASY),
    "IN": lambda maker, members: maker.one_of(_set(tuple(members))),
    "SUBPATTERN": _Generator.group,
    "ATOMIC_GROUP": _Generator.text,
    "MAX_REPEAT": _Generator.repeat,
    "MIN_REPEAT": _Generator.repeat,
    "POSSESSIVE_REPEAT": _Generator.repeat,
    "BRANCH": _Generator.branch,
    "GROUPREF": _Generator.reference,
    "GROUPREF_EXISTS": _Generator.conditional,
    "ASSERT": _Generator.look_around,
    "ASSERT_NOT": lambda *_: "",
    "AT": lambda *_: "",
}
