"""Which load a capacity search visits next, and what the loads it has visited come to. Knows verdicts, no intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median
from typing import Final

from whoson_load.analysis.bounds import too_few
from whoson_load.analysis.judging import show
from whoson_load.analysis.levels import MOST_HOLDS
from whoson_load.analysis.objectives import read_objective
from whoson_load.measurement.capacity import Bounded, Conclusion, Level, Quantity, Wanted, Worth
from whoson_load.measurement.trust import Verdict

__all__ = ["MOST_LEVELS", "Answer", "answer", "level_takes_s", "next_load"]

MOST_LEVELS: Final = 11
"""A search ends after so many, with what it knows by then."""

_CAUTIOUS: Final = 4  # Invented: so many loads are doubled, as a server may fall; then three quarters are still to go
_VAGUE: Final = 2.0  # so many times as far apart as was asked for (5 %), the lower load may be a tenth off
_STRIDE: Final = 2.0
_LONG_STRIDE: Final = 4.0


@dataclass(frozen=True, slots=True)
class _Bracket:
    """Where the capacity lies.

    Attributes:
        good: the highest load below `bad`; None for none.
        bad: the lowest load that was found bad (`_is_bad`); None for none.
    """

    good: float | None
    bad: float | None


def next_load(wanted: Wanted, levels: Sequence[Level]) -> float | None:
    """The load to visit next; None when all is known, or `MOST_LEVELS` are visited.

    First the range is found: each load is twice the one before, from the fifth on four times, until one is bad. Then
    it is cut: near where operational analysis expects the capacity (`_aim`, `_expected`), else in the middle. Last, the
    lowest bad load is visited again, then the highest good one, which so is reached from above: a server that keeps
    something of an overload shows it there. A load counts as good only while it was never found bad, so that each visit
    narrows the range; but what chance may have decided undoes nothing (`_is_bad`).
    """
    if not levels:
        return wanted.lowest
    left = MOST_LEVELS - len(levels)
    found = _bracket(levels)
    ends = [load for load in (found.bad, found.good) if load is not None]
    unconfirmed = [load for load in ends if _visits(levels, load) < 2]
    further = None
    if found.bad is None and found.good is not None and found.good < wanted.highest:
        further = _step_up(wanted, found.good, len({each.load for each in levels}))
    elif found.bad is not None and found.good is not None:
        further = _between(wanted, levels, found.good, found.bad)
    # Towards the end what is left belongs to the second visits, unless they would only confirm that little is known.
    vague = found.good is not None and found.bad is not None and found.bad / found.good > 1 + _VAGUE * wanted.within
    if further is not None and (left > len(unconfirmed) or (vague and left > 0)):
        return further
    return unconfirmed[0] if unconfirmed and left > 0 else None


def level_takes_s(levels: Sequence[Level]) -> float | None:
    """How long a level takes with the rest before it: half of those visited took no longer; None without any."""
    if not levels:
        return None
    ends_ns = [levels[0].begun_ns, *(each.ended_ns for each in levels)]
    return median((after - before) / 1e9 for before, after in pairwise(ends_ns))


def _bracket(levels: Sequence[Level]) -> _Bracket:
    all_bad = [each for each in levels if each.worth is Worth.BAD]
    surely = [each for each in all_bad if _is_bad(levels, each)]
    # With nothing worse above it, a load that chance may have found bad is all that is known of the end.
    bad = min((each.load for each in surely or all_bad), default=None)
    below = [each.load for each in levels if bad is None or each.load < bad]
    return _Bracket(max(below, default=None), bad)


def _is_bad(levels: Sequence[Level], level: Level) -> bool:
    """Whether a level shows that its load is too much.

    Not where it is bad by chance, perhaps, and the same load, reached from the same side, was good before: the capacity
    is there, and to fall back to the next load below, which may be a fifth less, would tell less of it.
    """
    return level.worth is Worth.BAD and (
        level.sure
        or not any(
            each.worth is Worth.GOOD
            and (each.load, each.from_above) == (level.load, level.from_above)
            and each.number < level.number
            for each in levels
        )
    )


def _visits(levels: Sequence[Level], load: float) -> int:
    return sum(each.load == load for each in levels)


def _step_up(wanted: Wanted, load: float, loads: int) -> float:
    higher = load * (_STRIDE if loads < _CAUTIOUS else _LONG_STRIDE)
    # No last step that would hardly be one.
    return wanted.highest if higher * 1.2 >= wanted.highest else _rounded(wanted, higher)


def _between(wanted: Wanted, levels: Sequence[Level], good: float, bad: float) -> float | None:
    """A load between the two; None where they are near enough, or nothing lies between."""
    if bad / good - 1 <= wanted.within * (1 + 1e-9):
        return None
    aim = _aim(wanted, levels, good, bad)
    load, grain = _rounded(wanted, aim), _grain(wanted, aim)
    return next((each for each in (load, load - grain, load + grain) if good < each < bad), None)


def _aim(wanted: Wanted, levels: Sequence[Level], good: float, bad: float) -> float:
    """Where the range is best cut: in the middle of the two loads' logarithms, or nearer to one end.

    The first cut is made a little below the expected capacity. When that was good, or bad, the next ones leave it that
    way in strides that double, and never go beyond the middle; once one is found the other way, the middle it is.
    """
    middle = math.sqrt(good * bad)
    if any(each.load == bad and each.worth is Worth.GOOD for each in levels):
        return max(middle, bad / (1 + 2 * wanted.within))  # it is both: the capacity is near
    first_bad = next(index for index, each in enumerate(levels) if each.worth is Worth.BAD)
    cuts = [each.worth for each in levels[first_bad + 1 :]]
    expected = _expected(levels[: first_bad + 1])
    if expected is None or len(set(cuts)) > 1:
        return middle
    if not cuts:
        near = 1 + 2 * wanted.within
        return max(expected / near, min(middle, good * near))
    stride = 1 + wanted.within * 2.0 ** len(cuts)
    return min(middle, good * stride) if cuts[0] is Worth.GOOD else max(middle, bad / stride)


def _expected(levels: Sequence[Level]) -> float | None:
    """Where the capacity should lie by the throughput alone; None where that says nothing.

    A visitor who never waits gets so many answers a second, and a saturated server gives so many in all: their quotient
    is how many such visitors it can serve. An overload may cost it some, so that it is rather too low than too high.
    Source: the asymptotic bounds of operational analysis; Denning and Buzen, The Operational Analysis of Queueing
    Network Models, ACM Computing Surveys 10 (1978).

    Args:
        levels: up to the first bad one, which is the last.
    """
    *good, bad = levels
    highest = max(good, key=lambda each: each.load)
    each_gets = highest.answers_per_s / highest.load
    if each_gets <= 0 or bad.answers_per_s <= 0:
        return None
    expected = bad.answers_per_s / each_gets
    return expected if expected < bad.load else None


def _grain(wanted: Wanted, load: float) -> float:
    """The least that two loads of this size differ by: a visitor, or the third digit of arrivals a minute."""
    return 1.0 if wanted.quantity is Quantity.VISITORS else 10.0 ** (math.floor(math.log10(load)) - 2)


def _rounded(wanted: Wanted, load: float) -> float:
    grain = _grain(wanted, load)
    return float(f"{round(load / grain) * grain:.9g}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the levels of a search come to.

    Attributes:
        conclusion, holds, passes_at, confirmed, sentence, notes: as in `measurement.capacity.Capacity`.
    """

    conclusion: Conclusion
    holds: float | None
    passes_at: float | None
    confirmed: bool
    sentence: str
    notes: list[str]


def answer(wanted: Wanted, levels: Sequence[Level], *, interrupted: bool = False, distrust: str = "") -> Answer:
    """What is known after these levels.

    Args:
        interrupted: whether the search was broken off, or still goes on.
        distrust: why the generator cannot be trusted, as a sentence; empty where it can.
    """
    distrust = distrust or next((each.trust.reason for each in levels if each.trust.verdict is Verdict.INVALID), "")
    if distrust:
        return Answer(
            Conclusion.UNTRUSTED,
            None,
            None,
            confirmed=False,
            sentence=f"No capacity can be told, for the generator was the bottleneck: {distrust}",
            notes=[],
        )
    found = _bracket(levels)
    if interrupted or not levels:
        conclusion = Conclusion.INTERRUPTED
    elif found.bad is None:
        conclusion = Conclusion.AT_LEAST
    else:
        conclusion = Conclusion.FOUND if found.good is not None else Conclusion.NONE
    ends = [each for each in (found.good, found.bad) if each is not None]
    worths = {load: {each.worth for each in levels if each.load == load} for load in ends}
    confirmed = bool(ends) and all(_visits(levels, each) >= 2 and len(worths[each]) == 1 for each in ends)
    notes = _notes(wanted, levels, found, done=not interrupted)
    return Answer(conclusion, found.good, found.bad, confirmed, _sentence(wanted, levels, found, conclusion), notes)


def _sentence(wanted: Wanted, levels: Sequence[Level], found: _Bracket, conclusion: Conclusion) -> str:
    parts = []
    if found.good is not None:
        at_least = "at least " if found.bad is None else ""
        here = [each for each in levels if each.load == found.good]
        sure = any(each.sure for each in here) and all(each.worth is Worth.GOOD for each in here)
        parts.append(f"{'Holds' if sure else 'Seems to hold'} {at_least}{_holding(wanted, levels, found.good)}")
    if found.bad is not None:
        level = next(each for each in levels if each.load == found.bad and each.worth is Worth.BAD)
        missed = next((each for each in level.judged if each.objective == level.limiting), level.judged[0])
        where = f"at {_named(wanted, found.bad)} {_passing(missed)}"
        if found.good is None:
            where = (
                f"Holds not even {_named(wanted, found.bad)}, the lowest load that was tried: there {_passing(missed)}"
            )
        parts += [where, f"limiting: {missed.objective}"]
    said = "; ".join(parts) + "." if parts else ""
    if conclusion is Conclusion.INTERRUPTED:
        after = f"{len(levels)} level{'s' * (len(levels) != 1)}"
        return f"Broken off after {after}. So far: {said}" if said else "Broken off in the first level."
    return said


def _holding(wanted: Wanted, levels: Sequence[Level], load: float) -> str:
    here = [each for each in levels if each.load == load]
    chats, a_minute = fmean(each.in_progress for each in here), fmean(each.arrivals_per_min for each in here)
    if wanted.quantity is Quantity.VISITORS:
        return f"{_named(wanted, load)} ({chats:,.0f} chats in progress, {a_minute:,.0f} arrivals a minute)"
    return f"{_named(wanted, load)} ({chats:,.0f} chats in progress)"


def _named(wanted: Wanted, load: float) -> str:
    return f"{load:,.0f} visitors at once" if wanted.quantity is Quantity.VISITORS else f"{load:,.6g} arrivals a minute"


def _passing(missed: Bounded) -> str:
    objective = read_objective(missed.objective)
    if objective.share is not None:
        if missed.figure is None:
            return f"no interval has anything to judge {missed.of} by"
        kept = f"{missed.of} {objective.operator} {show(objective.limit, objective.unit)}"
        return f"{kept} holds in {missed.figure:.4g}% of intervals, not in {missed.limit:.4g}%"
    if missed.figure is None:
        return f"nothing was measured of {missed.of}"
    over = "passes" if missed.figure > missed.limit else "misses"
    return f"{missed.of} {over} {show(missed.limit, missed.unit)} ({show(missed.figure, missed.unit)})"


def _notes(wanted: Wanted, levels: Sequence[Level], found: _Bracket, *, done: bool) -> list[str]:
    notes = [*_disagreements(wanted, levels)]
    for each in levels:
        if each.load in (found.good, found.bad) and not each.sure:
            notes += _doubts(wanted, each)
        if not each.recovered:
            notes.append(
                f"Before level {each.number} the server had not recovered from the overload after"
                f" {each.recovery_s or 0:,.0f} s at half that load."
            )
        if each.trust.verdict is Verdict.DOUBTFUL and each.load in (found.good, found.bad):
            notes.append(f"Level {each.number} is doubtful: {each.trust.reason}")
    if done and found.good is not None and found.bad is not None:
        apart = found.bad / found.good - 1
        if apart > wanted.within * (1 + 1e-9) and found.bad - found.good > _grain(wanted, found.good) * 1.001:
            notes.append(
                f"The two loads are {apart:.0%} apart, not {wanted.within:.0%}: the search ends after"
                f" {MOST_LEVELS} levels. Begin it nearer (--from, --to)."
            )
    return notes


def _doubts(wanted: Wanted, level: Level) -> list[str]:
    """Why a level is not sure: what chance may have decided; of what saw too little, the one that needs the most."""
    where = f"Level {level.number} ({_named(wanted, level.load)})"
    notes, few = [], []
    for each in level.judged:
        if each.worth is not Worth.UNDECIDED or (level.worth is Worth.BAD and each.objective != level.limiting):
            continue
        counts = too_few(read_objective(each.objective), each)
        if counts is not None:
            few.append((counts[1] / max(counts[0], 1), each.objective, *counts))
        elif each.figure is None:
            notes.append(f"{where} measured nothing of {each.of}, so {each.objective} is not known to be met there.")
        else:
            notes.append(f"{where} was {level.worth.value} by {each.of} so near its limit that chance may decide.")
    if few:
        times, objective, had, needed = max(few)
        held_s = (level.ended_ns - level.held_ns) / 1e9
        notes.append(
            f"{where} met {objective} in all it saw, but saw too little to be sure: {had:,} of the {needed:,} that"
            f" would rule chance out (--hold {math.ceil(held_s / MOST_HOLDS * times)}s)."
        )
    return notes


def _disagreements(wanted: Wanted, levels: Sequence[Level]) -> list[str]:
    notes = []
    for load in sorted({each.load for each in levels}):
        here = [each for each in levels if each.load == load]
        if len({each.worth for each in here}) < 2:
            continue
        told = ", then ".join(f"{each.worth.value} from {'above' if each.from_above else 'below'}" for each in here)
        bad_from_above = any(each.worth is Worth.BAD and each.from_above for each in here) and any(
            each.worth is Worth.GOOD and not each.from_above for each in here
        )
        why = "it keeps something of an overload (hysteresis), or " if bad_from_above else ""
        notes.append(
            f"The server did not answer the same way twice at {_named(wanted, load)}: {told}; {why}this load is so near"
            " its limit that chance decides."
        )
    return notes
