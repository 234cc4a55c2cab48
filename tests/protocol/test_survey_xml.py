from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from whoson_load.protocol.survey_xml import MAX_SURVEY_BYTES, decode_answers, encode_answers

BILLION_LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{level} "{f"&a{level - 1};" * 10}">' for level in range(1, 10))
    + "]><Fields><Field><Name>a</Name><Value>&a9;</Value></Field></Fields>"
)


def test_answers_are_written_as_the_specification_does() -> None:
    """On one line, in their order, with what is markup escaped."""
    assert encode_answers([("Company", "Smith & <Sons>"), ("Note", 'a "b"\r\n')]) == (
        "<Fields><Field><Name>Company</Name><Value>Smith &amp; &lt;Sons&gt;</Value></Field>"
        '<Field><Name>Note</Name><Value>a "b"&#13;\n</Value></Field></Fields>'
    )


def test_no_answers_are_an_empty_block() -> None:
    """A survey that nobody filled in is still a block."""
    assert encode_answers([]) == "<Fields></Fields>"


@pytest.mark.parametrize(
    "xml, answers",
    [
        ("", []),
        (" \n", []),
        ("<Fields/>", []),
        ("<Fields></Fields>", []),
        ("<fields><FIELD><name>a</name><vAlue>b</vAlue></FIELD></fields>", [("a", "b")]),
        ("<Fields>\n  <Field>\n    <Name>a</Name>\n    <Value>b</Value>\n  </Field>\n</Fields>", [("a", "b")]),
        ("<Fields><Field><Value>b</Value><Name>a</Name></Field></Fields>", [("a", "b")]),
        ("<Fields><Field><Name>a</Name></Field></Fields>", [("a", "")]),
        ("<Fields><Field><Name>a</Name><Value/></Field></Fields>", [("a", "")]),
        ("<Fields><Field><Name>a</Name><Value> b </Value></Field></Fields>", [("a", " b ")]),
        ("<Fields><Field><Name>a</Name><Value>&lt;b&gt;&#233;&amp;</Value></Field></Fields>", [("a", "<b>é&")]),
        ("<Fields><Field><Name>a</Name><Value><![CDATA[<b>]]></Value></Field></Fields>", [("a", "<b>")]),
        ("<Fields><!-- x --><Field><Name>a</Name><Value>1<!-- x -->2</Value></Field></Fields>", [("a", "12")]),
        ('<Fields xmlns="urn:x"><Field id="1"><Name>a</Name><Value>b</Value></Field></Fields>', [("a", "b")]),
        ('<?xml version="1.0" encoding="utf-16"?><Fields><Field><Name>ü</Name></Field></Fields>', [("ü", "")]),
        ("<Fields><Field><Name>a</Name><Value>1</Value</Field></Fields>", [("a", "1")]),
        ("<Fields><Field><Name>a</Name><value>1</value \n</Field></Fields>", [("a", "1")]),
        ("<Fields><Field><Name>a</Name><Value><![CDATA[</Value<]]></Value></Field></Fields>", [("a", "</Value<")]),
        (
            "<Fields><Field><Name>a</Name><Value>1</Value></Field><Field><Name>a</Name></Field></Fields>",
            [("a", "1"), ("a", "")],
        ),
    ],
)
def test_what_is_read_as_answers(xml: str, answers: list[tuple[str, str]]) -> None:
    """Tags in any case and order, whatever XML allows around them, and the specification's own slip."""
    assert decode_answers(xml) == answers


@pytest.mark.parametrize(
    "xml, problem",
    [
        ("Company=IBM", "does not parse ("),
        ("<Fields>", "does not parse ("),
        ("<Fields/><Fields/>", "does not parse ("),
        ("<Fields>&nbsp;</Fields>", "does not parse ("),
        ("<Fields><Field><Name>a</Name><Value>5 < 6</Value></Field></Fields>", "does not parse ("),
        ("<Fields>\x00</Fields>", "does not parse ("),
        ("<Survey/>", "got <Survey> in the survey XML, expected <Fields> around the survey"),
        ("<Field/>", "got <Field> in the survey XML, expected <Fields> around the survey"),
        ("<Fields><Name>a</Name></Fields>", "got <Name> in the survey XML, expected <Field>"),
        ("<Fields><Field/></Fields>", "got <Field> without <Name> in the survey XML, expected one <Name>"),
        ("<Fields><Field><Value>b</Value></Field></Fields>", "got <Field> without <Name> in the survey XML"),
        ("<Fields><Field><Name>a</Name><Name>b</Name></Field></Fields>", "got <Name> in the survey XML, expected one"),
        ("<Fields><Field><Name>a</Name><Id>b</Id></Field></Fields>", "got <Id> in the survey XML, expected one <Name>"),
        (
            "<Fields><Field><Name>a</Name><Value>so <b>big</b></Value></Field></Fields>",
            "got <b> in the survey XML, expected text alone in <Value>",
        ),
        ("<" + "x" * 1000 + "/>", "got <" + "x" * 40 + "> in the survey XML"),
        ("<Fields>\ud800</Fields>", "got survey XML with half a surrogate pair, expected characters"),
    ],
)
def test_what_is_no_survey_is_refused(xml: str, problem: str) -> None:
    """Nothing is guessed and nothing dropped: what was got is said in one line."""
    with pytest.raises(ValueError, match=r"^got .*, expected ") as refusal:
        decode_answers(xml)
    assert problem in str(refusal.value)


@pytest.mark.parametrize(
    "xml",
    [
        BILLION_LAUGHS,
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><Fields/>',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Fields><Field><Name>&e;</Name></Field></Fields>',
        "<!DOCTYPE Fields><Fields/>",
    ],
    ids=["billion laughs", "external type", "external entity", "harmless"],
)
def test_a_document_type_is_refused(xml: str) -> None:
    """An entity can blow up memory or read a file; none is ever declared."""
    with pytest.raises(ValueError, match=r"^got survey XML with a document type, expected only <Fields>$"):
        decode_answers(xml)


def test_a_survey_may_not_be_too_long() -> None:
    """The limit counts bytes and holds to the byte."""
    frame = len(encode_answers([("é", "")]).encode())
    assert decode_answers(encode_answers([("é", "x" * (MAX_SURVEY_BYTES - frame))]))
    with pytest.raises(ValueError, match=rf"^got survey XML of {MAX_SURVEY_BYTES + 1} bytes, expected at most "):
        decode_answers(encode_answers([("é", "x" * (MAX_SURVEY_BYTES - frame + 1))]))


@pytest.mark.parametrize("tag", ["Fields", "Field", "Value", "a"])
def test_deep_nesting_is_refused(tag: str) -> None:
    """However deep it goes, the fourth level is the last that is looked at."""
    with pytest.raises(ValueError, match=r"^got <\w+> in the survey XML, expected"):
        decode_answers(f"<{tag}>" * (MAX_SURVEY_BYTES // (len(tag) + 2)))


FRAGMENTS = st.sampled_from(
    [
        "<Fields>",
        "</Fields>",
        "<Field>",
        "</Field>",
        "<Name>",
        "</Name>",
        "<Value>",
        "</Value>",
        "</Value",
        "&amp;",
        "&",
    ]
)


@settings(deadline=None, max_examples=150)
@given(st.lists(FRAGMENTS | st.text(max_size=3), max_size=20).map("".join))
@example("<Fields><Field><Name>")
def test_any_text_is_answers_or_refused(xml: str) -> None:
    """Whatever arrives, there are answers or a ValueError, and never another exception."""
    try:
        answers = decode_answers(xml)
    except ValueError:
        return
    assert decode_answers(encode_answers(answers)) == answers
