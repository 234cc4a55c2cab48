from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.protocol.reading import JsonObject, JsonValue, flag, number, shortest, text, texts, whole

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize("value", [True, "True", "true", "TRUE", " true ", "Y", "y", "yes", "on", "1", 1, 1.0])
def test_what_is_true(value: JsonValue) -> None:
    """A boolean is read in each form that servers write it in."""
    assert flag(value) is True


@pytest.mark.parametrize("value", [False, "False", "N", "no", "off", "0", 0, 2, "", " ", "nobody knows", None, [], {}])
def test_what_is_not_true(value: JsonValue) -> None:
    """Everything else is false, also what is no boolean at all."""
    assert flag(value) is False


@pytest.mark.parametrize(
    "value, expected",
    [("a", "a"), ("", ""), (None, ""), (1, "1"), (-2.5, "-2.5"), (True, "true"), (False, "false")],
)
def test_what_is_read_as_text(value: JsonValue, expected: str) -> None:
    """A scalar has a text, null has none."""
    assert text(value) == expected


@pytest.mark.parametrize("value, got", [([], "a list"), ({}, "an object")])
def test_what_is_no_text(value: JsonValue, got: str) -> None:
    """A list or an object is refused by what it is."""
    with pytest.raises(ValueError, match=f"^got {got}, expected a string$"):
        text(value)


@pytest.mark.parametrize(
    "value, expected",
    [
        (2, 2),
        (2.5, 2.5),
        ("2", 2),
        ("-2.5", -2.5),
        ("+.5", 0.5),
        ("1e3", 1000),
        (" 2 ", 2),
        (None, 7),
        ("", 7),
    ],
)
def test_what_is_a_number(value: JsonValue, expected: float) -> None:
    """A number is read as one or from its digits; null and blank are the default."""
    assert number(value, 7) == expected


@pytest.mark.parametrize(
    "value, got",
    [
        ("two", "'two'"),
        ("1,5", "'1,5'"),
        ("1_000", "'1_000'"),
        ("٢", "'٢'"),
        ("nan", "'nan'"),
        ("inf", "'inf'"),
        ("0x10", "'0x10'"),
        (" ", "' '"),
        ("x" * 1000, "'" + "x" * 40 + "'"),
        ("1e999", "a number beyond all bounds"),
        (10**400, "a number beyond all bounds"),
        (True, "a boolean"),
        ([2], "a list"),
        ({}, "an object"),
    ],
)
def test_what_is_no_number(value: JsonValue, got: str) -> None:
    """Anything else is refused, with at most 40 characters of what was got."""
    with pytest.raises(ValueError, match=r"expected a (finite )?number$") as refusal:
        number(value)
    assert str(refusal.value).startswith(f"got {got}, ")


@pytest.mark.parametrize(
    "value, expected",
    [
        (2, 2),
        (2.0, 2),
        ("2", 2),
        ("-1", -1),
        ("2.0", 2),
        (2**63 - 1, 2**63 - 1),
        (str(-(2**63)), -(2**63)),
        (str(2**53 + 1), 2**53 + 1),
        (None, 7),
        ("", 7),
    ],
)
def test_what_is_a_whole_number(value: JsonValue, expected: int) -> None:
    """A whole number is read exactly, up to 64 bits."""
    assert whole(value, 7) == expected


@pytest.mark.parametrize(
    "value, problem",
    [
        (2.5, "got 2.5, expected a whole number"),
        ("2.5", "got 2.5, expected a whole number"),
        (2**63, "got a number of more than 64 bits, expected a whole number"),
        (str(2**63), "got a number of more than 64 bits, expected a whole number"),
        (1e300, "got a number of more than 64 bits, expected a whole number"),
        ("9" * 5000, "got a number beyond all bounds, expected a finite number"),
        ("2 of 10", "got '2 of 10', expected a number"),
        (False, "got a boolean, expected a number"),
    ],
)
def test_what_is_no_whole_number(value: JsonValue, problem: str) -> None:
    """Anything else is refused by what it is."""
    with pytest.raises(ValueError, match=r"expected a (whole |finite )?number$") as refusal:
        whole(value)
    assert str(refusal.value) == problem


@pytest.mark.parametrize(
    "value, expected",
    [(None, ()), ("", ()), ([], ()), ("Sales", ("Sales",)), (["Sales", 2, None], ("Sales", "2", ""))],
)
def test_what_is_a_list_of_texts(value: JsonValue, expected: tuple[str, ...]) -> None:
    """A single text stands for a list of one."""
    assert texts(value) == expected


@pytest.mark.parametrize("value", [{}, 1, True, [[]]])
def test_what_is_no_list_of_texts(value: JsonValue) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match=r"expected a (list of strings|string)$"):
        texts(value)


@pytest.mark.parametrize(
    "value, written", [(20.0, "20"), (-0.0, "0"), (0.5, "0.5"), (1e300, "1e+300"), (2.0**53, str(2**53))]
)
def test_a_whole_number_is_written_as_one(value: float, written: str) -> None:
    """`20` and not `20.0`, as far as a float is exact."""
    assert str(shortest(value)) == written


def test_a_name_is_found_in_any_case() -> None:
    """The same name in its own case goes before one in another."""
    members = JsonObject({"forwardingUrl": "a", "ForwardingURL": "b", "FORWARDINGURL": "c"})
    assert members.get("ForwardingURL") == "b"
    assert JsonObject({"forwardingUrl": "a"}).get("ForwardingURL") == "a"
    assert JsonObject({"ForwardingURL": None, "forwardingurl": "a"}).get("ForwardingURL") is None
    assert JsonObject({}).get("ForwardingURL") is None


@pytest.mark.parametrize(
    "value, got", [(None, "null"), ([], "a list"), ("a", "a string"), (1, "a number"), (True, "a boolean")]
)
def test_what_is_no_object(value: JsonValue, got: str) -> None:
    """Anything but an object is refused by what it is."""
    with pytest.raises(ValueError, match=f"^got {got}, expected an object$"):
        JsonObject(value)


def test_what_cannot_be_read_is_named_with_the_way_to_it() -> None:
    """A problem deep inside tells where it is."""
    members = JsonObject({"Outer": {"Items": [{"Length": 1}, {"Length": "long"}]}})

    def length(value: JsonValue) -> int:
        return JsonObject(value).read("Length", whole)

    def lengths(value: JsonValue) -> tuple[int, ...]:
        return JsonObject(value).each("Items", length)

    with pytest.raises(ValueError, match=r"^Outer: Items\[1\]: Length: got 'long', expected a number$"):
        members.read("Outer", lengths)


@pytest.mark.parametrize("value", [{}, {"Items": None}, {"Items": ""}, {"Items": []}])
def test_a_list_that_is_not_there_is_empty(value: JsonValue) -> None:
    """Missing, null, blank and empty are the same."""
    assert JsonObject(value).each("Items", text) == ()


def test_what_is_no_list_is_refused() -> None:
    """An object in the place of a list is named."""
    with pytest.raises(ValueError, match=r"^Items: got an object, expected a list$"):
        JsonObject({"Items": {}}).each("Items", text)


@given(JSON)
def test_a_reading_gives_a_value_or_says_why_not(value: JsonValue) -> None:
    """Whatever JSON holds, each reading returns its type or raises ValueError with got and expected."""
    assert isinstance(flag(value), bool)
    complaints = []
    for reading, kind in ((text, str), (number, float | int), (whole, int), (texts, tuple)):
        try:
            assert isinstance(reading(value), kind)
        except ValueError as problem:
            complaints.append(str(problem))
    assert all(each.startswith("got ") and ", expected " in each for each in complaints)
