"""The pages of a comparison and of a capacity search: their sentence first, their figures below, and charts of them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.report.conftest import KnownRun, known_summary
from tests.report.documents import Element, lines_of, parse
from whoson_load.analysis.changes import Change, Standing
from whoson_load.analysis.comparison import Comparison
from whoson_load.cli.main import main
from whoson_load.measurement.capacity import (
    Bounded,
    Capacity,
    Conclusion,
    Knee,
    Law,
    LawPoint,
    Level,
    Quantity,
    Wanted,
    Worth,
)
from whoson_load.measurement.run import Summary
from whoson_load.report.comparison_page import render_comparison_page
from whoson_load.report.page import render_page


def change(name: str, standing: Standing, moved: float) -> Change:
    """A figure that moved so far."""
    return Change(
        series=name,
        statistic="p50",
        baseline=20,
        candidate=20 + moved,
        low=moved - 1,
        high=moved + 1,
        standing=standing,
    )


COMPARISON = Comparison(
    standing=Standing.WORSE,
    reason="Worse: echo p50 <b>.",
    changes=[
        change("echo", Standing.WORSE, 3),
        change("accepted", Standing.SAME, 0),
        Change(series="lines", statistic="lost", baseline=0.0, candidate=0.0, standing=Standing.SAME),
    ],
    notes=["Give several."],
)


def said(page: Element) -> list[str]:
    """Every sentence, with its key behind it."""
    return [each.text for each in page.with_class("said")]


def test_a_comparison_says_first_what_it_comes_to() -> None:
    """Then why one should be careful, then figure by figure."""
    page = parse(render_comparison_page(COMPARISON, ["old-1", "old-2"], ["new"]))
    assert said(page) == [
        "Worse: echo p50 <b>. comparison.reason",
        "Give several. comparison.notes.0",
    ]
    (title,) = page.all("h1")
    assert title.text == "Worse"
    assert "old-1, old-2" in page.text
    assert len(list(page.all("figure"))) == 1
    (table,) = page.all("table")
    assert [row.attributes.get("data-figures") for row in table.all("tr")][1:] == [
        f"comparison.changes.{place}" for place in range(3)
    ]


def test_a_comparison_without_figures_needs_no_charts_nor_scripts() -> None:
    """A sentence is all there is."""
    page = parse(render_comparison_page(msgspec.structs.replace(COMPARISON, changes=[]), ["old"], ["new"]))
    assert not list(page.all("script"))
    assert not list(page.all("table"))


def test_a_comparison_is_written_where_it_was_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To a file or out; and to a file only as a page."""
    runs = [str(KnownRun().write(tmp_path / side)) for side in ("old", "new")]
    code = main(["compare", *runs, "--format", "html", "-o", str(tmp_path / "page.html")])
    assert capsys.readouterr().out == f"Report: {tmp_path / 'page.html'}\n"
    assert main(["compare", *runs, "--format", "html"]) == code
    assert lines_of(parse(capsys.readouterr().out)) == lines_of(parse((tmp_path / "page.html").read_text("utf-8")))
    assert main(["compare", *runs, "-o", "x"]) == 2
    assert "expected html" in capsys.readouterr().err


def level(number: int, load: float, worth: Worth, summary: Summary) -> Level:
    """A level that was held for a minute."""
    judged = Bounded(objective="echo p99 < 15ms", of="echo p99", worth=worth, figure=12.0, limit=15.0, unit="ms")
    return Level(
        number=number, load=load, worth=worth, sure=True, from_above=False, begun_ns=0, held_ns=1, ended_ns=2,
        judged=[judged], in_progress=load, arrivals_per_min=60, visits_per_min=60, commands_per_s=10,
        answers_per_s=5 * load, visit_s=10.0, latencies={"echo": summary.series["echo"]}, trust=summary.trust,
    )  # fmt: skip


@pytest.fixture
def capacity() -> Capacity:
    """A search that found its limit between two of three levels."""
    summary = known_summary()
    return Capacity(
        wanted=Wanted(quantity=Quantity.VISITORS, objectives=["echo p99 < 15ms"], lowest=10, highest=100),
        target="simulator default",
        locustfile_sha256="0",
        pace=8,
        levels=[level(1, 10, Worth.GOOD, summary), level(2, 40, Worth.BAD, summary), level(3, 20, Worth.GOOD, summary)],
        conclusion=Conclusion.FOUND,
        sentence="Holds 20 chats in progress.",
        notes=["It was quiet."],
        law=Law(
            gain=5, contention=0.1, crosstalk=0, fit=0.99, measured_to=40, peak_at=None, most_answers_per_s=50,
            curve=[LawPoint(1, 5), LawPoint(40, 45), LawPoint(80, 47)], said="A forecast: 50 a second at most.",
        ),
        knee=Knee(series="echo", percentile=99, load=20, in_progress=20, latency_ms=12, bend=0.5),
    )  # fmt: skip


def test_a_capacity_search_says_what_the_server_holds(capacity: Capacity) -> None:
    """On top, with the knee and the forecast below; drift and staffing, which mean nothing here, are left out."""
    page = parse(render_page(KnownRun(), known_summary(), capacity))
    told = said(page)
    assert told[0] == "Holds 20 chats in progress. sentence"
    assert "Knee: echo p99 begins to climb at 20 visitors, with 12.0 ms. knee.*" in told
    assert "A forecast: 50 a second at most. law.said" in told
    assert "It was quiet. notes.0" in told
    ids = {each.attributes["id"] for each in page.all("section")}
    assert "capacity" in ids
    assert not {"objectives", "outlook"} & ids
    titles = [each.text for each in page.all("h3")]
    assert titles[:2] == ["Latency against load", "Throughput against load"]


def test_a_search_without_a_level_has_a_page(capacity: Capacity) -> None:
    """Broken off before the first was judged."""
    begun = msgspec.structs.replace(
        capacity, levels=[], law=None, knee=None, conclusion=Conclusion.INTERRUPTED, sentence="Nothing was found yet."
    )
    assert said(parse(render_page(KnownRun(), known_summary(), begun)))[0] == "Nothing was found yet. sentence"
