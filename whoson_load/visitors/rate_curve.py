"""Rate curves: how many visitors are expected to arrive when, in stages. Knows no visitor, no dice and no clock.

How people write them down is `curve_language`'s affair; the visitors that arrive along them are `poisson`'s.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate

from whoson_load.errors import ConfigError

__all__ = ["HIGHEST_PER_S", "LONGEST_S", "MOST_STAGES", "RateCurve", "Stage"]

HIGHEST_PER_S = 1e6
"""The highest rate a curve may have. Invented: far above what one machine can send."""

LONGEST_S = 366 * 86_400.0
"""The longest that a stage with an end may last. Invented."""

MOST_STAGES = 10_000
"""The most stages of a curve. Invented: a year of hourly profiles."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of time in which the rate changes evenly.

    With r(t) = from + (to - from) t / lasts, N(t) = from t + (to - from) t^2 / (2 lasts) visitors are expected in its
    first t seconds.

    Attributes:
        lasts_s: more than 0; infinite for a stage that goes on until the run is stopped, whose rate is constant.
        from_per_s, to_per_s: arrivals a second at its begin and its end, 0 to HIGHEST_PER_S.

    Raises:
        ConfigError: one of them is not such.
    """

    lasts_s: float
    from_per_s: float
    to_per_s: float

    def __post_init__(self) -> None:
        if not (0 < self.lasts_s <= LONGEST_S or self.lasts_s == math.inf):
            raise ConfigError(f"arrivals: got a stage of {self.lasts_s:g} s, expected more than 0 and at most a year")
        for rate in (self.from_per_s, self.to_per_s):
            if not 0 <= rate <= HIGHEST_PER_S:
                raise ConfigError(f"arrivals: got {rate:g}/s, expected 0/s to {HIGHEST_PER_S:,.0f}/s")
        if self.lasts_s == math.inf and self.from_per_s != self.to_per_s:
            raise ConfigError("arrivals: got a ramp without an end, expected one with a duration")

    @property
    def total(self) -> float:
        """How many visitors are expected in all of it; infinite for one without an end."""
        if self.lasts_s == math.inf:
            return math.inf if self.from_per_s else 0.0
        return (self.from_per_s + self.to_per_s) / 2 * self.lasts_s

    def expected(self, elapsed_s: float) -> float:
        """How many visitors are expected in its first seconds (0 to `lasts_s`)."""
        if elapsed_s >= self.lasts_s:
            return self.total
        return elapsed_s * (self.from_per_s + self._slope * elapsed_s / 2)

    def elapsed_s(self, expected: float) -> float:
        """The other way round: after how many of its seconds so many visitors (0 to `total`) are expected."""
        if expected <= 0:
            return 0.0
        # The root of N(t) = expected in the form that loses no digits when the slope is small, or 0.
        root = math.sqrt(max(0.0, self.from_per_s**2 + 2 * self._slope * expected))
        divisor = self.from_per_s + root  # 0 where rates are too small for a square
        return min(self.lasts_s, 2 * expected / divisor) if divisor else self.lasts_s

    @property
    def _slope(self) -> float:
        return 0.0 if self.lasts_s == math.inf else (self.to_per_s - self.from_per_s) / self.lasts_s

    def __str__(self) -> str:
        if self.lasts_s == math.inf:
            return f"constant {self.from_per_s!r}/s"
        if self.from_per_s == self.to_per_s:
            return f"constant {self.from_per_s!r}/s for {self.lasts_s!r}s"
        return f"ramp {self.from_per_s!r}/s to {self.to_per_s!r}/s over {self.lasts_s!r}s"


@dataclass(frozen=True, slots=True)
class RateCurve:
    """Stages, one after the other.

    Its text (`str`) is in the language of `curve_language`, needs no file, and reads back as the same curve.

    Attributes:
        stages: at least one; only the last may be without an end.

    Raises:
        ConfigError: no stage, too many, one behind a stage without an end, or stages in which nobody ever comes.
    """

    stages: tuple[Stage, ...]
    _begins_s: tuple[float, ...] = field(init=False, repr=False, compare=False)
    _before: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= len(self.stages) <= MOST_STAGES:
            raise ConfigError(f"arrivals: got {len(self.stages):,} stages, expected 1 to {MOST_STAGES:,}")
        if any(stage.lasts_s == math.inf for stage in self.stages[:-1]):
            raise ConfigError("arrivals: got a stage behind one without an end, expected none")
        if not any(stage.total for stage in self.stages):
            raise ConfigError("arrivals: got a curve that is 0 all the time, expected one in which somebody comes")
        object.__setattr__(self, "_begins_s", tuple(accumulate((each.lasts_s for each in self.stages), initial=0.0)))
        object.__setattr__(self, "_before", tuple(accumulate((each.total for each in self.stages), initial=0.0)))

    @classmethod
    def of(cls, stages: Iterable[tuple[float, float, float]]) -> RateCurve:
        """The curve of these (lasts_s, from_per_s, to_per_s)."""
        return cls(tuple(Stage(*each) for each in stages))

    @property
    def lasts_s(self) -> float:
        """Seconds from the begin of the first stage to the end of the last; may be infinite."""
        return self._begins_s[-1]

    @property
    def total(self) -> float:
        """How many visitors are expected in all; may be infinite."""
        return self._before[-1]

    @property
    def highest_per_s(self) -> float:
        """The highest rate it reaches, arrivals a second."""
        return max(max(stage.from_per_s, stage.to_per_s) for stage in self.stages)

    def rate_per_s(self, at_s: float) -> float:
        """Arrivals a second at an instant (seconds from the begin); 0 before and after, the later rate at a jump."""
        if not 0 <= at_s < self.lasts_s:
            return 0.0
        place = bisect_right(self._begins_s, at_s) - 1
        stage = self.stages[place]
        if stage.lasts_s == math.inf:
            return stage.from_per_s
        share = (at_s - self._begins_s[place]) / stage.lasts_s
        return stage.from_per_s + (stage.to_per_s - stage.from_per_s) * share

    def expected(self, at_s: float) -> float:
        """How many visitors are expected until an instant (seconds from the begin); 0 before it. Takes about 1 us."""
        if at_s <= 0:
            return 0.0
        if at_s >= self.lasts_s:
            return self.total
        place = bisect_right(self._begins_s, at_s) - 1
        return self._before[place] + self.stages[place].expected(at_s - self._begins_s[place])

    def then(self, at_s: float, rate_per_s: float) -> RateCurve:
        """The same curve until an instant (seconds from the begin, above 0), and from there a constant rate for ever.

        Raises:
            ConfigError: it gets too many stages, or the rate is out of range.
        """
        kept: list[Stage] = []
        for begin_s, stage in zip(self._begins_s, self.stages, strict=False):
            left_s = at_s - begin_s
            if left_s <= 0:
                break
            cut = left_s < stage.lasts_s
            kept.append(Stage(left_s, stage.from_per_s, self.rate_per_s(at_s)) if cut else stage)
        return RateCurve((*kept, Stage(math.inf, rate_per_s, rate_per_s)))

    def __str__(self) -> str:
        return "; ".join(map(str, self.stages))
