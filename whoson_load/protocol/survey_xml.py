"""The XML that survey answers travel in, written and read. Knows nothing of the fields that are answered.

What is read comes from strangers: it is read in one pass without building a tree, so that neither its depth nor its
declarations can cost more than its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.parsers import expat
from xml.sax.saxutils import escape

__all__ = ["MAX_SURVEY_BYTES", "decode_answers", "encode_answers"]

MAX_SURVEY_BYTES = 256 * 1024
"""The longest survey XML that is read: some hundred fields of the longest answers. Invented."""


def encode_answers(answers: Iterable[tuple[str, str]]) -> str:
    """Write answers as the `<Fields>` block of Hello and PostChatSurvey.

    Args:
        answers: (field name, value) pairs, in order. Characters that XML 1.0 cannot hold at all are left out.
    """
    fields = (
        f"<Field><Name>{_escaped(name)}</Name><Value>{_escaped(value)}</Value></Field>" for name, value in answers
    )
    return f"<Fields>{''.join(fields)}</Fields>"


_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _escaped(value: str) -> str:
    # A bare carriage return would be read back as a line feed: XML normalises line ends.
    return escape(_NOT_IN_XML.sub("", value), {"\r": "&#13;"})


_UNCLOSED_VALUE = re.compile(rb"(</Value)(?=\s*<)", re.IGNORECASE)


def decode_answers(xml: str) -> list[tuple[str, str]]:
    """Read the `<Fields>` block of Hello and PostChatSurvey, in some microseconds a field.

    The specification's own example writes `</Value</Field>`; that one slip is accepted. Tags are read in any case,
    text between the fields is passed over. "" is no answers; a field without `<Value>` is an empty answer.

    Returns:
        (field name, value) pairs in the order they stand.

    Raises:
        ValueError: it is not such a block, is longer than MAX_SURVEY_BYTES, or declares a document type (an entity may
            not blow up the reader's memory).
    """
    if not xml.strip():
        return []
    try:
        written = xml.encode()
    except UnicodeEncodeError:
        raise ValueError("got survey XML with half a surrogate pair, expected characters") from None
    if len(written) > MAX_SURVEY_BYTES:
        raise ValueError(f"got survey XML of {len(written)} bytes, expected at most {MAX_SURVEY_BYTES}")
    try:
        return _parse(written)
    except expat.ExpatError as problem:
        repaired = _UNCLOSED_VALUE.sub(rb"\1>", written)
        try:
            return _parse(repaired)
        except expat.ExpatError:
            raise ValueError(f"got survey XML that does not parse ({problem}), expected <Fields>") from None


def _parse(written: bytes) -> list[tuple[str, str]]:
    # It was text when it came: whatever encoding it declares, it is UTF-8 here.
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    block = _Block()
    parser.StartDoctypeDeclHandler = block.declaration
    parser.StartElementHandler = block.start
    parser.EndElementHandler = block.end
    parser.CharacterDataHandler = block.text
    parser.Parse(written, True)
    return block.answers


_INSIDE = {"": ("fields",), "fields": ("field",), "field": ("name", "value"), "name": (), "value": ()}
"""Tag -> the tags that may stand in it; "" is the whole."""

_EXPECTED = {
    "": "<Fields> around the survey",
    "fields": "<Field>",
    "field": "one <Name> and one <Value>",
    "name": "text alone in <Name>",
    "value": "text alone in <Value>",
}


class _Block:
    """What expat calls while it reads a `<Fields>` block."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, str]] = []
        self._path = [""]
        self._parts: dict[str, str] = {}

    def declaration(self, *_: object) -> None:
        raise ValueError("got survey XML with a document type, expected only <Fields>")

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        name, parent = tag.lower(), self._path[-1]
        if name not in _INSIDE[parent] or name in self._parts:
            raise ValueError(f"got <{tag[:40]}> in the survey XML, expected {_EXPECTED[parent]}")
        self._path.append(name)
        if parent == "field":
            self._parts[name] = ""

    def text(self, text: str) -> None:
        if self._path[-1] in self._parts:
            self._parts[self._path[-1]] += text

    def end(self, _tag: str) -> None:
        if self._path.pop() == "field":
            if "name" not in self._parts:
                raise ValueError("got <Field> without <Name> in the survey XML, expected one <Name> and one <Value>")
            self.answers.append((self._parts["name"], self._parts.get("value", "")))
            self._parts = {}
