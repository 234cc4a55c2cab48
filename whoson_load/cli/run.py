"""`whoson-load run`: Locust with our locustfile, with the simulator beside it where no host is given."""

from __future__ import annotations

import argparse
import atexit
import logging
import math
import os
import secrets
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from whoson_load.cli.arguments import Parser, refuse
from whoson_load.cli.embedded import EmbeddedSimulator
from whoson_load.client.target import API_KEY_VARIABLE, AUTH_VARIABLE, is_loopback
from whoson_load.errors import ConfigError
from whoson_load.simulator.site_file import load_settings
from whoson_load.swarm.options import DEFAULT_DOMAIN, add_options
from whoson_load.visitors.curve_language import read_time
from whoson_load.visitors.recording import length_of_time

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from locust import LoadTestShape, TaskSet, User

    _Loaded = tuple[
        dict[str, type[User]],
        dict[str, LoadTestShape],
        dict[str, list[TaskSet | Callable[..., Any]]],
        LoadTestShape | None,
    ]
    _Checked = Callable[[argparse.Namespace, Sequence[type[User]]], None]

__all__ = ["RunParser", "check", "main", "run_locust", "target_options"]

_DESCRIPTION = """Run a locustfile's visitors against a server (--host) or against the built-in simulator (without
--host). Every option of Locust works, too: -u VISITORS -r PER_SECOND -t DURATION, --processes N, --csv PREFIX ...
`locust -f LOCUSTFILE --help` lists them."""


_LOCUST_PORT = 5557


class RunParser(Parser):
    """A parser whose help names our options that Locust's own takes.

    Attributes:
        unexplained: those of them that its command refuses, and its help leaves out.
    """

    unexplained: Collection[str] = ()

    def format_help(self) -> str:
        """The options of the command, then those that Locust's parser takes for us; its own are too many."""
        from locust.argument_parser import LocustArgumentParser

        page = LocustArgumentParser(
            add_help=False, usage=argparse.SUPPRESS, add_config_file_help=False, conflict_handler="resolve"
        )
        add_options(page)
        for flag in self.unexplained:
            page.add_argument(flag, help=argparse.SUPPRESS)
        return f"{super().format_help()}\n{page.format_help()}"


def _visit_length(written: str) -> float:
    try:
        return read_time(written)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _parser() -> argparse.ArgumentParser:
    parser = RunParser(prog="whoson-load run", description=_DESCRIPTION, allow_abbrev=False)
    parser.add_argument("locustfile", metavar="LOCUSTFILE")
    target_options(parser)
    parser.add_argument(
        "--web", action="store_true", help="with Locust's web page, on this machine only, instead of at once"
    )
    parser.add_argument("--web-host", metavar="HOST", default="127.0.0.1", help=argparse.SUPPRESS)
    parser.add_argument(
        "--plan", action="store_true", help="only draw the arrivals and chats to be expected; nothing is sent"
    )
    parser.add_argument(
        "--visit-length", type=_visit_length, metavar="TIME", help="of a visit on average, for --plan, such as 3m"
    )
    return parser


def target_options(parser: argparse.ArgumentParser) -> None:
    """Add what says whom a run meets, and with what dice and pace."""
    parser.add_argument(
        "--simulator", action="store_true", help="run against the built-in simulator (the default without --host)"
    )
    parser.add_argument("-H", "--host", metavar="URL", help="ws://HOST:PORT or wss://HOST:PORT of the server")
    parser.add_argument("--site", metavar="NAME|FILE", help="the simulator's site (default: default)")
    for flag in ("--pace", "--seed"):  # the simulator gets them, too; they are explained below
        parser.add_argument(flag, metavar="N", help=argparse.SUPPRESS)
    parser.add_argument(
        "--loglevel", "-L", metavar="LEVEL", default="WARNING", help="of Locust's log (default: WARNING)"
    )


def main(argv: list[str]) -> int:
    """Run.

    Args:
        argv: behind `whoson-load run`.

    Returns:
        The exit code; Locust ends the process itself, so mostly SystemExit is raised instead.

    Raises:
        ConfigError: the locustfile is missing or cannot be loaded, or options are wrong or contradict each other.
        WhosOnLoadError: the simulator did not become ready.
    """
    ours, for_locust = _parser().parse_known_args(argv)
    check(ours)
    if not is_loopback(ours.web_host):
        raise ConfigError(
            f"--web-host: got {ours.web_host}, expected an address of this machine: the page has no password"
        )
    for_locust += ["--web-host", ours.web_host] if ours.web else ["--headless", "--only-summary"]
    return run_locust(ours, for_locust, ["whoson-load", "run", *argv], _say_when_it_ends)


def check(ours: argparse.Namespace) -> None:
    """See that locustfile and target go together.

    Raises:
        ConfigError: they do not.
    """
    locustfile = Path(ours.locustfile)
    if not (locustfile.is_file() and locustfile.suffix == ".py"):
        wrong = "is no Python file" if locustfile.exists() else "does not exist"
        raise ConfigError(
            f"got the locustfile {ours.locustfile}, which {wrong}; expected one as the first argument, such as"
            " locustfiles/visitors.py"
        )
    if ours.simulator and ours.host:
        raise ConfigError("got --simulator and --host, expected one of them")
    if ours.site and ours.host:
        raise ConfigError("got --site and --host, expected --site with the simulator only")


def run_locust(
    ours: argparse.Namespace, for_locust: list[str], command_line: list[str], checked: _Checked | None = None
) -> int:
    """Let Locust run.

    Args:
        ours: the command's options.
        for_locust: Locust's.
        command_line: as typed.
        checked: called with all options and the user classes once they are read, before anything starts; not on a
            worker of another machine.

    Returns:
        the exit code; Locust ends the process itself, so mostly SystemExit is raised instead.

    Raises:
        ConfigError: options or locustfile are wrong.
    """
    sys.argv = [" ".join(command_line[:2]), "-f", ours.locustfile, "--loglevel", ours.loglevel, *for_locust]
    for flag, value in (("--host", ours.host), ("--pace", ours.pace), ("--seed", ours.seed)):
        if value is not None:
            sys.argv += [flag, value]
    # Imported only now: it patches the standard library, which nothing before shall meet half-done.
    import locust.main
    from locust import events

    from whoson_load.cli.progress import show_progress
    from whoson_load.plugin import plugin

    plugin.command_line = command_line
    plugin.interruption.catch()
    # Registered first, so called last: what is over when Python takes itself apart keeps the exit code it has.
    for number in (signal.SIGINT, signal.SIGTERM):
        atexit.register(signal.signal, number, signal.SIG_IGN)
    if not ours.web:
        plugin.progress = show_progress
    events.init_command_line_parser.add_listener(_refuse_in_one_line)  # type: ignore[no-untyped-call]
    events.init.add_listener(_silence_the_tables)  # type: ignore[no-untyped-call]
    load = locust.main.merge_locustfiles_content

    def load_and_prepare(locustfiles: list[str]) -> _Loaded:
        # Between the loading of the locustfile, which may bring options and a pace, and Locust's reading of the
        # options, which takes the simulator's address like any other.
        try:
            found = load(locustfiles)
        except Exception as problem:  # noqa: BLE001  # whatever the code of a locustfile may raise
            raise ConfigError(_where_it_broke(ours.locustfile, problem)) from None
        _prepare(ours, found[0], checked)
        return found

    locust.main.merge_locustfiles_content = load_and_prepare
    locust.main.main()  # type: ignore[no-untyped-call]
    return plugin.exit_code


def _refuse_in_one_line(parser: argparse.ArgumentParser, **_: object) -> None:
    def leave(status: int = 0, message: str | None = None) -> NoReturn:
        if status:
            refuse((message or "").removeprefix(f"{parser.prog}: error: "))
        sys.exit(status)

    parser.exit = leave  # type: ignore[method-assign]


def _silence_the_tables(**_: object) -> None:
    # Our table is exact; Locust's, of the same samples rounded to two digits, would stand beside it and differ.
    logging.getLogger("locust.stats_logger").disabled = True


def _where_it_broke(locustfile: str, problem: Exception) -> str:
    name = Path(locustfile).name
    lines = [frame.lineno for frame in traceback.extract_tb(problem.__traceback__) if Path(frame.filename).name == name]
    where = f"{locustfile}, line {lines[-1]}" if lines else locustfile
    return " ".join(f"{where}: {type(problem).__name__}: {problem}".split())


def _prepare(ours: argparse.Namespace, classes: dict[str, type[User]], checked: _Checked | None) -> None:
    """Check what Locust would not check in our way, and start the simulator where no host is named."""
    from locust.argument_parser import get_parser

    if not classes:
        raise ConfigError(
            f"{ours.locustfile}: got no class of visitors, expected one such as class Visitor(ChatVisitor)"
        )
    options = get_parser().parse_args()
    unknown = sorted(set(options.user_classes) - set(classes))
    if unknown:
        raise ConfigError(f"got the class {unknown[0]}, expected {' or '.join(classes)}")
    if options.num_users is not None and options.num_users < 0:
        raise ConfigError(f"argument -u/--users: got {options.num_users}, expected a number from 0")
    if not options.worker:
        chosen = [classes[name] for name in options.user_classes or classes]
        _read_workload(ours, options, chosen)
        if checked is not None:
            checked(options, chosen)
    if ours.web:
        port = _free_port("--web-port", options.web_host, options.web_port)
        if not (options.autostart or options.worker):
            page = f"http://{options.web_host}:{port}"
            sys.stderr.write(f"whoson-load run: nobody comes before Start is pressed at {page} (or give --autostart)\n")
    if options.processes and not options.worker:
        sys.argv += _meeting_place(options)
    if options.worker or (options.host and not ours.simulator):
        if ours.site:
            raise ConfigError("got --site without the simulator, expected --site with the simulator only")
        return
    _start_simulator(ours, options, classes)


def _read_workload(ours: argparse.Namespace, options: argparse.Namespace, classes: list[type[User]]) -> None:
    """See that the workload is one, before anything starts; with --plan, draw it and leave."""
    from whoson_load.cli.plan import describe_plan
    from whoson_load.swarm.orders import read_orders

    orders = read_orders(options, classes)
    if orders.is_open and (options.num_users, options.spawn_rate) != (None, None):
        sys.stderr.write("whoson-load run: -u and -r have no say where a curve does; --max-visitors has\n")
    if ours.plan:
        load_settings(ours.site or "default")  # which says what is wrong with it
        simulated = ours.simulator or not options.host
        print(describe_plan(options, classes, orders, simulated=simulated, visit_s=ours.visit_length))
        sys.exit(0)


def _say_when_it_ends(options: argparse.Namespace, classes: Sequence[type[User]]) -> None:
    """Of an open model that no -t ends: nobody sees its end coming."""
    from whoson_load.swarm.orders import read_arrivals

    curve = read_arrivals(options.arrivals, classes)
    if curve is not None and options.only_visitor is None and not options.run_time:
        until = "until the run is stopped (-t ends it by itself)"
        if curve.lasts_s < math.inf:
            until = f"for {length_of_time(curve.lasts_s)}; it ends when the last one has left"
        sys.stderr.write(f"whoson-load run: visitors come {until}\n")


def _meeting_place(options: argparse.Namespace) -> list[str]:
    """Where the forked workers meet their master: by Locust's default always the same port, on every network.

    Two runs at once on one machine would there get each other's workers.
    """
    host, port = options.master_bind_host, options.master_bind_port
    if (host, port) == ("*", _LOCUST_PORT):
        host, port = "127.0.0.1", 0
    port = _free_port("--master-bind-port", "" if host == "*" else host, port)
    return ["--master-bind-host", host, "--master-bind-port", str(port), "--master-port", str(port)]


def _free_port(option: str, host: str, port: int) -> int:
    """The port, or any free one for 0, once it is known that one can listen there: Locust would end in a traceback."""
    try:
        with socket.create_server((host, port)) as found:
            return int(found.getsockname()[1])
    except OSError as problem:
        reason = os.strerror(problem.errno or 0)
        raise ConfigError(f"{option}: cannot listen on {host or '*'}:{port}: {reason}") from None


def _start_simulator(ours: argparse.Namespace, options: argparse.Namespace, classes: dict[str, type[User]]) -> None:
    from whoson_load.plugin import locustfile_pace

    site = ours.site or "default"
    settings = load_settings(site)
    pace = options.pace or locustfile_pace(classes.values())
    seed = secrets.randbelow(2**31) if options.seed is None else options.seed
    simulator = EmbeddedSimulator(["--site", site, "--pace", f"{pace:g}", "--seed", str(seed)])
    # Locust ends its workers at exit, too; registered before that, this comes after it.
    atexit.register(simulator.stop)
    # The site says what it takes, whatever the environment holds for another server.
    os.environ[AUTH_VARIABLE] = settings.server.authentication
    os.environ[API_KEY_VARIABLE] = settings.server.api_key
    sys.argv += ["--host", simulator.chat, "--seed", str(seed)]
    if options.domain == DEFAULT_DOMAIN:
        sys.argv += ["--domain", settings.site.domain]
