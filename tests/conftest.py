"""What all tests share: Locust is loaded once, without patching the test process, and programs of ours in their own.

Importing Locust replaces sockets and sleeps by gevent's for the whole process; in a test run, where asyncio and threads
are at work too, that would change what is tested. Runs as users start them are tested in processes of their own, where
the patching is in force.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer

from tests.lanes import LaneScheduling, lane_of
from tests.programs import Programs

# A shell that starts the tests in the background lets them ignore Ctrl-C, and the programs they start would do so, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A deadline for one example says how busy the machine was, and nothing of the code.
settings.register_profile("whoson-load", deadline=None)
settings.load_profile("whoson-load")

os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
import locust  # noqa: E402, F401

del os.environ["LOCUST_SKIP_MONKEY_PATCH"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the lanes: they take longest."""
    items.sort(key=lambda item: lane_of(item.nodeid.partition("::")[0]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LaneScheduling:
    """Share the tests out our way, in their order, whatever the options say."""
    config.option.loadscopereorder = False
    return LaneScheduling(config, log)


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    """Programs that are gone when the test is over."""
    with Programs(tmp_path) as started:
        yield started


@pytest.fixture(scope="module")
def shared_programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    """Programs that are gone when the module's tests are over."""
    with Programs(tmp_path_factory.mktemp("programs")) as started:
        yield started
