"""The language that rate curves are written in, and how it is read. Knows no file: it is told how to get one's text.

A curve is written as stages, one after the other, `;` between them:

    constant RATE [for TIME]                        as many, all the time; without TIME until the run is stopped
    ramp [RATE] to RATE over TIME                   evenly more, or fewer; without the first RATE from where it stood
    hold [for] [TIME]                               stays where it stood; without TIME until the run is stopped
    steps RATE to RATE by RATE every TIME           a staircase; each step lasts TIME, the last one, too
    spike RATE for TIME                             jumps there, and back to where it stood
    profile FILE [xN] [at P%] [for TIME]            a day, from a CSV file of chats per hour

RATE is a number and `/s`, `/min` or `/h`. TIME is made of numbers and `s`, `m` (or `min`), `h`, `d`: `90s`, `1h30m`.
Before the first stage nobody comes: `ramp to 60/min over 5m` begins at 0.

`xN` lets the day pass N times faster, at the rates of the day: a server meets the same crowds, each for a shorter time.
`at 150%` is that day with half as many chats again. `for` ends the day early, or begins it again, in time of the run.
A file name with blanks or `;` stands in quotes.

    constant 30/min for 10m
    ramp 0/min to 60/min over 5m; hold 10m
    constant 20/min for 5m; spike 200/min for 1m; hold 5m
    profile chats.csv x24
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from whoson_load.errors import ConfigError
from whoson_load.visitors.rate_curve import HIGHEST_PER_S, LONGEST_S, MOST_STAGES, RateCurve, Stage

__all__ = ["read_curve", "read_day", "read_time"]

_TOKEN = re.compile(r'"(?P<double>[^"]*)"|\'(?P<single>[^\']*)\'|(?P<end>;)|(?P<word>[^\s;"\']+)|(?P<stray>\S)')
_NUMBER = r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
_RATE = re.compile(rf"{_NUMBER}/(s|min|h)")
_FACTOR = re.compile(rf"x{_NUMBER}")
_PERCENT = re.compile(rf"{_NUMBER}%")
_TIME_PART = re.compile(rf"{_NUMBER}(min|[smhd])")
_TIME = re.compile(rf"(?:{_TIME_PART.pattern})+")
_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_HOUR = re.compile(r"(\d{1,2})(?::00)?")


def read_curve(written: str, read_file: Callable[[str], str]) -> RateCurve:
    """Read a curve.

    Args:
        written: in the language above.
        read_file: gives the text of a profile's file, or raises ConfigError.

    Raises:
        ConfigError: it is not such; the message names the column, from 1, or the file's line.
    """
    return RateCurve(tuple(_Reader(written, read_file).stages()))


def read_time(written: str) -> float:
    """The seconds of a time such as `90s` or `1h30m`.

    Raises:
        ValueError: it is none, 0, or longer than a year.
    """
    if _TIME.fullmatch(written):
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in _TIME_PART.findall(written))
        if 0 < seconds <= LONGEST_S:
            return seconds
    raise ValueError(f"got {written!r}, expected a time such as 90s or 1h30m, above 0 and at most a year")


def read_day(text: str, name: str) -> tuple[float, ...]:
    """Read a day's profile: a line `hour,chats` for each hour of the day, in any order, a header allowed.

    Args:
        text: the file's; `;` may stand for the comma.
        name: the file's, for messages.

    Returns:
        24 numbers, chats per hour from midnight.

    Raises:
        ConfigError: it is not such; the message names the line.
    """
    chats: dict[int, float] = {}
    rows = csv.reader(text.removeprefix("\ufeff").splitlines(), delimiter=";" if ";" in text else ",")
    for line, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (line == 1 and not any(character.isdigit() for character in "".join(cells))):
            continue
        hour = _HOUR.fullmatch(cells[0])
        if len(cells) != 2 or hour is None or int(hour[1]) > 23:
            raise ConfigError(
                f"{name}, line {line}: got {', '.join(cells)[:60]!r}, expected an hour (0 to 23) and its chats: 9,120"
            )
        if int(hour[1]) in chats:
            raise ConfigError(f"{name}, line {line}: got hour {int(hour[1])} again, expected each hour once")
        chats[int(hour[1])] = _chats(cells[1], name, line)
    missing = [str(hour) for hour in range(24) if hour not in chats]
    if missing:
        raise ConfigError(f"{name}: got no line for hour {', '.join(missing)}, expected each of 0 to 23")
    return tuple(chats[hour] for hour in range(24))


def _chats(written: str, name: str, line: int) -> float:
    try:
        chats = float(written)
    except ValueError:
        chats = math.nan
    if not 0 <= chats <= 1e9:
        raise ConfigError(f"{name}, line {line}: got {written[:60]!r} chats, expected a number from 0 to a billion")
    return chats


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    column: int
    kind: str


class _Reader:
    def __init__(self, written: str, read_file: Callable[[str], str]) -> None:
        self._written = written
        self._read_file = read_file
        self._tokens = [
            _Token(match[kind], match.start() + 1, kind)
            for match in _TOKEN.finditer(written)
            if (kind := match.lastgroup) is not None
        ]
        self._tokens.append(_Token("", len(written.rstrip()) + 1, "nothing"))
        self._place = 0
        self._level_per_s = 0.0  # where the rate stands

    def stages(self) -> Iterator[Stage]:
        readers = {
            "constant": self._constant,
            "ramp": self._ramp,
            "hold": self._hold,
            "steps": self._steps,
            "spike": self._spike,
            "profile": self._profile,
        }
        first = True
        while True:
            verb, allowed = self._take(), [each for each in readers if not first or each not in ("hold", "spike")]
            if verb.text not in allowed or verb.kind != "word":
                raise self._wrong(verb, " or ".join(allowed))
            stage = None
            for stage in readers[verb.text]():
                yield stage
            end = self._take()
            if end.kind == "nothing":
                return
            if stage is not None and stage.lasts_s == math.inf:
                raise self._wrong(end, "the end, since the stage before it has none (give it a time)")
            if end.kind != "end":
                raise self._wrong(end, "; or the end")
            if self._peek().kind == "nothing":
                return
            first = False

    def _constant(self) -> Iterator[Stage]:
        self._level_per_s = self._rate()
        lasts_s = self._time() if self._accept("for") else math.inf
        yield Stage(lasts_s, self._level_per_s, self._level_per_s)

    def _ramp(self) -> Iterator[Stage]:
        begin_per_s = self._level_per_s if self._peek().text == "to" else self._rate()
        self._word("to")
        self._level_per_s = self._rate()
        self._word("over")
        yield Stage(self._time(), begin_per_s, self._level_per_s)

    def _hold(self) -> Iterator[Stage]:
        timed = self._accept("for") or self._peek().kind == "word"
        yield Stage(self._time() if timed else math.inf, self._level_per_s, self._level_per_s)

    def _steps(self) -> Iterator[Stage]:
        begin_per_s = self._rate()
        self._word("to")
        self._level_per_s = self._rate()
        self._word("by")
        by = self._peek()
        by_per_s = self._rate()
        self._word("every")
        every_s = self._time()
        height_per_s = self._level_per_s - begin_per_s
        # A billionth less, so that 0/min to 1/min by 0.1/min has ten steps up and not an eleventh of nothing.
        count = math.ceil(abs(height_per_s) / by_per_s - 1e-9) if by_per_s else MOST_STAGES
        if count >= MOST_STAGES:
            raise self._wrong(by, f"a rate that makes fewer than {MOST_STAGES:,} steps")
        for step in range(count):
            rate_per_s = begin_per_s + math.copysign(step * by_per_s, height_per_s)
            yield Stage(every_s, rate_per_s, rate_per_s)
        yield Stage(every_s, self._level_per_s, self._level_per_s)

    def _spike(self) -> Iterator[Stage]:
        rate_per_s = self._rate()
        self._word("for")
        yield Stage(self._time(), rate_per_s, rate_per_s)

    def _profile(self) -> Iterator[Stage]:
        name = self._take()
        if name.kind not in ("word", "double", "single") or not name.text:
            raise self._wrong(name, "the name of a CSV file")
        hour_s, share, lasts_s = 3600.0, 1.0, None
        if self._peek().text.startswith("x"):
            hour_s /= self._number(_FACTOR, "a factor above 0 such as x24")
        if self._accept("at"):
            share = self._number(_PERCENT, "a percentage above 0 such as 150%") / 100
        wish = self._peek()
        if self._accept("for"):
            lasts_s = self._time()
        day = [chats * share / 3600 for chats in read_day(self._read_file(name.text), name.text)]
        left_s = 24 * hour_s if lasts_s is None else lasts_s
        if left_s / hour_s > MOST_STAGES:
            raise self._wrong(wish if lasts_s is not None else name, f"at most {MOST_STAGES:,} hours of the day")
        for hour in range(math.ceil(left_s / hour_s - 1e-9)):
            self._level_per_s = day[hour % 24]
            yield Stage(min(hour_s, left_s - hour * hour_s), self._level_per_s, self._level_per_s)

    # Words

    def _peek(self) -> _Token:
        return self._tokens[self._place]

    def _take(self) -> _Token:
        token = self._tokens[self._place]
        self._place = min(self._place + 1, len(self._tokens) - 1)
        return token

    def _accept(self, word: str) -> bool:
        token = self._peek()
        if token.kind == "word" and token.text == word:
            self._place += 1
            return True
        return False

    def _word(self, word: str) -> None:
        if not self._accept(word):
            raise self._wrong(self._peek(), repr(word))

    def _rate(self) -> float:
        token = self._take()
        match = _RATE.fullmatch(token.text)
        if match is not None and token.kind == "word":
            rate_per_s = float(match[1]) / _SECONDS[match[2]]
            if rate_per_s <= HIGHEST_PER_S:
                return rate_per_s
        raise self._wrong(token, f"a rate such as 30/min or 0.5/s, from 0 to {HIGHEST_PER_S:,.0f}/s")

    def _time(self) -> float:
        token = self._take()
        try:
            if token.kind == "word":
                return read_time(token.text)
        except ValueError:
            pass
        raise self._wrong(token, "a time such as 90s or 1h30m, above 0 and at most a year")

    def _number(self, pattern: re.Pattern[str], expected: str) -> float:
        token = self._take()
        match = pattern.fullmatch(token.text)
        number = float(match[1]) if match is not None and token.kind == "word" else 0.0
        if not 0 < number < 1e9:
            raise self._wrong(token, expected)
        return number

    def _wrong(self, token: _Token, expected: str) -> ConfigError:
        got = "the end" if token.kind == "nothing" else repr(token.text[:60])
        return ConfigError(f"arrivals {self._written!r}, column {token.column}: got {got}, expected {expected}")
