"""Random draws that stay the same: one independent stream a visit, and the distributions human times are drawn from.

Knows nothing of visitors. Python promises only `random.Random.random()` to yield the same sequence in every version for
the same seed; what `choice`, `gauss` or `expovariate` make of it may change. So all draws here are made of
`random()` alone.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import NormalDist
from typing import Generic, Protocol, TypeVar

__all__ = [
    "Constant",
    "Distribution",
    "Exponential",
    "Lognormal",
    "WeightedChoice",
    "between",
    "happens",
    "pick",
    "stream",
    "visit_random",
]

T = TypeVar("T")

_STANDARD_NORMAL = NormalDist()
_SMALLEST = 2.0**-53


def stream(purpose: str, *key: int) -> random.Random:
    """An independent stream of random numbers for one purpose and key.

    The seed is the SHA-256 of the purpose and the numbers as decimal text, NUL between them, read as one big-endian
    integer: the same in every Python version and process, and two keys that differ in anything share nothing.

    Costs some 10 us, and 2.5 KB for as long as it lives (the state of a Mersenne Twister).
    """
    text = "\0".join((purpose, *map(str, key)))
    return random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest(), "big"))


def visit_random(seed: int, number: int, visit: int) -> random.Random:
    """The stream that everything random of one visit comes from; see `stream` for its derivation.

    Args:
        seed: of the run.
        number: of the visitor, from 0.
        visit: how many visits this visitor has made before.
    """
    return stream("visit", seed, number, visit)


def happens(chance: float, rng: random.Random) -> bool:
    """True with this chance (0 to 1)."""
    return rng.random() < chance


def pick(items: Sequence[T], rng: random.Random) -> T:
    """One of the items, each as likely; there must be one."""
    return items[int(rng.random() * len(items))]


def between(low: int, high: int, rng: random.Random) -> int:
    """A whole number from low to high, both included, each as likely (to 2**53 of them)."""
    return low + int(rng.random() * (high - low + 1))


class WeightedChoice(Generic[T]):
    """Items and how often each is drawn.

    Args:
        weighted: (item, weight) pairs; the weights are relative, not negative, and at least one is above 0.

    Raises:
        ValueError: the weights are not such.
    """

    def __init__(self, weighted: Sequence[tuple[T, float]]) -> None:
        weights = [weight for _, weight in weighted]
        if not weights or min(weights) < 0 or not math.isfinite(sum(weights)) or sum(weights) <= 0:
            raise ValueError(f"got weights {weights}, expected finite ones, none negative and at least one above 0")
        self.items = tuple(item for item, _ in weighted)
        self._cumulated = tuple(accumulate(weights))

    def draw(self, rng: random.Random) -> T:
        """One item, as often as its weight says."""
        point = rng.random() * self._cumulated[-1]
        for item, reach in zip(self.items, self._cumulated, strict=True):
            if point < reach:
                return item
        return self.items[-1]


class Distribution(Protocol):
    """Something that random values, mostly seconds, are drawn from."""

    @property
    def mean(self) -> float:
        """The mean of all draws."""
        ...

    def draw(self, rng: random.Random) -> float:
        """One value, at least 0."""
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same value, at least 0."""

    value: float

    def __post_init__(self) -> None:
        _require(self.value >= 0, "value", self.value, "0 or more")

    @property
    def mean(self) -> float:
        """The value."""
        return self.value

    def draw(self, rng: random.Random) -> float:
        """The value. A draw is used up all the same: who makes one time constant leaves the others as they were."""
        rng.random()
        return self.value


@dataclass(frozen=True, slots=True)
class Exponential:
    """Memoryless times: density exp(-t / mean) / mean at t."""

    mean: float

    def __post_init__(self) -> None:
        _require(self.mean > 0, "mean", self.mean, "more than 0")

    def draw(self, rng: random.Random) -> float:
        """One time, 0 to about 37 means."""
        return -self.mean * math.log(1.0 - rng.random())


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Times that are the product of many influences, as human ones are: exp(ln median + sigma z), z standard normal.

    Attributes:
        median: half of all draws are below; more than 0.
        sigma: the standard deviation of the logarithm; 0 or more.
        low, high: a draw outside is moved to the bound.
    """

    median: float
    sigma: float
    low: float = 0.0
    high: float = math.inf

    def __post_init__(self) -> None:
        _require(self.median > 0, "median", self.median, "more than 0")
        _require(self.sigma >= 0, "sigma", self.sigma, "0 or more")
        _require(0 <= self.low <= self.high, "low", self.low, f"0 to high ({self.high:g})")

    @classmethod
    def of(cls, mean: float, deviation: float, low: float = 0.0, high: float = math.inf) -> Lognormal:
        """The one with this mean and standard deviation (before the bounds)."""
        _require(mean > 0, "mean", mean, "more than 0")
        _require(deviation >= 0, "deviation", deviation, "0 or more")
        variance = math.log1p((deviation / mean) ** 2)
        return cls(mean / math.exp(variance / 2), math.sqrt(variance), low, high)

    @property
    def mean(self) -> float:
        """The mean, the bounds left out of account: they are there to cut off freaks, not to shape."""
        return self.median * math.exp(self.sigma**2 / 2)

    def quantile(self, share: float) -> float:
        """The value that this share (0 to 1, both excluded) of all draws stays below."""
        value = self.median * math.exp(self.sigma * _STANDARD_NORMAL.inv_cdf(share))
        return min(self.high, max(self.low, value))

    def draw(self, rng: random.Random) -> float:
        """One value from low to high."""
        return self.quantile(max(_SMALLEST, rng.random()))


def _require(holds: bool, name: str, value: float, expected: str) -> None:
    if not holds or math.isnan(value):
        raise ValueError(f"{name}: got {value:g}, expected {expected}")
