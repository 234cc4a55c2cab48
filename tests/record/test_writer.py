from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from whoson_load.errors import RecordError
from whoson_load.measurement.interval import Totals
from whoson_load.measurement.run import Ending, summarize
from whoson_load.measurement.trust import Trust
from whoson_load.record.reader import RunReader
from whoson_load.record.writer import FINE_S, SPAN_S

Begin = Callable[..., Any]  # conftest's RunOnPaper: importlib mode gives no name to import it by


def files(folder: Path) -> set[str]:
    """The names in a folder."""
    return {path.name for path in folder.iterdir()}


def test_record_is_there_from_the_first_second(begin: Begin) -> None:
    """Before any interval, a killed run leaves a record that reads."""
    run = begin()
    assert files(run.folder) == {"run.json", "latency.hlog", "timeline.jsonl"}
    reader = RunReader(run.folder)
    assert reader.info == run.info
    assert not reader.ended
    assert list(reader.timeline()) == []
    assert reader.totals() == Totals()
    assert reader.summary() is None


def test_finished_record_holds_exactly_what_was_written(begin: Begin) -> None:
    """Totals read back equal those kept in memory, histograms bit by bit."""
    run = begin()
    for _ in range(20):
        run.interval()
    run.writer.write_summary(summarize(run.totals, Trust().judgement()))
    run.info.ending, run.info.exit_code = Ending.FINISHED, 0
    run.writer.finish(run.info)
    reader = RunReader(run.folder)
    assert reader.ended
    assert reader.info.ending is Ending.FINISHED
    assert reader.totals() == run.totals
    assert reader.summary() == summarize(run.totals, Trust().judgement())
    assert files(run.folder) == {"run.json", "latency.hlog", "timeline.jsonl", "summary.json"}


def test_each_interval_can_be_read_alone_in_the_fine_part(begin: Begin) -> None:
    """In the first half hour any interval's latencies are those of that interval."""
    run = begin()
    intervals = [run.interval() for _ in range(5)]
    for interval in intervals:
        alone = Totals()
        alone.add(interval)
        assert RunReader(run.folder).totals(interval.start_ns, interval.start_ns + 1) == alone


def test_latencies_of_a_long_run_are_rolled_up_without_loss(begin: Begin) -> None:
    """After the first half hour there is one line a series and span, and the totals are still exact."""
    run = begin()
    run.interval()
    run.skip_to(FINE_S)
    for _ in range(4 * SPAN_S // 5):
        run.interval()
    run.writer.finish(run.info)
    reader = RunReader(run.folder)
    spans = [line for line in reader.latencies() if line.start_ns >= run.info.started_ns + FINE_S * 10**9]
    # Spans lie on the clock's five minutes, the run's begin need not: one more than the run is long.
    assert len(spans) == 2 * 5
    assert max(line.duration_ns for line in spans) == SPAN_S * 10**9
    assert reader.totals() == run.totals
    assert len(list(reader.timeline())) == 1 + 4 * SPAN_S // 5
    assert files(run.folder) == {"run.json", "latency.hlog", "timeline.jsonl"}


def test_a_run_killed_at_any_interval_reads_complete(begin: Begin) -> None:
    """Within the fine part, within a span and right after a roll-up: the copy reads to the last interval."""
    run = begin()
    run.interval()
    run.skip_to(FINE_S - 10)
    for _ in range(2 * SPAN_S // 5):
        run.interval()
        assert RunReader(run.folder).totals() == run.totals


def test_killed_between_the_span_written_and_its_log_emptied_nothing_counts_twice(begin: Begin) -> None:
    """Both files hold the span then; each time is read once."""
    run = begin()
    run.skip_to(FINE_S)
    for _ in range(20):
        run.interval()
    opened = (run.folder / "latency.open.hlog").read_bytes()
    run.writer._roll()
    killed = run.killed()
    (killed / "latency.open.hlog").write_bytes(opened)
    assert RunReader(killed).totals() == run.totals


@pytest.mark.parametrize("cut", [0, 1, 3])
def test_killed_while_the_span_was_written_nothing_counts_twice_or_never(begin: Begin, cut: int) -> None:
    """Some series' span lines are there and others not: each series is read from where it stands whole."""
    run = begin()
    run.skip_to(FINE_S)
    for _ in range(20):
        run.interval()
    opened = (run.folder / "latency.open.hlog").read_bytes()
    before = len((run.folder / "latency.hlog").read_bytes())
    run.writer._roll()
    killed = run.killed()
    (killed / "latency.open.hlog").write_bytes(opened)
    content = (killed / "latency.hlog").read_bytes()
    lines = content[before:].splitlines(keepends=True)
    (killed / "latency.hlog").write_bytes(content[:before] + b"".join(lines[:cut]))
    assert RunReader(killed).totals() == run.totals


def test_latencies_without_their_timeline_line_are_left_out(begin: Begin) -> None:
    """Killed between the two files, the interval counts as not written, in both."""
    run = begin()
    for _ in range(3):
        run.interval()
    whole = Totals()
    for part in [run.totals]:
        whole.add(part)
    timeline = (run.folder / "timeline.jsonl").read_bytes()
    run.interval()
    killed = run.killed()
    (killed / "timeline.jsonl").write_bytes(timeline)
    assert RunReader(killed).totals() == whole


@pytest.mark.parametrize("seconds", [(0, 0), (0, FINE_S), (FINE_S, FINE_S + 30), (FINE_S, FINE_S + 3 * SPAN_S)])
def test_what_comes_late_is_added_to_its_interval(begin: Begin, seconds: tuple[int, int]) -> None:
    """A report that arrives when its interval, or its whole span, is written counts there all the same."""
    early, now = seconds
    run = begin()
    run.skip_to(early)
    interval = run.interval()
    run.skip_to(now)
    run.interval()
    run.interval(interval.start_ns, late=True)
    run.interval()
    assert RunReader(run.folder).totals() == run.totals
    run.writer.finish(run.info)
    reader = RunReader(run.folder)
    assert reader.totals() == run.totals
    assert [line.late for line in reader.timeline()] == [False, False, True, False]


def test_a_full_disk_stops_recording_and_what_was_written_reads(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """One clear line, every later call says the same, and the record ends with the last whole interval."""
    run = begin()
    for _ in range(3):
        run.interval()
    before = RunReader(run.folder).totals()
    timeline = run.writer._timeline

    def full(_lines: bytes) -> None:
        timeline._file.write(b'{"start_ns":17')
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(timeline, "_write", full)
    message = r"^cannot go on writing the run record .*timeline\.jsonl: No space left on device$"
    with pytest.raises(RecordError, match=message):
        run.interval()
    monkeypatch.undo()
    with pytest.raises(RecordError, match=message):
        run.interval()
    assert RunReader(run.folder).totals() == before
    run.info.ending = Ending.FAILED
    run.writer.finish(run.info)
    reader = RunReader(run.folder)
    assert (reader.info.ending, reader.totals()) == (Ending.FAILED, before)


def test_a_vanished_folder_stops_recording(begin: Begin) -> None:
    """Nobody finds out hours later: the next interval says so."""
    run = begin()
    run.interval()
    shutil.rmtree(run.folder)
    with pytest.raises(RecordError, match="No such file or directory"):
        run.interval()
    with pytest.raises(RecordError, match="No such file or directory"):
        run.writer.finish(run.info)


def test_a_failed_write_of_a_span_keeps_its_intervals(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up during a roll-up costs nothing that was written before."""
    run = begin()
    run.skip_to(FINE_S)
    for _ in range(3):
        run.interval()
    before = RunReader(run.folder).totals()

    def full(_lines: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(run.writer._latency, "_write", full)
    run.skip_to(FINE_S + 2 * SPAN_S)
    with pytest.raises(RecordError, match="No space left on device"):
        run.interval()
    monkeypatch.undo()
    run.writer.finish(run.info)
    assert RunReader(run.folder).totals() == before


def test_run_json_is_replaced_whole_and_indented(begin: Begin) -> None:
    """People read it, too."""
    run = begin()
    run.info.notes.append("a note")
    run.writer.update(run.info)
    content = (run.folder / "run.json").read_text()
    assert content.startswith("{\n  ")
    assert msgspec.json.decode(content)["notes"] == ["a note"]


@pytest.mark.parametrize("interval_s", [0, -5, 0.0005, 1 / 3])
def test_an_interval_that_is_no_whole_milliseconds_is_refused(begin: Begin, interval_s: float) -> None:
    """The log's times have three decimals: anything else could not be read back exactly."""
    with pytest.raises(RecordError, match=r"got an interval of .* s, expected whole milliseconds above 0"):
        begin(interval_s=interval_s)


def test_a_day_stays_small_in_memory_and_on_disk(begin: Begin) -> None:
    """Once latencies are kept in spans, an interval adds its timeline line and hardly anything else."""
    run = begin()
    run.skip_to(FINE_S)
    for _ in range(2 * SPAN_S // 5):
        run.interval()
    timeline, latency = (run.folder / name for name in ("timeline.jsonl", "latency.hlog"))
    before = timeline.stat().st_size, latency.stat().st_size
    for _ in range(2 * SPAN_S // 5):
        run.interval()
    intervals = 2 * SPAN_S // 5
    assert (timeline.stat().st_size - before[0]) / intervals < 600
    assert (latency.stat().st_size - before[1]) / intervals < 100
    assert (run.folder / "latency.open.hlog").stat().st_size < 60_000
