"""What the documents show is what there is: commands, options, variables, files, figures, and code that runs."""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from locust.argument_parser import get_parser

import whoson_load.plugin  # noqa: F401  # its options join Locust's
from tests.programs import ROOT, Programs, only_record
from whoson_load.cli import run
from whoson_load.cli.main import COMMANDS, main
from whoson_load.client.target import API_KEY_VARIABLE, AUTH_VARIABLE
from whoson_load.measurement.sample import SERIES
from whoson_load.record.reader import RunReader

README = (ROOT / "README.md").read_text("utf-8")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LOCUSTFILES = sorted((ROOT / "locustfiles").glob("*.py"))
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")

OF_OTHER_PROGRAMS = {"--require-hashes", "--no-deps", "--no-build-isolation"}
"""Options of pip that the documents show."""


def shown(text: str) -> Iterator[str]:
    """The lines of a document that are for a terminal: indented or fenced, continued ones as one."""
    fenced = re.findall(r"^```(?:sh|shell|console|text)?\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    blocks = ["\n".join(re.findall(r"^(?: {4,}|\t)(.*)$", text, re.MULTILINE)), *fenced]
    for block in blocks:
        for line in re.sub(r"\s*\\\n\s*", " ", block).splitlines():
            yield line.replace(".venv\\Scripts\\", "").replace(".venv/bin/", "").strip().removeprefix("$ ")


def commands(program: str) -> list[list[str]]:
    """The words of every command line of a program, in all documents and locustfiles."""
    texts = [path.read_text("utf-8") for path in (*DOCUMENTS, *LOCUSTFILES)]
    lines = [line for text in texts for line in shown(text) if re.match(rf"{program}(?: |$)", line)]
    return [shlex.split(line, comments=True)[1:] for line in dict.fromkeys(lines)]


@functools.cache
def options_of(command: str) -> set[str]:
    """As its help lists them."""
    page = io.StringIO()
    with contextlib.redirect_stdout(page), contextlib.suppress(SystemExit):
        main([command, "--help"])
    return set(re.findall(r"(?<![\w-])--?[A-Za-z][a-z-]*\b", page.getvalue()))


@functools.cache
def options_of_locust() -> set[str]:
    """Its own, and those of ours that join them."""
    parser = get_parser(default_config_files=[])
    return {option for action in parser._actions for option in action.option_strings}


def known_options() -> set[str]:
    """Of Locust and all our commands."""
    return options_of_locust().union(*map(options_of, COMMANDS))


def _line(words: list[str]) -> str:
    return " ".join(words)


def test_there_is_something_to_see() -> None:
    """The documents show each way to start a run, and the two commands that a newcomer begins with."""
    assert any(words[0] == "run" for words in commands("whoson-load"))
    assert any(words[0] == "simulate" for words in commands("whoson-load"))
    assert commands("locust")
    assert {"demo", "test"} <= {words[0] for words in commands("make")}


@pytest.mark.parametrize("words", commands("make"), ids=_line)
def test_make_knows_every_target_shown(words: list[str]) -> None:
    """Each is a target with a line in the list of targets."""
    assert re.search(rf"^{re.escape(words[0])}:.* ## ", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("words", commands("whoson-load"), ids=_line)
def test_every_command_shown_can_be_given(words: list[str]) -> None:
    """Its parsers take it, and the files it names are there."""
    command, *arguments = words
    assert command in COMMANDS
    if command == "run":
        _parse_run(arguments)
    known = options_of(command) | (options_of_locust() if command == "run" else set())
    assert {word for word in arguments if word.startswith("-")} <= known


def _parse_run(arguments: list[str]) -> None:
    ours, for_locust = run._parser().parse_known_args(arguments)
    made = {words[words.index("-o") + 1] for words in commands("whoson-load") if words[0] == "import-har"}
    assert ours.locustfile in {"LOCUSTFILE", *made} or (ROOT / ours.locustfile).is_file()
    wanted = [f"{flag}={value}" for flag, value in (("--pace", ours.pace), ("--seed", ours.seed)) if value]
    _strict(get_parser(default_config_files=[])).parse_args([*for_locust, *wanted])


def _strict(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    def fail(_status: int = 0, message: str | None = None) -> None:
        raise AssertionError(message)

    parser.exit = fail  # type: ignore[method-assign, assignment]
    return parser


@pytest.mark.parametrize("words", commands("locust"), ids=_line)
def test_every_command_of_locust_shown_can_be_given(words: list[str]) -> None:
    """With our options among its own."""
    if "--help" in words:
        return
    options = _strict(get_parser(default_config_files=[])).parse_args(words)
    assert (ROOT / options.locustfile).is_file()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_option_named_is_one(path: Path) -> None:
    """Also in running text and tables."""
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", path.read_text("utf-8")))
    assert named <= known_options() | OF_OTHER_PROGRAMS


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_variable_named_is_one(path: Path) -> None:
    """The two secrets', and those of options."""
    of_options = {"WHOSON_" + option.strip("-").upper().replace("-", "_") for option in known_options()}
    named = set(re.findall(r"\bWHOSON_[A-Z_]+\b", path.read_text("utf-8")))
    assert named <= of_options | {AUTH_VARIABLE, API_KEY_VARIABLE}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    """Within the project; what is elsewhere is not asked for."""
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
    assert [link for link in links if "://" not in link and not (path.parent / link).exists()] == []


def test_every_series_named_in_the_table_is_one() -> None:
    """The README's table of series, parts that are written short included."""
    (table,) = re.findall(r"^\| series \|.*?\n\n", README, re.MULTILINE | re.DOTALL)
    named = [name for row in table.splitlines()[2:] for name in re.findall(r"`([a-z.]+)`", row)]
    assert {"connect", "accepted", "operatorjoined", "echo"} <= set(named)
    assert [name for name in named if name not in SERIES and f"connect{name}" not in SERIES] == []


def test_the_table_of_exit_codes_begins_with_success() -> None:
    """Each code once, in order, from 0 on; then what shells give a program that was interrupted."""
    (table,) = re.findall(r"^\| exit code \|.*?\n\n", README, re.MULTILINE | re.DOTALL)
    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)]
    assert codes[:6] == [0, 1, 2, 3, 4, 5]
    assert codes == [*range(len(codes) - 1), 130]


def blocks_of_python() -> list[str]:
    """The README's."""
    return re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", blocks_of_python(), ids=lambda block: block.splitlines()[-1].strip())
def test_the_code_shown_can_be_loaded(block: str) -> None:
    """Every name it uses is there to be imported."""
    exec(compile(block, "README.md", "exec"), {"__name__": "shown"})


def test_the_visitors_shown_are_those_that_come_with_it() -> None:
    """The README shows visitors.py without its docstrings."""
    file = (ROOT / "locustfiles" / "visitors.py").read_text("utf-8")
    without = re.sub(r'^ *"""(?:.*?)"""\n+', "", file, flags=re.MULTILINE | re.DOTALL)
    assert _code_of(without) in [_code_of(block) for block in blocks_of_python()]


def _code_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def test_the_journey_shown_works(programs: Programs) -> None:
    """The README's own journey is made, and served, in a run of its own."""
    (journey,) = (block for block in blocks_of_python() if "def just_a_question" in block)
    (programs.folder / "shown.py").write_text(
        f"{journey}\n"
        "from locust import task\n\n\n"
        "class Visitor(ChatVisitor):\n"
        "    @task\n"
        "    def ask(self):\n"
        "        self.visit(just_a_question)\n",
        "utf-8",
    )
    command = ("whoson-load", "run", "shown.py", "-u", "3", "-r", "3", "-t", "5s", "--pace", "30", "--out", "out")
    ended = programs.start(*command).end()
    assert ended.code == 0, ended.stderr
    summary = RunReader(only_record(programs.folder / "out")).summary()
    assert summary is not None
    assert summary.outcomes["served"] > 0
    assert summary.outcomes["failed"] == 0


def test_every_benchmark_is_listed() -> None:
    """What can be run by itself and what only helps, each once."""
    listed = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
    names = re.findall(r"^\| `([a-z_]+)` \|", listed, re.MULTILINE)
    helping = [name.removesuffix(".py") for name in re.findall(r"`([a-z_]+\.py)`", listed)]
    assert sorted([*names, *helping]) == sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py"))
