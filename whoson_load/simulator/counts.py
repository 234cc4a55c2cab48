"""What went through the server, by closed sets of names, so that a soak does not grow them. Knows no chat."""

from __future__ import annotations

from whoson_load.protocol.commands import COMMANDS
from whoson_load.protocol.events import EVENTS
from whoson_load.protocol.lines import LineKind

__all__ = ["Counts"]


class Counts:
    """Counters since the start or the last reset.

    Attributes:
        commands: name -> how many were read, all 14 listed.
        events: name -> how many were sent, all 15 listed.
        line_classes: classname of `newline` events sent -> how many, all known ones listed.
        incidents: what went otherwise than a visit goes: name -> how many.
    """

    __slots__ = ("commands", "events", "incidents", "line_classes")

    INCIDENTS = (
        "invalid_data",  # frames that are no commands, or commands with contents that cannot be
        "illegal_commands",  # commands out of turn
        "crossing_commands",  # commands out of turn that were under way when the chat ended
        "overflowing_commands",  # commands that found no room at the one clerk of the fault `capacity`
        "bad_connects",
        "refused_connections",
        "bad_requests",  # HTTP requests that are none
        "blacklistings",
        "out_of_turn_events",  # events of ours that the conversation's table does not have: a bug of the simulator
        "internal_errors",  # likewise
        "slow_readers",  # connections cut off because they did not read what was sent to them
        "resumed_visits",
        "dropped_visits",  # sockets that ended in a chat, without Quit
        "inactive_chats",
        "missed_chats",  # messages left
        "transcripts_sent",
        "forgotten_chats",  # chats that are over and no longer kept
    )

    def __init__(self) -> None:
        self.commands = dict.fromkeys(COMMANDS, 0)
        self.events = dict.fromkeys(EVENTS, 0)
        self.line_classes = {kind.value: 0 for kind in LineKind if kind.value}
        self.incidents = dict.fromkeys(self.INCIDENTS, 0)

    def reset(self) -> None:
        """Back to zero."""
        for counter in (self.commands, self.events, self.line_classes, self.incidents):
            for name in counter:
                counter[name] = 0
