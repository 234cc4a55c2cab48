from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from whoson_load.protocol.commands import COMMANDS, encode_command
from whoson_load.simulator import policy
from whoson_load.simulator.documents import DocumentStore
from whoson_load.simulator.framing import FrameError, FrameReader

Stage = Any
MakeStage = Callable[..., Any]  # conftest's Stage: importlib mode gives no name to import it by

DOMAIN = "www.mycompany.com"
LENIENT = "[access]\nbad_connects = 0\ninvalid_data = 0\nillegal_commands = 0\n"
BOMB = (
    '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><Fields><Field><Name>&j;</Name><Value>x</Value></Field></Fields>"
)

NASTY = [
    b"",
    b"null",
    b"0",
    b"[]",
    b'"Connect"',
    b"{}",
    b'{"Command": null, "Parameters": null}',
    b'{"Command": {}, "Parameters": []}',
    b'{"Command": "Hello", "Parameters": {}}',
    b'{"Command": "Hello", "Parameters": [[], {}, null]}',
    b'{"Command": "Message", "Parameters": [1, 2, 3]}',
    b'{"Command": "Message", "Parameters": ["", "", ' + b'"x",' * 50_000 + b'""]}',
    b'{"Command": "Message", "Parameters": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    b'{"Command": "' + b"x" * 500_000 + b'", "Parameters": []}',
    b'{"Command": "Message", "Parameters": ["\\ud800", "www.mycompany.com", "\\udfff\\ud800"]}',
    b'{"Command": "Message", "Parameters": ["\xff\xfe", "www.mycompany.com", "x"]}',
    b'{"Command": "Message", "Parameters": [1e999, "www.mycompany.com", "x"]}',
    b'{"Command": "Quit", "Parameters": ["x"], "Parameters": ["y", "z"]}',
    b"\x00" * 1000,
    bytes(range(256)),
]


def mutated(frame: bytes, chance: random.Random) -> bytes:
    """A frame with a few bytes or pieces changed."""
    data = bytearray(frame)
    for _ in range(chance.randrange(1, 5)):
        where = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0:
                del data[where : where + chance.randrange(1, 20)]
            case 1:
                data[where:where] = chance.choice(
                    [b'"', b"\\", b"{", b"}", b"[", b"]", b",", b"null", b"\xff", b"\x00", b"\\u0000"]
                )
            case 2 if data:
                data[where % len(data)] = chance.randrange(256)
            case 3:
                data[where:where] = data[where // 2 : where]
            case _:
                data[where:where] = chance.randbytes(chance.randrange(8))
    return bytes(data)


def served(stage: Stage) -> bool:
    """Whether the next honest visitor is served."""
    visitor = stage.chatting()
    visitor.message("honest")
    served = visitor.lines("linev") == ["honest"]
    visitor.quit()
    visitor.drop()
    return served


@pytest.mark.parametrize("frame", NASTY, ids=lambda frame: repr(frame[:30]))
@pytest.mark.parametrize("connected", [False, True])
def test_a_nasty_frame_is_answered_by_the_policy(make_stage: MakeStage, frame: bytes, connected: bool) -> None:
    """An error, and the end for who has not even connected; the next visitor is served."""
    stage = make_stage(LENIENT)
    visitor = stage.chatting() if connected else stage.visitor()
    before = len(visitor.events)
    visitor.say_raw(frame)
    assert [event.name for event in visitor.events[before:]] == ["error"]
    assert visitor.close_code == (None if connected else 1008)
    assert stage.faultless()
    assert served(stage)


def test_a_hundred_thousand_mutated_frames_break_nothing(make_stage: MakeStage) -> None:
    """The server answers by its policy, keeps nothing of them, and serves the next honest visitor."""
    stage = make_stage(LENIENT, max_chats=0)
    chance = random.Random(20)
    visitor = stage.chatting()
    frames = []
    for kind in COMMANDS.values():
        known = {"session_id": visitor.session_id, "chat_uid": visitor.chat_uid, "domain": DOMAIN}
        fields = [known.get(field, "en") for field in kind.__struct_fields__]
        frames.append(encode_command(kind(*fields)))
    for number in range(100_000):
        if visitor.visit.outlet is not visitor or number % 500 == 0:
            visitor.drop()
            visitor = stage.visitor() if chance.random() < 0.1 else stage.chatting()
            session = visitor.visit.session_id.encode()
            frames = [
                frame
                if b'"Connect"' in frame
                else frame.replace(frame.split(b'"')[7], session, 1)
                if b'"Command":"PostChat' not in frame
                else frame
                for frame in frames
            ]
        visitor.say_raw(mutated(chance.choice(frames), chance))
        if number % 50 == 0:
            stage.clock.run(1)
    visitor.drop()
    stage.clock.run(3600)
    board = stage.switchboard
    assert stage.faultless()
    assert stage.incidents["invalid_data"] > 50_000
    assert (len(board.sessions), len(board.visits)) == (0, 0)
    assert len(stage.clock.heap) == 0
    assert served(stage)


def test_twenty_thousand_mutated_streams_of_bytes_are_read_or_refused() -> None:
    """Frames damaged on the wire end in messages or one error; what is not yet read stays bounded."""
    chance = random.Random(21)
    whole = (
        bytes((0x81, 0x85, 1, 2, 3, 4))
        + b"hello"
        + bytes((0x89, 0x80, 0, 0, 0, 0))
        + bytes((0x81, 0xFE, 0, 200))
        + bytes(204)
    )
    codes = set()
    for _ in range(20_000):
        reader = FrameReader(1000)
        try:
            for _ in range(5):
                list(reader.feed(mutated(whole, chance)))
                assert len(reader._rest) <= 1000 + 14
        except FrameError as problem:
            codes.add(problem.close_code)
    assert codes == {1002, 1009}


@pytest.mark.parametrize(
    "survey", [BOMB, "<Fields>" * 10_000, "<Fields>" + "<Field><Name>x</Name></Field>" * 20_000 + "</Fields>"]
)
def test_a_survey_bomb_is_refused(make_stage: MakeStage, survey: str) -> None:
    """Entities, depth, and sheer number: an error each, and the visitor may try again."""
    stage = make_stage(LENIENT)
    visitor = stage.visitor().connect()
    assert [event.name for event in visitor.hello(survey=survey)] == ["error"]
    assert [event.name for event in visitor.hello()] == ["accepted", "newline"]


def test_forged_addresses_do_not_fill_the_memory(make_stage: MakeStage) -> None:
    """The misdeeds of ever new addresses are remembered up to a limit."""
    stage = make_stage()
    gate = stage.switchboard.gate
    for number in range(policy._MOST_ADDRESSES + 1000):
        gate.misdeed(
            policy.Caller("127.0.0.1", (f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",)), "bad_connects"
        )
    assert len(gate._misdeeds) <= policy._MOST_ADDRESSES


def test_mutated_uploads_are_answered(make_stage: MakeStage) -> None:
    """A SOAP request, however damaged, is stored, refused or a fault; the store stays within its size."""
    stage = make_stage("[documents]\nmax_bytes = 1000\nmax_store_bytes = 10000")
    store: DocumentStore = stage.switchboard.documents
    chance = random.Random(22)
    request = (
        b'<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        b'<DocumentWriteForSite xmlns="http://www.whoson.com/webservices/kb/"><Contents>YWJj</Contents>'
        b"<FileName>a.pdf</FileName><Domain>www.mycompany.com</Domain></DocumentWriteForSite></s:Body></s:Envelope>"
    )
    assert store.answer(request).status == 200
    for _ in range(10_000):
        assert store.answer(mutated(request, chance)).status in (200, 500)
    assert store.answer(b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + request[21:]).status == 500
    assert store.answer(b"<a>" * 100_000).status == 500
    assert store._bytes <= 10_000
