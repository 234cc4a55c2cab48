from __future__ import annotations

import json
from pathlib import Path

import pytest

from whoson_load.protocol import commands, events
from whoson_load.protocol.commands import COMMANDS, CommandError, decode_command, encode_command
from whoson_load.protocol.events import EVENTS, Connected, Image, NewLine, OperatorJoined, Operators, UnknownEvent
from whoson_load.protocol.frames import Deviation, decode_events, encode_event
from whoson_load.protocol.lines import LineKind
from whoson_load.protocol.survey import SurveyField, decode_answers, encode_answers

EXAMPLES = Path(__file__).parent / "examples"
"""The JSON of the WhosOn Chat API specification, each example a file; those with a typing error end in .txt."""

COMMAND_EXAMPLES = sorted((EXAMPLES / "commands").glob("*.json"))
EVENT_EXAMPLES = sorted((EXAMPLES / "events").glob("*.json"))

SESSION, DOMAIN, ADDRESS, UID = (
    "d6e76b3c-b1fc-4e13-9ee6-f4a788a5269a",
    "www.mycompany.com",
    "195.62.193.194",
    "gq0i7smlen",
)

DECODED_COMMANDS = {
    "connect-short": commands.Connect(
        authentication="myauthstring",
        domain=DOMAIN,
        visitor_ip="193.22.32.21",
        cookie_id="287-3882882",
        user_agent="edge",
        referrer="",
        api_key="abcdefg12345",
    ),
    "dynamicfield": commands.DynamicField(session_id=SESSION, domain=DOMAIN, field_name="OrderNumber", value="12345"),
    "file": commands.File(
        session_id=SESSION,
        domain=DOMAIN,
        file_name="mydocument.pdf",
        url="http://chat.mycompany.com/whosoncharts/document.aspx?f=dfc3ffd72bb9416194aaea7c6f14b449f4629aafd2830e0b4716.pdf",
    ),
    "getimage": commands.GetImage(session_id=SESSION, domain=DOMAIN, image_type="1"),
    "getoperators": commands.GetOperators(session_id=SESSION, domain=DOMAIN),
    "hello": commands.Hello(
        visitor_name="Thomas",
        domain=DOMAIN,
        department="",
        operator="",
        session_id=SESSION,
        visitor_ip=ADDRESS,
        cookie_id="287-3883882",
        language="en",
        translate="false",
        survey="<Fields><Field><Name>Company</Name><Value>IBM</Value></Field></Fields>",
    ),
    "leavemessage": commands.LeaveMessage(
        chat_uid="sjbhpx4nxc",
        session_id=SESSION,
        domain=DOMAIN,
        visitor_ip=ADDRESS,
        visitor_name="Thomas",
        department="",
        email="thomas@test.com",
        phone="07799123456",
        text="Please call back as soon as possible",
    ),
    "message": commands.Message(
        session_id=SESSION, domain=DOMAIN, text="Could you please help me with product installation"
    ),
    "message-translated": commands.Message(session_id=SESSION, domain=DOMAIN, text="Hello<original>Bonjour</original>"),
    "postchatsurvey": commands.PostChatSurvey(
        chat_uid=UID,
        session_id=SESSION,
        domain=DOMAIN,
        visitor_ip=ADDRESS,
        survey="<Fields><Field><Name>Rating</Name><Value>5</Value></Field></Fields>",
    ),
    "preview": commands.Preview(session_id=SESSION, domain=DOMAIN, text="I would li"),
    "quit": commands.Quit(session_id=SESSION, domain=DOMAIN),
    "starttyping": commands.StartTyping(session_id=SESSION),
    "stoptyping": commands.StopTyping(session_id=SESSION),
    "transcript": commands.Transcript(
        chat_uid=UID, session_id=SESSION, domain=DOMAIN, visitor_ip=ADDRESS, email="thomas@test.com"
    ),
}
"""Example -> the command it is, each parameter under its name: an exchanged pair of parameters would show here."""

HOWARD = events.Operator(
    name="Howard Williams",
    email="howard@mycompany.com",
    phone="+441782822577",
    dept="",
    skills=("Sales", "Marketing"),
    is_bot=False,
    status="Online",
    lang="en",
)
CLOSED = (
    "No operators are available at this time. "
    "Operators may only be available during office hours. The time is currently "
)
PAGING = "Please wait. An operator will be with you shortly."


def line(classname: str, content: str) -> NewLine:
    """A line of the specification's chat."""
    return NewLine(chat_uid=UID, classname=classname, content=content)


DECODED_EVENTS = {
    "accepted": events.Accepted(chat_uid=UID, paging_message=PAGING),
    "acknowledged": events.Acknowledged(),
    "error": events.Error(
        description="The specified site (www.test.co.uk) is not being monitored by WhosOn. "
        "A chat session cannot be started."
    ),
    "error-file": events.Error(chat_uid=UID, description="You cannot upload files of this type."),
    "image": Image(domain=DOMAIN, image_type=1, language="en", ext=".png", base64="{base64}"),
    "newline-final": line("lineo final", CLOSED + "08:54."),
    "newline-operator": line("lineo", "Good Morning Thomas. My name is Howard Williams how can I help you?"),
    "newline-operator-says": line("linesays", "Howard Williams says:"),
    "newline-paging": line("pagingmessage", PAGING),
    "newline-queue": line("queuemessage", "Thank you for waiting. You are in position 3 of 10."),
    "newline-visitor": line("linev", "Could you please help me with product installation"),
    "newline-visitor-says": line("linesays", "Thomas says:"),
    "newline-waiting-1": line("lineo linewaiting1", "One moment please..."),
    "newline-waiting-2": line(
        "lineo linewaiting2", "We apologize for the delay. An operator will be with you shortly."
    ),
    "notaccepted": events.NotAccepted(chat_uid=UID, reason=CLOSED + "12:26."),
    "operators": Operators(
        operators=(
            HOWARD,
            events.Operator(
                name="Daniel Tallentire",
                email="daniel@mycompany.com",
                phone="+441782822577",
                skills=("Technical Support", "Training"),
                status="Busy",
                lang="en",
            ),
        )
    ),
    "queue": events.Queue(chat_uid=UID, position=2),
    "quit": events.Quit(chat_uid=UID),
    "requestfield": events.RequestField(
        chat_uid=UID,
        field=SurveyField(
            field_name="OrderNumber",
            field_type="text",
            prompt="Please enter the order number:",
            length=10,
            change_case=1,
            validate_low=0,
            validate_high=0,
        ),
    ),
    "requestfile": events.RequestFile(chat_uid=UID, file_types="pdf, doc"),
    "typing": events.Typing(chat_uid=UID),
    "typingstop": events.TypingStop(chat_uid=UID),
}
"""Example -> the event it is; `connected` has a test of its own."""


def decode_event(frame: bytes) -> tuple[events.Event, list[Deviation]]:
    """The one event of a frame, and what deviated."""
    deviations: list[Deviation] = []
    (event,) = decode_events(frame, deviations.append)
    return event, deviations


@pytest.mark.parametrize(
    "example", [path for path in COMMAND_EXAMPLES if path.stem != "template"], ids=lambda p: p.stem
)
def test_a_command_example_is_read_and_written_again(example: Path) -> None:
    """Each command of the specification gives the command it is, and that gives the same JSON."""
    command = decode_command(example.read_bytes())
    assert command == DECODED_COMMANDS[example.stem]
    assert json.loads(encode_command(command)) == json.loads(example.read_bytes())


@pytest.mark.parametrize(
    "example", [path for path in EVENT_EXAMPLES if path.stem not in ("template", "connected")], ids=lambda p: p.stem
)
def test_an_event_example_is_read_and_written_again(example: Path) -> None:
    """Each event of the specification gives the event it is without any deviation, and that gives the same JSON."""
    event, deviations = decode_event(example.read_bytes())
    assert event == DECODED_EVENTS[example.stem]
    assert deviations == []
    assert json.loads(encode_event(event)) == json.loads(example.read_bytes())


def test_the_connected_example_is_read_and_written_again() -> None:
    """The one long example: what is read of it is right in all its parts, and nothing of it is lost."""
    example = (EXAMPLES / "events" / "connected.json").read_bytes()
    event, deviations = decode_event(example)
    assert isinstance(event, Connected)
    assert deviations == []
    assert (event.chat_uid, event.session_id) == ("", "2c61f576-330e-4127-af83-90809776fa9c")
    site = event.site
    assert (site.domain, site.site_name, site.lang, site.utc_bias) == (DOMAIN, "My Company", "fr", 0)
    assert site.opening_message.startswith("<h3>Welcome</h3>")
    assert site.closing_message == "Thank you for chatting to us today."
    assert (site.layout, site.color, site.height, site.width) == ("standard", "office", 550, 470)
    assert (site.operator_preview, site.callback_enabled, site.leave_message_enabled) == (False, True, True)
    assert (site.forwarding_url, site.web_services_url) == ("", "https://chat.mycompany.com/whosoncharts/")
    assert site.allowed_file_types == "pdf, doc, docx, xls, xlsx, pptx, rtf, txt, jpg, gif, bmp, png, xml"
    assert (site.visitor_single_use_files, site.server_build) == (0, "19.1.385.800")
    assert [field.field_name for field in site.pre_chat_survey.asked] == ["VisitorName", "Company"]
    rating, email, mailing, method = site.post_chat_survey.asked
    assert (rating.kind, rating.bounds) == ("rating", (1.0, 5.0))
    assert (email.kind, email.html5_type, email.bounds) == ("text", "email", (None, None))
    assert (mailing.kind, mailing.default_value) == ("boolean", "Y")
    assert (method.kind, method.select_options) == ("select", ("Google", "LinkedIn Ad", "Twitter Ad"))
    assert [language.iso2 for language in site.translation.languages] == ["en", "fr", "de"]
    assert (site.translation.enabled, site.translation.default_language) == (True, "en")
    assert (event.geo_ip.ip_address, event.geo_ip.city, event.geo_ip.latitude) == (ADDRESS, "Stoke-on-Trent", 53.0278)
    assert json.loads(encode_event(event)) == json.loads(example)


def test_the_survey_field_example_is_read_and_written_again() -> None:
    """The field that the specification shows by itself has all of its 19 properties on both ways."""
    example = json.loads((EXAMPLES / "fields" / "select.json").read_bytes())
    assert len(example) == 19
    assert SurveyField.decode(example).encode() == example


def test_every_command_and_every_event_has_an_example() -> None:
    """Nothing the protocol knows is without an example of the specification, typing errors included."""
    shown = {path.name.partition(".")[0].partition("-")[0] for path in EXAMPLES.glob("*/*")}
    assert {name.lower() for name in COMMANDS} | set(EVENTS) <= shown


def test_the_template_of_a_command_is_refused_by_its_name() -> None:
    """`commandname` stands for a name and is none."""
    with pytest.raises(CommandError, match=r"^got the command 'commandname', expected one of Connect, "):
        decode_command((EXAMPLES / "commands" / "template.json").read_bytes())


def test_the_template_of_an_event_is_kept_as_an_unknown_event() -> None:
    """`eventname` stands for a name and is none; it goes through as any event of another version would."""
    example = (EXAMPLES / "events" / "template.json").read_bytes()
    event, deviations = decode_event(example)
    assert event == UnknownEvent(chat_uid="chatuid", event_name="eventname", data="data")
    assert deviations == [Deviation.UNKNOWN_EVENT]
    assert json.loads(encode_event(event)) == json.loads(example)


def test_the_connect_example_without_its_comma_is_refused() -> None:
    """The specification's typing error after the referrer: no JSON, so a server counts it as invalid data."""
    example = (EXAMPLES / "commands" / "connect.missing-comma.txt").read_bytes()
    with pytest.raises(CommandError, match="got a frame that is no command"):
        decode_command(example)
    corrected = example.replace(b'google.com"\n', b'google.com",\n')
    command = decode_command(corrected)
    assert isinstance(command, commands.Connect)
    assert (command.visitor_ip, command.referrer, command.api_key) == (
        ADDRESS,
        "https://www.google.com",
        "abcdefg124567",
    )
    assert json.loads(encode_command(command)) == json.loads(corrected)


def test_the_operatorjoined_example_with_its_trailing_comma_is_read_and_counted() -> None:
    """The specification's typing error after Data: read without it, told as a deviation, never written."""
    example = (EXAMPLES / "events" / "operatorjoined.trailing-comma.txt").read_bytes()
    event, deviations = decode_event(example)
    assert event == OperatorJoined(chat_uid=UID, operator=HOWARD)
    assert deviations == [Deviation.TRAILING_COMMA]
    assert json.loads(encode_event(event)) == json.loads(example.replace(b"},\n}", b"}\n}"))


def test_the_survey_xml_example_with_its_unclosed_tag_is_read() -> None:
    """The specification's typing error `</Value</Field>`, and its dots between fields, are read and never written."""
    example = "<Fields><Field><Name>fieldname</Name><Value>fieldvalue</Value</Field>…. </Fields>"
    answers = decode_answers(example)
    assert answers == [("fieldname", "fieldvalue")]
    assert encode_answers(answers) == (
        "<Fields><Field><Name>fieldname</Name><Value>fieldvalue</Value></Field></Fields>"
    )


@pytest.mark.parametrize(
    "xml",
    [
        "<Fields><Field><Name>Company</Name><Value>IBM</Value></Field></Fields>",
        "<Fields><Field><Name>Rating</Name><Value>5</Value></Field></Fields>",
    ],
)
def test_the_survey_xml_examples_are_read_and_written_again(xml: str) -> None:
    """The blocks of the Hello and PostChatSurvey examples come back letter by letter."""
    assert encode_answers(decode_answers(xml)) == xml


def test_each_line_example_is_of_its_kind() -> None:
    """Only one line of the specification's chat is an operator's."""
    kinds = {name: event.kind for name, event in DECODED_EVENTS.items() if isinstance(event, NewLine)}
    assert kinds == {
        "newline-final": LineKind.FINAL,
        "newline-operator": LineKind.OPERATOR,
        "newline-operator-says": LineKind.SAYS,
        "newline-paging": LineKind.PAGING,
        "newline-queue": LineKind.QUEUE,
        "newline-visitor": LineKind.VISITOR,
        "newline-visitor-says": LineKind.SAYS,
        "newline-waiting-1": LineKind.WAITING_1,
        "newline-waiting-2": LineKind.WAITING_2,
    }
