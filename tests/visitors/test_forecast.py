from __future__ import annotations

from dataclasses import replace
from statistics import fmean

import pytest

from whoson_load.visitors.curve_language import read_curve
from whoson_load.visitors.draws import Constant, Exponential, stream
from whoson_load.visitors.forecast import OPERATOR_COMES, in_progress, seats_in_progress, visit_lengths_s
from whoson_load.visitors.patience import MANNERS
from whoson_load.visitors.poisson import arrivals
from whoson_load.visitors.rate_curve import RateCurve


def curve_of(written: str) -> RateCurve:
    """Read a curve that needs no file."""
    return read_curve(written, lambda name: name)


def test_in_the_steady_state_littles_law_holds() -> None:
    """Those there are the rate times the mean length."""
    lengths_s = [10.0, 20.0, 90.0]
    assert in_progress(curve_of("constant 3/s"), 1000, lengths_s) == pytest.approx(3 * fmean(lengths_s))


@pytest.mark.parametrize("at_s, there", [(0, 0), (5, 10), (30, 60), (65, 50), (90, 0), (-3, 0)])
def test_visitors_come_and_go_with_the_curve(at_s: float, there: float) -> None:
    """2/s for a minute, each staying for 30 s: they fill up, stay level, and are gone half a minute after the last."""
    assert in_progress(curve_of("constant 2/s for 60s"), at_s, [30.0]) == pytest.approx(there)


def test_the_expectation_is_the_mean_of_many_runs() -> None:
    """Followed one by one through 40 seeded runs, as many visitors are there as the formula says."""
    curve = curve_of("ramp to 20/s over 60s; spike 50/s for 10s; hold 30s")
    length = Exponential(8)
    rng = stream("lengths")
    lengths_s = [length.draw(rng) for _ in range(2000)]
    for at_s in (30, 65, 75, 105):
        runs = []
        for seed in range(40):
            came = [at_ns / 1e9 for _, at_ns in arrivals(curve, seed)]
            runs.append(sum(each <= at_s < each + length.draw(rng) for each in came))
        assert in_progress(curve, at_s, lengths_s) == pytest.approx(fmean(runs), rel=0.06)


def test_seats_are_shared_between_visiting_and_waiting() -> None:
    """30 seats, visits of 20 s, 10 s between them: 20 are there, and one begins each second."""
    begun, there = seats_in_progress(30, 10, 3000, 100, [11.0, 20.0, 29.0], [7.0, 10.0, 13.0])
    assert fmean(there[10:]) == pytest.approx(20, rel=0.02)
    assert fmean(begun[10:]) / 30 == pytest.approx(1.0, rel=0.02)


def test_seats_fill_up_at_the_spawn_rate() -> None:
    """Ten seconds for 100 seats at 10 a second, evenly."""
    begun, there = seats_in_progress(100, 10, 20, 20, [1000.0], [1.0])
    assert there == pytest.approx([min(100, 10 * second + 5) for second in range(20)], abs=1)
    assert begun == pytest.approx([10] * 10 + [0] * 10, abs=0.2)


def test_visits_of_no_length_come_to_an_end() -> None:
    """A seat whose visits and waits take no time is followed all the same."""
    begun, _ = seats_in_progress(1, 1, 10, 10, [0.0], [0.0])
    assert sum(begun) > 0


def test_visit_lengths_are_the_same_each_time_and_follow_the_pace() -> None:
    """A plan drawn twice is the same plan; at pace 4 with paced operators everything is four times shorter."""
    life = visit_lengths_s(MANNERS, 1)
    assert life == visit_lengths_s(MANNERS, 1)
    assert fmean(visit_lengths_s(replace(MANNERS, pace=4), 4)) == pytest.approx(fmean(life) / 4, rel=0.02)
    assert fmean(visit_lengths_s(replace(MANNERS, pace=4), 1)) > fmean(life) / 4


def test_longer_chats_make_longer_visits() -> None:
    """The manners decide: more turns, slower reading, more thought."""
    life = fmean(visit_lengths_s(MANNERS, 1))
    assert fmean(visit_lengths_s(replace(MANNERS, turns_low=8, turns_high=12), 1)) > 1.5 * life
    assert fmean(visit_lengths_s(replace(MANNERS, thought=Constant(60)), 1)) > 1.5 * life


def test_whoever_has_no_patience_leaves_before_the_operator_comes() -> None:
    """Then no line is typed."""
    hasty = replace(MANNERS, patience=Constant(0))
    lengths_s = visit_lengths_s(hasty, 1 / 1000)
    assert OPERATOR_COMES.mean * 1000 > max(lengths_s)
    assert fmean(lengths_s) < 0.5 * fmean(visit_lengths_s(MANNERS, 1))
