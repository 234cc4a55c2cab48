from __future__ import annotations

from locust import argument_parser

from whoson_load.swarm.haste import make_haste


def test_locust_builds_its_command_line_once() -> None:
    """A worker asks for it some ninety times for each message that adds users; the answer is always the same."""
    before = dict(argument_parser.default_args_dict())
    make_haste()
    make_haste()
    assert argument_parser.default_args_dict() is argument_parser.default_args_dict()
    assert argument_parser.default_args_dict() == before
    assert "host" in before
