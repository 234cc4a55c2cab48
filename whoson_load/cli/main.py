"""The command `whoson-load`: finds the subcommand and hands over. Loads nothing that the subcommand does not need."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from whoson_load import __version__
from whoson_load.errors import ConfigError, GuardError, UnreadableError, WhosOnLoadError

__all__ = ["COMMANDS", "exit_code_of", "main"]

COMMANDS = {
    "run": "run visitors against a server, or against the simulator",
    "report": "show what came of a run",
    "import-har": "make a locustfile of a chat that a browser recorded",
    "capacity": "find the highest load that meets the objectives",
    "compare": "tell whether one build is better or worse than another",
    "simulate": "be a WhosOn server",
}
"""Subcommand -> what it does. Each is a module of this package, a dash being an underscore, with `main(argv)`."""

_USAGE = """usage: whoson-load COMMAND [ARGUMENTS]

Load and soak tests for WhosOn chat servers.

commands:
{commands}

whoson-load COMMAND --help tells more; whoson-load --version the version.

exit codes: 0 all well, 1 the program itself failed, 2 wrong usage or configuration, 3 an objective was missed,
4 the generator was the bottleneck, 5 stopped by a guard, 6 a regression,
130 a second Ctrl-C, or one before the run began"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand.

    Args:
        argv: without the program's name; None for the process's own.

    Returns:
        The exit code.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_USAGE.format(commands="\n".join(f"  {name:<10} {what}" for name, what in COMMANDS.items())))
        return 0 if arguments else 2
    if arguments[0] in ("-V", "--version"):
        print(f"whoson-load {__version__}")
        return 0
    if arguments[0] not in COMMANDS:
        print(f"whoson-load: got the command {arguments[0]!r}, expected {' or '.join(COMMANDS)}", file=sys.stderr)
        return 2
    return _run(arguments[0], arguments[1:])


def _run(name: str, argv: list[str]) -> int:
    try:
        # Imported only now: the simulator's process must never see gevent, and Locust patches the standard library.
        command = importlib.import_module(f"whoson_load.cli.{name.replace('-', '_')}")
        code: int = command.main(argv)
    except WhosOnLoadError as problem:
        print(f"whoson-load {name}: {problem}", file=sys.stderr)
        return exit_code_of(problem)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Who reads us (`head`, a pager) has had enough. What is still in the buffer goes nowhere, without a complaint.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def exit_code_of(problem: WhosOnLoadError) -> int:
    """The exit code that an error of ours ends the program with."""
    if isinstance(problem, GuardError):
        return 5
    return 2 if isinstance(problem, ConfigError | UnreadableError) else 1


if __name__ == "__main__":
    sys.exit(main())
