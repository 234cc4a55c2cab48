from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

MakeStage = Callable[..., Any]  # conftest's Stage: importlib mode gives no name to import it by


def call(contents: bytes = b"abc", name: str = "a.pdf", domain: str = "www.mycompany.com") -> bytes:
    """A SOAP request."""
    return (
        '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/><s:Body>'
        f'<DocumentWriteForSite xmlns="http://www.whoson.com/webservices/kb/"><Unknown>x</Unknown>'
        f"<Contents>{base64.b64encode(contents).decode()}</Contents><FileName>{name}</FileName><Domain>{domain}</Domain>"
        "</DocumentWriteForSite></s:Body></s:Envelope>"
    ).encode()


def result(body: str) -> str:
    """What the method returned."""
    return body.partition("Result>")[2].partition("</")[0]


def test_a_document_comes_back_by_its_link(make_stage: MakeStage) -> None:
    """Content, type by extension, and the name without any folder."""
    store = make_stage().switchboard.documents
    link = result(store.answer(call(b"hello", "C:\\secret\\..\\My File.PDF")).body)
    assert link.startswith("http://127.0.0.1:1/whosoncharts/document.aspx?f=")
    assert store.holds(link)
    document = store.fetch(link.partition("f=")[2])
    assert (document.name, document.content, document.content_type) == ("My File.PDF", b"hello", "application/pdf")


def test_the_store_forgets_the_oldest_when_it_is_full(make_stage: MakeStage) -> None:
    """No more bytes than it may have."""
    store = make_stage("[documents]\nmax_store_bytes = 250").switchboard.documents
    links = [result(store.answer(call(b"x" * 100)).body) for _ in range(3)]
    assert [store.holds(link) for link in links] == [False, True, True]
    assert store._bytes == 200


def test_a_single_use_document_is_gone_with_its_use(make_stage: MakeStage) -> None:
    """And its bytes are free again."""
    store = make_stage("[site]\nvisitor_single_use_files = 2").switchboard.documents
    key = result(store.answer(call()).body).partition("f=")[2]
    assert [store.fetch(key) is not None for _ in range(3)] == [True, True, False]
    assert store._bytes == 0


def test_what_is_wrong_with_a_file_is_a_result_with_error(make_stage: MakeStage) -> None:
    """Type, site, size, Base64."""
    store = make_stage("[documents]\nmax_bytes = 10").switchboard.documents
    bad = [call(name="a.exe"), call(domain="x"), call(b"x" * 11), call(b""), call().replace(b"YWJj", b"Y!Jj")]
    assert all("Error" in result(store.answer(each).body) for each in bad)


def test_what_is_no_call_is_a_fault(make_stage: MakeStage) -> None:
    """HTTP 500 and a SOAP fault, as SOAP 1.1 has it."""
    store = make_stage().switchboard.documents
    for request in (b"", b"hello", b"<a/>", call().replace(b"DocumentWriteForSite", b"DocumentRead"), b"\xff\xfe<"):
        answer = store.answer(request)
        assert answer.status == 500
        assert "soap:Fault" in answer.body


def test_links_of_other_servers_are_not_held(make_stage: MakeStage) -> None:
    """Only the store's own address and a key it has."""
    store = make_stage().switchboard.documents
    link = result(store.answer(call()).body)
    assert not store.holds(link.replace("127.0.0.1", "x.invalid"))
    assert not store.holds("http://127.0.0.1:1/whosoncharts/document.aspx?f=x")
    assert not store.holds("http://[")
