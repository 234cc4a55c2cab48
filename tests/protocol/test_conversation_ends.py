from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from whoson_load.protocol.conversation import TABLE, State

ANSWERS = {"connected": "Connect", "operators": "GetOperators", "acknowledged": "PostChatSurvey"}
"""Event -> the command without which no server sends it."""

UNDER_WAY = 2
"""How many commands, and how many events, may be on their way at once."""


class Both(NamedTuple):
    """Both ends of a connection and what is between them, oldest first.

    Attributes:
        heard: the commands of ANSWERS that the server has got.
    """

    visitor: State = State.OPEN
    server: State = State.OPEN
    commands: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    heard: frozenset[str] = frozenset()


def after(state: State, step: str) -> State:
    """Where a step leads that arrives in a state; it has to be one that may arrive there."""
    moves = TABLE[state]
    assert step in moves.crossing or step in moves.commands or step in moves.events, f"{step} while {state}"
    return moves.commands.get(step) or moves.events.get(step) or state


def next_of(now: Both) -> Iterator[Both]:
    """All that can happen next: an end does what its own place in the table allows, or something arrives."""
    if len(now.commands) < UNDER_WAY:
        for command, state in TABLE[now.visitor].commands.items():
            yield now._replace(visitor=state, commands=(*now.commands, command))
    if len(now.events) < UNDER_WAY:
        for event, state in TABLE[now.server].events.items():
            if event not in ANSWERS or ANSWERS[event] in now.heard:
                yield now._replace(server=state, events=(*now.events, event))
    if now.commands and now.server is not State.REFUSED:  # which has disconnected
        command, *rest = now.commands
        heard = now.heard | ({command} & set(ANSWERS.values()))
        yield now._replace(server=after(now.server, command), commands=tuple(rest), heard=heard)
    if now.events:
        event, *rest = now.events
        yield now._replace(visitor=after(now.visitor, event), events=tuple(rest))


@pytest.fixture(scope="module")
def situations() -> set[Both]:
    """Every situation that two ends can get into; `after` fails where something arrives that may not."""
    seen, new = {Both()}, [Both()]
    while new:
        found = set(next_of(new.pop())) - seen
        seen |= found
        new.extend(found)
    return seen


def test_two_ends_that_keep_to_the_table_never_surprise_each_other(situations: set[Both]) -> None:
    """However a visit's two ends interleave, no command comes that the server has to refuse, and no unexpected event.

    Every way there is with two commands and two events under way was walked.
    """
    assert {both.visitor for both in situations} == {both.server for both in situations} == set(State)


def test_two_ends_agree_once_nothing_is_under_way(situations: set[Both]) -> None:
    """Both stand in the same state.

    But for the visitor who left while Hello was being answered: it never had the chat that ended for the server.
    """
    settled = {(both.visitor, both.server) for both in situations if not both.commands and not both.events}
    assert settled == {(state, state) for state in State} | {(State.LEFT, State.ENDED)}
