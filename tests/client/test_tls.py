from __future__ import annotations

import ssl
from typing import Any

import pytest

from tests.client.kinds import OpenWire, Reach, Serve
from tests.client.peers import Certificates, Connection, Peer
from whoson_load.client.tls import Tls
from whoson_load.client.wire import Wire
from whoson_load.clock import monotonic_ns
from whoson_load.errors import ConnectError, Fault, SessionClosed
from whoson_load.measurement.recorder import Recorder

FAR_S = 20


def heard(wire: Wire) -> list[str]:
    """The names of all events until the connection's end."""
    names = []
    try:
        while (received := wire.next(monotonic_ns() + FAR_S * 1_000_000_000)) is not None:
            names.append(received[0].name)
    except SessionClosed:
        return names
    raise AssertionError("a connection that does not end")


def fails(reach: Reach, peer: Peer | str, **options: Any) -> ConnectError:  # noqa: ANN401 (those of Target.read)
    """The error that dialling a peer ends as."""
    with pytest.raises(ConnectError) as told:
        reach(peer, **options)
    return told.value


def echoes(connection: Connection) -> None:
    """A server that sends two events with the upgrade's answer, one for each command, and closes at the third."""
    connection.upgrade(behind=connection.event("typing") + connection.event("typingstop"))
    for _ in range(2):
        connection.hear_command("StartTyping")
        connection.say_event("typing")
    connection.hear_command("StartTyping")
    connection.say_close(1000)
    connection.wait_for_the_end()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_a_chat_over_tls(
    version: ssl.TLSVersion, host: str, certificates: Certificates, serve: Serve, open_wire: OpenWire
) -> None:
    """With the authority's file, by name and by address; what comes right behind the upgrade's answer is heard too."""
    peer = serve(echoes, tls=certificates.server(version=version))
    wire = open_wire(f"wss://{host}:{peer.port}", ca_file=certificates.authority)
    for _ in range(3):
        wire.send(b'{"Command":"StartTyping","Parameters":["s"]}')
    assert heard(wire) == ["typing", "typingstop", "typing", "typing"]
    assert isinstance(wire.failure, SessionClosed)
    assert wire.failure.close_code == 1000


def test_the_handshake_is_timed(
    certificates: Certificates, serve: Serve, reach_peer: Reach, recorder: Recorder
) -> None:
    """As a part of its own."""
    peer = serve(lambda connection: connection.upgrade(), tls=certificates.server())
    dialled = reach_peer(peer, ca_file=certificates.authority)
    assert dialled.parts.tls_ns
    Wire(dialled, recorder, 1).abandon()


def test_a_certificate_for_another_name(certificates: Certificates, serve: Serve, reach_peer: Reach) -> None:
    """Refused, and the reason is in the message."""
    peer = serve(echoes, tls=certificates.server("elsewhere", names="DNS:elsewhere.example"))
    problem = fails(reach_peer, peer, ca_file=certificates.authority)
    assert problem.fault is Fault.TLS_FAILED
    assert "mismatch" in problem.detail


def test_a_certificate_by_an_authority_nobody_trusts(
    certificates: Certificates, serve: Serve, reach_peer: Reach
) -> None:
    """The system's authorities are not asked where a file was named, nor that file's where none was."""
    for ca_file in (certificates.stranger, None):
        problem = fails(reach_peer, serve(echoes, tls=certificates.server()), ca_file=ca_file)
        assert problem.fault is Fault.TLS_FAILED
        assert "unable to get local issuer certificate" in problem.detail


def test_a_certificate_that_has_expired(certificates: Certificates, serve: Serve, reach_peer: Reach) -> None:
    """However right it was."""
    expired = certificates.server("expired", days=("20200101000000Z", "20200102000000Z"))
    problem = fails(reach_peer, serve(echoes, tls=expired), ca_file=certificates.authority)
    assert problem.fault is Fault.TLS_FAILED
    assert "expired" in problem.detail


@pytest.mark.parametrize("name", ["server", "elsewhere", "expired"])
def test_insecure_takes_any_certificate(
    name: str, certificates: Certificates, serve: Serve, open_wire: OpenWire
) -> None:
    """Of another name, of nobody known, of yesterday."""
    names = "DNS:elsewhere.example" if name == "elsewhere" else "DNS:localhost,IP:127.0.0.1"
    days = ("20200101000000Z", "20200102000000Z") if name == "expired" else ("20250101000000Z", "20991231000000Z")
    wire = open_wire(serve(echoes, tls=certificates.server(name, names=names, days=days)), insecure=True)
    for _ in range(3):
        wire.send(b'{"Command":"StartTyping","Parameters":["s"]}')
    assert len(heard(wire)) == 4


def test_a_server_that_speaks_no_tls(serve: Serve, reach_peer: Reach) -> None:
    """It answers the hello with HTTP."""

    def script(connection: Connection) -> None:
        connection.sock.recv(65536)
        connection.say(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        connection.wait_for_the_end()

    problem = fails(reach_peer, f"wss://127.0.0.1:{serve(script).port}")
    assert problem.fault is Fault.TLS_FAILED


def test_a_server_that_leaves_within_the_handshake(serve: Serve, reach_peer: Reach) -> None:
    """As one does that sheds load: a connection that ended, not a certificate that is wrong."""
    for script in (lambda connection: connection.sock.recv(65536), lambda connection: connection.reset()):
        assert fails(reach_peer, f"wss://127.0.0.1:{serve(script).port}").fault is Fault.RESET


def test_a_server_that_is_silent_within_the_handshake(serve: Serve, reach_peer: Reach) -> None:
    """Ended by the connect deadline."""
    peer = serve(lambda connection: connection.wait_for_the_end())
    problem = fails(reach_peer, f"wss://127.0.0.1:{peer.port}", connect_s=0.1)
    assert problem.fault is Fault.CONNECT_TIMEOUT


def test_a_server_that_wants_a_certificate_of_ours(certificates: Certificates, serve: Serve, reach_peer: Reach) -> None:
    """In TLS 1.3 it says so only after the handshake is done."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = certificates.server(version=version)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificates.authority)
        problem = fails(reach_peer, serve(echoes, tls=context), ca_file=certificates.authority)
        assert problem.fault in (Fault.TLS_FAILED, Fault.RESET)  # a reset may overtake the alert


def test_a_server_that_ends_tls_instead_of_answering_the_upgrade(
    certificates: Certificates, serve: Serve, reach_peer: Reach
) -> None:
    """With close_notify: in good order, and no answer."""

    def script(connection: Connection) -> None:
        connection.read_head()
        connection.sock = connection.sock.unwrap()

    problem = fails(reach_peer, serve(script, tls=certificates.server()), ca_file=certificates.authority)
    assert problem.fault is Fault.RESET


def test_what_a_proxy_sends_ahead_of_the_handshake_is_no_data_of_the_servers(
    certificates: Certificates, serve: Serve, reach_peer: Reach
) -> None:
    """Or anybody on the way could put words in a server's mouth that TLS was to vouch for."""
    context = certificates.server()

    def script(connection: Connection) -> None:
        connection.read_head()
        forged = b"HTTP/1.1 101 Forged\r\nUpgrade: websocket\r\n\r\n"
        connection.say(b"HTTP/1.1 200 Connection established\r\n\r\n" + forged)
        connection.sock = context.wrap_socket(connection.sock, server_side=True)
        connection.upgrade()

    proxy = serve(script)
    problem = fails(
        reach_peer, "wss://localhost:9", ca_file=certificates.authority, proxy=f"http://127.0.0.1:{proxy.port}"
    )
    assert problem.fault is Fault.TLS_FAILED


@pytest.mark.parametrize("host", ["localhost", "localhost."])
def test_tls_through_a_proxy(host: str, certificates: Certificates, serve: Serve, open_wire: OpenWire) -> None:
    """The tunnel carries it as it is; a name's last dot is in no certificate."""
    context = certificates.server()

    def script(connection: Connection) -> None:
        connection.read_head()
        connection.say(b"HTTP/1.1 200 Connection established\r\n\r\n")
        connection.sock = context.wrap_socket(connection.sock, server_side=True)
        connection.upgrade()
        connection.say_close(1001)
        connection.wait_for_the_end()

    proxy = f"http://127.0.0.1:{serve(script).port}"
    wire = open_wire(f"wss://{host}:9", ca_file=certificates.authority, proxy=proxy)
    assert heard(wire) == []
    assert wire.failure is not None
    assert wire.failure.fault is Fault.CLOSED


class Ends:
    """Both ends of TLS in memory: ours, and a server's by the standard library."""

    def __init__(self, certificates: Certificates, version: ssl.TLSVersion) -> None:
        context = ssl.create_default_context(cafile=certificates.authority)
        self.ours = Tls(context, "localhost")
        self.to_them, self.to_us = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.theirs = certificates.server(version=version).wrap_bio(self.to_them, self.to_us, server_side=True)
        done = received = b""
        while not (self.ours.handshake(received) and done):
            self.to_them.write(self.ours.outgoing())
            try:
                self.theirs.do_handshake()
                done = b"done"
            except ssl.SSLWantReadError:
                pass
            received = self.to_us.read()
        self.to_them.write(self.ours.outgoing())
        if not done:
            self.theirs.do_handshake()

    def say(self, data: bytes) -> bytes:
        """The records in which the server says something."""
        self.theirs.write(data)
        return self.to_us.read()


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def ends(request: pytest.FixtureRequest, certificates: Certificates) -> Ends:
    """After the handshake."""
    return Ends(certificates, request.param)


def test_records_may_be_cut_anywhere(ends: Ends) -> None:
    """What the peer meant comes out whole, byte by byte as in one piece."""
    records = ends.say(b"first") + ends.say(b"second" * 5000)
    assert b"".join(ends.ours.received(bytes((each,))) for each in records) == b"first" + b"second" * 5000
    assert ends.ours.received(ends.say(b"a") + ends.say(b"b")) == b"ab"
    assert ends.ours.end is None


def test_what_is_sent_is_what_the_peer_reads(ends: Ends) -> None:
    """In order."""
    ends.to_them.write(ends.ours.encrypted(b"one") + ends.ours.encrypted(b"two"))
    assert ends.theirs.read(100) + ends.theirs.read(100) == b"onetwo"


def test_what_came_ahead_of_an_alert_or_a_broken_record_is_kept(ends: Ends) -> None:
    """One burst may hold both; then nothing more is to come."""
    assert ends.ours.received(ends.say(b"last words") + b"\x17\x03\x03\x00\x20" + b"x" * 32) == b"last words"
    assert ends.ours.end is not None
    assert ends.ours.end.fault is Fault.TLS_FAILED


def test_the_peers_goodbye_is_an_end_in_good_order(ends: Ends) -> None:
    """close_notify."""
    records = ends.say(b"last words")
    with pytest.raises(ssl.SSLWantReadError):
        ends.theirs.unwrap()
    assert ends.ours.received(records + ends.to_us.read()) == b"last words"
    assert ends.ours.end is not None
    assert ends.ours.end.fault is Fault.RESET
