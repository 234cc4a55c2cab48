"""`whoson-load run --web`: Locust's page on this machine only, with our series by name, and what it may not change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.locust_page import Page, open_page
from tests.programs import Ended, Programs, only_record, wait_until
from whoson_load.measurement.run import Ending
from whoson_load.measurement.sample import HEADLINE
from whoson_load.record.reader import RunReader

ELSEWHERE = "chat.example.com"


@pytest.fixture(scope="module")
def page(shared_programs: Programs) -> Iterator[Page]:
    """The page of a run with the simulator; no test has started yet."""
    page = open_page(shared_programs, "--allow-target", "chat.example.org")
    yield page
    page.program.interrupt()
    ended = page.program.end()
    assert ended.code == 0, ended.stderr


@pytest.fixture
def records(shared_programs: Programs) -> Callable[[], list[Path]]:
    """The runs that were recorded so far."""
    return lambda: sorted((shared_programs.folder / "out").glob("*"))


# What the page may not do


@pytest.mark.parametrize(
    "form, said",
    [
        ({"host": f"ws://{ELSEWHERE}"}, f"the target {ELSEWHERE} is not on this machine"),
        ({"host": f"ws://{ELSEWHERE}", "allow_target": ELSEWHERE}, f"the target {ELSEWHERE} is not on this machine"),
        ({"host": "http://127.0.0.1:1"}, "--host: got 'http://127.0.0.1:1', expected ws://"),
        ({"pace": "fast"}, "pace: got 'fast', expected a number above 0"),
        ({"pace": "0"}, "pace: got '0', expected a number above 0"),
    ],
    ids=["another host", "another host, allowed by the page itself", "another scheme", "no pace", "a pace of nothing"],
)
def test_what_the_page_may_not_do_is_refused(
    form: dict[str, str], said: str, page: Page, records: Callable[[], list[Path]]
) -> None:
    """In one line, in the form and on stderr, and no test begins."""
    before, host = page.program.stderr, page.host
    answer = page.post("/swarm", user_count=1, spawn_rate=1, **{"host": host, **form})
    assert answer["success"] is False
    assert said in answer["message"]
    wait_until(lambda: said in page.program.stderr[len(before) :], 10, "nothing was said", of=page.program)
    assert page.program.stderr[len(before) :].count("\n") == 1
    assert records() == []


def test_the_page_shows_no_secret_and_no_option_that_is_not_its_affair(page: Page) -> None:
    """Of our options it has the pace."""
    form = page.start_form()
    assert "pace" in form
    assert f"nobody comes before Start is pressed at {page.url} (or give --autostart)" in page.program.stderr
    for what in ("myauthstring", "abcdefg12345", "allow_target", "ca_file", "proxy"):
        assert what not in form


# What it may


@pytest.fixture(scope="module")
def chatting(page: Page) -> Page:
    """A test was started on the page, with a pace typed into it, and all four series have samples."""
    assert page.post("/swarm", user_count=4, spawn_rate=4, pace="20", host=page.host)["success"]

    def all_have_samples() -> bool:
        series = page.series()
        return set(HEADLINE) <= set(series) and all(series.values())

    wait_until(all_have_samples, 30, "not all series had samples", of=page.program)
    return page


def test_only_this_machine_can_see_the_page(chatting: Page) -> None:
    """Whatever listens, the simulator included, listens on the loopback."""
    listening = [
        (process.name(), connection.laddr.ip)
        for process in chatting.program.family()
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) == 3  # the page, the chats, the control side
    assert {address for _, address in listening} == {"127.0.0.1"}


def test_the_page_shows_the_four_series_by_name(chatting: Page) -> None:
    """Where Locust shows requests."""
    series = chatting.series()
    assert {name for name in series if name != "Aggregated"} == set(HEADLINE)
    assert all(count > 0 for count in series.values())


def test_the_page_starts_and_stops_runs(chatting: Page, records: Callable[[], list[Path]]) -> None:
    """Stopping ends the run: its table is printed, its record is whole, and has the pace that was typed."""
    chatting.post("/stop")
    wait_until(lambda: "Record: " in chatting.program.stdout, 10, "no table was printed", of=chatting.program)
    (record,) = records()
    reader = RunReader(record)
    assert reader.info.ending == Ending.FINISHED
    assert reader.info.pace == 20
    assert reader.summary() is not None


def test_the_page_cannot_move_the_record(page: Page, shared_programs: Programs) -> None:
    """Any page in the same browser can post to it: where files are written is not its affair."""
    before = page.program.stdout.count("Record: ")
    folder = shared_programs.folder
    page.post("/swarm", user_count=1, spawn_rate=1, pace="20", out=str(folder / "elsewhere"), run_name="../../x")
    page.post("/stop")
    wait_until(lambda: page.program.stdout.count("Record: ") > before, 10, "no table was printed", of=page.program)
    assert not (folder / "elsewhere").exists()
    assert all(path.name.endswith("-hurried") for path in (folder / "out").iterdir())


def test_a_page_ends_with_its_simulator(programs: Programs) -> None:
    """SIGTERM in the midst of a test ends both, and the record is whole."""
    page = open_page(programs, "--pace", "20")
    program = page.program
    page.post("/swarm", user_count=2, spawn_rate=2)
    wait_until(lambda: page.series().get("connect", 0) > 0, 30, "nobody connected", of=program)
    program.popen.terminate()
    ended: Ended = program.end()
    assert ended.code == 0, ended.stderr
    assert ended.stdout.count("Record: ") == 1
    assert "Traceback" not in ended.stderr
    assert RunReader(only_record(programs.folder / "out")).info.ending == Ending.TERMINATED
