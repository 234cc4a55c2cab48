"""One browser for all tests, and the page of a real run that they open in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import Chromium, find_chromium
from tests.programs import ROOT
from whoson_load.cli.report import summary_of
from whoson_load.page import page_of
from whoson_load.record.reader import RunReader

MISSED = ROOT / "reports" / "example-missed"


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """A browser; without one no test of a page can say anything, so that all of them end here."""
    path = find_chromium()
    if path is None:
        pytest.exit("no Chromium is there: apt-get install chromium, or name one by CHROMIUM=/path/to/it", returncode=1)
    with Chromium(path, tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a run in which much went wrong, as a file."""
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    reader = RunReader(MISSED)
    path.write_text(page_of(reader, summary_of(reader)), "utf-8")
    return path.as_uri()
