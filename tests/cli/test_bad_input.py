"""Bad input gets one clear line on stderr and the right exit code: no traceback, no usage, nothing left running."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from tests.programs import SOCKETS_SEEN, VISITORS, Ended, Programs, watch_sockets

AT_ONCE = 3
"""Programs under way at the same time: each is busy for a second, with importing Locust."""

RUN = ("whoson-load", "run", VISITORS, "-t", "1s", "--out", "OUT")
SIMULATE = ("whoson-load", "simulate", "--port", "0", "--control-port", "0")
SECRETS = {"WHOSON_AUTH": "a", "WHOSON_API_KEY": "b"}
UNKNOWN_HOST = "nowhere.invalid"
"""RFC 6761: no resolver may know a name of this domain."""


NOBODY_KNOWS = "a name that nobody knows"

NOTHING_ASKED = (
    "a target that is not allowed",
    "another target that is allowed",
    "a proxy that is not allowed",
    "no secrets for another machine",
    "another scheme",
)


@dataclass(frozen=True)
class Case:
    """A command that cannot be right. Capitals in its words are places of the test's folder.

    Attributes:
        said: what the one line on stderr has to match from its beginning to its end.
        files: what lies in its folder.
    """

    command: tuple[str, ...]
    said: str
    code: int = 2
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


CASES = {
    # The command
    "unknown command": Case(
        ("whoson-load", "fly"), r"whoson-load: got the command 'fly', expected run or .*simulate.*"
    ),
    # The locustfile
    "no locustfile": Case(("whoson-load", "run"), r"whoson-load run: .*required: LOCUSTFILE"),
    "missing locustfile": Case(
        ("whoson-load", "run", "nope.py"), r"whoson-load run: got the locustfile nope\.py, .* expected one .*"
    ),
    "an option before the locustfile": Case(
        ("whoson-load", "run", "-u", "5", VISITORS), r"whoson-load run: .* expected one as the first argument, .*"
    ),
    "a syntax error": Case(
        ("whoson-load", "run", "broken.py"),
        r"whoson-load run: broken\.py: SyntaxError: .*line 2\)",
        files={"broken.py": "from whoson_load import ChatVisitor\nclass Visitor(ChatVisitor:\n"},
    ),
    "a locustfile that raises": Case(
        ("whoson-load", "run", "raises.py"),
        r"whoson-load run: raises\.py, line 2: ModuleNotFoundError: No module named 'nosuch'",
        files={"raises.py": "import sys\nimport nosuch\n"},
    ),
    "no class of visitors": Case(
        ("whoson-load", "run", "empty.py"),
        r"whoson-load run: empty\.py: got no class of visitors, expected .*",
        files={"empty.py": "from whoson_load import ChatVisitor\n"},
    ),
    "an unknown class": Case((*RUN, "Stranger"), r"whoson-load run: got the class Stranger, expected Visitor"),
    # Options
    "an unknown option": Case((*RUN, "--wrong", "3"), r"whoson-load run: unrecognized arguments: --wrong.*"),
    "an option misspelt": Case((*RUN, "--pase", "3"), r"whoson-load run: unrecognized arguments: --pase .*--pace.*"),
    "a pace that is no number": Case((*RUN, "--pace", "x"), r"whoson-load run: .*--pace: got 'x', expected a number.*"),
    "a pace of nothing": Case((*RUN, "--pace", "0"), r"whoson-load run: .*--pace: got '0', expected a number above 0"),
    "a pace of nothing, from the environment": Case(
        RUN, r"whoson-load run: .*--pace: got '0', expected a number above 0", environment={"WHOSON_PACE": "0"}
    ),
    "visitors that are no number": Case((*RUN, "-u", "x"), r"whoson-load run: .*--users: invalid int value: 'x'"),
    "fewer visitors than none": Case((*RUN, "-u", "-3"), r"whoson-load run: .*--users: got -3, expected .*"),
    "a rate of nothing": Case((*RUN, "-r", "0"), r"whoson-load run: .*--spawn-rate: must be > 0"),
    "a duration that is none": Case((*RUN, "-t", "long"), r"whoson-load run: .*--run-time: Invalid time span format.*"),
    "a seed that is no number": Case((*RUN, "--seed", "x"), r"whoson-load run: .*--seed: invalid int value: 'x'"),
    "an unknown level of the log": Case((*RUN, "-L", "LOUD"), r"whoson-load run: .*-L: invalid choice: 'LOUD'.*"),
    "a wrong value in locust.conf": Case(
        RUN, r"whoson-load run: .*--users: invalid int value: 'many'", files={"locust.conf": "users = many\n"}
    ),
    "an unknown key in locust.conf": Case(
        RUN, r"whoson-load run: unrecognized arguments: --visitors=3.*", files={"locust.conf": "visitors = 3\n"}
    ),
    "a place where nothing can be written": Case(
        ("whoson-load", "run", VISITORS, "-t", "1s", "--out", "/dev/null/reports"),
        r"whoson-load: --out: .*/dev/null/reports.*: Not a directory",
    ),
    "a master's port that is taken": Case(
        (*RUN, "--processes", "2", "--master-bind-host", "127.0.0.1", "--master-bind-port", "TAKEN"),
        r"whoson-load run: --master-bind-port: cannot listen on 127\.0\.0\.1:\d+: Address already in use",
    ),
    # The target
    "another scheme": Case(
        (*RUN, "--host", "http://127.0.0.1:1"), r"whoson-load: --host: got 'http://127\.0\.0\.1:1', expected ws://.*"
    ),
    "no port at all": Case(
        (*RUN, "--host", "ws://127.0.0.1:x"), r"whoson-load: --host: got .*expected ws://HOST:PORT.*"
    ),
    "a target that is not allowed": Case(
        (*RUN, "--host", "ws://chat.example.com"),
        r"whoson-load: the target chat\.example\.com is not on this machine; .*: --allow-target chat\.example\.com",
        code=5,
    ),
    "another target that is allowed": Case(
        (*RUN, "--host", "wss://chat.example.com", "--allow-target", "chat.example.org"),
        r"whoson-load: the target chat\.example\.com is not on this machine; .*",
        code=5,
    ),
    "a proxy that is not allowed": Case(
        (*RUN, "--host", "ws://127.0.0.1:1", "--proxy", "http://proxy.example.com:3128"),
        r"whoson-load: the target proxy\.example\.com is not on this machine; .*",
        code=5,
    ),
    "no secrets for another machine": Case(
        (*RUN, "--host", f"ws://{UNKNOWN_HOST}", "--allow-target", UNKNOWN_HOST),
        rf"whoson-load: WHOSON_AUTH and WHOSON_API_KEY: not in the environment, .* {re.escape(UNKNOWN_HOST)}",
    ),
    NOBODY_KNOWS: Case(
        (*RUN, "--host", f"ws://{UNKNOWN_HOST}", "--allow-target", UNKNOWN_HOST),
        rf"whoson-load: --host: ws://{re.escape(UNKNOWN_HOST)}:80/: .*no address.*",
        environment=SECRETS,
    ),
    "a port that is closed": Case(
        (*RUN, "--host", "ws://127.0.0.1:CLOSED"), r"whoson-load: --host: ws://127\.0\.0\.1:\d+/: Connection refused.*"
    ),
    "a port that is closed, for workers": Case(
        (*RUN, "--host", "ws://127.0.0.1:CLOSED", "--processes", "2"),
        r"whoson-load: --host: ws://127\.0\.0\.1:\d+/: Connection refused.*",
    ),
    "a port that is closed, by Locust's own command": Case(
        (
            "locust",
            "-f",
            VISITORS,
            "--headless",
            "-t",
            "1s",
            "--loglevel",
            "WARNING",
            "--host",
            "ws://127.0.0.1:CLOSED",
        ),
        r"whoson-load: --host: ws://127\.0\.0\.1:\d+/: Connection refused.*",
    ),
    "no host, by Locust's own command": Case(
        ("locust", "-f", VISITORS, "--headless", "-t", "1s", "--loglevel", "WARNING"),
        r"whoson-load: --host: got none, expected ws://HOST:PORT",
    ),
    "certificates that are missing": Case(
        (*RUN, "--host", "wss://127.0.0.1:CLOSED", "--ca-file", "missing.pem"),
        r"whoson-load: --ca-file: cannot read missing\.pem .*No such file.*",
    ),
    "certificates that are none": Case(
        (*RUN, "--host", "wss://127.0.0.1:CLOSED", "--ca-file", "junk.pem"),
        r"whoson-load: --ca-file: cannot read junk\.pem as certificates.*",
        files={"junk.pem": "junk"},
    ),
    # The simulator and the page
    "two targets": Case(
        (*RUN, "--simulator", "--host", "ws://127.0.0.1:1"), r"whoson-load run: got --simulator and --host, expected .*"
    ),
    "a site for another's server": Case(
        (*RUN, "--site", "busy", "--host", "ws://127.0.0.1:1"), r"whoson-load run: got --site and --host, expected .*"
    ),
    "a site for another's server, from the environment": Case(
        (*RUN, "--site", "busy"),
        r"whoson-load run: got --site without the simulator, expected .*",
        environment={"LOCUST_HOST": "ws://127.0.0.1:1"},
    ),
    "an unknown site": Case((*RUN, "--site", "nope"), r"whoson-load run: site nope: .*, expected default, .*file"),
    "a site that is no TOML": Case(
        (*RUN, "--site", "site.toml"),
        r"whoson-load run: site\.toml:1: got no TOML .*",
        files={"site.toml": "[server\n"},
    ),
    "a site with an unknown key": Case(
        (*RUN, "--site", "site.toml"), r"whoson-load run: site\.toml:2: .*", files={"site.toml": "[server]\nnope = 1\n"}
    ),
    "a page that others could see": Case(
        (*RUN, "--web", "--web-host", "0.0.0.0"), r"whoson-load run: --web-host: got 0\.0\.0\.0, expected .*"
    ),
    # whoson-load simulate
    "a simulator's port that is taken": Case(
        (*SIMULATE, "--port", "TAKEN"), r"whoson-load simulate: .*TAKEN.*(in use|listen).*"
    ),
    "a simulator's wrong option": Case(
        (*SIMULATE, "--wrong"), r"whoson-load simulate: unrecognized arguments: --wrong.*"
    ),
    "a simulator's wrong delay": Case(
        (*SIMULATE, "--echo-delay", "soon"), r"whoson-load simulate: .*--echo-delay: got 'soon', expected a duration.*"
    ),
    "a simulator's missing certificate": Case(
        (*SIMULATE, "--tls-cert", "missing.pem"), r"whoson-load simulate: cannot use the certificate missing\.pem: .*"
    ),
    "a simulator's certificate that is none": Case(
        (*SIMULATE, "--tls-cert", "junk.pem"),
        r"whoson-load simulate: junk\.pem .*no certificate.*",
        files={"junk.pem": "junk"},
    ),
    "a simulator's unknown site": Case(
        (*SIMULATE, "--site", "nope"), r"whoson-load simulate: site nope: .*, expected .*"
    ),
}


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, str]]:
    """A port that is taken, and one that is closed and that nobody else gets meanwhile: bound, but nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield {"TAKEN": str(taken.getsockname()[1]), "CLOSED": str(closed.getsockname()[1])}


@dataclass(frozen=True)
class Refused:
    """What came of a case.

    Attributes:
        sockets: the names it looked up and the connections it made.
    """

    ended: Ended
    sockets: str


@pytest.fixture(scope="module")
def refused(
    request: pytest.FixtureRequest, shared_programs: Programs, ports: dict[str, str]
) -> Iterator[Callable[[str], Refused]]:
    """What came of a case. All that will be asked for are under way from the beginning, some at once."""
    places = {"OUT": str(shared_programs.folder / "out"), **ports}
    wanted = [
        item.callspec.params["name"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path and hasattr(item, "callspec")
    ]

    def run(number: int, case: Case) -> Refused:
        folder = shared_programs.folder / f"case{number}"
        folder.mkdir()
        for name, content in case.files.items():
            (folder / name).write_text(content, "utf-8")
        words = [re.sub("|".join(places), lambda place: places[place[0]], word) for word in case.command]
        with Programs(folder) as programs:
            ended = programs.start(*words, environment={**case.environment, **watch_sockets(folder)}).end()
        return Refused(ended, (folder / SOCKETS_SEEN).read_text("utf-8"))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        under_way: dict[str, Future[Refused]] = {}

        def look(name: str) -> Refused:
            return under_way[name].result()

        for number, name in enumerate(dict.fromkeys((*wanted, *NOTHING_ASKED, NOBODY_KNOWS))):
            under_way[name] = pool.submit(run, number, CASES[name])
        yield look


@pytest.mark.parametrize("name", list(CASES))
def test_bad_input_gets_one_clear_line(name: str, refused: Callable[[str], Refused], ports: dict[str, str]) -> None:
    """It says what was got and what was expected, and the exit code tells whose fault it was."""
    case, ended = CASES[name], refused(name).ended
    said = re.sub("|".join(ports), lambda place: ports[place[0]], case.said)
    assert re.fullmatch(said, ended.stderr.removesuffix("\n")), ended.stderr
    assert ended.stdout == ""
    assert ended.code == case.code


@pytest.mark.parametrize("name", NOTHING_ASKED)
def test_it_is_refused_before_anything_is_looked_up(name: str, refused: Callable[[str], Refused]) -> None:
    """No name of a host goes out to a resolver, and no connection is tried, to wherever it was."""
    assert refused(name).sockets == ""


def test_what_is_looked_up_would_be_seen(refused: Callable[[str], Refused]) -> None:
    """The one case whose name is asked for tells that the watching works."""
    assert UNKNOWN_HOST in refused(NOBODY_KNOWS).sockets


def test_nothing_of_a_run_that_cannot_begin_is_recorded(
    refused: Callable[[str], Refused], shared_programs: Programs
) -> None:
    """No empty folders are left among the reports."""
    for name in NOTHING_ASKED:
        refused(name)
    assert not (shared_programs.folder / "out").exists()
    assert not list(shared_programs.folder.glob("*/reports"))
