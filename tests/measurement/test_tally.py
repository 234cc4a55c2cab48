from __future__ import annotations

import copy

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.measurement.tally import GROUPS, MOST_NAMES, OTHER, BoundedCounts, Tally

counts = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 100), max_size=4)
tallies = st.builds(
    Tally,
    **dict.fromkeys(GROUPS, counts),
    errors=st.dictionaries(st.sampled_from(["echo", "connect"]), counts, max_size=2),
)


def test_names_beyond_the_limit_are_counted_as_other() -> None:
    """A server that sends ever new names is counted in full, in a bounded number of names."""
    bounded = BoundedCounts()
    for number in range(10 * MOST_NAMES):
        bounded.add(f"name {number}")
    assert len(bounded) == MOST_NAMES + 1
    assert bounded[OTHER] == 9 * MOST_NAMES
    assert sum(bounded.values()) == 10 * MOST_NAMES


def test_a_name_keeps_its_meaning_from_one_interval_to_the_next() -> None:
    """A name that was folded into `other` once is never counted apart later."""
    bounded = BoundedCounts()
    for number in range(MOST_NAMES + 1):
        bounded.add(str(number))
    bounded.take()
    bounded.add(str(MOST_NAMES))
    bounded.add("0")
    assert bounded.take() == {OTHER: 1, "0": 1}
    assert bounded.take() == {}


def test_long_names_are_cut() -> None:
    """A name of a million characters costs sixty-four."""
    bounded = BoundedCounts()
    bounded.add("x" * 1_000_000)
    bounded.add("x" * 2_000_000)
    assert bounded == {"x" * 64: 2}


@pytest.mark.parametrize("count", [0, 3, -2])
def test_counts_may_be_any_number(count: int) -> None:
    """Gauges go down as well."""
    bounded = BoundedCounts()
    bounded.add("a", 5)
    bounded.add("a", count)
    bounded.add("b", count)
    assert bounded == {"a": 5 + count, "b": count}


@given(tallies, tallies, tallies)
def test_adding_tallies_is_associative_and_commutative(one: Tally, two: Tally, three: Tally) -> None:
    """The order and grouping in which counts come together do not matter."""
    left, right = copy.deepcopy(one), copy.deepcopy(three)
    left.add(two)
    left.add(three)
    right.add(two)
    right.add(one)
    assert left == right
    pair, grouped = copy.deepcopy(two), copy.deepcopy(one)
    pair.add(three)
    grouped.add(pair)
    assert grouped == left


@given(tallies, tallies)
def test_adding_leaves_the_other_tally_alone(one: Tally, two: Tally) -> None:
    """What was added can be added elsewhere, too: no dict is shared."""
    before = copy.deepcopy(two)
    fresh = Tally()
    fresh.add(two)
    fresh.add(one)
    assert two == before


@given(tallies)
def test_tally_travels_as_json(tally: Tally) -> None:
    """What is written reads back equal."""
    assert msgspec.json.decode(msgspec.json.encode(tally), type=Tally) == tally


def test_errors_of_a_series_add_up_over_faults() -> None:
    """The errors of a series are those of all its faults."""
    tally = Tally(errors={"echo": {"closed": 2, "reply_timeout": 3}})
    assert tally.errors_of("echo") == 5
    assert tally.errors_of("connect") == 0
