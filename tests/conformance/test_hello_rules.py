from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

Site = Any  # of conftest: importlib mode gives no name to import it by
At = Callable[[str], Site]

DOMAIN = "www.mycompany.com"


def survey(*answers: tuple[str, str]) -> str:
    """The `<Fields>` block of answers."""
    fields = "".join(f"<Field><Name>{name}</Name><Value>{value}</Value></Field>" for name, value in answers)
    return f"<Fields>{fields}</Fields>"


def test_hello_brings_accepted(main: Site) -> None:
    """`accepted` brings the chat's UID and the paging text."""
    visitor = main.visitor()
    visitor.connect()
    event = visitor.hello()
    assert (event["EventName"], event["Data"]) == ("accepted", "Please wait. An operator will be with you shortly.")
    assert event["ChatUid"]


def test_the_paging_text_is_the_first_line(main: Site) -> None:
    """Right after `accepted` the same text comes as a line of class pagingmessage."""
    visitor = main.visitor()
    visitor.connect()
    text = visitor.hello()["Data"]
    event = visitor.next()
    assert (event["EventName"], event["Data"]) == ("newline", {"Classname": "pagingmessage", "Content": text})


def test_nobody_there(at: At) -> None:
    """With all operators Away or Be Right Back, `notaccepted` brings a UID and a text to show."""
    visitor = at("closed").visitor()
    visitor.connect()
    event = visitor.hello()
    assert (event["EventName"], event["Data"][:36]) == ("notaccepted", "No operators are available at this t")
    assert event["ChatUid"]


def test_outside_office_hours(at: At) -> None:
    """Operators who are Online do not take chats when the office is closed."""
    visitor = at("out_of_hours").visitor()
    visitor.connect()
    assert visitor.hello()["EventName"] == "notaccepted"


def test_forwarding(at: At) -> None:
    """Where no message may be left and there is a forwarding URL, `notaccepted` brings that URL."""
    visitor = at("forwarding").visitor()
    site = visitor.connect()["Data"]
    assert (site["LeaveMessageEnabled"], site["ForwardingURL"]) == (False, "https://www.mycompany.com/sorry")
    assert visitor.hello()["Data"] == "https://www.mycompany.com/sorry"


def test_a_department_gets_operators_of_it_or_of_none(main: Site) -> None:
    """Several chats for Sales go to Sales and to those without a department, never to Support."""
    names = {main.visitor().chat(department="Sales")["Data"]["Name"] for _ in range(6)}
    assert names == {"Howard Williams", "Sue Sales"}


def test_an_operator_by_name(main: Site) -> None:
    """A chat for one operator goes to that one alone."""
    names = {main.visitor().chat(operator="Sue Sales")["Data"]["Name"] for _ in range(3)}
    assert names == {"Sue Sales"}


def test_blank_wishes_are_for_anybody(main: Site) -> None:
    """Without department and operator, chats spread over all who are there."""
    names = {main.visitor().chat()["Data"]["Name"] for _ in range(6)}
    assert names == {"Howard Williams", "Sue Sales", "Bob Support"}


def test_an_operator_who_is_away_takes_no_chat(main: Site) -> None:
    """A wish for somebody who is Away is not accepted."""
    visitor = main.visitor()
    visitor.connect()
    assert visitor.hello(operator="Olive Office")["EventName"] == "notaccepted"


def test_an_operator_who_pauses_takes_no_chat(main: Site) -> None:
    """A wish for somebody whose status is Be Right Back is not accepted."""
    visitor = main.visitor()
    visitor.connect()
    assert visitor.hello(operator="Percy Pause")["EventName"] == "notaccepted"


def test_a_busy_operator_is_queued_for(main: Site) -> None:
    """A wish for somebody who is Busy is accepted, and queues."""
    visitor = main.visitor()
    visitor.connect()
    assert visitor.hello(operator="Bea Busy")["EventName"] == "accepted"
    assert visitor.until("queue")["EventName"] == "queue"


def test_skills_guide_the_chat(at: At) -> None:
    """Where the site routes by a survey field, its answer finds the operator with that skill."""
    site = at("skills")
    names = {site.visitor().chat(survey=survey(("Topic", "Training")))["Data"]["Name"] for _ in range(3)}
    assert names == {"Ben"}


def test_a_bot_may_stand_back_for_people(at: At) -> None:
    """A bot that picks up only when alone takes the second chat, the one person the first."""
    site = at("bot_beside_person")
    assert [site.visitor().chat()["Data"]["Name"] for _ in range(2)] == ["Howard Williams", "Ada"]


def test_the_survey_is_recorded(main: Site) -> None:
    """All fields of the pre-chat survey stand with the chat, those included that the site did not ask for."""
    visitor = main.visitor()
    visitor.connect()
    visitor.hello(survey=survey(("Company", "IBM"), ("Basket", "a &lt; b &amp; c")))
    assert main.record(visitor)["answers"] == [["Company", "IBM"], ["Basket", "a < b & c"]]


def test_the_surveys_misprint_is_read(main: Site) -> None:
    """`</Value</Field>`, as the specification prints it once, is read all the same."""
    visitor = main.visitor()
    visitor.connect()
    visitor.hello(survey="<Fields><Field><Name>Company</Name><Value>IBM</Value</Field></Fields>")
    assert main.record(visitor)["answers"] == [["Company", "IBM"]]


def test_field_names_are_unique(main: Site) -> None:
    """A survey with one name twice is refused; a better Hello then goes through."""
    visitor = main.visitor()
    visitor.connect()
    assert visitor.hello(survey=survey(("Same", "1"), ("Same", "2")))["EventName"] == "error"
    assert visitor.hello()["EventName"] == "accepted"


@pytest.mark.parametrize(
    "broken",
    [
        "<Fields><Field>",
        "<Answers></Answers>",
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><Fields><Field><Name>&b;</Name></Field></Fields>',
    ],
)
def test_a_survey_that_cannot_be_read(main: Site, broken: str) -> None:
    """Broken XML, another element, entities: refused, and a better Hello then goes through."""
    visitor = main.visitor()
    visitor.connect()
    assert visitor.hello(survey=broken)["EventName"] == "error"
    assert visitor.hello()["EventName"] == "accepted"


def test_hellos_address(main: Site) -> None:
    """The address in Hello stands with the chat; a blank one is Connect's."""
    given, blank = main.visitor(), main.visitor()
    for visitor, address in ((given, "198.51.100.20"), (blank, "")):
        visitor.connect()
        visitor.hello(ip=address)
    assert main.record(given)["visitor_ip"] == "198.51.100.20"
    assert main.record(blank)["visitor_ip"] == "195.62.193.194"


def test_hello_names_the_domain(main: Site) -> None:
    """Hello for another domain is refused."""
    visitor = main.visitor()
    visitor.connect()
    assert visitor.hello(domain="www.test.co.uk")["EventName"] == "error"


def test_one_chat_a_session(main: Site) -> None:
    """A second Hello is refused, and the chat goes on."""
    visitor = main.visitor()
    visitor.chat()
    visitor.send("Hello", "T", DOMAIN, "", "", visitor.session_id, "", "", "en", "false", "")
    assert visitor.until("error")["EventName"] == "error"
    visitor.say("on")
    assert visitor.line("linev") == "on"


def test_an_operator_joins(main: Site) -> None:
    """Pickup brings `operatorjoined` with the operator's eight members, ahead of any operator's line."""
    visitor = main.visitor()
    visitor.connect()
    visitor.hello(operator="Howard Williams")
    events = [visitor.next()]
    while events[-1]["EventName"] != "operatorjoined":
        events.append(visitor.next())
    assert not [event for event in events if event["EventName"] == "newline" and event["Data"]["Classname"] == "lineo"]
    assert events[-1]["Data"].keys() == {"Name", "Email", "Phone", "Dept", "Skills", "IsBot", "Status", "Lang"}
    assert (events[-1]["Data"]["Name"], events[-1]["Data"]["IsBot"]) == ("Howard Williams", "False")


def test_waiting_lines(at: At) -> None:
    """While nobody picks up: the first waiting line, then the second, in their classes and texts."""
    visitor = at("unanswered").visitor()
    visitor.connect()
    visitor.hello()
    visitor.until("newline", "pagingmessage")
    lines = [visitor.next()["Data"] for _ in range(2)]
    assert lines == [
        {"Classname": "lineo linewaiting1", "Content": "One moment please..."},
        {
            "Classname": "lineo linewaiting2",
            "Content": "We apologize for the delay. An operator will be with you shortly.",
        },
    ]


def test_the_gap_between_waiting_lines(at: At) -> None:
    """The second waiting line comes the site's gap after the first."""
    site = at("unanswered")
    visitor = site.visitor()
    visitor.connect()
    visitor.hello()
    visitor.until("newline", "lineo linewaiting2")
    sent = {line["classname"]: line["sent_ns"] for line in site.record(visitor)["lines"]}
    assert sent["lineo linewaiting2"] - sent["lineo linewaiting1"] >= 119_000_000


def test_the_final_line(at: At) -> None:
    """When the waiting limit is reached, the final line comes, and the chat is given up."""
    site = at("given_up")
    visitor = site.visitor()
    visitor.connect()
    visitor.hello()
    assert visitor.line("lineo final").startswith("No operators are available at this time.")
    record = site.record(visitor)
    (final,) = [line for line in record["lines"] if line["classname"] == "lineo final"]
    assert final["sent_ns"] - record["stamps"]["hello_received_ns"] >= 300_000_000
    assert record["ending"] == "unanswered"


def test_no_waiting_lines_in_a_queue(at: At) -> None:
    """Who queues gets no waiting line, however long it takes."""
    site = at("queue")
    site.visitor().chat()
    visitor = site.visitor()
    visitor.connect()
    visitor.hello()
    visitor.until("queue")
    visitor.until("queue")
    classes = {line["classname"] for line in site.record(visitor)["lines"]}
    assert classes == {"pagingmessage", "queuemessage"}


def test_the_queue_tells_the_position(at: At) -> None:
    """`queue` carries the position as a string, counted from 1, in the order of arrival."""
    site = at("queue")
    site.visitor().chat()
    positions = []
    for _ in range(2):
        visitor = site.visitor()
        visitor.connect()
        visitor.hello()
        positions.append(visitor.until("queue")["Data"])
    assert positions == ["1", "2"]


def test_the_queue_ticks_once_a_second(at: At) -> None:
    """The second `queue` comes no sooner than a second after the first."""
    site = at("queue")
    site.visitor().chat()
    visitor = site.visitor()
    visitor.connect()
    visitor.hello()
    visitor.until("queue")
    visitor.until("queue")
    record = site.record(visitor)
    assert time.time_ns() - record["stamps"]["queue_sent_ns"] >= 990_000_000
    assert len([line for line in record["lines"] if line["classname"] == "queuemessage"]) >= 2


def test_the_queue_message_comes_again_and_again(at: At) -> None:
    """A line of class queuemessage tells position and length, at the site's interval."""
    site = at("queue")
    site.visitor().chat()
    visitor = site.visitor()
    visitor.connect()
    visitor.hello()
    lines = [visitor.line("queuemessage") for _ in range(2)]
    assert lines == ["Thank you for waiting. You are in position 1 of 1."] * 2
    sent = [line["sent_ns"] for line in site.record(visitor)["lines"] if line["classname"] == "queuemessage"]
    assert sent[1] - sent[0] >= 390_000_000


def test_positions_fall_when_somebody_leaves(at: At) -> None:
    """When who is ahead quits, the next tick tells a smaller position."""
    site = at("queue")
    site.visitor().chat()
    ahead, behind = site.visitor(), site.visitor()
    for visitor in (ahead, behind):
        visitor.connect()
        visitor.hello()
    position = int(behind.until("queue")["Data"])
    ahead.quit()
    assert int(behind.until("queue")["Data"]) == position - 1


def test_the_head_of_the_queue_is_picked_up(at: At) -> None:
    """When an operator has room again, `operatorjoined` comes to who has waited longest."""
    site = at("queue")
    talking = site.visitor()
    talking.chat()
    waiting = site.visitor()
    waiting.connect()
    waiting.hello()
    waiting.until("queue")
    talking.quit()
    assert waiting.until("operatorjoined")["Data"]["Name"] == "Howard Williams"


def test_the_queue_is_limited(at: At) -> None:
    """Who finds the queue full is not accepted."""
    site = at("queue")
    site.visitor().chat()
    names = []
    for _ in range(3):
        visitor = site.visitor()
        visitor.connect()
        names.append(visitor.hello()["EventName"])
    assert names == ["accepted", "accepted", "notaccepted"]


def test_the_queues_timeout(at: At) -> None:
    """At the timeout `notaccepted` ends the waiting."""
    site = at("short_queue")
    site.visitor().chat()
    visitor = site.visitor()
    visitor.connect()
    visitor.hello()
    assert visitor.until("notaccepted")["Data"].startswith("No operators are available")
    assert site.record(visitor)["state"] == "queue timeout"


def test_without_a_queue_nobody_queues(at: At) -> None:
    """Where the site has no queue, a busy office means `notaccepted`."""
    site = at("no_queue")
    site.visitor().chat()
    visitor = site.visitor()
    visitor.connect()
    assert visitor.hello()["EventName"] == "notaccepted"


def test_operators_take_no_more_than_their_chats(at: At) -> None:
    """An operator of two chats at once has two, whoever comes."""
    site = at("pairs")
    for _ in range(4):
        visitor = site.visitor()
        visitor.connect()
        visitor.hello()
    assert [each["chats"] for each in site.ask("/state")["operators"]] == [2]
