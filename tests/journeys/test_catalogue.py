from __future__ import annotations

import importlib
import inspect
import pkgutil
import random
from collections import Counter

import pytest

import whoson_load.journeys
from tests.journeys.stage import STEADY, Stage
from whoson_load.errors import ConfigError
from whoson_load.journeys import CATALOGUE, mix
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.recorder import Recorder
from whoson_load.protocol.commands import encode_command

SITE = 'extends = "default"\n' + STEADY


def _public_journeys() -> set[str]:
    """The functions of the package that take a chat, nothing more, and return an outcome."""
    found = set()
    for module_info in pkgutil.iter_modules(whoson_load.journeys.__path__, "whoson_load.journeys."):
        module = importlib.import_module(module_info.name)
        for name in module.__all__:
            function = getattr(module, name)
            if inspect.isfunction(function):
                signature = inspect.signature(function)
                if list(signature.parameters) == ["chat"] and signature.return_annotation == "Outcome":
                    found.add(name)
    return found - {"nobody_came"}  # a step


def test_every_journey_is_in_the_catalogue_by_its_own_name() -> None:
    """Nothing is forgotten, and a name says which function it is."""
    assert {name: entry.journey.__name__ for name, entry in CATALOGUE.items()} == {name: name for name in CATALOGUE}
    assert _public_journeys() == set(CATALOGUE)


def test_every_weight_has_a_source() -> None:
    """Each journey is made now and then, and its row says who says how often, and what it is."""
    for entry in CATALOGUE.values():
        assert entry.weight > 0
        assert entry.source
        assert entry.about.endswith(".")


def test_a_mix_draws_from_the_visitors_own_dice() -> None:
    """The same dice make the same journey, and other dice another one now and then."""
    everything = mix(dict.fromkeys(CATALOGUE, 1))
    drawn = {Stage(SITE, number=number).play(everything).names.__repr__() for number in range(12)}
    again = {Stage(SITE, number=number).play(everything).names.__repr__() for number in range(12)}
    assert drawn == again
    assert len(drawn) > 6


def test_a_mix_of_one_is_that_one() -> None:
    """A weight of 0 is never."""
    only = mix({"browses": 1, "everyday": 0})
    assert {Stage(SITE, number=number).play(only).outcome for number in range(5)} == {Outcome.BROWSED}


def test_a_mix_counts_the_journey_that_it_is() -> None:
    """Two runs are compared by what their visitors did, not by what the mix was called."""
    two = mix({"browses": 1, "everyday": 1})
    counted: Counter[str] = Counter()
    for number in range(12):
        counted += Counter(Stage(SITE, number=number).play(two).tally.journeys)
    assert set(counted) == {"browses", "everyday"}
    assert counted.total() == 12


def test_a_mix_weighs() -> None:
    """The catalogue's own weights decide where none are given."""
    rng = random.Random(1)
    counts = dict.fromkeys(CATALOGUE, 0)

    class Chat:
        class visitor:  # noqa: N801 (in place of an attribute)
            pass

    Chat.visitor.rng = rng  # type: ignore[attr-defined]
    Chat.recorder = Recorder("w1")  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        told: dict[str, object] = {}
        for name, entry in CATALOGUE.items():
            told[name] = entry._replace(journey=lambda _, name=name: counts.__setitem__(name, counts[name] + 1))
        patch.setattr("whoson_load.journeys.catalogue.CATALOGUE", told)
        mixed = mix()
        for _ in range(5000):
            mixed(Chat())  # type: ignore[arg-type]
    total = sum(entry.weight for entry in CATALOGUE.values())
    for name, entry in CATALOGUE.items():
        assert abs(counts[name] / 5000 - entry.weight / total) < 0.03


@pytest.mark.parametrize(
    "weights, said",
    [
        ({"evryday": 1}, "evryday"),
        ({"everyday": 0}, "above 0"),
        ({"everyday": -1, "browses": 2}, "none negative"),
        ({}, "above 0"),
    ],
)
def test_a_mix_that_cannot_be_is_refused(weights: dict[str, float], said: str) -> None:
    """One clear line says what was got and what was expected."""
    with pytest.raises(ConfigError, match=said):
        mix(weights)


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_same_seed_makes_the_same_visit(name: str) -> None:
    """Byte for byte: with one seed for visitor and server, and constant delays, a visit is sent twice alike."""
    once, twice = (
        [encode_command(command) for command in Stage(SITE, number=7).play(CATALOGUE[name].journey).commands]
        for _ in range(2)
    )
    assert once == twice
    assert once != [encode_command(command) for command in Stage(SITE, number=8).play(CATALOGUE[name].journey).commands]
