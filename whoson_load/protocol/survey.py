"""Survey fields: what a site asks, what answers it accepts, and the XML the answers travel in.

Knows nothing of who asks or who answers: the visitor that fills a survey and the server that checks one share it.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from functools import lru_cache
from xml.parsers import expat
from xml.sax.saxutils import escape

import msgspec

from whoson_load.protocol.reading import JsonObject, JsonValue, flag, number, shortest, text, texts, whole

__all__ = [
    "FIELD_TYPES",
    "MAX_SURVEY_BYTES",
    "Survey",
    "SurveyField",
    "change_case",
    "decode_answers",
    "encode_answers",
    "problem_with",
]

FIELD_TYPES = frozenset({"text", "numeric", "date", "time", "boolean", "select", "rating", "company", "email", "name"})
"""The field types of the specification's table, and `name`, which its own example uses; any other is read as text."""

MAX_SURVEY_BYTES = 256 * 1024
"""The longest survey XML that is read: some hundred fields of the longest answers. Invented."""


class SurveyField(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """One question of a survey, with every property of the specification.

    Attributes:
        field_name: unique within the site.
        field_type: as the server wrote it; see `kind` for the one to act on.
        enabled: a disabled field is not asked.
        prompt: the text shown beside the input.
        length: most characters of the answer; 0 for no limit.
        multi_line, lines: whether the answer may have several lines, and how many at most (0: no limit).
        password: whether the input is masked on the screen.
        change_case: 0 as typed, 1 upper case, 2 first letter of each word, 3 lower case.
        mask: a regular expression that the whole answer matches; "" for none.
        default_value: what the input shows before the visitor types.
        default_date_today, default_time_today: whether a date or time input starts at now.
        select_type: "select" or "radio" for a select, else "".
        validate_low, validate_high: bounds of a numeric or rating answer; -1 for none, 0 and 0 together for none.
        required: whether an empty answer is refused.
        select_options: the allowed answers of a select.
        html5_type: the HTML input type the server suggests.
    """

    field_name: str
    field_type: str = "text"
    enabled: bool = True
    prompt: str = ""
    length: int = 0
    multi_line: bool = False
    lines: int = 0
    password: bool = False
    change_case: int = 0
    mask: str = ""
    default_value: str = ""
    default_date_today: bool = False
    default_time_today: bool = False
    select_type: str = ""
    validate_low: float = -1
    validate_high: float = -1
    required: bool = False
    select_options: tuple[str, ...] = ()
    html5_type: str = "text"

    @property
    def kind(self) -> str:
        """The field type to act on: lower case, and "text" for a type nobody has heard of."""
        folded = self.field_type.lower()
        return folded if folded in FIELD_TYPES else "text"

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The lowest and highest number accepted, None for no bound; only a numeric field or a rating has any.

        A rating without a lower bound starts at 1, as every page of stars does.
        """
        if self.kind not in ("numeric", "rating") or (self.validate_low == 0 and self.validate_high == 0):
            return (1.0 if self.kind == "rating" else None, None)
        low = None if self.validate_low == -1 else self.validate_low
        high = None if self.validate_high == -1 else self.validate_high
        if self.kind == "rating" and low is None:
            low = 1.0
        return (low, high)

    @classmethod
    def decode(cls, value: JsonValue) -> SurveyField:
        """Read a field from decoded JSON, names in any case.

        Raises:
            ValueError: it is no object, has no name, or a property is of a type that no reading allows.
        """
        members = JsonObject(value)
        name = members.read("FieldName", text)
        if not name:
            raise ValueError("got a survey field without FieldName, expected a unique name")
        return cls(
            field_name=name,
            field_type=members.read("FieldType", text) or "text",
            enabled=True if members.get("Enabled") is None else members.read("Enabled", flag),
            prompt=members.read("Prompt", text),
            length=max(0, members.read("Length", whole)),
            multi_line=members.read("MultiLine", flag),
            lines=max(0, members.read("Lines", whole)),
            password=members.read("Password", flag),
            change_case=members.read("ChangeCase", whole),
            mask=members.read("Mask", text),
            default_value=members.read("DefaultValue", text),
            default_date_today=members.read("DefaultDateToday", flag),
            default_time_today=members.read("DefaultTimeToday", flag),
            select_type=members.read("SelectType", text),
            validate_low=members.read("ValidateLow", _bound),
            validate_high=members.read("ValidateHigh", _bound),
            required=members.read("RequiredField", flag),
            select_options=members.read("SelectOptions", texts),
            html5_type=members.read("HTML5Type", text) or "text",
        )

    def encode(self) -> dict[str, JsonValue]:
        """The field as the specification's JSON object, whole bounds as whole numbers."""
        return {
            "FieldName": self.field_name,
            "FieldType": self.field_type,
            "Enabled": self.enabled,
            "Prompt": self.prompt,
            "Length": self.length,
            "MultiLine": self.multi_line,
            "Lines": self.lines,
            "Password": self.password,
            "ChangeCase": self.change_case,
            "Mask": self.mask,
            "DefaultValue": self.default_value,
            "DefaultDateToday": self.default_date_today,
            "DefaultTimeToday": self.default_time_today,
            "SelectType": self.select_type,
            "ValidateLow": shortest(self.validate_low),
            "ValidateHigh": shortest(self.validate_high),
            "RequiredField": self.required,
            "SelectOptions": list(self.select_options),
            "HTML5Type": self.html5_type,
        }


class Survey(msgspec.Struct, frozen=True):
    """The questions before or after a chat.

    Attributes:
        enabled: whether the site asks at all.
        fields: in the order they are shown.
    """

    enabled: bool = False
    fields: tuple[SurveyField, ...] = ()

    @property
    def asked(self) -> tuple[SurveyField, ...]:
        """The fields a visitor is shown: none when the survey is off, the enabled ones when it is on."""
        return tuple(field for field in self.fields if field.enabled) if self.enabled else ()

    @classmethod
    def decode(cls, value: JsonValue) -> Survey:
        """Read a survey from decoded JSON; null is a survey that is off.

        Raises:
            ValueError: it is neither null nor an object, or one of its fields cannot be read.
        """
        if value is None:
            return cls()
        members = JsonObject(value)
        return cls(members.read("Enabled", flag), members.each("Fields", SurveyField.decode))

    def encode(self) -> dict[str, JsonValue]:
        """The survey as the specification's JSON object."""
        return {"Enabled": self.enabled, "Fields": [field.encode() for field in self.fields]}


def _bound(value: JsonValue) -> float:
    return number(value, -1)


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


_UNCLOSED_VALUE = re.compile(r"</Value(?=\s*<)")


def decode_answers(xml: str) -> list[tuple[str, str]]:
    """Read the `<Fields>` block of Hello and PostChatSurvey.

    The specification's own example writes `</Value</Field>`; that one slip is accepted. Tags are read in any case. "" is no answers.

    Returns:
        (field name, value) pairs in the order they stand.

    Raises:
        ValueError: it is not such a block, is longer than MAX_SURVEY_BYTES, or declares a document type (an entity may
            not blow up the reader's memory).
    """
    if not xml.strip():
        return []
    if len(xml.encode("utf-8", "replace")) > MAX_SURVEY_BYTES:
        raise ValueError(f"got survey XML of {len(xml)} characters, expected at most {MAX_SURVEY_BYTES} bytes")
    root = _parse(_UNCLOSED_VALUE.sub("</Value>", xml))
    if root.tag.lower() != "fields":
        raise ValueError(f"got <{root.tag[:40]}> around the survey, expected <Fields>")
    answers = []
    for field in root:
        parts = {part.tag.lower(): part.text or "" for part in field}
        if field.tag.lower() != "field" or "name" not in parts:
            raise ValueError(f"got <{field.tag[:40]}> in the survey, expected <Field> with <Name> and <Value>")
        answers.append((parts["name"], parts.get("value", "")))
    return answers


def _parse(xml: str) -> ElementTree.Element:
    parser = ElementTree.XMLParser()
    checked = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise ValueError("got survey XML with a document type, expected only <Fields>")

    checked.StartDoctypeDeclHandler = refuse
    try:
        checked.Parse(xml, True)
        parser.feed(xml)
        return parser.close()
    except (expat.ExpatError, ElementTree.ParseError) as problem:
        raise ValueError(f"got survey XML that does not parse ({problem})") from None


def change_case(value: str, rule: int) -> str:
    """Apply a field's ChangeCase: 1 upper, 2 the first letter of each word, 3 lower, anything else as it is."""
    if rule == 1:
        return value.upper()
    if rule == 2:
        return re.sub(r"(^|\s)(\S)", lambda match: match[1] + match[2].upper(), value)
    if rule == 3:
        return value.lower()
    return value


_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
_BOOLEAN = frozenset({"Y", "N"})


def problem_with(field: SurveyField, value: str) -> str | None:
    """Say what is wrong with an answer, or None when a server has no reason to refuse it.

    The specification gives dates, times and booleans no wire form. Read here: dates `YYYY-MM-DD` and times `HH:MM`, which HTML inputs
    yield, and booleans `Y` or `N`, after the specification's DefaultValue "Y".
    """
    if not value:
        return f"{field.field_name}: got nothing, expected an answer" if field.required else None
    complaint = _form_problem(field, value)
    return f"{field.field_name}: got {value[:60]!r}, expected {complaint}" if complaint else None


def _form_problem(field: SurveyField, value: str) -> str | None:
    complaint = None
    if field.length and len(value) > field.length:
        complaint = f"at most {field.length} characters"
    elif value.count("\n") and not field.multi_line:
        complaint = "one line"
    elif field.multi_line and field.lines and value.count("\n") >= field.lines:
        complaint = f"at most {field.lines} lines"
    elif value != change_case(value, field.change_case):
        complaint = f"the case changed by rule {field.change_case}"
    elif field.mask and (mask := _compiled(field.mask)) is not None and not mask.fullmatch(value):
        complaint = f"a match of {field.mask}"
    return complaint or _kind_problem(field, value)


def _kind_problem(field: SurveyField, value: str) -> str | None:
    kind = field.kind
    if kind in ("numeric", "rating"):
        return _number_problem(field, value)
    expected = {
        "email": (_EMAIL.fullmatch(value) is not None, "an e-mail address"),
        "date": (_DATE.fullmatch(value) is not None, "a date, YYYY-MM-DD"),
        "time": (_TIME.fullmatch(value) is not None, "a time, HH:MM"),
        "boolean": (value in _BOOLEAN, "Y or N"),
        "select": (value in field.select_options, f"one of {', '.join(field.select_options)}"),
    }.get(kind, (True, ""))
    if not expected[0]:
        return expected[1]
    if kind == "text" and field.html5_type.lower() == "email" and not _EMAIL.fullmatch(value):
        return "an e-mail address"
    return None


def _number_problem(field: SurveyField, value: str) -> str | None:
    try:
        read = number(value)
    except ValueError:
        return "a number"
    low, high = field.bounds
    if low is not None and read < low:
        return f"at least {low:g}"
    if high is not None and read > high:
        return f"at most {high:g}"
    return None


@lru_cache(maxsize=256)
def _compiled(mask: str) -> re.Pattern[str] | None:
    # A mask that Python cannot read (.NET has its own dialect) binds nobody: the server will judge it.
    try:
        return re.compile(mask)
    except re.error:
        return None
