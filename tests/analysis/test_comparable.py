"""Which runs may be held against each other, and what is said of those that may not."""

from __future__ import annotations

import msgspec
import pytest

from whoson_load.analysis.comparable import Contender, check_comparable, differences_to_know
from whoson_load.errors import ConfigError
from whoson_load.measurement.interval import Totals
from whoson_load.measurement.run import RunInfo, Summary, summarize
from whoson_load.measurement.trust import Judgement, Verdict

KNOWN_INFO: dict[str, object] = {
    "options": {"locustfile": "locustfiles/visitors.py", "num_users": 5},
    "machine": {"cores": 2},
    "versions": {"whoson-load": "1.0"},
}
KNOWN_FIGURES: dict[str, object] = {
    "journeys": {"everyday": 700, "browse": 300},
    "outcomes": {"served": 990, "dropped": 10},
    "rates": {"in_progress": 30.0, "arrivals_per_min": 60.0, "lasts_s": 600.0},
    "arrivals": {},
}
OPEN: dict[str, object] = {"arrivals": {"due": 600}}


def info(**changed: object) -> RunInfo:
    """A run's."""
    known = {"run_id": "r", "name": "n", "started_ns": 0, "interval_s": 5.0, "target": "ws://x/", "seed": 1}
    return RunInfo(**{**known, **KNOWN_INFO, **changed})  # type: ignore[arg-type]


def summary(**changed: object) -> Summary:
    """A run's, with a steady part."""
    whole = summarize(Totals(), Judgement(verdict=Verdict.TRUSTED, reason=""))
    return msgspec.structs.replace(whole, steady=whole.series, **{**KNOWN_FIGURES, **changed})


def told(infos: dict[str, object], figures: dict[str, object], **base: object) -> str:
    """Why a run cannot be compared with the known one; empty when it can."""
    first = Contender("a", info(), summary(**base))
    try:
        check_comparable([first, Contender("b", info(**infos), summary(**{**base, **figures}))])
    except ConfigError as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize(
    "infos, figures, said",
    [
        ({}, {"journeys": {"everyday": 500, "browse": 500}}, "journeys browse 50%, everyday 50%, expected browse 30%,"),
        ({}, {"journeys": {"everyday": 1000}}, "journeys everyday 100%, expected browse 30%, everyday 70%"),
        ({}, {"journeys": {"upload": 1000}}, "journeys upload 100%, expected browse 30%"),
        ({"options": {"num_users": 6}}, {}, "visitors at once (-u) 6, expected 5"),
        ({"pace": 8.0}, {}, "the pace 8, expected 1"),
        ({"interval_s": 2.0}, {}, "intervals of 2 s, expected 5 s"),
        ({"machine": {"cores": 8}}, {}, "a machine with cores 8, expected 2"),
        ({}, OPEN, "a load of visitors who arrive (open model), expected visitors on seats (closed model)"),
        ({}, {"rates": {"in_progress": 20.0}}, "visits in progress of 20.0, expected 30.0"),
    ],
)
def test_what_differs_in_more_than_the_server_is_refused(
    infos: dict[str, object], figures: dict[str, object], said: str
) -> None:
    """With what differs, got and expected."""
    assert told(infos, figures).startswith(f"b cannot be compared with a: got {said}")


@pytest.mark.parametrize(
    "infos, figures",
    [
        ({"target": "ws://y/", "seed": 2, "name": "other"}, {}),
        ({"options": {"locustfile": "locustfiles/renamed.py", "num_users": 5}}, {}),
        ({}, {"journeys": {"everyday": 680, "browse": 320}}),
        ({}, {"journeys": {"everyday": 698, "browse": 300, "upload": 2}}),
        ({}, {"rates": {"in_progress": 27.0}}),
        ({}, {"rates": {"in_progress": 3.0}, "outcomes": {"refused": 900, "served": 100}}),
    ],
)
def test_what_the_server_or_chance_explains_is_allowed(infos: dict[str, object], figures: dict[str, object]) -> None:
    """Another target, a rare journey that nobody drew, and seats that empty because visitors are refused."""
    assert not told(infos, figures)


@pytest.mark.parametrize("a_minute, refused", [(62.0, False), (90.0, True)])
def test_arrivals_are_compared_with_what_chance_does_to_them(a_minute: float, refused: bool) -> None:
    """600 in ten minutes may be 620, and are not 900: the locustfile's curve was another."""
    rates = {"in_progress": 50.0, "arrivals_per_min": a_minute, "lasts_s": 600.0}
    said = told({}, {"rates": rates}, **OPEN)
    assert said.endswith("got arrivals a minute of 90.0, expected 60.0") if refused else not said


def test_records_that_counted_no_journeys_are_held_to_their_locustfile() -> None:
    """It is all that they say."""
    other: dict[str, object] = {"options": {"locustfile": "spike.py", "num_users": 5}}
    assert told(other, {"journeys": {}}).endswith("got the locustfile spike.py, expected visitors.py")


def test_another_machine_may_be_allowed() -> None:
    """By who knows that it does not matter."""
    runs = [Contender("a", info(), summary()), Contender("b", info(machine={"cores": 8}), summary())]
    check_comparable(runs, other_machines=True)


def test_other_seeds_and_versions_are_told() -> None:
    """They are no reason to refuse."""
    other = Contender("b", info(seed=2, versions={"whoson-load": "1.1"}), summary())
    notes = differences_to_know([Contender("a", info(), summary()), other])
    assert [each.split(" ")[1] for each in notes] == ["runs'", "runs"]
    assert not differences_to_know([other, other])
