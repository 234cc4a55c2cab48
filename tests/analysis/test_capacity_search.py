"""Searches on a model server whose capacity is known: what is found, how soon, and what is never claimed."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from tests.analysis.modelled import at_most
from tests.analysis.servers import OVERWORKED, SECOND, WELL, ModelServer, Searched, make, wanted
from whoson_load.analysis.capacity import MOST_LEVELS, Answer, answer, next_load
from whoson_load.analysis.levels import Measured
from whoson_load.analysis.objectives import read_objectives
from whoson_load.analysis.search import LONGEST_RECOVERY_S, Phase
from whoson_load.measurement.capacity import Conclusion, Quantity, Wanted, Worth
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.run import timeline_line

TRIALS = 200


def server(knee: float, seed: int = 1, **more: object) -> ModelServer:
    """A server of this capacity."""
    return ModelServer(knee, np.random.default_rng(seed), **more)  # type: ignore[arg-type]


def answered(asked: Wanted, made: Searched) -> Answer:
    """What a search comes to."""
    return answer(asked, made.search.levels, distrust=made.search.distrust)


# No Hypothesis here: the servers have moods, and its examples, fixed or not, depend on which other tests are loaded.
@pytest.mark.parametrize("knee, seed", [(1203.0, 0), (99.0, 355), *((knee, knee) for knee in range(12, 4500, 150))])
def test_any_capacity_is_found_in_fewer_than_twelve_levels(knee: float, seed: int) -> None:
    """Between the lowest load and 450 times that, within a tenth, or a visitor; chance has its own test, below."""
    asked = wanted()
    made = make(asked, server(knee, seed), interval_s=5)
    found = answered(asked, made)
    assert len(made.search.levels) <= MOST_LEVELS < 12
    assert found.holds is not None
    assert found.passes_at is not None
    assert abs(found.holds - knee) <= max(0.10 * knee, 1.5), found.sentence


@pytest.mark.timeout(600)  # 12 s of arithmetic, ten times that where others use the machine
def test_two_hundred_searches_seldom_err() -> None:
    """More than a tenth off in one of twenty at most, by a binomial bound; each level is held for a minute."""
    rng = np.random.default_rng(5)
    wrong = 0
    for seed in range(TRIALS):
        knee = float(np.exp(rng.uniform(np.log(24), np.log(4500))))
        asked = wanted(20)
        holds = answered(asked, make(asked, server(knee, seed, noise=0.04), interval_s=5)).holds
        wrong += holds is None or abs(holds - knee) > max(0.10 * knee, 1.5)
    assert at_most(wrong, TRIALS, 0.05), f"{wrong} of {TRIALS} were more than 10 % off"


def test_arrivals_are_searched_as_well() -> None:
    """In arrivals a minute, which need not be whole."""
    asked = wanted(5.5, 5000, quantity=Quantity.ARRIVALS)
    found = answered(asked, make(asked, server(333, quantity=Quantity.ARRIVALS)))
    assert found.holds == pytest.approx(333, rel=0.1)
    assert "arrivals a minute (" in found.sentence
    assert "chats in progress" in found.sentence


def test_what_chance_may_have_decided_does_not_undo_what_was_good() -> None:
    """A load as near its limit as can be is good, and not when visited again: the load below is a fifth less."""
    asked = wanted()
    made = make(asked, server(99.0, 355), interval_s=5)
    found, here = answered(asked, made), [each for each in made.search.levels if each.load == 98]
    assert [(each.worth, each.sure, each.from_above) for each in here] == [
        (Worth.GOOD, False, True),
        (Worth.BAD, False, True),
    ]
    assert (found.holds, found.passes_at, found.confirmed) == (98, 100, False)
    assert found.sentence.startswith("Seems to hold 98 visitors at once (")
    assert any("so near its limit that chance decides" in note for note in found.notes)


def test_a_load_that_was_good_beyond_doubt_only_seems_to_hold_when_it_was_bad_once() -> None:
    """Whoever reads the sentence alone has to know."""
    asked = wanted()
    levels = make(asked, server(99.0, 355), interval_s=5).search.levels
    levels = [msgspec.structs.replace(each, sure=each.sure or each.worth is Worth.GOOD) for each in levels]
    found = answer(asked, levels)
    assert (found.holds, found.confirmed) == (98, False)
    assert found.sentence.startswith("Seems to hold 98 visitors at once (")


@pytest.mark.parametrize("again", [{"sure": True}, {"from_above": False}])
def test_what_chance_did_not_decide_undoes_what_was_good(again: dict[str, bool]) -> None:
    """A visit that is bad beyond doubt; and one that was reached from the other side, as of a server that keeps it."""
    asked = wanted()
    levels = make(asked, server(99.0, 355), interval_s=5).search.levels
    found = answer(asked, [*levels[:-1], msgspec.structs.replace(levels[-1], **again)])
    assert (found.holds, found.passes_at) == (80, 98)


def test_the_highest_load_of_all_is_not_held_when_chance_may_have_found_it_bad() -> None:
    """Nothing above it was tried: the search goes on below, near it."""
    asked = wanted(10, 80)
    *before, last = make(asked, server(1000)).search.levels
    assert (last.load, before[-1].load) == (80, 80)
    levels = [*before, msgspec.structs.replace(last, worth=Worth.BAD, sure=False, limiting=asked.objectives[0])]
    found = answer(asked, levels)
    assert (found.conclusion, found.holds, found.passes_at) == (Conclusion.FOUND, 40, 80)
    assert next_load(asked, levels) == 73


def test_the_answer_names_both_loads_and_what_limits() -> None:
    """As the issue of a capacity test is told to others."""
    asked = wanted(objectives=("lost == 0", "echo p99 < 500ms"))
    found = answered(asked, make(asked, server(100)))
    assert found.conclusion is Conclusion.FOUND
    assert found.confirmed
    assert found.sentence.startswith(f"Holds {found.holds:.0f} visitors at once (")
    assert f"at {found.passes_at:.0f} visitors at once echo p99 passes 500 ms (550 ms)" in found.sentence
    assert found.sentence.endswith("limiting: echo p99 < 500ms.")


def test_the_last_good_and_the_first_bad_are_visited_twice() -> None:
    """The bad one first, so that the good one is reached from above."""
    asked = wanted()
    made = make(asked, server(100))
    found, levels = answered(asked, made), made.search.levels
    assert [each.load for each in levels][-2:] == [found.passes_at, found.holds]
    assert [each.worth for each in levels][-2:] == [Worth.BAD, Worth.GOOD]
    assert levels[-1].from_above
    for load in (found.holds, found.passes_at):
        assert sum(each.load == load for each in levels) == 2


def test_even_the_highest_load_is_held() -> None:
    """Then it is held at least, and nothing limits."""
    asked = wanted(10, 60)
    made = make(asked, server(400))
    found = answered(asked, made)
    assert [each.load for each in made.search.levels] == [10, 20, 40, 60, 60]
    assert (found.conclusion, found.holds, found.passes_at) == (Conclusion.AT_LEAST, 60, None)
    assert found.sentence.startswith("Holds at least 60 visitors at once")
    assert "limiting" not in found.sentence


def test_not_even_the_lowest_load_is_held() -> None:
    """It is visited twice before that is said."""
    asked = wanted(50, 5000)
    made = make(asked, server(20))
    found = answered(asked, made)
    assert [each.load for each in made.search.levels] == [50, 50]
    assert (found.conclusion, found.holds, found.passes_at) == (Conclusion.NONE, None, 50)
    assert found.sentence.startswith("Holds not even 50 visitors at once")


def test_a_generator_that_is_the_bottleneck_ends_the_search_without_a_number() -> None:
    """At once, in the midst of the level, and nothing found before is told as the capacity."""
    asked = wanted()
    made = make(asked, server(1000, generator=lambda load: OVERWORKED if load > 100 else WELL))
    found = answered(asked, made)
    assert made.search.phase is Phase.OVER
    assert [each.load for each in made.search.levels] == [10, 20, 40, 80]
    assert made.search.held_s < 10
    assert (found.conclusion, found.holds, found.passes_at) == (Conclusion.UNTRUSTED, None, None)
    assert not any(character.isdigit() for character in found.sentence.split(":")[0])
    assert "one CPU core" in found.sentence


@pytest.mark.parametrize(
    "figures, said",
    [
        (GeneratorFigures(cpu_share=0.93, loop_lag_p99_ns=35_000_000), "used 93% of one CPU core"),
        (GeneratorFigures(cpu_share=0.4, loop_lag_p99_ns=35_000_000), "came 35 ms late"),
        (GeneratorFigures(cpu_share=0.4, waiting_share=0.3, loop_lag_p99_ns=95_000_000), "waited 30% of the time"),
    ],
    ids=["computes", "blocks", "is kept from its CPU"],
)
def test_a_generator_that_is_doubtful_all_the_time_ends_it_too(figures: GeneratorFigures, said: str) -> None:
    """No interval is bad enough by itself; in more than half of a hold it is the generator that is measured."""
    asked = wanted()
    made = make(asked, server(1000, generator=lambda load: figures if load > 100 else WELL))
    found = answered(asked, made)
    assert [each.load for each in made.search.levels] == [10, 20, 40, 80]
    assert found.conclusion is Conclusion.UNTRUSTED
    assert said in found.sentence


@pytest.mark.parametrize(
    "figures, part",
    [
        (GeneratorFigures(cpu_share=0.4, gc_pause_max_ns=110_000_000), 0.2),
        (GeneratorFigures(cpu_share=0.4, waiting_share=0.3, loop_lag_p99_ns=15_000_000), 1.0),
        (GeneratorFigures(cpu_share=0.4, clock_skew_ns=1_200_000_000), 1.0),
    ],
    ids=["a hiccup now and then", "a busy machine that does no harm", "a clock of its own"],
)
def test_a_little_doubt_ends_no_search(figures: GeneratorFigures, part: float) -> None:
    """It is noted at the level it belongs to."""
    chance = random.Random(1)
    asked = wanted()
    found = answered(asked, make(asked, server(60, generator=lambda _: figures if chance.random() < part else WELL)))
    assert found.conclusion is Conclusion.FOUND
    assert found.holds == pytest.approx(60, rel=0.1)
    assert any("is doubtful" in note for note in found.notes)


def test_a_level_that_saw_too_little_is_told_from_one_near_its_limit() -> None:
    """No line was lost of so few that 1 in 1,000 might have been: nothing is near a limit there."""
    asked = msgspec.structs.replace(wanted(10, 15), objectives=["echo p99 < 500ms", "lost < 0.1%"])
    made = make(asked, server(1000))
    found = answered(asked, made)
    told = [note for note in found.notes if "saw too little" in note]
    assert told
    assert found.sentence.startswith("Seems to hold at least 15 visitors at once")
    assert answered(wanted(), make(wanted(), server(60))).sentence.startswith("Holds ")
    assert "met lost < 0.1% in all it saw" in told[0]
    assert "of the 2,995 that would rule chance out (--hold " in told[0]
    assert not any("so near its limit" in note for note in found.notes)
    near = answered(wanted(100, 1000), make(wanted(100, 1000), server(100, noise=0.0)))
    assert any("by echo p99 so near its limit that chance may decide" in note for note in near.notes)


def test_a_server_that_fell_may_rest_before_the_next_level() -> None:
    """At half the next load, until it answers well again; then the level is as good as it would have been."""
    asked = wanted()
    made = make(asked, server(60, recovers_s=120))
    loads = [each.load for each in made.orders]
    after_overload = loads.index(80)
    first_bad = next(each for each in made.search.levels if each.worth is Worth.BAD)
    following = made.search.levels[first_bad.number]
    assert loads[after_overload + 1] == following.load // 2
    assert following.recovered
    assert following.recovery_s is not None
    assert following.recovery_s > 3
    assert answered(asked, made).holds == pytest.approx(60, rel=0.1)


def test_a_server_that_does_not_recover_is_told() -> None:
    """The search goes on after the longest rest, and says what it rests on."""
    asked = wanted()
    made = make(asked, server(60, recovers_s=2000), most_levels=6)
    found = answer(asked, made.search.levels)
    late = [each for each in made.search.levels if not each.recovered]
    assert late
    assert late[0].recovery_s == pytest.approx(LONGEST_RECOVERY_S, abs=2)
    assert any("had not recovered" in note for note in found.notes)


def test_hysteresis_is_told_when_a_good_load_is_bad_from_above() -> None:
    """Good on the way up, bad on the way down: the load is not claimed, and the note says why."""
    asked = wanted()
    *before, last = make(asked, server(400)).search.levels
    assert last.from_above
    # As it would have been, had the search come to it on its way up.
    before = [msgspec.structs.replace(each, from_above=False) if each.load == last.load else each for each in before]
    found = answer(asked, [*before, msgspec.structs.replace(last, worth=Worth.BAD)])
    assert found.holds is not None
    assert found.holds < last.load
    assert found.passes_at == last.load
    assert not found.confirmed
    told = next(note for note in found.notes if "did not answer the same way twice" in note)
    assert "then bad from above; it keeps something of an overload (hysteresis), or this load" in told


def test_a_load_that_is_both_is_left_for_one_just_below() -> None:
    """What was good at first and bad the second time is near the limit: the next level is 2 x 5 % lower."""
    asked = wanted()
    *before, last = make(asked, server(137)).search.levels
    following = next_load(asked, [*before, msgspec.structs.replace(last, worth=Worth.BAD)])
    assert following == round(last.load / 1.1)


def test_levels_are_not_lost_when_a_search_breaks_off() -> None:
    """What was found is said as such, and a search that goes on from there visits only what is left."""
    asked = wanted()
    broken = make(asked, server(137), most_levels=4).search.levels
    found = answer(asked, broken, interrupted=True)
    assert found.conclusion is Conclusion.INTERRUPTED
    assert found.sentence.startswith("Broken off after 4 levels. So far: Holds at least 80 visitors")
    resumed = make(asked, server(137), broken)
    assert resumed.search.levels[:4] == broken
    assert [each.number for each in resumed.search.levels] == list(range(1, len(resumed.search.levels) + 1))
    assert resumed.orders[0].load == 320
    assert answered(asked, resumed).holds == pytest.approx(137, rel=0.1)


def test_a_search_broken_off_at_once_says_so() -> None:
    """Without a number."""
    found = answer(wanted(), [], interrupted=True)
    assert (found.holds, found.sentence) == (None, "Broken off in the first level.")


def test_visitors_come_spread_out_and_leave_at_once() -> None:
    """On the way up over a third of what a level takes to settle; nobody is kept on the way down."""
    made = make(wanted(), server(100))
    steps = list(pairwise(made.orders))
    assert all(later.over_s > 0 for earlier, later in steps if later.load > earlier.load)
    rests = [later for earlier, later in steps if later.load < earlier.load]
    assert rests
    assert all(each.over_s == 0 for each in rests)


def test_a_hopeless_level_is_left_early() -> None:
    """A server far beyond its limit is not held there for a whole minute."""
    asked = wanted(10, 1000)
    levels = make(asked, server(25)).search.levels
    overload = next(each for each in levels if each.load == 40)
    assert (overload.ended_ns - overload.held_ns) / 1e9 < 0.5 * (asked.hold_s or 0)


def test_what_is_near_its_limit_is_held_longer() -> None:
    """Up to three times as long; then the figures decide, and the level says that chance may have."""
    asked = wanted(100, 1000)
    level = make(asked, server(100, noise=0.0), most_levels=1).search.levels[0]
    assert not level.sure
    assert (level.ended_ns - level.held_ns) / 1e9 == pytest.approx(3 * (asked.hold_s or 0))


@pytest.mark.parametrize(
    "troubled, untrusted",
    [
        (lambda number: {number % 4}, False),
        (lambda number: {0} if number % 5 < 3 else set(), True),
        (lambda _: set(), False),
    ],
    ids=["each of four now and then", "one of four most of the time", "none"],
)
def test_hiccups_of_many_workers_are_no_busy_worker(troubled: Callable[[int], set[int]], untrusted: bool) -> None:
    """In every interval somebody is late, and it is the same one that matters."""
    measured = Measured(read_objectives(["echo p99 < 500ms"]), 1.0)
    late = msgspec.structs.replace(WELL, loop_lag_p99_ns=30_000_000)
    for number in range(30):
        interval = server(1000).interval(100, number * SECOND)
        interval.generators = {str(each): late if each in troubled(number) else WELL for each in range(4)}
        measured.add(interval, timeline_line(interval))
    assert measured.is_untrusted() is untrusted
    if untrusted:
        assert "worker 0 came 30 ms late" in measured.distrust
