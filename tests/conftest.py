"""What all tests share: Locust is loaded once, without patching the test process, and programs of ours in their own.

Importing Locust replaces sockets and sleeps by gevent's for the whole process; in a test run, where asyncio and threads
are at work too, that would change what is tested. Runs as users start them are tested in processes of their own, where
the patching is in force.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.programs import Programs

# A deadline for one example says how busy the machine was, and nothing of the code.
settings.register_profile("whoson-load", deadline=None)
settings.load_profile("whoson-load")

os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
import locust  # noqa: E402, F401

del os.environ["LOCUST_SKIP_MONKEY_PATCH"]


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
