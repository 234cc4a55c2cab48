from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from whoson_load.protocol.conversation import State
from whoson_load.protocol.events import Accepted, Error, Event, NewLine, NotAccepted, OperatorJoined, Queue

MakeStage = Callable[..., Any]  # conftest's Stage: importlib mode gives no name to import it by

S = 1_000_000_000


def classes(events: Iterable[Event]) -> list[str]:
    """Event names, with the classname for lines."""
    return [event.classname if isinstance(event, NewLine) else event.name for event in events]


def test_hello_is_accepted_with_the_paging_text_twice(make_stage: MakeStage) -> None:
    """`accepted` carries the paging text, and the first line repeats it."""
    visitor = make_stage().visitor().connect()
    accepted, paging = visitor.hello()
    assert isinstance(accepted, Accepted)
    assert (paging.classname, paging.content) == ("pagingmessage", accepted.paging_message)
    assert accepted.chat_uid == paging.chat_uid != ""


def test_an_operator_joins_greets_reads_types_and_replies_at_known_times(make_stage: MakeStage) -> None:
    """Every step of an operator comes exactly when the site's times say."""
    stage = make_stage()
    visitor = stage.visitor().connect()
    start_ns = stage.clock.now_ns()
    visitor.hello()
    visitor.after(10)
    visitor.message("hello")
    visitor.after(10)
    seen = [
        (name, (at_ns - start_ns) / S)
        for name, at_ns in zip(classes(visitor.events), visitor.times_ns, strict=True)
        if name != "connected"
    ]
    assert seen == [
        ("accepted", 0),
        ("pagingmessage", 0),
        ("operatorjoined", 2),
        ("typing", 2),
        ("typingstop", 3),
        ("linesays", 3),
        ("lineo", 3),
        ("linesays", 10),
        ("linev", 10),
        ("typing", 13),
        ("typingstop", 17),
        ("linesays", 17),
        ("lineo", 17),
    ]
    assert stage.faultless()


def test_a_fixed_reply_covers_reading_and_typing(make_stage: MakeStage) -> None:
    """With a known reply the line comes exactly then, and typing shows for the last part of it."""
    stage = make_stage('reply = "5s"')
    visitor = stage.chatting()
    visitor.after(5)
    visitor.message("a")
    start_ns = stage.clock.now_ns()
    assert classes(visitor.after(10)) == ["typing", "typingstop", "linesays", "lineo"]
    assert [(at - start_ns) / S for at in visitor.times_ns[-4:]] == [1, 5, 5, 5]


def test_lines_said_while_the_operator_reads_are_covered_by_one_reply(make_stage: MakeStage) -> None:
    """What comes while the operator types calls for another reply, what comes before does not."""
    visitor = make_stage().chatting()
    visitor.after(2)
    before = len(visitor.lines("lineo"))
    visitor.message("a")
    visitor.after(1)
    visitor.message("b")
    visitor.after(30)
    assert len(visitor.lines("lineo")) == before + 1
    visitor.message("c")
    visitor.after(5)
    visitor.message("d")
    visitor.after(30)
    assert len(visitor.lines("lineo")) == before + 3


def test_the_echo_waits_for_its_delay_and_is_stamped(make_stage: MakeStage) -> None:
    """The transcript holds when the Message was read and when its line was sent: exactly the delay apart."""
    stage = make_stage('[chat]\necho_delay = "20ms"')
    visitor = stage.chatting()
    assert visitor.message("one") == []
    visitor.after(0.02)
    assert visitor.lines("linev") == ["one"]
    chat = stage.switchboard.book.get(visitor.chat_uid)
    (line,) = [line for line in chat.transcript.lines if line.classname == "linev"]
    assert line.sent_ns - line.received_ns == 20_000_000
    stamps = chat.transcript.stamps
    assert stamps["operatorjoined_sent_ns"] - stamps["hello_received_ns"] == 2 * S


def test_echoes_of_one_chat_never_overtake_each_other(make_stage: MakeStage) -> None:
    """Whatever the echo's distribution, lines come in the order they were said."""
    stage = make_stage('[chat]\necho_delay = { least = "1ms", most = "500ms" }')
    visitor = stage.chatting()
    said = [f"line{number}" for number in range(50)]
    for each in said:
        visitor.message(each)
        visitor.after(0.01)
    visitor.after(1)
    assert visitor.lines("linev") == said


def test_a_line_before_pickup_is_echoed_and_answered_after_it(make_stage: MakeStage) -> None:
    """A visitor may talk while waiting; the operator answers it after the greeting."""
    visitor = make_stage().visitor().connect()
    visitor.hello()
    visitor.message("anybody there?")
    assert visitor.lines("linev") == ["anybody there?"]
    visitor.after(11)
    assert len(visitor.lines("lineo")) == 2


@pytest.mark.parametrize(
    "text, shown",
    [
        ("<b>bold</b> & 'so'", "&lt;b&gt;bold&lt;/b&gt; &amp; &#x27;so&#x27;"),
        ("Hello<original>Bonjour</original>", "Bonjour"),
        ("Hello<Original>Bonjour</Original>", "Bonjour"),
        ("a <original> b", "a &lt;original&gt; b"),
    ],
)
def test_the_visitors_html_is_escaped_and_the_original_shown(make_stage: MakeStage, text: str, shown: str) -> None:
    """The echo shows what the visitor typed, and no tag of it."""
    visitor = make_stage().chatting()
    visitor.message(text)
    assert visitor.lines("linev") == [shown]


def test_escaping_can_be_switched_off(make_stage: MakeStage) -> None:
    """A server that does not escape can be imitated."""
    visitor = make_stage("[chat]\nescape_html = false").chatting(visitor_name="<i>T</i>")
    visitor.message("<b>")
    assert visitor.lines("linev") == ["<b>"]
    assert "<i>T</i> says:" in visitor.lines("linesays")


@pytest.mark.parametrize(
    "where, expected", [("before", ["linesays", "linev"]), ("after", ["linev", "linesays"]), ("never", ["linev"])]
)
def test_linesays_can_stand_before_after_or_nowhere(make_stage: MakeStage, where: str, expected: list[str]) -> None:
    """The order of `linesays` and its line is switchable."""
    visitor = make_stage(f'[chat]\nlinesays = "{where}"').chatting()
    assert classes(visitor.message("x")) == expected


@pytest.mark.parametrize(
    "policy, shown, error, closed",
    [("error", 0, 1, None), ("truncate", 4000, 0, None), ("accept", 4001, 0, None), ("close", 0, 1, 1008)],
)
def test_a_line_of_more_than_4000_characters_meets_the_policy(
    make_stage: MakeStage, policy: str, shown: int, error: int, closed: int | None
) -> None:
    """4,001 characters are refused, cut, taken or the end, as the site says; 4,000 always pass."""
    visitor = make_stage(f'[chat]\ntoo_long = "{policy}"').chatting()
    visitor.message("x" * 4000)
    visitor.message("y" * 4001)
    lines = visitor.lines("linev")
    assert lines[0] == "x" * 4000
    assert len("".join(lines[1:])) == shown
    assert visitor.names.count("error") == error
    assert visitor.close_code == closed


def test_characters_outside_the_basic_plane_count_two(make_stage: MakeStage) -> None:
    """2,000 emoji fit, 2,001 do not."""
    visitor = make_stage().chatting()
    assert classes(visitor.message("\U0001f600" * 2000)) == ["linesays", "linev"]
    assert classes(visitor.message("\U0001f600" * 2001)) == ["error"]


def test_waiting_lines_come_in_turn_and_the_final_one_gives_up(make_stage: MakeStage) -> None:
    """Without an answer: first line, second, final; then silence, and the operators' places are free."""
    stage = make_stage(
        '[waiting]\nline_1_after = "10s"\nline_2_gap = "20s"\nfinal_after = "60s"\n'
        '[[operators]]\nname = "Late"\npicks_up = false'
    )
    visitor = stage.visitor().connect()
    visitor.hello()
    start_ns = stage.clock.now_ns()
    events = visitor.after(600)
    assert classes(events) == ["lineo linewaiting1", "lineo linewaiting2", "lineo final"]
    assert [(at - start_ns) / S for at in visitor.times_ns[-3:]] == [10, 30, 60]
    assert visitor.visit.conversation.state is State.UNANSWERED
    assert all(each.chats == 0 for each in stage.switchboard.floor.routing.roster.colleagues)


def test_a_pickup_later_than_the_final_line_does_not_happen(make_stage: MakeStage) -> None:
    """Once the final line is sent the request is withdrawn, and the operator has room again."""
    stage = make_stage('[waiting]\nfinal_after = "1s"')
    visitor = stage.visitor().connect()
    visitor.hello()
    assert classes(visitor.after(30)) == ["lineo final"]
    assert all(each.chats == 0 for each in stage.switchboard.floor.routing.roster.colleagues)


def test_a_queue_tells_positions_once_a_second_and_a_message_once_a_minute(make_stage: MakeStage) -> None:
    """Positions come at once and each second, messages at once and each minute; no waiting lines beside them."""
    stage = make_stage(operators=1, max_chats=1)
    stage.chatting()
    second = stage.visitor().connect()
    third = stage.visitor().connect()
    second.hello()
    third.hello()
    third.after(65)
    assert [event.position for event in third.events if isinstance(event, Queue)] == [2] * 66
    assert third.lines("queuemessage") == ["Thank you for waiting. You are in position 2 of 2."] * 2
    assert not [each for each in third.lines() if "moment" in each]
    assert third.visit.conversation.state is State.QUEUED


def test_the_first_in_the_queue_is_picked_up_first_and_the_others_move_up(make_stage: MakeStage) -> None:
    """When an operator has room again, the head of the queue is rung, and positions fall."""
    stage = make_stage(operators=1, max_chats=1)
    first = stage.chatting()
    waiting = [stage.visitor().connect() for _ in range(3)]
    for each in waiting:
        each.hello()
    first.quit()
    stage.clock.run(2)
    assert isinstance(waiting[0].events[-2], OperatorJoined)
    stage.clock.run(1)
    for each, expected in zip(waiting[1:], ([1], [2]), strict=True):
        positions = [event.position for event in each.events if isinstance(event, Queue)]
        assert positions == sorted(positions, reverse=True)
        assert positions[-1:] == expected


def test_the_queues_timeout_ends_in_notaccepted(make_stage: MakeStage) -> None:
    """After the timeout comes `notaccepted`, and then nothing."""
    stage = make_stage('[queue]\ntimeout = "30s"', operators=1, max_chats=1)
    stage.chatting()
    visitor = stage.visitor().connect()
    visitor.hello()
    visitor.after(300)
    assert isinstance(visitor.events[-1], NotAccepted)
    assert visitor.visit.conversation.state is State.QUEUE_TIMEOUT
    assert len(stage.switchboard.floor.routing.queue) == 0


@pytest.mark.parametrize("site", ["[queue]\nenabled = false", "[queue]\nlimit = 1"])
def test_without_a_place_in_the_queue_hello_is_not_accepted(make_stage: MakeStage, site: str) -> None:
    """No queue, or a full one: turned away."""
    stage = make_stage(site, operators=1, max_chats=1)
    stage.chatting()
    others = [stage.visitor().connect() for _ in range(2)]
    for each in others:
        each.hello()
    assert isinstance(others[1].events[-1], NotAccepted)
    assert others[1].visit.conversation.state is State.TURNED_AWAY


def test_notaccepted_carries_the_forwarding_url_where_no_message_may_be_left(make_stage: MakeStage) -> None:
    """With messages disabled and a forwarding URL, that URL is the reason."""
    stage = make_stage(
        '[site]\nleave_message_enabled = false\nforwarding_url = "https://example.invalid/help"\n', operators=0
    )
    visitor = stage.visitor().connect()
    (refusal,) = visitor.hello()
    assert refusal.forwarding_url == "https://example.invalid/help"
    assert refusal.chat_uid


def test_outside_office_hours_nobody_is_accepted(make_stage: MakeStage) -> None:
    """The reason tells the office's time."""
    stage = make_stage('[hours]\nopens = "09:00"\ncloses = "15:00"')
    (refusal,) = stage.visitor().connect().hello()
    assert isinstance(refusal, NotAccepted)
    assert "The time is currently 15:06." in refusal.reason


def test_an_operators_line_is_translated_when_the_visitor_asks_and_speaks_another_language(
    make_stage: MakeStage,
) -> None:
    """`linet` follows each operator line; not for an operator of the visitor's language, nor when nobody asked."""
    stage = make_stage()
    translated = stage.chatting(language="fr", translate="true", operator="Howard Williams")
    translated.after(2)
    assert translated.lines("linet") == [f"[fr] {translated.lines('lineo')[0]}"]
    for hello in ({"language": "fr"}, {"language": "fr", "translate": "true", "operator": "Bastien Moreau"}):
        plain = stage.chatting(**hello)
        plain.after(5)
        assert plain.lines("lineo")
        assert not plain.lines("linet")


def test_inactivity_brings_a_line_and_then_the_end(make_stage: MakeStage) -> None:
    """Quiet for the first limit: a line; for the second: `quit`. A sign of life starts both anew."""
    stage = make_stage(
        '[chat]\ninactivity_line_after = "60s"\ninactivity_quit_after = "100s"\ninactivity_line = "Hello?"'
    )
    visitor = stage.chatting()
    visitor.after(70)
    assert visitor.lines("lineo")[-1] == "Hello?"
    visitor.message("still here")
    visitor.after(59)
    assert visitor.lines("lineo").count("Hello?") == 1
    visitor.after(1)
    assert visitor.lines("lineo").count("Hello?") == 2
    visitor.after(39)
    assert "quit" not in visitor.names
    visitor.after(1)
    assert visitor.names[-1] == "quit"
    assert visitor.visit.conversation.state is State.ENDED
    assert stage.incidents == {"inactive_chats": 1}


def test_operators_hang_up_with_a_goodbye(make_stage: MakeStage) -> None:
    """`quit` follows the closing line; the operator has room again."""
    stage = make_stage("[habits]\nhang_up = 1.0")
    visitor = stage.chatting()
    visitor.message("x")
    visitor.after(20)
    assert classes(visitor.events)[-3:] == ["linesays", "lineo", "quit"]
    assert visitor.lines("lineo")[-1] == "Thank you for chatting to us today."
    assert all(each.chats == 0 for each in stage.switchboard.floor.routing.roster.colleagues)
    assert stage.faultless()


def test_operators_request_files_and_fields(make_stage: MakeStage) -> None:
    """`requestfile` lists the site's types, `requestfield` one of the habits' fields."""
    stage = make_stage(
        '[habits]\nrequest_file = 1.0\nrequest_field = 1.0\nfields = [{ field_name = "OrderNumber", length = 10 }]'
    )
    visitor = stage.chatting()
    visitor.message("x")
    events = visitor.after(20)
    (file,) = [event for event in events if event.name == "requestfile"]
    (field,) = [event for event in events if event.name == "requestfield"]
    assert file.file_types.startswith("pdf, doc")
    assert (field.field.field_name, field.field.length) == ("OrderNumber", 10)


def test_a_transfer_brings_a_second_operator(make_stage: MakeStage) -> None:
    """After a transfer another operator joins and greets; the first has room again."""
    stage = make_stage("[habits]\ntransfer = 1.0")
    visitor = stage.chatting()
    visitor.message("x")
    visitor.after(12)
    joined = [event.operator.name for event in visitor.events if isinstance(event, OperatorJoined)]
    assert len(joined) == len(set(joined)) == 2
    assert sum(each.chats for each in stage.switchboard.floor.routing.roster.colleagues) == 1
    assert joined[1] in visitor.lines("lineo")[-1]


def test_nothing_is_transferred_when_nobody_else_has_room(make_stage: MakeStage) -> None:
    """One operator alone keeps the chat."""
    stage = make_stage("[habits]\ntransfer = 1.0", operators=1)
    visitor = stage.chatting()
    visitor.message("x")
    visitor.after(60)
    assert visitor.names.count("operatorjoined") == 1
    assert stage.faultless()


def test_after_the_visitors_quit_nothing_more_comes(make_stage: MakeStage) -> None:
    """Quit stops operators, timers and ticks, and gives the operator's place back."""
    stage = make_stage()
    visitor = stage.chatting()
    visitor.message("x")
    visitor.quit()
    assert visitor.after(3600) == []
    assert all(each.chats == 0 for each in stage.switchboard.floor.routing.roster.colleagues)
    assert visitor.visit.conversation.state is State.ENDED


def test_a_quit_while_ringing_lets_the_next_visitor_be_picked_up(make_stage: MakeStage) -> None:
    """A reservation is given back when its chat ends before the pickup."""
    stage = make_stage(operators=1, max_chats=1)
    first = stage.visitor().connect()
    first.hello()
    second = stage.visitor().connect()
    second.hello()
    first.quit()
    second.after(2)
    assert "operatorjoined" in second.names
    assert "operatorjoined" not in first.names


def test_lines_name_operator_and_visitor(make_stage: MakeStage) -> None:
    """`linesays` names who speaks; the greeting names both."""
    visitor = make_stage().chatting(operator="Howard Williams")
    visitor.after(1)
    visitor.message("x")
    assert visitor.lines("linesays") == ["Howard Williams says:", "Thomas says:"]
    assert visitor.lines("lineo") == ["Good Morning Thomas. My name is Howard Williams how can I help you?"]


def test_an_error_in_a_chat_changes_nothing(make_stage: MakeStage) -> None:
    """What cannot be is answered by `error`, and the chat goes on."""
    visitor = make_stage().chatting()
    (error,) = visitor.hello()
    assert isinstance(error, Error)
    assert visitor.visit.conversation.state is State.CHATTING
    assert classes(visitor.message("on")) == ["linesays", "linev"]
