"""Leaves a run's page in its folder: what the record holds, given to the report. Judges nothing, and draws nothing."""

from __future__ import annotations

import sys
from pathlib import Path

from whoson_load.errors import RecordError, UnreadableError
from whoson_load.measurement.run import Summary
from whoson_load.record.journal import replace_file
from whoson_load.record.layout import PAGE
from whoson_load.record.reader import RunReader

__all__ = ["leave_page", "page_of"]


def page_of(reader: RunReader, summary: Summary) -> str:
    """A run's page, as HTML.

    Raises:
        UnreadableError: the record cannot be read.
    """
    # Only now: Bokeh costs half a second and 40 MB, which no worker and no other format has to pay for.
    from whoson_load.report.page import render_page  # noqa: PLC0415

    try:
        return render_page(reader, summary, reader.capacity())
    except ValueError as problem:
        raise UnreadableError(f"cannot render {reader.folder}: {problem}") from problem


def leave_page(folder: Path) -> None:
    """Write the page of a run that is over into its folder, and print where it is (1 s of CPU; a day's run 6 s).

    The record is complete without it, so whatever goes wrong costs the page and one line, and never the run.
    """
    sys.stdout.flush()  # what was printed before is not to wait for it
    try:
        reader = RunReader(folder)
        summary = reader.summary()
        if summary is None:
            return  # why it could not be written was said already
        replace_file(folder / PAGE, page_of(reader, summary).encode())
    except Exception as problem:  # noqa: BLE001  # also what a mistake in drawing may raise
        said = str(problem) if isinstance(problem, RecordError) else f"{type(problem).__name__}: {problem}"
        sys.stderr.write(f"whoson-load: no {PAGE} was written: {' '.join(said.split())}\n")
        return
    sys.stdout.write(f"Report: {folder / PAGE}\n")
    sys.stdout.flush()
