from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from whoson_load.errors import RecordError
from whoson_load.measurement.interval import Totals
from whoson_load.record.reader import RunReader
from whoson_load.record.writer import FINE_S, SPAN_S

S = 1_000_000_000

Begin = Callable[..., Any]  # conftest's RunOnPaper: importlib mode gives no name to import it by


def change(path: Path, **changed: object) -> None:
    """Change keys of a JSON file."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))


@pytest.mark.parametrize("name", ["timeline.jsonl", "latency.hlog"])
def test_a_record_cut_at_any_byte_of_its_last_line_reads_to_the_line_before(begin: Begin, name: str) -> None:
    """A half-written last line is as if it had not been begun, wherever it was cut."""
    run = begin()
    for _ in range(2):
        run.interval()
    before = Totals()
    before.add(run.totals)
    lines_before = len(list(RunReader(run.folder).timeline()))
    sizes = {file: (run.folder / file).stat().st_size for file in ("timeline.jsonl", "latency.hlog")}
    run.interval()
    cut_run = run.killed()
    if name == "latency.hlog":  # the latencies are written first: their end is cut only where the timeline's is missing
        content = (cut_run / "timeline.jsonl").read_bytes()
        (cut_run / "timeline.jsonl").write_bytes(content[: sizes["timeline.jsonl"]])
    content = (cut_run / name).read_bytes()
    for size in range(sizes[name], len(content)):
        (cut_run / name).write_bytes(content[:size])
        reader = RunReader(cut_run)
        assert len(list(reader.timeline())) == lines_before
        assert reader.totals() == before
    (cut_run / name).write_bytes(content)
    assert len(list(RunReader(cut_run).timeline())) == lines_before + (name == "timeline.jsonl")


def test_part_of_a_run_can_be_read(begin: Begin) -> None:
    """From one instant to another: intervals that begin within."""
    run = begin()
    intervals = [run.interval() for _ in range(6)]
    wanted = Totals()
    for interval in intervals[2:4]:
        wanted.add(interval)
    assert RunReader(run.folder).totals(intervals[2].start_ns, intervals[4].start_ns) == wanted


def test_a_span_that_reaches_over_the_end_of_a_part_is_left_out(begin: Begin) -> None:
    """After the first half hour spans are five minutes long: what begins in the part may hold what came after it."""
    run = begin()
    run.skip_to(FINE_S)
    for _ in range(4 * SPAN_S // 5):
        run.interval()
    run.writer.finish(run.info)
    reader = RunReader(run.folder)
    first, second, *_ = sorted({line.start_ns for line in reader.latencies() if line.duration_ns == SPAN_S * S})
    alone = reader.totals(first, second)
    assert alone.series
    assert reader.totals(first, second + 100 * S).series == alone.series
    assert reader.totals(first - 20 * S, second + 20 * S).series == alone.series
    assert reader.totals(first + 100 * S, second).series == alone.series, "none lies within: the one whose middle does"


def test_a_folder_without_a_record_is_one_clear_line(tmp_path: Path) -> None:
    """A wrong path says what was looked for."""
    with pytest.raises(RecordError, match=r"^no run record in .*: got no run\.json$"):
        RunReader(tmp_path)
    with pytest.raises(RecordError, match=r"^no run record in .*gone: there is no such folder$"):
        RunReader(tmp_path / "gone")


def test_a_foreign_or_newer_record_is_one_clear_line(begin: Begin) -> None:
    """Files of other products and of versions to come are told apart from broken ones."""
    run = begin()
    path = run.folder / "run.json"
    original = path.read_text()
    change(path, product="something else")
    with pytest.raises(RecordError, match=r"got a file of 'something else', expected 'whoson-load'$"):
        RunReader(run.folder)
    path.write_text(original)
    change(path, schema=99)
    with pytest.raises(RecordError, match=r"got version 99 of the record, expected at most 1$"):
        RunReader(run.folder)


def test_a_record_with_keys_of_a_later_release_still_reads(begin: Begin) -> None:
    """Fields that were added without a new version do not disturb."""
    run = begin()
    change(run.folder / "run.json", something_new={"a": 1})
    assert RunReader(run.folder).info == run.info


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"product": "whoson-load", "schema": "1"}', "\xff"])
def test_a_broken_run_json_is_one_clear_line(begin: Begin, content: str) -> None:
    """Damaged content is named with its file."""
    run = begin()
    (run.folder / "run.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(RecordError, match=r"^cannot read .*run\.json: ") as raised:
        RunReader(run.folder)
    assert "\n" not in str(raised.value)


def test_a_run_json_without_a_needed_field_is_one_clear_line(begin: Begin) -> None:
    """The message names the field."""
    run = begin()
    content = json.loads((run.folder / "run.json").read_text())
    del content["seed"]
    (run.folder / "run.json").write_text(json.dumps(content))
    with pytest.raises(RecordError, match="missing required field `seed`"):
        RunReader(run.folder)


def test_a_broken_line_inside_the_timeline_is_named(begin: Begin) -> None:
    """Only the last line may be half; damage elsewhere is an error with its line number."""
    run = begin()
    for _ in range(3):
        run.interval()
    path = run.folder / "timeline.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:20] + b"\n" + lines[2])
    with pytest.raises(RecordError, match=r"^cannot read .*timeline\.jsonl: line 2: "):
        list(RunReader(run.folder).timeline())


@pytest.mark.parametrize(
    "damage", [lambda line: line.replace(b"Tag=", b"Tga="), lambda line: line.replace(b"HISTF", b"HISTG")]
)
def test_a_broken_histogram_is_named(begin: Begin, damage: Callable[[bytes], bytes]) -> None:
    """A damaged log is an error, never a wrong percentile."""
    run = begin()
    run.interval()
    path = run.folder / "latency.hlog"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RecordError, match=r"^cannot read .*latency\.hlog: .*got"):
        RunReader(run.folder).totals()


@pytest.mark.parametrize("name", ["timeline.jsonl", "latency.hlog"])
def test_a_missing_file_is_one_clear_line(begin: Begin, name: str) -> None:
    """A record that somebody copied in part says what is missing."""
    run = begin()
    run.interval()
    part = run.killed()
    (part / name).unlink()
    with pytest.raises(RecordError, match=rf"^cannot read .*{name}: no such file$"):
        RunReader(part).totals()


def test_a_record_can_be_read_while_it_is_written(begin: Begin) -> None:
    """A reader that began earlier sees a growing run, interval by interval."""
    run = begin()
    reader = RunReader(run.folder)
    for number in range(1, 4):
        run.interval()
        assert len(list(reader.timeline())) == number
        assert reader.totals() == run.totals


def test_record_moved_elsewhere_reads_the_same(begin: Begin, tmp_path: Path) -> None:
    """Nothing in a record depends on where it lies."""
    run = begin()
    run.interval()
    moved = tmp_path / "elsewhere" / "copy"
    shutil.copytree(run.folder, moved)
    assert RunReader(moved).totals() == run.totals
