from __future__ import annotations

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
from whoson_load.protocol.survey import SurveyField, encode_answers
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
