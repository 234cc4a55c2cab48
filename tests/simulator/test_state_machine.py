from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from whoson_load.protocol.commands import COMMANDS, Command
from whoson_load.protocol.events import Queue

Visitor = Draw = Data = Any
MakeStage = Callable[..., Any]  # conftest's Stage: importlib mode gives no name to import it by

DOMAIN = "www.mycompany.com"

SITE = """
[[operators]]
name = "Ann"
max_chats = 2
[[operators]]
name = "Ben"
dept = "Sales"
lang = "fr"
max_chats = 1
[[operators]]
name = "Cat"
is_bot = true
only_if_alone = true
max_chats = 1
[[operators]]
name = "Dan"
dept = "Desk"
status = "Busy"
[[operators]]
name = "Eve"
dept = "Late"
picks_up = false
[queue]
limit = 6
timeout = "40s"
message_every = "7s"
[waiting]
line_1_after = "3s"
line_2_gap = "4s"
final_after = "25s"
[habits]
request_file = 0.2
request_field = 0.2
transfer = 0.3
hang_up = 0.2
fields = [{ field_name = "Number", field_type = "numeric" }]
[chat]
echo_delay = { least = "0", most = "2s" }
inactivity_line_after = "30s"
inactivity_quit_after = "50s"
[reconnect]
kept_for = "20s"
reading = "%s"
[access]
bad_connects = 0
invalid_data = 0
illegal_commands = 0
"""


def values(kind: type[Command], draw: Draw, session_id: str, uid: str) -> Command:
    """A command of this kind with some text wherever no other thing stands."""
    known = {
        "session_id": session_id,
        "chat_uid": uid,
        "domain": DOMAIN,
        "survey": "<Fields><Field><Name>a</Name><Value>b</Value></Field></Fields>",
        "authentication": "myauthstring",
        "api_key": "abcdefg12345",
        "translate": draw(st.sampled_from(["true", "false"])),
        "language": draw(st.sampled_from(["en", "fr"])),
        "department": draw(st.sampled_from(["", "Sales", "Desk", "Late", "Nowhere"])),
        "operator": draw(st.sampled_from(["", "", "", "Ann", "Dan", "Nobody"])),
        "file_name": draw(st.sampled_from(["a.pdf", "a.exe"])),
        "url": "https://x.invalid/a.pdf",
        "email": "t@example.invalid",
        "image_type": draw(st.sampled_from(["1", "3"])),
    }
    text = st.text(max_size=20)
    return kind(**{field: known[field] if field in known else draw(text) for field in kind.__struct_fields__})


class Crowd(RuleBasedStateMachine):
    """Many visitors at once who do what may and what may not be done, and time that passes."""

    make_stage: ClassVar[MakeStage]
    visitors = Bundle("visitors")

    @initialize(reading=st.sampled_from(["ends", "resume"]), seed=st.integers(0, 1000))
    def open_the_office(self, reading: str, seed: int) -> None:
        """A site with a bit of everything."""
        self.stage = type(self).make_stage(SITE % reading, seed=seed)
        self.number = 0
        self.said: dict[str, str] = {}  # token -> UID of the chat it was said in

    @rule(target=visitors, ready=st.booleans())
    def come(self, ready: bool) -> Visitor:
        """A visitor opens a socket, and connects and says Hello perhaps."""
        visitor = self.stage.visitor()
        if ready:
            visitor.connect().hello()
        return visitor

    @rule(
        visitor=visitors,
        data=st.data(),
        kind=st.sampled_from(sorted(COMMANDS)),
        foreign=st.integers(0, 9),
        other=visitors,
    )
    def send_anything(self, visitor: Visitor, data: Data, kind: str, foreign: int, other: Visitor) -> None:
        """Any command at any time, one in ten with somebody else's session."""
        owner = other if foreign == 0 else visitor
        owner.session_id = owner.visit.session_id
        visitor.say(values(COMMANDS[kind], data.draw, owner.session_id, owner.visit.chat_uid))

    @rule(visitor=visitors)
    def talk(self, visitor: Visitor) -> None:
        """Say something nobody else says."""
        visitor.session_id = visitor.visit.session_id
        if visitor.visit.outlet is visitor and visitor.visit.conversation.may_send("Message"):
            self.number += 1
            token = f"token{self.number}"
            self.said[token] = visitor.visit.chat_uid
            visitor.message(token)

    @rule(visitor=visitors, garbage=st.binary(max_size=30))
    def send_garbage(self, visitor: Visitor, garbage: bytes) -> None:
        """What is no command."""
        visitor.say_raw(garbage)

    @rule(visitor=visitors)
    def leave(self, visitor: Visitor) -> None:
        """Say Quit."""
        visitor.session_id = visitor.visit.session_id
        visitor.quit()

    @rule(visitor=consumes(visitors))
    def drop(self, visitor: Visitor) -> None:
        """Lose the socket."""
        visitor.drop()

    @rule(visitor=visitors)
    def drop_and_come_back(self, visitor: Visitor) -> None:
        """Lose the socket and say something over another one."""
        if visitor.visit.outlet is not visitor or not visitor.visit.session_id:
            return
        session_id, old = visitor.visit.session_id, visitor.visit
        visitor.drop()
        visitor.__init__(self.stage, old.caller)
        visitor.session_id = session_id
        visitor.message("back")

    @rule(seconds=st.sampled_from([0.01, 0.5, 1, 3, 10, 60]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.stage.clock.run(seconds)

    @invariant()
    def operators_never_have_more_than_they_take(self) -> None:
        """Nor fewer than none; and they have the chats that say so."""
        if not hasattr(self, "stage"):
            return
        board = self.stage.switchboard
        taken: dict[str, int] = {}
        for chat in board.book:
            if chat.ending is None and chat.colleague is not None:
                taken[chat.colleague.name] = taken.get(chat.colleague.name, 0) + 1
        for each in board.floor.routing.roster.colleagues:
            assert 0 <= each.chats <= (each.settings.max_chats or 10**9)
            assert each.chats == taken.get(each.name, 0)

    @invariant()
    def positions_are_a_permutation(self) -> None:
        """The queue's places are 1 to n, each once, and all who stand in it wait."""
        if not hasattr(self, "stage"):
            return
        queue = self.stage.switchboard.floor.routing.queue
        members = list(queue)
        assert [queue.position_of(chat) for chat in members] == list(range(1, len(members) + 1))
        assert all(chat.ending is None for chat in members)

    @invariant()
    def nothing_broke_inside(self) -> None:
        """The server keeps to the conversation's table itself."""
        assert not hasattr(self, "stage") or self.stage.faultless()

    def teardown(self) -> None:
        """Each line came to its own chat only; positions only fell; and when all have left, nothing is left of them."""
        if not hasattr(self, "stage"):
            return
        board = self.stage.switchboard
        for chat in board.book:
            for line in chat.transcript.lines:
                assert self.said.get(line.content, chat.uid) == chat.uid
        for visit in list(board.visits):
            outlet = visit.outlet
            by_chat: dict[str, list[int]] = {}
            for event in outlet.events:
                if isinstance(event, Queue):
                    by_chat.setdefault(event.chat_uid, []).append(event.position)
            for positions in by_chat.values():
                assert positions == sorted(positions, reverse=True)
            for event in outlet.events:
                uid = self.said.get(getattr(event, "content", ""))
                assert uid in (None, event.chat_uid)
            outlet.drop()
        self.stage.clock.run(24 * 3600)
        assert (len(board.sessions), len(board.visits)) == (0, 0)
        assert all(each.chats == 0 for each in board.floor.routing.roster.colleagues)
        assert len(board.floor.routing.queue) == len(board.floor.routing.unanswered) == 0
        assert len(board.floor.scheduler.heap) == 0


def test_whatever_visitors_do_the_server_keeps_its_rules(make_stage: MakeStage) -> None:
    """Thousands of random steps of many visitors: no crash, no crossed line, no operator with too many chats."""
    Crowd.make_stage = make_stage
    run_state_machine_as_test(
        Crowd,
        settings=settings(
            max_examples=60,
            stateful_step_count=80,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("reading", ["ends", "resume"])
def test_a_long_day_of_many_visitors_ends_with_an_empty_office(make_stage: MakeStage, reading: str) -> None:
    """A thousand visits that end in every way leave nothing behind."""
    stage = make_stage(SITE % reading, seed=7)
    chance = random.Random(7)
    present: list[Visitor] = []
    for number in range(1000):
        if number % 10 == 9:  # a lull: those who are left have room to be transferred in
            for each in present[2:]:
                each.drop()
            del present[2:]
            for _ in range(5):
                for each in present:
                    each.message("x")
                stage.clock.run(9)
        visitor = stage.visitor().connect()
        visitor.hello(department=chance.choice(["", "", "", "Sales", "Desk", "Late"]))
        present.append(visitor)
        for each in chance.sample(present, min(3, len(present))):
            each.message("x")
        stage.clock.run(chance.choice([0.1, 1, 5]))
        if chance.random() < 0.8 and present:
            leaving = present.pop(chance.randrange(len(present)))
            if chance.random() < 0.7:
                leaving.quit()
            leaving.drop()
    for visitor in present:
        visitor.drop()
    stage.clock.run(24 * 3600)
    board = stage.switchboard
    events = board.floor.counts.events
    assert min(events[name] for name in ("queue", "quit", "requestfile", "requestfield")) > 20
    assert stage.faultless()
    assert (len(board.sessions), len(board.visits), len(stage.clock.heap)) == (0, 0, 0)
    assert all(each.chats == 0 for each in board.floor.routing.roster.colleagues)
