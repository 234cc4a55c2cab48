"""The page of a run: what it says and where from, that it fetches nothing, escapes everything and stays small."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.report.conftest import STARTED_NS, KnownRun, S, known_summary
from tests.report.documents import Element, lines_of, parse
from whoson_load.measurement.generator import GeneratorFigures
from whoson_load.measurement.histogram import Histogram
from whoson_load.measurement.run import Ending, RunInfo, SeriesFigures, Summary, TimelineLine
from whoson_load.measurement.sample import SERIES
from whoson_load.measurement.tally import Tally
from whoson_load.measurement.trust import Judgement, Verdict
from whoson_load.record.latency_log import LogLine
from whoson_load.report.page import render_page

GOLDEN = Path(__file__).parent / "golden"
MOST_BYTES = 2_500_000


@pytest.fixture(scope="module")
def page() -> Element:
    """Of the known run."""
    return parse(render_page(KnownRun(), known_summary()))


def spoken(page: Element) -> dict[str, str]:
    """Every sentence by the keys that it names."""
    return {each.attributes["data-figures"]: each.text for each in page.with_class("said")}


def test_the_page_says_what_it_said(page: Element) -> None:
    """Word by word."""
    told = [line for line in lines_of(page) if not line.startswith("dd: ws://")]
    assert "\n".join(told) + "\n" == (GOLDEN / "known.page.txt").read_text("utf-8")


def test_sentences_point_at_the_figures_of_the_summary(page: Element, summary: Summary) -> None:
    """In an attribute for programs, beside the sentence for readers, and in full under the pointer."""
    built = msgspec.to_builtins(summary)
    said = page.with_class("said")
    assert len(said) > 15
    for each in said:
        (shown,) = each.with_class("key")
        assert shown.text
        for key in each.attributes["data-figures"].split(" "):
            if key != "position":  # "queue position" is a key of two words
                assert key in each.attributes["title"]
                assert key.split(".")[0] in built


@pytest.mark.parametrize(
    "change, moved",
    [
        ({"lines": {"sent": 60, "echoed": 60, "lost": 9}}, {"lines.sent lines.echoed lines.lost"}),
        ({"faults": {"reset": 3}}, {"faults.*"}),
        (
            {"trust": Judgement(verdict=Verdict.TRUSTED, reason="All well.")},
            {"trust.verdict trust.reason trust.advice"},
        ),
    ],
)
def test_a_figure_moves_its_own_sentence_on_the_page(
    summary: Summary, page: Element, change: dict[str, Any], moved: set[str]
) -> None:
    """And leaves all others as they were."""
    after = spoken(parse(render_page(KnownRun(), msgspec.structs.replace(summary, **change))))
    before = spoken(page)
    assert {key for key in before if after[key] != before[key]} == moved


def test_nothing_is_fetched_and_no_other_script_runs(page: Element) -> None:
    """The policy allows exactly the scripts that are there, by their hashes, and no address anywhere."""
    (policy,) = [each.attributes["content"] for each in page.all("meta") if "http-equiv" in each.attributes]
    assert policy.startswith("default-src 'none'; ")
    scripts = [each for each in page.all("script") if each.attributes.get("type") != "application/json"]
    digests = [hashlib.sha256("".join(map(str, each.children)).encode()).digest() for each in scripts]
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    assert len(scripts) == 2
    assert f"script-src {allowed};" in policy
    for each in page.all():
        assert "src" not in each.attributes
        assert each.attributes.get("href", "#").startswith("#")
        assert not any(name.startswith("on") for name in each.attributes)
    assert not list(page.all("link"))


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&lt;{{ 7*7 }}"


def test_whatever_a_run_was_told_is_text(summary: Summary, info: RunInfo) -> None:
    """Names, addresses, notes, options, and what a server called its fields."""
    run = KnownRun()
    run.info = msgspec.structs.replace(
        info,
        name=HOSTILE,
        target=HOSTILE,
        notes=[HOSTILE],
        command_line=[HOSTILE],
        options={HOSTILE: HOSTILE},
        versions={HOSTILE: HOSTILE},
        machine={HOSTILE: HOSTILE},
    )
    hostile = msgspec.structs.replace(
        summary,
        deviations={HOSTILE: 1},
        close_codes={HOSTILE: 1},
        faults={HOSTILE: 1},
        errors={HOSTILE: {HOSTILE: 1}},
        trust=Judgement(verdict=Verdict.INVALID, reason=HOSTILE, advice=HOSTILE),
        objectives=[msgspec.structs.replace(summary.objectives[0], said=HOSTILE)],
    )
    page = parse(render_page(run, hostile))
    assert len(list(page.all("script"))) == 3
    assert not list(page.all("img"))
    (title,) = page.all("h1")
    assert title.text == " ".join(HOSTILE.split())


def test_a_hostile_gauge_is_text_too(summary: Summary) -> None:
    """Its name goes into a chart, and from there into the page's script."""
    run = KnownRun()
    lines = run.timeline()
    for line in lines:
        line.server = {HOSTILE: 4.0}
    run.timeline = lambda: lines  # type: ignore[method-assign]
    page = parse(render_page(run, summary))
    assert len(list(page.all("script"))) == 3
    assert any(each.text == " ".join(HOSTILE.split()) for each in page.all("h3"))


def test_structure_is_one_that_screen_readers_follow(page: Element) -> None:
    """A language, one main part, headings without gaps, ids that are one element's, and labels that exist."""
    (html,) = page.all("html")
    assert html.attributes["lang"] == "en"
    assert len(list(page.all("main"))) == 1
    levels = [int(each.tag[1]) for each in page.all() if re.fullmatch("h[1-6]", each.tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [each.attributes["id"] for each in page.all() if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    for each in page.all():
        for name in ("aria-labelledby", "aria-describedby"):
            assert each.attributes.get(name, ids[0]) in ids
        if each.attributes.get("href", "").startswith("#"):
            assert each.attributes["href"][1:] in ids
    for each in page.all("table"):
        assert list(each.all("caption"))
        assert all(cell.attributes.get("scope") for cell in each.all("th"))


def test_every_chart_over_time_stands_as_a_table_too(page: Element) -> None:
    """For those who cannot see it; a heat map's figures stand in the table of percentiles."""
    figures = list(page.all("figure"))
    assert len(figures) == 11
    for each in figures:
        section = next(chart.attributes["data-chart"] for chart in each.with_class("chart"))
        assert bool(list(each.all("table"))) == (section != "heat")
        assert list(each.all("figcaption"))


def sources(page: Element) -> list[dict[str, Any]]:
    """The columns of all the page's sources, as what Bokeh will make of them."""
    (script,) = [each for each in page.all("script") if each.attributes.get("id") == "charts"]
    return [
        {name: _array(value) for name, value in each["attributes"]["data"]["entries"]}
        for each in _objects(json.loads("".join(map(str, script.children))))
        if each.get("name") == "ColumnDataSource"
    ]


def _objects(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  # JSON
    if isinstance(value, dict):
        yield value
        for below in value.values():
            yield from _objects(below)
    elif isinstance(value, list):
        for below in value:
            yield from _objects(below)


def _array(value: Any) -> list[Any]:  # noqa: ANN401  # JSON
    if isinstance(value, dict) and value.get("type") == "ndarray":
        raw = gzip.decompress(base64.b64decode(value["array"]["data"]))
        return list(np.frombuffer(raw, dtype=np.dtype(value["dtype"]).newbyteorder("<")))
    return list(value)


def test_charts_are_of_the_record(page: Element) -> None:
    """What is drawn over time is what the intervals hold."""
    (timed,) = [each for each in sources(page) if "time_ms" in each]
    assert timed["time_ms"][0] == STARTED_NS / 1e6 + 2500
    assert timed["visits in progress"] == [8, 16, *[20] * 9, 0]
    assert timed["echo p99"] == [20.0] * 12
    assert timed["served"][1] == 24.0


class DayRun:
    """A day of 5 s intervals in which everything moves all the time: the largest record there is.

    The page sees 17,280 lines and, after the first half hour, spans of five minutes.
    """

    def __init__(self) -> None:
        self.info = RunInfo(
            run_id="day", name="day", started_ns=STARTED_NS, ended_ns=STARTED_NS + 86_400 * S, interval_s=5.0,
            ending=Ending.FINISHED, exit_code=0, target="ws://127.0.0.1:1/", seed=1,
        )  # fmt: skip
        rng = np.random.default_rng(5)
        self._moves = rng.lognormal(0, 0.5, 17_280)
        histogram = Histogram()
        for each in rng.lognormal(16, 1.5, 400):
            histogram.record(int(each))
        self._packed = histogram.pack()

    def timeline(self) -> Iterator[TimelineLine]:
        """Its intervals."""
        for number, move in enumerate(self._moves):
            start_ns = STARTED_NS + 5 * S * number
            us = int(1_000_000 * move)
            figures = SeriesFigures(100, 1, us, us, us + number, us * 2, us * 3, us * 4 + number, us * 5, us * 6)
            yield TimelineLine(
                start_ns=start_ns,
                end_ns=start_ns + 5 * S,
                series=dict.fromkeys(SERIES, figures),
                tally=Tally(outcomes={"served": us % 7, "abandoned": us % 3}, arrivals={"begun": us % 11}),
                gauges={"visits in progress": us % 97, "visits chatting": us % 89, "visits queued": us % 83},
                peaks={"queue position": us % 31},
                generators={"w": GeneratorFigures(cpu_share=move / 9, loop_lag_p99_ns=us, receive_p99_ns=us)},
                server={"memory": move, "threads": move},
            )

    def latencies(self) -> Iterator[LogLine]:
        """Its latency log: intervals, then spans."""
        starts = [*((5 * number, 5) for number in range(360)), *((1800 + 300 * number, 300) for number in range(282))]
        for start_s, lasts_s in starts:
            for name in SERIES:
                yield LogLine(
                    series=name, start_ns=STARTED_NS + start_s * S, duration_ns=lasts_s * S, histogram=self._packed
                )


def test_a_day_fits_and_says_that_it_is_rolled_up(summary: Summary) -> None:
    """Below 2.5 MB, with all series, gauges and outcomes moving."""
    written = render_page(DayRun(), summary)
    assert len(written.encode()) < MOST_BYTES
    assert "Rolled up: each point of the charts over time is 29 intervals (145 s)." in written


def test_a_short_run_is_not_rolled_up(page: Element) -> None:
    """Each point is an interval, and nothing has to be said about it."""
    assert not any("Rolled up" in each.text for each in page.with_class("hint"))


def test_a_run_without_an_interval_has_a_page(summary: Summary) -> None:
    """One that was ended at once: no charts, and everything else."""
    run = KnownRun()
    run.timeline = list  # type: ignore[method-assign]
    run.latencies = list  # type: ignore[method-assign]
    run.info.ended_ns = run.info.ending = run.info.exit_code = None
    bare = msgspec.structs.replace(
        summary, parts=None, steady=None, funnel={}, rates={}, objectives=[], drift=None, staffing=None
    )
    page = parse(render_page(run, bare))
    assert not list(page.all("figure"))
    assert any("goes on or was killed" in each.text for each in page.all("p"))


@pytest.mark.parametrize(
    "met, verdict, mood",
    [
        (True, Verdict.TRUSTED, "good"),
        (True, Verdict.DOUBTFUL, "doubt"),
        (False, Verdict.TRUSTED, "bad"),
        (True, Verdict.INVALID, "bad"),
        (None, Verdict.TRUSTED, "plain"),
    ],
)
def test_the_answer_looks_as_it_is(summary: Summary, met: bool | None, verdict: Verdict, mood: str) -> None:
    """Green for what was met, red for what was missed or says nothing."""
    judged = [] if met is None else [msgspec.structs.replace(each, met=met) for each in summary.objectives]
    trust = Judgement(verdict=verdict, reason="So so.")
    page = parse(render_page(KnownRun(), msgspec.structs.replace(summary, objectives=judged, trust=trust)))
    (answer,) = [each for each in page.all("section") if each.attributes["id"] == "answer"]
    assert answer.attributes["class"] == mood
