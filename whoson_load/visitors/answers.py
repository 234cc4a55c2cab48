"""Survey answers that a server has no reason to refuse, and wrong ones for the visitor who errs first.

Knows the fields, not the chat around them.

No answer reaches anybody: what has an @ in it ends in a domain reserved for examples, and what is asked as a
telephone number is one of those reserved for fiction, whatever a mask would also allow.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from whoson_load.errors import ConfigError
from whoson_load.protocol.survey import SurveyField, change_case, problem_with
from whoson_load.visitors.draws import happens, pick
from whoson_load.visitors.masks import matching
from whoson_load.visitors.natural import is_address, is_safe, natural_answers
from whoson_load.visitors.persona import Persona

__all__ = ["HABITS", "Habits", "UnanswerableField", "answer_field", "answer_survey", "extra_answers", "wrong_answer"]


class UnanswerableField(ConfigError):
    """No answer was found that a field accepts: its properties contradict one another, or its mask is beyond us."""


ANSWERS_OPTIONAL = MappingProxyType(
    {"": 0.5, "name": 0.95, "email": 0.6, "company": 0.45, "rating": 0.75, "boolean": 0.8, "select": 0.6}
)
"""How often people answer an optional field, by kind.

Invented; that they fill in more than they must: Preibusch, Krol, Beresford: The Privacy Economics of Voluntary
Over-disclosure in Web Forms (WEIS 2012; read in its abstract and its slides), where 1,500 people, who were paid, gave
from 57 % (their date of birth) to 87 % (their favourite colour) of ten items.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How people deal with what they need not do.

    Attributes:
        answers_optional: how often (0 to 1) an optional field of a kind is answered; "" is any kind not listed.
        keeps_default: how often what a field is filled with already is left as it stands. Invented.
        given: field name -> answer, for fields where only the site's owner knows what is accepted (an order number
            that exists).
    """

    answers_optional: Mapping[str, float] = field(default_factory=lambda: ANSWERS_OPTIONAL)
    keeps_default: float = 0.7
    given: Mapping[str, str] = field(default_factory=dict)

    def answers(self, asked: SurveyField, rng: random.Random) -> bool:
        """Whether this field is answered this time: always when it must be."""
        chance = self.answers_optional.get(asked.kind, self.answers_optional.get("", 1.0))
        return happens(chance, rng) or asked.required or asked.field_name in self.given


HABITS = Habits()
"""As people do."""


def answer_survey(
    fields: Iterable[SurveyField], persona: Persona, rng: random.Random, now: datetime, habits: Habits = HABITS
) -> list[tuple[str, str]]:
    """What a visitor answers to a survey, in some tens of microseconds a field.

    Args:
        fields: the survey's; those not enabled are not asked.
        persona: who answers.
        rng: everything random comes from it.
        now: the visitor's time, for dates and times.
        habits: what is left out, what is left as it stands, what is given.

    Returns:
        (field name, value) pairs in the order of the fields, without those left out; `problem_with` finds nothing
        in any of them. An optional field for which no answer can be found is left out.

    Raises:
        UnanswerableField: a required field for which none can be found.
    """
    answers = []
    for asked in fields:
        if not asked.enabled or not habits.answers(asked, rng):
            continue
        try:
            answers.append((asked.field_name, answer_field(asked, persona, rng, now, habits)))
        except UnanswerableField:
            if asked.required:
                raise
    return answers


def answer_field(
    asked: SurveyField, persona: Persona, rng: random.Random, now: datetime, habits: Habits = HABITS
) -> str:
    """An answer to one field, never empty, optional or not; see `answer_survey`.

    Raises:
        UnanswerableField: none can be found.
    """
    for candidate in _candidates(asked, persona, rng, now, habits):
        answer = _fitted(asked, candidate)
        if answer and is_safe(answer) and problem_with(asked, answer) is None:
            return answer
    raise UnanswerableField(
        f"survey field {asked.field_name}: found no answer, expected one of type {asked.kind}"
        + (f", at most {asked.length} characters" if asked.length else "")
        + (f", matching {asked.mask}" if asked.mask else "")
        + "; give one, or correct the field"
    )


def _candidates(
    asked: SurveyField, persona: Persona, rng: random.Random, now: datetime, habits: Habits
) -> Iterator[str]:
    """What could be answered, the likeliest first."""
    if asked.field_name in habits.given:
        yield habits.given[asked.field_name]
        return
    default = _default(asked, now)
    if default and happens(habits.keeps_default, rng):
        yield default
    yield from natural_answers(asked, persona, rng, now)
    if asked.mask and not is_address(asked):
        for spare in _SPARE:
            if (text := _matching(asked.mask, rng, min(spare, asked.length or spare))) is not None:
                yield text
    if default:
        yield default


_SPARE = (*[12] * 24, *[5] * 24, *[1] * 16, *[0] * 16)
"""How far a mask's repetitions may run, try by try: long texts first, then ever shorter ones that fit the length."""


def _default(asked: SurveyField, now: datetime) -> str:
    """What the input shows before the visitor touches it."""
    if asked.kind == "date" and asked.default_date_today:
        return now.date().isoformat()
    if asked.kind == "time" and asked.default_time_today:
        return f"{now:%H:%M}"
    return asked.default_value


def _matching(mask: str, rng: random.Random, spare: int) -> str | None:
    try:
        return matching(mask, rng, spare)
    except re.error:
        # A mask in another dialect (.NET has its own) binds no answer that we could check.
        return None


def _fitted(asked: SurveyField, text: str) -> str:
    """The text as the input lets it in: its case changed, on as many lines as there are, no longer than allowed."""
    if asked.kind in ("select", "boolean"):
        return text
    if not asked.multi_line:
        text = text.replace("\n", " ")
    elif asked.lines:
        text = "\n".join(text.split("\n")[: asked.lines])
    text = change_case(text, asked.change_case)
    return text[: asked.length].strip() if asked.length else text


def wrong_answer(asked: SurveyField, rng: random.Random) -> str | None:
    """An answer that a server has reason to refuse, for the visitor who errs first.

    Returns:
        "" for a required field left empty, or a value; None when there is nothing that the field would refuse.
    """
    wrong = [each for each in _mistakes(asked) if is_safe(each) and problem_with(asked, each) is not None]
    return pick(wrong, rng) if wrong else None


def _mistakes(asked: SurveyField) -> Iterator[str]:
    """What people get wrong; not all of it is wrong in every field."""
    yield ""
    yield {
        "numeric": "twelve",
        "rating": "very good",
        "email": "sophie.martin.example.com",
        "date": "next Tuesday",
        "time": "half past nine",
        "boolean": "perhaps",
        "select": "none of these",
    }.get(asked.kind, "?")
    low, high = asked.bounds
    if high is not None:
        yield f"{int(high) + 1}"
    if low is not None:
        yield f"{int(low) - 1}"
    if asked.length:
        yield "x" * (asked.length + 1)
    if asked.change_case:
        yield change_case("sOPHIE mARTIN", 3 if asked.change_case in (1, 2) else 1)
    if asked.mask:
        yield from ("not this", "0", "#")
    if not asked.multi_line:
        yield "one line\nand another"


def extra_answers(persona: Persona, asked: Iterable[SurveyField]) -> list[tuple[str, str]]:
    """Fields of our own beside the survey's, by which a run's test data can be found and deleted in a server's records.

    Source: the WhosOn Chat API specification records fields that no survey defines, if their names are unique.

    Args:
        persona: who answers.
        asked: the survey's fields; a field of theirs keeps its name to itself.

    Returns:
        ("LoadTestRun", the run's tag) and ("LoadTestVisitor", the visitor's number).
    """
    taken = {each.field_name.lower() for each in asked}
    extra = [("LoadTestRun", persona.tag), ("LoadTestVisitor", str(persona.number))]
    return [(name, value) for name, value in extra if name.lower() not in taken]
