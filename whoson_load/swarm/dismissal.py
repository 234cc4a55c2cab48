"""Sending forked workers home before a run that cannot begin. Knows Locust's master and nothing of what went wrong."""

from __future__ import annotations

import gevent
from locust.runners import MasterRunner, Runner

__all__ = ["WORKERS_COME_S", "dismiss_workers"]

WORKERS_COME_S = 5.0
"""How long forked workers are waited for. Invented."""


def dismiss_workers(runner: Runner | None) -> None:
    """Send home the workers that this process has forked (--processes); nothing where it has none.

    A worker that was forked a moment ago would else wait a minute for a master that never spoke to it.
    """
    if not isinstance(runner, MasterRunner):
        return
    options = runner.environment.parsed_options
    if options is None or not options.processes:
        return
    timeout = gevent.Timeout.start_new(WORKERS_COME_S)
    try:
        while len(runner.clients.ready) < options.expect_workers:
            gevent.sleep(0.05)
    except gevent.Timeout as passed:
        if passed is not timeout:
            raise
    finally:
        timeout.close()
    runner.quit()
