"""`whoson-load report RUN --format ...` on a record on disk, also of a run that was killed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.report.conftest import KnownRun
from whoson_load.cli.main import main


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """The known run's record without a summary: what a killed process leaves."""
    return KnownRun().write(tmp_path)


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command prints."""
    assert main(["report", *arguments]) == 0
    return capsys.readouterr().out


def test_every_format_tells_the_steady_part(killed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also of a run that did not come to write its summary: it is found again from the timeline."""
    steady = "Steady for 45 s of 60 s, from 10 s after the begin"
    assert steady in shown(capsys, str(killed))
    assert steady in shown(capsys, str(killed), "--format", "markdown")
    told = json.loads(shown(capsys, str(killed), "--format", "json"))
    assert told["summary"]["steady"]["echo"]["count"] == 45
    assert "<testsuites " in shown(capsys, str(killed), "--format", "junit")


def test_an_unknown_format_is_refused(killed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In one line, with the formats there are."""
    assert main(["report", str(killed), "--format", "pdf"]) == 2
    assert "'text', 'html', 'json', 'markdown', 'junit'" in capsys.readouterr().err.replace("\u2018", "'")
