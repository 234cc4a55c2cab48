"""What Locust's web page may change of a run's options, and what only the command line may. Knows no running test."""

from __future__ import annotations

import argparse

from whoson_load.errors import ConfigError

__all__ = ["CommandLine"]

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
