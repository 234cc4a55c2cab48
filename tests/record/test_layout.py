from __future__ import annotations

from pathlib import Path

import pytest

from whoson_load.errors import RecordError
from whoson_load.record.layout import make_folder

NOON_NS = 1_790_683_200_123_456_789  # 2026-09-29 12:00:00.123456789 UTC


def test_folder_bears_the_time_in_utc_and_the_name(tmp_path: Path) -> None:
    """Folders sort by time in any listing; missing parents are made."""
    folder = make_folder(tmp_path / "deep" / "reports", "visitors", NOON_NS)
    assert folder == tmp_path / "deep" / "reports" / "20260929T120000Z-visitors"
    assert folder.is_dir()


def test_runs_of_the_same_second_get_folders_of_their_own(tmp_path: Path) -> None:
    """No run ever writes into another's folder."""
    folders = [make_folder(tmp_path, "visitors", NOON_NS) for _ in range(3)]
    assert [folder.name.removeprefix("20260929T120000Z-") for folder in folders] == [
        "visitors",
        "visitors-2",
        "visitors-3",
    ]


@pytest.mark.parametrize(
    "name, expected",
    [
        ("../../etc/passwd", "etc-passwd"),
        ("a b/c\\d:e", "a-b-c-d-e"),
        ("Grüße", "Gr-e"),
        ("", "run"),
        ("...", "run"),
        ("x" * 200, "x" * 60),
        ("soak_v1.2-rc", "soak_v1.2-rc"),
    ],
)
def test_name_becomes_one_that_every_file_system_takes(tmp_path: Path, name: str, expected: str) -> None:
    """No name leads out of the parent folder or breaks on another system."""
    assert make_folder(tmp_path, name, NOON_NS).name == f"20260929T120000Z-{expected}"


@pytest.mark.parametrize("below", ["", "deeper", "deeper/still"])
def test_parent_that_is_a_file_is_one_clear_line(tmp_path: Path, below: str) -> None:
    """Where no folder can be, the message says where and why."""
    (tmp_path / "reports").write_text("no folder")
    with pytest.raises(RecordError, match=r"^cannot make the run's folder .*reports") as raised:
        make_folder(tmp_path / "reports" / below, "visitors", NOON_NS)
    assert "\n" not in str(raised.value)
