"""What people would write into a survey field by themselves, before any mask or length is thought of.

Knows nothing of what a server accepts.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from whoson_load.protocol.survey import SurveyField
from whoson_load.visitors.draws import WeightedChoice, between, happens, pick
from whoson_load.visitors.oddities import NO_ODDITIES
from whoson_load.visitors.persona import Persona
from whoson_load.visitors.places import PLACES, phone_forms
from whoson_load.visitors.talk import Talk

__all__ = ["STARS", "is_address", "is_safe", "natural_answers", "topic_of"]

STARS = WeightedChoice([(1, 0.10), (2, 0.044), (3, 0.066), (4, 0.17), (5, 0.62)])
"""How people rate, from 1 (worst) to 5.

Source: Comm100 Live Chat Benchmark Report 2021: 85.6 % of ratings of 2020 were 3 or better; Hu, Zhang, Pavlou:
Overcoming the J-shaped Distribution of Product Reviews (CACM 52:10, 2009): mostly 5, some 1, hardly any between. The
single figures are Invented to agree with both.
"""

_RESERVED = re.compile(r"[^@\s]+@([\w-]+\.)*(example\.(com|net|org)|[\w-]+\.invalid|example)", re.IGNORECASE)
"""E-mail addresses that reach nobody. Source: RFC 2606 (example.com, .net, .org, .example, .invalid)."""

_HINTS = (
    ("email", re.compile(r"mail", re.IGNORECASE)),
    ("phone", re.compile(r"phone|phon|\btel|mobil|handy|portable|fax|callback|rückruf", re.IGNORECASE)),
    ("company", re.compile(r"compan|firm|sociét|societe|entreprise|organi[sz]|unternehmen", re.IGNORECASE)),
    ("city", re.compile(r"city|town|ville|stadt|\bort\b|location", re.IGNORECASE)),
    ("number", re.compile(r"number|numéro|numero|nummer|order|invoice|account|\bno\b|\bid\b|code", re.IGNORECASE)),
    ("name", re.compile(r"name|\bnom\b|prénom", re.IGNORECASE)),
)
"""What a text field is about, read from its name and its prompt; the first that is found counts."""

_HTML5 = {
    "email": "email",
    "tel": "phone",
    "number": "number",
    "range": "number",
    "url": "url",
    "date": "date",
    "time": "time",
}


def is_safe(answer: str) -> bool:
    """Whether an answer holds no e-mail address but those that reach nobody."""
    return "@" not in answer or all(_RESERVED.fullmatch(word) for word in answer.split() if "@" in word)


def topic_of(asked: SurveyField) -> str:
    """What a field asks for: its kind, or for a text field what its input type, name and prompt tell, else "text"."""
    if asked.kind != "text":
        return asked.kind
    by_type = _HTML5.get(asked.html5_type.lower())
    words = f"{asked.field_name} {asked.prompt}"
    return by_type or next((topic for topic, hint in _HINTS if hint.search(words)), "text")


def is_address(asked: SurveyField) -> bool:
    """Whether the field asks for where somebody can be reached: only what is reserved may be answered there."""
    return topic_of(asked) in ("email", "phone")


def natural_answers(asked: SurveyField, persona: Persona, rng: random.Random, now: datetime) -> Iterable[str]:
    """What this visitor would answer, the likeliest first; there may be nothing (a select without options).

    Args:
        asked: the field.
        persona: who answers.
        rng: everything random comes from it.
        now: the visitor's time.
    """
    return _ANSWERS[topic_of(asked)](asked, persona, rng, now)


def _emails(persona: Persona) -> Iterator[str]:
    local, first = persona.email.partition("@")[0], persona.email.partition(".")[0]
    letters = re.sub(r"[^a-z]", "", local)
    for domain in ("example.com", "example.org", "example.net", "test.invalid"):
        for each in (local, letters, first, f"v{persona.number}", "v"):
            yield f"{each}@{domain}"


def _phones(persona: Persona, rng: random.Random) -> Iterator[str]:
    """The visitor's own number, then one of each other country, each in the forms that people write."""
    home = [place for places in PLACES.values() for place in places if place.country == persona.country]
    abroad = [place for places in PLACES.values() for place in places if place.country != persona.country]
    yield from phone_forms(persona.phone, home[0].calling_code)
    for place in abroad:
        yield from phone_forms(place.phone(rng), place.calling_code)


def _numbers(low: float | None, high: float | None, rng: random.Random) -> Iterator[str]:
    """Numbers between the bounds, whole ones where there are any; an open side reaches 100 from the other."""
    if low is None and high is None:
        low, high = 1, 99
    least, most = (high or 0) - 100 if low is None else low, (low or 0) + 100 if high is None else high
    first, last = math.ceil(least), math.floor(most)
    if first <= last:
        yield str(between(first, last, rng))
        yield from (str(first), str(last))
        if first <= 0 <= last:
            yield "0"
    yield repr((least + most) / 2)
    yield from (repr(least), repr(most))


def _ratings(low: float | None, high: float | None, rng: random.Random) -> Iterator[str]:
    """A rating in stars, carried over to the scale there is."""
    least, most = 1.0 if low is None else low, (low or 1.0) + 4 if high is None else high
    share = (STARS.draw(rng) - 1) / 4 + (rng.random() - 0.5) / 4.01
    first, last = math.ceil(least), math.floor(most)
    if first <= last:
        yield str(min(last, max(first, round(first + share * (last - first)))))
    yield from _numbers(least, most, rng)


def _dates(day: datetime) -> Iterator[str]:
    yield f"{day:%Y-%m-%d}"
    # A mask may want it as the country writes it.
    yield from (f"{day:%d/%m/%Y}", f"{day:%m/%d/%Y}", f"{day:%d.%m.%Y}", f"{day:%d-%m-%Y}", f"{day:%Y/%m/%d}")


def _times(moment: datetime) -> Iterator[str]:
    yield from (f"{moment:%H:%M}", f"{moment:%H:%M:%S}", f"{moment:%H.%M}", f"{moment:%I:%M %p}", f"{moment:%H%M}")


def _choices(asked: SurveyField, rng: random.Random) -> Iterator[str]:
    if asked.select_options:
        yield pick(asked.select_options, rng)
        yield from asked.select_options


def _anything(asked: SurveyField, persona: Persona, rng: random.Random) -> Iterator[str]:
    """A sentence, on a second line another where there is room, then ever shorter texts."""
    talk = Talk(persona.language, rng, NO_ODDITIES)
    question = talk.line("question")
    yield f"{talk.line('opening')}\n{question}" if asked.multi_line else question
    yield from (persona.city, "Yes", "ok", "1")


_Answers = Callable[[SurveyField, Persona, random.Random, datetime], Iterable[str]]

_ANSWERS: Mapping[str, _Answers] = {
    "name": lambda asked, persona, rng, now: (persona.name, *persona.name.split()),
    "company": lambda asked, persona, rng, now: (persona.company, *persona.company.split()),
    "city": lambda asked, persona, rng, now: (persona.city,),
    "email": lambda asked, persona, rng, now: _emails(persona),
    "phone": lambda asked, persona, rng, now: _phones(persona, rng),
    "url": lambda asked, persona, rng, now: ("https://www.example.com/",),
    "numeric": lambda asked, persona, rng, now: _numbers(*asked.bounds, rng),
    "number": lambda asked, persona, rng, now: (str(between(10_000, 99_999_999, rng)), *_numbers(None, None, rng)),
    "rating": lambda asked, persona, rng, now: _ratings(*asked.bounds, rng),
    "date": lambda asked, persona, rng, now: _dates(now + timedelta(days=between(-30, 60, rng))),
    "time": lambda asked, persona, rng, now: _times(
        now.replace(hour=between(8, 17, rng), minute=15 * between(0, 3, rng), second=0)
    ),
    "boolean": lambda asked, persona, rng, now: ("Y", "N") if happens(0.5, rng) else ("N", "Y"),
    "select": lambda asked, persona, rng, now: _choices(asked, rng),
    "text": lambda asked, persona, rng, now: _anything(asked, persona, rng),
}
"""For each topic what is answered.

Invented: that every second box is ticked; that a day is from a month ago to two months ahead, and a time of day one of
the quarter hours from 8:00 to 17:45, whatever the time is now.
"""
