from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from whoson_load.protocol.conversation import TABLE, Moves, State
from whoson_load.protocol.diagram import draw

ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"
BLOCK = re.compile(r"<!-- conversation: begin -->\s*```mermaid\n(.*?)```\s*<!-- conversation: end -->", re.DOTALL)

ARROW = re.compile(r"    (\S+) --> (\S+)(?: : (.*))?")


def test_a_small_table_is_drawn_line_by_line() -> None:
    """Steps with one target share an arrow, what stays stands in a note, and what nothing leads out of is an end."""
    table = {
        State.OPEN: Moves(
            commands={"Connect": State.TURNED_AWAY, "Quit": State.LEFT, "LeaveMessage": State.OPEN},
            events={"error": State.LEFT, "image": State.OPEN, "newline": State.OPEN},
        ),
        State.TURNED_AWAY: Moves(commands={"Quit": State.LEFT}, events={}, crossing=frozenset({"queue"})),
        State.LEFT: Moves(commands={}, events={"quit": State.LEFT}),
    }
    assert draw(table) == (
        "stateDiagram-v2\n"
        "    direction TB\n"
        '    state "turned away" as turned_away\n'
        "    [*] --> open\n"
        "    open --> turned_away : Connect\n"
        "    open --> left : Quit, error\n"
        "    turned_away --> left : Quit\n"
        "    left --> [*]\n"
        "    note right of open\n"
        "        sends LeaveMessage\n"
        "        hears image, newline\n"
        "    end note\n"
        "    note right of left\n"
        "        hears quit\n"
        "    end note\n"
    )


def test_every_step_of_the_table_is_drawn_once() -> None:
    """The arrows and notes read back are the table, all of it and nothing else."""
    drawn: list[tuple[str, str, str]] = []
    noted: str | None = None
    for line in draw(TABLE).splitlines():
        if arrow := ARROW.fullmatch(line):
            source, target, names = arrow.groups()
            drawn += [(source, name, target) for name in (names or "").split(", ") if name]
        elif line.startswith("    note right of "):
            noted = line.rpartition(" ")[2]
        elif line == "    end note":
            noted = None
        elif noted:
            names = re.sub(r"^(sends|hears) ", "", line.strip()).rstrip(",")
            drawn += [(noted, name, noted) for name in names.split(", ")]
    steps = [
        (state.replace(" ", "_"), name, after.replace(" ", "_"))
        for state, moves in TABLE.items()
        for name, after in (*moves.commands.items(), *moves.events.items())
    ]
    assert sorted(drawn) == sorted(steps)


def test_a_note_stays_narrow() -> None:
    """A box of a hundred characters could be read by nobody beside its state."""
    notes = re.findall(r"note right of .*?end note", draw(TABLE), re.DOTALL)
    assert notes
    assert max(len(line.strip()) for note in notes for line in note.splitlines()) <= 60


def test_the_module_prints_the_drawing() -> None:
    """So that whoever changes the table can bring the page up to date."""
    result = subprocess.run(
        [sys.executable, "-m", "whoson_load.protocol.diagram"],
        cwd=ARCHITECTURE.parents[1],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert result.stdout == draw(TABLE)


def test_the_architecture_page_shows_the_table_as_it_is() -> None:
    """The page's block between its two comments is what `python -m whoson_load.protocol.diagram` prints."""
    assert ARCHITECTURE.is_file(), f"{ARCHITECTURE.name} is missing, expected a page with the conversation's diagram"
    block = BLOCK.search(ARCHITECTURE.read_text(encoding="utf-8"))
    assert block, (
        f"{ARCHITECTURE.name}: got no block, expected <!-- conversation: begin -->, ```mermaid, <!-- ... end -->"
    )
    assert block[1] == draw(TABLE), "out of date, expected what `python -m whoson_load.protocol.diagram` prints"
