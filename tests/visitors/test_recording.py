from __future__ import annotations

import math

import pytest

from whoson_load.errors import ConfigError
from whoson_load.protocol.commands import COMMANDS
from whoson_load.visitors.recording import Does, Hears, Step, check_visit, length_of_time, length_s

FITTING = {"GetImage": 5}


def test_every_command_can_be_done() -> None:
    """With the detail it needs."""
    for command in COMMANDS:
        assert Does(
            command, 1.0, FITTING.get(command, "") if command not in ("Message", "Preview", "LeaveMessage") else 3
        )


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: Does("Mesage"), "got the command 'Mesage', expected one of Connect, "),
        (lambda: Does("Quit", -1.0), "Quit: got -1.0 seconds, expected 0 or more"),
        (lambda: Does("Quit", math.nan), "got nan seconds"),
        (lambda: Does("Quit", math.inf), "got inf seconds"),
        (lambda: Does("Quit", "1"), "got '1' seconds"),
        (lambda: Does("Quit", True), "got True seconds"),
        (lambda: Does("Quit", 0.0, 3), "Quit: got 3, expected nothing beside the time"),
        (lambda: Does("Message", 0.0), "Message: got '', expected 0 to 4000 characters, or a text"),
        (lambda: Does("Message", 0.0, 4001), "got 4001, expected 0 to 4000"),
        (lambda: Does("Message", 0.0, True), "got True"),
        (lambda: Does("Message", 0.0, (1, 2, 3)), "expected 0 to 4000 characters, or a text, or"),
        (lambda: Does("Preview", 0.0, (1, 2)), "Preview: got \\(1, 2\\)"),
        (lambda: Does("Hello", 0.0, "Sales"), "Hello: got 'Sales', expected .*department, operator, translate"),
        (lambda: Does("GetImage", 0.0, 3), "GetImage: got 3, expected one of 1, 2, 5, 8"),
        (lambda: Does("File", 0.0, "exe"), "File: got 'exe', expected"),
        (lambda: Hears("newline"), "got the event 'newline', expected one of connected, "),
        (lambda: Hears("quit", -0.1), "quit: got -0.1 seconds"),
    ],
)
def test_a_step_that_is_none_is_refused(make: object, said: str) -> None:
    """Where the locustfile writes it, so that the line can be named."""
    with pytest.raises(ConfigError, match=said):
        make()  # type: ignore[operator]


@pytest.mark.parametrize(
    "steps, said",
    [
        ((), "begins with nothing, expected Connect"),
        ((Does("Quit"), Does("Connect")), "begins with Quit"),
        ((Does("Connect"), Does("Hello"), Does("Hello")), "2 times Hello, expected one"),
    ],
)
def test_steps_that_make_no_visit_are_refused(steps: tuple[Step, ...], said: str) -> None:
    """A visit connects once, and first."""
    with pytest.raises(ConfigError, match=said):
        check_visit(steps)


def test_previews_are_steps_like_others() -> None:
    """Only shorter to write."""
    assert Does.previews((0.2, 1), (0.3, 2)) == (Does("Preview", 0.2, 1), Does("Preview", 0.3, 2))


def test_the_length_of_a_visit_is_the_sum_of_its_times() -> None:
    """In seconds, and for people."""
    assert length_s((Does("Connect"), Hears("connected", 0.5), Does("Quit", 60.0))) == 60.5
    told = [length_of_time(seconds) for seconds in (0, 59.94, 59.95, 61, 3599.6, 7260)]
    assert told == ["0.0 s", "59.9 s", "1 min 0 s", "1 min 1 s", "1 h 0 min", "2 h 1 min"]
