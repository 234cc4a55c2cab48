"""The command line itself: what it lists, what it is called, and how subcommands are found."""

from __future__ import annotations

import importlib
import inspect
from importlib import metadata

import pytest

from tests.programs import Programs
from whoson_load.cli import main as command_line
from whoson_load.cli.main import COMMANDS, exit_code_of, main
from whoson_load.errors import ConfigError, GuardError, RecordError, WhosOnLoadError


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever asks for help gets it on stdout, with all commands and exit codes."""
    assert main(["--help"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    for name, what in COMMANDS.items():
        assert f"  {name:<10} {what}" in said.out
    assert "exit codes: 0 all well" in said.out


def test_no_command_is_answered_by_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """It is wrong usage all the same."""
    assert main([]) == 2
    assert capsys.readouterr().out.startswith("usage: whoson-load COMMAND")


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_the_version_is_the_installed_one(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As the package says."""
    assert main([flag]) == 0
    assert capsys.readouterr().out == f"whoson-load {metadata.version('whoson-load')}\n"


def test_an_unknown_command_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    """One line on stderr."""
    assert main(["fly"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert all(name in said for name in COMMANDS)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_is_a_module_with_a_main(name: str) -> None:
    """Which takes its arguments and returns an exit code."""
    module = importlib.import_module(f"whoson_load.cli.{name.replace('-', '_')}")
    signature = inspect.signature(module.main, eval_str=True)
    assert [parameter.annotation for parameter in signature.parameters.values()] == [list[str]]
    assert signature.return_annotation is int


@pytest.mark.parametrize(
    "problem, code",
    [
        (ConfigError("x"), 2),
        (GuardError("x"), 5),
        (RecordError("x"), 1),
        (WhosOnLoadError("x"), 1),
    ],
)
def test_each_error_has_its_exit_code(problem: WhosOnLoadError, code: int) -> None:
    """Wrong usage is 2, a guard 5, everything else the program's own failure."""
    assert exit_code_of(problem) == code


class _Command:
    """A subcommand that ends as it is told."""

    def __init__(self, problem: BaseException) -> None:
        self._problem = problem

    def main(self, _: list[str]) -> int:
        raise self._problem


def test_an_error_of_ours_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With the command's name before it."""
    monkeypatch.setattr(command_line.importlib, "import_module", lambda _: _Command(ConfigError("got x, expected y")))
    assert main(["simulate"]) == 2
    assert capsys.readouterr().err == "whoson-load simulate: got x, expected y\n"


def test_an_interrupt_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C before or after there was something to be ended is what shells know it as."""
    monkeypatch.setattr(command_line.importlib, "import_module", lambda _: _Command(KeyboardInterrupt()))
    assert main(["simulate"]) == 130
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


@pytest.mark.parametrize("command", [("--help",), ("--version",), ("run", "--help"), ("simulate", "--help")])
def test_help_is_on_stdout_and_no_error(command: tuple[str, ...], programs: Programs) -> None:
    """For each command, in a process of its own."""
    ended = programs.start("whoson-load", *command).end()
    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout


def test_help_of_run_lists_our_options(programs: Programs) -> None:
    """Those that Locust's parser takes for us, too, with their environment variables."""
    said = programs.start("whoson-load", "run", "--help").end().stdout
    for word in ("--simulator", "--web", "--allow-target", "--pace", "WHOSON_PACE", "--out", "WHOSON_AUTH"):
        assert word in said


def test_the_command_can_be_run_as_a_module(programs: Programs) -> None:
    """`python -m whoson_load.cli.main` is how the simulator is started, wherever the scripts lie."""
    assert programs.start("python", "-m", "whoson_load.cli.main", "--version").end().stdout.startswith("whoson-load ")
