"""A run's objectives as JUnit XML, each a test case, for programs that show test results. Knows figures and no file."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from whoson_load.measurement.run import RunInfo, Summary
from whoson_load.measurement.trust import Verdict

__all__ = ["render_junit"]

_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold."""


def render_junit(info: RunInfo, summary: Summary) -> str:
    """The run as one test suite, each objective a case that fails when it was missed.

    One more case stands for the generator. It is an error when the run is invalid, and the objectives are skipped then,
    whatever their figures.

    Returns:
        an XML document that ends with a line break.
    """
    invalid = summary.trust.verdict is Verdict.INVALID
    lasts_s = f"{max(0, (info.ended_ns or info.started_ns) - info.started_ns) / 1e9:.3f}"
    missed = sum(not each.met for each in summary.objectives)
    counts = {
        "tests": len(summary.objectives) + 1,
        "failures": 0 if invalid else missed,
        "errors": int(invalid),
        "skipped": len(summary.objectives) if invalid else 0,
    }
    told = {name: str(count) for name, count in counts.items()}
    suites = _element(None, "testsuites", name="whoson-load", time=lasts_s, **told)
    begun = datetime.fromtimestamp(info.started_ns // 1_000_000_000, UTC)
    suite = _element(suites, "testsuite", name=info.name, timestamp=f"{begun:%Y-%m-%dT%H:%M:%S}", time=lasts_s, **told)
    properties = _element(suite, "properties")
    for name, value in {"target": info.target, "seed": info.seed, "run_id": info.run_id, "pace": info.pace}.items():
        _element(properties, "property", name=name, value=f"{value}")
    for each in summary.objectives:
        case = _case(suite, info, each.objective)
        if invalid:
            _element(case, "skipped", message="the run is invalid")
        elif not each.met:
            _element(case, "failure", message=each.said, type="objective").text = f"{each.objective}\n{each.said}"
        else:
            _element(case, "system-out").text = each.said
    case = _case(suite, info, "the generator can be trusted")
    if invalid:
        _element(case, "error", message=summary.trust.reason, type="trust").text = summary.trust.advice
    else:
        _element(case, "system-out").text = f"{summary.trust.verdict}: {summary.trust.reason}"
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _case(suite: ET.Element, info: RunInfo, name: str) -> ET.Element:
    return _element(suite, "testcase", classname=f"whoson-load.{info.name}", name=name, time="0")


def _element(parent: ET.Element | None, tag: str, **attributes: str) -> ET.Element:
    written = {name: _UNWRITABLE.sub("\ufffd", value) for name, value in attributes.items()}
    return ET.Element(tag, written) if parent is None else ET.SubElement(parent, tag, written)
