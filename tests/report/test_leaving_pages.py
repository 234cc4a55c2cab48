"""A run leaves its page in its folder, and one that cannot be drawn costs one line and nothing else."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.report.conftest import KnownRun, known_summary
from whoson_load.cli.main import main
from whoson_load.page import leave_page
from whoson_load.record.layout import LATENCY, PAGE, SUMMARY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The known run's record, complete."""
    folder = KnownRun().write(tmp_path)
    (folder / SUMMARY).write_bytes(msgspec.json.encode(known_summary()))
    return folder


def test_a_run_leaves_its_page_and_says_where(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last line that a run prints."""
    leave_page(folder)
    assert capsys.readouterr() == (f"Report: {folder / PAGE}\n", "")
    assert (folder / PAGE).read_text("utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    "break_it, said",
    [
        (lambda folder: (folder / LATENCY).unlink(), "cannot read "),
        (lambda folder: (folder / PAGE).mkdir(), "cannot write "),
    ],
)
def test_a_page_that_cannot_be_left_costs_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], break_it: object, said: str
) -> None:
    """Whatever is missing; the rest of the record stays as it is."""
    assert callable(break_it)
    break_it(folder)
    before = (folder / SUMMARY).read_bytes()
    leave_page(folder)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"whoson-load: no {PAGE} was written: {said}")
    assert err.count("\n") == 1
    assert (folder / SUMMARY).read_bytes() == before


def test_a_mistake_in_drawing_costs_one_line_too(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run is never lost to its page."""

    def broken(*_: object) -> str:
        raise KeyError("no such column")

    monkeypatch.setattr("whoson_load.page.page_of", broken)
    leave_page(folder)
    assert capsys.readouterr().err == f"whoson-load: no {PAGE} was written: KeyError: 'no such column'\n"


def test_a_run_whose_summary_was_never_written_leaves_no_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Why not was said before."""
    leave_page(KnownRun().write(tmp_path))
    assert capsys.readouterr() == ("", "")


def test_the_command_makes_the_page_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also of a run that was killed; into its folder, to a file, or out."""
    folder = KnownRun().write(tmp_path)
    assert main(["report", str(folder), "--format", "html"]) == 0
    assert capsys.readouterr().out == f"Report: {folder / PAGE}\n"
    elsewhere = tmp_path / "elsewhere.html"
    assert main(["report", str(folder), "--format", "html", "-o", str(elsewhere)]) == 0
    assert capsys.readouterr().out == f"Report: {elsewhere}\n"
    assert main(["report", str(folder), "--format", "html", "-o", "-"]) == 0
    assert "<h1>known</h1>" in capsys.readouterr().out
    assert "<h1>known</h1>" in elsewhere.read_text("utf-8")


def test_an_output_that_no_page_goes_to_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line each."""
    folder = KnownRun().write(tmp_path)
    assert main(["report", str(folder), "-o", "x"]) == 2
    assert "expected html" in capsys.readouterr().err
    assert main(["report", str(folder), "--format", "html", "-o", str(tmp_path / "no" / "x.html")]) == 1
    assert "cannot write " in capsys.readouterr().err
