"""`whoson-load run`: Locust with our locustfile, with the simulator beside it where no host is given."""

from __future__ import annotations

import argparse
import ast
import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from whoson_load.cli.embedded import EmbeddedSimulator
from whoson_load.client.target import is_loopback
from whoson_load.errors import ConfigError

__all__ = ["main"]

_DESCRIPTION = """Run a locustfile's visitors against a server (--host) or against the built-in simulator (without --host). Every option of Locust works,
too: -u VISITORS -r PER_SECOND -t DURATION, --processes N, --csv PREFIX ... `locust -f LOCUSTFILE --help` lists all of them, ours included."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise ConfigError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="whoson-load run", description=_DESCRIPTION, allow_abbrev=False)
    parser.add_argument("locustfile", metavar="LOCUSTFILE")
    parser.add_argument("--simulator", action="store_true", help="run against the built-in simulator (the default without --host)")
    parser.add_argument("-H", "--host", metavar="URL", help="ws://HOST:PORT or wss://HOST:PORT of the server")
    parser.add_argument("--site", metavar="NAME|FILE", help="the simulator's site")
    parser.add_argument("--web", action="store_true", help="with Locust's web page, on this machine only, instead of at once")
    parser.add_argument("--web-host", metavar="HOST", help=argparse.SUPPRESS)
    parser.add_argument("--pace", metavar="N", help="human times N times shorter, the simulated operators' too")
    parser.add_argument("--seed", metavar="N", help="of everything random, in the simulator too")
    parser.add_argument("--loglevel", "-L", metavar="LEVEL", default="WARNING", help="of Locust's log (default: WARNING)")
    return parser


def main(argv: list[str]) -> int:
    """Run.

    Args:
        argv: behind `whoson-load run`.

    Returns:
        The exit code; Locust ends the process itself, so mostly SystemExit is raised instead.

    Raises:
        ConfigError: the locustfile is missing or does not parse, or options contradict each other.
    """
    ours, for_locust = _parser().parse_known_args(argv)
    _check_locustfile(ours.locustfile)
    if ours.simulator and ours.host:
        raise ConfigError("got --simulator and --host, expected one of them")
    if ours.site and ours.host:
        raise ConfigError("got --site and --host, expected --site with the simulator only")
    if ours.web_host and not is_loopback(ours.web_host):
        raise ConfigError(f"--web-host: got {ours.web_host}, expected an address of this machine: the page has no password")
    with contextlib.ExitStack() as stack:
        host = ours.host or os.environ.get("LOCUST_HOST") if not ours.simulator else None
        if host is None:
            host = stack.enter_context(_simulator(ours))
        return _locust(ours, host, for_locust)


def _check_locustfile(name: str) -> None:
    path = Path(name)
    if not path.is_file():
        raise ConfigError(f"got the locustfile {name}, which is no file; expected one such as locustfiles/visitors.py")
    try:
        ast.parse(path.read_bytes(), name)
    except (SyntaxError, ValueError) as problem:
        where = f", line {problem.lineno}" if isinstance(problem, SyntaxError) else ""
        raise ConfigError(f"{name}{where}: {getattr(problem, 'msg', problem)}") from None


@contextlib.contextmanager
def _simulator(ours: argparse.Namespace) -> Iterator[str]:
    arguments = []
    pace = ours.pace or os.environ.get("WHOSON_PACE")
    for flag, value in (("--pace", pace), ("--seed", ours.seed or os.environ.get("WHOSON_SEED")), ("--site", ours.site)):
        if value:
            arguments += [flag, value]
    # The simulator takes the specification's example secrets, whatever those of another server in the environment are.
    for secret in ("WHOSON_AUTH", "WHOSON_API_KEY"):
        os.environ.pop(secret, None)
    with EmbeddedSimulator(arguments) as simulator:
        yield simulator.chat


def _locust(ours: argparse.Namespace, host: str, for_locust: list[str]) -> int:
    sys.argv = ["whoson-load run", "-f", ours.locustfile, "--host", host, "--loglevel", ours.loglevel, *for_locust]
    for flag, value in (("--pace", ours.pace), ("--seed", ours.seed)):
        if value is not None:
            sys.argv += [flag, value]
    sys.argv += ["--web-host", ours.web_host or "127.0.0.1"] if ours.web else ["--headless", "--only-summary"]
    # Imported only now: it patches the standard library, which the simulator's starting must not meet half-done.
    from locust.main import main as locust_main  # noqa: PLC0415

    from whoson_load.cli.progress import show_progress  # noqa: PLC0415
    from whoson_load.plugin import plugin  # noqa: PLC0415

    if not ours.web:
        plugin.progress = show_progress
        # Our table is exact; Locust's, of the same samples rounded to two digits, would stand beside it and differ.
        logging.getLogger("locust.stats_logger").disabled = True
    locust_main()  # type: ignore[no-untyped-call]
    return plugin.exit_code
