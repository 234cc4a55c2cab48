"""A run shown while it goes: lines that renew themselves, or plain ones where the output is no terminal."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import gevent
from locust.env import Environment
from rich.console import Console
from rich.live import Live

from whoson_load.analysis.capacity import MOST_LEVELS, level_takes_s
from whoson_load.analysis.levels import MOST_HOLDS
from whoson_load.clock import wall_ns
from whoson_load.measurement.interval import interval_start_ns
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.sample import HEADLINE
from whoson_load.report.capacity import Underway, live_capacity, render_level, render_underway
from whoson_load.report.terminal import ProgressFigures, live_progress, render_progress
from whoson_load.swarm.run import INTERVAL_S, Run

if TYPE_CHECKING:
    from whoson_load.swarm.climb import Climb

__all__ = ["next_line_s", "show_progress", "show_search"]

_REPORTED_S: Final = 1.0
"""So long after an interval's end its reports are in. Invented: workers take milliseconds, on a busy machine more."""

_FIRST_S: Final = 1.0
"""An interval of which a run had less tells nothing. Invented."""


def show_progress(run: Run, environment: Environment) -> Callable[[], None]:
    """Begin to show a run's progress: every second in a terminal, every interval (5 s at least) elsewhere.

    Figures come when an interval is over, so that is when a line comes: one in between would show older ones, and the
    first one none.

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
            _tell,
            max(INTERVAL_S, run.info.interval_s),
            lambda: print(render_progress(_figures(run, environment)), flush=True),
        )

    def end() -> None:
        greenlet.kill(block=False)
        shown.close()

    return end


def show_search(climb: Climb) -> Callable[[Run, Environment], Callable[[], None]]:
    """Show a capacity search: a table that grows level by level in a terminal, a line for each step elsewhere.

    Returns:
        as `show_progress`, for one run.
    """

    def begin(_run: Run, _environment: Environment) -> Callable[[], None]:
        console = Console(highlight=False)
        shown = contextlib.ExitStack()
        wanted = climb.capacity.wanted
        if console.is_terminal and not console.is_dumb_terminal:
            live = shown.enter_context(_live(console))
            greenlet = gevent.spawn(
                _repeat,
                1.0,
                lambda: live.update(live_capacity(wanted, climb.capacity.levels, _underway(climb)), refresh=True),
            )

            def end() -> None:
                greenlet.kill(block=False)
                shown.close()

            return end
        known = len(climb.capacity.levels)

        def tell() -> None:
            nonlocal known
            for level in climb.capacity.levels[known:]:
                print(render_level(wanted, level), flush=True)
            known = len(climb.capacity.levels)
            if climb.search is not None and not climb.search.is_over():
                print(render_underway(wanted, _underway(climb)), flush=True)

        climb.changed = tell
        tell()
        return lambda: None

    return begin


def _underway(climb: Climb) -> Underway:
    search, levels = climb.search, climb.capacity.levels
    return Underway(
        number=len(levels) + 1,
        load=search.load if search is not None else 0.0,
        phase=search.phase.value if search is not None else "over",
        held_s=search.held_s if search is not None else 0.0,
        hold_s=search.hold_s if search is not None else 0.0,
        longest_s=MOST_HOLDS * search.hold_s if search is not None else 0.0,
        in_progress=search.in_progress if search is not None else 0,
        further=max(0, MOST_LEVELS - len(levels) - 1),
        level_s=level_takes_s(levels),
    )


def _tell(every_s: float, show: Callable[[], None]) -> None:
    least_s = _FIRST_S
    while True:
        gevent.sleep(next_line_s(wall_ns(), every_s, least_s))
        show()
        least_s = 0.0


def next_line_s(now_ns: int, every_s: float, least_s: float = 0.0) -> float:
    """How long until all reports are in of an interval that is still to end.

    Args:
        now_ns: wall clock, ns since the epoch; intervals end at whole multiples of their length.
        every_s: that length.
        least_s: so long at least until its end.

    Returns:
        seconds.
    """
    every_ns = round(every_s * 1e9)
    border_ns = interval_start_ns(now_ns + round(least_s * 1e9), every_ns) + every_ns
    return (border_ns - now_ns) / 1e9 + _REPORTED_S


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
