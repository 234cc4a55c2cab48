from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Site = Any  # of conftest: importlib mode gives no name to import it by
At = Callable[[str], Site]

DOMAIN = "www.mycompany.com"


@pytest.mark.parametrize("name", ["connect", "CONNECT", "Connect"])
def test_command_names_in_any_case(main: Site, name: str) -> None:
    """A command's name is not case-sensitive."""
    visitor = main.visitor()
    visitor.send(name, "myauthstring", DOMAIN, "", "", "", "", "abcdefg12345")
    assert visitor.next()["EventName"] == "connected"


def test_parameters_in_their_case(main: Site) -> None:
    """Parameters are case-sensitive: another case of the domain is another domain."""
    visitor = main.visitor()
    assert visitor.connect(domain="WWW.MyCompany.com")["EventName"] == "error"


@pytest.mark.parametrize("parameters", [None, [], ["one"]])
def test_too_few_parameters(main: Site, parameters: list[str] | None) -> None:
    """Without all its parameters a command is invalid, be they null, an empty list or too few; the chat goes on."""
    visitor = main.visitor()
    visitor.chat()
    visitor.socket.send(json.dumps({"Command": "Message", "Parameters": parameters}))
    assert visitor.until("error")["EventName"] == "error"
    assert visitor.is_open()


def test_unknown_command(main: Site) -> None:
    """A command nobody knows is answered by an error."""
    visitor = main.visitor()
    visitor.connect()
    visitor.send("Sing", visitor.session_id)
    assert visitor.next()["EventName"] == "error"


def test_no_json(main: Site) -> None:
    """Text that is no JSON is answered by an error."""
    visitor = main.visitor()
    visitor.connect()
    visitor.socket.send('{"Command": "Quit"')
    assert visitor.next()["EventName"] == "error"


def test_an_event_has_three_members(main: Site) -> None:
    """Each event is EventName, ChatUid and Data, and nothing else."""
    visitor = main.visitor()
    events = [visitor.connect(), visitor.hello(), visitor.until("operatorjoined"), visitor.until("newline")]
    assert all(event.keys() == {"EventName", "ChatUid", "Data"} for event in events)


def test_the_chat_uid_is_null_or_blank_before_a_chat(main: Site) -> None:
    """`connected` and `operators` carry null, `image` carries ""."""
    visitor = main.visitor()
    uids = [visitor.connect()["ChatUid"]]
    visitor.send("GetOperators", visitor.session_id, DOMAIN)
    uids.append(visitor.next()["ChatUid"])
    visitor.send("GetImage", visitor.session_id, DOMAIN, "1")
    uids.append(visitor.next()["ChatUid"])
    assert uids == [None, None, ""]


def test_each_event_of_a_chat_carries_its_uid(main: Site) -> None:
    """From `accepted` on, events carry the UID that `accepted` brought."""
    visitor = main.visitor()
    visitor.connect()
    uid = visitor.hello()["ChatUid"]
    assert uid
    visitor.until("newline", "lineo")
    visitor.say("x")
    names = ("newline", "typing", "newline")
    assert {visitor.until(name)["ChatUid"] for name in names} == {uid}


def test_no_chat_hears_of_another(main: Site) -> None:
    """What one visitor says comes to no other."""
    one, other = main.visitor(), main.visitor()
    one.chat()
    other.chat()
    assert one.uid != other.uid
    other.until("newline", "lineo")
    one.say("token1234")
    assert one.line("linev") == "token1234"
    assert not [event for event in other.pending() if "token1234" in json.dumps(event)]


def test_somebody_elses_session_is_not_known(main: Site) -> None:
    """A command with another visitor's session ID is refused."""
    one, other = main.visitor(), main.visitor()
    one.chat()
    other.chat()
    other.send("Message", one.session_id, DOMAIN, "token1234")
    assert other.until("error")["EventName"] == "error"
    one.until("newline", "lineo")
    assert not [event for event in one.pending() if "token1234" in json.dumps(event)]
