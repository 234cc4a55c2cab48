from __future__ import annotations

import math
import statistics

import pytest

from whoson_load.simulator.delays import Fixed, LogNormal, Paced, Uniform, parse_delay, parse_duration
from whoson_load.simulator.dice import Dice

S = 1_000_000_000


@pytest.mark.parametrize(
    "written, length_ns",
    [
        ("20ms", 20_000_000),
        ("1.5s", 3 * S // 2),
        ("2m", 120 * S),
        ("1h", 3600 * S),
        ("5us", 5000),
        ("7 ns", 7),
        ("0", 0),
    ],
)
def test_durations_are_read(written: str, length_ns: int) -> None:
    """A number and a unit."""
    assert parse_duration(written) == length_ns


@pytest.mark.parametrize("written", ["", "5", "ms", "-1s", "1 day", "1e3s", 5, True, None, [], "400h 1s", "9999999h"])
def test_what_is_no_duration_says_so(written: object) -> None:
    """What was got, and what a duration looks like."""
    with pytest.raises(ValueError, match="expected a duration"):
        parse_duration(written)


def test_a_lognormal_delay_has_its_median_and_its_95th_percentile() -> None:
    """Of many draws, half are below the median, a twentieth above p95, none above the most."""
    delay = parse_delay({"median": "4s", "p95": "15s", "most": "60s"})
    dice = Dice(1)
    drawn = sorted(delay.draw_ns(dice) for _ in range(40_000))
    assert statistics.median(drawn) == pytest.approx(4 * S, rel=0.03)
    assert drawn[len(drawn) * 95 // 100] == pytest.approx(15 * S, rel=0.05)
    assert drawn[-1] <= 60 * S
    assert drawn[0] > 0


def test_a_uniform_delay_stays_within_its_bounds_and_reaches_them() -> None:
    """Whole nanoseconds, both ends included."""
    delay, dice = Uniform(1, 3), Dice(2)
    assert {delay.draw_ns(dice) for _ in range(200)} == {1, 2, 3}


def test_a_pace_shortens_and_fixed_delays_throw_no_dice() -> None:
    """Eight times as fast, exactly."""
    assert Paced(Fixed(8 * S), 8).draw_ns(Dice(0)) == S
    one, other = Dice(5), Dice(5)
    Fixed(1).draw_ns(one)
    assert one.bits() == other.bits()


def test_the_most_is_ten_times_p95_unless_given() -> None:
    """No draw lasts for ever."""
    assert parse_delay({"median": "1s", "p95": "2s"}) == LogNormal(S, 2 * S, 20 * S)


@pytest.mark.parametrize(
    "written",
    [{"median": "2s", "p95": "1s"}, {"least": "2s", "most": "1s"}, {"median": "0", "p95": "1s"}, {"least": "1s"}, {}],
)
def test_delays_that_contradict_themselves_say_so(written: dict[str, str]) -> None:
    """Out of order, or not all there."""
    with pytest.raises(ValueError, match="expected"):
        parse_delay(written)


def test_dice_are_fair_seeded_and_forked() -> None:
    """Equal seeds throw equal sequences; a fork does not disturb; fractions are spread evenly, normals normally."""
    assert [Dice(3).bits() for _ in range(2)] == [Dice(3).bits()] * 2
    dice = Dice(4)
    fork = dice.fork()
    assert fork.bits() != dice.bits()
    fractions = [dice.fraction() for _ in range(20_000)]
    assert statistics.fmean(fractions) == pytest.approx(0.5, abs=0.01)
    assert 0 <= min(fractions) < max(fractions) < 1
    normals = [dice.normal() for _ in range(20_000)]
    assert statistics.fmean(normals) == pytest.approx(0, abs=0.03)
    assert statistics.pstdev(normals) == pytest.approx(1, abs=0.03)
    assert not any(math.isnan(each) for each in normals)
    assert {dice.chance(0) for _ in range(100)} == {False}
    assert {dice.chance(1) for _ in range(100)} == {True}


def test_dice_are_the_published_generator() -> None:
    """SplitMix64 with the seed 1234567: the first numbers of its authors' reference implementation."""
    dice = Dice(1234567)
    assert [dice.bits() for _ in range(3)] == [6457827717110365317, 3203168211198807973, 9817491932198370423]
