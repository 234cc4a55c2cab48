from __future__ import annotations

from whoson_load.simulator.delays import Fixed, Paced
from whoson_load.simulator.dice import Dice
from whoson_load.simulator.settings import OperatorSettings, OperatorTimes, Settings, SiteSettings
from whoson_load.simulator.tuning import DELAYS, tuned

S = 1_000_000_000
SITE = Settings(
    site=SiteSettings(domain="x"),
    times=OperatorTimes(pickup=Fixed(8 * S), reply=Fixed(16 * S)),
    operators=(OperatorSettings(name="a", pickup=Fixed(4 * S), status="Away"), OperatorSettings(name="b")),
)


def test_a_pace_shortens_operators_times_and_nothing_of_the_servers() -> None:
    """Pickup of all and of one, and replies; neither echo nor queue."""
    fast = tuned(SITE, pace=8)
    dice = Dice(0)
    assert fast.times.pickup.draw_ns(dice) == S
    assert fast.times.reply is not None
    assert fast.times.reply.draw_ns(dice) == 2 * S
    assert fast.operators[0].pickup == Paced(Fixed(4 * S), 8)
    assert fast.operators[1].pickup is None
    assert (fast.queue, fast.chat, fast.waiting) == (SITE.queue, SITE.chat, SITE.waiting)


def test_known_delays_are_taken_as_they_are_whatever_the_pace() -> None:
    """Also of operators with a pickup of their own."""
    known = tuned(SITE, pace=8, delays={name: Fixed(S) for name in DELAYS})
    assert {getattr(known.times, name) for name in ("pickup", "greeting", "reading", "typing", "reply")} == {Fixed(S)}
    assert known.chat.echo_delay == Fixed(S)
    assert [each.pickup for each in known.operators] == [None, None]


def test_reading_or_typing_take_the_place_of_a_sites_reply() -> None:
    """Else a known reading time would change nothing."""
    assert tuned(SITE, delays={"reading": Fixed(S)}).times.reply is None
    assert tuned(SITE, delays={"pickup": Fixed(S)}).times.reply == Fixed(16 * S)


def test_operators_are_as_many_as_asked_and_all_online() -> None:
    """The site's own first, then others; with the chats asked for."""
    staff = tuned(SITE, operators=4, max_chats=3).operators
    assert [each.name for each in staff] == ["a", "b", "Operator 3", "Operator 4"]
    assert {(each.status, each.max_chats) for each in staff} == {("Online", 3)}
    assert tuned(SITE, operators=0).operators == ()
    assert tuned(SITE) == SITE
