from __future__ import annotations

import random
import re

import pytest

from whoson_load.visitors.browsers import BROWSERS, REFERRERS


def test_every_browser_says_what_browsers_say() -> None:
    """Mozilla/5.0, a platform in brackets, then products; no two alike."""
    for agent in BROWSERS.items:
        assert re.fullmatch(r"Mozilla/5\.0 \([^()]+\) .*(Chrome|Version|Firefox|CriOS)/\d+[\d.]*.*", agent)
    assert len(set(BROWSERS.items)) == len(BROWSERS.items)


SHARES = {
    "desktop": {
        r"Chrome/\S+ Safari/\S+$": 70.25,
        r"Edg/": 11.8,
        r"Version/\S+ Safari": 6.34,
        r"Firefox/": 4.94,
        r"OPR/": 2.06,
    },
    "mobile": {r"K\) .* Chrome/143|CriOS/": 69.15, r"Version/": 20.32, r"SamsungBrowser/": 3.33},
}
"""StatCounter's, in percent of all browsers of a kind of device; what is left out there are others."""


def test_shares_are_those_of_the_source() -> None:
    """Of the browsers that there are here, each within 1.5 points; more than half of all visitors are mobile."""
    rng = random.Random(1)
    drawn = [BROWSERS.draw(rng) for _ in range(20_000)]
    by_device = {
        "mobile": [each for each in drawn if "Mobile" in each],
        "desktop": [each for each in drawn if "Mobile" not in each],
    }
    assert 0.5 < len(by_device["mobile"]) / len(drawn) < 0.53
    for device, shares in SHARES.items():
        agents = by_device[device]
        for pattern, share in shares.items():
            found = 100 * sum(re.search(pattern, each) is not None for each in agents) / len(agents)
            assert found == pytest.approx(100 * share / sum(shares.values()), abs=1.5), pattern


def test_a_referrer_is_a_page_or_nothing() -> None:
    """Nothing, or an address with a scheme."""
    assert "" in REFERRERS.items
    assert all(each == "" or each.startswith("https://") for each in REFERRERS.items)
