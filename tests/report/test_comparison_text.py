"""A comparison as text and as Markdown, word by word."""

from __future__ import annotations

from pathlib import Path

import pytest

from whoson_load.analysis.changes import Change, Floor, Standing
from whoson_load.analysis.comparison import Comparison
from whoson_load.report.comparison import render_comparison, render_comparison_markdown

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def comparison() -> Comparison:
    """One figure of each kind."""
    return Comparison(
        standing=Standing.WORSE,
        reason="Worse: echo p50.",
        changes=[
            Change(
                series="echo",
                statistic="p50",
                baseline=20,
                candidate=23,
                low=2,
                high=4,
                chance=0.001,
                standing=Standing.WORSE,
            ),
            Change(
                series="accepted",
                statistic="errors",
                baseline=0.0,
                candidate=0.0005,
                low=-0.0001,
                high=0.0011,
                standing=Standing.SAME,
            ),
            Change(series="lines", statistic="lost", baseline=0.0, candidate=0.0, standing=Standing.SAME),
        ],
        notes=["Give several."],
        meaning=Floor().meaning,
    )


def test_text_is_as_it_was(comparison: Comparison) -> None:
    """For a terminal."""
    written = render_comparison(comparison, ["old-1", "old-2"], ["new"]) + "\n"
    assert written == (GOLDEN / "comparison.txt").read_text("utf-8")


def test_markdown_is_as_it_was(comparison: Comparison) -> None:
    """For a pull request."""
    written = render_comparison_markdown(comparison, ["old-1", "old-2"], ["new"])
    assert written == (GOLDEN / "comparison.md").read_text("utf-8")
