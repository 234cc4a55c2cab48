"""How many visitors come, and when: the open and the closed model of one process, on Locust's runners and messages.

Knows neither what visitors do nor what is measured. In the open model Locust's dispatcher adds nobody; each visitor is
a Locust user put straight into its runner's group, so that Locust counts it, shows it and stops it like any other.
(`Runner.spawn_users` does the same and first counts all users, class by class, for a log line: 0.8 ms for 5,000.)
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import gevent
from locust.env import Environment
from locust.event import EventHook
from locust.log import greenlet_exception_logger
from locust.rpc import Message
from locust.runners import STATE_MISSING, MasterRunner, WorkerRunner

from whoson_load.clock import monotonic_ns, wall_ns
from whoson_load.swarm.arrivals import Arrivals
from whoson_load.swarm.asked import options_of
from whoson_load.swarm.cast import Cast
from whoson_load.swarm.foreman import Foreman
from whoson_load.swarm.generator import Generator
from whoson_load.swarm.guard import Gatekeeper, RefusalRow
from whoson_load.swarm.leaving import Leaving
from whoson_load.swarm.orders import LOCAL, Orders, read_orders
from whoson_load.swarm.shapes import Batch, EvenSpread, SwarmDispatcher
from whoson_load.swarm.user import ChatVisitor

__all__ = ["Workload"]

_ORDERS, _REFUSALS = "whoson_orders", "whoson_refusals"
_DRAINED = "whoson_drained"

_log_failure = greenlet_exception_logger(logging.getLogger(__name__))  # type: ignore[no-untyped-call]


class Workload:
    """The workload's side of one process.

    Args:
        environment: Locust's, with its runner.
        over: called when in the open model all have come and the last has left.
        refused: called once a run, with what the last refusal said, when the target keeps refusing.
        note: told in a sentence what a reader of the run must know.
    """

    def __init__(
        self,
        environment: Environment,
        *,
        over: Callable[[], None],
        refused: Callable[[str], None],
        note: Callable[[str], None],
    ) -> None:
        self._environment = environment
        self._over = over
        self._refused = refused
        self._note = note
        self._orders = Orders()
        self._foreman: Foreman | None = None
        self._row: RefusalRow | None = None
        self._arrivals: Arrivals | None = None
        self._drained_run = ""
        self._leaving: Leaving | None = None
        self._greenlets: list[gevent.Greenlet[[], None]] = []
        environment.dispatcher_class = partial(SwarmDispatcher, announce=self._announce)  # type: ignore[assignment]
        runner, hooks = environment.runner, environment.events
        if isinstance(runner, MasterRunner):
            runner.register_message(_REFUSALS, self._hear_refusal)
            _listen(hooks.worker_report, self._worker_report)
        if isinstance(runner, WorkerRunner):
            runner.register_message(_ORDERS, self._hear_orders)
            _listen(hooks.report_to_master, self._report_to_master)
        _listen(hooks.test_stopping, lambda **_: self._halt())

    @property
    def _options(self) -> argparse.Namespace:
        return options_of(self._environment)

    def read(self) -> Orders:
        """What options and locustfile ask for.

        Raises:
            ConfigError: they cannot be read, or contradict themselves.
        """
        shaped = self._environment.shape_class is not None
        return read_orders(self._options, self._environment.user_classes, shaped=shaped)

    def begin(self, seed: int, drain_s: float | None = None) -> tuple[Cast, tuple[int, int], Gatekeeper]:
        """Begin a run: give the orders, or take the master's.

        Args:
            seed: of the run.
            drain_s: of a run whose load changes on demand: how long the visitors of seats that are taken away may stay.
                None for any other run. A worker learns it from its orders.

        Returns:
            For this process's generator: whom numbers stand for, its numbers in the closed model, and the gatekeeper.

        Raises:
            ConfigError: the orders cannot be given.
        """
        runner = self._environment.runner
        self._drained_run = ""
        if isinstance(runner, WorkerRunner):
            self._orders = Orders.from_builtins(getattr(self._options, _ORDERS))
            tell: Callable[[str | None], None] = lambda said: runner.send_message(_REFUSALS, {"said": said})  # noqa: E731
        else:
            self._orders = self.read()
            self._orders.may_change, self._orders.drain_s = drain_s is not None, drain_s or 0.0
            workers = partial(_workers, runner) if isinstance(runner, MasterRunner) else None
            self._foreman = Foreman(self._orders, workers, self._send, self._note, self._over)
            self._row = RefusalRow(self._refused)
            tell = self._row.hear
            if workers is not None:
                self._spawn(self._foreman.watch)
        index = getattr(runner, "worker_index", 0)
        numbers = self._orders.numbers(self._name, index)
        return Cast(seed, self._environment.user_classes), numbers, Gatekeeper(tell)

    def send_visitors(self, generator: Generator, seed: int) -> None:
        """Let visitors come in this process from now on, however the model has them come."""
        if self._foreman is not None:
            self._foreman.begin()
            self._orders = self._foreman.orders()
        self._leaving = generator.leaving = Leaving(self._orders.drain_s)
        if not self._orders.is_open:
            generator.slot_ns = partial(self._slot_ns, EvenSpread(self._name))
            return
        runner = self._environment.runner
        self._arrivals = Arrivals(
            self._orders,
            seed,
            self._name,
            monotonic_ns() - self._orders.elapsed_ns,
            generator.recorder,
            partial(self._receive, generator.cast),
            lambda: runner.user_count if runner is not None else 0,
            self._drained,
        )
        self._spawn(self._arrivals.run).link_exception(self._break)

    def change_rate(self, rate_per_s: float) -> None:
        """Let visitors arrive at another rate from soon on: in a run of the open model whose load changes on demand."""
        if self._foreman is not None:
            orders = self._foreman.change_rate(rate_per_s)
            if self._arrivals is not None:
                self._arrivals.change(orders)

    # On the way

    @property
    def _name(self) -> str:
        runner = self._environment.runner
        return str(runner.client_id) if isinstance(runner, WorkerRunner) else LOCAL

    def _spawn(self, what: Callable[[], None]) -> gevent.Greenlet[[], None]:
        greenlet = gevent.spawn(what)
        self._greenlets.append(greenlet)
        return greenlet

    def _announce(self, batch: Batch) -> bool:
        if self._foreman is None:
            return False
        orders = self._foreman.orders(batch)
        setattr(self._options, _ORDERS, orders.to_builtins())
        return not orders.is_open

    def _slot_ns(self, spread: EvenSpread, now_ns: int) -> int:
        return spread.slot_ns(now_ns, Orders.from_builtins(getattr(self._options, _ORDERS)).batch)

    def _receive(self, cast: Cast, number: int, due_ns: int) -> None:
        runner = self._environment.runner
        visitor = cast.user_class(number)(self._environment)
        if runner is not None and isinstance(visitor, ChatVisitor):
            # The wall clock may have been set since the run's begin: how late it is tells the monotonic one.
            visitor.arrive(runner.user_greenlets, number, wall_ns() - (monotonic_ns() - due_ns))

    def _drained(self) -> None:
        if self._foreman is not None:
            self._foreman.drained(self._name)
        else:
            self._drained_run = str(self._options.whoson_run_id)

    def _break(self, greenlet: gevent.Greenlet[[], None]) -> None:
        """Nobody arrives any more, for a mistake of this program or of the locustfile: say so, and let the run end."""
        _log_failure(greenlet)
        problem = greenlet.exception
        if problem is not None:
            fire = self._environment.events.user_error.fire
            fire(user_instance=None, exception=problem, tb=problem.__traceback__)  # type: ignore[no-untyped-call]
        self._drained()

    def _halt(self) -> None:
        for greenlet in self._greenlets:
            greenlet.kill(block=greenlet is not gevent.getcurrent())
        self._greenlets.clear()
        if self._leaving is not None:
            self._leaving.end()
        self._foreman = self._row = self._arrivals = None

    # Between master and workers

    def _send(self, orders: Orders) -> None:
        runner = self._environment.runner
        if runner is not None:
            runner.send_message(_ORDERS, orders.to_builtins())

    def _hear_orders(self, msg: Message, **_: object) -> None:
        if self._arrivals is not None:
            self._arrivals.change(Orders.from_builtins(msg.data))

    def _hear_refusal(self, msg: Message, **_: object) -> None:
        if self._row is not None:
            self._row.hear(msg.data["said"])

    def _report_to_master(self, data: dict[str, Any], **_: object) -> None:
        if self._drained_run:
            data[_DRAINED] = self._drained_run

    def _worker_report(self, client_id: str, data: dict[str, Any], **_: object) -> None:
        if self._foreman is not None and data.get(_DRAINED) == self._options.whoson_run_id:
            self._foreman.drained(client_id)


def _workers(runner: MasterRunner) -> list[str]:
    there = [node.id for node in runner.clients.all if node.state != STATE_MISSING]
    return sorted(there, key=runner.get_worker_index)


def _listen(hook: EventHook, listener: Callable[..., None]) -> None:
    hook.add_listener(listener)  # type: ignore[no-untyped-call]
