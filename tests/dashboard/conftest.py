"""A run under way, fed by hand, and Locust's pages with ours without a server."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from locust import User
from locust.env import Environment

from tests.report.conftest import KnownRun, S
from whoson_load.client.target import is_loopback
from whoson_load.dashboard.feed import Feed
from whoson_load.dashboard.routes import open_pages
from whoson_load.measurement.interval import MergedInterval, Totals
from whoson_load.measurement.run import Ending, Summary, TimelineLine, summarize
from whoson_load.measurement.trust import Judgement, Verdict

TRUSTED = Judgement(verdict=Verdict.TRUSTED, reason="The generator kept up in every interval.")


class RunUnderWay:
    """The known run, which hands its intervals over when it is told to.

    Attributes:
        info, totals, heard: as of a run.
        trust: what is judged of it at any time.
    """

    def __init__(self, run_id: str = "one") -> None:
        known = KnownRun()
        self.info = msgspec.structs.replace(known.info, run_id=run_id, ended_ns=None, ending=None, exit_code=None)
        self.totals = Totals()
        self.heard: list[Callable[[MergedInterval, TimelineLine], None]] = []
        self.trust = TRUSTED
        self._lines = known.timeline()
        self._intervals = [known.totals(line.start_ns, line.start_ns + 1) for line in self._lines]

    def summary(self) -> Summary:
        """What is known so far."""
        return summarize(self.totals, self.trust)

    def go_on(self, intervals: int = 1) -> None:
        """Hand over the next ones."""
        for _ in range(intervals):
            self.totals.add(self._intervals.pop(0))
            self.say(self._lines.pop(0))

    def say(self, line: TimelineLine) -> None:
        """Hand over any line."""
        for hear in self.heard:
            hear(MergedInterval(line.start_ns), line)

    def end(self, ending: Ending = Ending.FINISHED) -> Summary:
        """It is over."""
        self.info.ending = ending
        self.info.ended_ns = self.info.started_ns + 60 * S
        return self.summary()


@pytest.fixture
def run() -> RunUnderWay:
    """One that has just begun."""
    return RunUnderWay()


class Pages:
    """Locust's pages and ours, as clients of this machine and of others see them.

    Attributes:
        environment: Locust's.
        feed: what is shown.
        page: where the report will be.
    """

    def __init__(self, folder: Path, *, host: str = "127.0.0.1", prefix: str = "", login: bool = False) -> None:
        options = argparse.Namespace(web_base_path=prefix, num_users=1, spawn_rate=1, run_time=None)
        options.stats_history_enabled = False
        self.environment = Environment(user_classes=[User], parsed_options=options)
        self.environment.create_local_runner()
        web_ui = self.environment.create_web_ui(host, 8089, prefix or None, web_login=login, delayed_start=True)
        self.feed = open_pages(self.environment, is_loopback)
        self.page = folder / "report.html"
        assert web_ui.app is not None
        if login:
            web_ui.app.secret_key = "of the tests"
            web_ui.login_manager.user_loader(lambda _: None)
        self._client = web_ui.app.test_client()

    def get(self, path: str, *, host: str = "127.0.0.1:8089", peer: str = "127.0.0.1", **headers: str) -> Answer:
        """Ask for a path."""
        answer = self._client.get(
            path, headers={"Host": host, **headers}, environ_overrides={"REMOTE_ADDR": peer, "HTTP_HOST": host}
        )
        return Answer(answer.status_code, answer.get_data(as_text=True), dict(answer.headers))

    def begin(self, run: RunUnderWay) -> None:
        """Show a run."""
        self.feed.begin(run, self.page)


class Answer:
    """What was answered."""

    def __init__(self, status: int, text: str, headers: dict[str, str]) -> None:
        self.status, self.text, self.headers = status, text, headers

    @property
    def json(self) -> dict[str, object]:
        """What it holds."""
        held: dict[str, object] = msgspec.json.decode(self.text)
        return held


@pytest.fixture(autouse=True)
def _no_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locust's page reads the command line, which here is the tests'."""
    monkeypatch.setattr(sys, "argv", ["locust"])


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    """Those of `whoson-load run --web`."""
    return Pages(tmp_path)


@pytest.fixture
def feed(run: RunUnderWay, tmp_path: Path) -> Feed:
    """What shows the run."""
    feed = Feed()
    feed.begin(run, tmp_path / "report.html")
    return feed
