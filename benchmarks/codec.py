"""What the choice of the JSON codec and of the types rests on.

    python benchmarks/codec.py [--rounds N]

One visitor's hot path, a Message out and a line in, in each way to build it. The ways take turns, and the best of N
rounds counts: on a busy machine that is the one which others disturbed least.

What it showed when msgspec was chosen: as a codec it is as fast as orjson, and it brings the structs, which are built
in half the time of frozen dataclasses. Reading names in any case and counting deviations costs a line a tenth of a
microsecond over the same without them; only a strict schema, which would refuse what servers really send, is faster.
"""

from __future__ import annotations

import argparse
import json
import sys
import timeit
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, NamedTuple

import msgspec

from whoson_load.protocol.commands import Message, encode_command
from whoson_load.protocol.events import NewLine
from whoson_load.protocol.frames import decode_events

SESSION, DOMAIN, UID = "d6e76b3c-b1fc-4e13-9ee6-f4a788a5269a", "www.mycompany.com", "gq0i7smlen"
TEXT = "Could you please help me with product installation"
LINE = json.dumps({"EventName": "newline", "ChatUid": UID, "Data": {"Classname": "linev", "Content": TEXT}}).encode()
COMMAND = {"Command": "Message", "Parameters": [SESSION, DOMAIN, TEXT]}
CALLS, KEPT = 20_000, 20_000


@dataclass(frozen=True, slots=True)
class LineDataclass:
    """A line as a frozen dataclass."""

    chat_uid: str
    classname: str
    content: str


@dataclass(frozen=True, slots=True)
class MessageDataclass:
    """A Message as a frozen dataclass."""

    session_id: str
    domain: str
    text: str


class StrictData(msgspec.Struct, gc=False):
    """The Data of a line, spelt exactly so."""

    Classname: str
    Content: str


class StrictLine(msgspec.Struct, tag_field="EventName", tag="newline", gc=False):
    """A line whose every name is spelt exactly so: what msgspec reads without a step of Python."""

    ChatUid: str | None
    Data: StrictData


class Way(NamedTuple):
    """One way to build the codec.

    Attributes:
        encode: builds a Message and writes it.
        decode: reads a line from LINE and builds it.
    """

    encode: Callable[[], bytes | str]
    decode: Callable[[], Any]


def ways() -> dict[str, Way]:
    """Name -> way, ours first; those of orjson only where it is installed."""
    pack, unpack = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode
    unpack_strict = msgspec.json.Decoder(StrictLine).decode
    struct = _way(pack, unpack, Message, _struct_line)
    found = {
        "whoson_load.protocol": Way(
            lambda: encode_command(Message(SESSION, DOMAIN, TEXT)), lambda: decode_events(LINE, _count_nothing)[0]
        ),
        "msgspec, tagged struct (no tolerance)": Way(struct.encode, lambda: unpack_strict(LINE)),
        "msgspec, struct": struct,
        "msgspec, frozen dataclass": _way(pack, unpack, MessageDataclass, LineDataclass),
    }
    if find_spec("orjson"):
        import orjson

        found["orjson, struct"] = _way(orjson.dumps, orjson.loads, Message, _struct_line)
        found["orjson, frozen dataclass"] = _way(orjson.dumps, orjson.loads, MessageDataclass, LineDataclass)
    found["json, struct"] = _way(_json_text, json.loads, Message, _struct_line)
    found["json, frozen dataclass"] = _way(_json_text, json.loads, MessageDataclass, LineDataclass)
    return found


def _way(
    pack: Callable[[Any], bytes | str],
    unpack: Callable[[bytes], Any],
    message: Callable[[str, str, str], Any],
    line: Callable[[str, str, str], Any],
) -> Way:
    def encode() -> bytes | str:
        built = message(SESSION, DOMAIN, TEXT)
        return pack({"Command": "Message", "Parameters": [built.session_id, built.domain, built.text]})

    def decode() -> Any:
        frame = unpack(LINE)
        if frame["EventName"] != "newline":
            raise ValueError(frame)
        data = frame["Data"]
        return line(frame["ChatUid"] or "", data["Classname"], data["Content"])

    return Way(encode, decode)


def _count_nothing(_: object) -> None:
    pass


def _struct_line(chat_uid: str, classname: str, content: str) -> NewLine:
    return NewLine(chat_uid=chat_uid, classname=classname, content=content)


def _json_text(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def best_us(works: list[Callable[[], object]], rounds: int) -> list[float]:
    """Microseconds a call of each work, in the best of so many rounds."""
    timers = [timeit.Timer(work) for work in works]
    taken_s = [[timer.timeit(CALLS) for timer in timers] for _ in range(rounds)]
    return [min(of_one) / CALLS * 1e6 for of_one in zip(*taken_s, strict=True)]


def kept_bytes(build: Callable[[], object]) -> float:
    """Bytes that an event costs while it is kept, its texts included."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        kept = [build() for _ in range(KEPT)]
        return (tracemalloc.get_traced_memory()[0] - before - sys.getsizeof(kept)) / KEPT
    finally:
        tracemalloc.stop()


def main() -> None:
    """Measure all ways and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=7, help="the best of so many counts")
    rounds = max(1, parser.parse_args().rounds)
    measured = ways()
    for name, way in measured.items():
        if json.loads(way.encode()) != COMMAND:
            sys.exit(f"{name}: got {way.encode()!r}, expected {COMMAND}")
    encode_us = best_us([way.encode for way in measured.values()], rounds)
    decode_us = best_us([way.decode for way in measured.values()], rounds)
    print(f"{'':40} {'encode us':>10} {'decode us':>10} {'bytes kept':>11}")
    for (name, way), encode, decode in zip(measured.items(), encode_us, decode_us, strict=True):
        print(f"{name:40} {encode:10.2f} {decode:10.2f} {kept_bytes(way.decode):11.0f}")


if __name__ == "__main__":
    main()
