"""The Erlang-A queue against its limits, against sums over its states, and against published values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, stats

from whoson_load.analysis.erlang import ErlangA

FOREVER = math.inf


def erlang_c(servers: int, offered: float) -> float:
    """The share that waits when nobody gives up, from Erlang's B by recursion."""
    loss = 1.0
    for count in range(1, servers + 1):
        loss = offered * loss / (count + offered * loss)
    return loss / (1 - offered / servers * (1 - loss))


def by_states(queue: ErlangA) -> tuple[float, float]:
    """The share that waits and the share that gives up, summed over the states of the birth and death process."""
    serve, leave = 1 / queue.chat_s, 1 / queue.patience_s
    logs, total = [0.0], 0.0
    for state in range(1, queue.servers + 4000):
        rate = min(state, queue.servers) * serve + max(0, state - queue.servers) * leave
        logs.append(logs[-1] + math.log(queue.arrivals_per_s / rate))
    top = max(logs)
    weights = [math.exp(each - top) for each in logs]
    total = sum(weights)
    waiting = sum(weights[queue.servers :]) / total
    queued = sum((state - queue.servers) * each for state, each in enumerate(weights) if state > queue.servers) / total
    return waiting, queued * leave / queue.arrivals_per_s


@pytest.mark.parametrize(
    "servers, offered, waits",
    # Erlang C from published tables: two servers at half load wait 1 in 3, one server as often as it is busy.
    [(1, 0.5, 0.5), (1, 0.8, 0.8), (2, 1.0, 1 / 3), (3, 2.0, 4 / 9), (5, 4.0, 0.5541), (10, 8.0, 0.4092)],
)
def test_without_impatience_it_is_erlang_c(servers: int, offered: float, waits: float) -> None:
    """And the mean wait is C / (n M - L)."""
    queue = ErlangA(offered / 300, 300.0, FOREVER, servers)
    assert queue.waits == pytest.approx(waits, abs=6e-5)
    assert queue.waits == pytest.approx(erlang_c(servers, offered), rel=1e-6)
    assert queue.mean_wait_s == pytest.approx(waits * 300 / (servers - offered), rel=1e-3)
    assert queue.abandons == 0
    expected = 1 - erlang_c(servers, offered) * math.exp(-(servers - offered) * 20 / 300)
    assert queue.answered_within(20) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("servers, offered", [(1, 0.3), (4, 3.0), (10, 12.0), (50, 55.0), (100, 80.0)])
def test_patience_like_a_chat_makes_it_poisson(servers: int, offered: float) -> None:
    """With patience of a chat's length, everybody leaves at the same rate, served or not."""
    queue = ErlangA(offered / 240, 240.0, 240.0, servers)
    assert queue.waits == pytest.approx(float(stats.poisson.sf(servers - 1, offered)), rel=1e-6)
    queued = sum((state - servers) * stats.poisson.pmf(state, offered) for state in range(servers, servers + 400))
    assert queue.abandons == pytest.approx(float(queued) / offered, rel=1e-6)


def by_balance(queue: ErlangA, states: int) -> tuple[float, float]:
    """The share that gives up and the mean wait in seconds, from the process's balance equations, solved as they are.

    No formula of queues in it: rates from state to state, a linear system, and Little's law.
    """
    serve, leave = 1 / queue.chat_s, 0.0 if math.isinf(queue.patience_s) else 1 / queue.patience_s
    out = (
        np.minimum(np.arange(states), queue.servers) * serve + np.maximum(0, np.arange(states) - queue.servers) * leave
    )
    generator = np.diag(np.full(states - 1, queue.arrivals_per_s), 1) + np.diag(out[1:], -1)
    generator -= np.diag(generator.sum(axis=1))
    # One equation follows from the others; that all shares add up to 1 stands in for it.
    system = np.vstack([generator.T[:-1], np.ones(states)])
    shares = linalg.solve(system, np.eye(states)[-1])
    queued = float(np.maximum(0, np.arange(states) - queue.servers) @ shares)
    return queued * leave / queue.arrivals_per_s, queued / queue.arrivals_per_s


def test_a_published_call_centre() -> None:
    """48 calls a minute of 1 minute, 50 agents, patience of 2 minutes, with Erlang C beside it.

    Garnett, Mandelbaum and Reiman (Designing a Call Center with Impatient Customers, 2002): 3.1 % give up, and the mean
    wait is 3.7 s where Erlang C says 20.8 s. The balance equations say the same, so nothing rests on the print.
    """
    patient, impatient = ErlangA(0.8, 60.0, FOREVER, 50), ErlangA(0.8, 60.0, 120.0, 50)
    assert patient.mean_wait_s == pytest.approx(20.8, abs=0.06)
    assert impatient.abandons == pytest.approx(0.031, abs=0.0006)
    assert impatient.mean_wait_s == pytest.approx(3.7, abs=0.06)
    gave_up, waited_s = by_balance(impatient, 400)
    assert (impatient.abandons, impatient.mean_wait_s) == pytest.approx((gave_up, waited_s), rel=1e-6)
    assert patient.mean_wait_s == pytest.approx(by_balance(patient, 900)[1], rel=1e-6)


@pytest.mark.parametrize(
    "servers, offered, patience_in_chats", [(1, 0.5, 1.0), (3, 4.0, 0.4), (8, 8.0, 1.5), (20, 15, 5)]
)
def test_it_agrees_with_the_balance_equations(servers: int, offered: float, patience_in_chats: float) -> None:
    """Small sites, busy and idle."""
    queue = ErlangA(offered / 300, 300.0, 300.0 * patience_in_chats, servers)
    gave_up, waited_s = by_balance(queue, 300)
    assert (queue.abandons, queue.mean_wait_s) == pytest.approx((gave_up, waited_s), rel=1e-5)


@given(st.floats(0.1, 60.0), st.integers(1, 60), st.floats(0.05, 20.0))
def test_it_agrees_with_its_states(offered: float, servers: int, patience_in_chats: float) -> None:
    """Whatever the load, overload too."""
    queue = ErlangA(offered / 300, 300.0, 300.0 * patience_in_chats, servers)
    waits, abandons = by_states(queue)
    assert queue.waits == pytest.approx(waits, rel=1e-4, abs=1e-9)
    assert queue.abandons == pytest.approx(abandons, rel=1e-4, abs=1e-9)
    assert queue.mean_wait_s == pytest.approx(queue.abandons * queue.patience_s)
    assert 0 <= queue.answered_within(20) <= queue.answered_within(40) <= 1
    assert queue.answered_within(1e9) == pytest.approx(1 - abandons, abs=1e-4)


@pytest.mark.parametrize(
    "arguments, said",
    [
        ((0.0, 1.0, 1.0, 1), "arrivals_per_s: got 0"),
        ((1.0, 0.0, 1.0, 1), "chat_s: got 0"),
        ((1.0, 1.0, 0.0, 1), "patience_s: got 0"),
        ((1.0, 1.0, 1.0, 0), "servers: got 0"),
        ((2.0, 1.0, FOREVER, 2), "endless patience"),
    ],
)
def test_what_has_no_long_run_is_refused(arguments: tuple[float, float, float, int], said: str) -> None:
    """With what was got and what was expected."""
    with pytest.raises(ValueError, match=said):
        ErlangA(*arguments)
