from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import gevent
import pytest

from whoson_load.client.target import Target
from whoson_load.client.upload import NAMESPACE, upload
from whoson_load.errors import ConnectError, Fault, ReplyTimeout, TargetError
from whoson_load.measurement.recorder import Recorder
from whoson_load.protocol.site import Site

LINK = "http://127.0.0.1/whosoncharts/document.aspx?f=0123.pdf"
CONTENT = bytes(range(256)) * 2000


def _answer(result: str, status: str = "200 OK", more: str = "") -> bytes:
    body = (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<DocumentWriteForSiteResponse xmlns="{NAMESPACE}"><DocumentWriteForSiteResult>{result}'
        "</DocumentWriteForSiteResult></DocumentWriteForSiteResponse></soap:Body></soap:Envelope>"
    )
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n{body}".encode()


def _says(answer: bytes, heard: list[bytes] | None = None) -> Callable[[Any], None]:
    def script(peer: Any) -> None:  # noqa: ANN401 (a peer of the fixtures)
        peer.read_head()
        body = peer._take(int(peer.header("Content-Length")[0]))
        if heard is not None:
            heard.extend((peer.head, body))
        peer.say(answer)

    return script


@pytest.fixture
def send(make_target: Callable[..., Target], recorder: Recorder) -> Callable[..., str]:
    """Uploads a file to a peer: `send(peer, name=..., option=...)`."""

    def start(peer: Any, name: str = "invoice.pdf", **options: Any) -> str:  # noqa: ANN401
        target = make_target(peer.url, **options)
        web = f"{'https' if peer.url.startswith('wss') else 'http'}://127.0.0.1:{peer.port}/whosoncharts/"
        return upload(target, Site(domain="www.mycompany.com", web_services_url=web), name, CONTENT, recorder)

    return start


def test_a_file_comes_to_lie_in_the_store(
    serve: Callable[..., Any], send: Callable[..., str], counted: Callable[[], Any]
) -> None:
    """One POST with the file, its name and the site; the answer's link comes back, and the time is a sample."""
    heard: list[bytes] = []
    assert send(serve(_says(_answer(LINK), heard)), name="a & b <1>.pdf") == LINK
    head, body = heard
    assert head.startswith(b"POST /whosoncharts/cannedresponseservice.asmx HTTP/1.1\r\n")
    assert f'SOAPAction: "{NAMESPACE}DocumentWriteForSite"'.encode() in head
    sent = {each.tag.rpartition("}")[2]: each.text or "" for each in ElementTree.fromstring(body).iter()}
    assert base64.b64decode(sent["Contents"]) == CONTENT
    assert (sent["FileName"], sent["Domain"]) == ("a & b <1>.pdf", "www.mycompany.com")
    assert counted().samples["upload"] == 1


def test_a_file_travels_by_tls(serve: Callable[..., Any], send: Callable[..., str], certificates: Any) -> None:  # noqa: ANN401
    """With the run's own certificates."""
    peer = serve(_says(_answer(LINK)), tls=certificates.server())
    assert send(peer, ca_file=str(certificates.folder / "authority.pem")) == LINK


def test_an_answer_in_chunks_is_read(serve: Callable[..., Any], send: Callable[..., str]) -> None:
    """As HTTP/1.1 servers may send it."""
    body = _answer(LINK).partition(b"\r\n\r\n")[2]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:40], body[40:], b""))
    assert send(serve(_says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks))) == LINK


@pytest.mark.parametrize(
    "answer",
    [
        _answer("Error: You cannot upload files of this type."),
        _answer(""),
        _answer("javascript:alert(1)"),
        _answer(LINK, "500 Internal Server Error"),
        _answer(LINK, "302 Found", "Location: http://127.0.0.1/elsewhere\r\n"),
        b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<unclosed",
        b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n" + b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"HTTP/1.1 200 OK\r\nContent-Length: 44\r\n\r\n" + b'<?xml version="1.0" encoding="fanciful"?><a/>'[:44],
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
    ],
)
def test_whatever_is_no_link_is_a_refusal(
    serve: Callable[..., Any], send: Callable[..., str], counted: Callable[[], Any], answer: bytes
) -> None:
    """Counted as an error of `upload`, and no sample."""
    with pytest.raises(TargetError) as raised:
        send(serve(_says(answer)))
    assert raised.value.fault is Fault.UPLOAD_REFUSED
    tally = counted()
    assert tally.errors == {"upload": {"upload_refused": 1}}
    assert "upload" not in tally.samples


def test_a_store_that_says_nothing_is_not_waited_for(serve: Callable[..., Any], send: Callable[..., str]) -> None:
    """The deadline is that of every reply, also for one that trickles."""
    for script in (lambda peer: peer.wait_for_the_end(), _trickle):
        with pytest.raises(ReplyTimeout) as raised:
            send(serve(script), reply_s=0.3)
        assert raised.value.fault is Fault.REPLY_TIMEOUT


def _trickle(peer: Any) -> None:  # noqa: ANN401
    peer.read_head()
    while True:
        peer.say(b"H")
        peer._more()


def test_a_connection_that_breaks_is_a_reset(serve: Callable[..., Any], send: Callable[..., str]) -> None:
    """Before the answer, or in the midst of it."""
    for script in (lambda peer: peer.sock.close(), _says(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<a>")):
        with pytest.raises(TargetError) as raised:
            send(serve(script))
        assert raised.value.fault is Fault.RESET


def test_an_endless_answer_is_broken_off(serve: Callable[..., Any], send: Callable[..., str]) -> None:
    """Neither head nor body may be of any length."""
    for answer in (
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n" + b" " * 99_999,
    ):
        with pytest.raises(TargetError):
            send(serve(_says(answer)))


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1/", "https://chat.example.com/x", "", "ftp://127.0.0.1/", "http://[::1/"]
)
def test_nothing_is_sent_where_the_run_may_not_go(
    make_target: Callable[..., Target], recorder: Recorder, counted: Callable[[], Any], url: str
) -> None:
    """The store's address comes from the target: it passes the same rule as every other."""
    site = Site(domain="www.mycompany.com", web_services_url=url)
    with pytest.raises(ConnectError) as raised:
        upload(make_target("ws://127.0.0.1:1"), site, "a.pdf", b"a", recorder)
    assert raised.value.fault is Fault.REDIRECTED
    assert counted().errors == {"upload": {"redirected": 1}}


def test_nobody_there_is_told(make_target: Callable[..., Target], recorder: Recorder) -> None:
    """A port that nobody listens at."""
    site = Site(domain="www.mycompany.com", web_services_url="http://127.0.0.1:1/")
    with pytest.raises(ConnectError) as raised:
        upload(make_target("ws://127.0.0.1:1"), site, "a.pdf", b"a", recorder)
    assert raised.value.fault is Fault.REFUSED


def test_a_visitor_killed_while_it_uploads_leaves_nothing(
    serve: Callable[..., Any], send: Callable[..., str], spawn: Callable[..., Any]
) -> None:
    """The connection is closed with it."""
    peer = serve(lambda peer: peer.wait_for_the_end())
    visitor = spawn(send, peer)
    while not peer.connections:
        gevent.sleep(0.01)
    visitor.kill()
    peer.end_scripts()
