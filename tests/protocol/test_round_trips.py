"""What is written is read again as what it was: every command, event, field, site and answer there can be."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from whoson_load.protocol import events
from whoson_load.protocol.commands import COMMANDS, Command, decode_command, encode_command
from whoson_load.protocol.events import EVENTS, Event, Image, Operator
from whoson_load.protocol.frames import Deviation, decode_events, encode_event
from whoson_load.protocol.site import GeoIP, Language, Site, Translation, decode_site, encode_site
from whoson_load.protocol.survey import Survey, SurveyField
from whoson_load.protocol.survey_xml import MAX_SURVEY_BYTES, decode_answers, encode_answers

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SOME_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
WHOLE = st.integers(-(2**63), 2**63 - 1)
COUNT = st.integers(0, 2**63 - 1)
FLOAT = st.floats(allow_nan=False, allow_infinity=False)
FLAG = st.booleans()

FIELDS = st.builds(
    SurveyField,
    field_name=SOME_TEXT,
    field_type=SOME_TEXT,
    enabled=FLAG,
    prompt=TEXT,
    length=COUNT,
    multi_line=FLAG,
    lines=COUNT,
    password=FLAG,
    change_case=WHOLE,
    mask=TEXT,
    default_value=TEXT,
    default_date_today=FLAG,
    default_time_today=FLAG,
    select_type=TEXT,
    validate_low=FLOAT,
    validate_high=FLOAT,
    required=FLAG,
    select_options=st.lists(TEXT, max_size=4).map(tuple),
    html5_type=SOME_TEXT,
)
SURVEYS = st.builds(Survey, FLAG, st.lists(FIELDS, max_size=3).map(tuple))
LANGUAGES = st.builds(Language, TEXT, TEXT, FLAG)
TRANSLATIONS = st.builds(
    Translation,
    enabled=FLAG,
    default_language=TEXT,
    languages=st.lists(LANGUAGES, max_size=3).map(tuple),
    show_language_selector=FLAG,
    show_as_overlay=FLAG,
    force_translation=FLAG,
)
PLACES = st.builds(
    GeoIP,
    ip_address=TEXT,
    is_proxy=FLAG,
    is_satellite=FLAG,
    post_code=TEXT,
    latitude=FLOAT,
    longitude=FLOAT,
    radius=FLOAT,
    isp=TEXT,
    country_iso=TEXT,
    country_name=TEXT,
    city=TEXT,
    metro_code=TEXT,
    organization=TEXT,
    region_name=TEXT,
    region_iso=TEXT,
)
SITES = st.builds(
    Site,
    domain=TEXT,
    site_name=TEXT,
    utc_bias=WHOLE,
    opening_message=TEXT,
    closing_message=TEXT,
    forwarding_url=TEXT,
    layout=TEXT,
    color=TEXT,
    lang=TEXT,
    height=WHOLE,
    width=WHOLE,
    operator_preview=FLAG,
    web_services_url=TEXT,
    allowed_file_types=TEXT,
    pre_chat_survey=SURVEYS,
    post_chat_survey=SURVEYS,
    translation=TRANSLATIONS,
    callback_enabled=FLAG,
    leave_message_enabled=FLAG,
    visitor_single_use_files=WHOLE,
    server_build=TEXT,
)
OPERATORS = st.builds(
    Operator,
    name=TEXT,
    email=TEXT,
    phone=TEXT,
    dept=TEXT,
    skills=st.lists(TEXT, max_size=3).map(tuple),
    is_bot=FLAG,
    status=TEXT,
    lang=TEXT,
)

EVENT_KINDS: dict[type[Event], dict[str, st.SearchStrategy[object]]] = {
    events.Connected: {"session_id": SOME_TEXT, "site": SITES, "geo_ip": PLACES},
    events.Error: {"description": TEXT},
    events.Operators: {"operators": st.lists(OPERATORS, max_size=3).map(tuple)},
    Image: {"domain": TEXT, "image_type": WHOLE, "language": TEXT, "ext": TEXT, "base64": TEXT},
    events.Accepted: {"paging_message": TEXT},
    events.NotAccepted: {"reason": TEXT},
    events.NewLine: {"classname": TEXT, "content": TEXT},
    events.Queue: {"position": WHOLE},
    events.OperatorJoined: {"operator": OPERATORS},
    events.Typing: {},
    events.TypingStop: {},
    events.RequestFile: {"file_types": TEXT},
    events.RequestField: {"field": FIELDS},
    events.Quit: {},
    events.Acknowledged: {},
}
"""Event -> what its own attributes can be."""

EVENT = st.one_of(*(st.builds(kind, chat_uid=TEXT, **parts) for kind, parts in EVENT_KINDS.items()))

COMMAND = st.sampled_from(sorted(COMMANDS)).flatmap(
    lambda name: st.builds(COMMANDS[name], *[TEXT] * len(COMMANDS[name].__struct_fields__))
)

# All that XML 1.0 can hold: its production 2.
XML_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff").filter(
        lambda character: character >= " " or character in "\t\n\r"
    )
)


def test_every_event_is_among_those_that_go_there_and_back() -> None:
    """The table above leaves none out, and none of their attributes."""
    assert set(EVENT_KINDS) == set(EVENTS.values())
    assert all({"chat_uid", *parts} == set(kind.__struct_fields__) for kind, parts in EVENT_KINDS.items())


@settings(deadline=None)
@given(COMMAND)
def test_a_command_goes_there_and_back(command: Command) -> None:
    """Whatever its parameters say."""
    assert decode_command(encode_command(command)) == command


@settings(deadline=None, max_examples=150)
@given(EVENT)
def test_an_event_goes_there_and_back(event: Event) -> None:
    """Whatever it says, without a deviation."""
    deviations: list[Deviation] = []
    assert decode_events(encode_event(event), deviations.append) == [event]
    assert deviations == []


@settings(deadline=None)
@given(st.lists(EVENT, max_size=4))
def test_events_in_one_frame_go_there_and_back(sent: list[Event]) -> None:
    """An array holds the same events in the same order."""
    deviations: list[Deviation] = []
    assert decode_events(b"[" + b",".join(map(encode_event, sent)) + b"]", deviations.append) == sent
    assert deviations == [Deviation.ARRAY]


@settings(deadline=None)
@given(EVENT)
def test_an_event_with_its_names_in_another_case_is_the_same(event: Event) -> None:
    """Names are turned upside down on every level; what they hold stays."""
    written = json.loads(encode_event(event))

    def swapped(value: object) -> object:
        if isinstance(value, dict):
            return {name.swapcase(): swapped(inner) for name, inner in value.items()}
        return [swapped(inner) for inner in value] if isinstance(value, list) else value

    deviations: list[Deviation] = []
    assert decode_events(json.dumps(swapped(written)).encode(), deviations.append) == [event]
    assert deviations == [Deviation.NAME_CASE]


@settings(deadline=None)
@given(FIELDS)
def test_a_survey_field_goes_there_and_back(field: SurveyField) -> None:
    """With each of its properties, by way of JSON."""
    assert SurveyField.decode(json.loads(json.dumps(field.encode()))) == field


@settings(deadline=None)
@given(SITES, PLACES, SOME_TEXT)
def test_a_site_goes_there_and_back(site: Site, place: GeoIP, session_id: str) -> None:
    """The site is apart from what is the visitor's own: the session and the place leave no trace in it."""
    written = json.loads(json.dumps(encode_site(site, session_id, place)))
    assert decode_site(written) == site
    assert GeoIP.decode(written["GeoIP"]) == place
    assert written["SessionID"] == session_id


@settings(deadline=None)
@given(st.lists(st.tuples(XML_TEXT, XML_TEXT)))
def test_answers_go_there_and_back(answers: list[tuple[str, str]]) -> None:
    """Whatever text XML can hold, in names and values, markup and line ends included."""
    assert decode_answers(encode_answers(answers)) == answers


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_answers_lose_only_what_xml_cannot_hold(answers: list[tuple[str, str]]) -> None:
    """Control characters, half surrogate pairs and the two that are no characters go; all else stays."""

    def kept(text: str) -> str:
        return "".join(
            each
            for each in text
            if (each >= " " or each in "\t\n\r") and not "\ud800" <= each <= "\udfff" and each not in "\ufffe\uffff"
        )

    assert decode_answers(encode_answers(answers)) == [(kept(name), kept(value)) for name, value in answers]


def test_the_longest_answers_go_there_and_back() -> None:
    """A hundred fields of 2,000 characters are well below the limit."""
    answers = [(f"field {number}", "x" * 2000) for number in range(100)]
    written = encode_answers(answers)
    assert len(written) < MAX_SURVEY_BYTES
    assert decode_answers(written) == answers
