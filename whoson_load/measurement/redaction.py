"""Takes secrets out of what a record keeps of a run: its command line, its options and its addresses.

Knows nothing of which options there are: it goes by their names, by the shape of values, and by the secrets it is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

__all__ = ["HIDDEN", "redact_command_line", "redact_options", "redact_text"]

HIDDEN: Final = "***"
"""What stands in the place of a secret."""

_SECRET_NAME: Final = re.compile(
    r"(?:^|[^a-z])(?:auth|authentication|authorization|pass(?:word|wd|phrase)?|secret|token|api-?key|key|credentials?|cookie)"
    r"(?:$|[^a-z])"
)
_USERINFO: Final = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^/?#\s@]*(?:@[^/?#\s@]*)*@", re.IGNORECASE)
_QUERY: Final = re.compile(r"(?P<before>[?&;])(?P<name>[^=&;#\s?]+)=(?P<value>[^&;#\s]*)")
_ASSIGNED: Final = re.compile(r"(?P<name>[A-Za-z][\w.-]*)(?P<by>=|:\s*)(?P<value>.+)", re.DOTALL)
_SHORTEST_PART: Final = 4  # a shorter secret is hidden where it is a whole word of the command line, not inside others


def redact_text(text: str, secrets: Iterable[str] = ()) -> str:
    """Hide user names and passwords in addresses, query values with secret names, and the secrets themselves.

    Args:
        text: any text, such as an address.
        secrets: values known to be secret; empty ones are ignored.
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        if text == secret:
            return HIDDEN
        if len(secret) >= _SHORTEST_PART:
            text = text.replace(secret, HIDDEN)
    text = _USERINFO.sub(rf"\g<scheme>{HIDDEN}@", text)
    return _QUERY.sub(_redact_query, text)


def redact_command_line(words: Sequence[str], secrets: Iterable[str] = ()) -> list[str]:
    """Hide the values of options with secret names, in `--name value` and `--name=value`, and all `redact_text` hides.

    Headers and assignments (`X-Api-Key: abc`, `WHOSON_AUTH=abc`) count as well. In doubt a value is hidden.
    """
    known = tuple(secrets)
    redacted: list[str] = []
    hide_next = False
    for word in words:
        if hide_next and not word.startswith("-"):
            redacted.append(HIDDEN)
            hide_next = False
            continue
        option = word.startswith("-")
        name, by, value = _split(word.lstrip("-"))
        hide_next = option and not by and _is_secret(name)
        if by and value and _is_secret(name):
            redacted.append(word[: len(word) - len(value)] + HIDDEN)
        else:
            redacted.append(redact_text(word, known))
    return redacted


def redact_options(options: Mapping[str, object], secrets: Iterable[str] = ()) -> dict[str, object]:
    """Hide the values of options with secret names, and all that `redact_text` hides in texts and lists of texts.

    Returns:
        the options as JSON carries them: what is no text, number, truth value or None comes as its text.
    """
    known = tuple(secrets)
    return {
        name: HIDDEN if value not in (None, "", False) and _is_secret(name) else _redact_value(value, known)
        for name, value in options.items()
    }


def _redact_value(value: object, secrets: tuple[str, ...]) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [HIDDEN if _assigns_secret(str(each)) else redact_text(str(each), secrets) for each in value]
    return HIDDEN if _assigns_secret(str(value)) else redact_text(str(value), secrets)


def _assigns_secret(text: str) -> bool:
    name, by, _ = _split(text)
    return bool(by) and _is_secret(name)


def _split(text: str) -> tuple[str, str, str]:
    match = _ASSIGNED.fullmatch(text)
    return (match["name"], match["by"], match["value"]) if match else (text, "", "")


def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name.lower().replace("_", "-")) is not None


def _redact_query(match: re.Match[str]) -> str:
    value = HIDDEN if _is_secret(match["name"]) else match["value"]
    return f"{match['before']}{match['name']}={value}"
