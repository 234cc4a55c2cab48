from __future__ import annotations

import pytest

from whoson_load.simulator.operators import Colleague, Roster, Wish
from whoson_load.simulator.settings import OperatorSettings


def roster(*operators: dict[str, object]) -> Roster:
    """A roster of operators named a, b, c ..."""
    return Roster(OperatorSettings(name=chr(97 + number), **each) for number, each in enumerate(operators))  # type: ignore[arg-type]


def chosen(there: Roster, wish: Wish = Wish(), skill: str = "") -> str:  # noqa: B008 (a constant)
    """The name of who is to take a chat, "" for nobody."""
    best = there.best_for(wish, skill)
    return best.name if best is not None else ""


@pytest.mark.parametrize(
    "operators, wish, skill, expected",
    [
        ([], Wish(), "", ""),
        ([{}, {}], Wish(), "", "a"),
        ([{"status": "Busy"}, {"status": "Away"}, {"status": "Be Right Back"}], Wish(), "", ""),
        ([{"dept": "Sales"}, {"dept": "Support"}], Wish("support"), "", "b"),
        ([{"dept": "Sales"}, {}], Wish("Support"), "", "b"),
        ([{"dept": "Sales"}], Wish("Support"), "", ""),
        ([{}, {}], Wish(operator="B"), "", "b"),
        ([{}, {}], Wish(operator="z"), "", ""),
        ([{}, {"skills": ("Sales",)}], Wish(), "sales", "b"),
        ([{}, {}], Wish(), "Sales", "a"),
        ([{"is_bot": True, "only_if_alone": True}, {}], Wish(), "", "b"),
        ([{"is_bot": True, "only_if_alone": True}, {"dept": "Sales"}], Wish("Support"), "", "a"),
        ([{"is_bot": True, "only_if_alone": True}, {"picks_up": False}], Wish(), "", "a"),
        ([{"is_bot": True}, {}], Wish(), "", "a"),
        ([{"picks_up": False}, {}], Wish(), "", "b"),
    ],
)
def test_who_is_to_take_a_chat(operators: list[dict[str, object]], wish: Wish, skill: str, expected: str) -> None:
    """Those with room who pick up and suit the wish; a skill is preferred; bots may stand back."""
    assert chosen(roster(*operators), wish, skill) == expected


def test_chats_spread_and_stop_at_the_limit() -> None:
    """Whoever has the fewest; nobody beyond their limit; 0 is no limit."""
    there, taken = roster({"max_chats": 1}, {"max_chats": 2}), []
    while (best := there.best_for(Wish())) is not None:
        best.chats += 1
        taken.append(best.name)
    assert taken == ["a", "b", "b"]
    endless = roster({"max_chats": 0})
    endless.colleagues[0].chats = 10**6
    assert chosen(endless) == "a"


def test_who_has_no_room_shows_as_busy_and_is_there() -> None:
    """For visitors and for the queue."""
    colleague = Colleague(OperatorSettings(name="a", max_chats=1))
    assert (colleague.shown().status, colleague.is_there) == ("Online", True)
    colleague.chats = 1
    assert (colleague.shown().status, colleague.has_room, colleague.is_there) == ("Busy", False, True)


def test_somebody_is_found_by_name_and_put_back() -> None:
    """In any case; a status that was changed is the site file's again."""
    there = roster({}, {"status": "Away"})
    found = there.named("B")
    assert found is there.colleagues[1]
    assert there.named("c") is None
    found.status = "Online"
    there.colleagues[0].status = "Busy"
    there.restore()
    assert [each.status for each in there.colleagues] == ["Online", "Away"]
