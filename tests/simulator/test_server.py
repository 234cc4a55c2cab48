from __future__ import annotations

import contextlib
import json
import random
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from whoson_load.cli.simulate import main

DOMAIN = "www.mycompany.com"
PATIENCE_S = 10.0

Json = Any
Start = Callable[..., Any]


class Running:
    """A simulator in a process of its own.

    Args:
        options: of its command line.
        before: Python that runs first.
    """

    def __init__(self, *options: str, before: str = "pass") -> None:
        program = f"import sys; {before}; from whoson_load.cli.simulate import main; sys.exit(main(sys.argv[1:]))"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, "--port", "0", "--control-port", "0", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.ready = json.loads(self.process.stdout.readline())
        self.host, port = self.ready["chat"].partition("://")[2].split(":")
        self.port = int(port)

    def ask(self, path: str, body: bytes | None = None, **headers: str) -> Json:
        """What the control side says."""
        request = urllib.request.Request(self.ready["control"] + path, data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)

    @contextlib.contextmanager
    def socket(self, **options: object) -> Iterator[ClientConnection]:
        """A WebSocket of the `websockets` library."""
        with connect(self.ready["chat"], open_timeout=PATIENCE_S, close_timeout=1, ping_interval=None, **options) as ws:  # type: ignore[arg-type]
            yield ws

    @contextlib.contextmanager
    def raw(self) -> Iterator[socket.socket]:
        """A TCP connection that has been upgraded, to send any bytes."""
        with socket.create_connection((self.host, self.port), PATIENCE_S) as tcp:
            tcp.sendall(UPGRADE)
            assert b"101" in read_until(tcp, b"\r\n\r\n")
            yield tcp

    def wait_until(self, condition: Callable[[Json], bool]) -> Json:
        """The state once a condition holds."""
        end = time.monotonic() + PATIENCE_S
        while not condition(state := self.ask("/state")):
            assert time.monotonic() < end, state
            time.sleep(0.02)
        return state

    def end(self) -> int:
        """Close its standard input; its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(PATIENCE_S)


UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def read_until(tcp: socket.socket, mark: bytes) -> bytes:
    """What comes until a mark, or the end."""
    data = b""
    while mark not in data and (more := tcp.recv(65536)):
        data += more
    return data


def send(ws: ClientConnection, command: str, *parameters: str) -> None:
    """Send a command."""
    ws.send(json.dumps({"Command": command, "Parameters": list(parameters)}))


def until(ws: ClientConnection, name: str, classname: str = "") -> tuple[Any, int]:
    """(event, when it was read) of the next event of a name, and of a classname if it is a line."""
    while True:
        event, at_ns = json.loads(ws.recv(PATIENCE_S)), time.time_ns()
        if event["EventName"] == name and (not classname or event["Data"]["Classname"] == classname):
            return event, at_ns


def chat(ws: ClientConnection) -> tuple[str, str]:
    """Connect and say Hello: (session ID, UID)."""
    send(ws, "Connect", "myauthstring", DOMAIN, "", "", "", "", "abcdefg12345")
    session = until(ws, "connected")[0]["Data"]["SessionID"]
    send(ws, "Hello", "Thomas", DOMAIN, "", "", session, "", "", "en", "false", "")
    return session, until(ws, "accepted")[0]["ChatUid"]


def finish(server: Running) -> None:
    """End a simulator, which must have had nothing to complain about."""
    server.end()
    assert server.process.stdout is not None
    assert server.process.stderr is not None
    server.process.stdout.close()
    complaints = server.process.stderr.read()
    server.process.stderr.close()
    assert complaints == ""


@pytest.fixture
def start() -> Iterator[Start]:
    """Start simulators; all end with the test."""
    running: list[Running] = []

    def begin(*options: str, before: str = "pass") -> Running:
        running.append(Running("--until-stdin-ends", *options, before=before))
        return running[-1]

    yield begin
    for each in running:
        finish(each)


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    """A simulator for tests that leave nothing behind."""
    server = Running("--until-stdin-ends")
    yield server
    finish(server)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    made = subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
        ],
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return str(certificate), str(key)


@pytest.mark.parametrize("secure", [False, True], ids=["ws", "wss"])
def test_known_delays_are_kept_and_agree_with_the_servers_own_stamps(
    start: Start, certificate: tuple[str, str], secure: bool
) -> None:
    """No echo and no pickup is early by either clock, and the server's stamps lie within the visitor's."""
    options = ["--tls-cert", certificate[0], "--tls-key", certificate[1]] if secure else []
    server = start("--echo-delay", "20ms", "--pickup-delay", "150ms", "--reply-delay", "60m", *options)
    assert server.ready["chat"].startswith("wss://127.0.0.1:" if secure else "ws://127.0.0.1:")
    tls = {"ssl": ssl.create_default_context(cafile=certificate[0])} if secure else {}
    with server.socket(**tls) as ws:
        hello_ns = time.time_ns()
        session, uid = chat(ws)
        joined_ns = until(ws, "operatorjoined")[1]
        assert joined_ns - hello_ns >= 150_000_000
        seen = []
        for number in range(20):
            sent_ns = time.time_ns()
            send(ws, "Message", session, DOMAIN, f"line{number}")
            seen.append((sent_ns, until(ws, "newline", "linev")[1]))
        record = server.ask(f"/chats/{uid}")
    lines = [line for line in record["lines"] if line["classname"] == "linev"]
    stamps = record["stamps"]
    assert stamps["operatorjoined_sent_ns"] - stamps["hello_received_ns"] >= 150_000_000
    assert hello_ns <= stamps["hello_received_ns"] < stamps["operatorjoined_sent_ns"] <= joined_ns
    assert len(lines) == 20
    for (sent_ns, read_ns), line in zip(seen, lines, strict=True):
        assert line["sent_ns"] - line["received_ns"] >= 20_000_000
        assert sent_ns <= line["received_ns"] < line["sent_ns"] <= read_ns


def test_without_uvloop_it_runs_on_asyncios_own_loop(start: Start) -> None:
    """And says so; known delays are kept there, too."""
    server = start("--echo-delay", "20ms", "--reply-delay", "60m", before="sys.modules['uvloop'] = None")
    with server.socket() as ws:
        session, uid = chat(ws)
        for _ in range(5):
            send(ws, "Message", session, DOMAIN, "x")
            until(ws, "newline", "linev")
        lines = [line for line in server.ask(f"/chats/{uid}")["lines"] if line["classname"] == "linev"]
    assert server.ask("/state")["event_loop"] == "asyncio"
    assert min(line["sent_ns"] - line["received_ns"] for line in lines) >= 20_000_000


def test_it_ends_with_its_standard_input(start: Start) -> None:
    """Exit code 0, with visitors in their chats."""
    server = start()
    with server.socket() as ws:
        chat(ws)
        assert server.end() == 0
        with pytest.raises(ConnectionClosed) as end:
            until(ws, "quit")
        assert end.value.rcvd is not None
        assert end.value.rcvd.code == 1001


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_by_a_signal(start: Start, number: signal.Signals) -> None:
    """Exit code 0 and no word."""
    server = start()
    with server.socket() as ws:
        chat(ws)
        server.process.send_signal(number)
        assert server.process.wait(PATIENCE_S) == 0


def test_it_says_what_it_knows(start: Start) -> None:
    """GET /state has what calibrations and people look for."""
    server = start("--site", "bots", "--seed", "5")
    with server.socket() as ws:
        chat(ws)
        until(ws, "newline", "lineo")
        state = server.ask("/state")
        assert (state["commands"]["Hello"], state["events"]["accepted"], state["line_classes"]["lineo"]) == (1, 1, 1)
        assert (state["chats"]["chatting"], state["connections"], state["sessions"]) == (1, 1, 1)
        assert state["event_loop"] in ("uvloop", "asyncio")
        assert state["uptime_s"] > 0
        assert state["blacklist"] == []
        assert set(state["faults"].values()) == {0}
        assert [each["state"] for each in server.ask("/chats")] == ["chatting"]


def test_faults_are_set_and_told_while_it_runs(start: Start) -> None:
    """POST /faults, GET /faults, and POST /reset which takes them back."""
    server = start()
    told = server.ask("/faults", b'{"lost_line": {"rate": 1.0, "classes": ["linev"]}, "slow_accept": {"delay": "1ms"}}')
    assert told["lost_line"] == {"parameters": {"rate": 1.0, "classes": ["linev"]}, "count": 0}
    assert told["slow_accept"]["parameters"]["delay"] == {"kind": "fixed", "length_ns": 1_000_000}
    with server.socket() as ws:
        session, _ = chat(ws)
        send(ws, "Message", session, DOMAIN, "x")
        server.wait_until(lambda state: state["faults"]["lost_line"] == 1)
    assert server.ask("/faults")["slow_accept"]["count"] == 1
    server.ask("/reset", b"")
    assert {(each["count"], each["parameters"]) for each in server.ask("/faults").values()} == {(0, None)}


def test_faults_that_cannot_be_are_refused(shared: Running) -> None:
    """400, one line, and nothing changes."""
    with pytest.raises(urllib.error.HTTPError) as refusal:
        shared.ask("/faults", b'{"lost_line": {"rate": 7}}')
    with refusal.value as answer:
        assert answer.code == 400
        assert answer.read() == b"Expected `float` <= 1.0 - at `$.lost_line.rate`\n"
    assert shared.ask("/faults")["lost_line"]["parameters"] is None


def test_faults_of_the_connection_end_it_as_they_say(start: Start) -> None:
    """A refused upgrade, a close with 1012, half a frame, a reset."""
    server = start()
    server.ask("/faults", b'{"refused_upgrade": {"rate": 1}}')
    with pytest.raises(InvalidStatus) as refusal, server.socket():
        pass
    assert refusal.value.response.status_code == 503
    server.ask("/faults", b'{"refused_upgrade": null, "close": {"rate": 1}}')
    with server.socket() as ws:
        send(ws, "StartTyping", "x")
        with pytest.raises(ConnectionClosed) as end:
            ws.recv(PATIENCE_S)
        assert end.value.rcvd is not None
        assert end.value.rcvd.code == 1012
    server.ask("/faults", b'{"close": null, "half_frame": {"rate": 1}}')
    with server.raw() as tcp:
        tcp.sendall(bytes((0x81, 0x82, 0, 0, 0, 0)) + b"{}")
        half = read_until(tcp, b"never")
        assert 2 < len(half) < half[1] + 2
    server.ask("/faults", b'{"half_frame": null, "reset": {"rate": 1}}')
    with server.raw() as tcp:
        tcp.sendall(bytes((0x81, 0x82, 0, 0, 0, 0)) + b"{}")
        with pytest.raises(ConnectionResetError):
            tcp.recv(100)
    counts = {name: each["count"] for name, each in server.ask("/faults").items() if each["count"]}
    assert counts == {"refused_upgrade": 1, "close": 1, "half_frame": 1, "reset": 1}


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.invalid"}, {"Host": "evil.invalid"}])
def test_the_control_side_answers_no_web_page(shared: Running, headers: dict[str, str]) -> None:
    """Neither a page's request nor one under another name than loopback's."""
    with pytest.raises(urllib.error.HTTPError) as refusal:
        shared.ask("/state", None, **headers)
    with refusal.value as answer:
        assert answer.code == 403


@pytest.mark.parametrize(
    "frames, code",
    [
        (bytes((0x81, 0x02)) + b"{}", 1002),
        (bytes((0xC1, 0x82, 0, 0, 0, 0)) + b"{}", 1002),
        (bytes((0x80, 0x82, 0, 0, 0, 0)) + b"{}", 1002),
        (bytes((0x81, 0xFF)) + (1 << 30).to_bytes(8, "big"), 1009),
        (bytes((0x88, 0x82, 0, 0, 0, 0)) + (4001).to_bytes(2, "big"), 4001),
        (bytes((0x88, 0x80, 0, 0, 0, 0)), 1000),
    ],
)
def test_frames_end_as_rfc_6455_has_it(shared: Running, frames: bytes, code: int) -> None:
    """What is forbidden is closed with its code, a close is answered with its own."""
    with shared.raw() as tcp:
        tcp.sendall(frames + bytes(8))
        answer = read_until(tcp, b"never")
    assert answer[:1] == b"\x88"
    assert int.from_bytes(answer[2:4], "big") == code


def test_pings_are_answered_and_fragments_joined(shared: Running) -> None:
    """A command in three pieces around a ping is a command."""
    with shared.socket() as ws:
        text = json.dumps(
            {"Command": "Connect", "Parameters": ["myauthstring", DOMAIN, "", "", "", "", "abcdefg12345"]}
        )
        ws.send([text[:10], text[10:50], text[50:]])
        assert until(ws, "connected")
        assert ws.ping().wait(PATIENCE_S)


def test_a_visitor_who_does_not_read_is_cut_off(start: Start) -> None:
    """What lies unsent for one visitor stays bounded."""
    server = start("--site", "bots")
    with server.raw() as tcp:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        frame = bytes((0x81, 0xFE)) + (300).to_bytes(2, "big") + bytes(4)
        connect_frame = json.dumps(
            {"Command": "Connect", "Parameters": ["myauthstring", DOMAIN, "", "", "", "", "abcdefg12345"]}
        ).encode()
        tcp.sendall(frame + connect_frame.ljust(300))
        session = read_until(tcp, b'"SessionID"').partition(b'"SessionID":"')[2]
        while len(session) < 36:
            session += tcp.recv(100)
        image = json.dumps({"Command": "GetImage", "Parameters": [session[:36].decode(), DOMAIN, "5"]}).encode()
        with contextlib.suppress(OSError):
            for _ in range(5_000):  # how much the kernel takes off the server's hands is its own affair
                tcp.sendall((frame + image.ljust(300)) * 100)
        assert server.wait_until(lambda state: state["connections"] == 0)["incidents"]["slow_readers"] == 1


def test_what_is_no_upgrade_is_told_so(shared: Running) -> None:
    """426 for a plain GET, and for an upgrade without a proper key or version."""
    base = shared.ready["chat"].replace("ws://", "http://")
    for headers in ({}, {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}):
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(urllib.request.Request(base + "/", headers=headers), timeout=PATIENCE_S)
        with refusal.value as answer:
            assert answer.code == 426


def test_mutated_http_requests_break_nothing(start: Start) -> None:
    """Damaged upgrades and uploads are answered or dropped, on both ports; the next visitor is served."""
    server = start()
    chance = random.Random(5)
    control_port = int(server.ready["control"].rpartition(":")[2])
    path = b"/whosoncharts/cannedresponseservice.asmx"
    upload = b"POST " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 20\r\n\r\n<a>aaaaaaaaaaaa</a>x"
    for number in range(600):
        data = bytearray(chance.choice([UPGRADE, upload, b"GET /state HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"]))
        for _ in range(chance.randrange(1, 6)):
            where = chance.randrange(len(data))
            if chance.random() < 0.5:
                data[where] = chance.randrange(256)
            else:
                data[where:where] = chance.choice(
                    [b"\r\n", b"\x00", b": ", b"x" * 10_000, b"Transfer-Encoding: chunked\r\n"]
                )
        port = control_port if number % 3 == 0 else server.port
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), PATIENCE_S) as tcp:
            tcp.sendall(data)
            tcp.shutdown(socket.SHUT_WR)
            tcp.recv(1000)
    with server.socket() as ws:
        chat(ws)
    state = server.wait_until(lambda state: state["connections"] == 0)
    assert state["incidents"]["internal_errors"] == 0


@pytest.mark.parametrize(
    "options, said",
    [
        (["--port", "http"], "argument --port: got 'http', expected a port, 0 to 65535"),
        (["--pace", "0"], "argument --pace: got '0', expected a number above 0"),
        (["--echo-delay", "fast"], "argument --echo-delay: got 'fast', expected a duration such as 20ms, 1.5s or 2m"),
        (["--operators", "-1"], "argument --operators: got '-1', expected a whole number, 0 or more"),
        (["--site", "/nowhere.toml"], "site /nowhere.toml: No such file or directory, expected default, busy"),
        (["--tls-key", "k.pem"], "got --tls-key without --tls-cert, expected both or a certificate that holds its key"),
        (["--tls-cert", "/nowhere.pem"], "cannot use the certificate /nowhere.pem: No such file or directory"),
        (["--host", "nowhere.invalid"], "cannot listen on nowhere.invalid port 8009: "),
        (["--bogus"], "unrecognized arguments: --bogus"),
    ],
)
def test_wrong_options_end_in_one_clear_line(capsys: pytest.CaptureFixture[str], options: list[str], said: str) -> None:
    """Exit code 2, what was got and what was expected, no traceback."""
    try:
        code: object = main(options)
    except SystemExit as end:
        code = end.code
    shown = capsys.readouterr()
    assert code == 2
    assert shown.err.startswith(f"whoson-load simulate: {said}")
    assert shown.err.count("\n") == 1
    assert shown.out == ""


def test_a_certificate_that_is_none_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A file that holds something else."""
    file = tmp_path / "x.pem"
    file.write_text("hello", encoding="utf-8")
    assert main(["--tls-cert", str(file)]) == 2
    assert "no certificate and key that fit" in capsys.readouterr().err


@pytest.mark.parametrize("which", ["--port", "--control-port"])
def test_a_port_that_is_taken_is_told(capsys: pytest.CaptureFixture[str], which: str) -> None:
    """Of the chats, or of the control side."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        other = "--control-port" if which == "--port" else "--port"
        assert main([which, str(port), other, "0"]) == 2
    assert f"cannot listen on 127.0.0.1 port {port}: " in capsys.readouterr().err


def test_a_site_file_is_checked_without_a_server(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """`--check` says fine, or what is wrong and where."""
    file = tmp_path / "site.toml"
    file.write_text('extends = "busy"\n', encoding="utf-8")
    assert main(["--check", "--site", str(file)]) == 0
    assert "fine (www.mycompany.com, operators: 3)" in capsys.readouterr().out
    file.write_text('extends = "busy"\nx = 1\n', encoding="utf-8")
    assert main(["--check", "--site", str(file)]) == 2
    assert "site.toml:2: x: got a key nobody knows" in capsys.readouterr().err
