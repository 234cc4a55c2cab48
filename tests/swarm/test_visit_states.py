from __future__ import annotations

import pytest

from whoson_load.client.target import Target
from whoson_load.errors import TargetError
from whoson_load.journeys.visit import Journey
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.recorder import Recorder
from whoson_load.protocol.conversation import State
from whoson_load.swarm import generator as generator_module
from whoson_load.swarm.generator import IN_PROGRESS, Generator
from whoson_load.visitors.patience import MANNERS


class Chat:
    """All that is asked of one here."""

    state = State.OPEN


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> Generator:
    """A generator whose visits have a chat that is in no other state than it is told."""

    def visit(journey: Journey, *_: object) -> tuple[Outcome, TargetError | None]:
        return journey(Chat()), None  # type: ignore[arg-type]

    monkeypatch.setattr(generator_module, "visit", visit)
    target = Target.read("ws://127.0.0.1:8009", domain="www.mycompany.com", environment={})
    return Generator(target, Recorder("w"), seed=1, run_tag="t", languages=("en",), pace=1.0)


def gauges(generator: Generator) -> dict[str, int]:
    """The gauges of the next report."""
    generator.count_states()
    return generator.recorder.roll(0, 1).gauges


def test_gauges_tell_how_many_visits_are_in_which_state(generator: Generator) -> None:
    """As they are at the end of an interval, also when they were many things in between."""
    seen: list[dict[str, int]] = []

    def journey(chat: Chat) -> Outcome:
        for state in (State.CONNECTED, State.QUEUED, State.CHATTING):
            chat.state = state
            seen.append(gauges(generator))
        return Outcome.SERVED

    generator.visit(journey, MANNERS, 1)  # type: ignore[arg-type]  # a stand-in
    assert seen == [
        {IN_PROGRESS: 1, "visits connected": 1},
        {IN_PROGRESS: 1, "visits connected": 0, "visits queued": 1},
        {IN_PROGRESS: 1, "visits connected": 0, "visits queued": 0, "visits chatting": 1},
    ]
    assert set(gauges(generator).values()) == {0}


def test_a_generator_tells_that_it_is_there_while_it_gets_ready() -> None:
    """Often: drawing the first people takes long on a busy machine, and nobody else gets a word in meanwhile."""
    told: list[None] = []
    target = Target.read("ws://127.0.0.1:8009", domain="www.mycompany.com", environment={})
    others = {"seed": 1, "run_tag": "t", "languages": ("en",), "pace": 1.0}
    Generator(target, Recorder("w"), **others, still_there=lambda: told.append(None))  # type: ignore[arg-type]
    assert len(told) >= 10


def test_a_visit_that_breaks_leaves_no_gauge_behind(generator: Generator) -> None:
    """A mistake in a journey must not count as a chat for the rest of the run."""

    def journey(_: object) -> Outcome:
        generator.count_states()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        generator.visit(journey, MANNERS, 1)
    assert set(gauges(generator).values()) == {0}
