"""The one sentence that a run comes to, for the top of every report. Knows figures and nothing of pages."""

from __future__ import annotations

from whoson_load.measurement.answer import Judged
from whoson_load.measurement.run import Summary
from whoson_load.measurement.trust import Verdict

__all__ = ["judged_where", "rolled_up", "sentence"]


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
    doubt = f" The run is doubtful: {summary.trust.reason}" if summary.trust.verdict is Verdict.DOUBTFUL else ""
    return said + doubt


def judged_where(judged: Judged) -> str:
    """The stretch of the run that an objective was judged on, such as `steady part 00:12-01:30`."""
    part = {"steady": "steady part", "intervals": "each interval of"}.get(judged.judged_on, judged.judged_on)
    return f"{part} {_clock(judged.from_s)}-{_clock(judged.to_s)}"


def rolled_up(intervals: int, interval_s: float) -> str:
    """What a reader of the charts over time has to know about their points; nothing where each is an interval."""
    if intervals <= 1:
        return ""
    return (
        f"Rolled up: each point of the charts over time is {intervals} intervals ({intervals * interval_s:,.0f} s). The"
        " median is the middle interval's; every other percentile, and each figure of the generator, is the worst"
        " interval's, so that no stall is lost."
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"
