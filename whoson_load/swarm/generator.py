"""One process of the load generator: the target, the run's dice and the recorder that all its visitors share."""

from __future__ import annotations

from dataclasses import replace

from whoson_load.client.session import Visitor
from whoson_load.client.target import Target
from whoson_load.clock import wall_ns
from whoson_load.errors import TargetError
from whoson_load.journeys.visit import Journey, visit
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.sample import VISIT
from whoson_load.visitors.patience import Manners
from whoson_load.visitors.persona import Personas, visit_random

__all__ = ["IN_PROGRESS", "Generator"]

IN_PROGRESS = "visits in progress"
"""The gauge of visits that have begun and not ended."""

_NUMBERS_PER_WORKER = 10_000_000
_WARM_UP = 64


class Generator:
    """What the visitors of one process have in common.

    Args:
        target: the server.
        recorder: gets all samples and counts.
        seed: of the run.
        run_tag: marks the run's lines and names.
        languages: which the visitors speak.
        pace: human times are divided by it.
        worker_index: this process's place among the workers, from 0; no two processes number a visitor alike.
    """

    def __init__(
        self,
        target: Target,
        recorder: Recorder,
        *,
        seed: int,
        run_tag: str,
        languages: tuple[str, ...],
        pace: float,
        worker_index: int = 0,
    ) -> None:
        self.target = target
        self.recorder = recorder
        self.pace = pace
        self._seed = seed
        self._run_tag = run_tag
        self._personas = Personas(seed, run_tag, languages)
        # The first persona of a place draws its pool, for some 50 ms: now, and not while visitors wait.
        for number in range(_WARM_UP):
            self._personas.persona(number)
        self._next_number = worker_index * _NUMBERS_PER_WORKER

    def visit(
        self, journey: Journey, manners: Manners, due_ns: int | None = None
    ) -> tuple[Outcome, TargetError | None]:
        """Make one visit of a new visitor; see `journeys.visit`.

        Args:
            manners: of people at life's pace; the run's pace is put on them here.
        """
        number, self._next_number = self._next_number, self._next_number + 1
        persona = self._personas.persona(number)
        rng = visit_random(self._seed, number, 1)
        own = replace(manners, pace=self.pace).of_one(rng, persona.mobile)
        recorder = self.recorder
        begun_ns = due_ns or wall_ns()
        recorder.arrival("begun")
        recorder.gauge(IN_PROGRESS, 1)
        try:
            ended = visit(journey, self.target, Visitor(persona, own, rng, self._run_tag), recorder, begun_ns)
            recorder.sample(VISIT, begun_ns, wall_ns())
            recorder.arrival("ended")
            return ended
        finally:
            recorder.gauge(IN_PROGRESS, -1)
