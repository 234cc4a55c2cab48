"""What all processes of a run must agree on: which model, who comes when, who takes whom. Knows no runner and no clock.

The master makes the orders and its workers read them; in a run of one process both are the same.
"""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from locust import User

from whoson_load.errors import ConfigError
from whoson_load.swarm.shapes import Batch
from whoson_load.swarm.user import ChatVisitor
from whoson_load.visitors.curve_language import read_curve
from whoson_load.visitors.poisson import Appointment, Schedule
from whoson_load.visitors.rate_curve import RateCurve

__all__ = ["LATECOMERS_NUMBERS", "LOCAL", "Orders", "Shift", "read_arrivals", "read_orders"]

LATECOMERS_NUMBERS = 1_000_000_000_000
"""How far apart the numbers of workers begin that join a run of the closed model. Invented: no worker makes so many
visits in a run."""

LOCAL = "local"
"""The name of the only worker of a run that has no others."""


class Shift(msgspec.Struct, frozen=True, array_like=True):
    """Who is at work from an instant on.

    Attributes:
        from_ns: nanoseconds from the run's begin.
        workers: their names, in the order of their places.
    """

    from_ns: int
    workers: list[str]


class Orders(msgspec.Struct, kw_only=True):
    """The orders of one run.

    Attributes:
        curve: the rate curve as text that needs no file; "" for the closed model.
        only_visitor: the number of the one visitor that comes; None for all.
        max_visitors: the cap on visitors in progress, over all workers; None for none.
        shifts: who is at work when, ascending; the first holds from the begin.
        elapsed_ns: how long the run has gone on at the moment the orders leave; negative before its begin. A worker
            so needs no clock that agrees with the master's.
        batch: the seats that Locust adds now (closed model).
        may_change: whether the curve may be another one later, as that of a capacity search.
        drain_s: how long the visitor of a seat that is taken away while the run goes on may stay to end the visit.
    """

    curve: str = ""
    only_visitor: int | None = None
    max_visitors: int | None = None
    shifts: list[Shift] = []
    elapsed_ns: int = 0
    batch: Batch = Batch()
    may_change: bool = False
    drain_s: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether visitors arrive by a schedule of their own, whatever the server does."""
        return bool(self.curve) or self.only_visitor is not None

    def schedule(self, seed: int) -> Schedule | Appointment:
        """All arrivals of an open model, of all workers, in the order of time."""
        if self.only_visitor is not None:
            return Appointment(self.only_visitor)
        return Schedule(self.rate_curve, seed)

    @property
    def rate_curve(self) -> RateCurve:
        """The curve of an open model whose visitors are not just one."""
        return read_curve(self.curve, _no_file)

    def place(self, worker: str, at_ns: int) -> tuple[int, int]:
        """Which of the workers this one is at an instant.

        Returns:
            (place, of how many): it takes the numbers that leave `place` when divided by `of how many`. (0, 0) when it
            is not at work then.
        """
        for shift in reversed(self.shifts):
            if shift.from_ns <= at_ns or shift is self.shifts[0]:
                return (shift.workers.index(worker), len(shift.workers)) if worker in shift.workers else (0, 0)
        return 0, 0

    def share(self, worker: str, at_ns: int) -> int | None:
        """How many of `max_visitors` are this worker's; None for no cap."""
        place, places = self.place(worker, at_ns)
        if self.max_visitors is None or not places:
            return None
        return self.max_visitors // places + (place < self.max_visitors % places)

    def numbers(self, worker: str, index: int) -> tuple[int, int]:
        """The numbers of a worker's visitors in the closed model, where each worker counts for itself.

        Args:
            index: the worker's, unlike any other's.

        Returns:
            (first, step). Workers interleave: the first of two makes 0, 2, 4 ...; one that joined after the begin has
            numbers far from all others.
        """
        if self.shifts and worker in self.shifts[0].workers:
            return self.shifts[0].workers.index(worker), len(self.shifts[0].workers)
        return (index + 1) * LATECOMERS_NUMBERS, 1

    def to_builtins(self) -> dict[str, Any]:
        """The orders as Locust's messages carry them."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built

    @classmethod
    def from_builtins(cls, built: object) -> Orders:
        """The orders that `to_builtins` gave.

        Raises:
            ValueError: something else.
        """
        return msgspec.convert(built, cls)


def read_orders(options: argparse.Namespace, user_classes: Sequence[type[User]], *, shaped: bool = False) -> Orders:
    """Read from options and locustfile what is asked for, as far as it is known before the workers are.

    Args:
        options: Locust's, with ours.
        user_classes: those of the run.
        shaped: whether the locustfile has a LoadTestShape.

    Raises:
        ConfigError: it cannot be read, or contradicts itself.
    """
    only, most = options.only_visitor, options.max_visitors or None
    curve = read_arrivals(options.arrivals, user_classes)
    if only is not None and options.seed is None:
        raise ConfigError(
            "--only-visitor: got no --seed, expected the one of the run to be replayed (see its run.json)"
        )
    if most is not None and curve is None:
        raise ConfigError("--max-visitors: got no arrivals to cap, expected --arrivals (the closed model has -u)")
    if most is not None and most < (options.processes or 0):
        raise ConfigError(
            f"--max-visitors: got {most} for {options.processes} processes, expected one for each at least"
        )
    if curve is None and only is None:
        return Orders()
    if shaped:
        raise ConfigError("got arrivals and a LoadTestShape, expected one of them to say how many visitors come")
    foreign = [each.__name__ for each in user_classes if not issubclass(each, ChatVisitor)]
    if foreign:
        raise ConfigError(f"got arrivals and the user class {foreign[0]}, expected ChatVisitor classes only")
    return Orders(curve="" if curve is None else str(curve), only_visitor=only, max_visitors=most)


def read_arrivals(option: str | None, user_classes: Sequence[type[User]]) -> RateCurve | None:
    """The rate curve of --arrivals, else of the locustfile; None for the closed model.

    A profile's relative file name is looked for from where the command runs when the option names it, and beside the
    locustfile when that does.

    Raises:
        ConfigError: it cannot be read, or classes of one locustfile differ in it.
    """
    if option:
        return read_curve(option, lambda name: _text_of(Path(name)))
    curves: dict[RateCurve | None, str] = {}
    for each in user_classes:
        if issubclass(each, ChatVisitor):
            curves.setdefault(_curve_of(each), each.__name__)
    if len(curves) > 1:
        raise ConfigError(
            f"got different arrivals for {' and '.join(curves.values())}, expected one curve for all classes, which"
            " share it by their weights"
        )
    return next(iter(curves), None)


def _curve_of(visitor: type[ChatVisitor]) -> RateCurve | None:
    if not isinstance(visitor.arrivals, str):
        return visitor.arrivals
    folder = Path(inspect.getfile(visitor)).parent
    return read_curve(visitor.arrivals, lambda name: _text_of(folder / name))


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise ConfigError(f"cannot read the profile {file}: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"cannot read the profile {file}: it is no text in UTF-8") from None


def _no_file(name: str) -> str:
    raise ConfigError(f"got the profile {name} in a worker's orders, expected its rates")
