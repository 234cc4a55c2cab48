"""The live page of a whole run with workers: what it shows while the run goes on and after it, and of the next run."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.locust_page import Page, open_page
from tests.programs import Programs, wait_until
from whoson_load.dashboard.chats import COLUMNS
from whoson_load.record.reader import RunReader
from whoson_load.report.columns import Intervals
from whoson_load.report.facts import Facts
from whoson_load.report.sentence import sentence


def moment(page: Page) -> dict[str, Any]:
    """What it says now."""
    return page.get("/chats/moment")


def start(page: Page, after: str = "") -> dict[str, Any]:
    """Start a test from Locust's form, and come back when the page shows some of it."""
    assert page.post("/swarm", user_count=6, spawn_rate=6, pace="20", host=page.host)["success"]

    def shows_it() -> bool:
        now = moment(page)
        if now["phase"] != "running" or now["epoch"].partition(".")[0] == after:
            return False
        return bool(now["points"] >= 3 and now["tables"]["lines"]["rows"])

    wait_until(shows_it, 40, "the page showed no points, or no line", of=page.program)
    return moment(page)


def stop(page: Page) -> dict[str, Any]:
    """Stop the test, and come back when its report is there."""
    page.post("/stop")
    wait_until(lambda: bool(moment(page)["report"]), 40, "no report came", of=page.program)
    return moment(page)


def test_the_page_shows_what_the_record_holds(programs: Programs) -> None:
    """Merged at the master, point by point, while the run goes on, when it is over, and of the next one as well."""
    page = open_page(programs, "--processes", "2", "--interval", "1")
    assert moment(page)["phase"] == "none"
    assert "Live page: " in page.program.stdout

    under_way = start(page)
    assert under_way["about"][1] == f"{page.host}/"
    assert under_way["epoch"].startswith("1.")
    assert "whoson_load_run_active 1.0" in page.fetch("/metrics").decode()

    over = stop(page)
    (folder,) = (programs.folder / "out").iterdir()
    reader = RunReader(folder)
    summary = reader.summary()
    assert summary is not None
    assert over["phase"] == "over"
    assert over["sentence"] == f"The run is over. {sentence(summary)}"
    assert over["tables"]["headlines"]["rows"] == [list(row.cells) for row in Facts(reader.info, summary).headlines()]
    assert page.fetch("/chats/report") == (folder / "report.html").read_bytes()
    recorded = Intervals(reader.info.started_ns, 1.0, reader.timeline()).columns().chosen(COLUMNS)
    shown = page.get(f"/chats/points?epoch={over['epoch']}&from=0&to={over['points']}")
    for name, values in recorded.items():
        assert shown[name] == [None if np.isnan(value) else value for value in values], name
    assert len({worker for line in reader.timeline() for worker in line.generators}) == 2
    assert f'whoson_load_lines_total{{fate="sent"}} {float(summary.lines["sent"])}' in page.fetch("/metrics").decode()

    again = start(page, after="1")
    assert again["epoch"].startswith("2.")
    stop(page)
    assert len(list((programs.folder / "out").iterdir())) == 2
    page.program.interrupt()
    ended = page.program.end()
    assert ended.code in (0, 4), ended.stderr
    assert "Traceback" not in ended.stderr
