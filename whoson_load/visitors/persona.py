"""Who a visitor is: name, addresses, browser, all drawn from the run's seed and the visitor's number.

Knows nothing of sites or chats.

Nobody real is ever meant: e-mail goes to reserved domains, telephone numbers are from ranges that no subscriber is
ever given, addresses are from a network that the internet does not route, and every name carries the run's tag so
that it can be found and deleted.
"""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import msgspec
from faker import Faker

from whoson_load.errors import ConfigError
from whoson_load.visitors.browsers import BROWSERS, REFERRERS
from whoson_load.visitors.draws import WeightedChoice, between, pick, stream, visit_random
from whoson_load.visitors.places import PLACES, Place

__all__ = ["BENCHMARK_NETWORK", "Persona", "Personas", "visit_random"]

BENCHMARK_NETWORK = "198.18.0.0/15"
"""131,072 addresses that belong to nobody and are set apart for measuring performance. Source: RFC 2544, RFC 6890."""

POOL_SIZE = 512
"""First names, last names, companies and cities drawn from faker for each place; see `Personas`."""


class Persona(msgspec.Struct, frozen=True):
    """One visitor, in some 600 bytes of its own (what is shared by many not counted).

    Attributes:
        number: of the visitor in the run, from 0.
        name: first and last name and the run's tag, "Sophie Martin 7k2f".
        email: at example.com; carries the number, so no two visitors of a run share one.
        phone: of a range reserved for fiction in the visitor's country.
        company, city: made up.
        country: ISO 3166-1, two letters.
        language: ISO 639-1, two letters.
        ip: an IPv4 address; with the cookie it is what a server knows the visitor by.
        cookie_id: as a tracking cookie writes it, "287-3882882".
        user_agent: what the browser calls itself.
        referrer: the page that led to the site, "" for none.
    """

    number: int
    name: str
    email: str
    phone: str
    company: str
    city: str
    country: str
    language: str
    ip: str
    cookie_id: str
    user_agent: str
    referrer: str

    @property
    def tag(self) -> str:
        """The run's tag, as it stands in the name."""
        return self.name.rpartition(" ")[2]

    @property
    def mobile(self) -> bool:
        """Whether this visitor types on a touchscreen."""
        return "Mobile" in self.user_agent


class Personas:
    """The visitors of a run: any one of them, at any time, in any process, always the same.

    Names, companies and cities are drawn from faker once, POOL_SIZE of each for a place, and a persona takes one of
    each: faker itself would take up to 200 us a persona. What that does to variety: a pool of 512 draws holds 180
    to 450 different first names and 200 to 350 last names (common ones come more than once, as they do in life), so
    some 50,000 to 100,000 different names a place, each of them shared by more and more visitors as the run goes
    on. E-mail and the pair of address and cookie stay unlike; see the arguments.

    Args:
        seed: of the run; the pools are drawn from it too.
        run_tag: letters and digits that mark the run's test data.
        languages: which the visitors speak, each as often (one named twice comes twice as often); of `places.PLACES`.
        network: where addresses come from, as CIDR. The addresses are handed out in a seeded order, each once
            before any comes again, so a server that limits chats from one address sees as many visitors as there
            are addresses. BENCHMARK_NETWORK is nobody's, so no real person's record is touched, but a server can
            place none of them on the map: name a network of your own where GeoIP matters.

    Raises:
        ConfigError: a language nobody here speaks, no language, a tag that is not letters and digits, or no IPv4
        network.
    """

    def __init__(
        self, seed: int, run_tag: str, languages: Sequence[str] = ("en",), network: str = BENCHMARK_NETWORK
    ) -> None:
        if not run_tag or not (run_tag.isascii() and run_tag.isalnum()):
            raise ConfigError(f"run tag: got {run_tag!r}, expected letters and digits")
        unknown = [language for language in languages if language not in PLACES]
        if unknown or not languages:
            raise ConfigError(f"languages: got {', '.join(unknown) or 'none'}, expected of {', '.join(PLACES)}")
        self._seed = seed
        self._tag = run_tag
        self._places = [WeightedChoice([(place, place.weight) for place in PLACES[each]]) for each in languages]
        self._first_address, self._addresses = _network(network)
        # An odd step visits every address of a power of two once before it comes back to the first.
        order = stream("addresses", seed)
        self._step = 2 * between(0, self._addresses // 2, order) + 1
        self._shift = between(0, self._addresses - 1, order)

    def persona(self, number: int) -> Persona:
        """The visitor of this number (0 or more).

        Costs some 15 us; the first visitor from a place draws its pool, which takes 10 to 100 ms.
        """
        rng = stream("persona", self._seed, number)
        place = pick(self._places, rng).draw(rng)
        pool = _pool(place, self._seed)
        first, last = pick(pool.first_names, rng), pick(pool.last_names, rng)
        return Persona(
            number=number,
            name=f"{first} {last} {self._tag}",
            email=f"{_ascii(first)}.{_ascii(last)}.{number}@example.com",
            phone=place.phone(rng),
            company=pick(pool.companies, rng),
            city=pick(pool.cities, rng),
            country=place.country,
            language=place.language,
            ip=self._address(number),
            cookie_id=f"{between(100, 999, rng)}-{between(1_000_000, 9_999_999, rng)}",
            user_agent=BROWSERS.draw(rng),
            referrer=REFERRERS.draw(rng),
        )

    def _address(self, number: int) -> str:
        value = self._first_address + (number * self._step + self._shift) % self._addresses
        return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"


def _network(cidr: str) -> tuple[int, int]:
    """The first address of a network as a number, and how many it has."""
    try:
        network = ipaddress.IPv4Network(cidr)
    except ValueError as problem:
        raise ConfigError(
            f"network: got {cidr!r} ({problem}), expected an IPv4 network such as 198.18.0.0/15"
        ) from None
    return int(network.network_address), network.num_addresses


class _Pool(msgspec.Struct, frozen=True):
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    companies: tuple[str, ...]
    cities: tuple[str, ...]


@lru_cache(maxsize=64)
def _pool(place: Place, seed: int) -> _Pool:
    faker = Faker(place.locale)
    faker.seed_instance(stream(f"pool {place.locale}", seed).getrandbits(64))
    draws = range(POOL_SIZE)
    return _Pool(
        first_names=tuple(faker.first_name() for _ in draws),
        last_names=tuple(faker.last_name() for _ in draws),
        companies=tuple(faker.company() for _ in draws),
        cities=tuple(faker.city() for _ in draws),
    )


@lru_cache(maxsize=8192)
def _ascii(name: str) -> str:
    """A name as people write it in their e-mail address: lower case, letters only, accents gone."""
    plain = unicodedata.normalize(
        "NFKD", name.lower().replace("ß", "ss").replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    )
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum())
