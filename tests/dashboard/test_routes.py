"""What is answered to whom: the live page and what it asks for, the report, /metrics, and the link on Locust's page."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from tests.dashboard.conftest import Pages, RunUnderWay
from tests.report.documents import parse
from whoson_load.dashboard import routes
from whoson_load.dashboard.chats import files

ALL = ["/chats", "/chats/moment", "/chats/points", "/chats/report", *(f"/chats/{name}" for name in files())]


@pytest.mark.parametrize("path", [*ALL, "/metrics"])
@pytest.mark.parametrize(
    "request_of",
    [
        {"host": "rebound.example.com:8089"},
        {"peer": "192.0.2.7"},
        {"Origin": "http://example.com"},
    ],
    ids=["another name", "another machine", "another origin"],
)
def test_nobody_from_elsewhere_sees_anything(
    pages: Pages, run: RunUnderWay, path: str, request_of: dict[str, str]
) -> None:
    """One line says why."""
    pages.begin(run)
    run.go_on()
    answer = pages.get(path, **request_of)
    assert answer.status == 403
    assert answer.text.startswith("got a request ")
    assert answer.text.count("\n") == 1


def test_the_page_asks_for_nothing_but_its_own_files(pages: Pages) -> None:
    """It is whole HTML, everything it names is there, and a browser may fetch nothing else."""
    answer = pages.get("/chats")
    assert answer.status == 200
    page = parse(answer.text)
    named = [each.attributes["src"] for each in page.all("script") if "src" in each.attributes]
    named += [each.attributes["href"] for each in page.all("link") if each.attributes["rel"] == "stylesheet"]
    assert len(named) == 4
    for name in named:
        found = pages.get(f"/{name}")
        assert (found.status, found.headers["Content-Type"].partition(";")[0]) == (200, files()[Path(name).name][0])
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "connect-src 'self'" in policy
    assert re.findall(r"https?://[^\s\"'<]+", answer.text) == []


def test_every_chart_of_the_page_has_its_place(pages: Pages) -> None:
    """Load, the four latencies, outcomes, and two of the generator."""
    page = parse(pages.get("/chats").text)
    charts = [each.attributes for each in page.all("div") if "data-chart" in each.attributes]
    assert [each["data-chart"] for each in charts] == ["load", *["latency"] * 4, "outcomes", "trust", "trust"]
    assert [each["id"] for each in charts] == [f"chart{number}" for number in range(8)]


def test_the_page_can_be_read_by_all(pages: Pages) -> None:
    """It has a language, landmarks, one status that is spoken politely, and a heading for each section."""
    page = parse(pages.get("/chats").text)
    (root,) = page.all("html")
    assert root.attributes["lang"] == "en"
    for landmark in ("header", "main", "nav", "footer"):
        assert len(list(page.all(landmark))) == 1
    (spoken,) = [each for each in page.all() if each.attributes.get("role") == "status"]
    assert spoken.attributes["id"] == "spoken"
    identities = [each.attributes["id"] for each in page.all() if "id" in each.attributes]
    assert len(identities) == len(set(identities))
    labels = [each.attributes["aria-labelledby"] for each in page.all("section")]
    assert set(labels) <= set(identities)


def test_a_reader_gets_the_points_that_it_does_not_have(pages: Pages, run: RunUnderWay) -> None:
    """By epoch and number; nothing is sent twice."""
    pages.begin(run)
    run.go_on(3)
    now = pages.get("/chats/moment").json
    assert now["points"] == 3
    first = pages.get(f"/chats/points?epoch={now['epoch']}&from=0&to=3").json
    run.go_on(2)
    rest = pages.get(f"/chats/points?epoch={now['epoch']}&from=3&to=5").json
    whole = pages.get(f"/chats/points?epoch={now['epoch']}&from=0&to=5").json
    assert {name: [*first[name], *rest[name]] for name in whole} == whole
    assert whole["visits in progress"] == [8, 16, 20, 20, 20]


def test_points_of_an_epoch_that_is_over_are_gone(pages: Pages, run: RunUnderWay) -> None:
    """The reader asks for the moment again, and begins from 0."""
    pages.begin(run)
    run.go_on()
    epoch = pages.get("/chats/moment").json["epoch"]
    pages.begin(RunUnderWay("two"))
    assert pages.get(f"/chats/points?epoch={epoch}&from=0&to=1").status == 409


@pytest.mark.parametrize("query", ["from=-1&to=2", "from=5&to=2"])
def test_numbers_of_points_that_are_none_are_refused(pages: Pages, run: RunUnderWay, query: str) -> None:
    """In one line."""
    pages.begin(run)
    run.go_on(3)
    answer = pages.get(f"/chats/points?epoch={pages.get('/chats/moment').json['epoch']}&{query}")
    assert (answer.status, answer.text) == (400, "expected numbers of points, from 0 on\n")


def test_without_a_query_there_are_no_points(pages: Pages, run: RunUnderWay) -> None:
    """All columns are there, and empty: what the source asks for before the script says more."""
    pages.begin(run)
    run.go_on(3)
    answer = pages.get("/chats/points").json
    assert "echo p99" in answer
    assert all(values == [] for values in answer.values())


def test_the_report_is_served_once_the_run_is_over(pages: Pages, run: RunUnderWay) -> None:
    """Before, and while it is not written, there is none."""
    pages.begin(run)
    run.go_on()
    pages.page.write_text("<p>the report</p>", "utf-8")
    assert pages.get("/chats/report").status == 404
    run.end()
    answer = pages.get("/chats/report")
    assert (answer.status, answer.text) == (200, "<p>the report</p>")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    pages.page.unlink()
    assert pages.get("/chats/report").status == 404


@pytest.mark.parametrize(
    "path", ["/chats/report/../run.json", "/chats/..%2frun.json", "/chats/report?file=run.json", "/chats/run.json"]
)
def test_no_other_file_of_the_record_can_be_had(pages: Pages, run: RunUnderWay, path: str) -> None:
    """Whatever is asked for: no path comes from a request."""
    pages.begin(run)
    pages.page.write_text("the report", "utf-8")
    (pages.page.parent / "run.json").write_text("the secret", "utf-8")
    run.end()
    answer = pages.get(path)
    assert "secret" not in answer.text
    assert (answer.status, answer.text) == (200, "the report") or answer.status == 404


def test_locusts_page_links_to_ours(pages: Pages) -> None:
    """Where it can be followed, and nowhere else."""
    assert '<a href="/chats"' in pages.get("/").text
    assert "WhosOn chats" not in pages.get("/", peer="192.0.2.7").text


def test_pages_keep_to_the_prefix_of_locusts(tmp_path: Path) -> None:
    """With --web-base-path all of them have it."""
    pages = Pages(tmp_path, prefix="/load")
    assert '<a href="/load/chats"' in pages.get("/load/").text
    assert pages.get("/load/chats").status == 200
    assert pages.get("/chats").status == 404


@pytest.mark.parametrize("path", [*ALL, "/metrics"])
def test_where_locust_asks_for_a_login_so_do_we(tmp_path: Path, path: str) -> None:
    """Nothing is answered before it."""
    answer = Pages(tmp_path, login=True).get(path)
    assert answer.status == 302
    assert answer.headers["Location"].startswith("/login")


def test_where_the_page_is_to_be_found_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As an address that a browser takes."""
    Pages(tmp_path)
    Pages(tmp_path, host="::1")
    Pages(tmp_path, host="", prefix="/load")
    assert capsys.readouterr().out.splitlines() == [
        "Live page: http://127.0.0.1:8089/chats",
        "Live page: http://[::1]:8089/chats",
        "Live page: http://localhost:8089/load/chats",
    ]


def test_metrics_are_for_whoever_sees_locusts_page(tmp_path: Path, run: RunUnderWay) -> None:
    """Where that is served to a network, a Prometheus elsewhere may ask; the live page stays on this machine."""
    pages = Pages(tmp_path, host="")
    pages.begin(run)
    run.go_on()
    assert "whoson_load_run_active 1.0" in pages.get("/metrics", peer="192.0.2.7", host="master:8089").text
    assert pages.get("/chats", peer="192.0.2.7", host="master:8089").status == 403


def test_pages_can_do_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are loaded all the same, and only /metrics is missing."""
    for name in list(sys.modules):
        if name.startswith("prometheus_client.") or name == "whoson_load.dashboard.metrics":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    spec = importlib.util.find_spec("whoson_load.dashboard.routes")
    assert spec is not None
    assert spec.loader is not None
    without = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(without)
    assert (routes._has_metrics, without._has_metrics) == (True, False)


def test_metrics_name_the_extra_that_they_need(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one clear line."""
    monkeypatch.setattr(routes, "_has_metrics", False)
    answer = pages.get("/metrics")
    assert answer.status == 404
    assert answer.text == (
        "no metrics: got no prometheus-client, expected it installed: pip install 'whoson-load[prometheus]'\n"
    )
