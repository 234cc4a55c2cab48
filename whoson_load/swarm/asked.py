"""What a run is asked to meet: the objectives of the command line and those of the locustfile's visitors."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from locust import User

from whoson_load.analysis.objectives import Objective, read_objectives
from whoson_load.errors import ConfigError
from whoson_load.swarm.user import ChatVisitor

__all__ = ["asked_objectives"]


def asked_objectives(options: argparse.Namespace, classes: Iterable[type[User]]) -> tuple[Objective, ...]:
    """The objectives of a run: --objective's after the locustfile's, each once.

    Raises:
        ConfigError: one cannot be read.
    """
    written: list[str] = []
    for each in classes:
        if not issubclass(each, ChatVisitor):
            continue
        asked: object = each.objectives  # whatever a locustfile's author wrote there
        if not isinstance(asked, tuple | list) or not all(isinstance(one, str) for one in asked):
            raise ConfigError(
                f'{each.__name__}.objectives: got {asked!r}, expected texts in a tuple, such as ("echo p99 < 500ms",)'
            )
        written += asked
    return read_objectives([*written, *(options.objective or ())])
