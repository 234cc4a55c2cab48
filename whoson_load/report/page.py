"""A run as one HTML page that needs nothing else: no network, no server, no other file. Knows figures and no file.

Everything is written into it, Bokeh's script too, and its content security policy lets a browser run exactly these
scripts and fetch nothing. What a run was told (names, addresses, texts of the server) is escaped as text.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from typing import Protocol

from bokeh.document import Document
from bokeh.util.paths import bokehjs_path
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from whoson_load.measurement.capacity import Capacity
from whoson_load.measurement.run import RunInfo, Summary, TimelineLine
from whoson_load.report.columns import Intervals
from whoson_load.report.exhibits import Exhibit, capacity_exhibits, exhibits
from whoson_load.report.facts import Facts
from whoson_load.report.sentence import rolled_up
from whoson_load.report.spread import Span
from whoson_load.report.statements import SUMMARY, statements

__all__ = ["PageRecord", "charts_json", "render_page", "written"]


class PageRecord(Protocol):
    """What is asked of a run's record."""

    @property
    def info(self) -> RunInfo:
        """What `run.json` holds."""

    def timeline(self) -> Iterable[TimelineLine]:
        """Every complete interval; asked for more than once."""

    def latencies(self) -> Iterable[Span]:
        """Every span of the latency log."""


def render_page(record: PageRecord, summary: Summary, capacity: Capacity | None = None) -> str:
    """A run's page.

    Args:
        record: of the run.
        summary: completed from it.
        capacity: what the run found as a capacity search, which then is its answer; None for any other run.

    Returns:
        an HTML document, below 2.5 MB however long the run.

    Raises:
        RecordError: the record cannot be read.
        ValueError: a histogram in it is none.
    """
    info = record.info
    intervals = Intervals(info.started_ns, info.interval_s, record.timeline())
    shown = exhibits(info, summary, intervals, record.latencies())
    return written(
        "page.html",
        [*(capacity_exhibits(capacity) if capacity is not None else []), *shown],
        source=SUMMARY,
        info=info,
        summary=summary,
        said=statements(summary, capacity),
        facts=Facts(info, summary, capacity),
        capacity=capacity,
        rolled_up=rolled_up(intervals.columns().intervals_a_point, info.interval_s),
    )


def written(template: str, shown: Sequence[Exhibit], **figures: object) -> str:
    """A page with these charts.

    Args:
        template: the name of its template, which extends the frame of all pages.
        shown: its charts.
        figures: what the template asks for.
    """
    bokeh, ours = _bokeh(), _asset("page.js")
    return (
        _environment()
        .get_template(template)
        .render(
            policy=_policy(bokeh, ours),
            style=Markup(_asset("page.css")),
            bokeh=Markup(bokeh),
            script=Markup(ours),
            charts_json=charts_json(shown),
            exhibits=[(f"chart{number}", each) for number, each in enumerate(shown)],
            **figures,
        )
    )


def charts_json(shown: Sequence[Exhibit]) -> Markup:
    """What a page's script draws: Bokeh's document of all figures, and which one goes into which element.

    Returns:
        JSON that no element can end before its time; a figure's element is `chart` and its number.
    """
    document = Document()
    places: dict[str, str] = {}
    with document.models.freeze():  # else it goes through all of them again for each that is added
        for number, exhibit in enumerate(shown):
            document.add_root(exhibit.plot)
            places[str(exhibit.plot.id)] = f"chart{number}"
    told = {"document": document.to_json(deferred=False), "places": places}
    return Markup(json.dumps(told, separators=(",", ":")).replace("<", "\\u003c"))


def _policy(*scripts: str) -> str:
    """What a browser may do with the page: run these very scripts, and fetch nothing from anywhere."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none';"
        " form-action 'none'"
    )


@cache
def _bokeh() -> str:
    return (bokehjs_path() / "js" / "bokeh.min.js").read_text("utf-8").strip()


@cache
def _asset(name: str) -> str:
    return resources.files("whoson_load.report").joinpath(name).read_text("utf-8").strip()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("whoson_load.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["words"] = lambda name: name.replace("_", " ")
    return environment
