"""What a process that makes visitors has for as long as a run lasts. Knows nothing of who takes its reports."""

from __future__ import annotations

from collections.abc import Callable

from locust.env import Environment
from locust.runners import WorkerRunner

from whoson_load.measurement.interval import IntervalReport
from whoson_load.measurement.ledger import run_tag
from whoson_load.swarm.asked import Asked, asked_languages
from whoson_load.swarm.cast import Cast
from whoson_load.swarm.company import sign_of_life
from whoson_load.swarm.generator import Generator
from whoson_load.swarm.guard import Gatekeeper
from whoson_load.swarm.haste import settle_memory
from whoson_load.swarm.mirror import MirroringRecorder
from whoson_load.swarm.roller import Roller
from whoson_load.swarm.user import ChatVisitor
from whoson_load.swarm.watch import Watch

__all__ = ["Station"]


class Station:
    """The recorder of one process, its generator, and what hands over its intervals; visitors find it from now on.

    Args:
        environment: Locust's, with its runner made.
        asked: what the run is asked to be.
        cast, numbers, gatekeeper: this process's, as `Workload.begin` gave them.
        hand_over: given each report.

    Attributes:
        generator: the visitors'.
    """

    def __init__(
        self,
        environment: Environment,
        asked: Asked,
        cast: Cast,
        numbers: tuple[int, int],
        gatekeeper: Gatekeeper,
        hand_over: Callable[[IntervalReport], None],
    ) -> None:
        runner = environment.runner
        self._recorder = MirroringRecorder(
            runner.client_id if isinstance(runner, WorkerRunner) else "local", environment
        )
        self.generator = ChatVisitor.generator = Generator(
            asked.target,
            self._recorder,
            seed=asked.settings.seed,
            run_tag=run_tag(asked.settings.seed),
            languages=asked_languages(environment.user_classes),
            pace=asked.pace,
            cast=cast,
            numbers=numbers,
            gatekeeper=gatekeeper,
            still_there=sign_of_life(runner),
        )
        settle_memory()
        # Only now: what it takes to make the personas is not judged.
        watch = Watch(self._recorder, asked.target.peer)
        interval_ns = round(asked.settings.interval_s * 1e9)
        self._roller = Roller(self._recorder, watch, interval_ns, hand_over, self.generator.count_states)

    def show(self) -> None:
        """Show Locust what was recorded; to be called once in SHOW_S."""
        self._recorder.show()

    def end(self) -> None:
        """Hand over the last report; nobody visits any more."""
        self._roller.stop()
        ChatVisitor.generator = None
