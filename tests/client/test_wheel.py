from __future__ import annotations

import itertools

import gevent.event
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.client import wheel as wheel_module
from whoson_load.client.wheel import TICK_S, TURN_LIMIT_NS, Wheel, wheel

MS = 1_000_000
S = 1_000_000_000


class Clock:
    """What the wheel takes for the time while it wakes visitors; the time of a turn itself is an argument."""

    def __init__(self) -> None:
        self.now_ns = 100 * S

    def __call__(self) -> int:
        """Nanoseconds."""
        return self.now_ns


class Waiting:
    """A sleeper that notes when it was woken."""

    def __init__(self, turning: Turning, name: str) -> None:
        self.turning = turning
        self.name = name
        self.due_ns = self.near_ns = self.far_ns = 0

    def wait(self, due_ns: int) -> None:
        """Begin to wait, as a wire does: not anew when an entry for no later lies there already."""
        self.due_ns = due_ns
        if not 0 < self.near_ns <= due_ns:
            self.turning.wheel.schedule(self)

    def leave(self) -> None:
        """End the wait before its time, as an event or a kill does."""
        self.due_ns = 0

    def wake(self) -> None:
        """The wheel's."""
        self.turning.woken.append((self.name, self.turning.now_ns))
        self.leave()
        self.turning.clock.now_ns += self.turning.waking_takes_ns


class Turning:
    """A wheel without a hub, turned by hand."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.wheel = Wheel(None)
        self.now_ns = clock.now_ns
        self.waking_takes_ns = 0
        self.woken: list[tuple[str, int]] = []

    def sleeper(self, name: str = "one") -> Waiting:
        """Somebody who may wait."""
        return Waiting(self, name)

    def at(self, now_ns: int) -> list[str]:
        """Let it be so late and turn once; who was woken, in order."""
        self.now_ns = self.clock.now_ns = now_ns
        already = len(self.woken)
        self.wheel.turn(now_ns)
        return [name for name, _ in self.woken[already:]]

    def until(self, until_ns: int, step_ns: int = 100 * MS) -> list[tuple[str, int]]:
        """Turn again and again; who was woken when."""
        self.woken.clear()
        for now_ns in range(self.now_ns, until_ns + 1, step_ns):
            self.at(now_ns)
        return self.woken


@pytest.fixture
def turning(monkeypatch: pytest.MonkeyPatch) -> Turning:
    """A wheel at 100 s on the clock."""
    clock = Clock()
    monkeypatch.setattr(wheel_module, "monotonic_ns", clock)
    return Turning(clock)


def test_sleepers_are_woken_in_the_order_of_their_times(turning: Turning) -> None:
    """Not in the order in which they came; those of one time in that order."""
    for name, after_ns in (("c", 30), ("a", 10), ("b1", 20), ("b2", 20), ("late", 60)):
        turning.sleeper(name).wait(turning.now_ns + after_ns * MS)
    assert turning.at(turning.now_ns + 50 * MS) == ["a", "b1", "b2", "c"]
    assert turning.at(turning.now_ns + 10 * MS) == ["late"]


def test_nobody_is_woken_before_its_time(turning: Turning) -> None:
    """To the nanosecond."""
    due_ns = turning.now_ns + 5 * MS
    turning.sleeper().wait(due_ns)
    assert turning.at(due_ns - 1) == []
    assert turning.at(due_ns) == ["one"]
    assert turning.at(due_ns + 1) == []


def test_a_time_already_past_is_over_in_the_next_turn(turning: Turning) -> None:
    """A visitor that is behind its plan does not wait for ever."""
    turning.sleeper("past").wait(turning.now_ns - 5 * S)
    turning.sleeper("now").wait(turning.now_ns)
    assert turning.at(turning.now_ns) == ["past", "now"]


@pytest.mark.parametrize("after_s", [2, 3, 4, 30, 600, 86_400])
def test_a_far_wait_ends_at_its_time_too(after_s: int, turning: Turning) -> None:
    """Wherever it lay until then: at the first turn that is not before it."""
    turning.sleeper().wait(turning.now_ns + after_s * S)
    assert turning.until(turning.now_ns + (after_s + 2) * S) == [("one", turning.now_ns - 2 * S)]


def test_a_far_wait_survives_a_stall_of_the_loop(turning: Turning) -> None:
    """A loop that stood still for a minute wakes whoever became due meanwhile, near and far alike, in order."""
    for name, after_s in (("far", 40), ("farther", 50), ("near", 1), ("not yet", 70)):
        turning.sleeper(name).wait(turning.now_ns + after_s * S)
    assert turning.at(turning.now_ns + 60 * S) == ["near", "far", "farther"]


def test_a_wait_given_while_the_loop_stalled_is_kept(turning: Turning) -> None:
    """The wheel's own idea of now may be old: a wait that only looks far from there is woken all the same."""
    later_ns = turning.now_ns + 60 * S
    turning.sleeper().wait(later_ns + MS)
    assert turning.at(later_ns) == []
    assert turning.at(later_ns + MS) == ["one"]


@pytest.mark.parametrize("after_s", [0, 1, 2, 30])
def test_who_left_is_not_woken(after_s: int, turning: Turning) -> None:
    """A killed sleeper's entry is stale, wherever it lies."""
    killed, other = turning.sleeper("killed"), turning.sleeper("other")
    killed.wait(turning.now_ns + after_s * S)
    other.wait(turning.now_ns + after_s * S + MS)
    killed.leave()
    assert [name for name, _ in turning.until(turning.now_ns + (after_s + 2) * S)] == ["other"]
    assert len(turning.wheel) == 0


def test_who_leaves_after_its_far_wait_came_near_is_not_woken(turning: Turning) -> None:
    """Between a far wait's move among the near ones and its end, too."""
    sleeper = turning.sleeper()
    due_ns = turning.now_ns + 10 * S
    sleeper.wait(due_ns)
    turning.until(due_ns - S)
    sleeper.leave()
    assert turning.until(due_ns + S) == []


@pytest.mark.parametrize("first_s, second_s", list(itertools.permutations((0.5, 1.0, 3.5, 30, 40), 2)))
def test_a_new_wait_replaces_the_one_before(first_s: float, second_s: float, turning: Turning) -> None:
    """Only the time waited for last counts, whichever of both is nearer."""
    sleeper = turning.sleeper()
    start_ns = turning.now_ns
    sleeper.wait(start_ns + int(first_s * S))
    sleeper.leave()
    sleeper.wait(start_ns + int(second_s * S))
    assert turning.until(start_ns + 45 * S, 500 * MS) == [("one", start_ns + int(second_s * S))]


def test_a_wait_for_the_same_time_again_is_one_wait(turning: Turning) -> None:
    """A visitor that is woken by events goes on waiting for the same instant: one entry, one waking."""
    sleeper = turning.sleeper()
    due_ns = turning.now_ns + 100 * MS
    for _ in range(1000):
        sleeper.wait(due_ns)
        sleeper.due_ns = 0  # an event came
    assert len(turning.wheel) == 1
    sleeper.wait(due_ns)
    assert turning.at(due_ns) == ["one"]
    assert turning.at(due_ns + S) == []


def test_reply_deadlines_that_are_met_leave_one_entry_a_sleeper(turning: Turning) -> None:
    """A hundred thousand commands, each answered long before its deadline, and each with a later one than the last."""
    sleepers = [turning.sleeper(str(number)) for number in range(10)]
    for number in range(10_000):
        now_ns = turning.now_ns + number * MS
        for sleeper in sleepers:
            sleeper.wait(now_ns + 30 * S)
            sleeper.leave()
            assert len(turning.wheel) <= len(sleepers)
        turning.wheel.turn(now_ns)
    for sleeper in sleepers:
        turning.wheel.forget(sleeper)
    assert len(turning.wheel) == 0
    assert len(turning.wheel._far) <= 31


def test_near_waits_cut_short_leave_only_what_is_not_due_yet(turning: Turning) -> None:
    """Stale entries are thrown away when their time comes: there are never more than waits that began in it."""
    sleeper = turning.sleeper()
    most = 0
    for number in range(10_000):
        now_ns = turning.now_ns + number * MS
        sleeper.wait(now_ns + 500 * MS)
        sleeper.leave()
        turning.wheel.turn(now_ns)
        most = max(most, len(turning.wheel))
    assert most <= 501


def test_a_turn_that_lasts_lets_arriving_bytes_through(turning: Turning) -> None:
    """After a stall everybody is due at once: those of one turn's time are woken, then the next turn goes on."""
    turning.waking_takes_ns = MS
    for number in range(20):
        turning.sleeper(str(number)).wait(turning.now_ns + number)
    turns = [turning.at(turning.now_ns + MS) for _ in range(5)]
    expected_a_turn = TURN_LIMIT_NS // MS + 1
    assert [len(woken) for woken in turns] == [expected_a_turn] * 3 + [20 - 3 * expected_a_turn, 0]
    assert [name for woken in turns for name in woken] == [str(number) for number in range(20)]


def test_who_waits_anew_while_being_woken_waits_its_full_time(turning: Turning) -> None:
    """A visitor runs inside the turn, and its next wait begins there."""
    sleeper = turning.sleeper()
    woken_ns: list[int] = []

    def wake() -> None:
        woken_ns.append(turning.now_ns)
        sleeper.wait(turning.now_ns + 10 * MS)

    sleeper.wake = wake  # type: ignore[method-assign]
    begun_ns = turning.now_ns
    sleeper.wait(begun_ns + 10 * MS)
    turning.until(begun_ns + 50 * MS, MS)
    assert woken_ns == [begun_ns + n * 10 * MS for n in (1, 2, 3, 4, 5)]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["wait", "leave", "turn"]), st.integers(0, 8_000)), max_size=60
    )
)
def test_any_course_of_waits_wakes_whom_a_plain_list_would(steps: list[tuple[int, str, int]]) -> None:
    """Beside a model that only keeps each sleeper's due time, step by step, up to 8 s away."""
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock()
        patch.setattr(wheel_module, "monotonic_ns", clock)
        turning = Turning(clock)
        sleepers = [turning.sleeper(str(number)) for number in range(4)]
        model: dict[int, int] = {}
        for number, step, milliseconds in steps:
            if step == "turn":
                now_ns = turning.now_ns + milliseconds * MS
                expected = {str(each) for each, due_ns in model.items() if due_ns <= now_ns}
                assert set(turning.at(now_ns)) == expected
                model = {each: due_ns for each, due_ns in model.items() if due_ns > now_ns}
            elif step == "wait" and number not in model:
                model[number] = turning.now_ns + milliseconds * MS
                sleepers[number].wait(model[number])
            elif step == "leave" and number in model:
                sleepers[number].leave()
                del model[number]


def test_each_event_loop_has_one_wheel_that_it_turns() -> None:
    """The real one wakes a real greenlet, with nobody turning it by hand."""
    assert wheel() is wheel()
    woken = gevent.event.Event()

    class Sleeper:
        due_ns = wheel_module.monotonic_ns() + int(TICK_S * 1e9)
        near_ns = far_ns = 0

        def wake(self) -> None:
            self.due_ns = 0
            woken.set()

    wheel().schedule(Sleeper())
    assert woken.wait(timeout=10)
