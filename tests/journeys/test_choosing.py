from __future__ import annotations

import pytest

from tests.journeys.stage import STEADY, Stage
from whoson_load.journeys.choosing import asks_for_a_department, asks_for_an_operator
from whoson_load.journeys.visit import Journey
from whoson_load.measurement.outcome import Outcome
from whoson_load.protocol.commands import Hello

SITE = 'extends = "default"\n' + STEADY
STAFF = (
    SITE
    + '[[operators]]\nname = "Amelia"\ndept = "Sales"\n[[operators]]\nname = "Finn"\ndept = "Support"\n'
    + '[[operators]]\nname = "Ada"\nis_bot = true\n[[operators]]\nname = "Bo"\nstatus = "Away"\n'
)


def _hello(played_commands: list[object]) -> Hello:
    return next(command for command in played_commands if isinstance(command, Hello))


def test_a_department_is_one_that_is_there() -> None:
    """GetOperators, then Hello with a department of theirs; each comes up."""
    asked = set()
    for number in range(12):
        played = Stage(STAFF, number=number).play(asks_for_a_department)
        assert played.names[:3] == ["Connect", "GetOperators", "Hello"]
        assert played.outcome is Outcome.SERVED
        asked.add(_hello(played.commands).department)
    assert asked == {"Sales", "Support"}


def test_an_operator_is_a_person_who_is_there() -> None:
    """Neither a bot nor somebody away; and it is that one who comes."""
    asked = set()
    for number in range(12):
        played = Stage(STAFF, number=number).play(asks_for_an_operator)
        hello = _hello(played.commands)
        (chat,) = played.stage.switchboard.book
        assert chat.colleague is not None
        assert chat.colleague.name == hello.operator
        asked.add(hello.operator)
    assert asked == {"Amelia", "Finn"}


@pytest.mark.parametrize("journey, wish", [(asks_for_a_department, "department"), (asks_for_an_operator, "operator")])
def test_whom_a_visitor_asks_for_depends_on_no_moment(journey: Journey, wish: str) -> None:
    """Not on who has room just then, nor on the order in which the server tells who is there."""
    head, *operators = STAFF.split("[[operators]]")
    backwards = "[[operators]]".join([head, *reversed([f"{each.rstrip()}\n" for each in operators])])
    busy = STAFF.replace('name = "Amelia"', 'name = "Amelia"\nstatus = "Busy"')
    for number in range(12):
        asked = {
            getattr(_hello(Stage(site, number=number).play(journey).commands), wish)
            for site in (STAFF, backwards, busy)
        }
        assert len(asked) == 1


def test_where_there_is_no_choice_anybody_will_do() -> None:
    """No departments; nobody online."""
    assert _hello(Stage(SITE).play(asks_for_a_department).commands).department == ""
    closed = Stage('extends = "closed"').play(asks_for_an_operator)
    assert _hello(closed.commands).operator == ""
    assert closed.outcome is Outcome.TURNED_AWAY
