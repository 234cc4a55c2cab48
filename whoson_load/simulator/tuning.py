"""A pace, known delays and a number of operators, laid over what the site file says. Reads no file and no option."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from whoson_load.simulator.delays import Delay, Paced
from whoson_load.simulator.settings import OperatorSettings, OperatorTimes, Settings

__all__ = ["DELAYS", "tuned"]

DELAYS: Mapping[str, str] = {
    "echo": "a visitor's Message to its linev",
    "pickup": "Hello to operatorjoined, unless the chat queues",
    "greeting": "operatorjoined to the operator's greeting",
    "reading": "the visitor's linev to the operator's typing",
    "typing": "typing to the operator's lineo",
    "reply": "the visitor's linev to the operator's lineo: reading and typing together",
}
"""The delays that can be given a known value: name -> from what to what."""


def tuned(
    settings: Settings,
    *,
    pace: float = 1.0,
    delays: Mapping[str, Delay] | None = None,
    operators: int | None = None,
    max_chats: int | None = None,
) -> Settings:
    """Lay options over a site.

    Args:
        pace: operators' human times become so many times shorter (> 0); the server's own times stay.
        delays: some of DELAYS, taken as they are, whatever the pace: a known answer stays known.
        operators: so many, all Online: the site's own first, then invented ones.
        max_chats: of each operator; 0 for any number.
    """
    delays = dict(delays or {})
    if pace != 1.0:
        times = {name: _paced(getattr(settings.times, name), pace) for name in OperatorTimes.__struct_fields__}
        settings = msgspec.structs.replace(
            settings,
            times=msgspec.structs.replace(settings.times, **times),
            operators=tuple(
                msgspec.structs.replace(each, pickup=_paced(each.pickup, pace)) for each in settings.operators
            ),
        )
    echo = delays.pop("echo", None)
    if echo is not None:
        settings = msgspec.structs.replace(settings, chat=msgspec.structs.replace(settings.chat, echo_delay=echo))
    if "reply" not in delays and delays.keys() & {"reading", "typing"}:
        settings = msgspec.structs.replace(settings, times=msgspec.structs.replace(settings.times, reply=None))
    settings = msgspec.structs.replace(settings, times=msgspec.structs.replace(settings.times, **delays))
    staff = list(settings.operators)
    if operators is not None:
        staff = [msgspec.structs.replace(each, status="Online") for each in staff[:operators]]
        staff += [OperatorSettings(name=f"Operator {number}") for number in range(len(staff) + 1, operators + 1)]
    if max_chats is not None:
        staff = [msgspec.structs.replace(each, max_chats=max_chats) for each in staff]
    if "pickup" in delays:
        staff = [msgspec.structs.replace(each, pickup=None) for each in staff]
    return msgspec.structs.replace(settings, operators=tuple(staff))


def _paced(delay: Delay | None, pace: float) -> Delay | None:
    return None if delay is None else Paced(delay, pace)
