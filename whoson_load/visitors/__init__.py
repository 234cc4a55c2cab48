"""Visitors one would take for people: who they are, what they answer, say and type, and how long they wait.

Pure and seeded: nothing here knows a socket, a clock, gevent or Locust. Every number that imitates people has its
source beside it, or the word Invented.
"""

from __future__ import annotations

from whoson_load.visitors.answers import answer_field, answer_survey, extra_answers, wrong_answer
from whoson_load.visitors.draws import visit_random
from whoson_load.visitors.keystrokes import Act, Keystroke, Rhythm, paste, type_out
from whoson_load.visitors.patience import MANNERS, Manners
from whoson_load.visitors.persona import Persona, Personas
from whoson_load.visitors.talk import Kind, Talk, with_token

__all__ = [
    "MANNERS",
    "Act",
    "Keystroke",
    "Kind",
    "Manners",
    "Persona",
    "Personas",
    "Rhythm",
    "Talk",
    "answer_field",
    "answer_survey",
    "extra_answers",
    "paste",
    "type_out",
    "visit_random",
    "with_token",
    "wrong_answer",
]
