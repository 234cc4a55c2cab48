"""Raw TCP servers that do what a script says, with nothing of ours in them, and certificates for them.

Peers run in threads with plain blocking sockets. Conftest makes fixtures of what is here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PATIENCE_S = 20.0
"""How long anything here waits for what has to come, before it calls the test hung; no test's result depends on it."""


def write_frame(payload: bytes, opcode: int = 1, *, fin: bool = True, rsv: int = 0) -> bytes:
    """A server's frame."""
    size, first = len(payload), fin << 7 | rsv << 4 | opcode
    if size < 126:
        return struct.pack("!BB", first, size) + payload
    if size < 65536:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload


def write_event(name: str, data: object = "", uid: str | None = "gq0i7smlen") -> bytes:
    """An event's frame."""
    return write_frame(json.dumps({"EventName": name, "ChatUid": uid, "Data": data}).encode())


class Connection:
    """A peer's side of one connection.

    Attributes:
        sock: to say anything at all with.
        head: of the upgrade request, once it was read.
    """

    frame = staticmethod(write_frame)
    event = staticmethod(write_event)

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.head = b""
        self._rest = b""

    def read_head(self) -> str:
        """Read an HTTP request's head."""
        while b"\r\n\r\n" not in self._rest:
            self._more()
        self.head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        return self.head.decode()

    def header(self, name: str) -> list[str]:
        """The values of a header, in order."""
        lines = [line.partition(":") for line in self.head.decode().split("\r\n")[1:]]
        return [value.strip() for each, _, value in lines if each.lower() == name.lower()]

    def accept(self, behind: bytes = b"", more: str = "") -> None:
        """Answer an upgrade request that was read, with what shall come right behind the answer."""
        magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        key = base64.b64encode(hashlib.sha1((self.header("Sec-WebSocket-Key")[0] + magic).encode()).digest())
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
        self.say("\r\n".join([*lines, f"Sec-WebSocket-Accept: {key.decode()}{more}"]).encode() + b"\r\n\r\n" + behind)

    def upgrade(self, behind: bytes = b"", more: str = "") -> None:
        """Read an upgrade request and accept it."""
        self.read_head()
        self.accept(behind, more)

    def say(self, data: bytes) -> None:
        """Send bytes."""
        self.sock.sendall(data)

    def say_event(self, name: str, data: object = "") -> None:
        """Send an event."""
        self.say(write_event(name, data))

    def say_close(self, code: int) -> None:
        """Send a close frame."""
        self.say(write_frame(struct.pack("!H", code), 8))

    def hear(self) -> tuple[int, bytes]:
        """The next frame's opcode and unmasked payload; the client masks all."""
        head = self._take(2)
        assert head[1] & 0x80, "a client's frame that is not masked"
        size = head[1] & 0x7F
        if size > 125:
            size = int.from_bytes(self._take(2 if size == 126 else 8), "big")
        mask = int.from_bytes((self._take(4) * (size // 4 + 1))[:size])
        return head[0] & 0x0F, (int.from_bytes(self._take(size)) ^ mask).to_bytes(size)

    def hear_command(self, name: str) -> list[str]:
        """The parameters of the next command of this name; others are overlooked."""
        while True:
            opcode, payload = self.hear()
            if opcode == 1 and (command := json.loads(payload))["Command"] == name:
                parameters: list[str] = command["Parameters"]
                return parameters

    def hear_close(self) -> int | None:
        """The code of the client's close frame, None without; other frames are overlooked."""
        while True:
            opcode, payload = self.hear()
            if opcode == 8:
                return int.from_bytes(payload[:2], "big") if payload else None

    def reset(self) -> None:
        """End the connection with a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def wait_for_the_end(self) -> None:
        """Read until the client has gone."""
        with suppress(ConnectionError, ssl.SSLError):
            while self.sock.recv(65536):
                pass

    def _take(self, size: int) -> bytes:
        while len(self._rest) < size:
            self._more()
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def _more(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionResetError("the client has gone")
        self._rest += data


Script = Callable[[Connection], object]


class Peer:
    """A TCP server on the loopback: its first connection gets the first script, and so on, the last one all further.

    Attributes:
        port: where it listens.
        connections: all there were, in order.
    """

    def __init__(self, scripts: tuple[Script, ...], tls: ssl.SSLContext | None, narrow: bool) -> None:
        self._scripts, self._tls = scripts, tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        if narrow:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.port: int = self._listener.getsockname()[1]
        self.connections: list[Connection] = []
        self._problems: list[BaseException] = []
        self._ended = False
        self._accepting = threading.Lock()
        self._threads = [threading.Thread(target=self._listen)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{'wss' if self._tls else 'ws'}://127.0.0.1:{self.port}"

    def _listen(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self._ended:
                sock.close()
                return
            sock.settimeout(PATIENCE_S)
            connection = Connection(sock)
            with self._accepting:
                self.connections.append(connection)
                script = self._scripts[min(len(self.connections), len(self._scripts)) - 1]
                self._threads.append(threading.Thread(target=self._play, args=(script, connection)))
                self._threads[-1].start()

    def _play(self, script: Script, connection: Connection) -> None:
        try:
            if self._tls is not None:
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.sock = self._tls.wrap_socket(connection.sock, server_side=True)
            script(connection)
        except BaseException as problem:  # noqa: BLE001 (it is raised where the test ends)
            if not isinstance(problem, OSError) or isinstance(problem, TimeoutError):  # clients leave
                self._problems.append(problem)
        finally:
            connection.sock.close()

    def end_scripts(self) -> None:
        """Wait until the scripts that are played are over."""
        with self._accepting:  # who has seen a connection waits for its script, too
            scripts = self._threads[1:]
        for thread in scripts:
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "a script that does not end"

    def end(self) -> None:
        """Close everything, and raise what went wrong in a script."""
        self._ended = True
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._threads[0].join(PATIENCE_S)
        self._listener.close()
        for connection in self.connections:
            with suppress(OSError):
                # Not an SSLSocket's own: a script that still reads would read on without TLS.
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)
        self.end_scripts()
        for problem in self._problems:
            raise problem


class Certificates:
    """An authority and servers' certificates of its making, by the openssl command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = self._made("authority", names="")
        self.stranger = self._made("stranger", names="")
        (folder / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\nnew_certs_dir={folder}\nserial={folder}/serial\n"
            "default_md=sha256\npolicy=p\ncopy_extensions=copy\nunique_subject=no\n[p]\ncommonName=supplied\n"
        )
        (folder / "index").touch()
        (folder / "serial").write_text("1000")

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=60)

    def _made(self, name: str, names: str, kind: str = "-x509") -> str:
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key")
        extensions = ("-addext", f"subjectAltName={names}") if names else ()
        self._openssl(
            "req", *([kind] if kind else []), *key, "-subj", f"/CN={name}", "-out", f"{name}.pem", *extensions
        )
        return str(self.folder / f"{name}.pem")

    def server(
        self,
        name: str = "server",
        *,
        names: str = "DNS:localhost,IP:127.0.0.1",
        days: tuple[str, str] = ("20250101000000Z", "20991231000000Z"),
        version: ssl.TLSVersion | None = None,
    ) -> ssl.SSLContext:
        """A server's context with a certificate by the authority, for these names, valid between these times."""
        if not (self.folder / f"{name}.signed").exists():
            self._made(name, names, kind="")
            self._openssl(
                *(
                    "ca",
                    "-batch",
                    "-notext",
                    "-config",
                    "ca.cnf",
                    "-cert",
                    "authority.pem",
                    "-keyfile",
                    "authority.key",
                ),
                *("-startdate", days[0], "-enddate", days[1], "-in", f"{name}.pem", "-out", f"{name}.signed"),
            )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.signed", self.folder / f"{name}.key")
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return context
