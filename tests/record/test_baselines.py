"""Named baselines: kept whole, replaced at once, found by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from whoson_load.errors import ConfigError, RecordError
from whoson_load.record.baselines import baseline_runs, keep_baseline


def run_folder(parent: Path, name: str, content: str = "{}") -> Path:
    """What looks like a run's folder."""
    folder = parent / name
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(content)
    return folder


def test_a_baseline_outlives_its_runs(tmp_path: Path) -> None:
    """It is a copy."""
    runs = [run_folder(tmp_path / "elsewhere", name) for name in ("b", "a")]
    folder = keep_baseline(tmp_path, "v1.2", runs)
    (runs[0] / "run.json").unlink()
    assert baseline_runs(tmp_path, "v1.2") == [folder / "a", folder / "b"]


def test_a_baseline_is_replaced_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """The second keeping counts."""
    keep_baseline(tmp_path, "v1", [run_folder(tmp_path, "old")])
    folder = keep_baseline(tmp_path, "v1", [run_folder(tmp_path, "new")])
    assert [each.name for each in baseline_runs(tmp_path, "v1")] == ["new"]
    assert [each.name for each in folder.parent.iterdir()] == ["v1"]


def test_what_cannot_be_copied_leaves_the_baseline_alone(tmp_path: Path) -> None:
    """The old one stays, and the message names the folder."""
    keep_baseline(tmp_path, "v1", [run_folder(tmp_path, "old")])
    with pytest.raises(RecordError, match=r"cannot keep the baseline in .*v1: "):
        keep_baseline(tmp_path, "v1", [tmp_path / "missing"])
    assert [each.name for each in baseline_runs(tmp_path, "v1")] == ["old"]


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "x" * 61])
def test_names_that_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    """Before anything is touched."""
    with pytest.raises(ConfigError, match="expected letters, digits"):
        keep_baseline(tmp_path, name, [run_folder(tmp_path, "run")])


def test_an_unknown_baseline_names_those_there_are(tmp_path: Path) -> None:
    """And none when there is none."""
    with pytest.raises(ConfigError, match=r"got the baseline v2, expected one that was kept before"):
        baseline_runs(tmp_path, "v2")
    keep_baseline(tmp_path, "v1", [run_folder(tmp_path, "run")])
    with pytest.raises(ConfigError, match=r"got the baseline v2, expected v1"):
        baseline_runs(tmp_path, "v2")


def test_the_same_run_twice_is_refused(tmp_path: Path) -> None:
    """It would weigh twice."""
    run = run_folder(tmp_path, "run")
    with pytest.raises(ConfigError, match="got a run twice"):
        keep_baseline(tmp_path, "v1", [run, run])
