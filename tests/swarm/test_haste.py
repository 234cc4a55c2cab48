from __future__ import annotations

import gc
import weakref

from locust import argument_parser

from whoson_load.swarm.haste import make_haste, settle_memory


def test_locust_builds_its_command_line_once() -> None:
    """A worker asks for it some ninety times for each message that adds users; the answer is always the same."""
    before = dict(argument_parser.default_args_dict())
    make_haste()
    make_haste()
    assert argument_parser.default_args_dict() is argument_parser.default_args_dict()
    assert argument_parser.default_args_dict() == before
    assert "host" in before


def test_what_a_run_finds_is_out_of_the_collectors_sight() -> None:
    """Garbage of before is gone, the rest is frozen; and what comes later is collected as ever."""

    class Loop:
        def __init__(self) -> None:
            self.itself = self

    old = weakref.ref(Loop())
    settle_memory()
    assert old() is None
    new = weakref.ref(Loop())
    assert gc.get_freeze_count() > 10_000
    gc.collect()
    assert new() is None
    gc.unfreeze()
