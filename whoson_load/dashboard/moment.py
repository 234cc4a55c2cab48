"""What the live page says in words and tables, at any moment of a run. Knows figures, and no HTML.

Sentences and tables are the report's own wherever it has them, so that the page and the report never differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from whoson_load.analysis.summary import funnel
from whoson_load.dashboard.feed import Feed, Shown
from whoson_load.measurement.ledger import Fate
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.run import Ending, Summary, TimelineLine
from whoson_load.measurement.sample import ECHO
from whoson_load.measurement.trust import Verdict
from whoson_load.report.facts import Facts, lasting
from whoson_load.report.latencies import format_ms
from whoson_load.report.sentence import rolled_up, sentence
from whoson_load.report.statements import statements

__all__ = ["IN_PROGRESS", "Moment", "TableText", "moment"]

IN_PROGRESS: Final = "visits in progress"
"""The gauge of visits that have begun and not ended."""

_FLAWS: Final = (Fate.LOST, Fate.DUPLICATED, Fate.REORDERED, Fate.CROSSED)
_SAID: Final = ("lines", "flaws", "trust")
_KNOWN_AT_THE_END: Final = ("Objectives", "The run")
_NO_RUN: Final = "No test has been started yet. Start one on Locust's page."


class TableText(msgspec.Struct, frozen=True):
    """A table, cell by cell.

    Attributes:
        caption: what it lists.
        head: the names of its columns.
        rows: of as many cells each.
    """

    caption: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page shows but for its charts.

    Attributes:
        phase: `none` before the first run, `waiting` for its first interval, `running`, or `over`.
        sentence: the sentence of the moment.
        mood: how it looks: `good`, `bad`, `doubt` or `plain`.
        about: of the run: its name, its target, and when it began.
        verdicts: about what, which, and its mood.
        tables: by the name of their place.
        said: sentences by the name of what they are about.
        ask_again_s: when there may be something new, in seconds from now.
        epoch, points: of the charts.
        rolled_up: what one point of the charts stands for, where it is more than an interval.
        report: whether the run's report can be read.
    """

    phase: str
    sentence: str
    mood: str = "plain"
    about: list[str] = []
    verdicts: list[tuple[str, str, str]] = []
    tables: dict[str, TableText] = {}
    said: dict[str, str] = {}
    ask_again_s: float = 2.0
    epoch: str = ""
    points: int = 0
    rolled_up: str = ""
    report: bool = False


def moment(feed: Feed) -> Moment:
    """What is to be said now."""
    run, summary = feed.run, feed.summary
    if run is None or summary is None:
        return Moment(phase="none", sentence=_NO_RUN)
    if not summary.funnel:
        summary = msgspec.structs.replace(summary, funnel=funnel(summary))
    facts = Facts(run.info, summary)
    about = [run.info.name, run.info.target, facts.begun]
    # No longer than an interval, or a page that was opened in the middle of one would always be behind.
    ask_again_s = min(5.0, max(1.0, run.info.interval_s / 2))
    if feed.line is None and not feed.is_over:
        waiting = Moment(phase="waiting", sentence=_awaited(run), about=about, ask_again_s=ask_again_s)
        return msgspec.structs.replace(waiting, epoch=feed.epoch)
    is_over = feed.is_over
    said, mood = _over(run, summary, facts) if is_over else _under_way(run, summary, feed.line)
    told = statements(summary)
    return Moment(
        phase="over" if is_over else "running",
        sentence=said,
        mood=mood,
        about=about,
        verdicts=[each[:3] for each in facts.verdicts() if is_over or each.about not in _KNOWN_AT_THE_END],
        tables=_tables(summary, facts, is_over=is_over),
        said={name: told[name].text for name in _SAID if name in told},
        ask_again_s=ask_again_s,
        epoch=feed.epoch,
        points=feed.points,
        rolled_up=rolled_up(feed.intervals_a_point, run.info.interval_s),
        report=is_over and feed.page.is_file(),
    )


def _awaited(run: Shown) -> str:
    return (
        f"The run has begun. Its first figures come when its first interval is over and every worker has reported it:"
        f" {run.info.interval_s:g} s."
    )


def _over(run: Shown, summary: Summary, facts: Facts) -> tuple[str, str]:
    if run.info.ending is Ending.FAILED:
        return f"The run is over: it failed before its end. {sentence(summary)}", "bad"
    return f"The run is over. {sentence(summary)}", facts.mood


def _under_way(run: Shown, summary: Summary, line: TimelineLine | None) -> tuple[str, str]:
    if summary.trust.verdict is Verdict.INVALID:
        return f"So far this run says nothing about the server: {summary.trust.reason}", "bad"
    ended = sum(summary.outcomes.values())
    said = [f"{_counted(line.gauges.get(IN_PROGRESS, 0) if line else 0, 'visit')} in progress"]
    if line is not None:
        said[0] += f" {lasting(line.end_ns - run.info.started_ns)} into the run"
    if ended:
        said.append(f"{_counted(ended, 'visit')} ended, {summary.outcomes[Outcome.SERVED]:,} served")
    echo = summary.series[ECHO]
    if echo.count:
        said.append(f"99 % of lines echoed within {format_ms(echo.p99_ms)}")
    flaws = [f"{summary.lines[each]:,} {each}" for each in _FLAWS if summary.lines.get(each)]
    if flaws:
        said.append(f"lines {', '.join(flaws)}")
    text = "; ".join(said) + "."
    if summary.trust.verdict is Verdict.DOUBTFUL:
        return f"{text} So far it is doubtful: {summary.trust.reason}", "bad" if flaws else "doubt"
    return text, "bad" if flaws else "plain"


def _tables(summary: Summary, facts: Facts, *, is_over: bool) -> dict[str, TableText]:
    part = "steady part" if facts.judged_part == "steady" else "whole run" if is_over else "run so far"
    ended = sum(summary.outcomes.values())
    outcomes = [
        (name.replace("_", " "), f"{count:,}", f"{count / ended:.1%}")
        for name, count in sorted(summary.outcomes.items(), key=lambda each: -each[1])
        if count
    ]
    few = facts.few(facts.headlines())
    steps = [each.cells[:3] for each in facts.funnel()]
    headlines, lines, fired = (
        [each.cells for each in rows] for rows in (facts.headlines(), facts.lines(), facts.fired())
    )
    return {
        "headlines": TableText(
            f"Headline times of the {part}" + (f" ({few})" if few else ""), facts.headline_head, headlines
        ),
        "funnel": TableText("How far visitors came", ("step", "visits", "of all"), steps),
        "outcomes": TableText("How visits ended", ("outcome", "visits", "of all"), outcomes),
        "lines": TableText("The ledger of lines", ("fate", "lines"), lines),
        "trust": TableText("What was too much for the generator", ("rule", "what helps", "intervals"), fired),
    }


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
