"""The language that objectives are written in, and how it is read. Knows nothing of how they are judged.

    SERIES pNN|mean|max OP NUMBER us|ms|s|min        echo p99 < 500ms
    SERIES errors OP NUMBER [%]                      accepted errors < 0.1%        (without % a count)
    SERIES rate OP NUMBER /s|/min|/h                 echo rate >= 50/s
    sent|echoed|lost|late|duplicated|reordered|crossed OP NUMBER [%]     lost == 0     (% of the lines sent)
    OUTCOME OP NUMBER [%]                            abandoned < 5%                (% of the visits that ended)

OP is one of < <= > >= ==. Behind it may stand, in this order,

    for 99% of intervals       it has to hold in so many of the steady part's intervals, each judged on its own
    abort after 30s            the run ends when it has been missed in every interval for so long

Objectives are judged on the steady part of a run, those of lines on all of it: a lost line is lost, whenever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NoReturn

from whoson_load.errors import ConfigError
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.sample import SERIES

__all__ = ["LINES", "Objective", "read_objective", "read_objectives"]

LINES: Final = ("sent", "echoed", "lost", "late", "duplicated", "reordered", "crossed")
"""What the ledger counts."""

_OPERATORS: Final = ("<", "<=", ">", ">=", "==")
_TIMES: Final = {"us": 0.001, "ms": 1.0, "s": 1000.0, "min": 60_000.0}
_RATES: Final = {"/s": 1.0, "/min": 1 / 60, "/h": 1 / 3600}
_KEPT: Final = (50.0, 90.0, 95.0, 99.0, 99.9)
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<operator><=|>=|==|<|>)|(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][\w.]*)|(?P<unit>%|/[a-z]+)"
    r"|(?P<stray>\S+))"
)
_PERCENTILE: Final = re.compile(r"p(\d{1,2}(?:\.\d{1,3})?)")


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective.

    Attributes:
        text: as it was written, blanks trimmed.
        subject: `series`, `lines` or `outcome`.
        name: of the series, of what the ledger counts, or of the outcome.
        measure: `percentile`, `mean`, `max`, `errors`, `rate`, or `count` (of lines and outcomes).
        percentile: above 0 and below 100 where the measure is one, else 0.
        operator: one of < <= > >= ==.
        limit: in `unit`.
        unit: `ms`, `/s`, `%` (of 100), or nothing for a count.
        share: the part of intervals (0 to 1) that it has to hold in; None where all are judged together.
        abort_after_s: so long it may be missed before the run ends; None where it never ends for it.
    """

    text: str
    subject: str
    name: str
    measure: str
    percentile: float
    operator: str
    limit: float
    unit: str
    share: float | None = None
    abort_after_s: float | None = None

    def holds(self, figure: float) -> bool:
        """Whether a figure, in `unit`, is as the objective wants it."""
        return {
            "<": figure < self.limit,
            "<=": figure <= self.limit,
            ">": figure > self.limit,
            ">=": figure >= self.limit,
            "==": figure == self.limit,
        }[self.operator]

    @property
    def of(self) -> str:
        """What is measured, in words: `echo p99`, `lost`."""
        if self.measure == "count":
            return self.name
        return f"{self.name} {f'p{self.percentile:g}' if self.percentile else self.measure}"


def read_objectives(written: Iterable[str]) -> tuple[Objective, ...]:
    """Read objectives; one that is written twice counts once.

    Raises:
        ConfigError: as `read_objective`.
    """
    return tuple(dict.fromkeys(read_objective(each) for each in written))


def read_objective(written: str) -> Objective:
    """Read one objective.

    Raises:
        ConfigError: it is none; the message's first line says the column, from 1, the others show it.
    """
    return _Reader(written.strip()).objective()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


class _Reader:
    """Reads one objective, token by token."""

    def __init__(self, written: str) -> None:
        self._written = written
        self._tokens = [
            _Token(str(found.lastgroup), found[str(found.lastgroup)], found.start(str(found.lastgroup)))
            for found in _TOKEN.finditer(written)
        ]
        self._tokens.append(_Token("end", "", len(written)))

    def objective(self) -> Objective:
        first = self._next()
        percentile, unit = 0.0, ""
        if first.text in SERIES:
            subject = "series"
            measure, percentile = self._measure()
        elif first.text in LINES:
            subject, measure = "lines", "count"
        elif first.text in set(Outcome):
            subject, measure = "outcome", "count"
        else:
            self._refuse(first, "a series, a count of lines or an outcome, such as echo, lost or abandoned")
        operator = self._next()
        if operator.text not in _OPERATORS:
            self._refuse(operator, f"one of {' '.join(_OPERATORS)}")
        limit = self._number()
        limit, unit = self._in_unit(limit, measure)
        share = self._share(measure, percentile)
        abort_after_s = self._abort(measure, percentile)
        if self._peek().kind != "end":
            self._refuse(self._peek(), "`for N% of intervals`, `abort after TIME`, or the end")
        return Objective(
            self._written,
            subject,
            first.text,
            measure,
            percentile,
            operator.text,
            limit,
            unit,
            share,
            abort_after_s,
        )

    def _measure(self) -> tuple[str, float]:
        token = self._next()
        if token.text in ("mean", "max", "errors", "rate"):
            return token.text, 0.0
        found = _PERCENTILE.fullmatch(token.text)
        if found is None or not float(found[1]):
            self._refuse(token, "p50, p99.9 or the like, mean, max, errors or rate")
        return "percentile", float(found[1])

    def _number(self) -> float:
        token = self._next()
        if token.kind != "number":
            self._refuse(token, "a number")
        return float(token.text)

    def _in_unit(self, limit: float, measure: str) -> tuple[float, str]:
        token = self._peek()
        if measure in ("errors", "count"):
            if token.text == "%":
                self._next()
                return limit, "%"
            if token.kind in ("word", "unit") and token.text not in ("for", "abort"):
                self._refuse(token, "% or nothing behind a count")
            return limit, ""
        units, unit = (_RATES, "/s") if measure == "rate" else (_TIMES, "ms")
        self._next()
        if token.text not in units:
            self._refuse(token, f"a unit: {' '.join(units)}")
        return limit * units[token.text], unit

    def _share(self, measure: str, percentile: float) -> float | None:
        if self._peek().text != "for":
            return None
        start = self._next()
        token = self._peek()
        share = self._number()
        if not 0 < share <= 100:
            self._refuse(token, "more than 0% and at most 100%")
        self._words("%", "of", "intervals")
        self._expect_kept(start, measure, percentile)
        return share / 100

    def _abort(self, measure: str, percentile: float) -> float | None:
        if self._peek().text != "abort":
            return None
        start = self._next()
        self._words("after")
        seconds = self._number()
        token = self._next()
        if token.text not in ("s", "min"):
            self._refuse(token, "a unit: s min")
        self._expect_kept(start, measure, percentile)
        return seconds * _TIMES[token.text] / 1000

    def _expect_kept(self, token: _Token, measure: str, percentile: float) -> None:
        if measure == "percentile" and percentile not in _KEPT:
            kept = ", ".join(f"p{each:g}" for each in _KEPT)
            self._refuse(token, f"it with {kept} only: an interval's line holds no other percentile")

    def _words(self, *expected: str) -> None:
        for word in expected:
            if self._peek().text != word:
                self._refuse(self._peek(), f"`{word}`")
            self._next()

    def _peek(self) -> _Token:
        return self._tokens[0]

    def _next(self) -> _Token:
        return self._tokens.pop(0) if len(self._tokens) > 1 else self._tokens[0]

    def _refuse(self, token: _Token, expected: str) -> NoReturn:
        got = repr(token.text) if token.kind != "end" else "the end"
        raise ConfigError(
            f"objective, column {token.column + 1}: got {got}, expected {expected}\n"
            f"  {self._written}\n  {' ' * token.column}^"
        )
