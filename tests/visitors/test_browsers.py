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


def test_shares_are_those_of_the_source() -> None:
    """Within desktop Chrome has about 70 % and within mobile about 70 %; half of all visitors are mobile."""
    rng = random.Random(1)
    drawn = [BROWSERS.draw(rng) for _ in range(20_000)]
    mobile = [each for each in drawn if "Mobile" in each]
    desktop = [each for each in drawn if "Mobile" not in each]
    assert len(mobile) / len(drawn) == pytest.approx(0.5, abs=0.03)
    assert sum(re.search(r"Chrome/\S+ Safari/\S+$", each) is not None for each in desktop) / len(desktop) == (
        pytest.approx(0.70, abs=0.04)
    )
    assert sum("Edg/" in each for each in desktop) / len(desktop) == pytest.approx(0.12, abs=0.02)
    assert sum("Android" in each and "Samsung" not in each for each in mobile) / len(mobile) == (
        pytest.approx(0.70, abs=0.04)
    )
    assert sum("Version/" in each for each in mobile) / len(mobile) == pytest.approx(0.20, abs=0.03)


def test_a_referrer_is_a_page_or_nothing() -> None:
    """Nothing, or an address with a scheme."""
    assert "" in REFERRERS.items
    assert all(each == "" or each.startswith("https://") for each in REFERRERS.items)
