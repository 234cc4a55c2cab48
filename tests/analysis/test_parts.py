"""Ramp, steady part and drain on loads whose parts are known."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.analysis.parts import Load, find_parts, loads
from whoson_load.measurement.run import TimelineLine
from whoson_load.measurement.tally import Tally

S = 1_000_000_000
BEGIN_NS = 1_760_000_000 * S


def course(levels: list[float], *, due: list[float] | None = None) -> list[Load]:
    """Loads of 5 s intervals."""
    arrivals = due or [0.0] * len(levels)
    return [
        Load(BEGIN_NS + 5 * S * number, BEGIN_NS + 5 * S * (number + 1), level, arrived, 1.0)
        for number, (level, arrived) in enumerate(zip(levels, arrivals, strict=True))
    ]


def open_model(rates_per_s: list[float], mean_visit_s: float, seed: int) -> list[Load]:
    """Visits in progress of a Poisson process along rates, one a 5 s interval, with exponential visits."""
    rng = random.Random(seed)
    visits: list[tuple[float, float]] = []
    due = [0.0] * len(rates_per_s)
    for number, rate in enumerate(rates_per_s):
        at = 5.0 * number
        while rate and (at := at + rng.expovariate(rate)) < 5.0 * (number + 1):
            visits.append((at, at + rng.expovariate(1 / mean_visit_s)))
            due[number] += 1
    ends = [5.0 * (number + 1) for number in range(len(rates_per_s))]
    load = course([float(sum(begun <= end < left for begun, left in visits)) for end in ends], due=due)
    for each in load:
        each.begun = each.due
    return load


def test_a_trapeze_is_cut_where_it_bends() -> None:
    """A ramp of 5 intervals, 20 level ones, a drain of 5: that is what is found."""
    parts = find_parts(course([20, 40, 60, 80, 100, *[100] * 20, 80, 60, 40, 20, 0]))
    assert parts.ramp is not None
    assert parts.steady is not None
    assert parts.drain is not None
    assert abs(parts.ramp.intervals - 5) <= 1
    assert abs(parts.steady.intervals - 20) <= 2
    assert parts.ramp.end_ns == parts.steady.start_ns
    assert parts.steady.end_ns == parts.drain.start_ns
    assert parts.steady.in_progress == pytest.approx(100, rel=0.02)


@pytest.mark.parametrize(
    "levels",
    [
        list(range(0, 100, 2)),
        list(range(100, 0, -2)),
        [2**number for number in range(12)],
        [5, 100, 5, 100, 5, 100, 5, 100],
        [0] * 30,
        [10, 10],
        [],
    ],
    ids=["ramp", "drain", "explosion", "saw", "nobody", "too short", "empty"],
)
def test_a_load_that_never_stays_level_has_no_steady_part(levels: list[float]) -> None:
    """And the reason says so."""
    load = course(levels)
    for each in load:
        each.begun = float(each.in_progress > 0)
    parts = find_parts(load)
    assert (parts.ramp, parts.steady, parts.drain) == (None, None, None)
    assert parts.reason.startswith("No steady part: ")


@pytest.mark.parametrize("seats", [5, 20, 50, 500])
def test_seats_that_are_empty_now_and_then_are_steady(seats: int) -> None:
    """In the closed model a seat is empty between two visits; that is no unrest.

    A seat that is left in 7 of 100 intervals is held for 14: so long it takes until the first visits are over.
    """
    rng = random.Random(seats)
    taken = [[rng.random() < 0.93 for _ in range(seats)] for _ in range(100)]
    load = course([seats / 2, *(float(sum(now)) for now in taken), 0])
    for each, before, now in zip(load[2:], taken, taken[1:], strict=False):
        each.begun = float(sum(again and not was for was, again in zip(before, now, strict=True)))
    load[0].begun, load[1].begun = seats / 2, seats / 2
    parts = find_parts(load)
    assert parts.steady is not None
    assert parts.steady.intervals == pytest.approx(100 - 14, abs=8)


def closed_model(visitors: int, mean_visit_s: float, seed: int, *, intervals: int = 60) -> list[Load]:
    """Visits in progress of visitors who all begin at once, whose visits differ by a third, and who pause 1 s."""
    rng = random.Random(seed)
    visits: list[tuple[float, float]] = []
    for _ in range(visitors):
        at = rng.random()
        while at < 5.0 * intervals:
            left = at + rng.gauss(mean_visit_s, mean_visit_s / 3)
            visits.append((at, left))
            at = max(at, left) + 1.0
    return [
        Load(
            BEGIN_NS + 5 * S * number,
            BEGIN_NS + 5 * S * (number + 1),
            float(sum(begun <= 5.0 * (number + 1) < left for begun, left in visits)),
            0.0,
            float(sum(5.0 * number <= begun < 5.0 * (number + 1) for begun, _ in visits)),
        )
        for number in range(intervals)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_visitors_who_all_come_at_once_are_steady_once_their_visits_have_parted(seed: int) -> None:
    """50 at once with visits of 40 s: the population is level from the first second, what it does is not."""
    parts = find_parts(closed_model(50, 40.0, seed))
    assert parts.steady is not None
    assert parts.steady.start_ns >= BEGIN_NS + 30 * S
    assert parts.steady.lasts_s >= 150


def test_a_crowd_that_joins_others_has_to_part_again() -> None:
    """50 for long, then 500: of these, 450 came together, whatever had ended before."""
    before, joined = closed_model(50, 40.0, 1, intervals=120), closed_model(450, 40.0, 2, intervals=120)
    load = []
    for number in range(240):
        old = before[min(number, 119)]
        new = joined[number - 120] if number >= 120 else Load(0, 0)
        load.append(
            Load(
                BEGIN_NS + 5 * S * number,
                BEGIN_NS + 5 * S * (number + 1),
                old.in_progress + new.in_progress,
                0.0,
                old.begun + new.begun,
            )
        )
    parts = find_parts(load[:120] + load[120:])
    assert parts.steady is not None
    if parts.steady.in_progress > 250:
        assert parts.steady.start_ns >= BEGIN_NS + (600 + 30) * S


def test_a_server_that_becomes_slower_is_no_other_load() -> None:
    """In the closed model fewer visits begin then; a part that ended there would hide what a soak is for."""
    load = [
        Load(BEGIN_NS + 5 * S * number, BEGIN_NS + 5 * S * (number + 1), 20.0, 0.0, 20.0 / (1 + number / 60))
        for number in range(240)
    ]
    parts = find_parts(load)
    assert parts.steady is not None
    assert parts.steady.intervals >= 235


@pytest.mark.parametrize("seed", range(5))
def test_an_open_model_settles_after_its_visits_length(seed: int) -> None:
    """2 arrivals a second for 20 minutes, visits of a minute: 120 in progress after about 3 minutes."""
    parts = find_parts(open_model([2.0] * 240 + [0.0] * 40, 60.0, seed))
    assert parts.steady is not None
    assert parts.steady.in_progress == pytest.approx(120, rel=0.1)
    assert parts.steady.lasts_s >= 600
    assert parts.steady.end_ns <= BEGIN_NS + (1200 + 60) * S


@pytest.mark.parametrize("seed", range(20))
def test_a_few_visitors_who_come_and_go_are_not_steady(seed: int) -> None:
    """One a second for 40 s, visits of 20 s: filling up and emptying are all there is, or nearly."""
    parts = find_parts(open_model([1.0] * 8 + [0.0] * 8, 20.0, seed))
    if parts.steady is not None:
        assert parts.steady.start_ns >= BEGIN_NS + 15 * S
        assert parts.steady.end_ns <= BEGIN_NS + 40 * S


@pytest.mark.parametrize("seed", range(5))
def test_a_few_visitors_for_long_are(seed: int) -> None:
    """The same for an hour: all but the first visits, and nothing after the last arrival."""
    parts = find_parts(open_model([1.0] * 720 + [0.0] * 20, 20.0, seed))
    assert parts.steady is not None
    assert parts.steady.start_ns >= BEGIN_NS + 20 * S
    assert parts.steady.end_ns <= BEGIN_NS + 3600 * S
    assert parts.steady.lasts_s >= 2400


@pytest.mark.parametrize("seed", range(5))
def test_a_rising_arrival_rate_is_not_steady(seed: int) -> None:
    """0 to 4 arrivals a second over 20 minutes: no stretch of it is called steady for long."""
    parts = find_parts(open_model([4.0 * number / 240 for number in range(240)], 30.0, seed))
    assert parts.steady is None or parts.steady.intervals <= 240 * 0.35


def test_a_day_is_found_in_coarser_steps() -> None:
    """17,280 intervals: the steady part is right to a few minutes."""
    levels = [min(1.0, number / 720) * 300 for number in range(16_560)] + [0.0] * 720
    parts = find_parts(course(levels))
    assert parts.steady is not None
    assert parts.steady.lasts_s == pytest.approx(15_840 * 5, rel=0.02)


def test_what_came_late_belongs_to_its_interval() -> None:
    """Gauges and arrivals of a late line are added; an interval ends where the next one begins."""
    tally = Tally(arrivals={"due": 2, "begun": 1})
    lines = [
        TimelineLine(start_ns=0, end_ns=5 * S + 7, gauges={"visits in progress": 3}, tally=tally),
        TimelineLine(start_ns=5 * S, end_ns=10 * S + 9, gauges={"visits in progress": 4}),
        TimelineLine(start_ns=0, end_ns=6 * S, gauges={"visits in progress": 1}, tally=tally, late=True),
    ]
    assert loads(lines) == [Load(0, 5 * S, 4, 4, 2), Load(5 * S, 10 * S + 9, 4, 0, 0)]


@given(st.lists(st.integers(0, 300), max_size=60))
def test_parts_cover_the_run_without_gap_or_overlap(levels: list[float]) -> None:
    """Whatever the load: either there is no part at all, or they follow each other from begin to end."""
    load = course(levels)
    parts = find_parts(load)
    found = [each for each in (parts.ramp, parts.steady, parts.drain) if each is not None]
    if parts.steady is None:
        assert not found
        return
    assert found[0].start_ns == load[0].start_ns
    assert found[-1].end_ns == load[-1].end_ns
    assert all(before.end_ns == after.start_ns for before, after in pairwise(found))
    assert sum(each.intervals for each in found) == len(load)
