"""The live page in a browser: it draws what comes, as it comes, says what goes on, and asks nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.chromium import Chromium, Tab, colours
from tests.locust_page import Page, open_page
from tests.programs import Programs

pytestmark = pytest.mark.browser

SENTENCE = "document.getElementById('sentence').textContent"
POINTS = "Bokeh.documents[0].get_model_by_name('points').get_length()"
DRAWN = ("visits in progress", "connect p50", "echo p50", "generator loop lag p99")
KNOWN = (
    f"{list(DRAWN)}.map((name) => Bokeh.documents[0].get_model_by_name('points').data[name]"
    ".filter((value) => value > 0).length)"
)
VISIBLE = "document.getElementById('{}').checkVisibility()"


@pytest.fixture(scope="module")
def page(shared_programs: Programs) -> Iterator[Page]:
    """Of a run with intervals of a second; no test has started yet."""
    page = open_page(shared_programs, "--interval", "1")
    yield page
    page.program.interrupt()
    page.program.end()


def start(page: Page) -> None:
    """Start a test from Locust's form."""
    assert page.post("/swarm", user_count=8, spawn_rate=8, pace="20", host=page.host)["success"]


@pytest.fixture
def opened(chromium: Chromium, page: Page) -> Iterator[Tab]:
    """The page, light, on a wide screen."""
    tab = chromium.open(f"{page.url}/chats")
    tab.wait_for(f"{SENTENCE} !== 'Asking what goes on.'")
    yield tab
    tab.close()


def complaints(tab: Tab) -> list[Any]:
    """Errors and warnings in the console, and breaches of the policy."""
    said = tab.events("Runtime.exceptionThrown", "Log.entryAdded")
    return said + [each for each in tab.events("Runtime.consoleAPICalled") if each["type"] in ("error", "warning")]


def asked(tab: Tab) -> list[str]:
    """What was asked for on the network."""
    urls = [each["request"]["url"] for each in tab.events("Network.requestWillBeSent")]
    return [each for each in urls if not each.startswith(("data:", "blob:"))]


def test_a_test_is_followed_from_its_begin_to_its_end_and_the_next_one_as_well(opened: Tab, page: Page) -> None:
    """No reload, no point sent twice, nothing asked of anybody else, and the report is a click away."""
    assert opened.run(SENTENCE) == "No test has been started yet. Start one on Locust's page."
    assert not opened.run(VISIBLE.format("load"))

    start(page)
    opened.wait_for(f"{POINTS} >= 4 && {KNOWN}.every((known) => known >= 2) && Bokeh.documents[0].is_idle")
    assert opened.run(VISIBLE.format("load"))
    assert " into the run" in opened.run(SENTENCE) or "says nothing" in opened.run(SENTENCE)
    for number in (0, 1, 4, 6):  # load, connect, echo, how late the generator was
        assert colours(opened.picture(opened.box(f"#chart{number}"))) > 100, f"chart{number} is empty"
    ranges = [parse_qs(urlsplit(each).query) for each in asked(opened) if "/chats/points?" in each]
    ends = [(int(each["from"][0]), int(each["to"][0])) for each in ranges]
    assert len(ends) > 1
    assert ends[0][0] == 0
    assert [first for first, _ in ends[1:]] == [behind for _, behind in ends[:-1]]

    page.post("/stop")
    opened.wait_for(f"{SENTENCE}.startsWith('The run is over.')")
    opened.wait_for(VISIBLE.format("report"))
    start(page)
    opened.wait_for(f"shown.epoch.startsWith('2.') && {POINTS} === shown.points")
    assert not opened.run(VISIBLE.format("report"))
    page.post("/stop")
    opened.wait_for(VISIBLE.format("report"))

    assert complaints(opened) == []
    assert {urlsplit(each).netloc for each in asked(opened)} == {urlsplit(page.url).netloc}
    opened.run("document.querySelector('#report a').click()")
    opened.wait_for("document.title.includes('hurried') && Number(document.documentElement.dataset.drawn) > 0")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1100])
def test_the_page_fits_and_can_be_read_by_all(chromium: Chromium, page: Page, width: int, dark: bool) -> None:
    """Nothing is wider than a small telephone, and axe finds nothing, light and dark."""
    start(page)
    tab = chromium.open(f"{page.url}/chats", width=width, dark=dark)
    tab.wait_for(f"{POINTS} >= 1 && Bokeh.documents[0].is_idle")
    assert tab.run("document.documentElement.scrollWidth") <= width
    tab.run(resources.files("axe_core_python").joinpath("axe.min.js").read_text("utf-8") + "; 0")
    found: list[dict[str, Any]] = tab.run("axe.run().then((told) => told.violations)")
    assert [(each["id"], [node["html"][:200] for node in each["nodes"]][:3]) for each in found] == []
    tab.close()
    page.post("/stop")


def test_a_page_whose_server_is_gone_says_so(chromium: Chromium, programs: Programs) -> None:
    """What it shows stays, and is called old."""
    page = open_page(programs)
    tab = chromium.open(f"{page.url}/chats")
    tab.wait_for(f"{SENTENCE}.startsWith('No test')")
    assert not tab.run(VISIBLE.format("silence"))
    page.program.interrupt()
    page.program.end()
    tab.wait_for(VISIBLE.format("silence"))
    assert "There is no answer any more" in tab.run("document.getElementById('silence').textContent")
    tab.close()
