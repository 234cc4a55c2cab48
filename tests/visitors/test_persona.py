from __future__ import annotations

import ipaddress
import os
import random
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.errors import ConfigError
from whoson_load.visitors.persona import BENCHMARK_NETWORK, Persona, Personas

EVERYBODY = Personas(11, "7k2f", ("en", "fr", "de"))


def test_a_persona_depends_on_seed_and_number_alone() -> None:
    """Asked for first or last, alone or after thousands, visitor 1,234 is the same; another seed gives another."""
    alone = Personas(11, "7k2f", ("en", "fr", "de")).persona(1234)
    for number in range(100):
        EVERYBODY.persona(number)
    assert EVERYBODY.persona(1234) == alone
    assert Personas(12, "7k2f", ("en", "fr", "de")).persona(1234) != alone


def test_a_persona_is_the_same_in_every_process() -> None:
    """Two processes with different hash seeds make the same visitor: each worker knows all of them."""
    code = "from whoson_load.visitors.persona import Personas; p = Personas(3, 'tag', ('en', 'fr', 'de')); "
    code += "print([p.persona(number) for number in range(300)])"
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            encoding="utf-8",
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_a_persona_carries_what_makes_it_findable() -> None:
    """The tag ends the name; the e-mail has the number and reaches nobody; the cookie has the specification's form."""
    for number in range(300):
        persona = EVERYBODY.persona(number)
        assert persona.name.endswith(" 7k2f")
        assert len(persona.name.split()) >= 3
        assert persona.tag == "7k2f"
        assert re.fullmatch(rf"[a-z0-9]+\.[a-z0-9]+\.{number}@example\.com", persona.email)
        assert re.fullmatch(r"\d{3}-\d{7}", persona.cookie_id)
        assert persona.language in ("en", "fr", "de")
        assert persona.company
        assert persona.city


def test_addresses_are_nobodys_and_each_comes_once_before_any_again() -> None:
    """20,000 visitors have 20,000 different addresses, all of the network for performance measurements."""
    network = ipaddress.IPv4Network(BENCHMARK_NETWORK)
    addresses = {EVERYBODY.persona(number).ip for number in range(20_000)}
    assert len(addresses) == 20_000
    assert all(ipaddress.IPv4Address(each) in network for each in addresses)


@given(st.integers(0, 2**32), st.integers(16, 32), st.integers(0, 2**32 - 1))
def test_every_address_of_any_network_is_used_once(seed: int, prefix: int, start: int) -> None:
    """Among as many visitors as a network has addresses (here at most 64 of them looked at) no two share one."""
    network = ipaddress.ip_network((start >> (32 - prefix) << (32 - prefix), prefix))
    personas = Personas(seed, "t", network=str(network))
    count = min(64, network.num_addresses)
    addresses = {personas._address(number) for number in range(count)}
    assert len(addresses) == count
    assert all(ipaddress.ip_address(each) in network for each in addresses)


def test_address_and_cookie_together_tell_visitors_apart() -> None:
    """Where a network is small, visitors share addresses, but no pair of address and cookie."""
    personas = Personas(1, "t", network="192.0.2.0/28")
    pairs = [(persona.ip, persona.cookie_id) for persona in map(personas.persona, range(5000))]
    assert len({ip for ip, _ in pairs}) == 16
    assert len(set(pairs)) == 5000


def test_there_is_as_much_variety_as_the_docstring_says() -> None:
    """Of 5,000 visitors most have a name of their own, and none of the few names is everybody's."""
    visitors = [EVERYBODY.persona(number) for number in range(5000)]
    names = [each.name for each in visitors]
    assert len(set(names)) > 4000
    assert max(names.count(each) for each in set(names)) < 25
    assert len({each.company for each in visitors}) > 1500
    assert len({each.city for each in visitors}) > 1200
    assert len({each.user_agent for each in visitors}) >= 8
    for language in ("en", "fr", "de"):
        assert sum(each.language == language for each in visitors) == pytest.approx(5000 / 3, rel=0.1)


def test_about_half_the_visitors_are_on_a_telephone() -> None:
    """As the shares of the browsers add up."""
    mobile = sum(EVERYBODY.persona(number).mobile for number in range(4000))
    assert mobile / 4000 == pytest.approx(0.5, abs=0.04)


def test_a_persona_is_small() -> None:
    """Its struct and the strings nobody else has stay below 1.5 KB, so that thousands in progress cost megabytes."""
    for number in (0, 99, 12_345):
        persona = EVERYBODY.persona(number)
        own = [persona.name, persona.email, persona.phone, persona.ip, persona.cookie_id]
        assert sys.getsizeof(persona) + sum(map(sys.getsizeof, own)) < 1500
        assert not hasattr(persona, "__dict__")


def test_pools_are_shared_by_all_visitors() -> None:
    """Two visitors from one place with the same company have one string of it between them."""
    seen: dict[str, str] = {}
    for number in range(3000):
        company = EVERYBODY.persona(number).company
        assert seen.setdefault(company, company) == company
    by_id = {id(EVERYBODY.persona(number).user_agent) for number in range(1000)}
    assert len(by_id) <= 11


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        ({"run_tag": ""}, "run tag: got '', expected letters and digits"),
        ({"run_tag": "a b"}, "run tag: got 'a b'"),
        ({"run_tag": "é"}, "run tag: got 'é'"),
        ({"languages": ()}, "languages: got none, expected of en, fr, de"),
        ({"languages": ("en", "tlh")}, "languages: got tlh, expected of en, fr, de"),
        ({"network": "300.0.0.0/8"}, "network: got '300.0.0.0/8' .* expected an IPv4 network"),
        ({"network": "10.0.0.1/8"}, "network: got '10.0.0.1/8' .*host bits"),
        ({"network": "2001:db8::/32"}, "network: got '2001:db8::/32'"),
    ],
)
def test_what_makes_no_visitors_is_refused(arguments: dict[str, object], complaint: str) -> None:
    """One line says what was got and what was expected."""
    with pytest.raises(ConfigError, match=complaint):
        Personas(**({"seed": 1, "run_tag": "t"} | arguments))  # type: ignore[arg-type]


def test_a_persona_never_changes() -> None:
    """It is frozen: who holds one may pass it on."""
    with pytest.raises(AttributeError):
        EVERYBODY.persona(1).name = "x"  # type: ignore[misc]
    assert isinstance(EVERYBODY.persona(1), Persona)
    assert random.Random(1).random() == 0.13436424411240122, "the generator that all of this stands on has changed"
