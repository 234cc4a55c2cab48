from __future__ import annotations

import pytest

from whoson_load.protocol.events import EVENTS, Connected, Error, Image, NewLine, NotAccepted, Operator, Operators
from whoson_load.protocol.lines import LineKind
from whoson_load.protocol.reading import JsonValue


def test_there_are_fifteen_events() -> None:
    """The set is the specification's, each under its own spelling."""
    assert list(EVENTS) == [
        "connected",
        "error",
        "operators",
        "image",
        "accepted",
        "notaccepted",
        "newline",
        "queue",
        "operatorjoined",
        "typing",
        "typingstop",
        "requestfile",
        "requestfield",
        "quit",
        "acknowledged",
    ]
    assert all(kind.name == name and kind.__name__.lower() == name for name, kind in EVENTS.items())


def test_the_events_without_a_chat_have_the_blank_of_the_specification() -> None:
    """Before there is a chat its UID is null in three events, and blank in the others."""
    assert {kind for kind in EVENTS.values() if kind.blank_uid is None} == {Connected, Error, Operators}


@pytest.mark.parametrize(
    "reason",
    ["http://www.example.com", "https://www.example.com/chat?a=1#b", "HTTPS://EXAMPLE.COM", " https://example.com\r\n"],
)
def test_a_forwarding_url_is_an_http_url(reason: str) -> None:
    """Data of `notaccepted` that is a URL and nothing else is one to be forwarded to."""
    assert NotAccepted(reason=reason).forwarding_url == reason.strip()


@pytest.mark.parametrize(
    "reason",
    [
        "",
        "No operators are available at this time.",
        "https://",
        "https:example.com",
        "http://[broken",
        "https://example.com is closed today, please call",
        "See https://example.com",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ftp://example.com",
        "www.example.com",
    ],
)
def test_a_message_is_no_forwarding_url(reason: str) -> None:
    """Everything else is a text to show."""
    assert NotAccepted(reason=reason).forwarding_url is None


@pytest.mark.parametrize("is_bot", [True, "True", "true", "Y", 1, "1"])
def test_a_bot_is_one_however_it_is_written(is_bot: JsonValue) -> None:
    """IsBot is the string "True" in the specification, and something else elsewhere."""
    assert Operator.decode({"IsBot": is_bot}).is_bot is True


@pytest.mark.parametrize("is_bot", [False, "False", "N", 0, "", None])
def test_a_person_is_one_however_it_is_written(is_bot: JsonValue) -> None:
    """A string that is not blank is not true by that."""
    assert Operator.decode({"IsBot": is_bot}).is_bot is False


def test_an_operator_is_read_from_whatever_is_there() -> None:
    """Members that are missing or null are blank; names come in any case."""
    assert Operator.decode({}) == Operator()
    assert Operator.decode({"NAME": "Ann", "skills": "Sales", "Dept": None}) == Operator(name="Ann", skills=("Sales",))


def test_a_bot_is_written_as_the_specification_does() -> None:
    """As a string, capitalised."""
    assert Operator(is_bot=True).encode()["IsBot"] == "True"
    assert Operator(is_bot=False).encode()["IsBot"] == "False"


@pytest.mark.parametrize("image_type", [8, "8", 8.0])
def test_an_image_type_is_a_number_or_its_digits(image_type: JsonValue) -> None:
    """The specification asks with "1" and answers with 1."""
    assert Image.decode("", {"ImageType": image_type}).image_type == 8


def test_a_line_knows_its_kind() -> None:
    """By its classname's tokens."""
    assert NewLine(classname="LINEO FINAL").kind is LineKind.FINAL


def test_no_event_can_be_changed() -> None:
    """Events are values: visitors share them with whatever looks at them."""
    assert [kind.__name__ for kind in EVENTS.values() if not kind.__struct_config__.frozen] == []
