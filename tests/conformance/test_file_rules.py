from __future__ import annotations

import base64
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

Site = Any  # of conftest: importlib mode gives no name to import it by
At = Callable[[str], Site]

DOMAIN = "www.mycompany.com"
CONTENT = base64.b64encode(b"a document").decode()


def fetched(url: str) -> tuple[int, bytes, str]:
    """What a link leads to: status, content, content type."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read(), answer.headers["Content-Type"]
    except urllib.error.HTTPError as problem:
        with problem:
            return problem.code, b"", ""


def sent(site: Site, name: str, url: str) -> list[dict[str, Any]]:
    """What a File command brings."""
    visitor = site.visitor()
    visitor.chat()
    visitor.until("newline", "lineo")
    visitor.send("File", visitor.session_id, DOMAIN, name, url)
    events: list[dict[str, Any]] = [event for event in visitor.pending() if event["EventName"] in ("error", "newline")]
    assert visitor.is_open()
    return events


@pytest.mark.parametrize("name", ["mydocument.pdf", "MyDocument.PDF"])
def test_a_file_is_sent(main: Site, name: str) -> None:
    """A file of an allowed extension, in any case, shows as a line with its link."""
    events = sent(main, name, "https://chat.mycompany.com/whosoncharts/document.aspx?f=dfc3.pdf")
    line = events[1]["Data"]
    assert line["Classname"] == "linev"
    link = "https://chat.mycompany.com/whosoncharts/document.aspx?f=dfc3.pdf"
    assert f'href="{link}" target="_blank">{name}' in line["Content"]


def test_a_file_of_another_type(main: Site) -> None:
    """It is refused with the specification's words, and the socket stays."""
    (error,) = sent(main, "virus.exe", "https://chat.mycompany.com/x.exe")
    assert (error["EventName"], error["Data"]) == ("error", "You cannot upload files of this type.")


def test_without_allowed_types_no_file_is_sent(at: At) -> None:
    """A blank list allows nothing."""
    site = at("reserved")
    assert site.visitor().connect()["Data"]["AllowedFileTypes"] == ""
    assert [event["EventName"] for event in sent(site, "mydocument.pdf", "https://x.invalid/x.pdf")] == ["error"]


def test_a_link_may_have_to_be_stored(at: At) -> None:
    """Where the site says so, a link must lead to the document store."""
    site = at("once")
    assert [event["EventName"] for event in sent(site, "x.pdf", "https://x.invalid/x.pdf")] == ["error"]
    assert len(sent(site, "x.pdf", site.upload("x.pdf", CONTENT))) == 2


def test_a_document_is_stored_under_the_announced_address(main: Site) -> None:
    """DocumentWriteForSite at the WebServicesURL gives a link below it that brings the same bytes back."""
    link = main.upload("mydocument.pdf", CONTENT)
    assert link.startswith(main.visitor().connect()["Data"]["WebServicesURL"] + "document.aspx?f=")
    assert fetched(link) == (200, b"a document", "application/pdf")


def test_each_document_has_a_link_of_its_own(main: Site) -> None:
    """The same file twice gives two links."""
    assert len({main.upload("mydocument.pdf", CONTENT) for _ in range(2)}) == 2


@pytest.mark.parametrize("name", ["virus.exe", "pdf", ""])
def test_a_document_of_another_type(main: Site, name: str) -> None:
    """The store refuses it; the result holds "Error"."""
    assert "Error" in main.upload(name, CONTENT)


def test_a_document_for_another_site(main: Site) -> None:
    """The store refuses it."""
    assert "Error" in main.upload("mydocument.pdf", CONTENT, domain="www.test.co.uk")


def test_a_document_that_is_too_large(at: At) -> None:
    """1,001 bytes where 1,000 are allowed: refused; 1,000 pass."""
    site = at("once")
    small, large = (base64.b64encode(b"x" * length).decode() for length in (1000, 1001))
    assert site.upload("x.pdf", small).startswith("http")
    assert "Error" in site.upload("x.pdf", large)


def test_a_single_use_document(at: At) -> None:
    """Where VisitorSingleUseFiles is 1, a link works once."""
    link = at("once").upload("mydocument.pdf", CONTENT)
    assert [fetched(link)[0] for _ in range(2)] == [200, 404]
