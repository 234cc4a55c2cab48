"""`whoson-load compare`: is the candidate better, the same or worse than its baseline? One or several runs a side."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from whoson_load.analysis.changes import Floor, Standing
from whoson_load.analysis.comparable import Contender, check_comparable, differences_to_know
from whoson_load.analysis.comparison import Comparison, compare
from whoson_load.analysis.observation import observe, unusable
from whoson_load.cli.arguments import Parser, write_page
from whoson_load.cli.report import summary_of
from whoson_load.errors import ConfigError
from whoson_load.record.baselines import baseline_runs, keep_baseline
from whoson_load.record.reader import RunReader
from whoson_load.report.comparison import render_comparison, render_comparison_markdown

__all__ = ["REGRESSION", "UNDECIDED", "main"]

REGRESSION: Final = 6
"""The exit code of a candidate that is worse."""

UNDECIDED: Final = 4
"""The exit code where nothing can be told."""

_DESCRIPTION: Final = """Compare runs of two builds: compare BASELINE CANDIDATE, or several a side:
compare BASELINE [BASELINE ...] -- CANDIDATE [CANDIDATE ...]. With --baseline NAME the baseline is the one kept by
that name, and all RUNs are candidates; --keep NAME keeps the RUNs as a baseline."""

_EPILOG: Final = """exit codes: 0 better or the same, 6 worse, 4 cannot tell (give longer runs, or several a side), 2
the runs cannot be compared (other journeys, another load, another machine)"""


def main(argv: list[str]) -> int:
    """Run the command.

    Args:
        argv: its arguments.

    Returns:
        0 better or the same, or a baseline was kept; 6 worse; 4 cannot tell.

    Raises:
        ConfigError: wrong usage, or runs that cannot be compared.
        RecordError: a record cannot be read, or a baseline not be kept.
    """
    split = argv.index("--") if "--" in argv else len(argv)
    options = _parser().parse_args(argv[:split])
    behind = [Path(each) for each in argv[split + 1 :]]
    if options.keep is not None:
        return _keep(options, [*options.runs, *behind])
    baseline, candidate = _sides(options, behind, split=split < len(argv))
    comparison = _compared(options, baseline, candidate)
    names = [each.name or str(each) for each in baseline], [each.name or str(each) for each in candidate]
    if options.output is not None and options.format != "html":
        raise ConfigError(f"-o: got it with --format {options.format}, expected html: all others go to stdout")
    if options.format == "html":
        from whoson_load.report.comparison_page import render_comparison_page  # Bokeh takes half a second to load

        write_page(render_comparison_page(comparison, *names), options.output)
    elif options.format == "json":
        told = {"baseline": names[0], "candidate": names[1], "comparison": comparison}
        sys.stdout.write(f"{msgspec.json.format(msgspec.json.encode(told), indent=2).decode()}\n")
    elif options.format == "markdown":
        sys.stdout.write(render_comparison_markdown(comparison, *names))
    else:
        sys.stdout.write(f"{render_comparison(comparison, *names)}\n")
    return {Standing.WORSE: REGRESSION, Standing.CANNOT_TELL: UNDECIDED}.get(comparison.standing, 0)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="whoson-load compare", description=_DESCRIPTION, epilog=_EPILOG, allow_abbrev=False)
    parser.add_argument("runs", metavar="RUN", type=Path, nargs="*", help="a run's folder")
    side = parser.add_mutually_exclusive_group()
    side.add_argument("--baseline", metavar="NAME", help="compare with the baseline kept by this name")
    side.add_argument("--keep", metavar="NAME", help="keep the runs as the baseline of this name")
    parser.add_argument(
        "--reports", metavar="DIR", type=Path, default=Path("reports"), help="where baselines are (default: reports)"
    )
    parser.add_argument(
        "--format",
        choices=("text", "html", "json", "markdown"),
        default="text",
        help="html is a page with charts (default: text)",
    )
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="where html goes (default: stdout)")
    floor = Floor()
    parser.add_argument(
        "--floor",
        metavar="PERCENT",
        type=_amount,
        default=100 * floor.share,
        help=f"a time's change below it does not matter (default: {100 * floor.share:g})",
    )
    parser.add_argument(
        "--floor-ms",
        metavar="MS",
        type=_amount,
        default=floor.least_ms,
        help=f"nor does one below this (default: {floor.least_ms:g})",
    )
    parser.add_argument(
        "--rule-out",
        metavar="PERCENT",
        type=_amount,
        default=100 * floor.ruled_out,
        help="how large a change of a time has to be ruled out before two builds are the same"
        f" (default: {100 * floor.ruled_out:g}; twice --floor-ms is always enough)",
    )
    parser.add_argument(
        "--other-machines", action="store_true", help="compare although the generators ran on different machines"
    )
    return parser


def _amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a number of 0 or more")
    return value


def _keep(options: argparse.Namespace, runs: Sequence[Path]) -> int:
    if not runs:
        raise ConfigError(f"--keep {options.keep}: got no run, expected one or more")
    for contender in _contenders(options, [RunReader(each) for each in runs]):
        problem = unusable(Path(contender.name).name, contender.summary)
        if problem:
            raise ConfigError(f"{problem} Nothing can be held against it.")
    sys.stdout.write(f"Kept: {keep_baseline(options.reports, options.keep, runs)}\n")
    return 0


def _sides(options: argparse.Namespace, behind: list[Path], *, split: bool) -> tuple[list[Path], list[Path]]:
    if options.baseline is not None:
        baseline, candidate = baseline_runs(options.reports, options.baseline), [*options.runs, *behind]
    elif split:
        baseline, candidate = options.runs, behind
    elif len(options.runs) == 2:
        baseline, candidate = options.runs[:1], options.runs[1:]
    else:
        raise ConfigError(
            f"got {len(options.runs)} runs, expected BASELINE CANDIDATE, or several a side with -- between"
        )
    if not baseline or not candidate:
        raise ConfigError("got no run on one side, expected one or more on each")
    if {each.resolve() for each in baseline} & {each.resolve() for each in candidate}:
        raise ConfigError("got the same run on both sides, expected different ones")
    return baseline, candidate


def _compared(options: argparse.Namespace, baseline: Sequence[Path], candidate: Sequence[Path]) -> Comparison:
    readers = [RunReader(each) for each in (*baseline, *candidate)]
    contenders = _contenders(options, readers)
    for contender in contenders:
        problem = unusable(Path(contender.name).name, contender.summary)
        if problem:
            return Comparison(standing=Standing.CANNOT_TELL, reason=f"Cannot tell: {problem}")
    seen = [observe(one.summary, reader.timeline()) for one, reader in zip(contenders, readers, strict=True)]
    floor = Floor(share=options.floor / 100, least_ms=options.floor_ms, ruled_out=options.rule_out / 100)
    told = compare(seen[: len(baseline)], seen[len(baseline) :], floor)
    return msgspec.structs.replace(told, notes=[*told.notes, *differences_to_know(contenders)])


def _contenders(options: argparse.Namespace, readers: Sequence[RunReader]) -> list[Contender]:
    for each in readers:
        if each.capacity() is not None:
            raise ConfigError(f"got {each.folder}, a capacity search, expected a run whose load stays the same")
    contenders = [Contender(str(each.folder), each.info, summary_of(each)) for each in readers]
    check_comparable(contenders, other_machines=options.other_machines)
    return contenders
