from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Site = Any  # of conftest: importlib mode gives no name to import it by
Visitor = Any
At = Callable[[str], Site]

DOMAIN = "www.mycompany.com"
RATING = "<Field><Name>Rating</Name><Value>5</Value></Field>"
SURVEY = f"<Fields>{RATING}<Field><Name>Own</Name><Value>x</Value></Field></Fields>"


def answer_survey(visitor: Visitor, uid: str | None = None, survey: str = SURVEY) -> None:
    """Send PostChatSurvey."""
    visitor.send("PostChatSurvey", visitor.uid if uid is None else uid, visitor.session_id, DOMAIN, "", survey)


def leave_message(visitor: Visitor, **changed: str) -> None:
    """Send LeaveMessage."""
    values = {
        "uid": visitor.uid,
        "session": visitor.session_id,
        "domain": DOMAIN,
        "ip": "",
        "name": "Thomas",
        "department": "",
        "email": "thomas@example.invalid",
        "phone": "07799123456",
        "text": "Please call back as soon as possible",
    }
    visitor.send("LeaveMessage", *(values | changed).values())


def names(events: list[dict[str, Any]]) -> list[str]:
    """The names of events."""
    return [event["EventName"] for event in events]


def test_the_visitor_quits(at: At) -> None:
    """Quit ends the chat: its operator has it no longer, and says no more."""
    site = at("pairs")
    visitor = site.visitor()
    visitor.chat()
    visitor.until("newline", "lineo")
    visitor.say("x")
    visitor.quit()
    visitor.pending()
    assert "newline" not in names(visitor.heard())
    record = site.record(visitor)
    assert (record["state"], record["ending"]) == ("ended", "by visitor")
    assert sum(each["chats"] for each in site.ask("/state")["operators"]) == 0


def test_a_quit_stops_the_waiting(at: At) -> None:
    """Who quits while waiting is offered to operators no more, and hears no waiting line."""
    visitor = at("unanswered").visitor()
    visitor.connect()
    visitor.hello()
    visitor.quit()
    visitor.pending()
    assert "newline" not in names(visitor.heard(0.4))


def test_a_quit_leaves_the_queue(at: At) -> None:
    """Who quits while queueing stands in the queue no more."""
    site = at("queue")
    site.visitor().chat()
    visitor = site.visitor()
    visitor.connect()
    visitor.hello()
    visitor.until("queue")
    visitor.quit()
    visitor.send("GetImage", visitor.session_id, DOMAIN, "1")
    visitor.until("image")
    assert site.ask("/state")["queue"] == 0


def test_a_quit_has_no_answer(main: Site) -> None:
    """Neither an event nor a close follows Quit."""
    visitor = main.visitor()
    visitor.chat()
    visitor.until("newline", "lineo")
    visitor.quit()
    assert visitor.pending() == []


def test_the_operator_ends_the_chat(at: At) -> None:
    """`quit` with "" comes when the operator hangs up."""
    visitor = at("hanging_up").visitor()
    uid = visitor.chat()["ChatUid"]
    visitor.say("x")
    event = visitor.until("quit")
    assert (event["ChatUid"], event["Data"]) == (uid, "")


def test_the_server_ends_a_silent_chat(at: At) -> None:
    """After the site's inactivity limit `quit` comes from the server."""
    site = at("impatient")
    visitor = site.visitor()
    visitor.chat()
    visitor.until("quit")
    record = site.record(visitor)
    assert record["ending"] == "inactive"
    assert record["stamps"]["quit_sent_ns"] - record["stamps"]["operatorjoined_sent_ns"] >= 399_000_000


def test_a_silent_visitor_is_asked_first(at: At) -> None:
    """Before the end comes a line that asks whether the visitor is there."""
    visitor = at("impatient").visitor()
    visitor.chat()
    visitor.until("newline", "lineo")
    assert visitor.line("lineo") == "Are you there?"


def test_lines_after_the_end_come_to_nothing(at: At) -> None:
    """A Message that crosses the operator's `quit` is neither echoed nor refused."""
    visitor = at("hanging_up").visitor()
    visitor.chat()
    visitor.say("x")
    visitor.until("quit")
    visitor.say("too late")
    assert visitor.pending() == []


def test_the_survey_after_a_quit(main: Site) -> None:
    """PostChatSurvey after the visitor's Quit brings `acknowledged`, with a blank UID and ""."""
    visitor = main.visitor()
    visitor.chat()
    visitor.quit()
    answer_survey(visitor)
    event = visitor.until("acknowledged")
    assert (event["ChatUid"], event["Data"]) == ("", "")


def test_the_survey_after_the_operators_end(at: At) -> None:
    """PostChatSurvey after the operator's `quit` brings `acknowledged`."""
    visitor = at("hanging_up").visitor()
    visitor.chat()
    visitor.say("x")
    visitor.until("quit")
    answer_survey(visitor)
    assert visitor.next()["EventName"] == "acknowledged"


def test_the_survey_is_recorded_with_its_own_fields(main: Site) -> None:
    """All fields of the post-chat survey stand with the chat, those included that the site did not ask for."""
    visitor = main.visitor()
    visitor.chat()
    visitor.quit()
    answer_survey(visitor)
    visitor.until("acknowledged")
    assert main.record(visitor)["answers"][-2:] == [["Rating", "5"], ["Own", "x"]]


def test_no_survey_after_a_chat_never_accepted(at: At) -> None:
    """After `notaccepted` PostChatSurvey is refused."""
    visitor = at("closed").visitor()
    visitor.connect()
    visitor.hello()
    visitor.quit()
    answer_survey(visitor)
    assert visitor.until("error")["EventName"] == "error"


def test_no_survey_while_the_chat_goes_on(main: Site) -> None:
    """Before the end PostChatSurvey is refused."""
    visitor = main.visitor()
    visitor.chat()
    visitor.until("newline", "lineo")
    answer_survey(visitor)
    assert names(visitor.pending()) == ["error"]


def test_the_survey_names_its_chat(main: Site) -> None:
    """PostChatSurvey with another chat's UID is refused."""
    visitor = main.visitor()
    visitor.chat()
    visitor.quit()
    answer_survey(visitor, uid="gq0i7smlen")
    assert visitor.until("error")["EventName"] == "error"


@pytest.mark.parametrize("after", [False, True])
def test_a_transcript_is_sent(main: Site, after: bool) -> None:
    """Transcript, during the chat or after it, has no answer; the address stands with the chat and the visitor."""
    visitor = main.visitor()
    visitor.chat()
    visitor.until("newline", "lineo")
    if after:
        visitor.quit()
    visitor.send("Transcript", visitor.uid, visitor.session_id, DOMAIN, "", "thomas@example.invalid")
    assert "error" not in names(visitor.pending())
    record = main.record(visitor)
    assert record["emails"] == ["thomas@example.invalid"]
    assert record["visitor_record"]["email"] == "thomas@example.invalid"


def test_no_transcript_without_a_chat(main: Site) -> None:
    """Before Hello there is nothing to send: refused."""
    visitor = main.visitor()
    visitor.connect()
    visitor.send("Transcript", "", visitor.session_id, DOMAIN, "", "thomas@example.invalid")
    assert visitor.next()["EventName"] == "error"


def test_a_message_is_left_without_a_chat(main: Site) -> None:
    """On a socket without session, with blank UID and session ID, LeaveMessage is taken without an answer."""
    visitor = main.visitor()
    leave_message(visitor)
    visitor.connect()
    assert main.ask("/messages") == [
        {
            "chat_uid": "",
            "visitor_name": "Thomas",
            "department": "",
            "email": "thomas@example.invalid",
            "phone": "07799123456",
            "text": "Please call back as soon as possible",
        }
    ]


def test_a_message_is_left_after_being_turned_away(at: At) -> None:
    """After `notaccepted` LeaveMessage names the chat that did not come about."""
    site = at("closed")
    visitor = site.visitor()
    assert visitor.connect()["Data"]["LeaveMessageEnabled"] is True
    visitor.hello()
    leave_message(visitor)
    assert visitor.pending() == []
    assert [each["chat_uid"] for each in site.ask("/messages")] == [visitor.uid]


def test_a_message_is_left_after_the_final_line(at: At) -> None:
    """After the final waiting line: Quit, and LeaveMessage is taken."""
    site = at("given_up")
    visitor = site.visitor()
    visitor.connect()
    visitor.hello()
    visitor.until("newline", "lineo final")
    visitor.quit()
    leave_message(visitor)
    assert "error" not in names(visitor.pending())
    assert len(site.ask("/messages")) == 1


def test_department_email_and_phone_are_optional(main: Site) -> None:
    """A message with a name and a text is enough."""
    visitor = main.visitor()
    visitor.connect()
    leave_message(visitor, email="", phone="")
    assert visitor.pending() == []
    assert len(main.ask("/messages")) == 1


@pytest.mark.parametrize("missing", ["name", "text"])
def test_a_left_message_has_a_name_and_a_text(main: Site, missing: str) -> None:
    """Without either it is refused."""
    visitor = main.visitor()
    visitor.connect()
    leave_message(visitor, **{missing: ""})
    assert visitor.next()["EventName"] == "error"


def test_a_left_message_names_its_site(main: Site) -> None:
    """For another domain it is refused."""
    visitor = main.visitor()
    visitor.connect()
    leave_message(visitor, domain="www.test.co.uk")
    assert visitor.next()["EventName"] == "error"
