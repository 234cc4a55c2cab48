"""What Locust's page may change of the options, and what it may not."""

from __future__ import annotations

import argparse

import pytest

from whoson_load.errors import ConfigError
from whoson_load.swarm.options import add_options
from whoson_load.swarm.web_form import CommandLine


def given(**changed: object) -> argparse.Namespace:
    """Options as they were given."""
    return argparse.Namespace(**{"pace": None, "allow_target": ["a"], "out": "reports", "num_users": 3, **changed})


@pytest.mark.parametrize("typed, pace", [(None, None), ("", None), ("8", 8.0), ("0.5", 0.5), (4.0, 4.0)], ids=repr)
def test_the_pace_may_be_typed(typed: object, pace: float | None) -> None:
    """As text, or not at all."""
    options = given(pace=typed)
    CommandLine(given()).hold(options)
    assert options.pace == pace


@pytest.mark.parametrize("typed", ["fast", "0", "-1", "nan", "inf", 0.0], ids=repr)
def test_a_pace_that_is_none_is_refused(typed: object) -> None:
    """It says what was got."""
    with pytest.raises(ConfigError, match=r"pace: got .*, expected a number above 0"):
        CommandLine(given()).hold(given(pace=typed))


def test_what_guards_and_where_files_go_is_taken_back() -> None:
    """Whatever was posted."""
    options = given(allow_target=["a", "b"], out="/elsewhere", num_users=7)
    CommandLine(given()).hold(options)
    assert (options.allow_target, options.out) == (["a"], "reports")
    assert options.num_users == 7


def test_every_option_held_is_one_of_ours() -> None:
    """A name that is misspelt would hold nothing."""
    parser = argparse.ArgumentParser()

    class Group:
        def add_argument(self, flag: str, *, env_var: str, **more: object) -> argparse.Action:
            assert env_var.startswith("WHOSON_")
            return parser.add_argument(flag, **more)  # type: ignore[arg-type]

    class Parser:
        def add_argument_group(self, *_: object) -> Group:
            return Group()

    add_options(Parser())  # type: ignore[arg-type]
    options = parser.parse_args([])
    before = dict(vars(options))
    held = CommandLine(options)
    for name in before:
        setattr(options, name, "changed")
    options.pace = None
    held.hold(options)
    taken_back = {name for name, value in vars(options).items() if value == before[name]} - {"pace"}
    assert {
        "allow_target",
        "allow_side_effects",
        "proxy",
        "header",
        "ca_file",
        "insecure",
        "out",
        "run_name",
    } <= taken_back
    assert len(taken_back) == len(held._given)
