from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.visitors.hars import CONNECT, CONNECTED, OPENING, QUIT, Window, har_of
from whoson_load.protocol.commands import COMMANDS, Command, Message, Preview, StartTyping, StopTyping
from whoson_load.protocol.events import Event, NewLine
from whoson_load.visitors.har import read_har
from whoson_load.visitors.locustfile import write_locustfile
from whoson_load.visitors.recorded_chat import choose_chat, find_chats
from whoson_load.visitors.recording import EVENTS_WAITED_FOR, FILE_TYPES, IMAGE_TYPES, Does, Hears, Step
from whoson_load.visitors.tracing import trace

ROOT = Path(__file__).parent.parent.parent
GOLDEN = Path(__file__).parent / "golden" / "recorded.py.txt"


def steps_in(source: str) -> tuple[Step, ...]:
    """The steps that a locustfile gives to `replay`, without Locust."""
    tree = ast.parse(source)
    (table,) = (node.value for node in tree.body if isinstance(node, ast.Assign))
    return eval(  # what we wrote ourselves
        compile(ast.Expression(table), "locustfile", "eval"),
        {"Does": Does, "Hears": Hears, "replay": lambda *steps: steps},
    )


lengths = st.integers(0, 4000)
texts = st.text(min_size=1, max_size=40)
details = {
    "Message": lengths | texts | st.tuples(lengths, lengths),
    "Preview": lengths | texts,
    "LeaveMessage": lengths | texts,
    "Hello": st.sampled_from(("", "department", "operator translate")),
    "GetImage": st.sampled_from(IMAGE_TYPES),
    "File": st.sampled_from(("", *FILE_TYPES)),
}
times = st.integers(0, 10_000_000).map(lambda milliseconds: milliseconds / 1000)
done = st.one_of(
    *(st.builds(Does, st.just(name), times, details.get(name, st.just(""))) for name in (*COMMANDS, *["Preview"] * 20))
)
heard = st.builds(Hears, st.sampled_from(EVENTS_WAITED_FOR), times)


@given(st.lists(done | heard, max_size=40))
def test_what_is_written_is_read_as_the_same_steps(steps: list[Step]) -> None:
    """Whatever they are, texts of one's own and bundled previews included; no line is too long to be read."""
    source = write_locustfile([Does("Connect"), *steps], "en", "chat.py")
    assert steps_in(source) == (Does("Connect"), *steps)
    own_texts = any(isinstance(step, Does) and isinstance(step.detail, str) for step in steps)
    assert own_texts or max(map(len, source.splitlines())) <= 120


said = st.one_of(
    st.builds(NewLine, chat_uid=st.just("u"), classname=st.sampled_from(("lineo", "linev", "linet")), content=texts),
    st.builds(Message, st.just("s"), st.just("d"), texts),
    st.builds(Preview, st.just("s"), st.just("d"), texts),
    st.just(StartTyping("s")),
    st.just(StopTyping("s")),
)


@settings(max_examples=100)
@given(st.lists(st.tuples(said, st.floats(0, 60)), max_size=30))
def test_any_conversation_becomes_a_locustfile_of_its_steps(conversation: list[tuple[Command | Event, float]]) -> None:
    """From the HAR to Python and back."""
    window = Window()
    for each, after_s in ((each, 1.0) for each in OPENING):
        window.sends(each, after_s) if isinstance(each, Command) else window.hears(each, after_s)
    for each, after_s in conversation:
        window.sends(each, after_s) if isinstance(each, Command) else window.hears(each, after_s)
    window.sends(QUIT)
    traced = trace(choose_chat(find_chats(read_har(har_of(window))), None))
    source = write_locustfile(traced.steps, traced.language, "chat.py")
    compile(source, "chat.py", "exec")
    assert steps_in(source) == traced.steps
    recorded = [each.name for each, _ in conversation if isinstance(each, Command)]
    assert [step.command for step in traced.steps if isinstance(step, Does)] == ["Connect", "Hello", *recorded, "Quit"]


SHOWN = (
    Does("Connect"),
    Hears("connected", 0.081),
    Does("GetImage", 0.4, 5),
    Does("Hello", 12.25, "department"),
    Hears("accepted", 0.05),
    Hears("operatorjoined", 4.0),
    Hears("lineo", 1.5),
    Does("StartTyping", 3.0),
    *Does.previews(*((0.21, characters) for characters in range(1, 12))),
    Does("StopTyping", 2.0),
    Does("Message", 1.0, 33),
    Hears("linev", 0.02),
    Does("Quit", 2.5),
    Does("PostChatSurvey", 5.0),
)


def test_a_locustfile_looks_as_it_did() -> None:
    """People read it, and change it."""
    assert write_locustfile(SHOWN, "de", "chat.py") == GOLDEN.read_text("utf-8")


def test_a_locustfile_is_as_the_linter_wants_it(tmp_path: Path) -> None:
    """By the rules of this project, its format included."""
    path = tmp_path / "chat.py"
    path.write_text(write_locustfile(SHOWN, "de", "locustfiles/chat.py"), "utf-8")
    for arguments in (("check", "--ignore", "INP001"), ("format", "--check")):
        command = [
            sys.executable,
            "-m",
            "ruff",
            *arguments,
            "--no-cache",
            "--config",
            str(ROOT / "pyproject.toml"),
            path,
        ]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("path", ['my chat".py', "a\\b.py", '"""; import os.py', "a\nb.py", "$(x).py"])
def test_an_odd_file_name_is_not_written_into_it(path: str) -> None:
    """The command that runs it then names no file; the source stays Python, and ours."""
    source = write_locustfile((Does("Connect"),), "en", path)
    assert "whoson-load run LOCUSTFILE --simulator" in source
    assert path not in source
    compile(source, "chat.py", "exec")


def test_the_same_recording_is_written_the_same() -> None:
    """Byte for byte."""
    window = Window().sends(CONNECT).hears(CONNECTED, 0.1)
    written = set()
    for _ in range(2):
        traced = trace(choose_chat(find_chats(read_har(har_of(window))), None))
        written.add(write_locustfile(traced.steps, traced.language, "chat.py"))
    assert len(written) == 1
