from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Site = Any  # of conftest: importlib mode gives no name to import it by
Visitor = Any
At = Callable[[str], Site]

DOMAIN = "www.mycompany.com"


def next_lines(visitor: Visitor, count: int) -> list[tuple[str, str]]:
    """The next lines: (classname, content)."""
    lines = (visitor.until("newline")["Data"] for _ in range(count))
    return [(line["Classname"], line["Content"]) for line in lines]


def greeted(site: Site, **hello: str) -> Visitor:
    """A visitor in a chat, whose operator has said the greeting."""
    visitor = site.visitor()
    visitor.chat(**hello)
    visitor.until("newline", "lineo")
    return visitor


def test_a_message_is_echoed(main: Site) -> None:
    """A Message comes back as "NAME says:" of class linesays and the line of class linev."""
    visitor = greeted(main)
    visitor.say("Could you please help me with product installation")
    assert next_lines(visitor, 2) == [
        ("linesays", "Thomas says:"),
        ("linev", "Could you please help me with product installation"),
    ]


def test_echoes_keep_their_order(main: Site) -> None:
    """Lines come back in the order in which they were sent."""
    visitor = greeted(main)
    said = [f"line{number}" for number in range(20)]
    for each in said:
        visitor.say(each)
    assert [visitor.line("linev") for _ in said] == said


def test_a_message_names_the_domain(main: Site) -> None:
    """A Message for another domain is refused, and not echoed."""
    visitor = greeted(main)
    visitor.send("Message", visitor.session_id, "www.test.co.uk", "x")
    assert [event["EventName"] for event in visitor.pending()] == ["error"]


def test_an_operators_line(main: Site) -> None:
    """An operator's line comes as linesays with the operator's name, and the line of class lineo."""
    visitor = main.visitor()
    visitor.chat(operator="Howard Williams")
    assert next_lines(visitor, 2) == [
        ("linesays", "Howard Williams says:"),
        ("lineo", "Good Morning Thomas. My name is Howard Williams how can I help you?"),
    ]


def test_an_operator_answers(main: Site) -> None:
    """What the visitor says is answered by one of the site's replies."""
    visitor = greeted(main)
    visitor.say("x")
    visitor.until("newline", "linev")
    assert visitor.line("lineo") == "Noted."


def test_an_operator_types_before_a_line(main: Site) -> None:
    """`typing` and `typingstop`, both with "", come before the operator's line."""
    visitor = greeted(main)
    visitor.say("x")
    visitor.until("newline", "linev")
    events = [visitor.next() for _ in range(3)]
    assert [(event["EventName"], event["Data"]) for event in events[:2]] == [("typing", ""), ("typingstop", "")]
    assert events[2]["EventName"] == "newline"


def test_a_message_before_pickup(at: At) -> None:
    """Who waits may talk already, and is echoed."""
    visitor = at("unanswered").visitor()
    visitor.connect()
    visitor.hello()
    visitor.say("anybody?")
    assert visitor.line("linev") == "anybody?"


def test_a_message_in_the_queue(at: At) -> None:
    """Who queues may talk already, and is echoed."""
    site = at("queue")
    site.visitor().chat()
    visitor = site.visitor()
    visitor.connect()
    visitor.hello()
    visitor.until("queue")
    visitor.say("anybody?")
    assert visitor.line("linev") == "anybody?"


def test_4000_characters(main: Site) -> None:
    """A line of 4,000 characters passes, counted as UTF-16 units."""
    visitor = greeted(main)
    for line in ("x" * 4000, "\U0001f600" * 2000):
        visitor.say(line)
        assert visitor.line("linev") == line


@pytest.mark.parametrize("line", ["x" * 4001, "\U0001f600" * 2000 + "x"])
def test_more_than_4000_characters(main: Site, line: str) -> None:
    """A longer line is refused, and the chat goes on."""
    visitor = greeted(main)
    visitor.say(line)
    assert [event["EventName"] for event in visitor.pending()] == ["error"]
    visitor.say("on")
    assert visitor.line("linev") == "on"


def test_the_visitors_html_is_escaped(main: Site) -> None:
    """Tags and entities of the visitor come back as text."""
    visitor = greeted(main)
    visitor.say('<b>bold</b> & <script>alert("x")</script>')
    assert visitor.line("linev") == "&lt;b&gt;bold&lt;/b&gt; &amp; &lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;"


def test_the_visitors_name_is_escaped(main: Site) -> None:
    """A name with tags comes back as text."""
    visitor = main.visitor()
    visitor.chat(name="<i>T</i>")
    assert "&lt;i&gt;T&lt;/i&gt;" in visitor.line("lineo")
    visitor.say("x")
    assert "&lt;i&gt;T&lt;/i&gt;" in visitor.line("linesays")


def test_markdown_becomes_html(at: At) -> None:
    """Operators' bold, slanted, code and links come as HTML; what only looks like a tag is text."""
    line = greeted_line(at("markdown"))
    assert "<strong>Bold</strong> <em>slanted</em> <code>code</code>" in line
    assert '<a href="https://www.mycompany.com/help" target="_blank">page</a>' in line
    assert line.endswith("3 &lt; 4")


def test_only_allowed_tags_remain(at: At) -> None:
    """An operator's allowed tags stay, others go."""
    line = greeted_line(at("markdown"))
    assert "<b>fat</b>" in line
    assert "script" not in line


def greeted_line(site: Site) -> str:
    """What an operator greets with."""
    visitor = site.visitor()
    visitor.chat()
    line: str = visitor.line("lineo")
    return line


def test_a_translation_follows_the_line(main: Site) -> None:
    """Asked for in another language: each operator's line is followed by its translation, class linet."""
    visitor = main.visitor()
    visitor.chat(operator="Howard Williams", language="fr", translate="true")
    lines = next_lines(visitor, 3)
    assert [classname for classname, _ in lines] == ["linesays", "lineo", "linet"]
    assert lines[2][1] == f"[fr] {lines[1][1]}"


def test_no_translation_between_people_of_one_language(main: Site) -> None:
    """An operator who speaks the visitor's language is not translated."""
    visitor = greeted(main, operator="Bob Support", language="fr", translate="true")
    assert not [line for line in main.record(visitor)["lines"] if line["classname"] == "linet"]


def test_no_translation_unless_asked_for(main: Site) -> None:
    """Without the parameter, another language alone brings no translation."""
    visitor = greeted(main, operator="Howard Williams", language="fr", translate="false")
    assert not [line for line in main.record(visitor)["lines"] if line["classname"] == "linet"]


def test_a_site_may_force_translation(at: At) -> None:
    """ForceTranslation translates though nobody asked."""
    visitor = at("forced").visitor()
    visitor.chat(operator="Howard Williams", language="fr")
    assert visitor.line("linet").startswith("[fr] ")


def test_the_visitors_own_translation(main: Site) -> None:
    """Of "Hello<original>Bonjour</original>" the visitor sees what they typed."""
    visitor = greeted(main)
    visitor.say("Hello<original>Bonjour</original>")
    assert visitor.line("linev") == "Bonjour"


def test_previews_are_taken_in_silence(main: Site) -> None:
    """A Preview has no answer."""
    visitor = greeted(main)
    visitor.send("Preview", visitor.session_id, DOMAIN, "I would li")
    assert visitor.pending() == []
    assert main.ask("/state")["commands"]["Preview"] == 1


def test_previews_need_permission(at: At) -> None:
    """Where OperatorPreview is false, a Preview is refused."""
    visitor = greeted(at("reserved"))
    assert visitor.site["OperatorPreview"] is False
    visitor.send("Preview", visitor.session_id, DOMAIN, "I would li")
    assert [event["EventName"] for event in visitor.pending()] == ["error"]


@pytest.mark.parametrize("command", ["StartTyping", "StopTyping"])
def test_typing_is_taken_in_silence(main: Site, command: str) -> None:
    """StartTyping and StopTyping carry the session alone and have no answer."""
    visitor = greeted(main)
    visitor.send(command, visitor.session_id)
    assert visitor.pending() == []


def test_operators_ask_for_files(at: At) -> None:
    """`requestfile` carries the allowed extensions."""
    visitor = greeted(at("asking"))
    visitor.say("x")
    assert visitor.until("requestfile")["Data"] == visitor.site["AllowedFileTypes"]


def test_operators_ask_for_fields(at: At) -> None:
    """`requestfield` carries one survey field with all its properties."""
    visitor = greeted(at("asking"))
    visitor.say("x")
    field = visitor.until("requestfield")["Data"]
    assert (field["FieldName"], field["Length"], field["ChangeCase"]) == ("OrderNumber", 10, 1)
    assert field.keys() == visitor.site["PreChatSurvey"]["Fields"][0].keys()


def test_a_dynamic_field(main: Site) -> None:
    """DynamicField adds to the chat's fields, and a line shows it."""
    visitor = greeted(main)
    visitor.send("DynamicField", visitor.session_id, DOMAIN, "OrderNumber", "12345")
    assert "12345" in visitor.until("newline", "linev")["Data"]["Content"]
    assert main.record(visitor)["answers"][-1] == ["OrderNumber", "12345"]


def test_a_transfer(at: At) -> None:
    """After a transfer a second `operatorjoined` names somebody else, who greets."""
    visitor = at("transferring").visitor()
    first = visitor.chat()["Data"]["Name"]
    visitor.until("newline", "lineo")
    visitor.say("x")
    second = visitor.until("operatorjoined")["Data"]["Name"]
    assert second != first
    assert second in visitor.line("lineo")
