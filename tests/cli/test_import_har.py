from __future__ import annotations

import gzip
import os
import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.programs import Programs, only_record
from tests.visitors.hars import CONNECT, CONNECTED, OPENING, PAGE, QUIT, Window, har_of
from whoson_load.cli import import_har
from whoson_load.cli.main import main
from whoson_load.protocol.commands import (
    Command,
    Connect,
    DynamicField,
    File,
    GetOperators,
    Hello,
    LeaveMessage,
    Message,
    PostChatSurvey,
    Preview,
    Quit,
    StartTyping,
    StopTyping,
    Transcript,
)
from whoson_load.protocol.events import (
    Accepted,
    Acknowledged,
    Connected,
    Error,
    Event,
    NewLine,
    Operator,
    OperatorJoined,
    Operators,
    RequestField,
    Typing,
)
from whoson_load.protocol.site import GeoIP, Site
from whoson_load.protocol.survey import SurveyField, encode_answers
from whoson_load.record.reader import RunReader


class Planted(NamedTuple):
    """What must never be seen again; each is nothing that any of our own texts could hold."""

    authentication: str = "hunter2authstring"
    api_key: str = "ak-93fd1c"
    domain: str = "www.bigcustomer.test"
    address: str = "203.0.113.77"
    cookie_id: str = "611-7355608"
    user_agent: str = "Mozilla/5.0 (Nokia 3310) Snake/2"
    referrer: str = "https://intranet.bigcustomer.test/hr?employee=4242"
    session_id: str = "5e551d-0001"
    chat_uid: str = "c4a7-u1d-99"
    name: str = "Zenobia Quux"
    email: str = "zenobia@quux.test"
    phone: str = "+44 20 7946 0999"
    department: str = "Secret Projects"
    operator: str = "Barnaby Rudge"
    operator_email: str = "barnaby@bigcustomer.test"
    answer: str = "Policy ZX-900-17"
    field: str = "PolicyNumber"
    rating: str = "quite dreadful"
    line: str = "my husband Ebenezer fell ill"
    reply: str = "Poor Mr Ebenezer"
    draft: str = "my husb"
    file: str = "Diagnosis_Zenobia.verysecret"
    link: str = "https://files.bigcustomer.test/f?h=abc987"
    message: str = "call me at the Savoy"
    cookie: str = "JSESSIONID=0badcafe"
    token: str = "bearer-8675309"
    query: str = "ticket=opensesame"
    city: str = "Ankh-Morpork"
    password: str = "correct horse battery"
    unknown: str = "telemetry of Zenobia"


PLANTED = Planted()


def recorded() -> Window:
    """A chat in which all of them were said."""
    p = PLANTED
    ids = (p.session_id, p.domain)
    surveyed = encode_answers([("Name", p.name), ("Email", p.email), ("Phone", p.phone), (p.field, p.answer)])
    headers = {"Cookie": p.cookie, "Authorization": p.token, "User-Agent": p.user_agent, "Referer": p.referrer}
    window = Window(url=f"wss://{p.domain}:8013/chat?{p.query}", headers=headers)
    ann = Operator(name=p.operator, email=p.operator_email, phone=p.phone, dept=p.department, status="Online")

    def line(kind: str, content: str) -> NewLine:
        return NewLine(chat_uid=p.chat_uid, classname=kind, content=content)

    conversation: list[tuple[Command | Event | str, float]] = [
        (Connect(p.authentication, p.domain, p.address, p.cookie_id, p.user_agent, p.referrer, p.api_key), 0.0),
        (
            Connected(
                session_id=p.session_id,
                site=Site(domain=p.domain, opening_message=p.name, web_services_url=p.link, operator_preview=True),
                geo_ip=GeoIP(ip_address=p.address, city=p.city),
            ),
            0.1,
        ),
        (GetOperators(*ids), 0.2),
        (Operators(operators=(ann,)), 0.05),
        (Hello(p.name, p.domain, p.department, "", p.session_id, p.address, p.cookie_id, "en", "false", surveyed), 9.0),
        (Accepted(chat_uid=p.chat_uid, paging_message=p.operator), 0.05),
        (line("pagingmessage", p.operator), 0.0),
        (OperatorJoined(chat_uid=p.chat_uid, operator=ann), 3.0),
        (line("linesays", f"{p.operator} says:"), 1.0),
        (line("lineo", f"Hello {p.name}"), 0.0),
        (StartTyping(p.session_id), 3.0),
        (Preview(*ids, p.draft), 2.0),
        (Preview(*ids, p.line), 2.0),
        (StopTyping(p.session_id), 2.0),
        (Message(*ids, f"{p.line}, {p.password}, {p.email} {p.phone}"), 1.0),
        (line("linesays", f"{p.name} says:"), 0.02),
        (line("linev", p.line), 0.0),
        (Typing(chat_uid=p.chat_uid), 2.0),
        (line("lineo", f"{p.reply}. {p.email}?"), 4.0),
        ('{"Command": "Telemetry", "Parameters": ["' + p.unknown + '"]}', 0.5),
        (StartTyping(p.session_id), 3.0),
        (Message(*ids, p.answer), 4.0),
        (line("linev", p.answer), 0.02),
        (Error(chat_uid=p.chat_uid, description=p.unknown), 0.1),
        (RequestField(chat_uid=p.chat_uid, field=SurveyField(field_name=p.field, default_value=p.answer)), 5.0),
        (Quit(*ids), 8.0),
        (PostChatSurvey(p.chat_uid, *ids, p.address, encode_answers([("Rating", p.rating)])), 6.0),
        (Acknowledged(), 0.05),
    ]
    for said, after_s in conversation:
        sends = isinstance(said, Command) or (isinstance(said, str) and '"Command"' in said)
        (window.sends if sends else window.hears)(said, after_s)  # type: ignore[arg-type, operator]
    return window


def with_side_effects() -> Window:
    """The rest of what a visitor can do."""
    p = PLANTED
    ids = (p.session_id, p.domain)
    window = recorded()
    place = next(number for number, each in enumerate(window.messages) if '"Quit"' in each["data"])
    before, after = window.messages[:place], window.messages[place:]
    window.messages = before
    window.now_s = before[-1]["time"]
    window.sends(DynamicField(*ids, p.field, p.answer), 1.0).sends(File(*ids, p.file, p.link), 1.0)
    window.messages += after
    window.now_s = after[-1]["time"]
    window.sends(Transcript(p.chat_uid, *ids, p.address, p.email), 1.0)
    return window.sends(
        LeaveMessage(p.chat_uid, *ids, p.address, p.name, p.department, p.email, p.phone, p.message), 1.0
    )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a HAR in it, in which the command is given."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chat.har").write_bytes(har_of(PAGE, with_side_effects(), Window().sends("{}")))
    return tmp_path


def test_nothing_planted_gets_out(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither into the locustfile nor onto the terminal: no secret, no name, no address, no word that was said."""
    assert main(["import-har", "chat.har", "-o", "chat.py"]) == 0
    written, told = (here / "chat.py").read_text("utf-8"), capsys.readouterr()
    assert told.err == ""
    for value in PLANTED:
        parts = [value, *(part for part in re.split(r"[^\w]+", value) if len(part) > 4)]
        for part in {part.lower() for part in parts} - {"https", "mozilla", "policy", "files", "secret"}:
            assert part not in written.lower(), part
            assert part not in told.out.lower(), part


@pytest.mark.usefixtures("here")
def test_what_is_taken_out_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """What kind, how often and where."""
    assert main(["import-har", "chat.har", "-o", "chat.py"]) == 0
    told = capsys.readouterr().out
    rows = dict(re.findall(r"^  (\S.*?\S)\s{2,}(\d+  .*)$", told, re.MULTILINE))
    assert rows["authentication string"] == "1  Connect"
    assert rows["API key"] == "1  Connect"
    assert rows["cookie"] == "1  header cookie"
    assert rows["query string"] == "1  the WebSocket's address"
    assert rows["survey answer"] == "6  Hello 4, DynamicField, PostChatSurvey"
    assert rows["operator's name"] == "2  operators, operatorjoined"
    assert rows["file name"] == "1  File"
    assert re.match(r"\d+  .*Message's text", rows["e-mail address"])
    assert rows["parameter beyond the specification"] == "1  unknown command"
    assert "Note: Left out: command that the protocol does not know." in told
    assert "other entries of the HAR, of which there are 1." in told
    assert told.endswith("Run it: whoson-load run chat.py --simulator\n")


def test_the_same_recording_makes_the_same_locustfile(here: Path) -> None:
    """Byte for byte."""
    for name in ("one", "two"):
        (here / name).mkdir()
        os.chdir(here / name)
        assert main(["import-har", "../chat.har", "-o", "chat.py"]) == 0
    assert (here / "one" / "chat.py").read_bytes() == (here / "two" / "chat.py").read_bytes()


def test_a_chat_is_chosen_by_its_number(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And named in what is told."""
    later = Window(begun_s=1_763_900_000.0)
    for each in (*OPENING, QUIT):
        later.sends(each) if isinstance(each, Command) else later.hears(each)
    (here / "two.har").write_bytes(har_of(later, recorded()))
    assert main(["import-har", "two.har", "-o", "chat.py", "--chat", "2"]) == 0
    assert "Wrote chat.py: chat 2 of 2, 3 commands in 0.0 s" in capsys.readouterr().out
    assert main(["import-har", "two.har", "-o", "other.py"]) == 2
    said = capsys.readouterr().err
    assert re.fullmatch(
        r"whoson-load import-har: two\.har: got 2 chats, expected --chat .*: 1 \(.*\), 2 \(.*\)\n", said
    )
    assert not (here / "other.py").exists()


def test_force_writes_over_what_is_there(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing else does."""
    (here / "chat.py").write_text("precious\n", "utf-8")
    assert main(["import-har", "chat.har", "-o", "chat.py"]) == 2
    assert "chat.py, which is there; expected another name, or --force" in capsys.readouterr().err
    assert (here / "chat.py").read_text("utf-8") == "precious\n"
    assert main(["import-har", "chat.har", "-o", "chat.py", "--force"]) == 0
    assert "replay(" in (here / "chat.py").read_text("utf-8")


FIREFOX = {name: value for name, value in recorded().entry().items() if not name.startswith("_")}
FILES = {
    "empty.har": b"",
    "page.har": har_of(PAGE),
    "text.har": b"Dear Sir or Madam",
    "cut.har": har_of(recorded())[:-400],
    "packed.har": gzip.compress(har_of(recorded())),
    "other.har": har_of(Window().sends('{"op": "subscribe"}')),
    "firefox.har": har_of(FIREFOX),
    "late.har": har_of(Window().hears(CONNECTED).sends(QUIT)),
    "good.har": har_of(Window().sends(CONNECT).hears(CONNECTED)),
}

LONG = "x" * 300


@pytest.mark.parametrize(
    "words, said",
    [
        ("", "the following arguments are required: FILE.har, -o/--output"),
        ("good.har", "the following arguments are required: -o/--output"),
        ("good.har -o new.py --chat x", "argument --chat: got 'x', expected a whole number from 1"),
        ("good.har -o new.py --chat 0", "argument --chat: got '0', expected a whole number from 1"),
        ("good.har -o new.py --chat 7", "good.har: --chat: got 7, expected one of 1 (.*)"),
        ("good.har -o new.py --loud", "unrecognized arguments: --loud"),
        ("missing.har -o new.py", "missing.har: cannot be read: No such file or directory"),
        ("folder.py -o new.py", "folder.py: got a folder, expected a HAR file"),
        ("pipe.har -o new.py", "pipe.har: got no regular file, expected a HAR file"),
        ("empty.har -o new.py", "empty.har: got an empty file, expected a HAR"),
        ("page.har -o new.py", "page.har: got a HAR without a WebSocket (its entries: 1), expected .*"),
        ("text.har -o new.py", "text.har: got no JSON .*, expected a HAR, which is JSON"),
        ("cut.har -o new.py", "cut.har: got JSON that ends in the middle, .* expected a whole HAR.*"),
        ("packed.har -o new.py", "packed.har: got a compressed file, expected .*unpack it first"),
        ("other.har -o new.py", "other.har: got 1 WebSocket that is not of a WhosOn chat window, expected .*"),
        ("firefox.har -o new.py", "firefox.har: got 1 WebSocket without messages, as Firefox .*Chrome or Edge.*"),
        ("late.har -o new.py", "late.har: got a chat whose Connect is missing, expected .*"),
        ("good.har -o new.txt", "-o: got new.txt, expected the name of a Python file, such as new.py"),
        ("good.har -o folder.py", "-o: got the folder folder.py, expected the name of a file"),
        ("good.har -o old.py", "-o: got old.py, which is there; expected another name, or --force .*"),
        ("good.har -o nowhere/new.py", "-o: cannot write nowhere/new.py: No such file or directory"),
        (f"{LONG} -o new.py", f"{LONG}: cannot be read: File name too long"),
        (f"good.har -o {LONG}.py", f"-o: cannot write {LONG}.py: File name too long"),
        ("good.har -o old.py/new.py", "-o: cannot write old.py/new.py: Not a directory"),
    ],
)
def test_bad_input_gets_one_clear_line(words: str, said: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, nothing written, nothing of the file quoted."""
    for name, content in FILES.items():
        (here / name).write_bytes(content)
    (here / "folder.py").mkdir()
    (here / "old.py").touch()
    os.mkfifo(here / "pipe.har")
    before = sorted(here.iterdir())
    assert main(["import-har", *words.split()]) == 2
    told = capsys.readouterr()
    pattern = re.escape(f"whoson-load import-har: {said}\n").replace(re.escape(".*"), ".*")
    assert re.fullmatch(pattern, told.err), told.err
    assert told.out == ""
    assert sorted(here.iterdir()) == before
    assert not any(value in told.err for value in PLANTED)


def test_the_command_that_is_told_can_be_given_as_it_stands(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a shell, whatever the file is called."""
    assert main(["import-har", "chat.har", "-o", "Zoë's chat.py"]) == 0
    told = capsys.readouterr().out.splitlines()[-1].removeprefix("Run it: ")
    assert shlex.split(told) == ["whoson-load", "run", "Zoë's chat.py", "--simulator"]
    assert (here / "Zoë's chat.py").exists()


@pytest.mark.usefixtures("here")
def test_a_har_beyond_bounds_is_not_even_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size tells."""
    monkeypatch.setattr(import_har, "MOST_HAR_BYTES", 1_000)
    assert main(["import-har", "chat.har", "-o", "chat.py"]) == 2
    assert "chat.har: got 0 MB, expected at most 0 MB: save a HAR of the chat window alone" in capsys.readouterr().err


SITE = """
extends = "default"

[times]
pickup = "1s"
greeting = "500ms"
reading = "1s"
typing = "2s"
"""


def test_the_result_runs(programs: Programs) -> None:
    """A visitor does what was recorded, and is served: the simulator has seen those commands and no others."""
    (programs.folder / "chat.har").write_bytes(har_of(recorded()))
    (programs.folder / "site.toml").write_text(SITE, "utf-8")
    made = programs.start("whoson-load", "import-har", "chat.har", "-o", "chat.py").end()
    assert (made.code, made.stderr) == (0, "")
    simulator = programs.simulate("--site", "site.toml", "--pace", "20")
    ended = programs.start(
        *("whoson-load", "run", "chat.py", "--host", simulator.chat, "--only-visitor", "3", "--seed", "5"),
        *("--pace", "20", "--out", "out"),
    ).end()
    assert ended.code == 0, ended.stderr
    seen = simulator.get("/state")
    assert {name: count for name, count in seen["commands"].items() if count} == {
        "Connect": 1,
        "GetOperators": 1,
        "Hello": 1,
        "StartTyping": 2,
        "Preview": 2,
        "StopTyping": 1,
        "Message": 2,
        "Quit": 1,
        "PostChatSurvey": 1,
    }
    assert not any(seen["incidents"].values())
    (chat,) = simulator.get("/chats")
    kept = simulator.get(f"/chats/{chat['uid']}")["lines"]
    lines = [line["content"] for line in kept if line["classname"] == "linev"]
    recorded_lines = [f"{PLANTED.line}, {PLANTED.password}, {PLANTED.email} {PLANTED.phone}", PLANTED.answer]
    assert [len(line.partition(" ")[2]) for line in lines] == [len(line) for line in recorded_lines]
    summary = RunReader(only_record(programs.folder / "out")).summary()
    assert summary is not None
    assert {name: count for name, count in summary.outcomes.items() if count} == {"served": 1}
    simulator.stop()
