"""Every journey against every site, as users start them: what the simulator saw is what the specification says.

The pace shortens what people do and leaves a server's own times as they are; the sites here have those shortened
likewise, so that waiting lines, a queue's timeout and inactivity come within a run of seconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.programs import ROOT, Programs, Simulator, only_record, wait_until
from whoson_load.protocol.commands import COMMANDS
from whoson_load.protocol.events import EVENTS
from whoson_load.protocol.lines import LineKind

EVERYTHING = str(ROOT / "locustfiles" / "everything.py")
SITES = ("default", "busy", "closed", "bots", "rehearsal")
FORGETFUL = "default"
"""The site whose sessions end with their connection; on the others they are resumed."""

LIVELY = "rehearsal"
"""The site on which one run alone calls for every command."""

CLASSES = {kind.value for kind in LineKind} - {""}
SEED = "21"
"""With it all journeys are among those of the first 34 visitors, and `resumes` is the third's."""

PACED = """
extends = "{site}"

[waiting]
line_1_after = "0.2s"
line_2_gap = "0.2s"
final_after = "1s"

[queue]
timeout = "3s"

[chat]
inactivity_line_after = "2s"
inactivity_quit_after = "4s"

[documents]
links_must_be_stored = true

[reconnect]
reading = "{reading}"
"""

HARMLESS = {
    "crossing_commands",
    "dropped_visits",
    "inactive_chats",
    "missed_chats",
    "resumed_visits",
    "transcripts_sent",
}
"""What may happen on a server that nobody wrongs."""


FIELDS = {"OrderNumber", "Seats", "Contact"}
"""What operators of the rehearsal ask for."""

# Site -> whether what only happens there has happened, by what its simulator counted.
HAPPENED: dict[str, Callable[[dict[str, Any]], bool]] = {
    "default": lambda state: state["incidents"]["transcripts_sent"] > 0 and state["events"]["error"] > 0,
    "bots": lambda state: state["documents"] > 1 and state["incidents"]["resumed_visits"] > 0,
    "closed": lambda state: state["incidents"]["missed_chats"] > 0,
}


@dataclass(frozen=True)
class Seen:
    """What a run left: its summary, and what the simulator knows."""

    code: int
    stderr: str
    summary: dict[str, Any]
    state: dict[str, Any]
    messages: list[dict[str, str]]
    answers: list[list[str]]


def _answers(simulator: Simulator) -> list[list[str]]:
    chats = [simulator.get(f"/chats/{chat['uid']}") for chat in simulator.get("/chats")]
    return [answer for chat in chats for answer in chat["answers"]]


def _counted(states: list[dict[str, Any]], what: str) -> set[str]:
    return {name for state in states for name, count in state[what].items() if count}


def _all_there(simulators: dict[str, Simulator]) -> bool:
    """Whether the visitors of all sites together have done all that they can do, and some on each have left."""
    states = {site: simulator.get("/state") for site, simulator in simulators.items()}
    return (
        all(state["commands"]["Connect"] - state["connections"] > 25 for state in states.values())
        and all(happened(states[site]) for site, happened in HAPPENED.items())
        and _counted([states[LIVELY]], "commands") == set(COMMANDS)
        and _counted([*states.values()], "events") == set(EVENTS)
        and _counted([*states.values()], "line_classes") == CLASSES
        and not FIELDS.isdisjoint(name for name, _ in _answers(simulators[LIVELY]))
    )


@pytest.fixture(scope="module")
def seen(shared_programs: Programs) -> dict[str, Seen]:
    """The five runs, side by side, until everything has been seen: how long that takes is the machine's affair."""
    programs, folder = shared_programs, shared_programs.folder
    under_way = {}
    for site in SITES:
        file = folder / f"{site}.toml"
        file.write_text(PACED.format(site=site, reading="ends" if site == FORGETFUL else "resume"), "utf-8")
        simulator = programs.simulate("--site", str(file), "--pace", "40", "--seed", SEED)
        # Each visitor has an address of its own: what one does wrong is not held against all.
        run = programs.start(
            *("whoson-load", "run", EVERYTHING, "--host", simulator.chat, "-u", "20", "-r", "20", "-t", "5m"),
            *("--pace", "40", "--seed", SEED, "--forward-visitor-ip", "--out", str(folder / site)),
        )
        under_way[site] = simulator, run
    simulators = {site: simulator for site, (simulator, _) in under_way.items()}
    wait_until(lambda: _all_there(simulators), 90, "something was never seen", of=under_way["default"][1])
    for _, run in under_way.values():
        run.popen.terminate()
    found = {}
    for site, (simulator, run) in under_way.items():
        ended = run.end()
        summary = json.loads((only_record(folder / site) / "summary.json").read_text("utf-8"))
        answers = _answers(simulator) if site == LIVELY else []
        found[site] = Seen(
            ended.code, ended.stderr, summary, simulator.get("/state"), simulator.get("/messages"), answers
        )
        simulator.stop()
    return found


@pytest.mark.parametrize("site", SITES)
def test_no_visit_fails(site: str, seen: dict[str, Seen]) -> None:
    """None fails, breaks off or times out, no answer is missing, and nothing deviates from the specification."""
    run = seen[site]
    assert run.code == 0, run.stderr
    outcomes = run.summary["outcomes"]
    assert sum(outcomes.values()) > 20
    assert {name: outcomes[name] for name in ("failed", "dropped", "timed_out", "refused")} == {
        "failed": 0,
        "dropped": 0,
        "timed_out": 0,
        "refused": 0,
    }
    assert run.summary["errors"] == {}
    assert run.summary["deviations"] == {}


@pytest.mark.parametrize("site", SITES)
def test_every_line_is_accounted_for(site: str, seen: dict[str, Seen]) -> None:
    """Sent and echoed, over reconnections, translations and long lines; none crossed, doubled or lost."""
    lines = seen[site].summary["lines"]
    assert lines.get("sent", 0) - lines.get("echoed", 0) in range(21)  # in flight when the run ended
    assert lines.keys() <= {"sent", "echoed"}


@pytest.mark.parametrize("site", SITES)
def test_the_server_finds_nothing_wrong(site: str, seen: dict[str, Seen]) -> None:
    """All parameters are right and every command is in its turn; only a session that is over is asked for in vain."""
    state = seen[site].state
    incidents = {name: count for name, count in state["incidents"].items() if count and name not in HARMLESS}
    if site == FORGETFUL:
        assert incidents.pop("invalid_data", 0) == state["events"]["error"] > 0
    assert incidents == {}
    assert state["blacklist"] == []


def test_all_commands_are_seen(seen: dict[str, Seen]) -> None:
    """All 14, in one run."""
    assert _counted([seen[LIVELY].state], "commands") == set(COMMANDS)


def test_all_events_are_met(seen: dict[str, Seen]) -> None:
    """All 15, as the simulator counts them and as the visitors do."""
    assert _counted([run.state for run in seen.values()], "events") == set(EVENTS)
    assert {name for run in seen.values() for name in run.summary["events"]} == set(EVENTS)


def test_all_line_classes_are_met(seen: dict[str, Seen]) -> None:
    """Every class of the specification."""
    assert _counted([run.state for run in seen.values()], "line_classes") == CLASSES
    assert {name for run in seen.values() for name in run.summary["line_classes"]} == CLASSES


def test_what_lasts_is_there(seen: dict[str, Seen]) -> None:
    """Files in the store, messages left, transcripts sent, sessions resumed, requested fields answered."""
    assert seen["bots"].state["documents"] > 0
    assert seen["bots"].summary["series"]["upload"]["count"] > 0
    assert len(seen["closed"].messages) == seen["closed"].state["incidents"]["missed_chats"] > 0
    assert seen["closed"].summary["outcomes"]["left_message"] == len(seen["closed"].messages)
    assert seen["default"].state["incidents"]["transcripts_sent"] > 0
    assert seen["bots"].state["incidents"]["resumed_visits"] > 0
    assert {name for name, _ in seen[LIVELY].answers} & FIELDS
