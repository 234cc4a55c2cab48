"""What is counted rather than timed, in groups of names whose number is bounded, and how counts are added.

Knows nothing of intervals, workers or files. A server that sends ever new names makes no group grow.
"""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = ["GROUPS", "MOST_NAMES", "OTHER", "BoundedCounts", "Tally"]

MOST_NAMES: Final = 50
"""Names a group tells apart; all others are counted as `OTHER`. Invented: three times what the specification has."""

OTHER: Final = "other"

_LONGEST_NAME: Final = 64


class BoundedCounts(dict[str, int]):
    """Counts by name for a process that runs for days: at most `MOST_NAMES` names, then `OTHER`; long names are cut.

    A name once admitted stays, with count 0, when the counts are taken: what a name means does not change during a run.
    Adding to a known name is one dictionary increment (about 0.05 us).
    """

    __slots__ = ()

    def add(self, name: str, count: int = 1) -> None:
        """Count a name, known or not."""
        try:
            self[name] += count
        except KeyError:
            self._admit(name, count)

    def take(self) -> dict[str, int]:
        """Hand over what was counted since the last time, zeros left out, and start again from 0."""
        taken = {name: count for name, count in self.items() if count}
        for name in taken:
            self[name] = 0
        return taken

    def _admit(self, name: str, count: int) -> None:
        short = str(name[:_LONGEST_NAME])
        if short not in self and len(self) >= MOST_NAMES:
            short = OTHER
        self[short] = self.get(short, 0) + count


class Tally(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Counts of one interval or of a whole run; adding is exact, in any order.

    Attributes:
        outcomes: visits by how they ended.
        journeys: visits begun, by what the visitor was to do.
        commands: commands sent, by name.
        events: events received, by name.
        line_classes: lines received, by class name.
        close_codes: connections ended, by close code (`none` where there was no close frame).
        faults: what targets did wrong, by member of the closed set.
        deviations: departures from the specification that were read tolerantly, by kind.
        lines: the ledger's events: sent, echoed, lost, late, duplicated, reordered, crossed.
        arrivals: due, late, capped (turned away by our own cap), begun, ended.
        traffic: `visitor_us`, the time that visits took, those broken off by the run's end included; `bytes_received`,
            `bytes_sent`; `waited_us SERIES`, time waited for events that did not come; `unstamped` receives without a
            kernel stamp; `backward` times that ended before they began (a clock was set back).
        errors: series -> fault -> commands whose event did not come before its deadline or the close.
    """

    outcomes: dict[str, int] = {}
    journeys: dict[str, int] = {}
    commands: dict[str, int] = {}
    events: dict[str, int] = {}
    line_classes: dict[str, int] = {}
    close_codes: dict[str, int] = {}
    faults: dict[str, int] = {}
    deviations: dict[str, int] = {}
    lines: dict[str, int] = {}
    arrivals: dict[str, int] = {}
    traffic: dict[str, int] = {}
    errors: dict[str, dict[str, int]] = {}

    def add(self, other: Tally) -> None:
        """Add all counts of another."""
        for group in GROUPS:
            _add(getattr(self, group), getattr(other, group))
        for series, faults in other.errors.items():
            _add(self.errors.setdefault(series, {}), faults)

    def errors_of(self, series: str) -> int:
        """How many commands of a series failed, whatever the fault."""
        return sum(self.errors.get(series, {}).values())


GROUPS: Final = tuple(name for name in Tally.__struct_fields__ if name != "errors")
"""The fields of a tally that count by name."""


def _add(mine: dict[str, int], theirs: dict[str, int]) -> None:
    for name, count in theirs.items():
        mine[name] = mine.get(name, 0) + count
