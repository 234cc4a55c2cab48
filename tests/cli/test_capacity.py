"""`whoson-load capacity` as users start it: what it refuses, what Ctrl-C leaves, how it goes on, what it never says."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.programs import VISITORS, Programs, only_record, wait_until
from whoson_load.cli.capacity import _expect_same, main
from whoson_load.errors import ConfigError, RecordError
from whoson_load.measurement.capacity import Capacity, Conclusion, Quantity, Wanted
from whoson_load.measurement.run import RunInfo
from whoson_load.record.reader import RunReader
from whoson_load.record.writer import RunWriter

SHORT = ("--pace", "40", "--interval", "0.5", "--hold", "5s", "--settle", "1s", "--out", "out")
THROTTLED = """
import time
import gevent
from locust import events, task
from whoson_load import ChatVisitor, everyday

def compute():
    while True:
        until = time.monotonic() + 0.4
        while time.monotonic() < until:
            pass
        gevent.sleep(0.01)

@events.test_start.add_listener
def throttle(**_):
    gevent.spawn(compute)

class Visitor(ChatVisitor):
    objectives = ("lost == 0",)

    @task
    def chat(self):
        self.visit(everyday)
"""


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """The record of a search that broke off in its first level."""
    info = RunInfo(run_id="r", name="search", started_ns=1, interval_s=1.0, target="ws://127.0.0.1:1", seed=1)
    info.options = {"locustfile": VISITORS}
    writer = RunWriter(tmp_path, info)
    writer.write_capacity(search())
    writer.finish(info)
    return writer.folder


def search(**more: object) -> Capacity:
    """A search that was asked for, with nothing found."""
    wanted = Wanted(quantity=Quantity.VISITORS, objectives=["lost == 0"], lowest=10, highest=100)
    capacity = Capacity(wanted=wanted, target="simulator default", locustfile_sha256="ab" * 32, pace=1.0)
    return msgspec.structs.replace(capacity, **more)


@pytest.mark.parametrize(
    "arguments, said",
    [
        ((), "got no locustfile"),
        ((VISITORS, "-u", "50"), "got --users, expected none: the search says how many visitors come"),
        ((VISITORS, "-t5m"), "got --run-time, expected none"),
        ((VISITORS, "--arrivals", "constant 1/min"), "got --arrivals, expected none"),
        ((VISITORS, "--from", "10", "--to", "10"), "got --from 10 --to 10, expected a range"),
        ((VISITORS, "--from", "2.5"), "expected whole visitors"),
        ((VISITORS, "--from", "0"), "argument --from: got '0', expected a number above 0"),
        ((VISITORS, "--within", "5"), "argument --within: got '5', expected 0.5% to 50%"),
        ((VISITORS, "--hold", "long"), "argument --hold"),
        ((VISITORS, "--search", "chats"), "argument --search: invalid choice: 'chats'"),
        (("nothing.py",), "got the locustfile nothing.py, which does not exist"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    """Before anything is started."""
    with pytest.raises(ConfigError) as refused:
        main(list(arguments))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("option", [("--from", "5"), ("--within", "2%"), ("--search", "arrivals"), ("--hold", "1m")])
def test_a_resumed_search_is_what_it_was(record: Path, option: tuple[str, str]) -> None:
    """The record says what is searched; nothing beside it may say otherwise."""
    with pytest.raises(ConfigError, match=f"got --resume and {option[0]}, expected --resume alone"):
        main(["--resume", str(record), *option])


def test_only_a_search_is_resumed(tmp_path: Path) -> None:
    """Neither a folder without a record, nor a run of another kind."""
    with pytest.raises(RecordError, match="no run record in"):
        main(["--resume", str(tmp_path)])
    info = RunInfo(run_id="r", name="run", started_ns=1, interval_s=1.0, target="ws://127.0.0.1:1", seed=1)
    writer = RunWriter(tmp_path, info)
    writer.finish(info)
    with pytest.raises(ConfigError, match="which is no capacity search, expected one"):
        main(["--resume", str(writer.folder)])


@pytest.mark.parametrize(
    "other, said",
    [
        ({"target": "ws://10.0.0.1:80"}, "got the target ws://10.0.0.1:80, expected simulator default"),
        ({"locustfile_sha256": "cd" * 32}, "got another content of the locustfile: cdcdcdcdcdcd, expected abab"),
        ({"pace": 8.0}, "got the pace 8.0, expected 1.0"),
    ],
)
def test_a_search_goes_on_against_the_same_server_with_the_same_visitors(other: dict[str, object], said: str) -> None:
    """Else its levels would not be levels of one curve."""
    _expect_same(search(), search())
    with pytest.raises(ConfigError, match=f"^--resume: {said}"):
        _expect_same(search(), search(**other))


def test_a_search_without_an_objective_is_refused(programs: Programs) -> None:
    """There would be nothing to find."""
    ended = programs.start("whoson-load", "capacity", VISITORS, "--out", "out").end()
    assert ended.code == 2
    assert ended.stderr == (
        "whoson-load capacity: got no objective, expected one that says how much is too much, such as --objective"
        " 'echo p99 < 500ms'\n"
    )


def test_a_search_broken_off_goes_on_where_it_was(programs: Programs) -> None:
    """Ctrl-C keeps what was found; --resume alone visits what is left, here with two processes, and ends with 0."""
    command = ["whoson-load", "capacity", VISITORS, "--objective", "lost == 0", "--from", "2", "--to", "4", *SHORT]
    broken = programs.start(*command)
    wait_until(lambda: "level 1: 2 visitors: good" in broken.stdout, 60, "the first level was never judged", of=broken)
    broken.interrupt()
    ended = broken.end()
    assert ended.code == 4, ended.stderr
    assert "Broken off after 1 level. So far: Holds at least 2 visitors at once" in " ".join(ended.stdout.split())
    folder = only_record(programs.folder / "out")
    kept = RunReader(folder).capacity()
    assert kept is not None
    assert (kept.conclusion, [each.load for each in kept.levels]) == (Conclusion.INTERRUPTED, [2])
    resumed = programs.start(
        "whoson-load", "capacity", "--resume", str(folder), *SHORT[:4], "--out", "on", "--processes", "2"
    )
    ended = resumed.end()
    found = RunReader(only_record(programs.folder / "on")).capacity()
    assert found is not None
    assert found.levels[0] == kept.levels[0]
    assert found.resumed_from == folder.name
    if found.conclusion is Conclusion.UNTRUSTED:
        pytest.skip("other programs had the machine")
    assert ended.code == 0, ended.stderr
    assert [each.load for each in found.levels] == [2, 4, 4]
    assert found.conclusion is Conclusion.AT_LEAST
    assert [round(each.in_progress) <= each.load for each in found.levels] == [True] * 3
    assert found.sentence.startswith("Holds at least 4 visitors at once")
    report = programs.start("whoson-load", "report", str(only_record(programs.folder / "on"))).end()
    assert report.code == 0, report.stderr
    assert found.sentence in " ".join(report.stdout.split())
    assert "verdict" in report.stdout


def test_a_throttled_generator_names_no_number(programs: Programs) -> None:
    """A locustfile that computes for most of the time: exit code 4, at once."""
    (programs.folder / "throttled.py").write_text(THROTTLED)
    ended = programs.start("whoson-load", "capacity", "throttled.py", "--from", "3", "--to", "50", *SHORT).end()
    assert ended.code == 4, ended.stdout
    found = RunReader(only_record(programs.folder / "out")).capacity()
    assert found is not None
    assert (found.conclusion, found.holds, found.passes_at) == (Conclusion.UNTRUSTED, None, None)
    assert found.levels == []
    assert "No capacity can be told, for the generator was the bottleneck:" in " ".join(ended.stdout.split())
