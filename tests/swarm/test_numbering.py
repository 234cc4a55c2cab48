from __future__ import annotations

import pytest

from whoson_load.swarm.numbering import Sender


def test_numbers_in_order_leave_nothing_to_remember() -> None:
    """However many reports came, what is kept of them is the last number."""
    sender = Sender()
    for number in range(1, 10_001):
        sender.enter(number, number * 5)
    assert (sender.through, sender.through_ns, sender.ahead, sender.absent) == (10_000, 50_000, {}, set())


def test_a_number_that_overtook_another_waits_for_it() -> None:
    """What came early counts once the gap is closed."""
    sender = Sender()
    sender.enter(1, 5)
    sender.enter(3, 15)
    assert (sender.through, sender.has(2), sender.has(3)) == (1, False, True)
    sender.enter(2, 10)
    assert (sender.through, sender.through_ns, sender.ahead) == (3, 15, {})


def test_giving_up_a_gap_names_what_is_missing() -> None:
    """Only the numbers below one that came are given up; nobody knows of those above."""
    sender = Sender()
    for number in (1, 4, 6):
        sender.enter(number, number * 5)
    sender.give_up()
    assert (sender.through, sender.absent) == (6, {2, 3, 5})


@pytest.mark.parametrize("told, recovered", [(True, True), (False, False)])
def test_a_number_given_up_may_come_after_all(told: bool, recovered: bool) -> None:
    """Then it is missing no more; it is called recovered only where it had been told of as missing."""
    sender = Sender()
    sender.enter(1, 5)
    sender.enter(3, 15)
    sender.give_up()
    if told:
        sender.untold.clear()
    assert sender.enter(2, 10) is recovered
    assert (sender.absent, sender.untold, sender.has(2)) == (set(), set(), True)


def test_a_worker_that_dies_misses_the_report_it_was_at() -> None:
    """A kill costs the open interval at the least: its number is missing, though no later one tells so."""
    sender = Sender()
    sender.enter(1, 5)
    sender.die()
    assert (sender.absent, sender.owes) == ({2}, False)
    sender.enter(2, 10)
    sender.enter(3, 15)
    assert (sender.absent, sender.through, sender.owes) == (set(), 3, True)


def test_a_worker_that_ended_dies_of_nothing() -> None:
    """Whose last report is in has kept nothing back."""
    sender = Sender()
    sender.enter(1, 5)
    sender.ended = True
    sender.die()
    assert sender.absent == set()


def test_an_ended_worker_still_owes_what_is_in_a_gap() -> None:
    """The last report may overtake the one before it."""
    sender = Sender()
    sender.enter(2, 10)
    sender.ended = True
    assert sender.owes
    sender.enter(1, 5)
    assert not sender.owes


def test_a_broken_report_is_missing_at_once() -> None:
    """It will not come again, so nobody waits for it."""
    sender = Sender()
    sender.reject(1)
    sender.enter(2, 10)
    sender.reject(2)
    assert (sender.through, sender.absent, sender.has(1)) == (2, {1}, False)


@pytest.mark.parametrize("number, possible", [(0, False), (-3, False), (1, True), (100_000, True), (100_001, False)])
def test_a_number_far_ahead_is_none(number: int, possible: bool) -> None:
    """A wild number must not make a gap of a billion."""
    assert Sender().expects(number) is possible


@pytest.mark.parametrize(
    "offsets_ns, skew_ns",
    [
        ([], None),
        ([-9_000], None),  # one message may have been held up
        ([-9_000, -7_000, -8_000], -7_000),
        ([4_000], 4_000),  # nothing makes a message arrive before it was sent
        ([-50_000] * 100 + [-2_000] * 12, -2_000),  # a clock that was set meanwhile
    ],
)
def test_skew_is_told_by_the_message_that_was_held_up_least(offsets_ns: list[int], skew_ns: int | None) -> None:
    """Delay looks like a clock that is behind, so the greatest of the latest offsets is the nearest to the truth."""
    sender = Sender()
    sender.offsets_ns.extend(offsets_ns)
    assert sender.skew_ns() == skew_ns
