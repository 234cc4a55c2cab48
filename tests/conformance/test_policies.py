from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

Site = Any  # of conftest: importlib mode gives no name to import it by
At = Callable[[str], Site]

DOMAIN = "www.mycompany.com"


def is_refused(site: Site, **headers: str) -> bool:
    """Whether a caller is refused: an error event and a close, before any command."""
    visitor = site.visitor(**headers)
    try:
        return bool(visitor.connect()["EventName"] == "error")
    except ConnectionClosed:
        return True


def test_only_whitelisted_addresses(at: At) -> None:
    """An address that is not on the whitelist is not served, one on it is."""
    assert is_refused(at("whitelist_error"))
    assert not is_refused(at("whitelist_open"))


def test_refusal_by_an_error_event(at: At) -> None:
    """Where the site refuses by `error`, the event comes without a command, and then the close."""
    visitor = at("whitelist_error").visitor()
    assert visitor.next()["EventName"] == "error"
    assert visitor.close_code() == 1008


def test_refusal_by_a_close(at: At) -> None:
    """Where the site refuses by closing, the close comes at once and without an event."""
    visitor = at("whitelist_close").visitor()
    assert visitor.heard() == []
    assert visitor.close_code() == 1008


def test_refusal_by_http(at: At) -> None:
    """Where the site refuses by HTTP, the upgrade is answered with 403."""
    with pytest.raises(InvalidStatus) as refusal:
        at("whitelist_http403").visitor()
    assert refusal.value.response.status_code == 403


def test_refusal_by_a_reset(at: At) -> None:
    """Where the site refuses by a reset, the upgrade has no answer."""
    with pytest.raises((InvalidHandshake, OSError, EOFError)):
        at("whitelist_reset").visitor()


def test_a_blacklisted_socket_address(at: At) -> None:
    """The address of the socket is looked up in the blacklist."""
    assert is_refused(at("blacklist_socket"), X_Forwarded_For="198.51.100.1")


def test_a_blacklisted_forwarded_address(at: At) -> None:
    """So is each address of X-Forwarded-For; others pass."""
    site = at("blacklist")
    assert is_refused(site, X_Forwarded_For="203.0.113.9")
    assert is_refused(site, X_Forwarded_For="198.51.100.1, 203.0.113.9")
    assert not is_refused(site, X_Forwarded_For="198.51.100.1")


def bad_connect(site: Site, **headers: str) -> None:
    """Send a Connect with a wrong authentication string."""
    visitor = site.visitor(**headers)
    visitor.connect(authentication="wrong")
    visitor.close_code()


def test_bad_connects_blacklist(at: At) -> None:
    """The third bad Connect of an address blacklists it: the next connection is refused, though its Connect is good."""
    site = at("strict")
    for _ in range(2):
        bad_connect(site)
    assert not is_refused(site)
    bad_connect(site)
    assert site.ask("/state")["blacklist"] == ["127.0.0.1"]
    assert is_refused(site)


def test_bad_connects_blacklist_the_forwarded_address(at: At) -> None:
    """Behind a proxy it is the visitor's address that is blacklisted, not the proxy's."""
    site = at("strict")
    for _ in range(3):
        bad_connect(site, X_Forwarded_For="198.51.100.30")
    assert site.ask("/state")["blacklist"] == ["198.51.100.30"]
    assert is_refused(site, X_Forwarded_For="198.51.100.30")
    assert not is_refused(site)


def test_a_blacklisting_is_temporary(at: At) -> None:
    """After its time, and not before, the address is served again."""
    site = at("forgiving")
    before_ns = time.monotonic_ns()
    bad_connect(site)
    assert site.ask("/state")["incidents"]["blacklistings"] == 1
    site.wait_until(lambda state: state["blacklist"] == [])
    assert time.monotonic_ns() - before_ns >= 300_000_000
    assert not is_refused(site)


@pytest.mark.parametrize("frame", ["no JSON", '{"Command": "Dance", "Parameters": null}', b"\x00\x01"])
def test_invalid_data_blacklists(at: At, frame: str | bytes) -> None:
    """The third invalid frame, be it no JSON, no command or no text, ends the connection and blacklists the address."""
    site = at("strict")
    visitor = site.visitor()
    visitor.connect()
    for _ in range(3):
        visitor.socket.send(frame)
        assert visitor.next()["EventName"] == "error"
    assert visitor.close_code() == 1008
    assert is_refused(site)


def test_commands_out_of_turn_blacklist(at: At) -> None:
    """So does the third command that cannot be sent at that point."""
    site = at("strict")
    visitor = site.visitor()
    visitor.connect()
    for _ in range(3):
        visitor.say("no chat yet")
        assert visitor.next()["EventName"] == "error"
    assert visitor.close_code() == 1008
    assert is_refused(site)


def test_the_limit_of_one_socket_address(at: At) -> None:
    """Counted by socket: one proxy is one address, whatever it forwards; who leaves makes room."""
    site = at("limit_socket")
    first = site.visitor(X_Forwarded_For="198.51.100.1")
    first.connect()
    assert is_refused(site, X_Forwarded_For="198.51.100.2")
    first.leave()
    site.wait_until(lambda state: state["connections"] == 0)
    assert not is_refused(site)


def test_the_limit_of_one_forwarded_address(at: At) -> None:
    """Counted by X-Forwarded-For: a second chat from one visitor is refused, one from another visitor is not."""
    site = at("limit_forwarded")
    site.visitor(X_Forwarded_For="198.51.100.1").connect()
    assert is_refused(site, X_Forwarded_For="198.51.100.1")
    assert not is_refused(site, X_Forwarded_For="198.51.100.2")


def test_the_limit_of_one_parameter_address(at: At) -> None:
    """Counted by Connect's parameter: likewise."""
    site = at("limit_parameter")
    site.visitor().connect(ip="198.51.100.1")
    assert site.visitor().connect(ip="198.51.100.1")["EventName"] == "error"
    assert site.visitor().connect(ip="198.51.100.2")["EventName"] == "connected"


def test_a_dropped_chat_ends(at: At) -> None:
    """A socket that drops without Quit leaves a chat that goes on for the site's time, and then ends."""
    site = at("ends")
    visitor = site.visitor()
    visitor.chat()
    dropped_ns = time.time_ns()
    visitor.drop()
    site.wait_until(lambda _: site.record(visitor)["ending"] is not None)
    record = site.record(visitor)
    assert record["ending"] == "dropped"
    assert record["stamps"]["ended_ns"] - dropped_ns >= 300_000_000


def test_a_dropped_chat_may_be_lost(at: At) -> None:
    """Where dropped chats cannot be resumed, a command with the old session is invalid: an error and a close."""
    site = at("ends")
    visitor = site.visitor()
    visitor.chat()
    visitor.drop()
    site.wait_until(lambda state: state["connections"] == 0)
    again = site.visitor()
    before = site.ask("/state")["incidents"]["invalid_data"]
    again.send("Message", visitor.session_id, DOMAIN, "back")
    assert again.next()["EventName"] == "error"
    assert again.close_code() == 1008
    assert site.ask("/state")["incidents"]["invalid_data"] == before + 1


def test_a_dropped_chat_may_be_resumed(at: At) -> None:
    """Where they can, any command with the old session ID on another socket resumes the chat."""
    site = at("resume")
    visitor = site.visitor()
    visitor.chat()
    visitor.until("newline", "lineo")
    visitor.drop()
    site.wait_until(lambda state: state["connections"] == 0)
    again = site.visitor()
    again.send("Message", visitor.session_id, DOMAIN, "back")
    event = again.until("newline", "linev")
    assert (event["ChatUid"], event["Data"]["Content"]) == (visitor.uid, "back")


def test_a_resumed_chat_brings_what_was_missed(at: At) -> None:
    """Lines that came while there was no socket come first."""
    site = at("resume")
    visitor = site.visitor()
    visitor.chat()
    visitor.until("newline", "lineo")
    visitor.say("x")
    visitor.drop()

    def operators_lines() -> list[str]:
        return [line["content"] for line in site.record(visitor)["lines"] if line["classname"] == "lineo"]

    site.wait_until(lambda _: len(operators_lines()) == 2)
    again = site.visitor()
    again.send("StartTyping", visitor.session_id)
    assert again.line("lineo") == operators_lines()[-1]


def test_a_session_with_a_socket_is_not_taken_over(at: At) -> None:
    """While the first socket is there, another one cannot resume its session."""
    site = at("resume")
    visitor = site.visitor()
    visitor.chat()
    thief = site.visitor()
    thief.send("Message", visitor.session_id, DOMAIN, "mine")
    assert thief.next()["EventName"] == "error"
    assert visitor.is_open()


def test_another_server_announces_the_uid(at: At) -> None:
    """Where the site says so, `connected` carries the UID that the chat then has."""
    visitor = at("other").visitor()
    uid = visitor.connect()["ChatUid"]
    assert uid
    assert visitor.hello()["ChatUid"] == uid


def test_another_server_answers_quit(at: At) -> None:
    """Where the site says so, a visitor's Quit is answered by `quit`."""
    visitor = at("other").visitor()
    visitor.chat()
    visitor.quit()
    assert visitor.until("quit")["Data"] == ""


def test_another_server_closes_after_quit(at: At) -> None:
    """Where the site says so, the server closes with 1000 after Quit."""
    visitor = at("closing").visitor()
    visitor.chat()
    visitor.quit()
    assert visitor.close_code() == 1000


def test_another_server_sends_arrays(at: At) -> None:
    """Where the site says so, each frame holds a list of one event."""
    visitor = at("other").visitor()
    visitor.send("Connect", "myauthstring", DOMAIN, "", "", "", "", "abcdefg12345")
    assert visitor.socket.recv(timeout=10).startswith("[{")


def test_another_server_acknowledges_commands(at: At) -> None:
    """Where the site says so, each command is answered by an event `ack`."""
    visitor = at("other").visitor()
    visitor.connect()
    assert visitor.acknowledged == ["Connect"]


def test_another_server_takes_noop(at: At) -> None:
    """Where the site says so, the command `noop` is taken in silence; elsewhere it is invalid."""
    visitor = at("other").visitor()
    visitor.connect()
    visitor.send("noop")
    assert visitor.pending() == []
    visitor = at("main").visitor()
    visitor.connect()
    visitor.send("noop")
    assert visitor.next()["EventName"] == "error"


def test_another_server_says_the_name_after_the_line(at: At) -> None:
    """Where the site says so, linesays follows its line."""
    visitor = at("other").visitor()
    visitor.chat()
    visitor.until("newline", "linesays")
    visitor.say("x")
    classes = [visitor.until("newline")["Data"]["Classname"] for _ in range(2)]
    assert classes == ["linev", "linesays"]


def test_another_server_does_not_escape(at: At) -> None:
    """Where the site says so, the visitor's tags come back as they are."""
    visitor = at("other").visitor()
    visitor.chat()
    visitor.say("<b>x</b>")
    assert visitor.line("linev") == "<b>x</b>"


def test_another_server_cuts_long_lines(at: At) -> None:
    """Where the site says so, a line of more than 4,000 characters is cut to them."""
    visitor = at("other").visitor()
    visitor.chat()
    visitor.say("x" * 5000)
    assert visitor.line("linev") == "x" * 4000


def test_transcripts_may_be_automatic(at: At) -> None:
    """Where the site says so, an e-mail address in the survey gets the transcript."""
    site = at("other")
    visitor = site.visitor()
    visitor.connect()
    visitor.hello(survey="<Fields><Field><Name>Mail</Name><Value>t@example.invalid</Value></Field></Fields>")
    assert site.record(visitor)["emails"] == ["t@example.invalid"]
