"""The Erlang-A queue: visitors who arrive by chance, wait for one of n chats to get free, and lose patience.

A formula and nothing else: knows no run.

Arrivals are a Poisson process of rate L a second, chats last an exponential time of mean 1/M seconds, patience an
exponential time of mean 1/T seconds, and n chats go on at once. For the wait V of a visitor with endless patience

    P(V = 0) = p / B    with B Erlang's loss formula for n - 1 chats and L/M offered, p how often n - 1 go on
    density of V at x > 0 = L p exp(L/T (1 - exp(-T x)) - n M x)

and p follows from both adding up to 1. For T = 0 the exponent is (L - n M) x: the Erlang-C queue. For T = M, the number
of visitors there has a Poisson distribution of mean L/M.

Source: Baccelli and Hebuterne, On Queues with Impatient Customers, Performance '81; Mandelbaum and Zeltyn, The
Palm/Erlang-A Queue, with Applications to Call Centers (2005). The name is Palm's idea (1957) and their word.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy  # which loads its parts when they are first used: no run needs half a second of them to begin

from whoson_load.analysis.resampling import Floats

__all__ = ["MOST_SERVERS", "ErlangA"]

MOST_SERVERS: Final = 100_000

_POINTS: Final = 4_001
_NEGLIGIBLE: Final = 40.0  # in the exponent: e**-40 of the density's greatest value


@dataclass(frozen=True, slots=True)
class ErlangA:
    """One queue in the long run.

    Args:
        arrivals_per_s: more than 0.
        chat_s: mean time of a chat in seconds, more than 0.
        patience_s: mean patience in seconds, more than 0; infinite for visitors who never give up.
        servers: how many chats go on at once, 1 to `MOST_SERVERS`.

    Raises:
        ValueError: one of them is not such, or nobody gives up and more come than can be served: no long run then.
    """

    arrivals_per_s: float
    chat_s: float
    patience_s: float
    servers: int

    def __post_init__(self) -> None:
        for name in ("arrivals_per_s", "chat_s", "patience_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: got {getattr(self, name):g}, expected more than 0")
        if not 1 <= self.servers <= MOST_SERVERS:
            raise ValueError(f"servers: got {self.servers}, expected 1 to {MOST_SERVERS}")
        if math.isinf(self.patience_s) and self.offered >= self.servers:
            raise ValueError(
                f"got {self.offered:.4g} chats at once on offer and endless patience, expected less than {self.servers}"
            )

    @property
    def offered(self) -> float:
        """Chats that would go on at once if nobody ever waited (erlangs)."""
        return self.arrivals_per_s * self.chat_s

    @property
    def waits(self) -> float:
        """The share of visitors who have to wait."""
        _, density = self._density()
        return self._integral(density)

    @property
    def abandons(self) -> float:
        """The share of visitors who give up."""
        waits, density = self._density()
        return max(0.0, self._integral(density * -np.expm1(-waits / self.patience_s)))

    @property
    def mean_wait_s(self) -> float:
        """How long visitors wait on average, those who need not and those who give up included."""
        waits, density = self._density()
        if math.isinf(self.patience_s):
            return self._integral(density * waits)
        return self._integral(density * -np.expm1(-waits / self.patience_s)) * self.patience_s

    @property
    def mean_wait_served_s(self) -> float:
        """How long those wait on average who get an operator."""
        waits, density = self._density()
        stay = np.exp(-waits / self.patience_s)
        served = 1.0 - self._integral(density) + self._integral(density * stay)
        return self._integral(density * stay * waits) / served

    def answered_within(self, seconds: float) -> float:
        """The share of all visitors who get an operator within so many seconds (0 or more)."""
        waits, density = self._density()
        soon = np.linspace(0.0, min(seconds, float(waits[-1])), _POINTS)
        values = np.interp(soon, waits, density) * np.exp(-soon / self.patience_s)
        return min(1.0, max(0.0, 1.0 - self._integral(density) + float(scipy.integrate.simpson(values, x=soon))))

    def _density(self) -> tuple[Floats, Floats]:
        """Waits in seconds from 0 to where next to nobody waits longer, and the density of V at each."""
        waits = np.linspace(0.0, self._longest_s(), _POINTS)
        exponents = self._exponents(waits)
        top = float(exponents.max())
        shape = np.exp(exponents - top)
        area = self.arrivals_per_s * float(scipy.integrate.simpson(shape, x=waits))
        # Times e**top, which may be too great a number for an overloaded queue, and the other term for an idle one.
        free = _free_against_last(self.servers, self.offered)
        share = free * math.exp(-top) + area if top < 700 else area
        return waits, self.arrivals_per_s * shape / share

    def _exponents(self, waits: Floats) -> Floats:
        leave = self.servers / self.chat_s * waits
        if math.isinf(self.patience_s):
            return self.arrivals_per_s * waits - leave
        return self.arrivals_per_s * self.patience_s * -np.expm1(-waits / self.patience_s) - leave

    def _longest_s(self) -> float:
        def exponent(wait_s: float) -> float:
            return float(self._exponents(np.array([wait_s]))[0])

        top_s = 0.0
        if self.offered > self.servers:
            top_s = self.patience_s * math.log(self.offered / self.servers)
        step_s = self.chat_s / self.servers
        while exponent(top_s + step_s) > exponent(top_s) - _NEGLIGIBLE:
            step_s *= 1.5
        return top_s + step_s

    def _integral(self, values: Floats) -> float:
        return float(scipy.integrate.simpson(values, dx=self._longest_s() / (_POINTS - 1)))


def _free_against_last(servers: int, offered: float) -> float:
    """How much more often fewer than n chats go on than exactly n - 1: 1 / B(n - 1, offered), Erlang's recursion."""
    inverse = 1.0
    for count in range(1, servers):
        inverse = 1.0 + inverse * count / offered
        if inverse > 1e300:
            return inverse
    return inverse
