"""What a visitor costs before anything is sent: a persona, a survey's answers, a line, an action of typing, a mask.

Run it alone on a quiet machine: `python benchmarks/visitors.py`. Prints the median of five rounds, in microseconds of
CPU.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from statistics import median

from whoson_load.protocol.survey import SurveyField
from whoson_load.visitors import (
    MANNERS,
    Personas,
    Rhythm,
    Talk,
    answer_survey,
    paste,
    type_out,
    visit_random,
    with_token,
)
from whoson_load.visitors.masks import matching

ROUNDS = 5

SURVEY = (
    SurveyField(field_name="VisitorName", field_type="name", length=100, required=True),
    SurveyField(field_name="Company", field_type="company", length=200, change_case=2),
    SurveyField(field_name="Rating", field_type="rating", validate_high=5, html5_type="range"),
    SurveyField(field_name="transEmail", length=250, html5_type="email"),
    SurveyField(field_name="Mailing", field_type="boolean", default_value="Y", html5_type="checkbox"),
    SurveyField(field_name="FindMethod", field_type="select", select_options=("Google", "LinkedIn Ad", "Twitter Ad")),
)
"""The fields of the specification's own example site, before and after the chat."""

MASKED = (SurveyField(field_name="OrderNumber", mask=r"[A-Z]{2}-\d{5}", required=True),)
NOW = datetime(2026, 3, 9, 14, 5, tzinfo=UTC)


def cost_us(work: Callable[[int], object], times: int) -> float:
    """Microseconds of CPU for one call of `work`, which is given 0, 1, 2 ..."""
    rounds = []
    for _ in range(ROUNDS):
        start_ns = time.process_time_ns()
        for number in range(times):
            work(number)
        rounds.append((time.process_time_ns() - start_ns) / times / 1000)
    return median(rounds)


def typing_us(rhythm: Rhythm, texts: list[str]) -> tuple[float, float]:
    """Microseconds for an action, and for a character, of typing all the texts."""
    rng, characters = visit_random(3, 0, 0), sum(map(len, texts))
    rounds, actions = [], 0
    for _ in range(ROUNDS):
        start_ns = time.process_time_ns()
        actions = sum(1 for text in texts for _ in type_out(text, rhythm, rng))
        rounds.append((time.process_time_ns() - start_ns) / 1000)
    return median(rounds) / actions, median(rounds) / characters


def main() -> None:
    """Measure all and print a table."""
    personas = Personas(1, "7k2f", ("en", "fr", "de"))
    people = [personas.persona(number) for number in range(500)]
    rng = visit_random(1, 0, 0)
    turn = cycle(people)
    talks = [Talk(each.language, rng) for each in people]
    texts = [with_token(talk.line("opening"), "7k2f0001a") for talk in talks]
    texts = [text for text in texts if len(text) < 400]

    rows = [
        ("a visit's stream of random numbers", cost_us(lambda number: visit_random(1, number, 0), 5000)),
        ("a persona", cost_us(personas.persona, 5000)),
        ("manners of one visitor", cost_us(lambda _: MANNERS.of_one(rng), 5000)),
        ("a survey of six fields", cost_us(lambda _: answer_survey(SURVEY, next(turn), rng, NOW), 2000)),
        ("a survey of one masked field", cost_us(lambda _: answer_survey(MASKED, next(turn), rng, NOW), 2000)),
        ("a text for a mask", cost_us(lambda _: matching(r"[A-Z]{2}-\d{5}", rng, 5), 5000)),
        ("a talk begun", cost_us(lambda _: Talk("en", rng), 5000)),
        ("a line said", cost_us(lambda number: Talk("en", rng).line("opening"), 5000)),
        ("a token put in", cost_us(lambda number: with_token(texts[number % len(texts)], "7k2f0001a"), 5000)),
        ("a paste of 4,000 characters", cost_us(lambda _: list(paste("x" * 4000, Rhythm(), rng)), 2000)),
    ]
    for label, every_s in (("at every key", 0.0), ("every 2 s", 2.0), ("never", None)):
        action_us, character_us = typing_us(replace(Rhythm(), preview_every_s=every_s), texts)
        rows.append((f"an action of typing, previews {label}", action_us))
        rows.append((f"    for a character of the text, previews {label}", character_us))
    for name, spent_us in rows:
        print(f"{name:<58}{spent_us:>9.2f} us")
    own = people[0]
    strings = (own.name, own.email, own.phone, own.ip, own.cookie_id)
    print(
        f"{'a persona, its own strings included':<58}{sys.getsizeof(own) + sum(map(sys.getsizeof, strings)):>9} bytes"
    )


if __name__ == "__main__":
    main()
