"""What a run is asked to be: by its options, and by its locustfile's visitors."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass

from locust import User
from locust.env import Environment
from locust.runners import MasterRunner

from whoson_load.analysis.objectives import Objective, read_objectives
from whoson_load.client.target import Target
from whoson_load.errors import ConfigError
from whoson_load.swarm.options import Settings, expect_open, read_target
from whoson_load.swarm.orders import read_orders
from whoson_load.swarm.user import ChatVisitor

__all__ = ["Asked", "asked_languages", "asked_objectives", "check_asked", "locustfile_pace", "options_of"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What one run is asked to be.

    Attributes:
        settings: what the options say.
        target: the server.
        pace: in force: the options', or the locustfile's.
        objectives: to be met.
    """

    settings: Settings
    target: Target
    pace: float
    objectives: tuple[Objective, ...]

    @classmethod
    def read(cls, options: argparse.Namespace, environment: Environment, host: str | None) -> Asked:
        """Read it; nothing is looked up.

        Args:
            options: Locust's, with ours.
            environment: with the classes of visitors.
            host: the target's address as it was given.

        Raises:
            ConfigError: a setting is not of its form, or there is no host.
            GuardError: the host may not be dialled.
        """
        settings = Settings.read(options, environment.locustfile or "")
        target = read_target(options, host)
        classes = environment.user_classes
        return cls(settings, target, settings.pace or locustfile_pace(classes), asked_objectives(options, classes))


def options_of(environment: Environment) -> argparse.Namespace:
    """The options that a run is made with.

    Raises:
        ConfigError: there are none: Locust is used as a library.
    """
    options: argparse.Namespace | None = environment.parsed_options
    if options is None:
        raise ConfigError("got no options: a run needs Locust's command line")
    return options


def check_asked(options: argparse.Namespace, environment: Environment) -> None:
    """See, before anything starts, that what is asked for can be read, and that somebody is there to be met.

    Raises:
        ConfigError: it cannot be read, contradicts itself, or nobody takes a connection.
        GuardError: the host may not be dialled.
    """
    read_orders(options, environment.user_classes, shaped=environment.shape_class is not None)
    asked_objectives(options, environment.user_classes)
    if not (environment.host or options.headless):
        return  # on the web page the host may still be typed
    target = read_target(options, environment.host)
    if not isinstance(environment.runner, MasterRunner) or options.processes:
        expect_open(target)


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


def locustfile_pace(classes: Iterable[type[User]]) -> float:
    """The pace that a locustfile's classes ask for: the first one's, where no option or environment says another."""
    return next((each.pace for each in classes if issubclass(each, ChatVisitor)), 1.0)


def asked_languages(classes: Iterable[type[User]]) -> tuple[str, ...]:
    """The languages that a locustfile's visitors speak, each once; English where it names none."""
    spoken = [each.languages for each in classes if issubclass(each, ChatVisitor)]
    return tuple(dict.fromkeys(language for languages in spoken for language in languages)) or ("en",)
