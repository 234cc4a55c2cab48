from __future__ import annotations

import pytest

from whoson_load.simulator.delays import Duration
from whoson_load.simulator.policy import Caller, Gate
from whoson_load.simulator.settings import AccessSettings

S = 1_000_000_000


def gate(now: list[int], **settings: object) -> Gate:
    """A gate whose clock is the first item of a list."""
    return Gate(AccessSettings(**settings), lambda: now[0])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "header, trusted, address",
    [
        ("", True, "10.0.0.1"),
        ("198.51.100.1", True, "198.51.100.1"),
        ("198.51.100.1, 10.0.0.9", True, "198.51.100.1"),
        ("unknown, 198.51.100.1", True, "198.51.100.1"),
        ("2001:db8::1", True, "2001:db8::1"),
        ("198.51.100.1", False, "10.0.0.1"),
        ("rubbish\x00", True, "10.0.0.1"),
    ],
)
def test_the_visitors_address_is_the_first_forwarded_one(header: str, trusted: bool, address: str) -> None:
    """Where the header is believed and holds one, else the socket's."""
    assert Caller.of("10.0.0.1", header, "x" * 5000, trusted=trusted).address == address


@pytest.mark.parametrize(
    "settings, caller, refused",
    [
        ({}, Caller("10.0.0.1"), False),
        ({"whitelist": ("10.0.0.0/8",)}, Caller("10.0.0.1"), False),
        ({"whitelist": ("10.0.0.0/8",)}, Caller("11.0.0.1", ("10.0.0.1",)), True),
        ({"whitelist": ("::1",)}, Caller("::1"), False),
        ({"blacklist": ("10.0.0.1",)}, Caller("10.0.0.1"), True),
        ({"blacklist": ("10.0.0.1",)}, Caller("10.0.0.2", ("10.0.0.3", "10.0.0.1")), True),
        ({"blacklist": ("10.0.0.1",)}, Caller("10.0.0.2", ("10.0.0.3",)), False),
        ({"whitelist": ("10.0.0.0/8",)}, Caller(""), True),
    ],
)
def test_the_lists_decide(settings: dict[str, object], caller: Caller, refused: bool) -> None:
    """The whitelist looks at the socket, the blacklist at everything."""
    assert (gate([0], **settings).objection(caller) is not None) == refused


def test_the_last_misdeed_within_the_time_blacklists_for_a_while() -> None:
    """Kinds are counted apart, old ones not at all; forgiving forgets."""
    now = [0]
    strict = gate(now, bad_connects=2, invalid_data=2, counted_for=Duration(10 * S), blacklisted_for=Duration(5 * S))
    caller = Caller("10.0.0.1")
    assert not strict.misdeed(caller, "bad_connects")
    assert not strict.misdeed(caller, "invalid_data")
    now[0] = 11 * S
    assert not strict.misdeed(caller, "bad_connects")
    now[0] = 12 * S
    assert strict.misdeed(caller, "bad_connects")
    assert strict.blacklisted() == ["10.0.0.1"]
    assert strict.objection(Caller("10.0.0.2", ("10.0.0.1",))) is not None
    now[0] = 17 * S
    assert strict.objection(caller) is None
    strict.misdeed(caller, "bad_connects")
    strict.forgive()
    assert not strict.misdeed(caller, "bad_connects")


def test_zero_is_no_limit() -> None:
    """Of misdeeds, and of chats from one address."""
    lenient = gate([0], bad_connects=0)
    assert not any(lenient.misdeed(Caller("a"), "bad_connects") for _ in range(1000))
    for _ in range(1000):
        lenient.enter("a")
    assert lenient.may_enter("a")


def test_chats_of_an_address_are_counted_in_and_out() -> None:
    """As many as the limit, and another one for each that leaves; nothing is kept of who has left."""
    limited = gate([0], max_chats_from_one_address=2)
    limited.enter("a")
    limited.enter("a")
    assert (limited.may_enter("a"), limited.may_enter("b"), limited.may_enter("")) == (False, True, True)
    limited.leave("a")
    assert limited.may_enter("a")
    limited.leave("a")
    limited.leave("a")
    assert limited._chats == {}
