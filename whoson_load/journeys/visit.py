"""One visit from the first byte to its outcome: whatever the target does, it ends as exactly one of a closed set."""

from __future__ import annotations

from collections.abc import Callable

from whoson_load.client.session import ChatSession, Visitor
from whoson_load.client.target import Target
from whoson_load.errors import (
    ConnectError,
    Fault,
    RemoteProtocolError,
    ReplyTimeout,
    SessionClosed,
    TargetError,
)
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.recorder import Recorder

__all__ = ["Journey", "outcome_of", "visit"]

Journey = Callable[[ChatSession], Outcome]
"""What a visitor does: a function over a session that is open and not yet connected. Raises TargetError when the
target fails it."""


def visit(
    journey: Journey, target: Target, visitor: Visitor, recorder: Recorder, due_ns: int | None = None
) -> tuple[Outcome, TargetError | None]:
    """Make one visit and count its outcome.

    Args:
        due_ns: when the visitor was due (open model), wall clock; None for now.

    Returns:
        The outcome, and what the target did wrong, if that is why.

    Raises:
        Exception: what the journey raises beside TargetError: a bug in it, counted as `failed`.
    """
    connected, problem = False, None
    try:
        with ChatSession.open(target, visitor, recorder, due_ns) as chat:
            try:
                outcome = journey(chat)
            finally:
                connected = bool(chat.heard.session_id)
    except TargetError as fault:
        outcome, problem = outcome_of(fault, connected=connected), fault
    except Exception:
        recorder.outcome(Outcome.FAILED)
        raise
    recorder.outcome(outcome)
    return outcome, problem


def outcome_of(problem: TargetError, *, connected: bool) -> Outcome:
    """What a visit that the target failed counts as.

    Args:
        connected: whether there was a session. A connection that ends before is a refusal: servers refuse by reset,
            status, close or `error`.
    """
    match problem:
        case ConnectError(fault=Fault.CONNECT_TIMEOUT) | ReplyTimeout():
            return Outcome.TIMED_OUT
        case ConnectError(fault=Fault.GENERATOR_LIMIT) | RemoteProtocolError():
            return Outcome.FAILED
        case ConnectError():
            return Outcome.REFUSED
        case SessionClosed(fault=Fault.REPLY_TIMEOUT):
            return Outcome.TIMED_OUT
        case _:
            return Outcome.DROPPED if connected else Outcome.REFUSED
