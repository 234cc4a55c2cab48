"""Two builds whose difference is known: what is found, what is not, and how often chance deceives."""

from __future__ import annotations

import re

import msgspec
import numpy as np
import pytest

from tests.analysis.modelled import at_least, at_most, modelled, wander
from whoson_load.analysis.changes import Change, Floor, Standing, corrected
from whoson_load.analysis.comparison import Comparison, compare
from whoson_load.analysis.observation import Observation, observe, unusable
from whoson_load.analysis.resampling import block_length, spread
from whoson_load.analysis.unrest import unrest
from whoson_load.measurement.answer import Part, Parts
from whoson_load.measurement.interval import Totals
from whoson_load.measurement.run import SeriesFigures, Summary, TimelineLine, summarize
from whoson_load.measurement.trust import Judgement, Verdict

TRIALS = 200


def standings(comparison: Comparison, series: str) -> set[Standing]:
    """The verdicts on a series' percentiles."""
    return {each.standing for each in comparison.changes if each.series == series and each.statistic != "errors"}


def test_a_tenth_more_is_found_and_chance_is_not() -> None:
    """200 trials each way: +10 % on one series is found in 90 %, and at most 5 % find what is not there."""
    found = false = elsewhere = 0
    for seed in range(TRIALS):
        rng = np.random.default_rng(seed)
        slower = compare([modelled(rng)], [modelled(rng, slower={"echo": 1.1})])
        found += Standing.WORSE in standings(slower, "echo")
        elsewhere += any(Standing.WORSE in standings(slower, name) for name in ("connect", "accepted", "reply"))
        false += compare([modelled(rng)], [modelled(rng)]).standing is Standing.WORSE
    assert at_least(found, TRIALS, 0.90), f"found {found} of {TRIALS}"
    assert at_most(false, TRIALS, 0.05), f"{false} false alarms in {TRIALS}"
    assert at_most(elsewhere, TRIALS, 0.05), f"{elsewhere} blamed another series in {TRIALS}"


@pytest.mark.parametrize("alike, intervals", [(0.8, 60), (0.9, 60), (0.95, 60), (0.8, 20), (0.9, 200)])
def test_a_server_that_wanders_raises_no_alarm(alike: float, intervals: int) -> None:
    """One run a side, each slow for minutes and fast for minutes: by 10 %, hidden in the noise of few samples."""
    trials, false = 100, 0
    for seed in range(trials):
        rng = np.random.default_rng(seed)
        runs = [modelled(rng, alike=alike, unrest=0.10, intervals=intervals) for _ in range(2)]
        false += compare(runs[:1], runs[1:]).standing is Standing.WORSE
    assert at_most(false, trials, 0.05), f"{false} false alarms in {trials}"


def test_a_wandering_server_that_became_twice_as_slow_is_found() -> None:
    """It is cautious, not blind."""
    found = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        runs = modelled(rng, alike=0.9, unrest=0.10), modelled(rng, alike=0.9, unrest=0.10, slower={"echo": 2.0})
        found += compare(runs[:1], runs[1:]).standing is Standing.WORSE
    assert at_least(found, 40, 0.9), f"found {found} of 40"


def test_one_build_twice_is_the_same() -> None:
    """Five minutes of intervals say so in nine of ten trials."""
    same = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        same += compare([modelled(rng)], [modelled(rng)]).standing is Standing.SAME
    assert at_least(same, 60, 0.9), f"{same} of 60"


def test_what_is_ruled_out_is_said_and_may_be_asked_for() -> None:
    """With the figure that is known least; and what would help where it is not enough."""
    rng = np.random.default_rng(1)
    sides = [modelled(rng, intervals=120) for _ in range(2)]
    told = compare(sides[:1], sides[1:])
    assert told.standing is Standing.SAME
    assert re.search(r"a change of more than \d+% can be ruled out \(the vaguest: \w+ p95\)", told.reason)
    strict = compare(sides[:1], sides[1:], Floor(ruled_out=0.04, least_ms=0.1))
    assert strict.standing is Standing.CANNOT_TELL
    assert re.search(r"varied too much. A change of \d+% in \w+ p95 has to be ruled out \(--rule-out\)", strict.reason)
    assert re.search(r"Runs about (\d+) times as long, or \1 runs a side, would do\.$", strict.reason)
    vain = compare(sides[:1], sides[1:], Floor(share=0.001, ruled_out=0.001, least_ms=0.001))
    assert vain.reason.endswith("make them again, several a side, on a machine that does nothing else.")


def test_a_percentile_with_few_samples_does_not_decide() -> None:
    """A minute with 600 echoes has 30 above the p95: it is the same but for that, and says so."""
    reasons = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        told = compare([modelled(rng, intervals=15)], [modelled(rng, intervals=15)])
        reasons += [told.reason] if told.standing is Standing.SAME else []
    assert len(reasons) >= 14
    assert any(re.search(r"Not of .*echo p95.*: it takes 1,000 samples to decide\.$", each) for each in reasons)


def test_unrest_is_one_where_neighbours_are_not_alike() -> None:
    """And tells in pooled noise what one figure hides."""
    rng = np.random.default_rng(1)
    assert unrest(rng.normal(size=(200, 60))) == pytest.approx(1.0, abs=0.15)
    hidden = [wander(rng, 60, 1.0, 0.9) + rng.normal(size=60) for _ in range(30)]
    assert unrest(hidden) > 3
    assert unrest([]) == unrest([np.ones(9)]) == 1.0


def test_the_interval_covers_the_truth() -> None:
    """The 95 % interval of a mean of neighbours that are alike holds the truth about that often."""
    covered = 0
    for seed in range(TRIALS):
        rng = np.random.default_rng(seed)
        values = 100 + wander(rng, 120, 10.0, 0.6)
        told = spread([(values, np.ones(120))], rng)
        covered += abs(told.mean - 100) <= 2 * told.error
    assert at_least(covered, TRIALS, 0.88), f"covered {covered} of {TRIALS}"


def test_runs_of_one_build_that_differ_are_no_regression() -> None:
    """What changes from run to run is seen when there are several: three runs a side, 15 % apart for no reason."""
    false = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        sides = [
            [modelled(rng, slower=dict.fromkeys(("echo", "connect"), float(rng.normal(1, 0.15)))) for _ in range(3)]
            for _ in range(2)
        ]
        false += compare(*sides).standing is Standing.WORSE
    assert at_most(false, 60, 0.05), f"{false} false alarms in 60"


def test_the_same_is_said_only_where_a_change_can_be_ruled_out() -> None:
    """Long calm runs are the same; short wild ones cannot be told."""
    rng = np.random.default_rng(1)
    calm = [modelled(rng, intervals=240, unrest=0.01) for _ in range(2)]
    assert compare(calm[:1], calm[1:]).standing is Standing.SAME
    wild = [modelled(rng, intervals=12, samples=20, unrest=0.4) for _ in range(2)]
    assert compare(wild[:1], wild[1:]).standing is Standing.CANNOT_TELL


def test_better_is_told_and_one_worse_figure_outweighs_it() -> None:
    """A release that answers faster and connects slower has become worse."""
    rng = np.random.default_rng(2)
    base = modelled(rng, intervals=240)
    assert compare([base], [modelled(rng, slower={"echo": 0.7}, intervals=240)]).standing is Standing.BETTER
    mixed = compare([base], [modelled(rng, slower={"echo": 0.7, "connect": 1.3}, intervals=240)])
    assert mixed.standing is Standing.WORSE
    assert mixed.reason.startswith("Worse: connect p50")


def test_a_change_below_the_floor_is_the_same() -> None:
    """3 % is sure in 2,000 calm intervals, and does not matter; with a lower floor it does."""
    rng = np.random.default_rng(3)
    sides = [modelled(rng, intervals=2000), modelled(rng, slower={"echo": 1.03}, intervals=2000)]
    assert compare(sides[:1], sides[1:]).standing is Standing.SAME
    assert compare(sides[:1], sides[1:], Floor(share=0.01, least_ms=0.1)).standing is Standing.WORSE


def test_the_same_records_compare_the_same() -> None:
    """The dice are loaded, always alike."""
    rng = np.random.default_rng(4)
    sides = [modelled(rng), modelled(rng)]
    assert compare(sides[:1], sides[1:]) == compare(sides[:1], sides[1:])


def test_too_few_samples_are_not_compared() -> None:
    """A p99 takes a thousand samples, a run eight intervals."""
    rng = np.random.default_rng(5)
    few = [modelled(rng, intervals=20, samples=20) for _ in range(2)]
    assert "p99" not in {each.statistic for each in compare(few[:1], few[1:]).changes}
    short = [modelled(rng, intervals=7) for _ in range(2)]
    told = compare(short[:1], short[1:])
    assert told.standing is Standing.CANNOT_TELL
    assert "has 7 intervals of connect, where 8 are the fewest. Steady parts about 2 times as long" in told.reason
    shown = {each.series: each for each in told.changes if each.statistic == "p50" and each.low is None}
    assert set(shown) == {"connect", "accepted", "echo"}
    assert shown["echo"].baseline > 0
    assert {each.standing for each in shown.values()} == {Standing.CANNOT_TELL}


def test_a_series_with_too_little_is_named_and_keeps_nothing_from_being_the_same() -> None:
    """Who chat for hours connect once: what they hear meanwhile can be compared all the same."""
    rng = np.random.default_rng(5)
    long = [modelled(rng) for _ in range(2)]
    for each in long:
        each.series["connect"][5:, 0] = 0
        each.series["connect"][:5, 0] = 1
    told = compare(long[:1], long[1:])
    assert told.standing is Standing.SAME
    assert told.reason.endswith(
        "Nothing is known of connect: the steady part has 5 samples of connect, where 20 are the fewest."
    )
    long[1].series["connect"][:5, 2:] *= 2
    apart = compare(long[:1], long[1:])
    assert apart.standing is Standing.CANNOT_TELL
    assert "the steady part has 5 samples of connect" in apart.reason
    for each in long:
        each.series["connect"][:, 0] = 0
    assert "Nothing is known" not in compare(long[:1], long[1:]).reason


def with_lines(lines: dict[str, int]) -> Observation:
    """A calm run with these counts."""
    return Observation(modelled(np.random.default_rng(6), intervals=240).series, {"sent": 9000, **lines})


@pytest.mark.parametrize(
    "before, after, standing",
    [
        ({}, {}, Standing.SAME),
        ({"lost": 3}, {"lost": 4}, Standing.SAME),
        ({"lost": 3}, {"lost": 60}, Standing.WORSE),
        ({"duplicated": 60}, {}, Standing.BETTER),
        ({}, {"crossed": 1}, Standing.WORSE),
    ],
)
def test_lines_are_compared(before: dict[str, int], after: dict[str, int], standing: Standing) -> None:
    """By how many of those sent; one that reached another visitor is one too many."""
    assert compare([with_lines(before)], [with_lines(after)]).standing is standing


def test_errors_are_compared() -> None:
    """Two percent of commands without an answer, where none was before."""
    rng = np.random.default_rng(7)
    base, candidate = modelled(rng, intervals=240), modelled(rng, intervals=240)
    candidate.series["accepted"][:, 1] = rng.poisson(0.8, 240)
    assert compare([base], [candidate]).reason == "Worse: accepted errors."


def test_holm_is_as_in_the_book() -> None:
    """0.01, 0.04, 0.03 and 0.005 become 0.03, 0.06, 0.06 and 0.02."""
    changes = [
        Change(series="echo", statistic="p50", baseline=1, candidate=1, chance=each, standing=Standing.SAME)
        for each in (0.01, 0.04, 0.03, 0.005)
    ]
    assert corrected(changes) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@pytest.mark.parametrize(
    "count, alike, low, high", [(60, 0.0, 4, 5), (60, 0.9, 10, 15), (8, 0.9, 2, 2), (1, 0.0, 1, 1)]
)
def test_blocks_grow_with_likeness(count: int, alike: float, low: int, high: int) -> None:
    """And never past a quarter of the run."""
    lengths = [block_length(wander(np.random.default_rng(seed), count, 1.0, alike)) for seed in range(20)]
    assert low <= float(np.median(lengths)) <= high


def summary(verdict: Verdict = Verdict.TRUSTED, *, steady: bool = True) -> Summary:
    """A run's, its steady part from second 10 to second 20."""
    whole = summarize(Totals(), Judgement(verdict=verdict, reason="So so."))
    part = Part(start_ns=10, end_ns=20, intervals=2, in_progress=5.0)
    return msgspec.structs.replace(whole, parts=Parts(steady=part if steady else None, reason="No steady part: ramp."))


def test_a_run_is_observed_in_its_steady_part() -> None:
    """Intervals of ramp and drain, and late parts, are left out; milliseconds come of microseconds."""
    figures = SeriesFigures(4, 1, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000)
    lines = [TimelineLine(start_ns=each, end_ns=each + 5, series={"echo": figures}) for each in (5, 10, 15, 20)]
    lines.append(TimelineLine(start_ns=10, end_ns=15, series={"echo": figures}, late=True))
    seen = observe(summary(Verdict.DOUBTFUL), lines)
    assert seen.series["echo"].tolist() == [[4, 1, 3, 5, 6]] * 2
    assert [each.tolist() for each in seen.column("echo", "p95")] == [[5, 5], [4, 4]]
    assert [each.tolist() for each in seen.column("echo", "errors")] == [[0.2, 0.2], [5, 5]]
    assert seen.doubtful


def test_what_says_nothing_is_named() -> None:
    """An invalid run, and one without a steady part."""
    assert unusable("a", summary()) == ""
    assert unusable("a", summary(Verdict.INVALID)) == "a is invalid: So so."
    assert unusable("a", summary(steady=False)) == "a: No steady part: ramp."


@pytest.mark.parametrize(
    "floor, said",
    [
        (Floor(), "by 5% and 1 ms or more, and the same where a change of 25% (or 2 ms) is ruled out"),
        (
            Floor(share=0.3, least_ms=0.05, ruled_out=0.1),
            "by 30% and 0.05 ms or more, and the same where a change of 30% (or 0.1 ms) is ruled out",
        ),
    ],
)
def test_what_the_verdicts_mean_is_said_with_them(floor: Floor, said: str) -> None:
    """As they are judged: what does not matter need not be ruled out."""
    rng = np.random.default_rng(1)
    runs = [modelled(rng), modelled(rng)]
    assert f"Times are worse or better {said}." in compare(runs[:1], runs[1:], floor).meaning
