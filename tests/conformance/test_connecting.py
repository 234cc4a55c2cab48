from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

Site = Any  # of conftest: importlib mode gives no name to import it by
At = Callable[[str], Site]

DOMAIN = "www.mycompany.com"


def test_connect_brings_connected(main: Site) -> None:
    """Valid secrets and a known domain: `connected`, with the site's name."""
    event = main.visitor().connect()
    assert event["EventName"] == "connected"
    assert (event["Data"]["Domain"], event["Data"]["SiteName"]) == (DOMAIN, "My Company")


def test_a_wrong_authentication_string(main: Site) -> None:
    """`error` with 'Access Denied', and the end."""
    visitor = main.visitor()
    assert visitor.connect(authentication="wrong")["Data"] == "Access Denied"
    assert visitor.close_code() == 1008


def test_an_unknown_domain(main: Site) -> None:
    """`error` that names the domain, and the end."""
    visitor = main.visitor()
    error = visitor.connect(domain="www.test.co.uk")
    assert error["EventName"] == "error"
    assert "www.test.co.uk" in error["Data"]
    assert visitor.close_code() == 1008


def test_a_wrong_api_key(main: Site) -> None:
    """`error`, and the end."""
    visitor = main.visitor()
    assert visitor.connect(key="wrong")["EventName"] == "error"
    assert visitor.close_code() == 1008


@pytest.mark.parametrize("secret", ["authentication", "key"])
def test_a_refusal_tells_no_secret(main: Site, secret: str) -> None:
    """Neither what was sent nor what was expected stands in the error, nor in what the control side shows."""
    visitor = main.visitor()
    seen = str(visitor.connect(**{secret: "mywrongsecret"})) + str(main.ask("/state")) + str(main.ask("/faults"))
    assert not [each for each in ("mywrongsecret", "myauthstring", "abcdefg12345") if each in seen]


def test_each_connect_gets_a_session_of_its_own(main: Site) -> None:
    """The SessionID is a new UUID each time."""
    ids = {main.visitor().connect()["Data"]["SessionID"] for _ in range(3)}
    assert len({UUID(each) for each in ids}) == 3


def test_a_second_connect_on_one_socket(main: Site) -> None:
    """It is refused, and the session goes on."""
    visitor = main.visitor()
    visitor.connect()
    first = visitor.session_id
    assert visitor.connect()["EventName"] == "error"
    assert visitor.session_id == first
    assert visitor.is_open()


def test_a_command_before_connect(main: Site) -> None:
    """It is refused, and the socket is closed."""
    visitor = main.visitor()
    visitor.send("Hello", "T", DOMAIN, "", "", "x", "", "", "en", "false", "")
    assert visitor.next()["EventName"] == "error"
    assert visitor.close_code() == 1008


def test_the_visitors_address_is_the_parameter(main: Site) -> None:
    """The place shown is that of the address in Connect."""
    place = main.visitor(X_Forwarded_For="198.51.100.7").connect(ip="195.62.193.194")["Data"]["GeoIP"]
    assert place["IPAddress"] == "195.62.193.194"


def test_a_blank_address_is_the_sockets(main: Site) -> None:
    """Without a parameter and a header, the socket's address counts."""
    assert main.visitor().connect(ip="")["Data"]["GeoIP"]["IPAddress"] == "127.0.0.1"


def test_a_blank_address_behind_a_proxy_is_the_forwarded_one(main: Site) -> None:
    """Without a parameter, the first address of X-Forwarded-For counts."""
    visitor = main.visitor(X_Forwarded_For="198.51.100.7, 10.0.0.1")
    assert visitor.connect(ip="")["Data"]["GeoIP"]["IPAddress"] == "198.51.100.7"


def test_the_address_is_located(main: Site) -> None:
    """The GeoIP object has its fifteen members, filled for a known address."""
    place = main.visitor().connect()["Data"]["GeoIP"]
    assert place == {
        "IPAddress": "195.62.193.194",
        "IsProxy": False,
        "IsSatellite": False,
        "PostCode": "ST1",
        "Latitude": 53.0278,
        "Longitude": -2.1658,
        "Radius": 20,
        "ISP": "Internet Central Limited",
        "CountryISO": "GB",
        "CountryName": "United Kingdom",
        "City": "Stoke-on-Trent",
        "MetroCode": "",
        "Organization": "",
        "RegionName": "England",
        "RegionISO": "ENG",
    }


def test_a_new_visitor_is_tracked_with_agent_and_referrer(main: Site) -> None:
    """Who is met for the first time is recorded with the user agent and the referrer of Connect."""
    visitor = main.visitor()
    visitor.connect(cookie="new-1", agent="firefox", referrer="https://one.invalid/")
    visitor.hello()
    record = main.record(visitor)["visitor_record"]
    assert (record["visits"], record["user_agent"], record["referrer"]) == (1, "firefox", "https://one.invalid/")


def test_a_blank_agent_is_the_header(main: Site) -> None:
    """Without the parameter, the user agent of the WebSocket's upgrade counts."""
    visitor = main.visitor()
    visitor.connect(cookie="new-2", agent="")
    visitor.hello()
    assert main.record(visitor)["visitor_record"]["user_agent"] == "conformance/1.0"


def test_a_visitor_is_known_again_by_address_and_cookie(main: Site) -> None:
    """The second visit keeps the referrer of the first and takes the new user agent."""
    records = []
    for agent, referrer in (("firefox", "https://one.invalid/"), ("edge", "https://two.invalid/")):
        visitor = main.visitor()
        visitor.connect(cookie="known", agent=agent, referrer=referrer)
        visitor.hello()
        records.append(main.record(visitor)["visitor_record"])
    first, second = records
    assert (second["visits"], second["user_agent"]) == (first["visits"] + 1, "edge")
    assert second["referrer"] == first["referrer"]


@pytest.mark.parametrize("changed", [{"cookie": "other"}, {"ip": "198.51.100.9"}])
def test_another_cookie_or_address_is_another_visitor(main: Site, changed: dict[str, str]) -> None:
    """Both have to be the same for a visitor to be known again."""
    main.visitor().connect(cookie="same", ip="198.51.100.8")
    visitor = main.visitor()
    visitor.connect(**({"cookie": "same", "ip": "198.51.100.8"} | changed))
    visitor.hello()
    assert main.record(visitor)["visitor_record"]["visits"] >= 1
    main.visitor().connect(cookie="same", ip="198.51.100.8")
    again = main.visitor()
    again.connect(cookie="same", ip="198.51.100.8")
    again.hello()
    assert main.record(again)["visitor_record"]["visits"] > main.record(visitor)["visitor_record"]["visits"]


def test_connected_tells_the_whole_site(main: Site) -> None:
    """All members of the specification's example are there, of its types."""
    kinds = {
        "SessionID": str,
        "Domain": str,
        "SiteName": str,
        "UTCBias": int,
        "OpeningMessage": str,
        "ClosingMessage": str,
        "ForwardingURL": str,
        "Layout": str,
        "Color": str,
        "Lang": str,
        "Height": int,
        "Width": int,
        "OperatorPreview": bool,
        "WebServicesURL": str,
        "GeoIP": dict,
        "AllowedFileTypes": str,
        "PreChatSurvey": dict,
        "PostChatSurvey": dict,
        "Translation": dict,
        "CallbackEnabled": bool,
        "LeaveMessageEnabled": bool,
        "VisitorSingleUseFiles": int,
        "ServerBuild": str,
    }
    data = main.visitor().connect()["Data"]
    assert {name: type(value) for name, value in data.items()} == kinds
    assert (data["Height"], data["Width"], data["ServerBuild"]) == (550, 470, "19.1.385.800")


def test_survey_fields_tell_every_property(main: Site) -> None:
    """A field has the specification's nineteen properties, with the example's values."""
    fields = main.visitor().connect()["Data"]["PreChatSurvey"]["Fields"]
    assert fields[1] == {
        "FieldName": "Company",
        "FieldType": "company",
        "Enabled": True,
        "Prompt": "Please enter your company name:",
        "Length": 200,
        "MultiLine": False,
        "Lines": 0,
        "Password": False,
        "ChangeCase": 2,
        "Mask": "",
        "DefaultValue": "",
        "DefaultDateToday": False,
        "DefaultTimeToday": False,
        "SelectType": "",
        "ValidateLow": -1,
        "ValidateHigh": -1,
        "RequiredField": False,
        "SelectOptions": [],
        "HTML5Type": "text",
    }


def test_both_surveys_are_told(main: Site) -> None:
    """The pre-chat and the post-chat survey come with their fields, in their order."""
    data = main.visitor().connect()["Data"]
    asked = {name: [each["FieldName"] for each in data[name]["Fields"]] for name in ("PreChatSurvey", "PostChatSurvey")}
    assert asked == {
        "PreChatSurvey": ["VisitorName", "Company"],
        "PostChatSurvey": ["Rating", "transEmail", "Mailing", "FindMethod"],
    }
    assert data["PreChatSurvey"]["Enabled"] is data["PostChatSurvey"]["Enabled"] is True


def test_the_translation_settings_are_told(main: Site) -> None:
    """Translation comes with its languages and switches."""
    assert main.visitor().connect()["Data"]["Translation"] == {
        "Enabled": True,
        "DefaultLanguage": "en",
        "Languages": [
            {"ISO2": "en", "DisplayAs": "English", "Selected": False},
            {"ISO2": "fr", "DisplayAs": "French", "Selected": False},
            {"ISO2": "de", "DisplayAs": "German", "Selected": False},
        ],
        "ShowLanguageSelector": False,
        "ShowAsOverlay": False,
        "ForceTranslation": False,
    }


def test_operators_are_listed(main: Site) -> None:
    """GetOperators brings all operators, each with its eight members; IsBot is a string."""
    visitor = main.visitor()
    visitor.connect()
    visitor.send("GetOperators", visitor.session_id, DOMAIN)
    event = visitor.next()
    assert event["EventName"] == "operators"
    assert event["Data"][0] == {
        "Name": "Howard Williams",
        "Email": "howard@mycompany.com",
        "Phone": "+441782822577",
        "Dept": "",
        "Skills": ["Sales", "Marketing"],
        "IsBot": "False",
        "Status": "Online",
        "Lang": "en",
    }


def test_operators_have_one_of_four_statuses(main: Site) -> None:
    """Online, Busy, Be Right Back, Away."""
    visitor = main.visitor()
    visitor.connect()
    visitor.send("GetOperators", visitor.session_id, DOMAIN)
    assert {each["Status"] for each in visitor.next()["Data"]} == {"Online", "Busy", "Be Right Back", "Away"}


def test_an_operator_without_room_shows_as_busy(at: At) -> None:
    """Who has as many chats as they take is Busy to visitors."""
    site = at("queue")
    site.visitor().chat()
    visitor = site.visitor()
    visitor.connect()
    visitor.send("GetOperators", visitor.session_id, DOMAIN)
    assert visitor.next()["Data"][0]["Status"] == "Busy"


def test_bots_are_told_apart(at: At) -> None:
    """IsBot of a bot is "True", in `operators` and in `operatorjoined`."""
    visitor = at("bots").visitor()
    visitor.connect()
    visitor.send("GetOperators", visitor.session_id, DOMAIN)
    assert {each["IsBot"] for each in visitor.next()["Data"]} == {"True"}
    visitor.hello()
    assert visitor.until("operatorjoined")["Data"]["IsBot"] == "True"


def test_operators_are_listed_only_before_hello(main: Site) -> None:
    """After Hello GetOperators is refused."""
    visitor = main.visitor()
    visitor.connect()
    visitor.hello()
    visitor.send("GetOperators", visitor.session_id, DOMAIN)
    assert visitor.until("error")["EventName"] == "error"


@pytest.mark.parametrize("kind", ["1", "2", "5", "8"])
def test_images_are_sent(main: Site, kind: str) -> None:
    """GetImage brings a PNG in Base64, its type as a number."""
    visitor = main.visitor()
    visitor.connect()
    visitor.send("GetImage", visitor.session_id, DOMAIN, kind)
    event = visitor.next()
    data = event["Data"]
    assert (event["EventName"], data["Domain"], data["ImageType"]) == ("image", DOMAIN, int(kind))
    assert (data["Language"], data["Ext"]) == ("en", ".png")
    assert base64.b64decode(data["Base64"]).startswith(b"\x89PNG")


def test_images_are_sent_at_any_time(main: Site) -> None:
    """In a chat and after it, too."""
    visitor = main.visitor()
    visitor.chat()
    for step in (lambda: None, visitor.quit):
        step()
        visitor.send("GetImage", visitor.session_id, DOMAIN, "5")
        assert visitor.until("image")["Data"]["ImageType"] == 5


def test_there_are_four_types_of_images(main: Site) -> None:
    """Another type is refused."""
    visitor = main.visitor()
    visitor.connect()
    visitor.send("GetImage", visitor.session_id, DOMAIN, "3")
    assert visitor.next()["EventName"] == "error"
