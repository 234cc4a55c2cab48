"""A recorded visit written out as a locustfile, for people to read and to change.

Knows nothing of the recording: it writes what steps hold, which are names of closed sets and numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from whoson_load.visitors.recording import Does, Hears, Step, length_of_time, length_s

__all__ = ["write_locustfile"]

_WIDTH: Final = 120

_TEMPLATE: Final = '''\
"""A chat as a browser recorded it: {commands} commands in {length}, with the pauses that its visitor made.

Its texts, names and answers are made up for each visit; nothing of the recording but times and lengths is in here.
Rows may be changed, added and taken out, and what is a number of characters may be a text of your own.

Run it:

    whoson-load run {name} --simulator -u 5 -r 1 -t 5m
"""

from locust import between, task

from whoson_load import ChatVisitor, Does, Hears, replay

# Each row: what was done or heard, how many seconds after the row before, how long the text was.
recorded = replay(
{rows}
)


class Visitor(ChatVisitor):
    """Makes the recorded visit, each time as somebody else."""

    languages = ("{language}",)
    wait_time = between(1, 5)

    @task
    def chat(self) -> None:
        """Make a visit."""
        self.visit(recorded)
'''


def write_locustfile(steps: Sequence[Step], language: str, path: str) -> str:
    """The locustfile.

    Args:
        steps: of the visit; at least Connect.
        language: one of `talk.LANGUAGES`.
        path: where it will lie, as it is to be shown in the command that runs it.
    """
    commands = sum(isinstance(step, Does) for step in steps)
    return _TEMPLATE.format(
        commands=commands,
        length=length_of_time(length_s(steps)),
        name=path if re.fullmatch(r"[\w./-]+", path) else "LOCUSTFILE",
        rows="\n".join(f"    {row}," for row in _rows(steps)),
        language=language,
    )


def _rows(steps: Sequence[Step]) -> Iterator[str]:
    for previews, group in groupby(steps, key=_can_be_bundled):
        if previews:
            yield from _bundles([each for each in group if isinstance(each, Does)])
        else:
            yield from map(_row, group)


def _can_be_bundled(step: Step) -> bool:
    return isinstance(step, Does) and step.command == "Preview" and isinstance(step.detail, int)


def _row(step: Step) -> str:
    if isinstance(step, Hears):
        return f'Hears("{step.event}", {step.after_s!r})'
    if step.detail != "":
        return f'Does("{step.command}", {step.after_s!r}, {_literal(step.detail)})'
    return f'Does("{step.command}", {step.after_s!r})' if step.after_s else f'Does("{step.command}")'


def _literal(detail: object) -> str:
    plain = isinstance(detail, str) and repr(detail) == f"'{detail}'" and '"' not in detail
    return f'"{detail}"' if plain else repr(detail)


def _bundles(previews: Sequence[Does]) -> Iterator[str]:
    """A window that shows each key makes hundreds of previews: as many as fit stand in one row."""
    rows: list[list[Does]] = [[]]
    for each in previews:
        # Four spaces before the row, a comma behind it.
        if rows[-1] and len(_bundle([*rows[-1], each])) + 5 > _WIDTH:
            rows.append([])
        rows[-1].append(each)
    yield from map(_bundle, rows)


def _bundle(previews: Sequence[Does]) -> str:
    if len(previews) == 1:
        return _row(previews[0])
    return f"*Does.previews({', '.join(f'({each.after_s!r}, {each.detail!r})' for each in previews)})"
