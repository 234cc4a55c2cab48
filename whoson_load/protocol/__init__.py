"""The WhosOn Chat API as types: commands, events, survey fields, lines, and the table of a visit's states.

Pure: nothing here reads a clock, opens a socket or knows which side it plays. The visitors and the simulated server
share this package and nothing else, and its tests hold it to the examples of the WhosOn Chat API specification, so that
one misreading cannot hide on both sides.
"""

from __future__ import annotations

from whoson_load.protocol import commands, events
from whoson_load.protocol.conversation import Conversation, State
from whoson_load.protocol.frames import Deviation, decode_events, encode_event
from whoson_load.protocol.lines import LineKind

__all__ = ["Conversation", "Deviation", "LineKind", "State", "commands", "decode_events", "encode_event", "events"]
