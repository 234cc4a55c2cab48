from __future__ import annotations

import msgspec
import pytest

from tests.visitors.hars import CONNECT, OPENING, QUIT, SITE, Window, har_of
from whoson_load.protocol.commands import Command, DynamicField, Hello, LeaveMessage, Message
from whoson_load.protocol.events import (
    Accepted,
    Connected,
    Error,
    Image,
    NewLine,
    NotAccepted,
    Operator,
    Operators,
    RequestField,
)
from whoson_load.protocol.site import GeoIP
from whoson_load.protocol.survey import Survey, SurveyField, encode_answers
from whoson_load.visitors.disclosures import disclosed
from whoson_load.visitors.har import read_har
from whoson_load.visitors.recorded_chat import find_chats


def found(window: Window) -> dict[str, dict[str, int]]:
    """Kind -> place -> how often."""
    (chat,) = find_chats(read_har(har_of(window)))
    listed = disclosed(chat)
    assert [each.times for each in listed] == sorted((each.times for each in listed), reverse=True)
    assert all(each.times == sum(each.places.values()) for each in listed)
    return {each.kind: dict(each.places) for each in listed}


def test_secrets_and_data_of_commands_are_counted_where_they_are() -> None:
    """Each parameter by its kind; blank ones disclose nothing."""
    window = Window(url="")
    for each in (*OPENING, Message("s", "d", "hello"), QUIT):
        window.sends(each) if isinstance(each, Command) else window.hears(each)
    told = found(window)
    assert told["authentication string"] == {"Connect": 1}
    assert told["API key"] == {"Connect": 1}
    assert told["cookie session ID"] == {"Connect": 1, "Hello": 1}
    assert told["IP address"] == {"Connect": 1, "Hello": 1}
    assert told["domain"] == {"Connect": 1, "connected": 1, "Hello": 1, "Message": 1, "Quit": 1}
    assert told["session ID"] == {"connected": 1, "Hello": 1, "Message": 1, "Quit": 1}
    assert told["chat UID"] == {"accepted": 1, "operatorjoined": 1}
    assert told["visitor's name"] == {"Hello": 1}
    assert told["operator's name"] == {"operatorjoined": 1}
    assert told["text"] == {"Message": 1}
    assert "department" not in told
    assert "language" not in told


def test_the_request_of_the_websocket_is_counted() -> None:
    """Its address, its query, its cookies, who sent it and from where."""
    headers = {"Cookie": "a", "User-Agent": "ua", "Origin": "https://x", "Authorization": "Bearer b", "Accept": "x"}
    told = found(Window(url="wss://chat.example.com/?key=secret", headers=headers).sends(CONNECT))
    assert told["URL"] == {"the WebSocket's address": 1, "header origin": 1, "Connect": 1}
    assert told["query string"] == {"the WebSocket's address": 1}
    assert told["cookie"] == {"header cookie": 1}
    assert told["authorization"] == {"header authorization": 1}
    assert told["user agent"] == {"header user-agent": 1, "Connect": 1}


def test_a_header_that_nobody_knows_is_counted_without_its_name() -> None:
    """It may hold a key, and its name may be somebody's; what every browser sends tells nothing."""
    headers = {"X-Api-Key": "secret", "X-Jane": "secret", "Upgrade": "websocket", "Sec-WebSocket-Key": "nonce"}
    told = found(Window(url="", headers=headers).sends(CONNECT))
    assert told["other header"] == {"the WebSocket's request": 2}
    assert not [place for places in told.values() for place in places if "jane" in place.lower()]


def test_what_is_typed_unseen_is_told_from_other_answers() -> None:
    """The site says which fields are passwords, and an operator may ask for one; what a field held is told, too."""
    fields = (SurveyField(field_name="Pin", password=True), SurveyField(field_name="Name", default_value="Jane"))
    answers = encode_answers([("pin", "1234"), ("Name", "Jane")])
    window = Window(url="").sends(CONNECT)
    window.hears(Connected(session_id="s", site=msgspec.structs.replace(SITE, pre_chat_survey=Survey(True, fields))))
    window.sends(Hello("Jane", "d", "", "", "s", "", "", "en", "false", answers))
    window.hears(RequestField(field=SurveyField(field_name="Code", password=True)))
    window.sends(DynamicField("s", "d", "Code", "9876")).sends(DynamicField("s", "d", "Order", "A"))
    told = found(window)
    assert told["password"] == {"Hello": 1, "DynamicField": 1}
    assert told["survey answer"] == {"Hello": 1, "DynamicField": 1}
    assert told["survey field's default"] == {"connected": 1}


@pytest.mark.parametrize(
    "said, kind",
    [
        ("from 2001:db8::1 on", "IP address"),
        ("2001:db8:0:0:0:ff00:42:8329", "IP address"),
        ("ring 01.23.45.67.89, please", "telephone or other long number"),
        ("at 192.168.100.200 it is", "IP address"),
        ("at 12:30:45, std::vector, 00:1a:2b:3c:4d:5e", None),
    ],
)
def test_addresses_and_numbers_are_told_apart(said: str, kind: str | None) -> None:
    """As they are written in other countries and by newer networks; a time of day is neither."""
    told = found(Window(url="").sends(CONNECT).sends(Message("s", "d", said)))
    assert [each for each, places in told.items() if "Message's text" in places] == ([kind] if kind else [])


def test_what_is_in_texts_is_hinted_at() -> None:
    """E-mail addresses, links, addresses of machines and long numbers, in lines, answers and messages."""
    answers = encode_answers(
        [("Name", "Jane"), ("Mail", "jane@corp.test"), ("Phone", "+44 (20) 7946-0958"), ("No", "")]
    )
    window = Window(url="").sends(CONNECT)
    window.sends(Hello("Jane", "d", "", "", "s", "", "", "en", "false", answers))
    window.sends(
        Message("s", "d", "see www.corp.test or http://10.1.2.3/x, mail a@b.cd and e@f.gh, card 4111 1111 1111 1111")
    )
    window.sends(DynamicField("s", "d", "Order", "10045678"))
    window.sends(LeaveMessage("", "s", "d", "", "Jane", "", "", "", "call 5551234567"))
    window.hears(NewLine(classname="lineo", content="we are on 12:30 in 2025, room 12.5"))
    told = found(window)
    assert told["survey answer"] == {"Hello": 3, "DynamicField": 1}
    assert told["e-mail address"] == {"Hello's text": 1, "Message's text": 2}
    assert told["URL"] == {"Message's text": 2, "Connect": 1}
    assert told["IP address"] == {"Message's text": 1, "Connect": 1}
    assert told["telephone or other long number"] == {
        "Hello's text": 1,
        "Message's text": 1,
        "DynamicField's text": 1,
        "LeaveMessage's text": 1,
    }
    assert told["name of a survey field"] == {"DynamicField": 1}


def test_what_a_server_discloses_is_counted() -> None:
    """Where it places the visitor, its operators, what it says, what nobody knows."""
    operators = (Operator(name="Ann", email="ann@corp.test", phone="1", dept="Sales"), Operator(name="Bob"))
    window = Window(url="").sends(CONNECT)
    for event in (
        Connected(session_id="s", site=SITE, geo_ip=GeoIP(ip_address="1.2.3.4", city="Lyon")),
        Operators(operators=operators),
        Accepted(chat_uid="u", paging_message="wait"),
        NotAccepted(chat_uid="u", reason="https://corp.test/"),
        Error(description="no"),
        Image(base64="AAEC"),
        RequestField(field=SurveyField(field_name="Order")),
        '{"EventName": "ack", "ChatUid": "", "Data": "secret"}',
        '{"EventName": "queue", "ChatUid": "", "Data": {"secret": 1}}',
    ):
        window.hears(event)
    told = found(window)
    assert told["whereabouts (GeoIP)"] == {"connected": 1}
    assert told["operator's name"] == {"operators": 2}
    assert told["e-mail address"] == {"operators": 1}
    assert told["department"] == {"operators": 1}
    assert told["text"] == {"accepted": 1, "notaccepted": 1, "error": 1}
    assert told["URL"] == {"notaccepted's text": 1, "Connect": 1}
    assert told["picture"] == {"image": 1}
    assert told["name of a survey field"] == {"requestfield": 1}
    assert told["content of an unknown event"] == {"unknown event": 2}


def test_what_nobody_knows_is_counted_too() -> None:
    """Unknown commands, too many parameters, a survey that cannot be read."""
    window = Window(url="").sends(CONNECT)
    window.sends('{"Command": "Noop", "Parameters": ["secret", "x"]}')
    window.sends('{"Command": "Quit", "Parameters": ["s", "d", "more"]}')
    window.sends(Hello("Jane", "d", "", "", "s", "", "", "en", "false", "<Fields><broken"))
    told = found(window)
    assert told["parameter beyond the specification"] == {"unknown command": 2, "Quit": 1}
    assert told["survey answer"] == {"Hello": 1}
