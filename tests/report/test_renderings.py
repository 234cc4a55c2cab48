"""The known run as text, Markdown and JUnit, word by word; and that each figure moves its own words only."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from whoson_load.measurement.capacity import Capacity, Conclusion, Quantity, Wanted
from whoson_load.measurement.outlook import Drifts, Staffing, Trend
from whoson_load.measurement.run import RunInfo, Summary
from whoson_load.measurement.trust import Judgement, Verdict
from whoson_load.report.junit import render_junit
from whoson_load.report.markdown import render_markdown
from whoson_load.report.sentence import sentence
from whoson_load.report.terminal import render_summary

GOLDEN = Path(__file__).parent / "golden"
DRIFTING = Drifts(
    trend=Trend.DRIFTING, reason="Drifting: echo p99. The objective of echo p99 will be missed in 7.1 h.", figures=[]
)
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


def echo_p99(summary: Summary) -> Summary:
    """Another p99 of the steady echo."""
    assert summary.steady is not None
    echo = msgspec.structs.replace(summary.steady["echo"], p99_ms=123.0)
    return msgspec.structs.replace(summary, steady={**summary.steady, "echo": echo})


def first_objective(summary: Summary, **changed: object) -> Summary:
    """The first objective judged otherwise."""
    altered = msgspec.structs.replace(summary.objectives[0], **changed)
    return msgspec.structs.replace(summary, objectives=[altered, *summary.objectives[1:]])


Alter = Callable[[Summary], Summary]
# What is altered -> beginnings of the lines that change in Markdown, and in text; each line once before, once after.
MOVES: dict[str, tuple[Alter, tuple[str, ...], tuple[str, ...]]] = {
    "a lost line": (
        lambda run: msgspec.structs.replace(run, lines={**run.lines, "lost": 9}),
        ("Lines: 60 sent",),
        ("Lines: 60 sent",),
    ),
    "the steady echo": (echo_p99, ("| echo |",), ("echo ",)),
    "an outcome": (
        lambda run: msgspec.structs.replace(run, outcomes={**run.outcomes, "served": 21}),
        (),
        ("Visits: 2",),
    ),
    "a step of the funnel": (
        lambda run: msgspec.structs.replace(run, funnel={**run.funnel, "connected": 59}),
        ("| connected |",),
        (),
    ),
    "another way out": (
        lambda run: msgspec.structs.replace(run, funnel={**run.funnel, "abandoned": 5}),
        ("Other ways out: ",),
        (),
    ),
    "where an objective was judged": (
        lambda run: first_objective(run, from_s=15.0),
        ("| ❌ missed | echo p99",),
        (f"{'':33}that is the highest (steady part 00:1",),  # the second line of the table's cell
    ),
    "what an objective came to": (
        lambda run: first_objective(run, said="missed: otherwise"),
        ("| ❌ missed | echo p99",),
        ("echo p99 < 15ms", f"{'':33}that is the highest"),
    ),
    "the parts": (
        lambda run: msgspec.structs.replace(run, parts=msgspec.structs.replace(run.parts, reason="Steady at noon.")),
        ("Steady ",),
        ("Steady ",),
    ),
    "a drift": (
        lambda run: msgspec.structs.replace(run, drift=DRIFTING),
        ("Drift: ",),
        ("Drift: ",),
    ),
    "the staffing": (
        lambda run: msgspec.structs.replace(run, staffing=Staffing(said="Nobody came.")),
        ("Staffing: ",),
        (),
    ),
    "the trust": (
        lambda run: msgspec.structs.replace(run, trust=Judgement(verdict=Verdict.TRUSTED, reason="It did.")),
        ("Generator: trusted.",),
        ("Generator: trusted.",),
    ),
    "a visitor's time": (
        lambda run: msgspec.structs.replace(run, traffic={**run.traffic, "visitor_us": 2 * run.traffic["visitor_us"]}),
        (),
        ("Where the visitors' time went", "waiting for an operator", "reading, thinking, typing"),
    ),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_figure_moves_its_own_sentences_only(info: RunInfo, summary: Summary, name: str) -> None:
    """Of Markdown and of text: the lines that tell it change, and no other."""
    alter, in_markdown, in_text = MOVES[name]
    altered = alter(summary)
    for before, after, expected in (
        (render_markdown(info, summary), render_markdown(info, altered), in_markdown),
        (render_summary(summary, "here"), render_summary(altered, "here"), in_text),
    ):
        changed = changed_lines(before, after)
        assert all(line.startswith(expected) for line in changed if line), changed
        assert {each for each in expected if any(line.startswith(each) for line in changed)} == set(expected)


@pytest.mark.parametrize(
    "met, verdict, said",
    [
        ([], Verdict.TRUSTED, "No objectives were given, so nothing was judged."),
        ([True], Verdict.TRUSTED, "The objective was met."),
        ([True, True], Verdict.TRUSTED, "All 2 objectives were met."),
        ([True, False], Verdict.TRUSTED, "1 of 2 objectives missed: accepted p95 < 2s."),
        ([True], Verdict.DOUBTFUL, "The objective was met. The run is doubtful: So so."),
        ([False], Verdict.INVALID, "This run says nothing about the server: So so."),
    ],
)
def test_the_sentence_says_what_counts(summary: Summary, met: list[bool], verdict: Verdict, said: str) -> None:
    """Whether the run says anything comes first."""
    judged = [msgspec.structs.replace(each, met=one) for each, one in zip(summary.objectives, met, strict=False)]
    trust = Judgement(verdict=verdict, reason="So so.")
    assert sentence(msgspec.structs.replace(summary, objectives=judged, trust=trust)) == said


# JUnit has no schema of its own. This says what `junit-10.xsd` of Jenkins' xUnit plugin says, which most readers go by;
# where that leaves the form of a value open, ours is narrower.


@dataclass(frozen=True)
class Rule:
    """What one element may be: attributes with the form of their values, and children in any number."""

    required: dict[str, str] = field(default_factory=dict)
    optional: dict[str, str] = field(default_factory=dict)
    children: tuple[str, ...] = ()
    text: bool = False


WHOLE, SECONDS, TEXT = r"\d+", r"([0-9]{0,3})*(\.[0-9]*)?", r"[^\n]+"
COUNTS = {"tests": WHOLE, "failures": WHOLE, "errors": WHOLE, "name": TEXT}
SCHEMA = {
    "testsuites": Rule(optional={**COUNTS, "time": SECONDS}, children=("testsuite",)),
    "testsuite": Rule(
        COUNTS,
        {"time": SECONDS, "skipped": WHOLE, "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"},
        ("properties", "testcase", "system-out"),
    ),
    "properties": Rule(children=("property",)),
    "property": Rule({"name": TEXT, "value": TEXT}),
    "testcase": Rule(
        {"name": TEXT}, {"classname": TEXT, "time": SECONDS}, ("failure", "error", "skipped", "system-out")
    ),
    "failure": Rule(optional={"message": TEXT, "type": TEXT}, text=True),
    "error": Rule(optional={"message": TEXT, "type": TEXT}, text=True),
    "skipped": Rule(optional={"message": TEXT, "type": TEXT}, text=True),
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


@pytest.mark.parametrize("drift_fails", [False, True])
@pytest.mark.parametrize("invalid", [False, True])
def test_junit_keeps_to_its_schema(info: RunInfo, summary: Summary, invalid: bool, drift_fails: bool) -> None:
    """And the suite's counts are those of its cases; an invalid run fails none of its objectives, it errs."""
    summary = msgspec.structs.replace(summary, drift=DRIFTING)
    if invalid:
        summary = msgspec.structs.replace(summary, trust=INVALID)
    suites = ET.fromstring(render_junit(info, summary, drift_fails=drift_fails))
    assert not breaches(suites)
    for suite in suites:
        assert {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")} == counted(suite)
    assert counted(suites[0])["failures"] == (0 if invalid else 1 + drift_fails)
    assert counted(suites[0])["skipped"] == (4 + drift_fails if invalid else 0)


def a_search(conclusion: Conclusion) -> Capacity:
    """A capacity search that ended so."""
    asked = Wanted(quantity=Quantity.VISITORS, objectives=["lost == 0"], lowest=10, highest=100)
    capacity = Capacity(wanted=asked, target="simulator default", locustfile_sha256="ab", pace=1.0)
    return msgspec.structs.replace(capacity, conclusion=conclusion, sentence="What was found.", notes=["Mind this."])


@pytest.mark.parametrize(
    "conclusion, tag",
    [
        (Conclusion.FOUND, "system-out"),
        (Conclusion.AT_LEAST, "system-out"),
        (Conclusion.NONE, "failure"),
        (Conclusion.UNTRUSTED, "error"),
        (Conclusion.INTERRUPTED, "error"),
    ],
)
def test_a_search_is_a_case_of_its_own(info: RunInfo, summary: Summary, conclusion: Conclusion, tag: str) -> None:
    """A search that names no number is no success to a program that counts cases; nor is it asked for drift."""
    judged_nothing = msgspec.structs.replace(summary, objectives=[], drift=DRIFTING)
    suites = ET.fromstring(render_junit(info, judged_nothing, a_search(conclusion), drift_fails=True))
    assert not breaches(suites)
    (suite,) = suites
    assert {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")} == counted(suite)
    case, of_generator = suite.findall("testcase")
    assert [(each.tag, each.text) for each in case] == [(tag, "What was found.")]
    assert of_generator.attrib["name"] == "the generator can be trusted"
    assert suite.findtext("system-out") == "Mind this."


def test_all_levels_together_are_no_run_to_be_judged(info: RunInfo, summary: Summary) -> None:
    """In Markdown, below a search's answer."""
    told = render_markdown(info, msgspec.structs.replace(summary, objectives=[], drift=DRIFTING), searched=True)
    assert "All levels of the search together:" in told
    for wrong in ("No objectives were given", "Drift: ", "Staffing: "):
        assert wrong not in told


def test_junit_tells_a_drift_and_fails_nothing_for_it_unasked(info: RunInfo, summary: Summary) -> None:
    """An objective that will be missed is not missed yet."""
    altered = msgspec.structs.replace(summary, drift=DRIFTING)
    before, after = (ET.fromstring(render_junit(info, each)) for each in (summary, altered))
    assert counted(before[0]) == counted(after[0])
    assert "will be missed in 7.1 h" in (after[0].findtext("system-out") or "")
    asked = ET.fromstring(render_junit(info, altered, drift_fails=True))
    assert [each.attrib["message"] for each in asked[0].findall("testcase/failure")][-1] == DRIFTING.reason


def test_a_breach_of_the_schema_is_seen() -> None:
    """What must be there, what must not, a value's form, an element out of place, and text where none may be."""
    broken = ET.fromstring(
        "<testsuites skipped='1'>x<testsuite name='a' tests='many' failures='0'><failure/></testsuite></testsuites>"
    )
    assert breaches(broken) == [
        "testsuites: skipped='1'",
        "testsuites: text",
        "testsuite: no errors",
        "testsuite: tests='many'",
        "testsuite: failure",
    ]


def test_junit_holds_nothing_that_xml_forbids(info: RunInfo, summary: Summary) -> None:
    """Whatever a run was called."""
    strange = msgspec.structs.replace(info, name="a\x00b<&>'\"\ud800")
    assert ET.fromstring(render_junit(strange, summary))[0].attrib["name"] == "a\ufffdb<&>'\"\ufffd"
