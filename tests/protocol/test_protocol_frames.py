from __future__ import annotations

import json
from pathlib import Path

import pytest

from whoson_load.protocol.events import (
    EVENTS,
    Accepted,
    Connected,
    Error,
    Event,
    MalformedEvent,
    NewLine,
    NotAccepted,
    Operator,
    OperatorJoined,
    Operators,
    Queue,
    Quit,
    RequestField,
    RequestFile,
    Typing,
    UnknownEvent,
)
from whoson_load.protocol.frames import Deviation, decode_events, encode_event
from whoson_load.protocol.lines import LineKind
from whoson_load.protocol.reading import JsonValue

CONNECTED = json.loads((Path(__file__).parent / "examples" / "events" / "connected.json").read_bytes())["Data"]


def read(frame: bytes) -> tuple[list[Event], list[Deviation]]:
    """The events of a frame, and what deviated, in order."""
    deviations: list[Deviation] = []
    return decode_events(frame, deviations.append), deviations


def read_one(name: object, data: object, uid: object = "u") -> tuple[Event, list[Deviation]]:
    """The event of a frame of the usual form."""
    (event,), deviations = read(json.dumps({"EventName": name, "ChatUid": uid, "Data": data}).encode())
    return event, deviations


# ---------------------------------------------------------------------------------------------------------------------
# The envelope


@pytest.mark.parametrize("uid", ["null", '""'])
def test_a_blank_chat_uid_is_none(uid: str) -> None:
    """Null and blank are the same: there is no chat yet."""
    events, deviations = read(f'{{"EventName":"typing","ChatUid":{uid},"Data":""}}'.encode())
    assert events == [Typing(chat_uid="")]
    assert deviations == []


def test_a_missing_chat_uid_is_none() -> None:
    """So is one that is not there at all, and a missing Data is null."""
    assert read(b'{"EventName":"typing"}') == ([Typing()], [])


def test_a_chat_uid_may_come_with_connected() -> None:
    """Version 10 gives it there already."""
    event, deviations = read_one("connected", CONNECTED, uid="early")
    assert event.chat_uid == "early"
    assert deviations == []


def test_a_chat_uid_that_is_a_number_is_its_digits() -> None:
    """Loosely typed like everything else."""
    assert read_one("typing", "", uid=17)[0] == Typing(chat_uid="17")


@pytest.mark.parametrize(
    "frame",
    [
        b'{"EventName":"NewLine","ChatUid":"u","Data":{"Classname":"linev","Content":"a"}}',
        b'{"eventname":"newline","ChatUid":"u","Data":{"Classname":"linev","Content":"a"}}',
        b'{"EventName":"newline","chatUID":"u","Data":{"Classname":"linev","Content":"a"}}',
        b'{"EventName":"newline","ChatUid":"u","data":{"Classname":"linev","Content":"a"}}',
        b'{"EVENTNAME":"NEWLINE","CHATUID":"u","DATA":{"CLASSNAME":"linev","CONTENT":"a"}}',
    ],
)
def test_names_of_the_envelope_are_read_in_any_case_and_counted(frame: bytes) -> None:
    """Whichever of them is written otherwise, nothing of the event is lost."""
    assert read(frame) == ([NewLine(chat_uid="u", classname="linev", content="a")], [Deviation.NAME_CASE])


@pytest.mark.parametrize("name", ["ClassName", "classname", "CLASSNAME"])
def test_names_inside_data_are_read_in_any_case(name: str) -> None:
    """The specification itself writes Classname and ClassName."""
    assert read_one("newline", {name: "lineo", "Content": "a"}) == (
        NewLine(chat_uid="u", classname="lineo", content="a"),
        [],
    )


def test_further_members_are_passed_over() -> None:
    """A newer server may say more."""
    events, deviations = read(b'{"EventName":"quit","ChatUid":"u","Data":"","Version":11,"X":{"EventName":"typing"}}')
    assert events == [Quit(chat_uid="u")]
    assert deviations == []


def test_an_array_of_events_is_read_whole_and_in_order() -> None:
    """The vendor's own library expects arrays and takes only the first event of each: here none is lost."""
    events, deviations = read(
        b'[{"EventName":"typing","ChatUid":"u","Data":""},{"EventName":"ack"},{"EventName":"queue","Data":2}]'
    )
    assert events == [Typing(chat_uid="u"), UnknownEvent(event_name="ack"), Queue(position=2)]
    assert deviations == [Deviation.ARRAY, Deviation.UNKNOWN_EVENT]


def test_an_empty_array_holds_no_events() -> None:
    """It is counted, and nothing happens."""
    assert read(b"[]") == ([], [Deviation.ARRAY])


@pytest.mark.parametrize(
    "frame",
    [
        b'{"EventName":"accepted","ChatUid":"u","Data":"a,}b,]c\\",}",}',
        b'{"EventName":"accepted","ChatUid":"u","Data":"a,}b,]c\\",}" ,\r\n\t }',
    ],
)
def test_a_trailing_comma_is_read_and_counted(frame: bytes) -> None:
    """Only the comma goes: one inside a text stays."""
    assert read(frame) == ([Accepted(chat_uid="u", paging_message='a,}b,]c",}')], [Deviation.TRAILING_COMMA])


def test_trailing_commas_may_stand_on_every_level() -> None:
    """In the operator, in its skills, in the list around it all."""
    events, deviations = read(b'[{"EventName":"operatorjoined","Data":{"Name":"A","Skills":["B",],},},]')
    assert events == [OperatorJoined(operator=Operator(name="A", skills=("B",)))]
    assert deviations == [Deviation.TRAILING_COMMA, Deviation.ARRAY]


@pytest.mark.parametrize("name", ["ack", "chatchanged", "Newline2", "new line"])
def test_an_unknown_event_is_kept_and_counted(name: str) -> None:
    """Its name stays as it was written, its data as it was decoded; it goes out again the same."""
    event, deviations = read_one(name, {"a": [1, None, "ü"]})
    assert event == UnknownEvent(chat_uid="u", event_name=name, data={"a": [1, None, "ü"]})
    assert deviations == [Deviation.UNKNOWN_EVENT]
    assert json.loads(encode_event(event)) == {"EventName": name, "ChatUid": "u", "Data": {"a": [1, None, "ü"]}}


@pytest.mark.parametrize(
    "frame, problem",
    [
        (b"null", "got null, expected an object"),
        (b"5", "got a number, expected an object"),
        (b'"newline"', "got a string, expected an object"),
        (b"{}", "got no EventName, expected one"),
        (b'{"EventName":null,"ChatUid":"u","Data":""}', "got no EventName, expected one"),
        (b'{"EventName":["newline"]}', "EventName: got a list, expected a string"),
        (b'{"EventName":"newline","ChatUid":{}}', "ChatUid: got an object, expected a string"),
    ],
)
def test_json_that_is_no_event_is_kept_and_counted(frame: bytes, problem: str) -> None:
    """It is never fatal, and says what is wrong with it."""
    assert read(frame) == ([MalformedEvent(data=json.loads(frame), problem=problem)], [Deviation.NO_EVENT])


def test_one_bad_event_of_an_array_spoils_no_other() -> None:
    """Each is read for itself."""
    events, deviations = read(b'[1,{"EventName":"queue","Data":"x"},{"EventName":"quit"}]')
    assert [type(event) for event in events] == [MalformedEvent, MalformedEvent, Quit]
    assert deviations == [Deviation.ARRAY, Deviation.NO_EVENT, Deviation.MALFORMED_EVENT]


# ---------------------------------------------------------------------------------------------------------------------
# The data


@pytest.mark.parametrize("position", ["2", 2, 2.0, " 2 "])
def test_a_queue_position_is_a_number_or_its_digits(position: JsonValue) -> None:
    """The specification writes it as a string, and a string is what goes out."""
    event, deviations = read_one("queue", position)
    assert event == Queue(chat_uid="u", position=2)
    assert deviations == []
    assert json.loads(encode_event(event))["Data"] == "2"


@pytest.mark.parametrize("operators", [None, "", []])
def test_no_operators_can_be_written_in_every_way(operators: JsonValue) -> None:
    """Nobody is there."""
    assert read_one("operators", operators) == (Operators(chat_uid="u"), [])


def test_a_single_operator_is_a_list_of_one() -> None:
    """Data is an object or a list of objects."""
    assert read_one("operators", {"Name": "A"}) == (Operators(chat_uid="u", operators=(Operator(name="A"),)), [])


@pytest.mark.parametrize("data", [None, "", {}, [], 5])
@pytest.mark.parametrize("name", ["typing", "typingstop", "quit", "acknowledged"])
def test_an_event_without_data_takes_any(name: str, data: JsonValue) -> None:
    """What nobody reads can be anything."""
    event, deviations = read_one(name, data)
    assert event == EVENTS[name](chat_uid="u")
    assert deviations == []


@pytest.mark.parametrize(
    "name, event",
    [
        ("error", Error(chat_uid="u")),
        ("accepted", Accepted(chat_uid="u")),
        ("notaccepted", NotAccepted(chat_uid="u")),
        ("requestfile", RequestFile(chat_uid="u")),
    ],
)
def test_a_text_that_is_null_is_blank(name: str, event: Event) -> None:
    """Whoever says nothing about it has still accepted the chat."""
    assert read_one(name, None) == (event, [])


@pytest.mark.parametrize(
    "data, line",
    [
        ({"Classname": "lineo", "Content": None}, NewLine(chat_uid="u", classname="lineo", content="")),
        ({"Classname": "lineo"}, NewLine(chat_uid="u", classname="lineo", content="")),
        ({"Classname": "lineo", "Content": 5}, NewLine(chat_uid="u", classname="lineo", content="5")),
        ({"Classname": "", "Content": "a"}, NewLine(chat_uid="u", classname="", content="a")),
        ({"Classname": "linex", "Content": "a"}, NewLine(chat_uid="u", classname="linex", content="a")),
    ],
)
def test_a_line_is_read_from_whatever_is_there(data: JsonValue, line: NewLine) -> None:
    """A class that nobody has heard of is kept, and no deviation: it is the line's own affair."""
    assert read_one("newline", data) == (line, [])


def test_a_line_of_an_unknown_class_is_of_unknown_kind() -> None:
    """It is counted where lines are counted, under its own name."""
    line, _ = read_one("newline", {"Classname": "linex", "Content": "a"})
    assert isinstance(line, NewLine)
    assert line.kind is LineKind.UNKNOWN


@pytest.mark.parametrize(
    "name, data, problem",
    [
        ("newline", None, "newline: got null, expected an object"),
        ("newline", "a", "newline: got a string, expected an object"),
        ("newline", ["Classname"], "newline: got a list, expected an object"),
        ("newline", {"Content": "a"}, "newline: got no Classname, expected Classname and Content"),
        ("newline", {"Classname": None, "Content": "a"}, "newline: got no Classname, expected Classname and Content"),
        ("newline", {"Classname": [], "Content": "a"}, "newline: Classname: got a list, expected a string"),
        ("newline", {"Classname": "lineo", "Content": {}}, "newline: Content: got an object, expected a string"),
        ("queue", None, "queue: got no position, expected one"),
        ("queue", "", "queue: got no position, expected one"),
        ("queue", "soon", "queue: got 'soon', expected a number"),
        ("queue", 2.5, "queue: got 2.5, expected a whole number"),
        ("queue", 10**30, "queue: got a number of more than 64 bits, expected a whole number"),
        ("queue", True, "queue: got a boolean, expected a number"),
        ("operators", "Howard", "operators: Data: got a string, expected a list"),
        ("operators", [{}, 5], "operators: Data[1]: got a number, expected an object"),
        ("operatorjoined", None, "operatorjoined: got null, expected an object"),
        ("operatorjoined", {"Skills": {}}, "operatorjoined: Skills: got an object, expected a list of strings"),
        ("image", {"ImageType": "logo"}, "image: ImageType: got 'logo', expected a number"),
        ("accepted", {}, "accepted: got an object, expected a string"),
        ("error", [], "error: got a list, expected a string"),
        ("requestfield", {}, "requestfield: got a survey field without FieldName, expected a unique name"),
        ("connected", None, "connected: got null, expected an object"),
        ("connected", {"Domain": "d"}, "connected: got no SessionID, expected one"),
        ("connected", {"SessionID": ""}, "connected: got no SessionID, expected one"),
        ("connected", {"SessionID": "s", "Height": "tall"}, "connected: Height: got 'tall', expected a number"),
        ("connected", {"SessionID": "s", "GeoIP": 5}, "connected: GeoIP: got a number, expected an object"),
        (
            "connected",
            {"SessionID": "s", "PreChatSurvey": {"Fields": [{"FieldName": "a", "Length": "long"}]}},
            "connected: PreChatSurvey: Fields[0]: Length: got 'long', expected a number",
        ),
    ],
)
def test_data_that_no_reading_allows_is_kept_and_counted(name: str, data: JsonValue, problem: str) -> None:
    """It is never fatal, keeps what came, and says where it went wrong."""
    event, deviations = read_one(name, data)
    assert event == MalformedEvent(chat_uid="u", event_name=name, data=data, problem=problem)
    assert deviations == [Deviation.MALFORMED_EVENT]


def test_the_site_is_shared_by_all_who_connect_to_it() -> None:
    """A thousand visitors hold one site; what is their own is their own."""
    other = CONNECTED | {"SessionID": "other", "GeoIP": CONNECTED["GeoIP"] | {"City": "Leek"}}
    first, second = read_one("connected", CONNECTED)[0], read_one("connected", other)[0]
    assert isinstance(first, Connected)
    assert isinstance(second, Connected)
    assert first.site is second.site
    assert (second.session_id, second.geo_ip.city) == ("other", "Leek")
    third = read_one("connected", CONNECTED | {"SiteName": "Another"})[0]
    assert isinstance(third, Connected)
    assert third.site.site_name == "Another"


def test_a_requested_field_of_an_unknown_type_is_a_text() -> None:
    """Its own type stays what the server wrote."""
    event, _ = read_one("requestfield", {"FieldName": "a", "FieldType": "Hologram"})
    assert isinstance(event, RequestField)
    assert (event.field.field_type, event.field.kind) == ("Hologram", "text")


# ---------------------------------------------------------------------------------------------------------------------
# Writing


def test_an_event_is_written_as_compact_json() -> None:
    """Name, UID and data in the specification's order, characters as themselves."""
    written = encode_event(NewLine(chat_uid="u", classname="linev", content='"é"'))
    assert written == '{"EventName":"newline","ChatUid":"u","Data":{"Classname":"linev","Content":"\\"é\\""}}'.encode()


def test_a_malformed_event_goes_out_as_it_came() -> None:
    """So that a server's misdeeds can be imitated."""
    event, _ = read_one("queue", {"position": 2})
    assert json.loads(encode_event(event)) == {"EventName": "queue", "ChatUid": "u", "Data": {"position": 2}}


def test_half_a_surrogate_pair_cannot_be_written() -> None:
    """It is no character, and no other end could read it."""
    with pytest.raises(UnicodeEncodeError):
        encode_event(Accepted(paging_message="\ud800"))
