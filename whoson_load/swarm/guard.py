"""The guard that stops a run which a target keeps refusing, before it blacklists this address. Knows no runner."""

from __future__ import annotations

from collections.abc import Callable

from whoson_load.errors import ConnectError, Fault, TargetError
from whoson_load.measurement.outcome import Outcome

__all__ = ["MOST_REFUSALS", "Gatekeeper", "RefusalRow"]

MOST_REFUSALS = 20
"""So many refusals in a row stop the run. Invented: more than chance makes, fewer than a
server is likely to blacklist for."""

_SPOKEN = frozenset({Fault.ACCESS_DENIED, Fault.CLOSED, Fault.RESET, Fault.HALF_FRAME})
_SAYS_NOTHING = frozenset({Outcome.REFUSED, Outcome.TIMED_OUT, Outcome.FAILED})


class RefusalRow:
    """Counts refusals in a row, on the master or in the only process.

    With several workers, a visitor let in ends the row only where the same worker was refused before: one who is let in
    elsewhere, from another address, does not make up for being refused here.

    Args:
        stop: called once, with what the last refusal said, when there were too many.
    """

    def __init__(self, stop: Callable[[str], None]) -> None:
        self._stop = stop
        self._length = 0

    def hear(self, said: str | None) -> None:
        """Take in a refusal by what it said, or None for a visitor let in after one."""
        self._length = 0 if said is None else self._length + 1
        if self._length == MOST_REFUSALS:
            self._stop(said or "")


class Gatekeeper:
    """Watches how one process's visits begin.

    A refusal is an answer of a server that is there: `error` instead of `connected`, an upgrade answered with a 4xx
    status, a connection closed or reset before `connected`. Not meant are a closed port, a time-out and a 5xx status: a
    server that is down or overloaded is what a load test may want to see.

    Args:
        tell: told each refusal by what it said, and None when a visitor is let in after one.

    Attributes:
        shut: whether no further visit may begin, since this process alone was refused too often.
    """

    def __init__(self, tell: Callable[[str | None], None]) -> None:
        self._tell = tell
        self._row = 0
        self.shut = False

    def note(self, outcome: Outcome, problem: TargetError | None) -> None:
        """Take in how a visit ended."""
        if outcome is Outcome.REFUSED and problem is not None and _is_answer(problem):
            self._row += 1
            self.shut = self.shut or self._row >= MOST_REFUSALS
            self._tell(str(problem))
        elif self._row and outcome not in _SAYS_NOTHING:
            self._row = 0
            self._tell(None)


def _is_answer(problem: TargetError) -> bool:
    if problem.fault is Fault.UPGRADE_REFUSED:
        status = problem.http_status if isinstance(problem, ConnectError) else None
        return status is not None and 400 <= status < 500
    return problem.fault in _SPOKEN
