"""`whoson-load run --web`: Locust's page on this machine only, with our series by name, and what it may not change."""

from __future__ import annotations

import json
import socket
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from tests.programs import VISITORS, Ended, Program, Programs, only_record, wait_until
from whoson_load.measurement.run import Ending
from whoson_load.measurement.sample import HEADLINE
from whoson_load.record.reader import RunReader

ELSEWHERE = "chat.example.com"


class Page:
    """Locust's web page, as a browser uses it."""

    def __init__(self, program: Program, port: int) -> None:
        self.program = program
        self._url = f"http://127.0.0.1:{port}"

    def get(self, path: str) -> dict[str, Any]:
        """Fetch JSON."""
        with urllib.request.urlopen(self._url + path, timeout=10) as answer:
            fetched: dict[str, Any] = json.load(answer)
        return fetched

    def post(self, path: str, **form: object) -> dict[str, Any]:
        """Send a form."""
        data = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(self._url + path, data=data, timeout=30) as answer:
            said: dict[str, Any] = json.load(answer) if answer.headers.get_content_type() == "application/json" else {}
        return said

    @property
    def is_there(self) -> bool:
        """Whether it answers."""
        try:
            self.get("/stats/requests")
        except OSError:
            return False
        return True

    def series(self) -> dict[str, int]:
        """The requests on it: name -> how many."""
        return {each["name"]: each["num_requests"] for each in self.get("/stats/requests")["stats"]}


@pytest.fixture(scope="module")
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@pytest.fixture(scope="module")
def page(shared_programs: Programs, free_port: int) -> Iterator[Page]:
    """The page of a run with the simulator; no test has started yet."""
    command = ("whoson-load", "run", VISITORS, "--web", "--web-port", str(free_port), "--pace", "10", "--out", "out")
    program = shared_programs.start(*command)
    page = Page(program, free_port)
    wait_until(lambda: page.is_there, 30, "no page came up", of=program)
    yield page
    program.interrupt()
    ended = program.end()
    assert ended.code == 0, ended.stderr


@pytest.fixture(scope="module")
def chatting(page: Page) -> Page:
    """A test was started on the page, with a pace typed into it, and all four series have samples."""
    assert page.post("/swarm", user_count=4, spawn_rate=4, pace="20")["success"]
    wait_until(lambda: set(HEADLINE) <= set(page.series()), 30, "not all series were shown", of=page.program)
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


def test_the_page_is_ours_to_start_and_stop(chatting: Page, shared_programs: Programs) -> None:
    """Stopping ends the run: its table is printed, its record is whole, and has the pace that was typed."""
    chatting.post("/stop")
    chatting.get("/stats/requests")
    wait_until(lambda: "Record: " in chatting.program.stdout, 10, "no table was printed", of=chatting.program)
    reader = RunReader(only_record(shared_programs.folder / "out"))
    assert reader.info.ending == Ending.FINISHED
    assert reader.info.pace == 20
    assert reader.summary() is not None


@pytest.mark.parametrize(
    "form, said",
    [
        ({"host": f"ws://{ELSEWHERE}"}, f"the target {ELSEWHERE} is not on this machine"),
        ({"host": f"ws://{ELSEWHERE}", "allow_target": ELSEWHERE}, f"the target {ELSEWHERE} is not on this machine"),
        ({"pace": "fast"}, "pace: got 'fast', expected a number above 0"),
        ({"pace": "0"}, "pace: got '0', expected a number above 0"),
        ({"host": "http://127.0.0.1:1"}, "--host: got 'http://127.0.0.1:1', expected ws://"),
    ],
    ids=["another host", "another host, allowed by the page itself", "no number", "nothing", "another scheme"],
)
def test_what_the_page_may_not_do_is_refused(
    form: dict[str, str], said: str, page: Page, shared_programs: Programs
) -> None:
    """In one line on stderr, and no test begins."""
    before = page.program.stderr
    recorded = len(list((shared_programs.folder / "out").glob("*"))) if (shared_programs.folder / "out").exists() else 0
    old_host = page.get("/stats/requests")["host"] if "host" in page.get("/stats/requests") else None
    page.post("/swarm", user_count=1, spawn_rate=1, **form)
    wait_until(lambda: said in page.program.stderr[len(before) :], 10, "nothing was said", of=page.program)
    assert page.program.stderr[len(before) :].count("\n") == 1
    assert page.get("/stats/requests")["user_count"] == 0
    assert len(list((shared_programs.folder / "out").glob("*"))) == recorded
    assert old_host is None


def test_the_page_cannot_move_the_record(page: Page, shared_programs: Programs) -> None:
    """Any page in the same browser can post to it: where files are written is not its affair."""
    before = page.program.stdout.count("Record: ")
    folder = shared_programs.folder
    page.post("/swarm", user_count=1, spawn_rate=1, pace="20", out=str(folder / "elsewhere"), run_name="../../x")
    page.post("/stop")
    wait_until(lambda: page.program.stdout.count("Record: ") > before, 10, "no table was printed", of=page.program)
    assert not (folder / "elsewhere").exists()
    assert all(path.name.endswith("-visitors") for path in (folder / "out").iterdir())


def test_a_page_ends_with_its_simulator(programs: Programs, free_port: int) -> None:
    """SIGTERM in the midst of a test ends both, and the record is whole."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = ("whoson-load", "run", VISITORS, "--web", "--web-port", str(port), "--pace", "20", "--out", "out")
    program = programs.start(*command)
    page = Page(program, port)
    wait_until(lambda: page.is_there, 30, "no page came up", of=program)
    page.post("/swarm", user_count=2, spawn_rate=2)
    wait_until(lambda: "connect" in page.series(), 30, "nobody connected", of=program)
    program.popen.terminate()
    ended: Ended = program.end()
    assert ended.code == 0, ended.stderr
    assert ended.stdout.count("Record: ") == 1
    assert "Traceback" not in ended.stderr
    assert RunReader(only_record(programs.folder / "out")).info.ending == Ending.TERMINATED
