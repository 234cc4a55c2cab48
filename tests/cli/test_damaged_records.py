"""Broken, half, foreign and newer records: whatever reads one says so in one line, and never with a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.report.conftest import KnownRun
from whoson_load.cli.main import main

Damage = Callable[[Path], object]


def changed(name: str, **keys: object) -> Damage:
    """Keys of a JSON file that say something else; a file that is not there comes to be."""

    def damage(folder: Path) -> None:
        path = folder / name
        known = json.loads(path.read_text("utf-8")) if path.exists() else {}
        path.write_text(json.dumps({**known, **keys}), "utf-8")

    return damage


def cut(name: str, keep: float) -> Damage:
    """The first part of a file only."""

    def damage(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: int(keep * len(content))])

    return damage


def replaced(name: str, old: bytes, new: bytes) -> Damage:
    """Other bytes within a file."""

    def damage(folder: Path) -> None:
        content = (folder / name).read_bytes()
        assert old in content
        (folder / name).write_bytes(content.replace(old, new, 1))

    return damage


DAMAGES: dict[str, tuple[Damage, str]] = {
    "no record": (lambda folder: (folder / "run.json").unlink(), "no run record in "),
    "an empty run.json": (cut("run.json", 0.0), "run.json: Input data was truncated"),
    "half a run.json": (cut("run.json", 0.5), "run.json: Input data was truncated"),
    "a foreign record": (changed("run.json", product="k6"), "got a file of 'k6', expected 'whoson-load'"),
    "a newer record": (changed("run.json", schema=99), "got version 99 of the record, expected at most "),
    "a field of another type": (changed("run.json", seed="seven"), "run.json: Expected `int`, got `str` - at `$.seed`"),
    "a foreign summary": (changed("summary.json", product="k6"), "summary.json: got a file of 'k6'"),
    "a newer summary": (
        changed("summary.json", product="whoson-load", schema=99),
        "summary.json: got version 99 of the record",
    ),
    "half a summary": (
        changed("summary.json", product="whoson-load", schema=1),
        "summary.json: Object missing required field",
    ),
    "no timeline": (lambda folder: (folder / "timeline.jsonl").unlink(), "timeline.jsonl: no such file"),
    "no latencies": (lambda folder: (folder / "latency.hlog").unlink(), "latency.hlog: no such file"),
    "a broken line": (replaced("timeline.jsonl", b'"start_ns":', b'"start_ns":x'), "timeline.jsonl: line 1: JSON is"),
    "a broken histogram": (replaced("latency.hlog", b",HISTF", b",HISTX"), "latency.hlog: "),
}
COMMANDS = {
    "text": ("report", "{}"),
    "markdown": ("report", "{}", "--format", "markdown"),
    "junit": ("report", "{}", "--format", "junit"),
    "json": ("report", "{}", "--format", "json"),
    "html": ("report", "{}", "--format", "html", "-o", "-"),
    "candidate": ("compare", "WHOLE", "{}"),
    "baseline": ("compare", "{}", "WHOLE"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str, command: str
) -> None:
    """Which file, what was got, and what was expected; the exit code says that something else was to be named."""
    whole, folder = KnownRun().write(tmp_path / "whole"), KnownRun().write(tmp_path / "damaged")
    harm, said = DAMAGES[damage]
    harm(folder)
    arguments = [str(whole) if each == "WHOLE" else each.format(folder) for each in COMMANDS[command]]
    assert main(arguments) == 2
    shown = capsys.readouterr()
    (line,) = shown.err.splitlines()
    assert line.startswith(f"whoson-load {arguments[0]}: ")
    assert said in line
    assert not shown.out


def test_half_a_last_line_is_no_damage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is what a killed run leaves: the line counts as not written."""
    folder = KnownRun().write(tmp_path)
    cut("timeline.jsonl", 0.99)(folder)
    assert main(["report", str(folder)]) == 0
    assert not capsys.readouterr().err
