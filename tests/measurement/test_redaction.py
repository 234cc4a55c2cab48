from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.measurement.redaction import HIDDEN, redact_command_line, redact_options, redact_text

SECRET = "myauthstring"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("ws://127.0.0.1:8009/", "ws://127.0.0.1:8009/"),
        ("wss://user:pass@chat.example.com:8013/x?y=1", "wss://***@chat.example.com:8013/x?y=1"),
        ("http://user@proxy:3128", "http://***@proxy:3128"),
        ("http://us@er:p@ss@proxy", "http://***@proxy"),
        ("HTTP://U:P@h/a@b", "HTTP://***@h/a@b"),
        ("ws://h/?token=abc&x=1&api_key=def", "ws://h/?token=***&x=1&api_key=***"),
        ("ws://h/?monkey=1&authority=2", "ws://h/?monkey=1&authority=2"),
        ("name@example.com", "name@example.com"),
        (f"a{SECRET}b", "a***b"),
        (SECRET, HIDDEN),
        ("", ""),
    ],
)
def test_addresses_lose_their_secrets_and_nothing_else(text: str, expected: str) -> None:
    """User names, passwords, secret query values and known secrets go; the rest can still be read."""
    assert redact_text(text, [SECRET, ""]) == expected


@pytest.mark.parametrize(
    "words, expected",
    [
        (["run", "visitors.py", "-u", "50"], ["run", "visitors.py", "-u", "50"]),
        (["--auth", "abc", "-t", "5s"], ["--auth", HIDDEN, "-t", "5s"]),
        (["--whoson-auth=abc"], ["--whoson-auth=***"]),
        (["--api-key", "abc"], ["--api-key", HIDDEN]),
        (["--whoson_api_key=a=b"], ["--whoson_api_key=***"]),
        (["--password", "-t", "5s"], ["--password", "-t", "5s"]),
        (["-H", "X-Api-Key: abc"], ["-H", "X-Api-Key: ***"]),
        (["-H", "Authorization: Bearer abc def"], ["-H", "Authorization: ***"]),
        (["WHOSON_AUTH=abc"], ["WHOSON_AUTH=***"]),
        (["--host", "ws://u:p@h"], ["--host", "ws://***@h"]),
        (["--proxy=http://u:p@h"], ["--proxy=http://***@h"]),
        (["--allow-target", "chat.example.com"], ["--allow-target", "chat.example.com"]),
        (["--author", "me", "--keyboard", "x", "--monkey=1"], ["--author", "me", "--keyboard", "x", "--monkey=1"]),
        (["--tags", "abc", SECRET], ["--tags", "abc", HIDDEN]),
    ],
)
def test_command_line_loses_its_secrets_and_nothing_else(words: list[str], expected: list[str]) -> None:
    """Values of options with secret names go, however they are written; the command can still be typed again."""
    assert redact_command_line(words, [SECRET]) == expected


def test_options_lose_their_secrets_and_become_what_json_carries() -> None:
    """Texts and lists are cleaned, numbers stay, other objects become text; an empty secret is shown as empty."""
    options = {
        "users": 50,
        "headless": True,
        "run_time": None,
        "host": "ws://u:p@h",
        "auth": "abc",
        "api_key": None,
        "headers": ["X-Token: abc", "X-Forwarded-For: 1.2.3.4"],
        "shape": object,
        "cookie": "",
    }
    redacted = redact_options(options, [SECRET])
    assert redacted == {
        "users": 50,
        "headless": True,
        "run_time": None,
        "host": "ws://***@h",
        "auth": HIDDEN,
        "api_key": None,
        "headers": [HIDDEN, "X-Forwarded-For: 1.2.3.4"],
        "shape": "<class 'object'>",
        "cookie": "",
    }


@given(st.text(min_size=4, max_size=20), st.lists(st.text(max_size=30), max_size=5))
def test_a_known_secret_is_in_no_word_left(secret: str, words: list[str]) -> None:
    """Whatever stands around it, a secret of four characters or more appears nowhere."""
    words = [word + secret + word for word in words]
    for word in redact_command_line(words, [secret]):
        assert secret not in word or secret in HIDDEN
