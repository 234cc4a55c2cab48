"""The known run as text, Markdown and JUnit, word by word; and that each figure moves its own words only."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from whoson_load.measurement.run import RunInfo, Summary
from whoson_load.measurement.trust import Judgement, Verdict
from whoson_load.report.junit import render_junit
from whoson_load.report.markdown import render_markdown
from whoson_load.report.sentence import sentence
from whoson_load.report.terminal import render_summary

GOLDEN = Path(__file__).parent / "golden"
INVALID = Judgement(verdict=Verdict.INVALID, reason="It was busy.", advice="Use more workers.", rule="cpu")


def golden(name: str) -> str:
    """What the rendering of this name has to be."""
    return (GOLDEN / name).read_text("utf-8")


def test_text_is_as_it_was(summary: Summary) -> None:
    """The table at the end of a run."""
    assert render_summary(summary, "reports/known") + "\n" == golden("known.txt")


def test_markdown_is_as_it_was(info: RunInfo, summary: Summary) -> None:
    """For a pull request."""
    assert render_markdown(info, summary) == golden("known.md")


def test_junit_is_as_it_was(info: RunInfo, summary: Summary) -> None:
    """For whatever shows test results."""
    assert render_junit(info, summary) == golden("known.xml")


def changed_lines(before: str, after: str) -> set[str]:
    """The lines that only one of them has."""
    return set(before.splitlines()) ^ set(after.splitlines())


def test_a_figure_moves_its_own_words_only(info: RunInfo, summary: Summary) -> None:
    """One lost line more: the line about lines changes, and nothing else."""
    altered = msgspec.structs.replace(summary, lines={**summary.lines, "lost": 9})
    changed = changed_lines(render_markdown(info, summary), render_markdown(info, altered))
    assert changed == {"Lines: 60 sent, 60 echoed, 0 lost.", "Lines: 60 sent, 60 echoed, 9 lost."}


def test_a_latency_moves_its_own_row_only(info: RunInfo, summary: Summary) -> None:
    """Another p99 of the steady echo."""
    assert summary.steady is not None
    echo = msgspec.structs.replace(summary.steady["echo"], p99_ms=123.0)
    altered = msgspec.structs.replace(summary, steady={**summary.steady, "echo": echo})
    changed = changed_lines(render_markdown(info, summary), render_markdown(info, altered))
    assert len(changed) == 2
    assert all(line.startswith("| echo |") for line in changed)


@pytest.mark.parametrize(
    "met, verdict, said",
    [
        ([], Verdict.TRUSTED, "No objectives were given, so nothing was judged."),
        ([True], Verdict.TRUSTED, "The objective was met."),
        ([True, True], Verdict.TRUSTED, "All 2 objectives were met."),
        ([True, False], Verdict.TRUSTED, "1 of 2 objectives missed: accepted p95 < 2s."),
        ([True], Verdict.DOUBTFUL, "The objective was met. It is doubtful: So so."),
        ([False], Verdict.INVALID, "This run says nothing about the server: So so."),
    ],
)
def test_the_sentence_says_what_counts(summary: Summary, met: list[bool], verdict: Verdict, said: str) -> None:
    """Whether the run says anything comes first."""
    judged = [msgspec.structs.replace(each, met=one) for each, one in zip(summary.objectives, met, strict=False)]
    trust = Judgement(verdict=verdict, reason="So so.")
    assert sentence(msgspec.structs.replace(summary, objectives=judged, trust=trust)) == said


# JUnit has no schema of its own; this is what Jenkins' and GitLab's readers take, written down as a table.


@dataclass(frozen=True)
class Rule:
    """What one element may be: attributes with the form of their values, and children in any number."""

    required: dict[str, str] = field(default_factory=dict)
    optional: dict[str, str] = field(default_factory=dict)
    children: tuple[str, ...] = ()
    text: bool = False


WHOLE, SECONDS, TEXT = r"\d+", r"\d+(\.\d+)?", r"[^\n]+"
COUNTS = {"tests": WHOLE, "failures": WHOLE, "errors": WHOLE, "skipped": WHOLE, "time": SECONDS, "name": TEXT}
SCHEMA = {
    "testsuites": Rule(COUNTS, children=("testsuite",)),
    "testsuite": Rule({**COUNTS, "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"}, children=("properties", "testcase")),
    "properties": Rule(children=("property",)),
    "property": Rule({"name": TEXT, "value": TEXT}),
    "testcase": Rule(
        {"name": TEXT, "classname": TEXT, "time": SECONDS}, children=("failure", "error", "skipped", "system-out")
    ),
    "failure": Rule({"message": TEXT, "type": TEXT}, text=True),
    "error": Rule({"message": TEXT, "type": TEXT}, text=True),
    "skipped": Rule({"message": TEXT}),
    "system-out": Rule(text=True),
}


def breaches(element: ET.Element) -> list[str]:
    """Where a document departs from the schema."""
    rule = SCHEMA[element.tag]
    allowed = {**rule.required, **rule.optional}
    found = [f"{element.tag}: no {name}" for name in rule.required if name not in element.attrib]
    found += [
        f"{element.tag}: {name}={value!r}"
        for name, value in element.attrib.items()
        if name not in allowed or not re.fullmatch(allowed[name], value)
    ]
    if not rule.text and (element.text or "").strip():
        found.append(f"{element.tag}: text")
    for child in element:
        found += breaches(child) if child.tag in rule.children else [f"{element.tag}: {child.tag}"]
    return found


def counted(suite: ET.Element) -> dict[str, int]:
    """What the cases of a suite say themselves."""
    return {
        "tests": len(suite.findall("testcase")),
        "failures": len(suite.findall("testcase/failure")),
        "errors": len(suite.findall("testcase/error")),
        "skipped": len(suite.findall("testcase/skipped")),
    }


@pytest.mark.parametrize("invalid", [False, True])
def test_junit_keeps_to_its_schema(info: RunInfo, summary: Summary, invalid: bool) -> None:
    """And the suite's counts are those of its cases; an invalid run fails none of its objectives, it errs."""
    if invalid:
        summary = msgspec.structs.replace(summary, trust=INVALID)
    suites = ET.fromstring(render_junit(info, summary))
    assert not breaches(suites)
    for suite in suites:
        assert {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")} == counted(suite)
    assert counted(suites[0])["failures"] == (0 if invalid else 1)
    assert counted(suites[0])["skipped"] == (4 if invalid else 0)


def test_junit_holds_nothing_that_xml_forbids(info: RunInfo, summary: Summary) -> None:
    """Whatever a run was called."""
    strange = msgspec.structs.replace(info, name="a\x00b<&>'\"\ud800")
    assert ET.fromstring(render_junit(strange, summary))[0].attrib["name"] == "a\ufffdb<&>'\"\ufffd"
