from __future__ import annotations

import io
import json

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.console import Console

from whoson_load.protocol.commands import (
    COMMANDS,
    Command,
    CommandError,
    Connect,
    GetImage,
    Message,
    StartTyping,
    decode_command,
    encode_command,
)

CONNECT = Connect(
    authentication="secret-string",
    domain="www.example.com",
    visitor_ip="192.0.2.1",
    cookie_id="1-2",
    user_agent="agent",
    referrer="",
    api_key="secret-key",
)


def frame(name: object, *parameters: object) -> bytes:
    """The JSON text of a command."""
    return json.dumps({"Command": name, "Parameters": parameters}).encode()


def test_there_are_fourteen_commands() -> None:
    """The set is the specification's, each under its own spelling."""
    assert list(COMMANDS) == [
        "Connect",
        "GetOperators",
        "GetImage",
        "Hello",
        "Message",
        "Preview",
        "StartTyping",
        "StopTyping",
        "File",
        "DynamicField",
        "Quit",
        "PostChatSurvey",
        "Transcript",
        "LeaveMessage",
    ]
    assert all(kind.name == name and kind.__name__ == name for name, kind in COMMANDS.items())


def test_a_command_is_written_as_compact_json() -> None:
    """Name, then the parameters in their order, and nothing else."""
    assert encode_command(StartTyping("s")) == b'{"Command":"StartTyping","Parameters":["s"]}'


@pytest.mark.parametrize("name", ["getimage", "GETIMAGE", "gEtImAgE"])
def test_a_commands_name_is_read_in_any_case(name: str) -> None:
    """Command names are not case sensitive."""
    assert decode_command(frame(name, "s", "d", "1")) == GetImage("s", "d", "1")


def test_the_names_around_a_command_are_read_in_any_case() -> None:
    """Nor are the names of the envelope."""
    assert decode_command(b'{"command":"StartTyping","PARAMETERS":["s"]}') == StartTyping("s")


def test_a_command_can_be_read_from_text() -> None:
    """A frame that was decoded already is as good."""
    assert decode_command('{"Command":"StartTyping","Parameters":["é"]}') == StartTyping("é")


def test_parameters_keep_their_case_and_their_blanks() -> None:
    """Parameters are case sensitive, and whatever a visitor typed stays as it is."""
    assert decode_command(frame("Message", "S", "D", "  A\n<b>ß\u2028 ")) == Message("S", "D", "  A\n<b>ß\u2028 ")


def test_parameters_that_are_no_strings_are_read_as_such() -> None:
    """ImageType comes as 1 or "1", a blank may come as null."""
    assert decode_command(frame("GetImage", None, True, 1)) == GetImage("", "true", "1")


@pytest.mark.parametrize("parameters", ['"Parameters":null', '"Parameters":[]', '"Parameters":""', ""])
def test_no_parameters_can_be_written_in_every_way(parameters: str) -> None:
    """Null, an empty list and nothing at all are the same: too few for each of the 14."""
    written = '{"Command":"Quit"' + (f",{parameters}" if parameters else "") + "}"
    with pytest.raises(CommandError, match=r"^got Quit with 0 parameters, expected 2$"):
        decode_command(written)


@pytest.mark.parametrize(
    "written, problem",
    [
        (b"", "no command (Input data was truncated)"),
        (b"\xff", "no command (JSON is malformed"),
        (b'{"Command":"\xff","Parameters":[]}', "no command ('utf-8' codec can't decode"),
        (b'{"Command":"\\ud800","Parameters":[]}', "no command ("),
        (b'{"Command":"Quit","Parameters":["a","b"],}', "no command (JSON is malformed"),
        (b"[" * 100_000, "no command (maximum recursion depth exceeded"),
        (b'{"Command":"Quit","Parameters":[1e999,""]}', "no command (Number out of range"),
        (b'{"Command":"Quit","Parameters":[NaN,""]}', "no command (JSON is malformed"),
        (b"null", "no command (got null, expected an object)"),
        (b'["Quit"]', "no command (got a list, expected an object)"),
        (b'{"Command":["Quit"],"Parameters":[]}', "no command (Command: got a list, expected a string)"),
        (b'{"Command":"Quit","Parameters":{}}', "no command (Parameters: got an object, expected a list)"),
        (b'{"Command":"Quit","Parameters":["a",{}]}', "(Parameters[1]: got an object, expected a string)"),
        (b'{"Command":"Quit","Parameters":["a"]}', "got Quit with 1 parameters, expected 2"),
        (b'{"Command":"Quit","Parameters":["a","b","c"]}', "got Quit with 3 parameters, expected 2"),
        (b'{"Command":"noop","Parameters":null}', "got the command 'noop', expected one of Connect, "),
        (b"{}", "got the command '', expected one of Connect, "),
    ],
)
def test_what_is_no_command_is_refused_in_one_line(written: bytes, problem: str) -> None:
    """Bad input gets a CommandError that says what was got and what was expected."""
    with pytest.raises(CommandError) as refusal:
        decode_command(written)
    assert problem in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_refusal_quotes_little() -> None:
    """Of a name that is none at most 40 characters are shown."""
    with pytest.raises(CommandError) as refusal:
        decode_command(frame("x" * 10_000))
    assert len(str(refusal.value)) < 300


def test_text_with_half_a_surrogate_pair_is_no_frame() -> None:
    """Neither is it read, nor can it be written: it is no character."""
    with pytest.raises(CommandError):
        decode_command('{"Command":"StartTyping","Parameters":["\ud800"]}')
    with pytest.raises(UnicodeEncodeError):
        encode_command(StartTyping("\ud800"))


@settings(deadline=None)
@given(st.binary() | st.text())
@example(b'{"Command":"Quit","Parameters":[' + b"9" * 5000 + b',""]}')
@example(b'{"Command":' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}")
def test_any_frame_is_a_command_or_refused(written: bytes | str) -> None:
    """Whatever arrives, there is a command or a CommandError, and never another exception."""
    try:
        command = decode_command(written)
    except CommandError:
        return
    assert type(command) in COMMANDS.values()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@settings(deadline=None)
@given(st.sampled_from(sorted(COMMANDS)), JSON | st.lists(JSON, max_size=12))
def test_any_parameters_are_a_commands_or_refused(name: str, parameters: object) -> None:
    """Whatever stands in the parameters, what is read holds strings alone and can be written again."""
    try:
        command = decode_command(json.dumps({"Command": name, "Parameters": parameters}))
    except CommandError:
        return
    assert all(type(each) is str for each in msgspec.structs.astuple(command))
    assert decode_command(encode_command(command)) == command


def test_connect_shows_no_secret() -> None:
    """Neither Python's own representation nor the one of Rich, which prints tracebacks, tells the secrets."""
    shown = io.StringIO()
    Console(file=shown, width=200).print(CONNECT)
    for written in (repr(CONNECT), str(CONNECT), f"{[CONNECT]}", shown.getvalue()):
        assert "www.example.com" in written
        assert "secret" not in written


@pytest.mark.parametrize("kind", COMMANDS.values())
def test_a_command_cannot_be_changed(kind: type[Command]) -> None:
    """Commands are values: equal when their parameters are, usable as keys, never altered."""
    parameters = [f"{place}" for place in range(len(kind.__struct_fields__))]
    command = kind(*parameters)
    assert command == kind(*parameters)
    assert len({command, kind(*parameters)}) == 1
    with pytest.raises(AttributeError):
        setattr(command, kind.__struct_fields__[0], "other")
