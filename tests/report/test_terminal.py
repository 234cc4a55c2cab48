"""What a run has to say in a terminal, letter by letter."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from whoson_load.measurement.interval import Totals, merge
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.run import Summary, summarize
from whoson_load.measurement.sample import HEADLINE
from whoson_load.measurement.trust import Judgement, Verdict
from whoson_load.report.terminal import (
    ProgressFigures,
    format_ms,
    live_progress,
    render_progress,
    render_summary,
    time_spent,
)

MS, S = 1_000_000, 1_000_000_000

TRUSTED = Judgement(verdict=Verdict.TRUSTED, reason="The generator kept up in every interval.")
DOUBTFUL = Judgement(
    verdict=Verdict.DOUBTFUL,
    reason="At worst, worker w1 used 95 % of a core.",
    advice="Use more workers (--processes).",
)
LONG_FOLDER = f"/somewhere/{'very/' * 20}far/20260101T000000Z-visitors"


def made(recorder: Recorder, trust: Judgement = TRUSTED) -> Summary:
    """The summary of a run of one interval."""
    totals = Totals()
    totals.add(merge([recorder.roll(0, 5 * S)])[0])
    return summarize(totals, trust)


def two_visits() -> Recorder:
    """A visit that was served and one that was broken off."""
    recorder = Recorder("w1")
    for visit in range(2):
        recorder.arrival("begun")
        recorder.sample("connect", 0, 3 * MS)
        recorder.sample("accepted", 0, 500_000)
        recorder.sample("operatorjoined", 0, 2 * S + 500_000)
        recorder.line("sent")
        recorder.line("echoed")
        recorder.sample("echo", 0, (20 + visit) * MS)
        recorder.sample("reply", 0, 61 * S)
        recorder.spent(100 * S)
    recorder.line("sent")
    recorder.outcome(Outcome.SERVED)
    recorder.arrival("ended")
    return recorder


@pytest.mark.parametrize(
    "milliseconds, said",
    [
        (None, "-"),
        (0.0, "0.00 ms"),
        (0.004, "0.00 ms"),
        (0.0051, "0.01 ms"),
        (1.0, "1.00 ms"),
        (9.99, "9.99 ms"),
        (9.996, "10.0 ms"),
        (10.0, "10.0 ms"),
        (99.94, "99.9 ms"),
        (99.96, "100 ms"),
        (999.4, "999 ms"),
        (999.6, "1.00 s"),
        (1_234.0, "1.23 s"),
        (9_996.0, "10.0 s"),
        (12_340.0, "12.3 s"),
        (59_940.0, "59.9 s"),
        (59_960.0, "1.0 min"),
        (90_000.0, "1.5 min"),
        (3_600_000.0, "60.0 min"),
        (3_600_000.000001, ">1 h"),
    ],
)
def test_times_read_well(milliseconds: float | None, said: str) -> None:
    """Three significant digits in a unit of people, none for none, and what is off the scale as such."""
    assert format_ms(milliseconds) == said


def test_the_end_of_a_run_is_told_in_full() -> None:
    """Latencies that have samples, outcomes, lines, where the time went, the trust, and the place to look further."""
    assert (
        render_summary(made(two_visits(), DOUBTFUL), "reports/x")
        == """
Latencies
series          count  errors      p50       p95       p99      max
connect             2       0  3.00 ms  *3.00 ms  *3.00 ms  3.00 ms
accepted            2       0  0.50 ms  *0.50 ms  *0.50 ms  0.50 ms
operatorjoined      2       0   2.00 s   *2.00 s   *2.00 s   2.00 s
echo                2       0  20.0 ms  *21.0 ms  *21.0 ms  21.0 ms
reply               2       0  1.0 min  *1.0 min  *1.0 min  1.0 min
* the highest sample itself: there are too few of them for this percentile

Visits: 1 ended: 1 served; 1 more broken off by the end of the run
Lines: 3 sent, 2 echoed, 0 lost, 1 in flight

Where the visitors' time went (2 visits, 100.0 s each so far)
connecting                         0.00 s   0.0%
being accepted                     0.00 s   0.0%
waiting for an operator            2.00 s   2.0%  █
waiting for one's own lines        0.02 s   0.0%
waiting for replies               61.00 s  61.0%  ██████████████████
waiting for the survey's receipt   0.00 s   0.0%
reading, thinking, typing         36.98 s  37.0%  ███████████

Generator: doubtful. At worst, worker w1 used 95 % of a core. Use more workers (--processes).
Record: reports/x"""
    )


def test_a_run_without_a_visit_says_so() -> None:
    """The headline is there, and nothing is divided by nought."""
    assert (
        render_summary(made(Recorder("w1")), "reports/x")
        == """
Latencies
series          count  errors  p50  p95  p99  max
connect             0       0    -    -    -    -
accepted            0       0    -    -    -    -
operatorjoined      0       0    -    -    -    -
echo                0       0    -    -    -    -

Visits: 0 ended
Lines: 0 sent, 0 echoed, 0 lost, 0 in flight

No visit was made.

Generator: trusted. The generator kept up in every interval.
Record: reports/x"""
    )


def test_what_became_of_odd_lines_is_told() -> None:
    """Late, doubled, reordered and crossed lines stand in the line of lines, when there are any."""
    recorder = Recorder("w1")
    for fate in ("sent", "sent", "echoed", "late", "duplicated", "reordered", "crossed", "lost"):
        recorder.line(fate)
    said = render_summary(made(recorder), "x")
    assert "Lines: 2 sent, 1 echoed, 1 lost, 0 in flight, 1 late, 1 duplicated, 1 reordered, 1 crossed\n" in said


def test_no_line_but_the_folders_is_wider_than_a_hundred() -> None:
    """The folder's name stays whole, since it is there to be copied."""
    lines = render_summary(made(two_visits(), DOUBTFUL), LONG_FOLDER).splitlines()
    assert lines[-1] == f"Record: {LONG_FOLDER}"
    assert max(map(len, lines[:-1])) <= 100


def test_the_parts_of_the_time_add_up() -> None:
    """To what all visits took, broken-off ones included; what nobody waited for is the visitors' own."""
    spent = dict(time_spent(made(two_visits())))
    assert sum(spent.values()) == pytest.approx(200)
    assert spent["waiting for an operator"] == pytest.approx(4, rel=0.01)
    assert spent["reading, thinking, typing"] == pytest.approx(74, rel=0.01)


def figures(**changed: object) -> ProgressFigures:
    """A run at one moment."""
    known: dict[str, object] = {
        "elapsed_s": 23.4,
        "duration_s": 45.0,
        "visitors": 50,
        "in_progress": 1_050,
        "ended": 61,
        "served": 60,
        "p50_ms": {"connect": 3.1, "accepted": 1.2, "operatorjoined": 1_200.0, "echo": None},
        "p99_ms": {"connect": 9.0, "accepted": 4.0, "operatorjoined": 61_000.0},
        "errors": 2,
    }
    return ProgressFigures(**{**known, **changed})  # type: ignore[arg-type]


def shown(what: ProgressFigures, width: int) -> list[str]:
    """What stands in a terminal of this width."""
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None, highlight=False)
    console.print(live_progress(what))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def test_progress_in_a_log_is_one_line() -> None:
    """Time, visits, and p50/p99 of each of the four."""
    assert render_progress(figures()) == (
        "23/45 s  1,050 in progress, 61 ended (60 served), 2 errors  p50/p99: connect 3.10 ms/9.00 ms"
        "  accepted 1.20 ms/4.00 ms  operatorjoined 1.20 s/1.0 min  echo -/-"
    )


def test_progress_in_a_terminal_fills_it() -> None:
    """A bar as wide as there is room, visits, and a small table."""
    assert shown(figures(), 80) == [
        "━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━                                    23/45 s",
        "1,050 in progress, 61 ended (60 served), 2 errors",
        "     connect  accepted  operatorjoined  echo",
        "p50  3.10 ms   1.20 ms          1.20 s     -",
        "p99  9.00 ms   4.00 ms         1.0 min     -",
    ]


def test_progress_without_an_end_has_no_bar() -> None:
    """Until somebody stops it there is no telling how far it is."""
    assert shown(figures(duration_s=None), 80)[0] == "23 s"


def test_progress_stops_at_its_end() -> None:
    """The last visitors may take their time."""
    assert render_progress(figures(elapsed_s=50.0)).startswith("45/45 s")
    assert shown(figures(elapsed_s=50.0), 80)[0].rstrip().endswith("45/45 s")


@given(
    width=st.integers(min_value=20, max_value=200),
    many=st.integers(min_value=0, max_value=10**7),
    time_ms=st.none() | st.floats(min_value=0, max_value=4e6),
    elapsed_s=st.floats(min_value=0, max_value=1e6),
    duration_s=st.none() | st.floats(min_value=1, max_value=1e6),
)
def test_progress_never_grows_wider_than_its_terminal(
    width: int, many: int, time_ms: float | None, elapsed_s: float, duration_s: float | None
) -> None:
    """Nor higher: lines that wrap could not be renewed in their place."""
    times = dict.fromkeys(HEADLINE, time_ms)
    lines = shown(
        figures(
            in_progress=many,
            ended=many,
            served=many,
            errors=many,
            p50_ms=times,
            p99_ms=times,
            elapsed_s=elapsed_s,
            duration_s=duration_s,
        ),
        width,
    )
    assert max(map(len, lines)) <= width
    assert len(lines) == 5
