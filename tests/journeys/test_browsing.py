from __future__ import annotations

import pytest

from tests.journeys.stage import STEADY, Stage
from whoson_load.journeys.browsing import browses
from whoson_load.measurement.outcome import Outcome
from whoson_load.protocol.commands import GetImage
from whoson_load.simulator.reception import Reception, Refused

SITE = 'extends = "default"\n' + STEADY


def test_who_browses_says_nothing() -> None:
    """Connect, the operators, two images, and gone."""
    played = Stage(SITE).play(browses)
    assert played.outcome is Outcome.BROWSED
    assert played.names == ["Connect", "GetOperators", "GetImage", "GetImage"]


def test_an_image_that_is_not_there_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers with `error` has answered."""

    def refuse(*_: object) -> None:
        raise Refused("There is no such image.", "")

    monkeypatch.setattr(Reception, "_get_image", refuse)
    played = Stage(SITE).play(browses)
    assert played.outcome is Outcome.BROWSED
    assert played.problem is None
    assert played.tally.events["error"] == 2
    assert played.tally.errors == {}


def test_the_images_are_those_of_the_page() -> None:
    """The button by who is there, the logo by the screen: over some visitors all four types are asked for."""
    seen = set()
    for site in (SITE, 'extends = "closed"'):
        for number in range(12):
            types = [
                each.image_type
                for each in Stage(site, number=number).play(browses).commands[2:]
                if isinstance(each, GetImage)
            ]
            assert types[0] == ("2" if "closed" in site else "1")
            seen |= set(types)
    assert seen == {"1", "2", "5", "8"}


def test_busy_people_are_there() -> None:
    """The button is the same whether somebody has room at that moment or not."""
    busy = SITE + '[[operators]]\nname = "Bo"\nstatus = "Busy"\n'
    assert Stage(busy).play(browses).commands[2:] == Stage(SITE).play(browses).commands[2:]
