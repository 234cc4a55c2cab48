from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from whoson_load.protocol.survey import SurveyField
from whoson_load.visitors.natural import is_address, is_safe, natural_answers, topic_of
from whoson_load.visitors.persona import Personas

PERSONA = Personas(1, "7k2f").persona(0)


@pytest.mark.parametrize(
    "kind, name, prompt, html5_type, topic",
    [
        ("name", "x", "", "text", "name"),
        ("text", "VisitorName", "", "text", "name"),
        ("text", "x", "Your e-mail address", "text", "email"),
        ("text", "transEmail", "", "text", "email"),
        ("text", "x", "", "email", "email"),
        ("text", "x", "Telefon", "text", "phone"),
        ("text", "x", "", "tel", "phone"),
        ("text", "Ville", "", "text", "city"),
        ("text", "x", "Ihre Firma", "text", "company"),
        ("text", "OrderNumber", "", "text", "number"),
        ("text", "x", "Anything else?", "text", "text"),
        ("text", "x", "", "url", "url"),
        ("company", "Phone", "", "tel", "company"),
        ("rating", "x", "", "range", "rating"),
        ("hologram", "x", "", "text", "text"),
    ],
)
def test_a_field_is_understood_as_a_person_would(
    kind: str, name: str, prompt: str, html5_type: str, topic: str
) -> None:
    """Its type counts first, then the input it suggests, then its name and its prompt."""
    asked = SurveyField(field_name=name, field_type=kind, prompt=prompt, html5_type=html5_type)
    assert topic_of(asked) == topic
    assert is_address(asked) == (topic in ("email", "phone"))


@pytest.mark.parametrize(
    "answer, safe",
    [
        ("Sophie Martin", True),
        ("sophie@example.com", True),
        ("SOPHIE@EXAMPLE.ORG", True),
        ("a@b.example.net", True),
        ("a@test.invalid", True),
        ("sophie@gmail.com", False),
        ("a@notexample.com", False),
        ("a@example.com.br", False),
        ("write to a@example.com or b@mail.de", False),
        ("a @ b", False),
        ("@", False),
    ],
)
def test_an_address_is_safe_when_it_is_reserved(answer: str, safe: bool) -> None:
    """Only the domains of RFC 2606 may stand behind an @."""
    assert is_safe(answer) == safe


@pytest.mark.parametrize(
    "kind", ["text", "numeric", "date", "time", "boolean", "rating", "company", "email", "name", "select"]
)
def test_every_kind_has_an_answer_but_a_choice_of_nothing(kind: str) -> None:
    """The first answer is never empty; a select without options has none."""
    asked = SurveyField(field_name="x", field_type=kind)
    found = list(natural_answers(asked, PERSONA, random.Random(1), datetime(2026, 1, 1, tzinfo=UTC)))
    assert bool(found) == (kind != "select")
    assert all(found)


def test_a_rating_stays_within_its_scale() -> None:
    """For any number of stars the rating is one of them, and the ends are reached."""
    for high in (2, 3, 4, 5, 7, 10, 100):
        asked = SurveyField(field_name="x", field_type="rating", validate_high=high)
        rated = {
            int(next(iter(natural_answers(asked, PERSONA, random.Random(seed), datetime(2026, 1, 1, tzinfo=UTC)))))
            for seed in range(500)
        }
        assert min(rated) == 1
        assert max(rated) == high
