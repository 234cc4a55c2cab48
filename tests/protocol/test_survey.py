from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whoson_load.protocol.reading import JsonValue
from whoson_load.protocol.survey import FIELD_TYPES, Survey, SurveyField, change_case, problem_with


def field(**properties: JsonValue) -> SurveyField:
    """A field with the JSON properties given and a name."""
    return SurveyField.decode({"FieldName": "f", **properties})


# ---------------------------------------------------------------------------------------------------------------------
# Reading


def test_a_field_is_read_from_whatever_is_there() -> None:
    """All but the name may be missing or null; a field that does not say so is enabled, and has no bounds."""
    assert field() == SurveyField(field_name="f")
    assert field(**dict.fromkeys(SurveyField(field_name="f").encode().keys() - {"FieldName"})) == field()
    assert (field().enabled, field().bounds, field().kind) == (True, (None, None), "text")


def test_a_fields_properties_are_read_in_every_form() -> None:
    """Numbers as digits, booleans as words, names in any case."""
    read = SurveyField.decode(
        {"fieldname": "f", "LENGTH": "10", "Enabled": "False", "requiredfield": "Y", "ValidateHigh": "2.5", "Lines": -1}
    )
    assert read == SurveyField(field_name="f", length=10, enabled=False, required=True, validate_high=2.5)


@pytest.mark.parametrize("name", [None, "", {"FieldName": ""}])
def test_a_field_without_a_name_is_refused(name: JsonValue) -> None:
    """Its answer could not be sent."""
    with pytest.raises(ValueError, match=r"^got "):
        SurveyField.decode(name if isinstance(name, dict) else {"FieldName": name})


@pytest.mark.parametrize("field_type", sorted(FIELD_TYPES))
def test_the_field_types_are_read_in_any_case(field_type: str) -> None:
    """The nine of the specification's table, and `name`, which its example uses."""
    assert field(FieldType=field_type.upper()).kind == field_type


@pytest.mark.parametrize("field_type", ["hologram", "", None, "textarea"])
def test_an_unknown_field_type_is_text(field_type: str | None) -> None:
    """A field that nobody has heard of can still be typed into."""
    assert field(FieldType=field_type).kind == "text"


@pytest.mark.parametrize(
    "field_type, low, high, bounds",
    [
        ("numeric", -1, -1, (None, None)),
        ("numeric", 0, 0, (None, None)),
        ("numeric", 0, 10, (0, 10)),
        ("numeric", -1, 10, (None, 10)),
        ("numeric", 5, -1, (5, None)),
        ("numeric", -10, -5, (-10, -5)),
        ("numeric", "0.5", "1.5", (0.5, 1.5)),
        ("rating", -1, 5, (1, 5)),
        ("rating", 0, 5, (0, 5)),
        ("rating", 0, 0, (1, None)),
        ("rating", -1, -1, (1, None)),
        ("text", 1, 5, (None, None)),
        ("date", 1, 5, (None, None)),
    ],
)
def test_the_bounds_of_a_field(
    field_type: str, low: JsonValue, high: JsonValue, bounds: tuple[float | None, float | None]
) -> None:
    """Only a number or a rating has any; -1 is none, 0 and 0 together are none, and a rating starts at 1."""
    assert field(FieldType=field_type, ValidateLow=low, ValidateHigh=high).bounds == bounds


@pytest.mark.parametrize("high, written", [(5.0, "5"), (2.5, "2.5"), (1e300, "1e300")])
def test_bounds_are_written_as_json_numbers(high: float, written: str) -> None:
    """Whole ones as whole numbers, as the specification does."""
    assert (
        json.dumps(SurveyField(field_name="f", validate_high=high).encode()["ValidateHigh"]).replace("+", "") == written
    )


@pytest.mark.parametrize(
    "survey, asked",
    [
        ({"Enabled": True, "Fields": [{"FieldName": "a"}, {"FieldName": "b", "Enabled": False}]}, ["a"]),
        ({"Enabled": "False", "Fields": [{"FieldName": "a"}]}, []),
        ({"Enabled": True, "Fields": None}, []),
        ({"enabled": "Y", "fields": [{"FieldName": "a"}]}, ["a"]),
        (None, []),
    ],
)
def test_only_enabled_fields_of_an_enabled_survey_are_asked(survey: JsonValue, asked: list[str]) -> None:
    """In the order they stand."""
    assert [each.field_name for each in Survey.decode(survey).asked] == asked


# ---------------------------------------------------------------------------------------------------------------------
# Answers

FITTING: list[tuple[dict[str, JsonValue], list[str]]] = [
    ({}, ["", "anything", "  ", "<b>&"]),
    ({"RequiredField": True}, ["a"]),
    ({"Length": 3}, ["abc"]),
    ({"MultiLine": True}, ["a\nb\nc\nd"]),
    ({"MultiLine": True, "Lines": 2}, ["a\nb"]),
    ({"ChangeCase": 1}, ["ABC É 1"]),
    ({"ChangeCase": 2}, ["Abc DEF", "IBM", "1st", "O'neill"]),
    ({"ChangeCase": 3}, ["abc é 1"]),
    ({"ChangeCase": 9}, ["aBc"]),
    ({"Mask": r"\d{4}"}, ["1234"]),
    ({"Mask": r"("}, ["anything: Python cannot read the mask"]),
    ({"Mask": r"(?<digits>\d+)"}, ["a group as .NET names it"]),
    ({"Mask": r"[a-z-[aeiou]]+"}, ["a subtraction as .NET writes it"]),
    ({"Mask": r"[[a]+"}, ["a set that Python has doubts about"]),
    ({"Mask": r"[A-Z]-[0-9]"}, ["A-1"]),
    ({"FieldType": "numeric"}, ["0", "-1", "2.5", "1e3"]),
    ({"FieldType": "numeric", "ValidateLow": 5, "ValidateHigh": 10}, ["5", "7.5", "10"]),
    ({"FieldType": "numeric", "ValidateLow": 0, "ValidateHigh": 0}, ["-99"]),
    ({"FieldType": "rating", "ValidateHigh": 5}, ["1", "5"]),
    ({"FieldType": "date"}, ["2024-02-29", "1999-12-31", "0001-01-01"]),
    ({"FieldType": "date", "Mask": r"\d\d/\d\d/\d{4}"}, ["29/02/2024"]),
    ({"FieldType": "date", "Mask": "("}, ["2024-02-29"]),
    ({"FieldType": "time"}, ["00:00", "23:59", "12:30:59"]),
    ({"FieldType": "time", "Mask": r"\d\d\.\d\d"}, ["12.30"]),
    ({"FieldType": "boolean"}, ["Y", "N", "true", "False", "1", "0", "yes", "off"]),
    ({"FieldType": "select", "SelectOptions": ["a", "b"]}, ["a", "b"]),
    ({"FieldType": "email"}, ["a@example.com", "a.b+c@d.example.co.uk"]),
    ({"FieldType": "text", "HTML5Type": "EMAIL"}, ["a@example.com"]),
    ({"FieldType": "company"}, ["Smith & Sons"]),
    ({"FieldType": "name"}, ["Thomas"]),
    ({"FieldType": "hologram"}, ["anything"]),
]

WRONG: list[tuple[dict[str, JsonValue], str, str]] = [
    ({"RequiredField": True}, "", "f: got nothing, expected an answer"),
    ({"Length": 3}, "abcd", "f: got 'abcd', expected at most 3 characters"),
    ({}, "a\nb", "f: got 'a\\nb', expected one line"),
    ({"MultiLine": True, "Lines": 2}, "a\nb\nc", "f: got 'a\\nb\\nc', expected at most 2 lines"),
    ({"ChangeCase": 1}, "aB", "f: got 'aB', expected the case changed by rule 1"),
    ({"ChangeCase": 2}, "one Two", "f: got 'one Two', expected the case changed by rule 2"),
    ({"ChangeCase": 3}, "aB", "f: got 'aB', expected the case changed by rule 3"),
    ({"Mask": r"\d{4}"}, "12345", r"f: got '12345', expected a match of \d{4}"),
    ({"Mask": r"[A-Z]-[0-9]"}, "A1", "f: got 'A1', expected a match of [A-Z]-[0-9]"),
    ({"FieldType": "numeric"}, "twelve", "f: got 'twelve', expected a number"),
    ({"FieldType": "numeric"}, "1_000", "f: got '1_000', expected a number"),
    ({"FieldType": "numeric"}, "nan", "f: got 'nan', expected a number"),
    ({"FieldType": "numeric"}, "1e999", "f: got '1e999', expected a number"),
    ({"FieldType": "numeric", "ValidateLow": 5}, "4.9", "f: got '4.9', expected at least 5"),
    ({"FieldType": "numeric", "ValidateHigh": 5}, "5.1", "f: got '5.1', expected at most 5"),
    ({"FieldType": "rating", "ValidateHigh": 5}, "0", "f: got '0', expected at least 1"),
    ({"FieldType": "rating", "ValidateHigh": 5}, "6", "f: got '6', expected at most 5"),
    ({"FieldType": "date"}, "2023-02-29", "f: got '2023-02-29', expected a date, YYYY-MM-DD"),
    ({"FieldType": "date"}, "2024-04-31", "f: got '2024-04-31', expected a date, YYYY-MM-DD"),
    ({"FieldType": "date"}, "0000-01-01", "f: got '0000-01-01', expected a date, YYYY-MM-DD"),
    ({"FieldType": "date"}, "20240229", "f: got '20240229', expected a date, YYYY-MM-DD"),
    ({"FieldType": "date"}, "2024-W01-1", "f: got '2024-W01-1', expected a date, YYYY-MM-DD"),
    ({"FieldType": "date"}, "29/02/2024", "f: got '29/02/2024', expected a date, YYYY-MM-DD"),
    ({"FieldType": "date", "Mask": "("}, "29/02/2024", "f: got '29/02/2024', expected a date, YYYY-MM-DD"),
    ({"FieldType": "date"}, "२०२४-०१-०१", "f: got '२०२४-०१-०१', expected a date, YYYY-MM-DD"),
    ({"FieldType": "date"}, "next Tuesday", "f: got 'next Tuesday', expected a date, YYYY-MM-DD"),
    ({"FieldType": "time"}, "24:00", "f: got '24:00', expected a time, HH:MM"),
    ({"FieldType": "time"}, "9:30", "f: got '9:30', expected a time, HH:MM"),
    ({"FieldType": "boolean"}, "perhaps", "f: got 'perhaps', expected Y or N"),
    ({"FieldType": "select", "SelectOptions": ["a", "b"]}, "A", "f: got 'A', expected one of a, b"),
    ({"FieldType": "select"}, "a", "f: got 'a', expected one of no options"),
    ({"FieldType": "email"}, "a@example", "f: got 'a@example', expected an e-mail address"),
    ({"FieldType": "email"}, "a b@example.com", "f: got 'a b@example.com', expected an e-mail address"),
    ({"HTML5Type": "email"}, "example.com", "f: got 'example.com', expected an e-mail address"),
    ({"Length": 5}, "x" * 100, f"f: got '{'x' * 60}', expected at most 5 characters"),
]


@pytest.mark.parametrize("properties, answers", FITTING, ids=str)
def test_a_server_has_no_reason_to_refuse(properties: dict[str, JsonValue], answers: list[str]) -> None:
    """Each of these answers fits its field."""
    assert [problem_with(field(**properties), answer) for answer in answers] == [None] * len(answers)


@pytest.mark.parametrize("properties, answer, problem", WRONG)
def test_a_server_has_a_reason_to_refuse(properties: dict[str, JsonValue], answer: str, problem: str) -> None:
    """Each of these answers has one thing wrong, and one line says which."""
    assert problem_with(field(**properties), answer) == problem


@pytest.mark.parametrize("properties", [properties for properties, *_ in WRONG[1:]])
def test_an_optional_field_may_stay_empty(properties: dict[str, JsonValue]) -> None:
    """Whatever else is asked of an answer, none at all is right."""
    assert problem_with(field(**properties), "") is None


@pytest.mark.parametrize(
    "rule, changed",
    [
        (0, "o'neill and SONS\nlondon"),
        (1, "O'NEILL AND SONS\nLONDON"),
        (2, "O'neill And SONS\nLondon"),
        (3, "o'neill and sons\nlondon"),
        (4, "o'neill and SONS\nlondon"),
        (-1, "o'neill and SONS\nlondon"),
    ],
)
def test_the_case_is_changed_by_rule(rule: int, changed: str) -> None:
    """Upper, words capitalised with the rest of each word as it is, lower; anything else changes nothing."""
    assert change_case("o'neill and SONS\nlondon", rule) == changed


@settings(deadline=None)
@given(st.text(), st.sampled_from([0, 1, 2, 3]))
def test_a_case_that_was_changed_stays(value: str, rule: int) -> None:
    """Changing it again changes nothing, so a changed answer is never refused for its case."""
    changed = change_case(value, rule)
    assert change_case(changed, rule) == changed


@settings(deadline=None)
@given(
    st.sampled_from([properties for properties, _ in FITTING]),
    st.text(max_size=30),
)
def test_any_answer_fits_or_has_one_line_against_it(properties: dict[str, JsonValue], answer: str) -> None:
    """Never an exception, and never more than one line of bounded length."""
    problem = problem_with(field(**properties), answer)
    assert problem is None or (problem.startswith("f: got ") and "\n" not in problem and len(problem) < 500)
