"""Durations as people write them, and delays as distributions of them. Reads no clock and throws no dice of its own."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from whoson_load.simulator.dice import Dice

__all__ = ["Delay", "Duration", "Fixed", "LogNormal", "Paced", "Uniform", "convert", "parse_delay", "parse_duration"]

_UNITS_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h)")
_LONGEST_NS = 366 * 24 * 3_600_000_000_000

_Z95 = 1.6448536269514722  # the 95th percentile of the standard normal distribution


class Duration(int):
    """A length of time in nanoseconds, written with its unit: "20ms", "1.5s", "2m"; "0" needs none."""

    __slots__ = ()


def parse_duration(written: object) -> Duration:
    """Read a duration.

    Args:
        written: a number and a unit (ns, us, ms, s, m, h), or "0".

    Raises:
        ValueError: it is something else, or longer than a year.
    """
    match = _DURATION.fullmatch(written.strip()) if isinstance(written, str) else None
    if match is None:
        if written in ("0", 0) and not isinstance(written, bool):
            return Duration(0)
        raise ValueError(f"got {written!r}, expected a duration such as '20ms', '1.5s' or '2m'")
    length_ns = round(float(match[1]) * _UNITS_NS[match[2]])
    if length_ns > _LONGEST_NS:
        raise ValueError(f"got {written!r}, expected a duration of at most a year")
    return Duration(length_ns)


class Delay:
    """How long something takes, each time anew."""

    def draw_ns(self, dice: Dice) -> int:
        """One such time in nanoseconds, never below 0."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Fixed(Delay):
    """Always the same."""

    length_ns: int

    def draw_ns(self, dice: Dice) -> int:  # noqa: ARG002 (the dice stay where they lie)
        """The length, whatever the dice."""
        return self.length_ns


@dataclass(frozen=True, slots=True)
class Uniform(Delay):
    """Anything from the least to the most, each as likely."""

    least_ns: int
    most_ns: int

    def draw_ns(self, dice: Dice) -> int:
        """One of them."""
        return self.least_ns + int(dice.fraction() * (self.most_ns - self.least_ns + 1))


@dataclass(frozen=True, slots=True)
class LogNormal(Delay):
    """What people's times look like: many short, few long.

    exp(m + s z), with z standard normal, m = ln(median), s = ln(p95 / median) / 1.645; never above `most_ns`.
    """

    median_ns: int
    p95_ns: int
    most_ns: int

    def draw_ns(self, dice: Dice) -> int:
        """One of them."""
        spread = math.log(self.p95_ns / self.median_ns) / _Z95
        return min(int(self.median_ns * math.exp(spread * dice.normal())), self.most_ns)


@dataclass(frozen=True, slots=True)
class Paced(Delay):
    """Another delay, so many times shorter."""

    delay: Delay
    pace: float

    def draw_ns(self, dice: Dice) -> int:
        """One of its times, shortened."""
        return int(self.delay.draw_ns(dice) / self.pace)


def parse_delay(written: object) -> Delay:
    """Read a delay.

    Args:
        written: a duration ("150ms"), a table {least, most} (uniform), or {median, p95, most} (lognormal; `most` is
            ten times p95 unless given).

    Raises:
        ValueError: it is something else, or its parts contradict each other.
    """
    if not isinstance(written, dict):
        return Fixed(int(parse_duration(written)))
    parts = {name: int(parse_duration(value)) for name, value in written.items()}
    if parts.keys() == {"least", "most"}:
        if parts["least"] > parts["most"]:
            raise ValueError("got a least above the most, expected least <= most")
        return Uniform(parts["least"], parts["most"])
    if parts.keys() >= {"median", "p95"} and parts.keys() <= {"median", "p95", "most"}:
        median, p95 = parts["median"], parts["p95"]
        most = parts.get("most", 10 * p95)
        if not 0 < median <= p95 <= most:
            raise ValueError("got a delay out of order, expected 0 < median <= p95 <= most")
        return LogNormal(median, p95, most)
    raise ValueError(
        f"got a delay of {', '.join(written) or 'nothing'}, expected a duration, least and most, or median and p95"
    )


def convert(kind: type, written: object) -> object:
    """Read durations and delays for msgspec, which does not know them.

    Raises:
        ValueError: what is written is none.
        NotImplementedError: another type is asked for.
    """
    if kind is Duration:
        return parse_duration(written)
    if kind is Delay:
        return parse_delay(written)
    raise NotImplementedError(kind)
