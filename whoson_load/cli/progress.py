"""A run shown in the terminal while it goes: one line that renews itself, or plain lines where the output is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable

import gevent
from locust.env import Environment

from whoson_load.clock import wall_ns
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.sample import HEADLINE
from whoson_load.report.terminal import ProgressFigures, render_progress
from whoson_load.swarm.run import INTERVAL_S, Run

__all__ = ["show_progress"]


def show_progress(run: Run, environment: Environment) -> Callable[[], None]:
    """Begin to show a run's progress: every second in a terminal, every interval elsewhere.

    Returns:
        What ends it.
    """
    live = sys.stdout.isatty()

    def loop() -> None:
        while True:
            gevent.sleep(1.0 if live else INTERVAL_S)
            text = render_progress(_figures(run, environment))
            # Carriage return and "erase to the end of the line": the line renews itself.
            print(f"\r{text}\x1b[K" if live else text, end="" if live else "\n", flush=True)

    greenlet = gevent.spawn(loop)

    def end() -> None:
        greenlet.kill(block=False)
        if live:
            print("\r\x1b[K", end="", flush=True)

    return end


def _figures(run: Run, environment: Environment) -> ProgressFigures:
    totals = run.totals
    runner = environment.runner
    tally = totals.tally
    figures = {name: totals.series[name].percentiles_ns((50, 99)) for name in HEADLINE if name in totals.series}
    options = environment.parsed_options
    return ProgressFigures(
        elapsed_s=(wall_ns() - run.info.started_ns) / 1e9,
        duration_s=getattr(options, "run_time", None) or None,
        visitors=runner.user_count if runner is not None else 0,
        in_progress=tally.arrivals.get("begun", 0) - tally.arrivals.get("ended", 0),
        ended=sum(tally.outcomes.values()),
        served=tally.outcomes.get(Outcome.SERVED.value, 0),
        p50_ms={name: _ms(p50) for name, (p50, _) in figures.items()},
        p99_ms={name: _ms(p99) for name, (_, p99) in figures.items()},
        errors=sum(tally.errors_of(name) for name in HEADLINE),
    )


def _ms(duration_ns: int | None) -> float | None:
    return None if duration_ns is None else duration_ns / 1e6
