"""What Locust's page may change of the options, and what it may not."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import pytest
from locust.argument_parser import get_parser
from locust.env import Environment

import whoson_load.plugin  # noqa: F401  # its options join Locust's
from whoson_load.errors import ConfigError
from whoson_load.swarm.options import add_options
from whoson_load.swarm.user import ChatVisitor
from whoson_load.swarm.web_form import CommandLine, check_form

HERE = "ws://127.0.0.1:8009"


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


# What the form is answered


class Form:
    """Locust's start form, whose test never really starts.

    Attributes:
        options: in force.
        complaints: what was said beside the answers.
        started: the pace that each test was started with.
    """

    def __init__(self, *typed: str) -> None:
        self.options = get_parser(default_config_files=[]).parse_args(list(typed))
        self.environment = Environment(user_classes=[ChatVisitor], parsed_options=self.options, host=HERE)
        self.environment.create_local_runner()
        web_ui = self.environment.create_web_ui(delayed_start=True)
        assert web_ui.app is not None
        self.complaints: list[str] = []
        self.started: list[object] = []
        web_ui.app.view_functions["locust.swarm"] = self._start
        check_form(self.environment, CommandLine(self.options), self.complaints.append)
        self._client = web_ui.app.test_client()

    def _start(self) -> dict[str, bool]:
        self.started.append(self.options.pace)
        return {"success": True}

    def post(self, **fields: str) -> dict[str, object]:
        """Send it."""
        answer: dict[str, object] = self._client.post("/swarm", data=fields).get_json()
        return answer


@pytest.fixture
def form(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Form]:
    """Locust's page reads the command line, which here is the tests'."""
    monkeypatch.setattr(sys, "argv", ["locust"])
    return Form


@pytest.mark.parametrize(
    "fields, said",
    [
        ({"host": "ws://chat.example.com"}, "the target chat.example.com is not on this machine"),
        (
            {"host": "ws://chat.example.com", "allow_target": "chat.example.com"},
            "the target chat.example.com is not on this machine",
        ),
        ({"host": ""}, "--host: got none, expected ws://HOST:PORT"),
        ({"host": "http://127.0.0.1"}, "--host: got 'http://127.0.0.1', expected ws://"),
        ({"pace": "fast"}, "pace: got 'fast', expected a number above 0"),
        ({"arrivals": "now and then"}, "now and then"),
        ({"reply_timeout": "soon"}, "reply_timeout: got 'soon', expected a number"),
        ({"objective": "echo p99 < 500ms"}, "objective: got 'echo p99 < 500ms', expected a number"),
    ],
    ids=["another host", "one that the page allows", "no host", "no chat server", "pace", "arrivals", "time", "list"],
)
def test_a_form_that_cannot_be_run_is_answered_with_the_reason(
    form: Callable[..., Form], fields: dict[str, str], said: str
) -> None:
    """One clear line and no success; no test starts, and nothing that was posted is in force."""
    page = form()
    before = dict(vars(page.options))
    answer = page.post(user_count="3", spawn_rate="1", **fields)
    assert answer["success"] is False
    assert said in str(answer["message"])
    assert "\n" not in str(answer["message"])
    assert page.complaints == [answer["message"]]
    assert page.started == []
    assert (vars(page.options), page.environment.host) == (before, HERE)


@pytest.mark.parametrize("fields", [{}, {"host": "ws://localhost:1"}, {"pace": "8"}, {"pace": ""}, {"stranger": "x"}])
def test_a_form_that_can_be_run_is_locusts(form: Callable[..., Form], fields: dict[str, str]) -> None:
    """It answers, and starts the test."""
    page = form()
    assert page.post(user_count="3", spawn_rate="1", **fields) == {"success": True}
    assert len(page.started) == 1
    assert page.complaints == []


def test_a_pace_that_was_given_can_be_taken_back(form: Callable[..., Form]) -> None:
    """An emptied field is no number, and Locust would read one where there was one."""
    page = form("--pace", "8")
    page.post(user_count="3", spawn_rate="1", pace="")
    page.options.pace = 8.0
    page.post(user_count="3", spawn_rate="1")
    assert page.started == [None, 8.0]
