from __future__ import annotations

import pytest

from tests.journeys.stage import STEADY, Stage
from whoson_load.errors import Fault, TargetError
from whoson_load.journeys import files
from whoson_load.journeys.files import answers_file_requests, sends_a_file
from whoson_load.measurement.outcome import Outcome
from whoson_load.protocol.commands import File

SITE = 'extends = "default"\n' + STEADY
ASKING = SITE + "[habits]\nrequest_file = 1.0\n"
STRICT = "[documents]\nlinks_must_be_stored = true\n"


def test_a_file_is_uploaded_and_sent() -> None:
    """It lies in the store, the chat links to it, and its line, which bears no token, is nothing wrong."""
    played = Stage(SITE + STRICT).play(sends_a_file)
    assert played.outcome is Outcome.SERVED
    assert played.names.count("File") == 1
    (file,) = [command for command in played.commands if isinstance(command, File)]
    assert file.file_name.startswith("visitor-1-")
    assert played.stage.switchboard.documents.holds(file.url)
    assert played.tally.deviations == {}
    assert "error" not in played.tally.events


def test_a_request_for_a_file_is_answered_each_time() -> None:
    """After each reply, with a file that the server takes."""
    played = Stage(ASKING + STRICT).play(answers_file_requests)
    assert played.outcome is Outcome.SERVED
    assert played.names.count("File") == played.names.count("Message") == 2
    assert played.tally.deviations == {}


@pytest.mark.parametrize("site, allowed", [(SITE, False), (SITE + '[site]\nallowed_file_types = ""\n', True)])
def test_no_file_is_sent_where_none_may_be(site: str, allowed: bool) -> None:
    """The chat goes on without it."""
    played = Stage(site, side_effects=allowed).play(sends_a_file)
    assert played.outcome is Outcome.SERVED
    assert "File" not in played.names


def test_a_failed_upload_ends_no_chat(monkeypatch: pytest.MonkeyPatch) -> None:
    """The document store is another server: what it does wrong is counted where it is done."""

    def fails(*_: object) -> str:
        raise TargetError(Fault.UPLOAD_REFUSED, "HTTP 500")

    monkeypatch.setattr(Stage, "upload", fails)
    played = Stage(SITE).play(sends_a_file)
    assert played.outcome is Outcome.SERVED
    assert "File" not in played.names


def test_a_file_the_server_refuses_ends_no_chat(monkeypatch: pytest.MonkeyPatch) -> None:
    """`error` instead of a line: the visitor chats on."""
    monkeypatch.setattr(files, "file_extensions", lambda _: ("exe",))
    monkeypatch.setattr(Stage, "upload", lambda *_: "http://127.0.0.1:1/whosoncharts/document.aspx?f=0.exe")
    played = Stage(SITE).play(sends_a_file)
    assert played.outcome is Outcome.SERVED
    assert played.tally.events["error"] == 1
