"""The live page itself: the report's charts on a source that asks for new points. It is the same for every run.

Knows no run and no web server: all that moves comes in answer to what the page's script asks for.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final

from bokeh.models import AjaxDataSource
from bokeh.util.paths import bokehjs_path
from jinja2 import Environment, PackageLoader, StrictUndefined

from whoson_load.dashboard.feed import BAR_WIDTH
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.sample import HEADLINE
from whoson_load.report.charts import (
    COLOURS,
    GENERATOR_COLUMNS,
    LOAD_COLUMNS,
    TimeAxis,
    generator_over_time,
    latency_columns,
    latency_over_time,
    load_over_time,
    outcomes_over_time,
)
from whoson_load.report.columns import MOST_POINTS, TIME
from whoson_load.report.exhibits import Exhibit
from whoson_load.report.page import charts_json

__all__ = ["COLUMNS", "POLICY", "files", "render_chats"]

_OUTCOMES: Final = tuple(outcome.value for outcome in Outcome)

COLUMNS: Final = (
    *LOAD_COLUMNS,
    *(name for series in HEADLINE for name in latency_columns(series)),
    *_OUTCOMES,
    "errors",
    *GENERATOR_COLUMNS,
)
"""What the charts draw, beside the columns of time."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data: blob:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a browser may do with the page: run what this server serves, and ask this server. Bokeh styles its elements."""


@cache
def render_chats() -> str:
    """The page as HTML; it asks for everything else below `chats/`."""
    shown = _exhibits()
    environment = Environment(
        loader=PackageLoader("whoson_load.dashboard", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("chats.html").render(
        charts_json=charts_json(shown),
        exhibits=[(f"chart{number}", each) for number, each in enumerate(shown)],
    )


@cache
def files() -> dict[str, tuple[str, bytes]]:
    """What the page asks for that never changes: name -> media type and content (2 MB in all, kept)."""
    report, own = resources.files("whoson_load.report"), resources.files("whoson_load.dashboard")
    style = report.joinpath("page.css").read_bytes() + own.joinpath("chats.css").read_bytes()
    return {
        "page.css": ("text/css", style),
        "bokeh.js": ("text/javascript", (bokehjs_path() / "js" / "bokeh.min.js").read_bytes()),
        "page.js": ("text/javascript", report.joinpath("page.js").read_bytes()),
        "chats.js": ("text/javascript", own.joinpath("chats.js").read_bytes()),
    }


def _exhibits() -> list[Exhibit]:
    source = AjaxDataSource(
        name="points",
        data={name: [] for name in (*TIME, *COLUMNS, BAR_WIDTH)},
        data_url="chats/points",  # of none: the script says from which to which, and when
        method="GET",
        mode="append",
        max_size=MOST_POINTS,
        polling_interval=None,
    )
    axis = TimeAxis()
    late, busy = generator_over_time(source, axis)
    load = load_over_time(source, axis)
    outcomes = outcomes_over_time(source, axis, _OUTCOMES, BAR_WIDTH)
    return [
        Exhibit(
            "load",
            "Load",
            "Visits in progress, those that chat and those that wait for an operator; visits begun a minute.",
            load,
        ),
        *(
            Exhibit(
                "latency",
                name,
                f"The median of {name} as a line, bands up to p90 and p99, the longest as points.",
                latency_over_time(source, name, axis, colour),
            )
            for name, colour in zip(HEADLINE, COLOURS, strict=False)
        ),
        Exhibit(
            "outcomes",
            "Outcomes over time",
            "How visits ended, a minute, stacked; the line is commands whose answer did not come.",
            outcomes,
        ),
        Exhibit(
            "trust",
            "How late the generator was",
            "p99 of its probe timer, of reading what had arrived and of sending what was due; worst worker.",
            late,
        ),
        Exhibit(
            "trust",
            "How busy the generator was",
            "CPU time of the busiest worker, in per cent of the one core that a Python process can use.",
            busy,
        ),
    ]
