"""The table of a visit's states drawn as a Mermaid diagram. Knows nothing of what the states mean.

    python -m whoson_load.protocol.diagram

prints it; `docs/architecture.md` holds what is printed, and a test keeps the two the same.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from textwrap import wrap

from whoson_load.protocol.conversation import TABLE, Moves, State

__all__ = ["draw"]

_INDENT = " " * 8


def draw(table: Mapping[State, Moves]) -> str:
    """Draw a table of states.

    Commands and events that lead from one state to another share an arrow, commands first; what leads back to its own
    state stands in a note. What is merely crossing is left out.

    Returns:
        Mermaid's `stateDiagram-v2`, its lines ended by a line feed each; the same text for the same table.
    """
    lines = ["stateDiagram-v2", "    direction TB"]
    lines += [f'    state "{state}" as {_id(state)}' for state in table if _id(state) != state]
    lines.append(f"    [*] --> {_id(next(iter(table)))}")
    for state, moves in table.items():
        targets = dict.fromkeys((*moves.commands.values(), *moves.events.values()))
        targets.pop(state, None)
        for target in targets:
            names = _leading(moves.commands, target) + _leading(moves.events, target)
            lines.append(f"    {_id(state)} --> {_id(target)} : {_listed(names)}")
        if not targets:
            lines.append(f"    {_id(state)} --> [*]")
    for state, moves in table.items():
        staying = [("sends", _leading(moves.commands, state)), ("hears", _leading(moves.events, state))]
        if any(names for _, names in staying):
            lines.append(f"    note right of {_id(state)}")
            for verb, names in staying:
                if names:
                    lines += wrap(f"{verb} {_listed(names)}", 60, initial_indent=_INDENT, subsequent_indent=_INDENT)
            lines.append("    end note")
    return "\n".join(lines) + "\n"


def _id(state: State) -> str:
    return state.replace(" ", "_")


def _leading(moves: Mapping[str, State], target: State) -> list[str]:
    return [name for name, after in moves.items() if after is target]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


if __name__ == "__main__":
    sys.stdout.write(draw(TABLE))
