"""`whoson-load report RUN --format ...` on a record on disk, also of a run that was killed."""

from __future__ import annotations

import json
import shutil
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


def test_the_latest_run_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the time in its folder's name; other folders, such as an example, are none."""
    whole = KnownRun().write(tmp_path)
    for name in ("20251009T085321Z-later", "20241231T235959Z-earlier", "example"):
        shutil.copytree(whole, tmp_path / name)
    (tmp_path / "20991231T235959Z-empty").mkdir()
    assert "20251009T085321Z-later" in shown(capsys, "--latest", "--reports", str(tmp_path))


@pytest.mark.parametrize(
    "arguments, said",
    [
        ((), "got no RUN, expected a run's folder or --latest"),
        (("somewhere", "--latest"), "got somewhere and --latest, expected a run's folder or --latest"),
        (("--latest", "--reports", "nowhere"), "got no run in nowhere, expected one or more"),
    ],
)
def test_which_run_has_to_be_said(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In one line, exit code 2."""
    assert main(["report", *arguments]) == 2
    assert capsys.readouterr().err == f"whoson-load report: {said}\n"


def test_a_run_that_ended_without_figures_is_no_run_of_zeros(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its files were lost, and that is what is said."""
    folder = KnownRun().write(tmp_path)
    (folder / "timeline.jsonl").write_bytes(b"")
    assert main(["report", str(folder)]) == 2
    assert "the run ended by itself, and has no figures" in capsys.readouterr().err


def test_an_unknown_format_is_refused(killed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In one line, with the formats there are."""
    assert main(["report", str(killed), "--format", "pdf"]) == 2
    assert "'text', 'html', 'json', 'markdown', 'junit'" in capsys.readouterr().err.replace("\u2018", "'")
