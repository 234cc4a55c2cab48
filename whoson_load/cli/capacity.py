"""`whoson-load capacity`: the highest load that meets the objectives, found in one run whose load is changed."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from whoson_load.analysis.capacity import next_load
from whoson_load.analysis.levels import MOST_HOLDS
from whoson_load.analysis.objectives import read_objectives
from whoson_load.cli.run import RunParser, check, run_locust, target_options
from whoson_load.errors import ConfigError
from whoson_load.measurement.capacity import Capacity, Conclusion, Quantity, Wanted
from whoson_load.record.reader import RunReader
from whoson_load.report.capacity import render_capacity
from whoson_load.visitors.curve_language import read_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from locust import User

__all__ = ["main"]

_DESCRIPTION = """Find the highest load that meets the objectives (--objective, or the locustfile's): by steps first,
then by halving the range, each level settled, held and judged with a confidence bound, the last good and the first bad
one visited twice. It ends at once where the generator itself is the bottleneck. Options of `whoson-load run` work,
too, but for those that say how many visitors come."""

_EPILOG = """exit codes: 0 found, or even --to is held; 3 not even --from is held; 4 the generator was the bottleneck,
or the search was broken off (go on with --resume); 2 wrong usage"""

_LOWEST: Final = 10.0
_HIGHEST_TIMES: Final = 1000.0
_WITHIN: Final = 0.05
_FEWEST_INTERVALS: Final = 5  # Invented
_BEGIN_S: Final = 5.0  # Invented: over which the first level's visitors come
_ABOUT_THE_SEARCH: Final = ("search", "lowest", "highest", "within", "hold", "settle")
_OF_THE_LOAD: Final = {"-u": "--users", "-r": "--spawn-rate", "-t": "--run-time"}


def _time(written: str) -> float:
    try:
        return read_time(written)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _load(written: str) -> float:
    try:
        value = float(written)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1e6:
        raise argparse.ArgumentTypeError(f"got {written!r}, expected a number above 0, at most 1,000,000")
    return value


def _share(written: str) -> float:
    try:
        value = float(written.removesuffix("%"))
    except ValueError:
        value = 0.0
    if not (written.endswith("%") and 0.5 <= value <= 50):
        raise argparse.ArgumentTypeError(f"got {written!r}, expected 0.5% to 50%")
    return value / 100


class _Refused(argparse.Action):
    """An option that the search itself has to set."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Complain."""
        parser.error(f"got {self.option_strings[-1]}, expected none: the search says how many visitors come, and when")


def _parser() -> RunParser:
    parser = RunParser(
        prog="whoson-load capacity",
        usage="whoson-load capacity LOCUSTFILE [OPTION ...], or --resume RUN [OPTION ...]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--search",
        choices=[each.value for each in Quantity],
        help="visitors at once, each followed by another, or arrivals a minute (default: visitors)",
    )
    parser.add_argument(
        "--from", dest="lowest", type=_load, metavar="N", help=f"the lowest load, tried first (default: {_LOWEST:g})"
    )
    parser.add_argument(
        "--to", dest="highest", type=_load, metavar="N", help=f"the highest (default: {_HIGHEST_TIMES:g} times --from)"
    )
    parser.add_argument(
        "--within",
        type=_share,
        metavar="P%",
        help=f"how far the last good and the first bad load may be apart (default: {100 * _WITHIN:g}%%)",
    )
    parser.add_argument(
        "--hold",
        type=_time,
        metavar="TIME",
        help=f"measure a level so long, and up to {MOST_HOLDS:g} times as long while it is undecided (default: three"
        " visits, at least 1m)",
    )
    parser.add_argument(
        "--settle", type=_time, metavar="TIME", help="leave it alone so long before (default: one visit and a half)"
    )
    parser.add_argument("--resume", type=Path, metavar="RUN", help="go on with the search that this run's record holds")
    target_options(parser)
    for short, long in _OF_THE_LOAD.items():
        parser.add_argument(short, long, action=_Refused, help=argparse.SUPPRESS)
    parser.unexplained = ("--arrivals", "--only-visitor")
    for flag in parser.unexplained:
        parser.add_argument(flag, action=_Refused, help=argparse.SUPPRESS)
    parser.set_defaults(web=False, plan=False, visit_length=None)
    return parser


def main(argv: list[str]) -> int:
    """Search.

    Args:
        argv: behind `whoson-load capacity`.

    Returns:
        The exit code; Locust ends the process itself, so mostly SystemExit is raised instead.

    Raises:
        ConfigError: wrong usage, no objective, or a record that another search left.
        RecordError: there is no record to resume, or it cannot be read.
        WhosOnLoadError: the simulator did not become ready.
    """
    # The first word, since of `--interval 2` only Locust's parser knows that the 2 is no locustfile.
    named = argv[:1] if argv and not argv[0].startswith("-") else []
    ours, for_locust = _parser().parse_known_args(argv[len(named) :])
    ours.locustfile = next(iter(named), None)
    before = None if ours.resume is None else _resumed(ours)
    if ours.locustfile is None:
        raise ConfigError("got no locustfile, expected one as the first argument, such as locustfiles/capacity.py")
    check(ours)
    wanted = _wanted(ours) if before is None else before.wanted
    first = next_load(wanted, before.levels if before is not None else [])
    if first is None:
        assert before is not None  # a search without levels always has a first load
        sys.stdout.write(f"{render_capacity(before)}\nNothing is left to be searched.\n")
        return {Conclusion.NONE: 3, Conclusion.UNTRUSTED: 4}.get(before.conclusion, 0)
    # Before the user's own, so that theirs hold; a level of a minute has to have many intervals.
    for_locust = ["--interval", "1", *for_locust, "--headless", "--only-summary"]
    if wanted.quantity is Quantity.VISITORS:
        for_locust += ["--users", f"{first:.0f}", "--spawn-rate", f"{max(first / _BEGIN_S, 0.01):g}"]
    else:
        for_locust += ["--arrivals", f"constant {first:g}/min"]
    if before is not None:
        for_locust += [part for each in before.wanted.objectives for part in ("--objective", each)]
    return run_locust(ours, for_locust, ["whoson-load", "capacity", *argv], partial(_prepare, ours, wanted, before))


def _wanted(ours: argparse.Namespace) -> Wanted:
    quantity = Quantity(ours.search or Quantity.VISITORS)
    lowest = ours.lowest if ours.lowest is not None else _LOWEST
    highest = ours.highest if ours.highest is not None else lowest * _HIGHEST_TIMES
    if quantity is Quantity.VISITORS and (lowest % 1 or highest % 1):
        raise ConfigError(f"got --from {lowest:g} --to {highest:g}, expected whole visitors")
    if highest <= lowest:
        raise ConfigError(f"got --from {lowest:g} --to {highest:g}, expected a range")
    return Wanted(
        quantity=quantity,
        objectives=[],  # known once the locustfile is loaded
        lowest=lowest,
        highest=highest,
        within=ours.within if ours.within is not None else _WITHIN,
        hold_s=ours.hold,
        settle_s=ours.settle,
    )


def _resumed(ours: argparse.Namespace) -> Capacity:
    """What the record holds; the options that it answers are filled in.

    Raises:
        ConfigError: it is no search's, or options contradict it.
        RecordError: it cannot be read.
    """
    given = [name for name in _ABOUT_THE_SEARCH if getattr(ours, name) is not None]
    if given:
        flag = {"lowest": "from", "highest": "to"}.get(given[0], given[0])
        raise ConfigError(f"got --resume and --{flag}, expected --resume alone: the record says what is searched")
    reader = RunReader(ours.resume)
    before = reader.capacity()
    if before is None:
        raise ConfigError(f"--resume: got {ours.resume}, which is no capacity search, expected one")
    if ours.locustfile is None:
        ours.locustfile = str(reader.info.options.get("locustfile") or "")
    if not (ours.host or ours.site):
        kind, _, site = before.target.partition(" ")
        if kind == "simulator":
            ours.site = site
        elif not ours.simulator:
            ours.host = before.target
    if ours.pace is None:
        ours.pace = f"{before.pace:g}"
    return before


def _prepare(
    ours: argparse.Namespace,
    wanted: Wanted,
    before: Capacity | None,
    options: argparse.Namespace,
    classes: Sequence[type[User]],
) -> None:
    """Give the run its search, once options and locustfile are known."""
    import msgspec

    from whoson_load.analysis.bounds import get_ready
    from whoson_load.cli.progress import show_search
    from whoson_load.plugin import plugin
    from whoson_load.swarm.asked import asked_objectives, locustfile_pace
    from whoson_load.swarm.climb import Climb
    from whoson_load.swarm.orders import read_arrivals

    if options.run_time:
        raise ConfigError(f"got a run time of {options.run_time}, expected none: the search ends when it has found")
    if wanted.hold_s is not None and wanted.hold_s < _FEWEST_INTERVALS * options.interval:
        raise ConfigError(
            f"--hold: got {wanted.hold_s:g} s, expected {_FEWEST_INTERVALS} intervals of {options.interval:g} s"
            " (--interval) or more: else nobody can tell a server's moods from the load"
        )
    if wanted.quantity is Quantity.VISITORS and read_arrivals(options.arrivals, classes) is not None:
        raise ConfigError(
            f"{ours.locustfile}: got visitors with arrivals, expected --search arrivals, or visitors without"
        )
    objectives = asked_objectives(options, classes)
    if not objectives:
        raise ConfigError(
            "got no objective, expected one that says how much is too much, such as --objective 'echo p99 < 500ms'"
        )
    simulated = ours.simulator or not options.host
    capacity = Capacity(
        wanted=msgspec.structs.replace(wanted, objectives=[each.text for each in objectives]),
        target=f"simulator {ours.site or 'default'}" if simulated else str(options.host),
        locustfile_sha256=hashlib.sha256(Path(ours.locustfile).read_bytes()).hexdigest(),
        pace=options.pace or locustfile_pace(classes),
    )
    if before is not None:
        _expect_same(before, capacity)
        capacity.levels, capacity.resumed_from = before.levels, ours.resume.resolve().name
    get_ready()
    climb = plugin.climb = Climb(capacity, read_objectives(each.text for each in objectives))
    plugin.progress = show_search(climb)
    plugin.render = lambda _, folder: f"{render_capacity(climb.capacity)}\nRecord: {folder}"


def _expect_same(before: Capacity, now: Capacity) -> None:
    pairs: dict[str, Callable[[Capacity], object]] = {
        "the target": lambda each: each.target,
        "another content of the locustfile:": lambda each: each.locustfile_sha256[:12],
        "the pace": lambda each: each.pace,
        "the objectives": lambda each: "; ".join(each.wanted.objectives),
    }
    for what, of in pairs.items():
        if of(before) != of(now):
            raise ConfigError(f"--resume: got {what} {of(now)}, expected {of(before)} as in the search that broke off")
