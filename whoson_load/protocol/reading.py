"""Reading loosely typed JSON: names in any case, booleans and numbers in whatever form a server wrote them.

Holds no knowledge of any one message; the readings of the messages stand beside their types.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

__all__ = ["JsonObject", "JsonValue", "flag", "number", "shortest", "text", "texts", "whole"]

JsonValue = None | bool | int | float | str | list[Any] | dict[str, Any]
"""What a JSON decoder yields: the one place where a shape is not known before it is read."""

_Read = TypeVar("_Read")

_TYPE_NAMES = {
    type(None): "null",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}

_TRUE = frozenset({"true", "y", "yes", "1", "on"})

# Narrower than what Python's own float() and int() take: no "1_000", no digits of other scripts.
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*", re.ASCII | re.IGNORECASE)
_DIGITS = re.compile(r"\s*[+-]?\d{1,19}\s*", re.ASCII)

_LEAST, _MOST = -(2**63), 2**63 - 1
_EXACT_IN_A_FLOAT = 2**53


def flag(value: JsonValue) -> bool:
    """Read a boolean as servers write them: `true`, `"True"`, `"Y"`, `1`.

    Returns:
        False for everything that is not one of these, null included.
    """
    if isinstance(value, str):
        return value.strip().lower() in _TRUE
    return isinstance(value, int | float) and value == 1


def text(value: JsonValue) -> str:
    """Read a string; null is "", a number its digits, a boolean `true` or `false`.

    Raises:
        ValueError: it is a list or an object.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise ValueError(f"got {_TYPE_NAMES[type(value)]}, expected a string")


def number(value: JsonValue, default: float = 0.0) -> float:
    """Read a finite number, given as one or as its digits in a string; null and "" are the default.

    Raises:
        ValueError: it is neither, or not finite.
    """
    if value is None or value == "":
        return default
    if isinstance(value, bool | list | dict):
        raise ValueError(f"got {_TYPE_NAMES[type(value)]}, expected a number")
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError(f"got {value[:40]!r}, expected a number")
    try:
        read = float(value)
    except OverflowError:
        read = math.inf
    if not math.isfinite(read):
        raise ValueError("got a number beyond all bounds, expected a finite number")
    return read


def whole(value: JsonValue, default: int = 0) -> int:
    """Read a whole number of 64 bits, given as one (`2`, `2.0`) or as its digits (`"2"`); null and "" are the default.

    Raises:
        ValueError: it is neither.
    """
    read: float
    if type(value) is int or (isinstance(value, str) and _DIGITS.fullmatch(value)):
        read = int(value)
    else:
        read = number(value, default)
    if not _LEAST <= read <= _MOST:
        raise ValueError("got a number of more than 64 bits, expected a whole number")
    if read != int(read):
        raise ValueError(f"got {read:.12g}, expected a whole number")
    return int(read)


def texts(value: JsonValue) -> tuple[str, ...]:
    """Read a list of strings; null is the empty list, a single string a list of one.

    Raises:
        ValueError: it is something else.
    """
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        raise ValueError(f"got {_TYPE_NAMES[type(value)]}, expected a list of strings")
    return tuple(text(item) for item in value)


def shortest(value: float) -> int | float:
    """The number as JSON writes it shortest: `20` for 20.0, everything that is not whole as it is."""
    return int(value) if abs(value) <= _EXACT_IN_A_FLOAT and value == int(value) else value


class JsonObject:
    """A JSON object whose names are read in any case, since servers and their manuals differ in it.

    Args:
        value: what the decoder yielded.

    Raises:
        ValueError: it is not an object.
    """

    __slots__ = ("_folded", "_members")

    def __init__(self, value: JsonValue) -> None:
        if not isinstance(value, dict):
            raise ValueError(f"got {_TYPE_NAMES[type(value)]}, expected an object")
        self._members: Mapping[str, Any] = value
        self._folded: Mapping[str, Any] | None = None

    def __iter__(self) -> Iterator[str]:
        """The names as they were written."""
        return iter(self._members)

    def get(self, name: str) -> JsonValue:
        """The member of this name, else of the same name in another case, else None."""
        member: JsonValue = self._members.get(name)
        if member is None and name not in self._members:
            if self._folded is None:
                self._folded = {key.lower(): item for key, item in self._members.items()}
            member = self._folded.get(name.lower())
        return member

    def read(self, name: str, reading: Callable[[JsonValue], _Read]) -> _Read:
        """What a reading makes of a member; a missing one is read as null.

        Raises:
            ValueError: the reading's own, with the member's name before it.
        """
        try:
            return reading(self.get(name))
        except ValueError as problem:
            raise ValueError(f"{name}: {problem}") from None

    def each(self, name: str, reading: Callable[[JsonValue], _Read]) -> tuple[_Read, ...]:
        """What a reading makes of each item of a list; a list that is missing, null or "" is empty.

        Raises:
            ValueError: it is no list, or the reading's own, with the item's place (from 0) before it.
        """
        items = self.get(name)
        if items is None or items == "":
            return ()
        if not isinstance(items, list):
            raise ValueError(f"{name}: got {_TYPE_NAMES[type(items)]}, expected a list")
        found = []
        for place, item in enumerate(items):
            try:
                found.append(reading(item))
            except ValueError as problem:
                raise ValueError(f"{name}[{place}]: {problem}") from None
        return tuple(found)
