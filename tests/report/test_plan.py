from __future__ import annotations

import pytest

from whoson_load.report.plan import BINS, PlanFigures, render_plan

GOLDEN = """\
Open model: about 480 arrivals in 15 min.

Expected arrivals per minute (at most 200)
     200 ┤                          ██████
         ┤                          ██████
     150 ┤                          ██████
         ┤                          ██████
     100 ┤                          ██████
         ┤                          ██████
      50 ┤                          ██████
         ┤▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆██████▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆
       0 ┼┴──────────┴─────────┴──────────┴──────────┴─────────┴──────────┴──────────┴────
          0          2 min     4 min      6 min      8 min     10 min     12 min     14 min

Expected chats in progress (at most 39.5)
      40 ┤                                                                       ▁▂▂▃▄▅▆▆▇
         ┤                                                             ▁▂▂▃▄▅▆▆▇██████████
      30 ┤                                                   ▁▂▂▃▄▅▆▆▇████████████████████
         ┤                                         ▁▂▂▃▄▅▆▆▇██████████████████████████████
      20 ┤                               ▁▂▂▃▄▅▆▆▇████████████████████████████████████████
         ┤                     ▁▂▂▃▄▅▆▆▇██████████████████████████████████████████████████
      10 ┤           ▁▂▂▃▄▅▆▆▇████████████████████████████████████████████████████████████
         ┤ ▁▂▂▃▄▅▆▆▇██████████████████████████████████████████████████████████████████████
       0 ┼┴──────────┴─────────┴──────────┴──────────┴─────────┴──────────┴──────────┴────
          0          2 min     4 min      6 min      8 min     10 min     12 min     14 min

A remark.
Another."""


def figures(**changed: object) -> PlanFigures:
    """A spike, and a load that grows."""
    given = {
        "headline": "Open model: about 480 arrivals in 15 min.",
        "lasts_s": 900.0,
        "arrivals_per_min": [200.0 if 26 <= place < 32 else 20.0 for place in range(BINS)],
        "in_progress": [place / 2 for place in range(BINS)],
        "remarks": ["A remark.", "Another."],
        **changed,
    }
    return PlanFigures(**given)  # type: ignore[arg-type]


def test_a_plan_as_it_is_drawn() -> None:
    """Headline, two charts on one axis of time, remarks."""
    assert render_plan(figures()) == GOLDEN


@pytest.mark.parametrize("lasts_s", [0.5, 3, 59, 61, 3600, 5400, 86_400, 30 * 86_400, 366 * 86_400])
def test_every_length_of_time_has_marks_that_can_be_read(lasts_s: float) -> None:
    """At least two and at most ten marks, none written over another, no line wider than a terminal."""
    drawn = render_plan(figures(lasts_s=lasts_s)).splitlines()
    assert max(map(len, drawn)) <= 100
    axis = next(line for line in drawn if line.lstrip().startswith("0 ┼"))
    labels = drawn[drawn.index(axis) + 1].split("  ")
    assert 2 <= axis.count("┴") <= 10
    assert len([label for label in labels if label.strip()]) == axis.count("┴")


@pytest.mark.parametrize("most", [0, 0.003, 1, 7, 39.5, 999, 12_345, 2.5e6])
def test_every_size_fits_its_chart(most: float) -> None:
    """The highest bar reaches at most the top, and above half of it; nothing at all is drawn as nothing."""
    drawn = render_plan(figures(arrivals_per_min=[most, most / 2, 0])).splitlines()
    rows = [line.partition("┤")[2] for line in drawn[3:11]]
    heights = sum(1 for row in rows if row[:1].strip())
    assert (heights > 4) == (most > 0)
    assert not any(row[2:].strip() for row in rows)
    assert float(drawn[3].partition("┤")[0].replace(",", "").strip()) >= most * 0.999
