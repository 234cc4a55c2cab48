"""A capacity search as text: the table, the answer, and that every key of its record is explained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.analysis.servers import OVERWORKED, WELL, ModelServer, make, wanted
from tests.programs import ROOT
from whoson_load.analysis.capacity import level_takes_s
from whoson_load.analysis.finding import with_levels
from whoson_load.analysis.objectives import read_objectives
from whoson_load.errors import RecordError
from whoson_load.measurement.capacity import Bounded, Capacity, Conclusion, Knee, Law, Level, Wanted, Worth
from whoson_load.measurement.run import RunInfo
from whoson_load.record.layout import CAPACITY
from whoson_load.record.reader import RunReader
from whoson_load.record.writer import RunWriter
from whoson_load.report.capacity import (
    Underway,
    live_capacity,
    render_capacity,
    render_capacity_markdown,
    render_level,
    render_underway,
)
from whoson_load.report.terminal import plain_text

WIDEST = 100


def found(knee: float = 137.0, *, overworked_from: float = 1e9) -> Capacity:
    """A search on a model server."""
    asked = wanted(objectives=("echo p99 < 500ms", "lost == 0"))
    server = ModelServer(
        knee, np.random.default_rng(1), generator=lambda load: OVERWORKED if load > overworked_from else WELL
    )
    search = make(asked, server).search
    capacity = Capacity(wanted=asked, target="ws://127.0.0.1:1", locustfile_sha256="ab", pace=1.0)
    return with_levels(capacity, search.levels, read_objectives(asked.objectives), distrust=search.distrust)


CAPACITY_FOUND = found()


def test_the_text_has_the_answer_every_level_the_knee_and_the_forecast() -> None:
    """In this order, in a terminal of 100 columns."""
    text = render_capacity(CAPACITY_FOUND)
    assert max(map(len, text.splitlines())) <= WIDEST
    flat = " ".join(text.split())
    assert flat.startswith(CAPACITY_FOUND.sentence)
    rows = [line for line in text.splitlines() if line[:5].strip().isdigit()]
    assert len(rows) == len(CAPACITY_FOUND.levels)
    assert "echo p99" in text
    assert "verdict" in text
    assert "bad (echo p99 < 500ms)" in rows[4]
    assert "from above" in rows[-1]
    assert CAPACITY_FOUND.knee is not None
    assert f"Knee: echo p99 begins to climb at {CAPACITY_FOUND.knee.load:g} visitors" in flat
    assert CAPACITY_FOUND.law is not None
    assert CAPACITY_FOUND.law.said.split()[0] == "Forecast"
    assert "Forecast (Universal Scalability Law" in flat


def test_every_verdict_is_whole_however_many_figures_stand_before_it() -> None:
    """The longest figures and the longest verdict, in a terminal of 100 columns."""
    judged = [
        Bounded(objective=written, of=of, worth=Worth.UNDECIDED, figure=figure, limit=limit, unit=unit)
        for written, of, figure, limit, unit in (
            ("operatorjoined p99.9 < 20s", "operatorjoined p99.9", 123_400.0, 20_000.0, "ms"),
            ("connect p95 < 2s", "connect p95", 123.4, 2000.0, "ms"),
            ("accepted errors < 0.1%", "accepted errors", 0.123, 0.1, "%"),
            ("lost < 0.1%", "lost", 0.01, 0.1, "%"),
        )
    ]
    level = msgspec.structs.replace(
        CAPACITY_FOUND.levels[-1],
        judged=judged,
        worth=Worth.BAD,
        limiting="operatorjoined p99.9 < 20s",
        sure=False,
        from_above=True,
        load=12_345.0,
        in_progress=12_345.0,
        arrivals_per_min=12_345.0,
        answers_per_s=12_345.6,
    )
    text = render_capacity(msgspec.structs.replace(CAPACITY_FOUND, levels=[level]))
    assert max(map(len, text.splitlines())) <= WIDEST
    assert "\u2026" not in text
    lines = text.splitlines()
    head = next(place for place, line in enumerate(lines) if line.startswith("level"))
    column = lines[head].index("verdict")
    cell = " ".join(line[column:] for line in lines[head + 1 : lines.index("", head)])
    assert " ".join(cell.split()) == "bad, unsure (operatorjoined p99.9 < 20s), from above"


def test_an_untrusted_search_shows_no_forecast_and_no_knee() -> None:
    """They would be the generator's."""
    untrusted = found(1000, overworked_from=100)
    text = " ".join(render_capacity(untrusted).split())
    assert untrusted.conclusion is Conclusion.UNTRUSTED
    assert text.startswith("No capacity can be told, for the generator was the bottleneck:")
    assert "Holds" not in text
    assert "Forecast" not in text
    assert "Knee" not in text
    assert (untrusted.law, untrusted.knee, untrusted.holds) == (None, None, None)


def test_markdown_says_the_same() -> None:
    """A row for each level, the sentence in bold."""
    text = render_capacity_markdown(CAPACITY_FOUND)
    assert text.splitlines()[2] == f"**✅ {CAPACITY_FOUND.sentence}**"
    assert text.endswith("\n")
    assert sum(line.startswith("|") for line in text.splitlines()) == 2 + len(CAPACITY_FOUND.levels)


def underway(**more: Any) -> Underway:  # noqa: ANN401  # as Underway takes them
    """The sixth level of a search."""
    now = Underway(
        number=6,
        load=120,
        phase="hold",
        held_s=12,
        hold_s=60,
        longest_s=180,
        in_progress=40,
        further=5,
        level_s=76.0,
    )
    return msgspec.structs.replace(now, **more)


@pytest.mark.parametrize(
    "further, level_s, said",
    [
        (10, None, "; up to 10 more"),
        (9, 61.0, "; up to 10 min more"),
        (1, 3.0, "; up to 1 min more"),
        (0, 61.0, "; the last level"),
    ],
)
def test_a_search_says_how_long_it_may_still_take(further: int, level_s: float | None, said: str) -> None:
    """As soon as a level was visited, which shows how long one takes."""
    line = render_underway(CAPACITY_FOUND.wanted, underway(further=further, level_s=level_s))
    assert line.endswith(f", 40 chats in progress{said}")


def test_how_long_a_level_takes_is_known_by_those_before() -> None:
    """Rests before them included; the one of a search that broke off for a night counts like any other."""
    first = CAPACITY_FOUND.levels[0]
    begun_ns, levels = first.begun_ns, []
    for rest_s, took_s in ((0, 70), (0, 80), (30, 60), (40_000, 80)):
        begun_ns += rest_s * 1_000_000_000
        ended_ns = begun_ns + took_s * 1_000_000_000
        levels.append(msgspec.structs.replace(first, begun_ns=begun_ns, ended_ns=ended_ns))
        begun_ns = ended_ns
    assert [level_takes_s(levels[:number]) for number in range(5)] == [None, 70, 75, 80, 85]


@pytest.mark.parametrize(
    "phase, held_s, said",
    [
        ("rest", 0, "level 6: the server rests before 120 visitors, 40 chats in progress"),
        ("settle", 0, "level 6: 120 visitors: settling, 40 chats in progress"),
        ("hold", 12, "level 6: 120 visitors: held 12 of 60 s, 40 chats in progress"),
        ("hold", 61, "level 6: 120 visitors: undecided, held 61 of at most 180 s, 40 chats in progress"),
    ],
)
def test_what_a_search_does_is_one_line(phase: str, held_s: float, said: str) -> None:
    """Below the table in a terminal, and by itself in a log."""
    now = underway(phase=phase, held_s=held_s)
    said = f"{said}; up to 7 min more"
    assert render_underway(CAPACITY_FOUND.wanted, now) == said
    shown = plain_text(live_capacity(CAPACITY_FOUND.wanted, CAPACITY_FOUND.levels[:5], now))
    assert shown.splitlines()[-1] == said
    assert len(shown.splitlines()) == 2 + 5 + 1  # the table's head has two lines


def test_a_level_is_one_line_in_a_log() -> None:
    """With its verdict and each objective's figure."""
    line = render_level(CAPACITY_FOUND.wanted, CAPACITY_FOUND.levels[0])
    assert line.startswith("level 1: 10 visitors: good; echo p99 450 ms, lost 0; 10 chats in progress")


def test_the_record_gives_back_what_was_kept(tmp_path: Path) -> None:
    """All of it; a run that was no search has none, and a newer one is refused in one line."""
    info = RunInfo(run_id="r", name="search", started_ns=1, interval_s=1.0, target="ws://127.0.0.1:1", seed=1)
    writer = RunWriter(tmp_path, info)
    assert RunReader(writer.folder).capacity() is None
    writer.write_capacity(CAPACITY_FOUND)
    assert RunReader(writer.folder).capacity() == CAPACITY_FOUND
    writer.write_capacity(msgspec.structs.replace(CAPACITY_FOUND, schema=99))
    with pytest.raises(RecordError, match="got version 99"):
        RunReader(writer.folder).capacity()
    (writer.folder / CAPACITY).write_text("{")
    with pytest.raises(RecordError, match="cannot read"):
        RunReader(writer.folder).capacity()
    writer.finish(info)


@pytest.mark.parametrize("kind", [Capacity, Wanted, Level, Bounded, Law, Knee], ids=lambda kind: kind.__name__)
def test_every_key_is_explained(kind: type[msgspec.Struct]) -> None:
    """In the page about the file."""
    written = (ROOT / "docs" / "capacity.md").read_text("utf-8")
    table = {name for line in written.splitlines() if line.startswith("| `") for name in line.split("|")[1].split("`")}
    assert set(kind.__struct_encode_fields__) <= table
