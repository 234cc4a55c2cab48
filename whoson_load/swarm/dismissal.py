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
    heard: set[str] = set()

    def hear(client_id: str, **_: object) -> None:
        heard.add(client_id)

    # One that is only "ready" may still be in the midst of becoming a worker, and would not hear that it is to go.
    runner.environment.events.worker_report.add_listener(hear)  # type: ignore[no-untyped-call]
    timeout = gevent.Timeout.start_new(WORKERS_COME_S)
    try:
        while len(heard) < options.expect_workers:
            gevent.sleep(0.05)
    except gevent.Timeout as passed:
        if passed is not timeout:
            raise
    finally:
        timeout.close()
    runner.quit()
