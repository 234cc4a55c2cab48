"""A run's objectives as JUnit XML, each a test case, for programs that show test results. Knows figures and no file."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as ET

from whoson_load.measurement.capacity import Capacity, Conclusion
from whoson_load.measurement.outlook import Trend
from whoson_load.measurement.run import RunInfo, Summary
from whoson_load.measurement.trust import Verdict
from whoson_load.report.outlook import outlook_sentences
from whoson_load.report.sentence import judged_where

__all__ = ["render_junit"]

_NO_DRIFT: Final = "the run stays as it began"
_FOUND: Final = "a load is found that meets the objectives"
_UNTOLD: Final = (Conclusion.UNTRUSTED, Conclusion.INTERRUPTED)

_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold."""


def render_junit(
    info: RunInfo, summary: Summary, capacity: Capacity | None = None, *, drift_fails: bool = False
) -> str:
    """The run as one test suite, each objective a case that fails when it was missed.

    One more case stands for the generator. It is an error when the run is invalid, and the other cases are skipped
    then, whatever their figures. Drift and staffing are told in the suite's output.

    Args:
        capacity: what the run found as a capacity search; it then is a case of its own, which fails when not even the
            lowest load met the objectives, and is an error when nothing can be told. Drift and staffing are left out.
        drift_fails: whether there is a case for drift, too, which fails when the run drifts.

    Returns:
        an XML document that ends with a line break. It keeps to `junit-10.xsd`, the schema of Jenkins' xUnit plugin.
    """
    invalid = summary.trust.verdict is Verdict.INVALID
    conclusion = capacity.conclusion if capacity is not None else None
    drift_fails = drift_fails and capacity is None
    drifts = drift_fails and summary.drift is not None and summary.drift.trend is Trend.DRIFTING
    lasts_s = f"{max(0, (info.ended_ns or info.started_ns) - info.started_ns) / 1e9:.3f}"
    judged = len(summary.objectives) + drift_fails
    missed = 0 if invalid else sum(not each.met for each in summary.objectives) + drifts
    counts = {
        "tests": judged + 1 + (capacity is not None),
        "failures": missed + (conclusion is Conclusion.NONE),
        "errors": int(invalid) + (conclusion in _UNTOLD),
    }
    told = {name: str(count) for name, count in counts.items()}
    suites = _element(None, "testsuites", name="whoson-load", time=lasts_s, **told)
    told["skipped"] = str(judged if invalid else 0)
    begun = datetime.fromtimestamp(info.started_ns // 1_000_000_000, UTC)
    suite = _element(suites, "testsuite", name=info.name, timestamp=f"{begun:%Y-%m-%dT%H:%M:%S}", time=lasts_s, **told)
    properties = _element(suite, "properties")
    for name, value in {"target": info.target, "seed": info.seed, "run_id": info.run_id, "pace": info.pace}.items():
        _element(properties, "property", name=name, value=f"{value}")
    for each in summary.objectives:
        said = f"{each.said} ({judged_where(each)})"
        _judge(_case(suite, info, each.objective), each.objective, said, invalid=invalid, failed=not each.met)
    if drift_fails:
        said = summary.drift.reason if summary.drift is not None else "Drift is not known."
        _judge(_case(suite, info, _NO_DRIFT), _NO_DRIFT, said, invalid=invalid, failed=drifts)
    if capacity is not None:
        _conclude(_case(suite, info, _FOUND), capacity)
    case = _case(suite, info, "the generator can be trusted")
    if invalid:
        _element(case, "error", message=summary.trust.reason, type="trust").text = summary.trust.advice
    else:
        _element(case, "system-out").text = f"{summary.trust.verdict}: {summary.trust.reason}"
    told_besides = outlook_sentences(summary) if capacity is None else capacity.notes
    _element(suite, "system-out").text = "\n".join(map(_written, told_besides))
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _judge(case: ET.Element, what: str, said: str, *, invalid: bool, failed: bool) -> None:
    if invalid:
        _element(case, "skipped", message="the run is invalid")
    elif failed:
        _element(case, "failure", message=said, type="objective").text = f"{what}\n{said}"
    else:
        _element(case, "system-out").text = said


def _conclude(case: ET.Element, capacity: Capacity) -> None:
    if capacity.conclusion in _UNTOLD:
        _element(case, "error", message=capacity.sentence, type="search").text = _written(capacity.sentence)
    elif capacity.conclusion is Conclusion.NONE:
        _element(case, "failure", message=capacity.sentence, type="objective").text = _written(capacity.sentence)
    else:
        _element(case, "system-out").text = _written(capacity.sentence)


def _case(suite: ET.Element, info: RunInfo, name: str) -> ET.Element:
    return _element(suite, "testcase", classname=f"whoson-load.{info.name}", name=name, time="0")


def _element(parent: ET.Element | None, tag: str, **attributes: str) -> ET.Element:
    written = {name: _written(value) for name, value in attributes.items()}
    return ET.Element(tag, written) if parent is None else ET.SubElement(parent, tag, written)


def _written(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)
