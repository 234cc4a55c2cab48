"""What Locust's web page may change of a run's options, and what only the command line may. Knows no running test."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Final

from flask import Response, jsonify, request
from locust.env import Environment

from whoson_load.errors import ConfigError, GuardError
from whoson_load.swarm.asked import Asked
from whoson_load.swarm.orders import read_orders

__all__ = ["CommandLine", "check_form"]

_NOT_FROM_THE_PAGE = (
    "allow_side_effects",
    "allow_target",
    "ca_file",
    "domain",
    "forward_visitor_ip",
    "header",
    "insecure",
    "interval",
    "max_visitors",
    "only_visitor",
    "out",
    "proxy",
    "run_name",
    "scrape",
    "scrape_series",
    "seed",
)
"""Locust's page takes any option that is posted to it, and any other page in the same browser can post to it."""


_READ_BY_LOCUST: Final = frozenset({"user_count", "spawn_rate", "host", "user_classes", "run_time", "profile"})
"""Fields that Locust reads in its own way, and complains of by itself."""

_START_FORM: Final = "locust.swarm"


class CommandLine:
    """The options as they were given when the program began.

    Args:
        options: Locust's parsed ones.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._given = {name: value for name, value in vars(options).items() if name in _NOT_FROM_THE_PAGE}

    def hold(self, options: argparse.Namespace) -> None:
        """Take back what the page may not change, and read what it gave as text.

        Raises:
            ConfigError: the pace is no number above 0.
        """
        vars(options).update(self._given)
        options.pace = _pace(options.pace)

    def with_form(self, options: argparse.Namespace, form: Mapping[str, Iterable[str]]) -> argparse.Namespace:
        """The options that Locust would make of what was posted to it, without what the page may not change.

        Args:
            options: those in force, which stay as they are.
            form: field -> its values.

        Raises:
            ConfigError: a value cannot be read.
        """
        posted = argparse.Namespace(**vars(options))
        for name, values in form.items():
            if name not in _READ_BY_LOCUST and name not in self._given and hasattr(posted, name):
                # Of the pace's field, when it was left empty, `hold` makes what it means.
                now = None if name == "pace" else getattr(options, name)
                setattr(posted, name, _read(name, list(values), now))
        self.hold(posted)
        return posted


def check_form(environment: Environment, typed: CommandLine, complain: Callable[[str], None]) -> None:
    """Have Locust's start form answered with what is wrong with it, before Locust takes any of it.

    By itself Locust answers that the test has started, which it then does not.

    Args:
        environment: with a web UI that does not serve yet; without one nothing is done.
        typed: what the page may not change.
        complain: told what is wrong, too.
    """
    app = environment.web_ui.app if environment.web_ui is not None else None
    options: argparse.Namespace | None = environment.parsed_options
    if environment.web_ui is None or app is None or options is None:
        return
    start = app.view_functions[_START_FORM]

    @wraps(start)
    def checked() -> object:
        form = request.form
        try:
            posted = typed.with_form(options, form.to_dict(flat=False))
            Asked.read(posted, environment, form.get("host", environment.host))
            read_orders(posted, environment.user_classes, shaped=environment.shape_class is not None)
        except (ConfigError, GuardError) as problem:
            complain(str(problem))
            refused: Response = jsonify({"success": False, "message": str(problem), "host": environment.host})
            return refused
        if "pace" in form:
            options.pace = None  # Locust keeps the type that it finds, and makes no number of an empty field
        return start()

    # The login comes first, also for what is refused.
    app.view_functions[_START_FORM] = environment.web_ui.auth_required_if_enabled(checked)  # type: ignore[no-untyped-call]


def _read(name: str, values: list[str], now: object) -> object:
    """A posted value in the type that the option has now, as Locust reads it."""
    if now is None or isinstance(now, str):
        return values[0]
    if isinstance(now, bool):
        return values[0] == "true"
    if isinstance(now, list):
        # Of an empty list Locust takes numbers only, and breaks over anything else.
        several = values[0].split(",") if "," in values[0] else values
        numbers = all(isinstance(each, int) for each in now)
        return [_number(name, each, int) for each in several] if numbers else several
    return _number(name, values[0], type(now))


def _number(name: str, value: str, kind: Callable[[str], object]) -> object:
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise ConfigError(f"{name}: got {value!r}, expected a number") from None


def _pace(given: float | str | None) -> float | None:
    if given is None or given == "":  # the page's field was left empty
        return None
    try:
        pace = float(given)
    except ValueError:
        pace = 0.0
    if not 0 < pace < 1e9:
        raise ConfigError(f"pace: got {given!r}, expected a number above 0")
    return pace
