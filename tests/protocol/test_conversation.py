from __future__ import annotations

import pytest

from whoson_load.errors import LocalProtocolError
from whoson_load.protocol.commands import COMMANDS
from whoson_load.protocol.conversation import FINAL_LINE, TABLE, Conversation, State
from whoson_load.protocol.events import (
    EVENTS,
    Accepted,
    Acknowledged,
    Connected,
    Error,
    Event,
    Image,
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
    TypingStop,
    UnknownEvent,
)
from whoson_load.protocol.site import Site
from whoson_load.protocol.survey import SurveyField

HEARD: dict[str, Event] = {
    "connected": Connected(session_id="s", site=Site(domain="d")),
    "error": Error(),
    "operators": Operators(),
    "image": Image(),
    "accepted": Accepted(),
    "notaccepted": NotAccepted(),
    "newline": NewLine(classname="lineo"),
    FINAL_LINE: NewLine(classname="lineo final"),
    "queue": Queue(position=1),
    "operatorjoined": OperatorJoined(operator=Operator()),
    "typing": Typing(),
    "typingstop": TypingStop(),
    "requestfile": RequestFile(),
    "requestfield": RequestField(field=SurveyField(field_name="f")),
    "quit": Quit(),
    "acknowledged": Acknowledged(),
}
"""How the table calls an event -> one of that name."""

OVER = frozenset({State.ENDED, State.LEFT, State.REFUSED})
"""The states that nothing leads out of."""

ON_HOLD = (State.WAITING, State.QUEUED)


def in_state(state: State) -> Conversation:
    """A conversation that stands in a state."""
    conversation = Conversation()
    conversation.state = state
    return conversation


def take(conversation: Conversation, step: str) -> bool:
    """Take a step by its name: a command's, or an event's; whether it was to be expected."""
    if step in COMMANDS:
        conversation.command(step)
        return True
    return conversation.event(HEARD[step])


# ---------------------------------------------------------------------------------------------------------------------
# The table


def test_the_table_has_a_row_for_every_state() -> None:
    """And none for anything else."""
    assert list(TABLE) == list(State)


def test_every_command_and_every_event_has_its_place() -> None:
    """All 14 and all 15 appear, under names that exist; the final line is the only one with a name of its own."""
    assert {name for moves in TABLE.values() for name in moves.commands} == set(COMMANDS)
    assert {name for moves in TABLE.values() for name in moves.events} == {*EVENTS, FINAL_LINE}
    assert {name for moves in TABLE.values() for name in moves.crossing} <= {*COMMANDS, *EVENTS, FINAL_LINE}
    assert set(HEARD) == {*EVENTS, FINAL_LINE}


def test_every_state_can_be_reached() -> None:
    """From the open socket, by the table's own steps."""
    reached, new = {State.OPEN}, [State.OPEN]
    while new:
        moves = TABLE[new.pop()]
        after = {*moves.commands.values(), *moves.events.values()} - reached
        reached |= after
        new.extend(after)
    assert reached == set(State)


@pytest.mark.parametrize("state", [state for state in State if state not in OVER])
def test_every_state_can_be_left_for_an_end(state: State) -> None:
    """Nobody gets stuck: from anywhere there is a way to where it is over."""
    reached, new = {state}, [state]
    while new:
        moves = TABLE[new.pop()]
        after = {*moves.commands.values(), *moves.events.values()} - reached
        reached |= after
        new.extend(after)
    assert reached & OVER


@pytest.mark.parametrize("state", sorted(OVER))
def test_what_is_over_stays_over(state: State) -> None:
    """A visit that ended, left or was refused leads back nowhere."""
    assert {*TABLE[state].commands.values(), *TABLE[state].events.values()} <= {state}


def test_only_a_chat_that_was_accepted_ends() -> None:
    """Whatever leads to ENDED leads there from a state that only an accepted chat has."""
    accepted, new = {State.WAITING}, [State.WAITING]
    while new:
        moves = TABLE[new.pop()]
        after = {*moves.commands.values(), *moves.events.values()} - accepted
        accepted |= after
        new.extend(after)
    before = {
        state for state, moves in TABLE.items() if State.ENDED in {*moves.commands.values(), *moves.events.values()}
    }
    assert before <= accepted
    assert State.LEFT not in accepted
    assert {state for state, moves in TABLE.items() if State.WAITING in moves.events.values()} == {
        State.ASKING,
        State.WAITING,
    }


def test_the_post_chat_survey_is_for_chats_that_were_accepted() -> None:
    """It can be sent once such a chat is over, and never else."""
    assert [state for state, moves in TABLE.items() if "PostChatSurvey" in moves.commands] == [State.ENDED]


@pytest.mark.parametrize("state", ON_HOLD)
@pytest.mark.parametrize("command", ["Message", "Preview", "StartTyping", "StopTyping", "File"])
def test_a_visitor_may_talk_before_anybody_picks_up(state: State, command: str) -> None:
    """It changes nothing: the chat still waits."""
    conversation = in_state(state)
    conversation.command(command)
    assert conversation.state is state


@pytest.mark.parametrize("state", [state for state in State if TABLE[state].crossing])
def test_what_merely_crosses_changes_nothing(state: State) -> None:
    """Neither a command nor an event that was under way moves the visit, and none of them is held against anybody."""
    moves = TABLE[state]
    for step in moves.crossing - moves.commands.keys() - moves.events.keys():
        conversation = in_state(state)
        assert take(conversation, step)
        assert conversation.state is state


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("command", ["GetImage", "LeaveMessage"])
def test_what_may_be_sent_at_any_point(state: State, command: str) -> None:
    """An image once there is a session, a message to be left even before: but not while Connect is unanswered."""
    without = {State.CONNECTING, State.REFUSED} | ({State.OPEN} if command == "GetImage" else set())
    assert in_state(state).may_send(command) == (state not in without)


@pytest.mark.parametrize("state", State)
def test_a_transcript_may_be_asked_for_from_the_chats_start_on(state: State) -> None:
    """Also after it has ended; but there is none where no chat was accepted."""
    chat = {*ON_HOLD, State.QUEUE_TIMEOUT, State.UNANSWERED, State.CHATTING, State.ENDED}
    assert in_state(state).may_send("Transcript") == (state in chat)


def test_a_picked_up_chat_allows_all_that_a_waiting_one_does() -> None:
    """A visitor who has not heard yet that it was picked up breaks no rule."""
    for state in ON_HOLD:
        assert TABLE[state].commands.keys() <= TABLE[State.CHATTING].commands.keys()


@pytest.mark.parametrize("state", [state for state in State if state is not State.OPEN])
def test_no_event_makes_a_command_under_way_illegal(state: State) -> None:
    """What may be sent before an event may still arrive after it; only a refused visit is cut off."""
    for after in {*TABLE[state].events.values()} - {State.REFUSED}:
        assert TABLE[state].commands.keys() <= TABLE[after].commands.keys() | TABLE[after].crossing


@pytest.mark.parametrize("state", State)
def test_no_command_makes_an_event_under_way_unexpected(state: State) -> None:
    """What may come before a command may still arrive after it."""
    moves = TABLE[state]
    for after in set(moves.commands.values()):
        there = TABLE[after].events.keys() | TABLE[after].crossing
        assert moves.events.keys() | (moves.crossing - COMMANDS.keys()) <= there


# ---------------------------------------------------------------------------------------------------------------------
# Visits

ASKED = ("Connect", "connected", "Hello")
VISITS = {
    "served": (
        *(*ASKED, "accepted", "newline", "newline", "operatorjoined", "newline"),
        *("typing", "typingstop", "newline", "StartTyping", "Preview", "StopTyping", "Message", "newline", "newline"),
        *("requestfile", "File", "newline", "requestfield", "DynamicField", "newline", "Quit"),
        *("PostChatSurvey", "acknowledged", "Transcript"),
        State.ENDED,
    ),
    "ended by the operator": (
        *ASKED,
        "accepted",
        "operatorjoined",
        "quit",
        "PostChatSurvey",
        "acknowledged",
        State.ENDED,
    ),
    "answered at once": (*ASKED, "accepted", "operatorjoined", "newline", State.CHATTING),
    "handed on to another operator": (*ASKED, "accepted", "operatorjoined", "operatorjoined", State.CHATTING),
    "queued": (*ASKED, "accepted", "newline", "queue", "newline", "queue", "queue", "operatorjoined", State.CHATTING),
    "a tick of the queue passes the pickup": (*ASKED, "accepted", "queue", "operatorjoined", "queue", State.CHATTING),
    "queued too long": (*ASKED, "accepted", "queue", "notaccepted", "Quit", "LeaveMessage", State.ENDED),
    "told it was too long without a place": (*ASKED, "accepted", "notaccepted", State.QUEUE_TIMEOUT),
    "talking while waiting": (*ASKED, "accepted", "Message", "newline", "queue", "Message", "newline", State.QUEUED),
    "impatient": (*ASKED, "accepted", "newline", "Quit", State.ENDED),
    "impatient as somebody comes": (*ASKED, "accepted", "Quit", "operatorjoined", "newline", "quit", State.ENDED),
    "unanswered": (*ASKED, "accepted", "newline", FINAL_LINE, "Quit", "LeaveMessage", State.ENDED),
    "answered after all": (*ASKED, "accepted", FINAL_LINE, "operatorjoined", "Message", "newline", State.CHATTING),
    "turned away": (*ASKED, "notaccepted", "LeaveMessage", "Quit", State.LEFT),
    "turned away and hung up on": (*ASKED, "notaccepted", "quit", State.LEFT),
    "left before the answer": (*ASKED, "Quit", "accepted", "newline", "queue", "operatorjoined", State.LEFT),
    "left before any chat": ("Connect", "connected", "GetImage", "image", "Quit", "quit", State.LEFT),
    "left with an answer under way": ("Connect", "connected", "GetOperators", "Quit", "operators", State.LEFT),
    "looking around": ("Connect", "connected", "GetOperators", "operators", "GetImage", "image", State.CONNECTED),
    "refused by its contents": ("Connect", "error", State.REFUSED),
    "refused at the door": ("error", State.REFUSED),
    "only a message": ("LeaveMessage", State.OPEN),
    "both hang up": (*ASKED, "accepted", "operatorjoined", "Quit", "quit", State.ENDED),
    "an error in the chat": (*ASKED, "accepted", "operatorjoined", "File", "error", "Message", State.CHATTING),
}
"""Visit -> its steps as they happen, and where it stands after them."""


@pytest.mark.parametrize("steps", VISITS.values(), ids=VISITS)
def test_a_visit_goes_its_way(steps: tuple[str, ...]) -> None:
    """Each step is allowed or expected where it happens."""
    conversation = Conversation()
    *taken, after = steps
    for step in taken:
        assert take(conversation, step), f"{step} while {conversation.state}"
    assert conversation.state is after


@pytest.mark.parametrize("steps", VISITS.values(), ids=VISITS)
def test_a_visit_remembers_whether_it_was_accepted(steps: tuple[str, ...]) -> None:
    """Only a chat that was accepted before it was left calls for a post-chat survey."""
    conversation = Conversation()
    for step in steps[:-1]:
        take(conversation, step)
    accepted = "accepted" in steps and "Quit" not in steps[: steps.index("accepted")]
    assert conversation.was_accepted is accepted


@pytest.mark.parametrize(
    "state, command, allowed",
    [
        (State.OPEN, "Hello", "Connect, LeaveMessage"),
        (State.OPEN, "Quit", "Connect, LeaveMessage"),
        (State.CONNECTING, "Connect", "nothing"),
        (State.REFUSED, "Connect", "nothing"),
        (State.CONNECTED, "Connect", "Hello, Quit, GetOperators, GetImage, LeaveMessage"),
        (State.CONNECTED, "Message", "Hello, Quit, GetOperators, GetImage, LeaveMessage"),
        (State.ASKING, "Hello", "Quit, GetImage, LeaveMessage"),
        (State.ASKING, "Message", "Quit, GetImage, LeaveMessage"),
        (State.TURNED_AWAY, "Hello", "Quit, GetImage, LeaveMessage"),
        (State.TURNED_AWAY, "PostChatSurvey", "Quit, GetImage, LeaveMessage"),
        (State.LEFT, "PostChatSurvey", "LeaveMessage, GetImage"),
        (State.LEFT, "Transcript", "LeaveMessage, GetImage"),
        (State.ENDED, "Hello", "PostChatSurvey, Transcript, LeaveMessage, GetImage"),
    ],
)
def test_a_command_out_of_turn_is_our_own_bug(state: State, command: str, allowed: str) -> None:
    """It raises before anything is sent, moves nothing, and says what would have been right."""
    conversation = in_state(state)
    assert not conversation.may_send(command)
    with pytest.raises(LocalProtocolError, match=f"^got {command} while {state}, expected {allowed}$"):
        conversation.command(command)
    assert conversation.state is state


@pytest.mark.parametrize("command", ["connect", "noop", "", "newline", "accepted"])
def test_what_is_no_command_is_never_allowed(command: str) -> None:
    """Names are the specification's own spelling, and an event's is no command's."""
    assert not any(in_state(state).may_send(command) for state in State)


def test_a_command_that_crosses_may_arrive_but_not_be_sent() -> None:
    """The visitor's side is held to the table's commands, the server's side lets pass what was under way."""
    conversation = in_state(State.ENDED)
    assert not conversation.may_send("Message")
    conversation.command("Message")
    assert conversation.state is State.ENDED


@pytest.mark.parametrize("state", State)
def test_an_event_out_of_turn_is_told_and_changes_nothing(state: State) -> None:
    """It is the target's fault and the caller's to count, never fatal."""
    moves = TABLE[state]
    for name, event in HEARD.items():
        conversation = in_state(state)
        expected = name in moves.events or name in moves.crossing
        assert conversation.event(event) is expected
        assert conversation.state is moves.events.get(name, state)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize(
    "event",
    [UnknownEvent(event_name="ack"), UnknownEvent(event_name="quit"), MalformedEvent(event_name="quit", problem="x")],
)
def test_an_unknown_or_malformed_event_changes_nothing(state: State, event: Event) -> None:
    """Nor is it ever to be expected, whatever name it claims."""
    conversation = in_state(state)
    assert not conversation.event(event)
    assert conversation.state is state


@pytest.mark.parametrize(
    "classname", ["lineo", "lineo linewaiting1", "queuemessage", "pagingmessage", "linev", "x", ""]
)
def test_no_line_but_the_final_one_moves_a_visit(classname: str) -> None:
    """Also one of a class that nobody has heard of."""
    conversation = in_state(State.WAITING)
    assert conversation.event(NewLine(classname=classname))
    assert conversation.state is State.WAITING


def test_the_final_line_moves_a_visit_however_it_is_written() -> None:
    """By its tokens, not by its spelling."""
    conversation = in_state(State.QUEUED)
    assert conversation.event(NewLine(classname="Final LineO"))
    assert conversation.state is State.UNANSWERED
