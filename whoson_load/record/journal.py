"""Files that are complete whatever happens to their writer: one that grows by whole lines, one that is replaced whole.

Knows nothing of what the lines say.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from whoson_load.errors import RecordError, UnreadableError
from whoson_load.record.layout import reason

__all__ = ["Journal", "replace_file", "whole_lines"]


class Journal:
    """An append-only file of lines, handed to the operating system with every `append`.

    What was appended survives the end of the process, however violent. When an append fails half-way (a full disk),
    the file is cut back to what it was before: a line is whole or absent.

    Args:
        path: the file; it must not exist yet.

    Raises:
        RecordError: it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("xb", buffering=0)
        except OSError as error:
            raise RecordError(f"cannot make {path}: {reason(error)}") from error
        self._size_bytes = 0

    def append(self, lines: bytes) -> None:
        """Append whole lines, each ending with a line feed.

        Raises:
            RecordError: the disk is full, the file or its folder is gone, or the like.
        """
        try:
            if not os.path.samestat(self.path.stat(), os.fstat(self._file.fileno())):
                raise FileNotFoundError(0, "another file has taken its place")
            self._write(lines)
        except OSError as error:
            # Where even that fails the last line stays half-written, and every reader ignores it.
            with suppress(OSError):
                self._cut(self._size_bytes)
            raise RecordError(f"cannot go on writing the run record {self.path}: {reason(error)}") from error
        self._size_bytes += len(lines)

    def empty(self) -> None:
        """Throw away all lines.

        Raises:
            RecordError: it cannot be done.
        """
        try:
            self._cut(0)
        except OSError as error:
            raise RecordError(f"cannot go on writing the run record {self.path}: {reason(error)}") from error

    def remove(self) -> None:
        """Close the file and remove it.

        Raises:
            RecordError: it cannot be removed.
        """
        self._file.close()
        try:
            self.path.unlink()
        except OSError as error:
            raise RecordError(f"cannot remove {self.path}: {reason(error)}") from error

    def close(self) -> None:
        """Close the file; all it holds is written already."""
        self._file.close()

    def _write(self, lines: bytes) -> None:
        rest = memoryview(lines)
        while rest:
            rest = rest[self._file.write(rest) :]

    def _cut(self, size_bytes: int) -> None:
        self._file.truncate(size_bytes)
        self._file.seek(size_bytes)
        self._size_bytes = size_bytes


def replace_file(path: Path, content: bytes) -> None:
    """Write a whole file so that at any instant either the old one or the new one is there.

    Raises:
        RecordError: it cannot be written; the old one stays.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        with suppress(OSError):
            new.unlink()
        raise RecordError(f"cannot write {path}: {reason(error)}") from error


def whole_lines(path: Path, *, optional: bool = False) -> Iterator[tuple[int, bytes]]:
    """The lines of a file without their line feed, and their numbers from 1; a half-written last one is left out.

    Args:
        path: the file.
        optional: whether a missing file is one without lines.

    Raises:
        UnreadableError: the file is missing or cannot be read.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.endswith(b"\n"):
                    yield number, line[:-1]
    except FileNotFoundError:
        if not optional:
            raise UnreadableError(f"cannot read {path}: no such file") from None
    except OSError as error:
        raise UnreadableError(f"cannot read {path}: {reason(error)}") from error
