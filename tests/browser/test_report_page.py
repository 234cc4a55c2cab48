"""A run's page in a browser: it draws, zooms, fits, prints, can be read by all, and asks nobody for anything."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.browser.chromium import Chromium, Tab, colours
from tests.programs import ROOT
from tests.report.test_other_pages import COMPARISON
from whoson_load.cli.report import summary_of
from whoson_load.page import page_of
from whoson_load.record.reader import RunReader
from whoson_load.report.comparison_page import render_comparison_page

pytestmark = pytest.mark.browser

CHARTS = "document.querySelectorAll('.chart').length"
DRAWN = f"Number(document.documentElement.dataset.drawn) === {CHARTS} && {CHARTS} > 10 && Bokeh.documents[0].is_idle"
RANGES = "Bokeh.documents[0].roots().map((each) => [each.x_range.start, each.x_range.end, each.x_range.id])"


@pytest.fixture
def opened(chromium: Chromium, address: str) -> Iterator[Tab]:
    """The page, light, on a wide screen, with its charts drawn."""
    tab = chromium.open(address)
    tab.wait_for(DRAWN)
    yield tab
    tab.close()


def test_the_page_complains_of_nothing_and_asks_nobody(opened: Tab, address: str) -> None:
    """No error or warning in the console, no policy breached, and no request but for the file itself."""
    said = opened.events("Runtime.exceptionThrown", "Log.entryAdded")
    said += [each for each in opened.events("Runtime.consoleAPICalled") if each["type"] in ("error", "warning")]
    assert said == []
    asked = [each["request"]["url"] for each in opened.events("Network.requestWillBeSent")]
    assert [each for each in asked if not each.startswith("data:")] == [address]


def test_every_chart_is_drawn(opened: Tab) -> None:
    """Each shows its data in colour."""
    for number in range(opened.run(CHARTS)):
        picture = opened.picture(opened.box(f"#chart{number}"))
        assert colours(picture) > 100, f"chart{number} is empty"


def test_zooming_one_chart_zooms_all_over_time(opened: Tab) -> None:
    """A drag over the middle of the first: the same stretch in all, another picture, and no other axis touched."""
    before = opened.run(RANGES)
    place = opened.box("#chart0")
    opened.run(f"scrollTo(0, {place['y'] - 100})")
    old = opened.picture(place)
    y = 100 + place["height"] / 2
    opened.drag((place["x"] + 0.4 * place["width"], y), (place["x"] + 0.6 * place["width"], y))
    opened.wait_for(f"{RANGES}[0][0] > {before[0][0]} && Bokeh.documents[0].is_idle")
    after = opened.run(RANGES)
    shared = before[0][2]
    for (start, end, range_id), (was_start, was_end, _) in zip(after, before, strict=True):
        if range_id == shared:
            assert (start, end) == tuple(after[0][:2])
            assert was_start < start < end < was_end
            assert end - start == pytest.approx(0.2 * (was_end - was_start), rel=0.3)
        else:
            assert (start, end) == (was_start, was_end)
    assert sum(each[2] == shared for each in after) > 5
    assert opened.picture(place).tobytes() != old.tobytes()


def test_the_pointer_tells_the_figures(opened: Tab) -> None:
    """Time and percentiles of the point that it is over."""
    place = opened.box("#chart0")
    opened.run(f"scrollTo(0, {place['y'] - 100})")
    x, y = place["x"] + 0.5 * place["width"], 100 + place["height"] / 2
    opened.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    opened.wait_for(TOOLTIPS + ".includes('p99')")
    told = opened.run(TOOLTIPS)
    assert "UTC" in told
    assert "samples" in told
    assert "???" not in told


TOOLTIPS = """(() => {
  const texts = [];
  const visit = (root) => {
    for (const each of root.querySelectorAll("*")) {
      if (each.shadowRoot) {
        if (each.classList.contains("bk-Tooltip")) texts.push(each.shadowRoot.textContent);
        visit(each.shadowRoot);
      }
    }
  };
  visit(document);
  return texts.join(" ");
})()"""


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1100])
def test_the_page_fits_and_can_be_read_by_all(chromium: Chromium, address: str, width: int, dark: bool) -> None:
    """Nothing is wider than a small telephone, and axe finds nothing, light and dark."""
    tab = chromium.open(address, width=width, dark=dark)
    tab.wait_for(DRAWN)
    assert tab.run("document.documentElement.scrollWidth") <= width
    assert violations(tab) == []
    tab.close()


@pytest.mark.parametrize("width", [360, 1100])
def test_a_comparison_is_as_good_a_page(chromium: Chromium, tmp_path: Path, width: int) -> None:
    """It draws, complains of nothing, fits and can be read by all."""
    page = tmp_path / "comparison.html"
    page.write_text(render_comparison_page(COMPARISON, ["old"], ["new"]), "utf-8")
    tab = chromium.open(page.as_uri(), width=width)
    tab.wait_for("document.documentElement.dataset.drawn === '1' && Bokeh.documents[0].is_idle")
    assert tab.events("Runtime.exceptionThrown", "Log.entryAdded") == []
    assert colours(tab.picture(tab.box("#chart0"))) > 100
    assert tab.run("document.documentElement.scrollWidth") <= width
    assert violations(tab) == []
    tab.close()


@pytest.mark.parametrize("width", [360, 1100])
def test_a_capacity_search_is_as_good_a_page(chromium: Chromium, tmp_path: Path, width: int) -> None:
    """Of a real search: its charts draw, it complains of nothing, asks nobody, fits and can be read by all."""
    reader = RunReader(ROOT / "reports" / "example-capacity")
    page = tmp_path / "report.html"
    page.write_text(page_of(reader, summary_of(reader)), "utf-8")
    tab = chromium.open(page.as_uri(), width=width)
    tab.wait_for(DRAWN)
    assert tab.events("Runtime.exceptionThrown", "Log.entryAdded") == []
    asked = [each["request"]["url"] for each in tab.events("Network.requestWillBeSent")]
    assert [each for each in asked if not each.startswith("data:")] == [page.as_uri()]
    for number in range(tab.run(CHARTS)):
        assert colours(tab.picture(tab.box(f"#chart{number}"))) > 100, f"chart{number} is empty"
    assert tab.run("document.documentElement.scrollWidth") <= width
    assert violations(tab) == []
    tab.close()


def violations(tab: Tab) -> list[tuple[str, list[str]]]:
    """What axe finds on a page with all its tables open: the rule, and the first elements that break it."""
    tab.run(resources.files("axe_core_python").joinpath("axe.min.js").read_text("utf-8") + "; 0")
    tab.run("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    found: list[dict[str, Any]] = tab.run("axe.run().then((told) => told.violations)")
    return [(each["id"], [node["html"][:200] for node in each["nodes"]][:3]) for each in found]


def test_charts_turn_dark_with_the_page(opened: Tab) -> None:
    """At once, with what is drawn already."""
    place = opened.box("#chart0")
    assert np.asarray(opened.picture(place)).mean() > 200
    opened.dress(dark=True)
    opened.wait_for("Bokeh.documents[0].is_idle")
    dark = np.asarray(opened.picture(place).convert("L"))
    assert dark.mean() < 64
    assert dark.max() > 150, "its texts stayed dark"


def test_paper_gets_every_chart(opened: Tab) -> None:
    """Printing puts a copy in the place of each, also on a dark screen, and takes them away again."""
    opened.dress(dark=True)
    copies = "document.querySelectorAll('canvas.copy').length"
    opened.run("dispatchEvent(new Event('beforeprint'))")
    assert opened.run(copies) == opened.run(CHARTS)
    opened.run("dispatchEvent(new Event('afterprint'))")
    assert opened.run(copies) == 0
    assert len(opened.pdf()) > 200_000
