"""A file's way into the document store: one SOAP call over HTTP, under one deadline.

Knows no chat: that a file is sent there too is the session's affair.
"""

from __future__ import annotations

import base64
import http.client
import io
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from whoson_load.client.dial import open_stream
from whoson_load.client.stream import Stream
from whoson_load.client.target import Address, Target, read_address
from whoson_load.clock import Deadline, wall_ns
from whoson_load.errors import ConfigError, ConnectError, Fault, GuardError, ReplyTimeout, TargetError
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.sample import UPLOAD
from whoson_load.protocol.site import Site

__all__ = ["NAMESPACE", "upload"]

NAMESPACE = "http://www.whoson.com/webservices/kb/"
"""Of the web service's messages. Source: the vendor's open operator client, which uploads with it."""

_SERVICE = "cannedresponseservice.asmx"  # likewise
_METHOD = "DocumentWriteForSite"  # source: the WhosOn Chat API specification
_MOST_ANSWER_BYTES = 32_768


def upload(target: Target, site: Site, name: str, content: bytes, recorder: Recorder) -> str:
    """Put a file into the document store.

    The specification names the method and not its parameters; those of the operators' own upload are sent: `Contents`
    (base64), `FileName`, `Domain`.

    Args:
        site: says where the store is.
        name: of the file; its extension decides whether the site takes it.
        recorder: gets the time as `upload`, or the error of it.

    Returns:
        The file's link, for the File command.

    Raises:
        TargetError: UPLOAD_REFUSED, the store answered with anything but a link; REDIRECTED, it is where this run may
            not go; else as the connection failed. Counted already.
    """
    try:
        return _upload(target, site.web_services_url, _envelope(name, content, target.domain), recorder)
    except TargetError as problem:
        recorder.error(UPLOAD, problem.fault)
        raise


def _upload(target: Target, web_services_url: str, body: bytes, recorder: Recorder) -> str:
    address = _address(target, web_services_url)
    stream, _, _ = open_stream(target, address, Deadline(target.deadlines.reply_s))
    try:
        sent_ns = wall_ns()
        stream.send(_head(address, len(body)) + body)
        response = _response(stream)
        answer = response.read(_MOST_ANSWER_BYTES)
    except TimeoutError:
        late = f"no answer to an upload within {target.deadlines.reply_s:g} s"
        raise ReplyTimeout(Fault.REPLY_TIMEOUT, late) from None
    except OSError as problem:
        raise TargetError(Fault.RESET, problem.strerror or str(problem)) from None
    except http.client.HTTPException as problem:
        raise TargetError(Fault.UPLOAD_REFUSED, f"an answer that is no HTTP: {type(problem).__name__}") from None
    finally:
        stream.close()
    link = _link(response.status, answer)
    recorder.sample(UPLOAD, sent_ns, stream.received_ns)
    return link


def _address(target: Target, web_services_url: str) -> Address:
    try:
        base = web_services_url.rstrip("/")
        address = read_address(f"{base}/{_SERVICE}", schemes=("http", "https"), what="WebServicesURL")
        target.check(address.host)
    except (ConfigError, GuardError) as problem:
        raise ConnectError(Fault.REDIRECTED, str(problem)) from None
    return address


def _envelope(name: str, content: bytes, domain: str) -> bytes:
    parameters = {"Contents": base64.b64encode(content).decode(), "FileName": escape(name), "Domain": escape(domain)}
    call = "".join(f"<{each}>{value}</{each}>" for each, value in parameters.items())
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<{_METHOD} xmlns="{NAMESPACE}">{call}</{_METHOD}></soap:Body></soap:Envelope>'
    ).encode()


def _head(address: Address, length: int) -> bytes:
    host = f"[{address.host}]" if ":" in address.host else address.host
    lines = (
        f"POST {address.resource} HTTP/1.1",
        f"Host: {host}:{address.port}",
        "Content-Type: text/xml; charset=utf-8",
        f'SOAPAction: "{NAMESPACE}{_METHOD}"',
        f"Content-Length: {length}",
        "Connection: close",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class _Received(io.RawIOBase):
    """What a stream receives, as a file, for the standard library's reader of HTTP."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._stream.take(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)


def _response(stream: Stream) -> http.client.HTTPResponse:
    """The answer, read up to its body; gevent waits below, in the stream."""
    response = http.client.HTTPResponse(_Received(stream), method="POST")  # type: ignore[arg-type]  # all it asks for
    response.begin()
    return response


def _link(status: int, answer: bytes) -> str:
    """The link in the store's answer.

    Raises:
        TargetError: there is none in it.
    """
    result = _result(answer)
    if status == 200 and result.startswith(("http://", "https://")) and result.isprintable():
        return result
    said = " ".join(result.split())[:120]
    raise TargetError(Fault.UPLOAD_REFUSED, f"HTTP {status}: {said}" if said else f"HTTP {status}")


def _result(answer: bytes) -> str:
    if b"<!" in answer:  # a document type, whose entities may be bombs; an honest answer has none
        return ""
    try:
        elements = ElementTree.fromstring(answer).iter()
    except (ElementTree.ParseError, ValueError, LookupError):  # broken, or of an encoding nobody knows
        return ""
    found = (each.text for each in elements if each.tag.rpartition("}")[2] in (f"{_METHOD}Result", "faultstring"))
    return (next(found, None) or "").strip()
