"""The wiring: our parts on Locust's events. Importing it is what makes a locustfile one of ours.

init_command_line_parser   our options join Locust's
init                       the target is checked before anything is sent to it
test_start                 a run begins: its generator in each process, its record on the master
test_stopping              the master asks for the workers' last reports
test_stop                  the run ends: summary and table
quitting                   the exit code
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import gevent
from gevent import GreenletExit
from locust import events, log
from locust.env import Environment
from locust.event import EventHook
from locust.runners import STATE_CLEANUP, STATE_STOPPED, MasterRunner, WorkerRunner

from whoson_load.client.session import ChatSession
from whoson_load.client.target import is_loopback
from whoson_load.clock import monotonic_ns
from whoson_load.dashboard.feed import Feed
from whoson_load.errors import ConfigError, GuardError, RecordError, WhosOnLoadError
from whoson_load.journeys import Does, Hears, everyday, replay
from whoson_load.measurement.interval import IntervalReport
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.run import Ending, Summary
from whoson_load.measurement.sample import HEADLINE
from whoson_load.page import leave_page
from whoson_load.record.layout import PAGE
from whoson_load.report.terminal import render_summary
from whoson_load.swarm.asked import Asked, check_asked, locustfile_pace, options_of
from whoson_load.swarm.bounds import keep_bounded
from whoson_load.swarm.company import be_patient, has_lost_all
from whoson_load.swarm.courier import MasterCourier, WorkerCourier
from whoson_load.swarm.dismissal import dismiss_workers
from whoson_load.swarm.guard import MOST_REFUSALS
from whoson_load.swarm.haste import make_haste
from whoson_load.swarm.interruption import Interruption
from whoson_load.swarm.mirror import REQUEST_TYPE, SHOW_S
from whoson_load.swarm.options import add_options
from whoson_load.swarm.run import OBJECTIVE_MISSED, Run, gravest, new_run_id
from whoson_load.swarm.station import Station
from whoson_load.swarm.user import ChatVisitor
from whoson_load.swarm.web_form import CommandLine, check_form
from whoson_load.swarm.workload import Workload
from whoson_load.visitors.patience import Manners

if TYPE_CHECKING:
    from whoson_load.swarm.climb import Climb  # and with it SciPy, a second and 40 MB that only a search has to pay

__all__ = ["ChatSession", "ChatVisitor", "Manners", "Outcome", "Plugin", "everyday", "locustfile_pace"]
__all__ += ["Does", "Hears", "replay"]  # of the locustfiles that `whoson-load import-har` writes

_LAST_REPORTS_S: Final = 15.0  # Invented; the time that visitors have to finish (--stop-timeout) comes on top
_RECEIPTS_S: Final = 5.0  # Invented


class Plugin:
    """One process's side of Locust's events.

    Attributes:
        exit_code: of the last run: 0, or why it is not.
        progress: shows a run in the terminal while it goes, until it is called off; None where Locust has its own ways.
        climb: the capacity search that the run is made for; None for any other run.
        render: what is printed when a run is over.
        ending: how the run under way will have ended.
        command_line: as typed.
        interruption: what Ctrl-C does.
    """

    def __init__(self) -> None:
        self.exit_code = 0
        self.progress: Callable[[Run, Environment], Callable[[], None]] | None = None
        self.climb: Climb | None = None
        self.render: Callable[[Summary, Path], str] = render_summary
        self.ending = Ending.FINISHED
        self.command_line = sys.argv
        self.interruption = Interruption()
        self._typed: CommandLine | None = None
        self._environment: Environment | None = None
        self._courier: WorkerCourier | MasterCourier | None = None
        self._run: Run | None = None
        self._station: Station | None = None
        self._tender: gevent.Greenlet[[], None] | None = None
        self._end_progress: Callable[[], None] | None = None
        self._workload: Workload | None = None
        self._feed: Feed | None = None

    def listen(self) -> None:
        """Join Locust's events."""
        hooks: dict[EventHook, Callable[..., None]] = {
            events.init_command_line_parser: lambda parser, **_: add_options(parser),
            events.init: self._init,
            events.test_start: self._test_start,
            events.test_stop: self._test_stop,
        }
        for hook, listener in hooks.items():
            hook.add_listener(listener)  # type: ignore[no-untyped-call]

    # Before anything is sent

    def _init(self, environment: Environment, **_: object) -> None:
        self._environment = environment
        self.interruption.catch()
        make_haste()
        # Added behind the runner's own listener, so called before it: Locust fires this event in reverse.
        environment.events.quitting.add_listener(self._quitting)  # type: ignore[no-untyped-call]
        environment.process_exit_code = 0
        self._typed = CommandLine(options_of(environment))
        self._workload = Workload(environment, over=self._end, refused=self._stop_refused, note=self._note)
        # Behind the workload's own listener: nobody arrives any more when the last reports are asked for.
        environment.events.test_stopping.add_listener(self._test_stopping)  # type: ignore[no-untyped-call]
        if isinstance(environment.runner, WorkerRunner):
            self._courier = WorkerCourier(environment.runner, self._stop)
            if options_of(environment).processes:
                self.interruption.follow(self._courier.give_up)
            return  # a worker does what its master has checked
        if isinstance(environment.runner, MasterRunner):
            be_patient()
            self._courier = MasterCourier(environment.runner, self._keep)
        try:
            check_asked(options_of(environment), environment)
        except (ConfigError, GuardError) as problem:
            self._leave(problem)
        if environment.web_ui is not None:
            check_form(environment, self._typed, _say)
            # Only now: Bokeh costs half a second and 40 MB, which nobody has to pay for who shows no page.
            from whoson_load.dashboard.routes import open_pages  # noqa: PLC0415

            self._feed = open_pages(environment, is_loopback)

    def _leave(self, problem: WhosOnLoadError) -> NoReturn:
        _say(str(problem))
        if self._environment is not None:
            dismiss_workers(self._environment.runner)
        sys.exit(5 if isinstance(problem, GuardError) else 2 if isinstance(problem, ConfigError) else 1)

    # A run

    def _test_start(self, environment: Environment, **_: object) -> None:
        options = options_of(environment)
        runner = environment.runner
        try:
            if not isinstance(runner, WorkerRunner):
                assert self._typed is not None  # since Locust's init, too
                self._typed.hold(options)
            asked = Asked.read(options, environment, environment.host)
            settings = asked.settings
            run_id = str(options.whoson_run_id) if isinstance(runner, WorkerRunner) else new_run_id()
            options.whoson_run_id = run_id
            assert self._workload is not None  # it is there since Locust's init
            cast, numbers, gatekeeper = self._workload.begin(settings.seed, self.climb.drain_s if self.climb else None)
            if not isinstance(runner, WorkerRunner):
                options.seed = settings.seed
                self._run = self._begin_run(environment, self._workload, run_id, asked)
        except WhosOnLoadError as problem:
            self._refuse(ConfigError(f"--out: {problem}") if isinstance(problem, RecordError) else problem)
        self.exit_code = 0
        self.ending = Ending.FINISHED
        if not isinstance(runner, WorkerRunner):
            for name in HEADLINE:  # so that Locust's tables name all four, also where nobody got so far
                environment.stats.get(name, REQUEST_TYPE)
        if isinstance(self._courier, WorkerCourier):
            self._courier.begin(run_id)
        elif self._courier is not None and self._run is not None:
            self._courier.begin(run_id, self._run.collector)
        self.interruption.led = isinstance(runner, WorkerRunner) and bool(options.processes)
        if not isinstance(runner, MasterRunner):
            self._station = Station(environment, asked, cast, numbers, gatekeeper, self._hand_over)
            self._workload.send_visitors(self._station.generator, settings.seed)
        self._tender = gevent.spawn(self._tend)
        if self.progress is not None and self._run is not None:
            self._end_progress = self.interruption.put_back = self.progress(self._run, environment)

    def _begin_run(self, environment: Environment, workload: Workload, run_id: str, asked: Asked) -> Run:
        # A capacity search judges each level by itself; as a whole it goes past its limits on purpose.
        objectives, options = () if self.climb else asked.objectives, options_of(environment)
        run = Run(run_id, asked.settings, asked.pace, asked.target, options, self.command_line, objectives)
        if self.climb is not None:
            self.climb.begin(environment, workload, run, self._end)
        if self._feed is not None:
            self._feed.begin(run, run.folder / PAGE)
        return run

    def _refuse(self, problem: WhosOnLoadError) -> NoReturn:
        """A run that cannot begin: say why, and end what was about to start it."""
        if self._environment is None or options_of(self._environment).headless:
            self._leave(problem)
        _say(str(problem))
        raise GreenletExit  # Locust starts a test in a greenlet of its own

    def _tend(self) -> None:
        while True:
            gevent.sleep(SHOW_S)
            if self._station is not None:
                self._station.show()
            if self._environment is not None and self._environment.runner is not None:
                keep_bounded(self._environment.runner)
            if isinstance(self._courier, MasterCourier):
                self._courier.look_around()
                self._keep()

    def _hand_over(self, report: IntervalReport) -> None:
        if isinstance(self._courier, WorkerCourier):
            self._courier.send(report)
        elif self._run is not None:
            self._run.collector.add(report, monotonic_ns())
            self._keep()

    def _keep(self) -> None:
        if self._run is None:
            return
        try:
            self._run.keep()
        except RecordError as problem:
            self._stop_for(problem, self._run)
            return
        if self._run.hopeless and self.ending is Ending.FINISHED:
            _say(f"{self._run.hopeless}; the run stops")
            self.exit_code, self.ending = gravest(self.exit_code, OBJECTIVE_MISSED), Ending.ABORTED
            self._end()

    def _stop_for(self, problem: RecordError, run: Run) -> None:
        _say(f"{problem}; the run stops")
        self.exit_code, self.ending, self._run = 1, Ending.FAILED, None
        run.fail(self.exit_code)
        self._end()

    def _stop_refused(self, said: str) -> None:
        _say(
            f"{MOST_REFUSALS} visits in a row were refused, the last one with {said!r}; the run stops, since targets"
            " blacklist addresses that go on"
        )
        self.exit_code, self.ending = 5, Ending.GUARDED
        self._end()

    def _end(self) -> None:
        """End the run in good order, in a greenlet of its own: whoever asks for it may be stopped by it."""
        if self._environment is not None and self._environment.runner is not None:
            runner = self._environment.runner
            gevent.spawn(runner.quit if options_of(self._environment).headless else runner.stop)

    def _note(self, sentence: str) -> None:
        _say(sentence)
        if self._run is not None:
            self._run.note(sentence)

    def _stop(self) -> None:
        """Stop the run in this process, and come back when it has stopped, whoever else stops it."""
        runner = self._environment.runner if self._environment is not None else None
        if runner is not None and runner.state not in (STATE_CLEANUP, STATE_STOPPED):
            runner.stop()
        while self._tender is not None:
            gevent.sleep(0.05)

    def _test_stopping(self, environment: Environment, **_: object) -> None:
        if isinstance(self._courier, MasterCourier) and self._run is not None:
            if has_lost_all(environment.runner) and options_of(environment).headless:
                self._note("All workers are gone; the run stops.")
                self.exit_code, self.ending = 1, Ending.FAILED
                self._end()
            owing = self._courier.collect_last(_LAST_REPORTS_S + environment.stop_timeout)
            if owing:
                self._note(f"The last reports of these workers did not come: {', '.join(owing)}.")

    def _test_stop(self, **_: object) -> None:
        if self._tender is None:
            return
        self._tender.kill(block=False)
        self._tender = None
        self.interruption.led = False
        if self._station is not None:
            self._station.end()
        if self._end_progress is not None:
            self._end_progress()
        self._station = self._end_progress = None
        self.exit_code = self.exit_code or int(self._failed())
        if self.ending is Ending.FINISHED and self.interruption.ending is not None:
            self.ending = self.interruption.ending
        if self._run is not None:
            self._finish(self._run)
            self._run = None
        if isinstance(self._courier, MasterCourier):
            self._courier.end()

    def _failed(self) -> bool:
        """Whether code of ours or of the locustfile broke: what a target does never raises there."""
        runner = self._environment.runner if self._environment is not None else None
        return log.unhandled_greenlet_exception or (runner is not None and bool(runner.exceptions))

    def _finish(self, run: Run) -> None:
        whole = True
        try:
            summary = run.finish(self.ending, self.exit_code)
        except RecordError as problem:
            _say(str(problem))
            run.info.exit_code, whole = 1, False
            summary = run.summary()
        self.exit_code = run.info.exit_code or 0
        if self._feed is not None:
            self._feed.end(summary)
        sys.stdout.write(self.render(summary, run.folder) + "\n")
        if whole and not run.info.options["no_page"]:
            leave_page(run.folder)

    def _quitting(self, environment: Environment, **_: object) -> None:
        self.interruption.finish()
        if self._tender is not None:  # a run that ends by itself has ended before
            self.ending = Ending.INTERRUPTED if self.interruption.times else Ending.TERMINATED
        if environment.runner is not None:
            # Locust stops its users only later; here visitors end their chats, and the record ends, for the exit code.
            self._stop()
        if isinstance(self._courier, WorkerCourier):
            self._courier.wait_for_receipts(_RECEIPTS_S)
        environment.process_exit_code = self.exit_code


def _say(problem: str) -> None:
    sys.stderr.write(f"whoson-load: {problem}\n")


plugin = Plugin()
"""Of this process."""

plugin.listen()
