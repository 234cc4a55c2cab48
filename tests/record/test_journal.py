from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.errors import RecordError
from whoson_load.record.journal import Journal, replace_file, whole_lines


class FullDisk:
    """A file on a disk that has room for so many bytes more; the rest goes to the real file."""

    def __init__(self, file: object, room_bytes: int) -> None:
        self._file = file
        self._room_bytes = room_bytes

    def write(self, content: memoryview) -> int:
        """Write what there is room for, as the operating system does, and fail when there is none."""
        if not self._room_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written: int = self._file.write(content[: self._room_bytes])  # type: ignore[attr-defined]
        self._room_bytes -= written
        return written

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)


def test_lines_are_on_disk_as_soon_as_they_are_appended(tmp_path: Path) -> None:
    """No buffer of ours stands between a line and the operating system."""
    journal = Journal(tmp_path / "j")
    journal.append(b"one\n")
    assert (tmp_path / "j").read_bytes() == b"one\n"
    journal.append(b"two\nthree\n")
    assert (tmp_path / "j").read_bytes() == b"one\ntwo\nthree\n"
    journal.close()


@pytest.mark.parametrize("room_bytes", range(9))
def test_a_full_disk_leaves_only_whole_lines(tmp_path: Path, room_bytes: int) -> None:
    """However much of a line fitted, the file is cut back to the lines before it."""
    journal = Journal(tmp_path / "j")
    journal.append(b"before\n")
    journal._file = FullDisk(journal._file, room_bytes)  # type: ignore[assignment]
    with pytest.raises(RecordError, match=r"^cannot go on writing the run record .*: No space left on device$"):
        journal.append(b"012345678\n")
    assert (tmp_path / "j").read_bytes() == b"before\n"
    journal._file._room_bytes = 100  # type: ignore[attr-defined]
    journal.append(b"after\n")
    assert (tmp_path / "j").read_bytes() == b"before\nafter\n"
    journal.close()


def test_a_vanished_folder_is_noticed_though_the_file_is_still_open(tmp_path: Path) -> None:
    """Writing into a file that nobody can find any more would lose the run silently."""
    (tmp_path / "run").mkdir()
    journal = Journal(tmp_path / "run" / "j")
    shutil.rmtree(tmp_path / "run")
    with pytest.raises(RecordError, match="No such file or directory"):
        journal.append(b"line\n")
    journal.close()


def test_a_file_that_was_exchanged_is_noticed(tmp_path: Path) -> None:
    """Another file of the same name is not ours."""
    journal = Journal(tmp_path / "j")
    (tmp_path / "j").unlink()
    (tmp_path / "j").write_text("somebody else's")
    with pytest.raises(RecordError, match="another file has taken its place"):
        journal.append(b"line\n")
    journal.close()
    assert (tmp_path / "j").read_text() == "somebody else's"


def test_a_journal_never_overwrites_a_file(tmp_path: Path) -> None:
    """A file that is there already is an error."""
    (tmp_path / "j").write_text("precious")
    with pytest.raises(RecordError, match=r"^cannot make .*: File exists$"):
        Journal(tmp_path / "j")
    assert (tmp_path / "j").read_text() == "precious"


def test_an_emptied_journal_begins_again(tmp_path: Path) -> None:
    """Lines appended after emptying stand at the file's begin."""
    journal = Journal(tmp_path / "j")
    journal.append(b"one\ntwo\n")
    journal.empty()
    assert (tmp_path / "j").read_bytes() == b""
    journal.append(b"three\n")
    assert (tmp_path / "j").read_bytes() == b"three\n"
    journal.remove()
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.binary(max_size=8).map(lambda line: line.replace(b"\n", b"")), max_size=5), st.data())
def test_reading_leaves_out_a_half_written_last_line_only(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], data: st.DataObject
) -> None:
    """Cut anywhere, a file gives exactly the lines whose line feed is there, numbered from 1."""
    content = b"".join(line + b"\n" for line in lines)
    cut = data.draw(st.integers(0, len(content)))
    path = tmp_path_factory.mktemp("cut") / "j"
    path.write_bytes(content[:cut])
    whole = content[:cut].count(b"\n")
    assert list(whole_lines(path)) == list(enumerate(lines[:whole], 1))


def test_a_missing_file_is_an_error_unless_it_may_be_missing(tmp_path: Path) -> None:
    """An optional file that is not there has no lines; any other failure is told either way."""
    assert list(whole_lines(tmp_path / "none", optional=True)) == []
    with pytest.raises(RecordError, match=r"^cannot read .*none: no such file$"):
        list(whole_lines(tmp_path / "none"))
    with pytest.raises(RecordError, match="Is a directory"):
        list(whole_lines(tmp_path, optional=True))


def test_replacing_leaves_no_trace_but_the_new_content(tmp_path: Path) -> None:
    """The file is there whole, and nothing beside it."""
    for content in (b"old", b"new and longer"):
        replace_file(tmp_path / "f", content)
        assert (tmp_path / "f").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_failed_replacing_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up while `run.json` is replaced leaves the old one, and no half-written other."""
    replace_file(tmp_path / "f", b"old")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RecordError, match=r"^cannot write .*: No space left on device$"):
        replace_file(tmp_path / "f", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("f", b"old")]


def test_replacing_in_a_vanished_folder_is_one_clear_line(tmp_path: Path) -> None:
    """The message names the file and the reason."""
    with pytest.raises(RecordError, match=r"^cannot write .*gone/f: No such file or directory$"):
        replace_file(tmp_path / "gone" / "f", b"x")
