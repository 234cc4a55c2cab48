from __future__ import annotations

import random
import re

import pytest

from whoson_load.visitors.places import PLACES, Place, phone_forms

EVERYWHERE = [place for places in PLACES.values() for place in places]

# The ranges as their authorities publish them: digits with the country's code in front, the nought left out.
RESERVED = {
    "GB": r"447700900\d{3}",
    "US": r"1\d{3}55501\d{2}",
    "CA": r"1\d{3}55501\d{2}",
    "FR": r"3363998\d{4}",
    "DE": r"49(3023125|4066969|2214710|6990009|8999998)\d{3}",
}


@pytest.mark.parametrize("place", EVERYWHERE, ids=lambda place: place.country)
def test_no_number_is_anybodys(place: Place) -> None:
    """Each of 500 numbers, in every form it is written in, is of the range its country reserves for fiction."""
    rng = random.Random(1)
    for _ in range(500):
        for form in phone_forms(place.phone(rng), place.calling_code):
            digits = re.sub(r"\D", "", form).removeprefix("00")
            full = digits if digits.startswith(place.calling_code) and len(digits) > 10 else place.calling_code + digits
            candidates = {digits, full, place.calling_code + digits.removeprefix("0")}
            assert any(re.fullmatch(RESERVED[place.country], each) for each in candidates), form


def test_a_number_is_written_in_the_forms_of_people() -> None:
    """The table of forms for one British and one American number."""
    assert list(phone_forms("07700 900461", "44")) == [
        "07700 900461",
        "07700900461",
        "+447700900461",
        "+44 7700 900461",
        "07700-900461",
        "07700 900461",
        "00447700900461",
        "447700900461",
        "7700900461",
        "770-090-0461",
        "770.090.0461",
    ]
    assert list(phone_forms("(212) 555-0147", "1"))[:6] == [
        "(212) 555-0147",
        "2125550147",
        "+12125550147",
        "+1 212 555 0147",
        "212-555-0147",
        "212 555 0147",
    ]


def test_every_language_has_places_of_its_own() -> None:
    """A place is listed under the language its people speak, and no country twice."""
    for language, places in PLACES.items():
        assert places
        assert {place.language for place in places} == {language}
        assert len({place.country for place in places}) == len(places)
