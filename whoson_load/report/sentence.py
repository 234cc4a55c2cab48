"""The one sentence that a run comes to, for the top of every report. Knows figures and nothing of pages."""

from __future__ import annotations

from whoson_load.measurement.run import Summary
from whoson_load.measurement.trust import Verdict

__all__ = ["sentence"]


def sentence(summary: Summary) -> str:
    """What to remember of a run: whether it says anything at all, then whether it met what was asked."""
    if summary.trust.verdict is Verdict.INVALID:
        return f"This run says nothing about the server: {summary.trust.reason}"
    objectives = summary.objectives
    missed = [each.objective for each in objectives if not each.met]
    if missed:
        said = f"{len(missed)} of {len(objectives)} objectives missed: {'; '.join(missed)}."
    elif objectives:
        said = "The objective was met." if len(objectives) == 1 else f"All {len(objectives)} objectives were met."
    else:
        said = "No objectives were given, so nothing was judged."
    doubt = f" It is doubtful: {summary.trust.reason}" if summary.trust.verdict is Verdict.DOUBTFUL else ""
    return said + doubt
