"""A run shown while it goes: lines that renew themselves, or plain ones where the output is no terminal."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator

import gevent
from locust.env import Environment
from rich.console import Console
from rich.live import Live

from whoson_load.clock import wall_ns
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.sample import HEADLINE
from whoson_load.report.terminal import ProgressFigures, live_progress, render_progress
from whoson_load.swarm.run import INTERVAL_S, Run

__all__ = ["show_progress"]


def show_progress(run: Run, environment: Environment) -> Callable[[], None]:
    """Begin to show a run's progress: every second in a terminal, every interval (5 s at least) elsewhere.

    Returns:
        What ends it.
    """
    console = Console(highlight=False)
    shown = contextlib.ExitStack()
    if console.is_terminal and not console.is_dumb_terminal:
        live = shown.enter_context(_live(console))
        greenlet = gevent.spawn(
            _repeat, 1.0, lambda: live.update(live_progress(_figures(run, environment)), refresh=True)
        )
    else:
        greenlet = gevent.spawn(
            _repeat,
            max(INTERVAL_S, run.info.interval_s),
            lambda: print(render_progress(_figures(run, environment)), flush=True),
        )

    def end() -> None:
        greenlet.kill(block=False)
        shown.close()

    return end


def _repeat(every_s: float, show: Callable[[], None]) -> None:
    while True:
        gevent.sleep(every_s)
        show()


@contextlib.contextmanager
def _live(console: Console) -> Iterator[Live]:
    """What is printed meanwhile, the log included, stands above what renews itself."""
    own_stderr = sys.stderr
    handlers = [
        handler
        for logger in (logging.getLogger(), logging.getLogger("locust"))
        for handler in logger.handlers
        if isinstance(handler, logging.StreamHandler) and handler.stream is own_stderr
    ]
    with Live(console=console, auto_refresh=False, transient=True, redirect_stderr=own_stderr.isatty()) as live:
        try:
            for handler in handlers:
                handler.setStream(sys.stderr)
            yield live
        finally:
            for handler in handlers:
                handler.setStream(own_stderr)


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
