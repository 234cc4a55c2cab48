from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from whoson_load.errors import ConfigError
from whoson_load.protocol.survey import SurveyField, decode_answers, encode_answers, problem_with
from whoson_load.visitors.answers import (
    HABITS,
    Habits,
    UnanswerableField,
    answer_field,
    answer_survey,
    extra_answers,
    wrong_answer,
)
from whoson_load.visitors.persona import Persona, Personas

NOW = datetime(2026, 3, 9, 14, 5, 6, tzinfo=UTC)
EVERYBODY = Personas(11, "7k2f", ("en", "fr", "de"))


def field(kind: str = "text", **properties: Any) -> SurveyField:  # noqa: ANN401 (a table of any of its properties)
    """A field of a kind, required unless said otherwise."""
    return SurveyField(**({"field_name": "Field", "field_type": kind, "required": True} | properties))


def answers(asked: SurveyField, count: int = 60, habits: Habits = HABITS) -> list[str]:
    """What so many different visitors answer to one field."""
    return [
        answer_field(asked, EVERYBODY.persona(number), random.Random(number), NOW, habits) for number in range(count)
    ]


SHAPES = {
    "a name": (field("name", length=100), r"\w.* 7k2f"),
    "a short name": (field("name", length=6), r".{1,6}"),
    "a name without digits": (field("name", mask="[^0-9]+"), r"\D+"),
    "a company, words capitalised": (field("company", change_case=2), r"[^a-z].*"),
    "an e-mail address": (field("email"), r"\S+@example\.com"),
    "a short e-mail address": (field("email", length=14), r"\S+@example\.(com|org|net)"),
    "an e-mail address in a text field": (field("text", html5_type="email", length=250), r"\S+@example\.com"),
    "an e-mail address in upper case": (field("email", change_case=1), r"[^a-z]+@EXAMPLE\.COM"),
    "a telephone number by its name": (field(field_name="Telephone"), r"[\d ()-]+"),
    "a telephone number by its input": (field(html5_type="tel", mask=r"\+\d{10,13}"), r"\+\d+"),
    "a telephone number by its mask": (field(prompt="Mobile", mask=r"07\d{9}"), r"07700900\d{3}"),
    "a number": (field("numeric"), r"\d+"),
    "a number between bounds": (field("numeric", validate_low=18, validate_high=99), r"1[89]|[2-9]\d"),
    "a number of one digit": (field("numeric", length=1), r"\d"),
    "a number between two halves": (field("numeric", validate_low=0.2, validate_high=0.8), r"0\.\d+"),
    "a big number": (field("numeric", validate_low=100_000), r"100\d{3}"),
    "a rating": (field("rating", validate_high=5), r"[1-5]"),
    "a rating to ten": (field("rating", validate_low=0, validate_high=10), r"\d|10"),
    "a rating without bounds": (field("rating"), r"[1-5]"),
    "a date": (field("date"), r"2026-0[2-5]-\d\d"),
    "today": (field("date", default_date_today=True), r"2026-0[2-5]-\d\d"),
    "a time": (field("time"), r"(0[89]|1[0-7]):(00|15|30|45)"),
    "a box": (field("boolean"), "Y|N"),
    "a choice": (field("select", select_options=("Google", "LinkedIn Ad")), "Google|LinkedIn Ad"),
    "a free text": (field(length=20), r".{1,20}"),
    "a text in upper case": (field(change_case=1), r"[^a-z]+"),
    "a text in lower case": (field(change_case=3), r"[^A-Z]+"),
    "a text on two lines": (field(multi_line=True, lines=2), r".+\n.+"),
    "a text on one of several lines": (field(multi_line=True, lines=1), r".+"),
    "an order number": (field(mask=r"[A-Z]{2}-\d{5}", change_case=1), r"[A-Z]{2}-\d{5}"),
    "a mask of another dialect": (field(mask=r"\p{Lu}+["), r".+"),
    "a password": (
        field(password=True, mask=r"(?=.*\d)(?=.*[A-Z])(?=.*[!@#$%]).{8,12}", length=12),
        r".{8,12}",
    ),
    "a type nobody has heard of": (field("colour"), r".+"),
}


@pytest.mark.parametrize("asked, shape", SHAPES.values(), ids=SHAPES)
def test_an_answer_is_what_the_field_asks_for(asked: SurveyField, shape: str) -> None:
    """What sixty visitors answer has the shape of the table, and nothing is wrong with it."""
    for answer in answers(asked):
        assert problem_with(asked, answer) is None
        assert re.fullmatch(shape, answer), answer


@pytest.mark.parametrize("asked", [each for each, _ in SHAPES.values()], ids=SHAPES)
def test_only_a_day_follows_the_clock(asked: SurveyField) -> None:
    """The same visitor answers the same at another time of day, and, but for dates, in another year."""
    later_that_day, next_year = NOW.replace(hour=23, minute=59), NOW.replace(year=2027)
    for number in range(20):
        persona = EVERYBODY.persona(number)
        first, later, last = (
            answer_field(asked, persona, random.Random(number), now) for now in (NOW, later_that_day, next_year)
        )
        assert first == later
        assert (first == last) is (asked.kind != "date")


@pytest.mark.parametrize(
    "mask",
    [
        r"\d{11}",
        r"\+\d{10,14}",
        r"0\d{9,10}",
        r"[0-9 ]+",
        r"\(\d{3}\) \d{3}-\d{4}",
        r"\d{3}-\d{3}-\d{4}",
        r"00\d+",
        r"(\+44|0)7\d{9}",
        r"0[1-9]( \d\d){4}",
    ],
)
def test_no_mask_makes_up_a_telephone_number(mask: str) -> None:
    """Whatever form a site demands, the number is one of those that are reserved for fiction."""
    reserved = re.compile(
        r"(0|44|0044)?7700900\d{3}|(1|001)?\d{3}55501\d\d|(0|33|0033)?63998\d{4}"
        r"|(0|49|0049)?(3023125|4066969|2214710|6990009|8999998)\d{3}"
    )
    for answer in answers(field(field_name="Phone", mask=mask)):
        assert reserved.fullmatch(re.sub(r"\D", "", answer)), answer


def test_no_mask_makes_up_an_email_address() -> None:
    """A field that only takes what may be somebody's address is not answered, whatever it is called."""
    for asked in (
        field("email", mask=r"[a-z]+@[a-z]{4}\.com"),
        field("text", html5_type="email", mask=r"[a-z]+@(gmail|outlook)\.com"),
        field("text", field_name="Where", mask=r"\w+@\w+\.de"),
        field("text", default_value="info@mycompany.com", mask=r".*@mycompany\.com"),
    ):
        with pytest.raises(UnanswerableField):
            answers(asked, 5)


fields = st.builds(
    SurveyField,
    field_name=st.sampled_from(["Name", "VisitorPhone", "E-mail", "OrderNumber", "Why?", "Città", "x"]),
    field_type=st.sampled_from(
        ["text", "numeric", "date", "time", "boolean", "select", "rating", "company", "email", "name", "Text", "memo"]
    ),
    enabled=st.sampled_from([True, True, True, False]),
    prompt=st.sampled_from(["", "Your company", "Comment"]),
    length=st.sampled_from([0, 0, 0, 1, 3, 10, 40, 250]),
    multi_line=st.booleans(),
    lines=st.integers(0, 4),
    password=st.booleans(),
    change_case=st.integers(0, 4),
    mask=st.sampled_from(
        [
            "",
            "",
            "",
            "",
            r"\d+",
            r".*",
            r"[A-Z]{2}\d{4}",
            r"[a-z ]+",
            r"\S{3,8}",
            r"^\w+$",
            r"[^@]*",
            r"\d{4}-\d\d-\d\d",
            "[",
        ]
    ),
    default_value=st.sampled_from(["", "", "Y", "N", "5", "red", "2020-02-29", "somebody@mycompany.com"]),
    default_date_today=st.booleans(),
    default_time_today=st.booleans(),
    select_type=st.sampled_from(["", "select", "radio"]),
    validate_low=st.sampled_from([-1, -1, 0, 1, 0.5, 18, 1e6]),
    validate_high=st.sampled_from([-1, -1, 0, 5, 10, 0.75, 99, 2e6]),
    required=st.booleans(),
    select_options=st.sampled_from([(), ("red",), ("red", "green", "Blue"), ("<a> & b", "ünï")]),
    html5_type=st.sampled_from(["text", "email", "tel", "range", "checkbox", "url", "number", "date", "time", ""]),
)
# Hypothesis wants its bounds without a zone.
moments = st.datetimes(datetime(1990, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
personas = st.integers(0, 10_000).map(EVERYBODY.persona)


@given(
    st.lists(fields, max_size=6),
    personas,
    st.integers(0, 2**32),
    moments,
)
@settings(max_examples=150)
def test_nothing_is_wrong_with_any_answer(asked: list[SurveyField], persona: Persona, seed: int, now: datetime) -> None:
    """For any survey: answers in its order that our own validation passes and XML carries, or the one clear error."""
    try:
        given_ = answer_survey(asked, persona, random.Random(seed), now)
    except UnanswerableField as problem:
        given_, said = [], str(problem)
    else:
        said = ""
    if said:
        assert any(each.required and each.enabled and each.field_name in said for each in asked)
        return
    enabled = [each for each in asked if each.enabled]
    names = [name for name, _ in given_]
    remaining = iter(each.field_name for each in enabled)
    assert all(name in remaining for name in names)
    assert sum(each.required for each in enabled) <= len(names) <= len(enabled)
    assert decode_answers(encode_answers(given_)) == given_
    for name, value in given_:
        assert value
        assert any(problem_with(each, value) is None for each in enabled if each.field_name == name)
        assert "@" not in value or re.search(
            r"@([\w-]+\.)*(example\.(com|org|net)|\w+\.invalid)$", value, re.IGNORECASE
        )


consistent = st.builds(
    SurveyField,
    field_name=st.just("Field"),
    field_type=st.sampled_from(["text", "numeric", "date", "time", "boolean", "rating", "company", "email", "name"]),
    length=st.sampled_from([0, 14, 40, 250]),
    multi_line=st.booleans(),
    lines=st.integers(0, 4),
    change_case=st.integers(0, 3),
    validate_low=st.sampled_from([-1, 0, 1, 3]),
    validate_high=st.sampled_from([-1, 3, 5, 99]),
    default_value=st.sampled_from(["", "x"]),
    required=st.booleans(),
    html5_type=st.sampled_from(["text", "email", "tel", "range", "checkbox", "number", "date", "time", ""]),
).filter(lambda each: not (each.kind == "boolean" and each.change_case == 3))
masked = st.builds(
    lambda mask, case, length: SurveyField(
        field_name="F", mask=mask[0], change_case=case, length=length, required=True
    ),
    st.sampled_from(
        [(r"\d{5}",), (r"[0-9]{2,}",), (r"#\d+",), (r"\d\d/\d\d",), (r"[\d.-]+",), (r"\d(\d\d)*",), (r"(?=\d{3})\d+",)]
    ),
    st.integers(0, 3),
    st.sampled_from([0, 5, 7, 100]),
)


@given(consistent | masked, personas, st.integers(0, 2**32))
@settings(max_examples=150)
def test_a_field_that_can_be_answered_is(asked: SurveyField, persona: Persona, seed: int) -> None:
    """Where no two properties contradict one another there is always an answer."""
    assert problem_with(asked, answer_field(asked, persona, random.Random(seed), NOW)) is None


CONTRADICTIONS = {
    "a mask longer than the length": field(mask=r"\d{8}", length=4),
    "letters that the case rules out": field(mask="[a-z]{3}", change_case=1),
    "bounds that leave nothing": field("numeric", validate_low=9, validate_high=3),
    "a choice of nothing": field("select"),
    "an e-mail address in three characters": field("email", length=3),
    "a mask that nothing matches": field(mask=r"a(?!.*)"),
}


@pytest.mark.parametrize("asked", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_a_contradiction_is_said_once_and_clearly(asked: SurveyField) -> None:
    """A required one is an error of configuration in one line that names the field; an optional one is left out."""
    persona, rng = EVERYBODY.persona(1), random.Random(1)
    with pytest.raises(UnanswerableField, match="survey field Field: found no answer, expected one of type") as caught:
        answer_survey([asked], persona, rng, NOW)
    assert isinstance(caught.value, ConfigError)
    assert "\n" not in str(caught.value)
    optional = SurveyField.decode(asked.encode() | {"RequiredField": False})
    for seed in range(20):
        assert answer_survey([optional], persona, random.Random(seed), NOW) == []


def test_what_is_given_is_answered() -> None:
    """A site's owner knows the order numbers that exist: they are answered always, where the field accepts them."""
    asked = field(field_name="OrderNumber", required=False, change_case=1)
    persona = EVERYBODY.persona(1)
    for seed in range(30):
        habits = Habits(given={"OrderNumber": "ab-12"})
        assert answer_survey([asked], persona, random.Random(seed), NOW, habits) == [("OrderNumber", "AB-12")]
    with pytest.raises(UnanswerableField):
        answer_field(field("numeric"), persona, random.Random(1), NOW, Habits(given={"Field": "not a number"}))


def test_optional_fields_are_left_out_as_often_as_intended() -> None:
    """The share that answers a company is as intended, within three standard deviations; required ones all are."""
    asked = [field("company", field_name="A", required=False), field("company", field_name="B")]
    names = [
        name
        for number in range(2000)
        for name, _ in answer_survey(asked, EVERYBODY.persona(number), random.Random(number), NOW)
    ]
    assert names.count("B") == 2000
    assert names.count("A") == pytest.approx(2000 * 0.45, abs=3 * (2000 * 0.45 * 0.55) ** 0.5)


def test_what_stands_there_already_is_mostly_left() -> None:
    """Seven visitors of ten leave a default as it is; of the others some choose the same by themselves."""
    kept = answers(field("select", select_options=("a", "b", "c", "d"), default_value="c"), 2000)
    assert kept.count("c") / 2000 == pytest.approx(0.7 + 0.3 / 4, abs=0.035)
    today = answers(field("date", default_date_today=True), 2000)
    assert today.count("2026-03-09") / 2000 == pytest.approx(0.7, abs=0.04)
    assert set(answers(field("time", default_time_today=True), 50, Habits(keeps_default=1.0))) == {"14:05"}


def test_ratings_are_skewed_as_ratings_are() -> None:
    """Shares of one to five stars are those intended (chi squared, 1 %): 85.6 % give three or more, most give five."""
    rated = answers(field("rating", validate_high=5), 4000)
    observed = [rated.count(star) for star in "12345"]
    assert stats.chisquare(observed, [4000 * share for share in (0.10, 0.044, 0.066, 0.17, 0.62)]).pvalue > 0.01
    ten = [int(each) for each in answers(field("rating", validate_high=10), 2000)]
    assert sum(each >= 9 for each in ten) > 1000
    assert set(ten) == set(range(1, 11))


def test_the_same_visit_answers_the_same() -> None:
    """All of a survey's answers come from the visit's stream."""
    asked = [each for each, _ in SHAPES.values()]
    persona = EVERYBODY.persona(5)
    one, other = (answer_survey(asked, persona, random.Random(9), NOW) for _ in range(2))
    assert one == other


@given(fields, st.integers(0, 2**32))
@settings(max_examples=150)
def test_a_wrong_answer_is_wrong(asked: SurveyField, seed: int) -> None:
    """Whatever is given as wrong our own validation refuses."""
    wrong = wrong_answer(asked, random.Random(seed))
    assert wrong is None or problem_with(asked, wrong) is not None


@pytest.mark.parametrize(
    "asked, expected",
    [
        (
            field("numeric", validate_low=1, validate_high=9, required=False),
            {"twelve", "10", "0", "one line\nand another"},
        ),
        (field("select", select_options=("a",), required=False), {"none of these", "one line\nand another"}),
        (field("text", multi_line=True), {""}),
        (field("text", multi_line=True, required=False), {None}),
        (field("text", multi_line=True, length=2, required=False), {"xxx"}),
    ],
)
def test_a_visitor_errs_in_what_the_field_checks(asked: SurveyField, expected: set[str | None]) -> None:
    """The mistakes of each kind, all of them made sooner or later."""
    assert {wrong_answer(asked, random.Random(seed)) for seed in range(200)} == expected


def test_extra_answers_name_the_run_and_keep_off_the_surveys_names() -> None:
    """The tag and the number, by which test data is found; a survey's own field of that name is left alone."""
    persona = EVERYBODY.persona(42)
    assert extra_answers(persona, []) == [("LoadTestRun", "7k2f"), ("LoadTestVisitor", "42")]
    assert extra_answers(persona, [field(field_name="loadtestrun")]) == [("LoadTestVisitor", "42")]
