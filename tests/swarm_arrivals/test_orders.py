from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path
from typing import ClassVar

import pytest
from locust import User
from locust.rpc.protocol import Message

from whoson_load.errors import ConfigError
from whoson_load.swarm.orders import LATECOMERS_NUMBERS, LOCAL, Orders, Shift, read_orders
from whoson_load.swarm.user import ChatVisitor
from whoson_load.visitors.curve_language import read_curve
from whoson_load.visitors.poisson import arrivals
from whoson_load.visitors.rate_curve import RateCurve

DAY = "\n".join(f"{hour},{hour * 10}" for hour in range(24))


class Closed(ChatVisitor):
    """A class without arrivals."""


class Open(ChatVisitor):
    """A class with arrivals."""

    arrivals: ClassVar[str | RateCurve | None] = "constant 30/min for 10m"


class OpenToo(Open):
    """Another with the same."""


class OpenOtherwise(ChatVisitor):
    """One with a curve of its own, given as such."""

    arrivals: ClassVar[str | RateCurve | None] = RateCurve.of([(60, 1, 2)])


class Profiled(ChatVisitor):
    """One whose curve needs a file beside this one, which is not there."""

    arrivals: ClassVar[str | RateCurve | None] = "profile missing.csv"


class Foreign(User):
    """No visitor of ours."""


def options(**given: object) -> argparse.Namespace:
    """Options as Locust parses them."""
    return argparse.Namespace(
        **{"arrivals": None, "max_visitors": None, "only_visitor": None, "seed": None, "processes": None, **given}
    )


def orders_of(*shifts: tuple[int, str], curve: str = "constant 1/s", **more: int) -> Orders:
    """Orders with shifts given as (from which second, workers' letters)."""
    return Orders(curve=curve, shifts=[Shift(int(at_s * 1e9), list(names)) for at_s, names in shifts], **more)


def test_without_arrivals_the_model_is_closed() -> None:
    """Neither option nor locustfile names a curve."""
    assert not read_orders(options(), [Closed, Foreign]).is_open


@pytest.mark.parametrize("classes", [[Open], [Open, OpenToo]])
def test_the_locustfiles_curve_opens_the_model(classes: list[type[User]]) -> None:
    """One curve for all classes, whether inherited or not."""
    orders = read_orders(options(max_visitors=7), classes)
    assert orders.is_open
    assert orders.max_visitors == 7
    assert read_curve(orders.curve, lambda _: "") == RateCurve.of([(600, 0.5, 0.5)])


def test_a_curve_may_be_given_as_one() -> None:
    """A RateCurve stands for its text."""
    curve = read_orders(options(), [OpenOtherwise]).curve
    assert read_curve(curve, lambda _: "") == OpenOtherwise.arrivals


def test_the_option_replaces_the_locustfiles_curve() -> None:
    """--arrivals comes first, also where classes have none or differ."""
    for classes in ([Open], [Closed], [Open, OpenOtherwise]):
        assert read_orders(options(arrivals="constant 1/s"), classes).curve == "constant 1.0/s"


def test_a_profiles_rates_travel_without_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option's file is looked for from where the command runs; workers elsewhere get the rates."""
    (tmp_path / "day.csv").write_text(DAY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    orders = read_orders(options(arrivals="profile day.csv x24"), [Closed])
    (tmp_path / "day.csv").unlink()
    assert read_curve(orders.curve, lambda name: name).total == pytest.approx(sum(range(24)) * 10 / 24)


def test_a_locustfiles_profile_lies_beside_it() -> None:
    """A class names its file from its own folder."""
    with pytest.raises(ConfigError, match="cannot read the profile") as refused:
        read_orders(options(), [Profiled])
    assert str(Path(__file__).with_name("missing.csv")) in str(refused.value)


@pytest.mark.parametrize(
    "given, classes, said",
    [
        ({"only_visitor": 3}, [Open], "--only-visitor: got no --seed"),
        ({"max_visitors": 3}, [Closed], "--max-visitors: got no arrivals"),
        ({"max_visitors": 1, "processes": 2}, [Open], "--max-visitors: got 1 for 2 processes"),
        ({}, [Open, Closed], "got different arrivals for Open and Closed"),
        ({}, [Open, OpenOtherwise], "got different arrivals for Open and OpenOtherwise"),
        ({}, [Open, Foreign], "the user class Foreign"),
        ({"arrivals": "ramp"}, [Open], "column 5"),
        ({"arrivals": "profile nowhere.csv"}, [Open], "cannot read the profile nowhere.csv: No such file"),
        ({"arrivals": "profile ."}, [Open], "cannot read the profile"),
    ],
)
def test_contradictions_are_refused_in_one_line(given: dict[str, object], classes: list[type[User]], said: str) -> None:
    """What cannot be meant is said, with what was expected."""
    with pytest.raises(ConfigError) as refused:
        read_orders(options(**given), classes)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_arrivals_and_a_shape_exclude_each_other() -> None:
    """Two things cannot both say how many visitors come."""
    with pytest.raises(ConfigError, match="LoadTestShape"):
        read_orders(options(), [Open], shaped=True)
    assert not read_orders(options(), [Closed], shaped=True).is_open


def test_orders_survive_locusts_messages() -> None:
    """What a worker reads is what the master wrote."""
    orders = orders_of((0, "ab"), (30, "b"), max_visitors=9, elapsed_ns=-5)
    sent = Message("whoson_orders", orders.to_builtins(), "b").serialize()
    assert Orders.from_builtins(Message.unserialize(sent).data) == orders


def test_broken_orders_are_refused() -> None:
    """A message that is none does not pass for one."""
    with pytest.raises(ValueError, match="Expected"):
        Orders.from_builtins({"shifts": "b"})


def test_every_worker_computes_the_same_schedule() -> None:
    """The schedule follows from curve and seed."""
    orders = Orders.from_builtins(orders_of((0, "ab")).to_builtins())
    mine = list(islice(orders.schedule(5), 100))
    assert mine == list(islice(arrivals(read_curve("constant 1/s", lambda _: ""), 5), 100))
    assert mine != list(islice(orders.schedule(6), 100))


def test_one_visitor_alone_comes_at_once() -> None:
    """For a replay the curve does not count."""
    assert list(orders_of((0, "a"), only_visitor=4711).schedule(1)) == [(4711, 0)]


@pytest.mark.parametrize("workers", ["a", "ab", "abcde"])
def test_each_arrival_is_exactly_one_workers(workers: str) -> None:
    """Number modulo workers: nobody is taken twice or left out."""
    orders = orders_of((0, workers))
    for number in range(20):
        places = [orders.place(name, 10) for name in workers]
        assert sum(number % of == place for place, of in places) == 1


def test_shifts_hold_from_their_instant_on() -> None:
    """Who is at work is decided by when an arrival is due, the first shift also before the begin."""
    orders = orders_of((0, "ab"), (30, "b"), (60, "bc"))
    second = 1_000_000_000
    assert [orders.place("a", at * second) for at in (-1, 0, 29, 30, 70)] == [(0, 2), (0, 2), (0, 2), (0, 0), (0, 0)]
    assert [orders.place("b", at * second) for at in (0, 29, 30, 60)] == [(1, 2), (1, 2), (0, 1), (0, 2)]
    assert [orders.place("c", at * second) for at in (0, 59, 60)] == [(0, 0), (0, 0), (1, 2)]


@pytest.mark.parametrize("most", [2, 3, 7, 100])
def test_workers_share_the_cap_without_a_rest(most: int) -> None:
    """The parts add up to the cap, and differ by one at most."""
    orders = orders_of((0, "ab"), max_visitors=most)
    shares = [orders.share(name, 0) for name in "ab"]
    assert sum(share or 0 for share in shares) == most
    assert max(share or 0 for share in shares) - min(share or 0 for share in shares) <= 1


def test_without_a_cap_there_is_no_share() -> None:
    """No cap, no turning away."""
    assert orders_of((0, "ab")).share("a", 0) is None


def test_numbers_of_the_closed_model_interleave() -> None:
    """Workers of the begin count in steps; one that joined has numbers of its own."""
    orders = orders_of((0, "ab"), (30, "abc"), curve="")
    assert [orders.numbers(name, index) for index, name in enumerate("ab")] == [(0, 2), (1, 2)]
    assert orders.numbers("c", 2) == (3 * LATECOMERS_NUMBERS, 1)
    assert orders_of((0, "x"), curve="").numbers(LOCAL, 0) == (LATECOMERS_NUMBERS, 1)
    assert Orders(shifts=[Shift(0, [LOCAL])]).numbers(LOCAL, 0) == (0, 1)
