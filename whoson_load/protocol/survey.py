"""Survey fields: what a site asks, and what answers it accepts.

Knows nothing of who asks or who answers: the visitor that fills a survey and the server that checks one share it.
"""

from __future__ import annotations

import re
import warnings
from datetime import date
from functools import lru_cache

import msgspec

from whoson_load.protocol.reading import JsonObject, JsonValue, flag, number, shortest, text, texts, whole
from whoson_load.protocol.survey_xml import MAX_SURVEY_BYTES, decode_answers, encode_answers

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


class SurveyField(msgspec.Struct, frozen=True, kw_only=True):
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
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?", re.ASCII)
_BOOLEAN = frozenset({"y", "n", "yes", "no", "true", "false", "1", "0", "on", "off"})


def problem_with(field: SurveyField, value: str) -> str | None:
    """Say what is wrong with an answer, or None when a server has no reason to refuse it.

    The specification gives dates, times and booleans no wire form. Read here: dates `YYYY-MM-DD` and times `HH:MM`,
    which HTML inputs yield, unless the field's mask says otherwise; booleans `Y` or `N`, after the specification's
    DefaultValue "Y", and what else a boolean is written as. A mask in another dialect of regular expressions than
    Python's binds nobody: the server will judge.
    """
    if not value:
        return f"{field.field_name}: got nothing, expected an answer" if field.required else None
    expected = _expected_shape(field, value) or _expected_kind(field, value)
    return f"{field.field_name}: got {value[:60]!r}, expected {expected}" if expected else None


def _expected_shape(field: SurveyField, value: str) -> str | None:
    """What was expected by the properties that every field has, None when the answer is that."""
    expected = None
    if field.length and len(value) > field.length:
        expected = f"at most {field.length} characters"
    elif not field.multi_line and "\n" in value:
        expected = "one line"
    elif field.multi_line and field.lines and value.count("\n") >= field.lines:
        expected = f"at most {field.lines} lines"
    elif value != change_case(value, field.change_case):
        expected = f"the case changed by rule {field.change_case}"
    elif (mask := _compiled(field.mask)) is not None and not mask.fullmatch(value):
        expected = f"a match of {field.mask}"
    return expected


def _expected_kind(field: SurveyField, value: str) -> str | None:
    """What was expected by the field's kind, None when the answer is that."""
    kind = field.kind
    if kind in ("numeric", "rating"):
        return _expected_number(field, value)
    if kind == "text" and field.html5_type.lower() == "email":
        kind = "email"
    if kind in ("date", "time") and _compiled(field.mask) is not None:
        return None
    fits, expected = {
        "email": (_EMAIL.fullmatch(value) is not None, "an e-mail address"),
        "date": (_is_date(value), "a date, YYYY-MM-DD"),
        "time": (_TIME.fullmatch(value) is not None, "a time, HH:MM"),
        "boolean": (value.lower() in _BOOLEAN, "Y or N"),
        "select": (value in field.select_options, f"one of {', '.join(field.select_options) or 'no options'}"),
    }.get(kind, (True, None))
    return None if fits else expected


def _expected_number(field: SurveyField, value: str) -> str | None:
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


def _is_date(value: str) -> bool:
    try:
        return _DATE.fullmatch(value) is not None and bool(date.fromisoformat(value))
    except ValueError:
        return False


# `[a-z-[aeiou]]` is a subtraction to .NET and something else, without a word, to Python.
_SUBTRACTION = re.compile(r"(?<!\\)\[(?:\\.|[^\]\\])*-\[")


@lru_cache(maxsize=256)
def _compiled(mask: str) -> re.Pattern[str] | None:
    """The mask; None for none, and for one that .NET reads and Python does not, or not as .NET does."""
    if not mask or _SUBTRACTION.search(mask):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)  # Python's own doubts about a set
        try:
            return re.compile(mask)
        except (re.error, OverflowError, RecursionError, FutureWarning):
            return None
