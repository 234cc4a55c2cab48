"""Where visitors come from: for each language its countries, and there the telephone numbers that nobody is given.

Knows no visitor.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from whoson_load.visitors.draws import between, pick

__all__ = ["PLACES", "Place", "phone_forms"]


@dataclass(frozen=True, slots=True)
class Place:
    """A country as visitors of one language come from it.

    Attributes:
        language: ISO 639-1. country: ISO 3166-1. locale: faker's.
        calling_code: of the country, without the plus.
        weight: how often, among the places of its language. Invented.
        phone: a number as it is written there, of a range reserved for fiction.
    """

    language: str
    country: str
    calling_code: str
    locale: str
    weight: float
    phone: Callable[[random.Random], str]


def _british(rng: random.Random) -> str:
    """Source: Ofcom, Telephone numbers for use in TV and radio drama programmes: mobile 07700 900000 to 900999.

    Not re-read: as the BBC and others quote it.
    """
    return f"07700 900{between(0, 999, rng):03d}"


def _north_american(*area_codes: str) -> Callable[[random.Random], str]:
    """Source: North American Numbering Plan, 555 guidelines: 555-0100 to 555-0199 are set aside for fiction.

    Not re-read: as encyclopedias quote them, which know of an exception for the area code 800 alone.
    """
    return lambda rng: f"({pick(area_codes, rng)}) 555-01{between(0, 99, rng):02d}"


def _french(rng: random.Random) -> str:
    """Source: ARCEP decision 2018-0881, numbers for audiovisual works: mobile 06 39 98 00 00 to 99 99.

    Not re-read but for its outline: as others quote the range.
    """
    return f"06 39 98 {between(0, 99, rng):02d} {between(0, 99, rng):02d}"


def _german(rng: random.Random) -> str:
    """Source: Bundesnetzagentur, Mitteilung 148/2021, numbers for media productions: 1,000 in each of five cities.

    Read as the press prints it, with all five ranges.
    """
    return pick(("030 23125", "040 66969", "0221 4710", "069 90009", "089 99998"), rng) + f"{between(0, 999, rng):03d}"


_ALL = (
    Place("en", "GB", "44", "en_GB", 5, _british),
    Place("en", "US", "1", "en_US", 5, _north_american("212", "312", "415", "617", "702", "816")),
    Place("fr", "FR", "33", "fr_FR", 8, _french),
    Place("fr", "CA", "1", "fr_CA", 2, _north_american("418", "450", "514", "819")),
    Place("de", "DE", "49", "de_DE", 1, _german),
)

PLACES = {language: tuple(place for place in _ALL if place.language == language) for language in ("en", "fr", "de")}
"""The places of each language that visitors can speak."""


def phone_forms(phone: str, calling_code: str) -> Iterator[str]:
    """A telephone number in the ways that people write it: as it is, digits only, with dashes, from abroad.

    Args:
        phone: as it is written in its country.
        calling_code: of the country, without the plus.
    """
    groups = re.findall(r"\d+", phone)
    digits = "".join(groups)
    # The nought in front is dialled within a country only.
    abroad = digits.removeprefix("0")
    yield phone
    yield digits
    yield f"+{calling_code}{abroad}"
    yield f"+{calling_code} {' '.join(groups).removeprefix('0')}"
    yield "-".join(groups)
    yield " ".join(groups)
    yield f"00{calling_code}{abroad}"
    yield f"{calling_code}{abroad}"
    yield abroad
    if len(abroad) == 10:
        yield f"{abroad[:3]}-{abroad[3:6]}-{abroad[6:]}"
        yield f"{abroad[:3]}.{abroad[3:6]}.{abroad[6:]}"
