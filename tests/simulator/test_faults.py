from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from whoson_load.protocol.commands import Message, StartTyping
from whoson_load.protocol.events import NewLine
from whoson_load.simulator.fault_settings import FaultSettings, changed
from whoson_load.simulator.faults import Faults

Stage = Visitor = Any
MakeStage = Callable[..., Any]  # conftest's Stage: importlib mode gives no name to import it by

S = 1_000_000_000
DOMAIN = "www.mycompany.com"


def broken(stage: Stage, faults: str) -> Faults:
    """Set faults as the control side does; the faults, to look at."""
    stage.switchboard.faults.set(changed(stage.switchboard.faults.settings, faults.encode()))
    return stage.switchboard.faults


def talk(visitor: Visitor, count: int) -> list[str]:
    """Say numbered lines, one a second; what was said."""
    said = [f"line{number}" for number in range(count)]
    for each in said:
        visitor.message(each)
        visitor.after(1)
    return said


def test_latency_is_added_to_the_events_it_concerns(make_stage: MakeStage) -> None:
    """A line is late by exactly the delay, and counted; what is not concerned comes as before."""
    stage = make_stage()
    visitor = stage.chatting()
    visitor.after(5)
    faults = broken(stage, '{"latency": {"delay": "300ms", "events": ["newline"]}}')
    start_ns = stage.clock.now_ns()
    assert visitor.message("x") == []
    visitor.after(1)
    assert [(at - start_ns) for at in visitor.times_ns[-2:]] == [S * 3 // 10] * 2
    assert faults.counts["latency"] == 1
    typed_ns = start_ns + 3 * S
    visitor.after(3)
    assert (visitor.names[-1], visitor.times_ns[-1]) == ("typing", typed_ns)


def test_what_is_behind_a_delayed_event_waits_with_it(make_stage: MakeStage) -> None:
    """Events of one visitor keep their order, whatever is added to some of them."""
    stage = make_stage('[chat]\necho_delay = "0"')
    visitor = stage.chatting()
    visitor.after(5)
    broken(stage, '{"latency": {"delay": {"least": "0", "most": "500ms"}}}')
    for number in range(50):
        visitor.message(f"line{number}")
        visitor.after(0.01)
    visitor.after(2)
    assert visitor.lines("linev") == [f"line{number}" for number in range(50)]


def test_spikes_come_and_go(make_stage: MakeStage) -> None:
    """Delayed within a spike, not between two."""
    stage = make_stage()
    visitor = stage.chatting()
    visitor.after(5)
    faults = broken(stage, '{"spikes": {"delay": "50ms", "every": "10s", "lasts": "1s", "events": ["newline"]}}')
    assert visitor.message("in") == []
    visitor.after(5)
    assert [event.name for event in visitor.message("between")] == ["newline", "newline"]
    visitor.after(5.5)
    assert visitor.message("in again") == []
    assert faults.counts["spikes"] == 2


def test_latency_grows_with_time_and_with_chats(make_stage: MakeStage) -> None:
    """After an hour and two chats: once `per_hour` and twice `per_chat`."""
    stage = make_stage()
    visitors = [stage.visitor().connect() for _ in range(2)]
    faults = broken(stage, '{"growth": {"per_hour": "100ms", "per_chat": "10ms"}}')
    stage.clock.run(3600)
    for visitor in visitors:
        visitor.hello()
    added_ns = faults._added_ns((NewLine(classname="linev"),), stage.clock.now_ns())
    assert added_ns == 120_000_000
    assert faults.counts["growth"] > 0


def test_capacity_serves_commands_in_turn(make_stage: MakeStage) -> None:
    """Ten commands at once at two a second: the last is answered after five seconds, and nine had to wait."""
    stage = make_stage()
    visitors = [stage.chatting() for _ in range(10)]
    faults = broken(stage, '{"capacity": {"commands_per_s": 2}}')
    start_ns = stage.clock.now_ns()
    for visitor in visitors:
        visitor.message("x")
    stage.clock.run(10)
    at = [
        next(
            at
            for event, at in zip(each.events, each.times_ns, strict=True)
            if getattr(event, "classname", "") == "linev"
        )
        for each in visitors
    ]
    assert [(each - start_ns) / S for each in at] == [0.5 * (number + 1) for number in range(10)]
    assert faults.counts["capacity"] == 9


def test_who_finds_no_room_at_the_clerk_is_turned_away(make_stage: MakeStage) -> None:
    """Four at once where three may be there: the fourth is closed with 1013, and the others are served; then anew."""
    stage = make_stage()
    visitors = [stage.chatting() for _ in range(5)]
    faults = broken(stage, '{"capacity": {"commands_per_s": 2, "most_waiting": 3}}')
    for visitor in visitors[:4]:
        visitor.message("x")
    assert [each.close_code for each in visitors] == [None, None, None, 1013, None]
    assert stage.incidents["overflowing_commands"] == 1
    stage.clock.run(1.5)
    assert [each.lines("linev") for each in visitors] == [["x"], ["x"], ["x"], [], []]
    visitors[4].message("y")
    stage.clock.run(0.5)
    assert visitors[4].lines("linev") == ["y"]
    assert faults.counts["capacity"] == 2


def test_the_clerk_is_left_behind_with_the_fault(make_stage: MakeStage) -> None:
    """Commands that still wait when the fault is taken back or set anew are served, and count as gone then."""
    stage = make_stage()
    visitors = [stage.chatting() for _ in range(3)]
    broken(stage, '{"capacity": {"commands_per_s": 1, "most_waiting": 2}}')
    for visitor in visitors[:2]:
        visitor.message("x")
    broken(stage, '{"capacity": null}')
    visitors[2].message("y")
    assert visitors[2].lines("linev") == ["y"]
    stage.clock.run(10)
    broken(stage, '{"capacity": {"commands_per_s": 1, "most_waiting": 2}}')
    for visitor in visitors[:2]:
        visitor.message("z")
    stage.clock.run(10)
    assert [each.lines("linev") for each in visitors] == [["x", "z"], ["x", "z"], ["y"]]
    assert "overflowing_commands" not in stage.incidents


def test_a_freeze_holds_commands_and_events_until_it_is_over(make_stage: MakeStage) -> None:
    """What would have come within the freeze comes at its end, in order."""
    stage = make_stage()
    visitor = stage.chatting()
    faults = broken(stage, '{"freeze": {"lasts": "30s"}}')
    start_ns = stage.clock.now_ns()
    visitor.message("x")
    assert visitor.after(29) == []
    visitor.after(1)
    assert set(visitor.times_ns[-5:]) == {start_ns + 30 * S}
    assert visitor.lines("linev") == ["x"]
    assert faults.counts["freeze"] > 0
    assert len(visitor.message("y")) == 2


@pytest.mark.parametrize("seed", range(3))
def test_lost_lines_are_lost_and_counted(make_stage: MakeStage, seed: int) -> None:
    """Said is echoed plus lost."""
    stage = make_stage(seed=seed)
    visitor = stage.chatting()
    faults = broken(stage, '{"lost_line": {"rate": 0.3, "classes": ["linev"]}}')
    said = talk(visitor, 100)
    assert 0 < faults.counts["lost_line"] < 100
    assert len(visitor.lines("linev")) + faults.counts["lost_line"] == len(said)
    assert set(visitor.lines("linev")) <= set(said)


def test_doubled_lines_come_twice_and_are_counted(make_stage: MakeStage) -> None:
    """Echoed is said plus doubled, and each line is there."""
    stage = make_stage()
    visitor = stage.chatting()
    faults = broken(stage, '{"doubled_line": {"rate": 0.3, "classes": ["linev"]}}')
    said = talk(visitor, 100)
    assert set(visitor.lines("linev")) == set(said)
    assert len(visitor.lines("linev")) == len(said) + faults.counts["doubled_line"] > len(said)


def test_reordered_lines_change_places_and_are_counted(make_stage: MakeStage) -> None:
    """All lines but at most one held back are there; as many pairs are swapped as were counted."""
    stage = make_stage('reply = "10m"')
    visitor = stage.chatting()
    visitor.after(5)
    faults = broken(stage, '{"reordered_lines": {"rate": 0.3, "classes": ["linev"]}}')
    said = talk(visitor, 100)
    numbers = [int(line.removeprefix("line")) for line in visitor.lines("linev")]
    assert len(said) - 1 <= len(numbers) <= len(said)
    swapped = sum(first > second for first, second in pairwise(numbers))
    assert swapped == faults.counts["reordered_lines"] > 0


def test_crossed_lines_come_to_another_chat_under_its_uid(make_stage: MakeStage) -> None:
    """What is missing at one is at the other, whose UID it carries, and counted."""
    stage = make_stage('reply = "10m"')
    one, other = stage.chatting(), stage.chatting()
    stage.clock.run(5)
    faults = broken(stage, '{"crossed_line": {"rate": 0.3, "classes": ["linev"]}}')
    said = talk(one, 100)
    assert sorted(one.lines("linev") + other.lines("linev")) == sorted(said)
    assert len(other.lines("linev")) == faults.counts["crossed_line"] > 0
    assert {event.chat_uid for event in other.events if event.chat_uid} == {other.chat_uid}


def test_a_line_has_nowhere_to_cross_to_in_a_server_of_one_chat(make_stage: MakeStage) -> None:
    """Then it comes to its own chat, and nothing is counted."""
    stage = make_stage()
    visitor = stage.chatting()
    faults = broken(stage, '{"crossed_line": {"rate": 1}}')
    visitor.message("x")
    assert visitor.lines("linev") == ["x"]
    assert faults.counts["crossed_line"] == 0


def test_operators_vanish_for_good(make_stage: MakeStage) -> None:
    """The visitor is echoed and never answered again; the operator's place stays taken."""
    stage = make_stage(operators=1, max_chats=1)
    visitor = stage.chatting()
    visitor.after(5)
    faults = broken(stage, '{"vanishing_operators": {"rate": 1}}')
    before = len(visitor.lines("lineo"))
    talk(visitor, 20)
    assert len(visitor.lines("linev")) == 20
    assert len(visitor.lines("lineo")) == before
    assert faults.counts["vanishing_operators"] == 1
    assert stage.switchboard.floor.routing.roster.colleagues[0].chats == 1


@pytest.mark.parametrize(
    "fault, code, reset, half",
    [("reset", None, True, False), ("half_frame", None, False, True), ("close", 1012, False, False)],
)
def test_connections_end_instead_of_an_answer(
    make_stage: MakeStage, fault: str, code: int | None, reset: bool, half: bool
) -> None:
    """A reset, half a frame or a close with 1012, counted."""
    stage = make_stage()
    visitor = stage.chatting()
    faults = broken(stage, f'{{"{fault}": {{"rate": 1}}}}')
    assert visitor.message("x") == []
    assert (visitor.close_code, visitor.was_reset, visitor.half is not None) == (code, reset, half)
    assert visitor.visit.outlet is None
    assert faults.counts[fault] == 1


def test_refused_upgrades_and_slow_accepts_are_counted(make_stage: MakeStage) -> None:
    """The server asks for each upgrade; off, there is nothing."""
    stage = make_stage()
    faults = stage.switchboard.faults
    assert (faults.refused_upgrade(), faults.accept_delay_ns()) == (None, 0)
    broken(stage, '{"refused_upgrade": {"rate": 1}, "slow_accept": {"delay": "2s"}}')
    assert (faults.refused_upgrade(), faults.accept_delay_ns()) == (503, 2 * S)
    assert (faults.counts["refused_upgrade"], faults.counts["slow_accept"]) == (1, 1)


def test_a_fault_is_switched_off_by_null_and_others_stay(make_stage: MakeStage) -> None:
    """POST changes what it names and nothing else."""
    stage = make_stage()
    broken(stage, '{"lost_line": {"rate": 1}, "latency": {"delay": "1s"}}')
    faults = broken(stage, '{"lost_line": null}')
    assert faults.settings.lost_line is None
    assert faults.settings.latency is not None
    broken(stage, '{"latency": null}')
    assert (faults.inbound, faults.outbound) == (False, False)


@pytest.mark.parametrize(
    "wishes, problem",
    [
        (b"[]", "object"),
        (b'{"lost": {}}', "lost"),
        (b'{"lost_line": {"rate": 2}}', "lost_line.rate"),
        (b'{"lost_line": {"rate": 1, "classes": ["x"]}}', "lost_line.classes"),
        (b'{"latency": {"delay": "fast"}}', "latency.delay"),
        (b'{"latency": {"delay": "1s", "events": ["newlines"]}}', "latency.events"),
        (b'{"spikes": {"delay": "1s", "every": "1s", "lasts": "2s"}}', "spikes.lasts"),
        (b"\xff", "malformed"),
        (b'{"latency": ' + b"[" * 100_000, "recursion"),
    ],
)
def test_wishes_that_cannot_be_say_what_is_wrong(wishes: bytes, problem: str) -> None:
    """One line that names the parameter, or what was expected."""
    with pytest.raises(ValueError, match=re.escape(problem)):
        changed(FaultSettings(), wishes)


def test_faults_leave_the_servers_own_rules_alone(make_stage: MakeStage) -> None:
    """With everything wrong at once nothing breaks inside."""
    stage = make_stage(seed=3)
    broken(
        stage,
        '{"latency": {"delay": {"least": "0", "most": "2s"}}, "lost_line": {"rate": 0.1},'
        '"doubled_line": {"rate": 0.1}, "crossed_line": {"rate": 0.1}, "reordered_lines": {"rate": 0.1},'
        '"capacity": {"commands_per_s": 50}, "reset": {"rate": 0.01}, "half_frame": {"rate": 0.01},'
        '"close": {"rate": 0.01}, "vanishing_operators": {"rate": 0.1}}',
    )
    for _ in range(30):
        visitor = stage.visitor().connect()
        visitor.after(3)
        visitor.session_id = visitor.visit.session_id
        visitor.hello()
        visitor.after(5)
        for number in range(5):
            visitor.say(StartTyping(visitor.session_id), Message(visitor.session_id, DOMAIN, str(number)))
            visitor.after(2)
        visitor.quit()
    stage.clock.run(3600)
    assert all(each.chats >= 0 for each in stage.switchboard.floor.routing.roster.colleagues)
    assert "internal_errors" not in stage.incidents
