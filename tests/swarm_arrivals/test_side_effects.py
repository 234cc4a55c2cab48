from __future__ import annotations

import argparse
from typing import Any

import pytest

from whoson_load.client.target import Target
from whoson_load.errors import GuardError
from whoson_load.swarm.options import add_options, read_target

ELSEWHERE = "ws://chat.example.com:8009"


class Parser(argparse.ArgumentParser):
    """Locust's parser, as far as our options need it: environment variables are none of these tests' business."""

    def add_argument_group(self, *names: str, **more: str) -> argparse._ArgumentGroup:  # type: ignore[override]
        """A group that takes `env_var` and forgets it."""
        group = super().add_argument_group(*names, **more)
        add = group.add_argument

        def add_without_variable(*flags: str, env_var: str, **rest: Any) -> argparse.Action:  # noqa: ANN401  # argparse's
            assert env_var.startswith("WHOSON_")
            return add(*flags, **rest)

        group.add_argument = add_without_variable  # type: ignore[method-assign,assignment]
        return group


def target_of(host: str, *options: str, monkeypatch: pytest.MonkeyPatch) -> Target:
    """The target that a command line names."""
    monkeypatch.setenv("WHOSON_AUTH", "auth")
    monkeypatch.setenv("WHOSON_API_KEY", "key")
    parser = Parser()
    add_options(parser)
    return read_target(parser.parse_args(options), host)


@pytest.mark.parametrize(
    "host, options, allowed",
    [
        ("ws://127.0.0.1:8009", (), True),
        ("ws://localhost:8009", (), True),
        (ELSEWHERE, ("--allow-target", "chat.example.com"), False),
        (ELSEWHERE, ("--allow-target", "chat.example.com", "--allow-side-effects"), True),
    ],
)
def test_what_outlasts_the_run_is_allowed_here_and_elsewhere_only_by_name(
    host: str, options: tuple[str, ...], allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages, transcripts and uploads: always on this machine, elsewhere by --allow-side-effects alone."""
    assert target_of(host, *options, monkeypatch=monkeypatch).side_effects_allowed is allowed


def test_side_effects_allow_no_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave to leave messages is no leave to connect."""
    with pytest.raises(GuardError):
        target_of(ELSEWHERE, "--allow-side-effects", monkeypatch=monkeypatch)


@pytest.mark.parametrize("number", ["-1", "1.5", "x", "", "²", "9" * 30])
def test_a_visitors_number_is_a_whole_one(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Anything else is refused, with what was expected."""
    parser = Parser()
    add_options(parser)
    with pytest.raises(SystemExit):
        parser.parse_args([f"--only-visitor={number}"])
    assert "expected a whole number of 0 or more" in capsys.readouterr().err
