"""The wiring: our parts on Locust's events. Importing it is what makes a locustfile one of ours.

    init_command_line_parser   our options join Locust's
    init                       the target is checked before anything is sent to it
    test_start                 a run begins: its generator in each process, its record on the master
    report_to_master           a worker's reports leave, and worker_report takes them in
    test_stop                  the run ends: summary and table
    quitting                   the exit code
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import gevent
from locust import events
from locust.env import Environment
from locust.event import EventHook
from locust.runners import MasterRunner, WorkerRunner

from whoson_load.client.dial import reach
from whoson_load.client.target import Target
from whoson_load.clock import wall_ns
from whoson_load.errors import ConfigError, ConnectError, GuardError, RecordError, WhosOnLoadError
from whoson_load.journeys.everyday import everyday
from whoson_load.measurement.interval import interval_start_ns
from whoson_load.measurement.ledger import run_tag
from whoson_load.measurement.run import Ending
from whoson_load.report.terminal import render_summary
from whoson_load.swarm.exchange import Outbox
from whoson_load.swarm.generator import Generator
from whoson_load.swarm.mirror import MirroringRecorder
from whoson_load.swarm.options import Settings, add_options, read_target
from whoson_load.swarm.run import INTERVAL_S, Run, new_run_id
from whoson_load.swarm.user import ChatVisitor
from whoson_load.swarm.watch import Watch

__all__ = ["ChatVisitor", "Plugin", "everyday"]

_INTERVAL_NS = INTERVAL_S * 1_000_000_000


class Plugin:
    """One process's side of Locust's events.

    Attributes:
        exit_code: of the last run: 0, or why it is not.
        progress: shows a run in the terminal while it goes, until it is called off; None where Locust has its own ways.
        ending: how the run under way will have ended.
    """

    def __init__(self) -> None:
        self.exit_code = 0
        self.progress: Callable[[Run, Environment], Callable[[], None]] | None = None
        self.ending = Ending.FINISHED
        self._environment: Environment | None = None
        self._outbox: Outbox | None = None
        self._run: Run | None = None
        self._recorder: MirroringRecorder | None = None
        self._watch: Watch | None = None
        self._roller: gevent.Greenlet[[], None] | None = None
        self._end_progress: Callable[[], None] | None = None

    def listen(self) -> None:
        """Join Locust's events."""
        hooks: dict[EventHook, Callable[..., None]] = {
            events.init_command_line_parser: lambda parser, **_: add_options(parser),
            events.init: self._init,
            events.test_start: self._test_start,
            events.test_stop: self._test_stop,
            events.report_to_master: self._report_to_master,
            events.worker_report: self._worker_report,
            events.quitting: self._quitting,
        }
        for hook, listener in hooks.items():
            hook.add_listener(listener)  # type: ignore[no-untyped-call]

    # Before anything is sent

    def _init(self, environment: Environment, **_: object) -> None:
        self._environment = environment
        environment.process_exit_code = 0
        if isinstance(environment.runner, WorkerRunner) or not (environment.host or _options(environment).headless):
            return  # a worker does what its master has checked; on the web page the host may still be typed
        try:
            target = read_target(_options(environment), environment.host)
            if not isinstance(environment.runner, MasterRunner):
                _expect_open(target)
        except (ConfigError, GuardError) as problem:
            _leave(problem)

    # A run

    def _test_start(self, environment: Environment, **_: object) -> None:
        options = _options(environment)
        runner = environment.runner
        try:
            settings = Settings.read(options, environment.locustfile or "")
            target = read_target(options, environment.host)
            pace = settings.pace or _locustfile_pace(environment)
            if isinstance(runner, WorkerRunner):
                run_id, self._outbox = str(options.whoson_run_id), Outbox()
            else:
                run_id = options.whoson_run_id = new_run_id()
                options.seed = settings.seed
                self._run = Run(run_id, settings, pace, target, options, sys.argv)
        except WhosOnLoadError as problem:
            self._refuse(problem)
            return
        self.exit_code = 0
        self.ending = Ending.FINISHED
        if not isinstance(runner, MasterRunner):
            worker = runner.client_id if isinstance(runner, WorkerRunner) else "local"
            self._recorder = MirroringRecorder(worker, environment.events.request)
            self._watch = Watch(self._recorder)
            ChatVisitor.generator = Generator(
                target,
                self._recorder,
                seed=settings.seed,
                run_tag=run_tag(run_id),
                languages=_languages(environment),
                pace=pace,
                worker_index=max(0, getattr(runner, "worker_index", 0)),
            )
        self._roller = gevent.spawn(self._roll_on)
        if self.progress is not None and self._run is not None:
            self._end_progress = self.progress(self._run, environment)

    def _refuse(self, problem: WhosOnLoadError) -> NoReturn | None:
        """A run that cannot begin: say why, and stop what Locust was about to start."""
        if self._environment is None or self._environment.runner is None or _options(self._environment).headless:
            _leave(problem)
        print(f"whoson-load: {problem}", file=sys.stderr)
        gevent.spawn(self._environment.runner.stop)
        return None

    def _roll_on(self) -> None:
        while True:
            now_ns = wall_ns()
            gevent.sleep((interval_start_ns(now_ns, _INTERVAL_NS) + _INTERVAL_NS - now_ns) / 1e9)
            self._roll()

    def _roll(self, *, last: bool = False) -> None:
        if self._recorder is not None and self._watch is not None:
            now_ns = wall_ns()
            # What is rolled just after a border belongs to the interval before it.
            start_ns = interval_start_ns(now_ns - (0 if last else _INTERVAL_NS // 2), _INTERVAL_NS)
            report = self._recorder.roll(start_ns, now_ns, self._watch.figures(), last=last)
            if self._outbox is not None:
                self._outbox.put(report)
            elif self._run is not None:
                self._run.collector.add(report)
        self._keep()

    def _keep(self) -> None:
        if self._run is None:
            return
        try:
            self._run.keep()
        except RecordError as problem:
            self._stop_for(problem)

    def _stop_for(self, problem: RecordError) -> None:
        print(f"whoson-load: {problem}; the run stops", file=sys.stderr)
        self.exit_code, self.ending, self._run = 1, Ending.FAILED, None
        if self._environment is not None and self._environment.runner is not None:
            gevent.spawn(self._environment.runner.quit)

    def _report_to_master(self, data: dict[str, Any], **_: object) -> None:
        if self._outbox is not None:
            self._outbox.empty_into(data)

    def _worker_report(self, client_id: str, data: dict[str, Any], **_: object) -> None:
        if self._run is not None:
            self._run.collector.receive(client_id, data)

    def _test_stop(self, environment: Environment, **_: object) -> None:
        if self._roller is None:
            return
        self._roller.kill(block=False)
        self._roller = None
        self._roll(last=True)
        if self._watch is not None:
            self._watch.stop()
        if self._end_progress is not None:
            self._end_progress()
        ChatVisitor.generator = self._recorder = self._watch = self._end_progress = None
        if self._run is not None:
            self._finish(self._run)
            self._run = None

    def _finish(self, run: Run) -> None:
        try:
            summary = run.finish(self.ending, self.exit_code)
        except RecordError as problem:
            print(f"whoson-load: {problem}", file=sys.stderr)
            self.exit_code = 1
            summary = run.summary()
        print(render_summary(summary, run.folder), flush=True)

    def _quitting(self, environment: Environment, **_: object) -> None:
        runner = environment.runner
        if runner is not None:
            # Locust says that it quits before it stops its users: visitors end their chats, and the record ends, before the exit code is known.
            runner.stop()
        environment.process_exit_code = self.exit_code


def _options(environment: Environment) -> argparse.Namespace:
    options: argparse.Namespace | None = environment.parsed_options
    if options is None:
        raise ConfigError("got no options: a run needs Locust's command line")
    return options


def _expect_open(target: Target) -> None:
    try:
        reach(target)
    except ConnectError as problem:
        raise ConfigError(f"--host: {target.address.url}: {problem.detail}; is the server there?") from None


def _locustfile_pace(environment: Environment) -> float:
    return next((each.pace for each in environment.user_classes if issubclass(each, ChatVisitor)), 1.0)


def _languages(environment: Environment) -> tuple[str, ...]:
    spoken = [each.languages for each in environment.user_classes if issubclass(each, ChatVisitor)]
    return tuple(dict.fromkeys(language for languages in spoken for language in languages)) or ("en",)


def _leave(problem: WhosOnLoadError) -> NoReturn:
    print(f"whoson-load: {problem}", file=sys.stderr)
    sys.exit(5 if isinstance(problem, GuardError) else 2 if isinstance(problem, ConfigError) else 1)


plugin = Plugin()
"""Of this process."""

plugin.listen()
