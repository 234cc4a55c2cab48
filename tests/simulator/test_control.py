from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.programs import Programs, Simulator

HOWARD, SOMEBODY = "Howard Williams", "Somebody Else"


@pytest.fixture(scope="module")
def simulator(shared_programs: Programs) -> Iterator[Simulator]:
    """A simulator for tests that leave nothing behind."""
    running = shared_programs.simulate("--site", "rehearsal")
    yield running
    running.stop()


def post(simulator: Simulator, path: str, body: bytes, **headers: str) -> Any:  # noqa: ANN401 (JSON)
    """POST to the control side; what it answers."""
    request = urllib.request.Request(simulator.control + path, body, headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def statuses(simulator: Simulator) -> dict[str, str]:
    """Each operator's status."""
    return {each["name"]: each["status"] for each in simulator.get("/state")["operators"]}


def test_an_operator_steps_out_and_comes_back(simulator: Simulator) -> None:
    """POST /operators/NAME, in any case; the answer and GET /state show it, and a reset takes it back."""
    for status in ("Away", "Be Right Back", "Busy", "Online"):
        told = post(simulator, f"/operators/{quote(HOWARD.upper())}", json.dumps({"status": status}).encode())
        assert {each["name"]: each["status"] for each in told} == statuses(simulator)
        assert statuses(simulator)[HOWARD] == status
    post(simulator, f"/operators/{quote(HOWARD)}", b'{"status": "Away"}')
    post(simulator, "/reset", b"")
    assert set(statuses(simulator).values()) == {"Online"}


@pytest.mark.parametrize(
    "name, body, headers, code, said",
    [
        (SOMEBODY, b'{"status": "Away"}', {}, 404, "there is no operator of this name"),
        (HOWARD, b'{"status": "Asleep"}', {}, 400, "Invalid enum value 'Asleep' - at `$.status`"),
        (HOWARD, b'{"status": "Away", "chats": 1}', {}, 400, "Object contains unknown field `chats`"),
        (HOWARD, b"Away", {}, 400, "JSON is malformed"),
        (HOWARD, b"\xff", {}, 400, "JSON is malformed"),
        (HOWARD, b'{"status": "Away"}', {"Origin": "http://www.example.com"}, 403, "on loopback only"),
    ],
)
def test_a_status_that_cannot_be_set_is_refused(
    simulator: Simulator, name: str, body: bytes, headers: dict[str, str], code: int, said: str
) -> None:
    """One line says why, and nothing changes."""
    with pytest.raises(urllib.error.HTTPError) as refusal:
        post(simulator, f"/operators/{quote(name)}", body, **headers)
    with refusal.value as answer:
        assert answer.code == code
        assert said in answer.read().decode()
    assert set(statuses(simulator).values()) == {"Online"}


def test_nothing_was_sent_by_nobody(simulator: Simulator) -> None:
    """GET /commands before any visitor came."""
    assert simulator.get("/commands") == []
