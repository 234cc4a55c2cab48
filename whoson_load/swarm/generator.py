"""One process of the load generator: the target, the run's dice and the recorder that all its visitors share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from locust import User

from whoson_load.client.session import ChatSession, Visitor
from whoson_load.client.target import Target
from whoson_load.clock import wall_ns
from whoson_load.errors import TargetError
from whoson_load.journeys.catalogue import Mix
from whoson_load.journeys.visit import Journey, visit
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.sample import GENERATOR_SEND, VISIT
from whoson_load.swarm.cast import Cast
from whoson_load.swarm.guard import Gatekeeper
from whoson_load.swarm.leaving import Leaving
from whoson_load.visitors.patience import Manners
from whoson_load.visitors.persona import Personas, visit_random

__all__ = ["IN_PROGRESS", "LATE_NS", "Generator"]

IN_PROGRESS = "visits in progress"
"""The gauge of visits that have begun and not ended."""

LATE_NS = 100_000_000
"""A visitor who begins later than so long after being due counts as `late`. Invented: a tenth of a second, which people
take for at once, and ten times what an idle machine needs. However late, `connect` is timed from when it was due."""

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
        cast: whom a number stands for; None for whoever asks.
        numbers: the first number of this process in the closed model, and the step to the next.
        gatekeeper: sees how visits begin.
        still_there: called now and then while the generator gets ready, which takes long on a busy machine.

    Attributes:
        cast, gatekeeper: as given.
        leaving: whoever finishes a visit although the seat is taken away.
        slot_ns: gives a new seat of the closed model the instant of its first visit, from now; both monotonic.
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
        cast: Cast | None = None,
        numbers: tuple[int, int] = (0, 1),
        gatekeeper: Gatekeeper | None = None,
        still_there: Callable[[], None] = lambda: None,
    ) -> None:
        self.target = target
        self.recorder = recorder
        self.pace = pace
        self.cast = cast or Cast(seed)
        self.gatekeeper = gatekeeper or Gatekeeper(lambda _: None)
        self.leaving = Leaving(0.0)
        self.slot_ns: Callable[[int], int] = lambda now_ns: now_ns
        self._seed = seed
        self._run_tag = run_tag
        self._personas = Personas(seed, run_tag, languages)
        # The first persona of a place draws its pool, for some 50 ms: now, and not while visitors wait.
        for number in range(_WARM_UP):
            self._personas.persona(number)
            still_there()
        self._first_number, self._step = numbers
        self._numbers: dict[type[User], Iterator[int]] = {}
        self._chats: set[ChatSession] = set()
        self._states: Counter[str] = Counter()

    def next_number(self, user_class: type[User]) -> int:
        """The number of the next visitor of a class in the closed model; no other process of the run has it."""
        if user_class not in self._numbers:
            self._numbers[user_class] = self.cast.numbers(user_class, self._first_number, self._step)
        return next(self._numbers[user_class])

    def visit(
        self, journey: Journey, manners: Manners, number: int, due_ns: int | None = None
    ) -> tuple[Outcome, TargetError | None]:
        """Make one visit of a new visitor; see `journeys.visit`.

        Args:
            manners: of people at life's pace; the run's pace is put on them here.
            number: the visitor's, unlike any other's in the run: all its dice follow from it.
            due_ns: when the visitor was due (open model), wall clock; None for now.
        """
        persona = self._personas.persona(number)
        rng = visit_random(self._seed, number, 1)
        own = replace(manners, pace=self.pace).of_one(rng, persona.mobile)
        recorder = self.recorder
        begun_ns = wall_ns()
        if due_ns is not None:
            recorder.sample(GENERATOR_SEND, due_ns, max(due_ns, begun_ns))
            if begun_ns - due_ns > LATE_NS:
                recorder.arrival("late")
            begun_ns = due_ns
        recorder.arrival("begun")
        if not isinstance(journey, Mix):
            recorder.journey(getattr(journey, "__name__", type(journey).__name__))
        recorder.gauge(IN_PROGRESS, 1)
        try:
            outcome, problem = visit(
                self._seen(journey), self.target, Visitor(persona, own, rng, self._run_tag), recorder, begun_ns
            )
            recorder.sample(VISIT, begun_ns, wall_ns())
            recorder.arrival("ended")
            self.gatekeeper.note(outcome, problem)
            return outcome, problem
        finally:
            recorder.spent(wall_ns() - begun_ns)
            recorder.gauge(IN_PROGRESS, -1)

    def count_states(self) -> None:
        """Bring the gauges of visits by state (`visits waiting`, `visits chatting` ...) up to date.

        To be called once an interval: 0.1 ms for 1,000 visits, and nothing while they go on.
        """
        counted = Counter(chat.state.value for chat in self._chats)
        for state in counted.keys() | self._states.keys():
            self.recorder.gauge(f"visits {state}", counted[state] - self._states[state])
        self._states = counted

    def _seen(self, journey: Journey) -> Journey:
        def seen(chat: ChatSession) -> Outcome:
            self._chats.add(chat)
            try:
                return journey(chat)
            finally:
                self._chats.discard(chat)

        return seen
