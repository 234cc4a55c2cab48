"""The document store: visitors' files, from upload to link, in memory. Knows SOAP; no HTTP server and no chat."""

from __future__ import annotations

import base64
import binascii
import mimetypes
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit
from xml.parsers import expat
from xml.sax.saxutils import escape

import msgspec

from whoson_load.protocol.site import Site, file_extensions
from whoson_load.simulator.dice import Dice
from whoson_load.simulator.settings import DocumentSettings

__all__ = ["NAMESPACE", "Document", "DocumentStore", "SoapAnswer"]

NAMESPACE = "http://www.whoson.com/webservices/kb/"
"""Of the web service's messages. Source: the vendor's open operator client, which uploads with it."""

_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"


class Document(msgspec.Struct):
    """A stored file.

    Attributes:
        fetches_left: how often it may still be fetched; None for any number of times.
    """

    name: str
    content: bytes
    content_type: str
    fetches_left: int | None = None


class SoapAnswer(NamedTuple):
    """An answer of the web service: HTTP status and XML."""

    status: int
    body: str


class DocumentStore:
    """Takes files by SOAP, gives them by link.

    The specification names the method DocumentWriteForSite and not its parameters. Read here, after the operators'
    DocumentWrite: `Contents` (base64), `FileName`, `Domain`; others are ignored. The result is the document's URL, or a
    text that holds "Error".

    Args:
        settings: sizes.
        site: which types it allows, and the address that links begin with.
        dice: for names nobody guesses by counting.
    """

    def __init__(self, settings: DocumentSettings, site: Site, dice: Dice) -> None:
        self._settings = settings
        self._site = site
        self._dice = dice
        self._extensions = frozenset(file_extensions(site.allowed_file_types))
        self._documents: dict[str, Document] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._documents)

    @property
    def max_request_bytes(self) -> int:
        """The longest upload: base64 needs four bytes for three, and the envelope some."""
        return self._settings.max_bytes * 4 // 3 + 65_536

    def answer(self, request: bytes) -> SoapAnswer:
        """Answer a SOAP request: what is wrong with a file is a result with "Error", all else a fault."""
        try:
            parameters = _read_call(request)
        except ValueError as problem:
            return _fault(str(problem))
        return _result(self._write(parameters))

    def _write(self, parameters: dict[str, str]) -> str:
        name = PurePosixPath(parameters.get("filename", "").replace("\\", "/")).name[-255:]
        extension = PurePosixPath(name).suffix.lower().lstrip(".")
        if parameters.get("domain") != self._site.domain:
            return "Error: the site is not known."
        if extension not in self._extensions:
            return "Error: You cannot upload files of this type."
        try:
            content = base64.b64decode("".join(parameters.get("contents", "").split()), validate=True)
        except (binascii.Error, ValueError):
            return "Error: the contents are no base64."
        if not content or len(content) > self._settings.max_bytes:
            return f"Error: got {len(content)} bytes, expected 1 to {self._settings.max_bytes}."
        return self._site.web_services_url + "document.aspx?f=" + self._store(name, extension, content)

    def _store(self, name: str, extension: str, content: bytes) -> str:
        self._bytes += len(content)
        while self._bytes > self._settings.max_store_bytes and self._documents:
            self._bytes -= len(self._documents.pop(next(iter(self._documents))).content)
        key = f"{self._dice.bits():016x}{self._dice.bits():016x}.{extension}"
        content_type = mimetypes.guess_type(f"x.{extension}")[0] or "application/octet-stream"
        uses = self._site.visitor_single_use_files or None
        self._documents[key] = Document(name, content, content_type, uses)
        return key

    def holds(self, url: str) -> bool:
        """Whether a link leads to a document that is here."""
        try:
            query = parse_qs(urlsplit(url).query)
        except ValueError:
            return False
        return url.startswith(self._site.web_services_url) and query.get("f", [""])[0] in self._documents

    def fetch(self, key: str) -> Document | None:
        """The document of a link's `f`, None when there is none (any more)."""
        document = self._documents.get(key)
        if document is not None and document.fetches_left is not None:
            document.fetches_left -= 1
            if document.fetches_left <= 0:
                self._bytes -= len(self._documents.pop(key).content)
        return document


def _read_call(request: bytes) -> dict[str, str]:
    """The parameters of a DocumentWriteForSite call, names in lower case.

    Raises:
        ValueError: it is no such call.
    """
    parser = expat.ParserCreate(namespace_separator="\n")
    parser.buffer_text = True
    path: list[str] = []
    parameters: dict[str, str] = {}
    text: list[str] = []

    def refuse(*_: object) -> None:
        raise ValueError("got a document type, expected a SOAP envelope")

    def start(name: str, _: object) -> None:
        path.append(name.rpartition("\n")[2].lower())
        text.clear()
        if len(path) > 16:
            raise ValueError("got elements nested too deeply, expected a SOAP envelope")

    def end(_: str) -> None:
        if path[:3] == ["envelope", "body", "documentwriteforsite"] and len(path) == 4:
            parameters[path[3]] = "".join(text)
        elif path == ["envelope", "body", "documentwriteforsite"]:
            parameters.setdefault("", "")
        path.pop()
        text.clear()

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.append
    try:
        parser.Parse(request, True)
    except (expat.ExpatError, ValueError, LookupError) as problem:
        raise ValueError(f"the request is no SOAP envelope: {problem}") from None
    if "" not in parameters:
        raise ValueError("the request is no call of DocumentWriteForSite")
    return parameters


def _result(result: str) -> SoapAnswer:
    return SoapAnswer(
        200,
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{_ENVELOPE}"><soap:Body>'
        f'<DocumentWriteForSiteResponse xmlns="{NAMESPACE}"><DocumentWriteForSiteResult>{escape(result)}'
        "</DocumentWriteForSiteResult></DocumentWriteForSiteResponse></soap:Body></soap:Envelope>",
    )


def _fault(problem: str) -> SoapAnswer:
    return SoapAnswer(
        500,
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{_ENVELOPE}"><soap:Body><soap:Fault>'
        f"<faultcode>soap:Client</faultcode><faultstring>{escape(problem)}</faultstring></soap:Fault></soap:Body></soap:Envelope>",
    )
