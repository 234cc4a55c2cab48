"""What the client's tests share: peers, visitors, recorders, and a look at what a test leaves behind.

Peers run in threads with plain blocking sockets, the client in greenlets of the test's thread. Every test ends with as
many descriptors, watchers and waits as it began with, or fails.
"""

from __future__ import annotations

import random
import shutil
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from gevent import get_hub

from tests.client.beginnings import CONNECTED, DEADLINE_NS, begin_chat
from tests.client.kinds import Chatting, Counted, MakeChat
from tests.client.peers import PATIENCE_S, Certificates, Peer, Script
from tests.client.scripted import HOWARD, FakeClock, ScriptedLine
from tests.client.targets import SECRETS
from whoson_load.client import connection as connection_module
from whoson_load.client import session as session_module
from whoson_load.client.dial import Dialled, dial
from whoson_load.client.hearing import Hearing
from whoson_load.client.session import ChatSession, Visitor
from whoson_load.client.target import Deadlines, Target
from whoson_load.client.wheel import wheel
from whoson_load.client.wire import Wire
from whoson_load.measurement.ledger import TokenBook
from whoson_load.measurement.recorder import Recorder
from whoson_load.protocol.conversation import State
from whoson_load.protocol.events import Accepted, OperatorJoined
from whoson_load.visitors.patience import MANNERS
from whoson_load.visitors.persona import Personas

OPEN_DESCRIPTORS = Path("/proc/self/fd")


def descriptors() -> int:
    """How many this process has open; 0 where nobody says."""
    return len(list(OPEN_DESCRIPTORS.iterdir())) if OPEN_DESCRIPTORS.is_dir() else 0


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """See to it that the test leaves no descriptor, no watcher and nobody in the wheel."""
    hub = get_hub()
    turning = wheel()
    hub.threadpool.apply(int)  # what the resolver needs, it needs for good
    before = (descriptors(), hub.loop.activecnt)
    yield
    gevent.sleep(0)
    assert (descriptors(), hub.loop.activecnt) == before
    assert [each for slot in (*turning._near.values(), *turning._far.values()) for each in slot if each.due_ns] == []
    assert [sleepers for sleepers in turning._far.values() if sleepers] == []


@pytest.fixture
def serve() -> Iterator[Callable[..., Peer]]:
    """Starts peers: `serve(script, ...)`.

    `tls` is a server's TLS context; a `narrow` peer takes little before it has to read.
    """
    started: list[Peer] = []

    def start(*scripts: Script, tls: ssl.SSLContext | None = None, narrow: bool = False) -> Peer:
        started.append(Peer(scripts, tls, narrow))
        return started[-1]

    yield start
    for peer in started:
        peer.end()


@pytest.fixture
def spawn() -> Iterator[Callable[..., gevent.Greenlet[..., Any]]]:
    """Starts visitors: greenlets that have to be over at the test's end."""
    visitors: list[gevent.Greenlet[..., Any]] = []

    def start(run: Callable[..., Any], *arguments: object) -> gevent.Greenlet[..., Any]:
        visitors.append(gevent.spawn(run, *arguments))
        return visitors[-1]

    yield start
    alive = [each for each in visitors if not each.dead]
    gevent.killall(alive, timeout=PATIENCE_S)
    assert alive == []


@pytest.fixture
def recorder() -> Recorder:
    """One whose counts a test reads."""
    return Recorder("test")


@pytest.fixture
def counted(recorder: Recorder) -> Counted:
    """Hands over what the recorder has: its tally, with the counts of samples as `samples`."""

    def take() -> SimpleNamespace:
        report = recorder.roll(0, 0)
        tally = {name: getattr(report.tally, name) for name in report.tally.__struct_fields__}
        return SimpleNamespace(**tally, samples={name: series.count for name, series in report.series.items()})

    return take


def read_target(url: str, **options: Any) -> Target:  # noqa: ANN401 (those of Target.read)
    """A target whose deadlines are long, but for those that are named: connect_s, reply_s, idle_s, close_s."""
    named = {name: options.pop(name) for name in ("connect_s", "reply_s", "idle_s", "close_s") if name in options}
    deadlines = Deadlines(**{"connect_s": PATIENCE_S, "reply_s": PATIENCE_S, "close_s": PATIENCE_S, **named})
    return Target.read(url, domain="www.mycompany.com", environment=SECRETS, deadlines=deadlines, **options)


@pytest.fixture
def make_target() -> Callable[..., Target]:
    """`read_target`."""
    return read_target


@pytest.fixture
def reach_peer() -> Callable[..., Dialled]:
    """Dials a peer, or a URL: `reach_peer(peer, visitors_headers, option=...)`."""

    def reach(peer: Peer | str, visitors: tuple[tuple[str, str], ...] = (), **options: Any) -> Dialled:  # noqa: ANN401
        return dial(read_target(peer if isinstance(peer, str) else peer.url, **options), visitors)

    return reach


@pytest.fixture
def open_wire(recorder: Recorder, reach_peer: Callable[..., Dialled]) -> Iterator[Callable[..., Wire]]:
    """Opens a WebSocket to a peer: `open_wire(peer, stall_s=..., option=...)`; abandoned at the test's end."""
    wires: list[Wire] = []

    def start(peer: Peer | str, stall_s: float = PATIENCE_S, **options: Any) -> Wire:  # noqa: ANN401
        wires.append(Wire(reach_peer(peer, **options), recorder, stall_s))
        return wires[-1]

    yield start
    for wire in wires:
        wire.abandon()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Made once for all tests."""
    if shutil.which("openssl") is None:
        pytest.skip("certificates are made by the openssl command, which is not here")
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def make_chat(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> MakeChat:
    """Makes a session over a scripted line: that, its line and its clock. Named arguments are deadlines."""

    def make(*, due_s_ago: float = 0.0, **deadlines: float) -> Chatting:
        clock = FakeClock()
        for module in (connection_module, session_module):
            monkeypatch.setattr(module, "monotonic_ns", clock.monotonic_ns)
            monkeypatch.setattr(module, "wall_ns", clock.wall_ns)
        line = ScriptedLine(clock)
        target = read_target("ws://127.0.0.1:8009", **({"connect_s": 10, "reply_s": 30, "close_s": 2} | deadlines))
        visitor = Visitor(Personas(1, "run7").persona(3), MANNERS, random.Random(1), "run7")
        due_ns = clock.wall_ns() - round(due_s_ago * 1e9)
        return ChatSession(line, target, visitor, recorder, due_ns), line, clock

    return make


@pytest.fixture
def chatting(make_chat: MakeChat, counted: Counted) -> Chatting:
    """A chat that an operator joined, everything until then counted away."""
    chat, line, clock = make_chat(reply_s=30)
    begin_chat(chat, line)
    line.sent.clear()
    counted()
    return chat, line, clock


@pytest.fixture
def book(recorder: Recorder) -> TokenBook:
    """The ledger of visitor 7's first visit."""
    return TokenBook("tag", 7, 1, DEADLINE_NS, recorder.line)


@pytest.fixture
def hearing(recorder: Recorder, book: TokenBook) -> Hearing:
    """Ears that have heard nothing yet."""
    return Hearing(recorder, book)


@pytest.fixture
def ears(hearing: Hearing, counted: Counted) -> Hearing:
    """Ears of a chat that an operator joined, everything until then counted away."""
    hearing.conversation.command("Connect")
    hearing.hear(CONNECTED, 0)
    hearing.conversation.command("Hello")
    hearing.hear(Accepted(chat_uid="u-1"), 0)
    hearing.hear(OperatorJoined(chat_uid="u-1", operator=HOWARD), 0)
    assert hearing.conversation.state is State.CHATTING
    counted()
    return hearing
