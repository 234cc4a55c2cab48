"""What the live page says at any moment of a run."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.dashboard.conftest import RunUnderWay
from tests.report.conftest import known_summary
from whoson_load.dashboard.feed import Feed
from whoson_load.dashboard.moment import moment
from whoson_load.measurement.run import Ending
from whoson_load.measurement.trust import Judgement, Verdict
from whoson_load.report.latencies import FEW
from whoson_load.report.sentence import sentence
from whoson_load.report.statements import statements

INVALID = Judgement(verdict=Verdict.INVALID, reason="At worst, worker w1 used 99% of one CPU core.")
DOUBTFUL = Judgement(verdict=Verdict.DOUBTFUL, reason="At worst, worker w1 used 92% of one CPU core.")


def test_before_the_first_run_it_says_how_to_begin_one() -> None:
    """Nothing is shown, and it is asked again soon."""
    now = moment(Feed())
    assert (now.phase, now.sentence) == ("none", "No test has been started yet. Start one on Locust's page.")
    assert (now.points, now.tables, now.report) == (0, {}, False)


def test_before_the_first_interval_it_says_what_it_waits_for(feed: Feed) -> None:
    """And for how long."""
    now = moment(feed)
    assert now.phase == "waiting"
    assert "first interval is over and every worker has reported it: 5 s." in now.sentence
    assert (now.epoch, now.points) == (feed.epoch, 0)
    assert now.about == ["known", "ws://127.0.0.1:8009/", "2025-10-09 08:53:20 UTC"]


def test_the_sentence_of_a_run_under_way(feed: Feed, run: RunUnderWay) -> None:
    """Who is there, who has left, and how long lines take."""
    run.go_on(2)
    now = moment(feed)
    assert now.phase == "running"
    assert now.mood == "plain"
    assert now.sentence == (
        "16 visits in progress 10 s into the run; 4 visits ended, 3 served; 99 % of lines echoed within 20.0 ms."
    )


def test_a_lost_line_is_in_the_sentence(feed: Feed, run: RunUnderWay) -> None:
    """However fast all others came back."""
    run.go_on()
    run.totals.tally.lines["lost"] = 2
    now = moment(feed)
    assert now.sentence.endswith("; lines 2 lost.")
    assert now.mood == "bad"


@pytest.mark.parametrize(
    "trust, said, mood",
    [
        (INVALID, f"So far this run says nothing about the server: {INVALID.reason}", "bad"),
        (DOUBTFUL, f"So far it is doubtful: {DOUBTFUL.reason}", "doubt"),
    ],
)
def test_a_generator_that_does_not_keep_up_is_in_the_sentence(
    feed: Feed, run: RunUnderWay, trust: Judgement, said: str, mood: str
) -> None:
    """With the reason; where nothing can be trusted, nothing else is said."""
    run.trust = trust
    run.go_on()
    now = moment(feed)
    assert said in now.sentence
    assert (now.sentence == said) == (trust is INVALID)
    assert now.mood == mood


def test_tables_and_sentences_are_the_reports(feed: Feed, run: RunUnderWay) -> None:
    """Of the run so far: latencies, outcomes, the ledger, trust."""
    run.go_on(12)
    now, told = moment(feed), statements(run.summary())
    assert now.said == {name: told[name].text for name in ("lines", "flaws", "trust")}
    assert now.tables["headlines"].caption == f"Headline times of the run so far ({FEW})"
    assert now.tables["headlines"].rows[3] == ("echo", "12.0 ms", "20.0 ms", "*20.0 ms", "20.0 ms")
    assert list(now.tables["lines"].rows) == [("sent", "60"), ("echoed", "60")]
    assert list(now.tables["outcomes"].rows) == [("served", "20", "83.3%"), ("abandoned", "4", "16.7%")]
    assert ("picked up", "60", "73.2%") in now.tables["funnel"].rows


def test_what_is_judged_at_the_end_is_not_said_before(feed: Feed, run: RunUnderWay) -> None:
    """That no objective has been judged yet must not read as if none had been given."""
    run.go_on()
    assert {about for about, _, _ in moment(feed).verdicts} == {"Generator", "Lines", "Errors"}
    run.end()
    feed.end(known_summary())
    assert ("Objectives", "3 of 4 met", "bad") in moment(feed).verdicts


def test_a_run_that_is_over_says_so_and_what_it_came_to(feed: Feed, run: RunUnderWay, tmp_path: Path) -> None:
    """In the report's sentence; the report is there once it is written."""
    run.go_on(12)
    run.end()
    summary = known_summary()
    feed.end(summary)
    now = moment(feed)
    assert (now.phase, now.mood, now.report) == ("over", "bad", False)
    assert now.sentence == f"The run is over. {sentence(summary)}"
    assert now.tables["headlines"].caption.startswith("Headline times of the steady part")
    (tmp_path / "report.html").touch()
    assert moment(feed).report


def test_a_run_that_failed_says_so(feed: Feed, run: RunUnderWay) -> None:
    """Also before it had any interval."""
    run.end(Ending.FAILED)
    assert moment(feed).sentence.startswith("The run is over: it failed before its end.")


def test_it_is_asked_again_within_an_interval(feed: Feed, run: RunUnderWay) -> None:
    """And neither without a break nor a minute later, however long intervals are."""
    asked_again_s = []
    for interval_s in (0.5, 5.0, 300.0):
        run.info = msgspec.structs.replace(run.info, interval_s=interval_s)
        asked_again_s.append(moment(feed).ask_again_s)
    assert asked_again_s == [1.0, 2.5, 5.0]
