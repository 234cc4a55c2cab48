from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest

from tests.journeys.stage import MANNERS, STEADY, Played, Stage, Wire
from tests.visitors.hars import Window, har_of
from whoson_load.client.connection import Visitor
from whoson_load.client.target import Target
from whoson_load.errors import ConfigError
from whoson_load.journeys.catalogue import CATALOGUE, Mishap
from whoson_load.journeys.recorded import replay
from whoson_load.journeys.visit import Journey
from whoson_load.measurement.outcome import Outcome
from whoson_load.measurement.recorder import Recorder
from whoson_load.protocol.commands import Command, File, Hello, LeaveMessage, Message, Preview, Transcript
from whoson_load.protocol.events import Event
from whoson_load.protocol.survey import decode_answers
from whoson_load.visitors.har import read_har
from whoson_load.visitors.recorded_chat import choose_chat, find_chats
from whoson_load.visitors.recording import Does, Hears, Step
from whoson_load.visitors.talk import MAX_LINE_UNITS
from whoson_load.visitors.tracing import trace

SITE = 'extends = "default"\n' + STEADY
EAGER = (
    SITE
    + '[habits]\nrequest_file = 1.0\nrequest_field = 1.0\n[[habits.fields]]\nfield_name = "Seats"\n'
    + 'field_type = "numeric"\nvalidate_low = 1\nvalidate_high = 500\n'
)
BUSY = SITE + '[[operators]]\nname = "Ursula"\nstatus = "Busy"\n[queue]\ntimeout = "9s"'
NOBODY = SITE + '[[operators]]\nname = "Ursula"\npicks_up = false\n[waiting]\nfinal_after = "30s"'
CLOSED = 'extends = "closed"'

CHAT = (
    Does("Connect"),
    Hears("connected", 0.1),
    Does("Hello", 5.0),
    Hears("accepted", 0.1),
    Hears("operatorjoined", 4.0),
    Hears("lineo", 1.0),
    Does("StartTyping", 3.0),
    *Does.previews((0.5, 3), (0.5, 9), (0.5, 7)),
    Does("StopTyping", 2.0),
    Does("Message", 1.0, 40),
    Hears("linev", 0.1),
    Hears("lineo", 7.0),
    Does("Message", 2.5, "Does it come in green?"),
    Hears("linev", 0.1),
    Does("Quit", 6.0),
    Does("PostChatSurvey", 4.0),
)


class Taped(Wire):
    """A connection whose messages a browser records."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.tape = Window(begun_s=0.0)

    def next(self, due_ns: int) -> tuple[Event, int] | None:
        """As the stage's own, and on the tape."""
        received = super().next(due_ns)
        if received is not None:
            self.tape.now_s = self._now_s()
            self.tape.hears(received[0])
        return received

    def send(self, payload: bytes) -> int:
        """As the stage's own, and on the tape."""
        self.tape.now_s = self._now_s()
        self.tape.sends(payload.decode())
        return super().send(payload)

    def _now_s(self) -> float:
        return self.stage.clock.now_ns() / 1e9


class TapedStage(Stage):
    """A stage that keeps its connections' tapes."""

    def open_line(self, target: Target, visitor: Visitor, recorder: Recorder) -> Wire:  # noqa: ARG002  # the stage's
        """In place of dialling."""
        self.taped = Taped(self)
        return self.taped


def taped(site: str, journey: Journey, number: int = 1, **options: object) -> tuple[Played, Window]:
    """A visit and what a browser would have recorded of it."""
    stage = TapedStage(site, number=number, **options)  # type: ignore[arg-type]
    played = stage.play(journey)
    return played, stage.taped.tape


def steps_of(tape: Window) -> tuple[Step, ...]:
    """The steps of a tape."""
    return trace(choose_chat(find_chats(read_har(har_of(tape))), None)).steps


def sent(tape: Window) -> list[tuple[float, str]]:
    """When each command was sent, and its name."""
    begun_s = tape.messages[0]["time"]
    commands = [each for each in tape.messages if each["type"] == "send"]
    return [(round(each["time"] - begun_s, 2), each["data"].split('"')[3]) for each in commands]


def texts(commands: list[Command], kind: type[Message | Preview], token: str = "") -> list[str]:
    """What was said or shown, without tokens that match."""
    return [re.sub(token, "", command.text) for command in commands if isinstance(command, kind)]


TOKEN = r"wltest1v\d+c1n\d+z "

ON_ONE_CONNECTION = sorted(set(CATALOGUE) - {"reloads", "resumes"})


@pytest.mark.parametrize("name", ON_ONE_CONNECTION)
@pytest.mark.parametrize("site", [SITE, EAGER, CLOSED], ids=["default", "eager", "closed"])
def test_a_recorded_journey_is_made_again(name: str, site: str) -> None:
    """Of each journey of the catalogue: the same commands, at the same times, where the server does as it did."""
    first, tape = taped(site, CATALOGUE[name].journey, 3)
    again, tape_again = taped(site, replay(*steps_of(tape)), 3)
    again.check()
    assert again.problem is None
    assert again.names == first.names
    assert [at_s for at_s, _ in sent(tape_again)] == pytest.approx([at_s for at_s, _ in sent(tape)], abs=0.05)
    if name != "goes_silent":  # nothing was left to say there: who does all that was recorded is served
        assert again.outcome is first.outcome


def test_a_recorded_chat_can_be_found_by_the_fields_of_its_run() -> None:
    """Like any other, whatever fields the recorded one had."""
    (hello,) = [each for each in Stage(SITE, number=5).play(replay(*CHAT)).commands if isinstance(each, Hello)]
    assert decode_answers(hello.survey)[-2:] == [("LoadTestRun", "test1"), ("LoadTestVisitor", "5")]


@pytest.mark.parametrize("name", ["everyday", "brings_a_translation", "pastes"])
def test_texts_are_others_of_the_same_length(name: str) -> None:
    """Messages and previews, and nothing of the recording in them; a translation has its original beside it."""
    first, tape = taped(SITE, CATALOGUE[name].journey, 3)
    again, _ = taped(SITE, replay(*steps_of(tape)), 5)
    for kind in (Message, Preview):
        recorded, made_up = texts(first.commands, kind), texts(again.commands, kind, TOKEN)
        most = MAX_LINE_UNITS - len(re.match(TOKEN, texts(again.commands, Message)[0])[0])
        assert [len(text) for text in made_up] == [min(most, len(text)) for text in recorded]
        assert {text for text in made_up if len(text) > 30}.isdisjoint(recorded)
    if name == "brings_a_translation":
        assert all("<original>" in text for text in texts(again.commands, Message))


def test_previews_show_what_is_sent_in_the_end() -> None:
    """Each is the beginning of its line, also where the visitor took some of it back; so with a text of one's own."""
    steps = [Does("Message", 1.0, "Hello, I am lost") if step == Does("Message", 1.0, 40) else step for step in CHAT]
    for table in (CHAT, steps):
        played = Stage(SITE).play(replay(*table))
        line = texts(played.commands, Message, TOKEN)[0]
        assert [len(text) for text in texts(played.commands, Preview)] == [3, 9, 7]
        assert all(line.startswith(text) for text in texts(played.commands, Preview))
    assert texts(played.commands, Message, TOKEN) == ["Hello, I am lost", "Does it come in green?"]


def test_every_line_is_in_the_ledger() -> None:
    """Replayed lines bear tokens as all others do."""
    played = Stage(SITE).play(replay(*CHAT))
    assert played.outcome is Outcome.SERVED
    assert (played.tally.lines["sent"], played.tally.lines["echoed"]) == (2, 2)
    assert played.tally.deviations == {}


@pytest.mark.parametrize("typing_s", [1, 4, 12])
def test_a_line_waits_for_the_reply_before_it(typing_s: int) -> None:
    """However long the operator takes, the visitor has read it before; the pause then is the recorded one."""
    site = SITE.replace('typing = "4s"', f'typing = "{typing_s}s"')
    _, tape = taped(site, replay(*CHAT))
    events = [(each["time"], each["data"]) for each in tape.messages]
    second = [at_s for at_s, data in events if '"Message"' in data][1]
    reply = max(at_s for at_s, data in events if '"lineo"' in data and at_s < second)
    first = next(at_s for at_s, data in events if '"Message"' in data)
    assert reply - first == pytest.approx(typing_s + 3, abs=0.1)
    assert second - reply == pytest.approx(2.5, abs=0.01)


def test_a_further_line_that_does_not_come_is_not_waited_for_long() -> None:
    """The operator of the recording said it in two lines, 6 s apart; here there is one."""
    place = CHAT.index(Hears("lineo", 7.0)) + 1
    _, tape = taped(SITE, replay(*CHAT[:place], Hears("lineo", 6.0), *CHAT[place:]))
    times = [at_s for at_s, name in sent(tape) if name == "Message"]
    assert times[1] - times[0] == pytest.approx(7.0 + 6.0 + 2.5, abs=0.1)


def test_the_pace_divides_the_recorded_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that the visitor takes; what the server takes stays."""
    _, tape = taped(SITE, replay(*CHAT))
    monkeypatch.setattr("tests.journeys.stage.MANNERS", replace(MANNERS, pace=4.0))
    _, faster = taped(SITE, replay(*CHAT))
    keys = ("StartTyping", "Preview", "StopTyping")
    typed, quicker = ([at_s for at_s, name in sent(each) if name in keys] for each in (tape, faster))
    assert [at_s - quicker[0] for at_s in quicker] == pytest.approx(
        [(at_s - typed[0]) / 4 for at_s in typed], abs=0.011
    )
    assert sent(faster)[1][0] == pytest.approx(sent(tape)[1][0] / 4, abs=0.1)


@pytest.mark.parametrize(
    "site, outcome",
    [
        (SITE, Outcome.SERVED),
        (CLOSED, Outcome.TURNED_AWAY),
        (BUSY, Outcome.QUEUE_TIMEOUT),
        (NOBODY, Outcome.UNANSWERED),
        (SITE + "[habits]\nhang_up = 1.0\n", Outcome.ENDED_BY_SERVER),
        (SITE + "[habits]\ntransfer = 1.0\n", Outcome.SERVED),
        (SITE + "[server]\nclose_after_quit = true\n", Outcome.SERVED),
    ],
)
def test_it_ends_as_the_server_lets_it(site: str, outcome: Outcome) -> None:
    """A chat that was recorded on one server is replayed on another, which does nothing wrong, and nor do we."""
    played = Stage(site).play(replay(*CHAT))
    played.check()
    assert played.outcome is outcome
    assert played.problem is None
    assert played.tally.faults == {}


@pytest.mark.parametrize("recorded_on", [CLOSED, BUSY, NOBODY], ids=["closed", "busy", "nobody"])
@pytest.mark.parametrize("site", [SITE, CLOSED, BUSY, NOBODY], ids=["open", "closed", "busy", "nobody"])
def test_who_was_not_served_in_the_recording_may_be_now(recorded_on: str, site: str) -> None:
    """Messages left when turned away, on each kind of server: nothing out of turn, no operator left with nobody."""
    _, tape = taped(recorded_on, CATALOGUE["leaves_a_message_when_turned_away"].journey)
    played = Stage(site).play(replay(*steps_of(tape)))
    played.check()
    assert played.problem is None
    assert all(chat.ending is not None for chat in played.stage.switchboard.book)


@pytest.mark.parametrize("mishap", sorted(Mishap))
def test_it_ends_as_one_outcome_whatever_happens(mishap: Mishap) -> None:
    """At each step of a replay: no hang, no error beside the target's, nothing out of turn, no lost count."""
    _, tape = taped(EAGER, CATALOGUE["answers_file_requests"].journey)
    for journey in (replay(*CHAT), replay(*steps_of(tape))):
        undisturbed = Stage(EAGER).play(journey)
        undisturbed.check()
        firsts = {step: number for number, step in reversed(list(enumerate(undisturbed.steps)))}
        for number in firsts.values():
            Stage(EAGER, mishap=mishap, at_step=number).play(journey).check()


@pytest.mark.parametrize("allowed", [True, False])
def test_what_outlasts_the_run_is_done_only_where_it_may_be(allowed: bool) -> None:
    """Files, transcripts, messages."""
    steps = (
        *CHAT[:-1],
        Does("Transcript", 1.0),
        Does("LeaveMessage", 9.0, 120),
    )
    steps = (*steps[:6], Does("File", 2.0, "pdf"), *steps[6:])
    played = Stage(SITE, side_effects=allowed).play(replay(*steps))
    played.check()
    lasting = [command for command in played.commands if isinstance(command, File | Transcript | LeaveMessage)]
    assert len(lasting) == (3 if allowed else 0)
    if allowed:
        (message,) = (command for command in lasting if isinstance(command, LeaveMessage))
        assert len(message.text) == 120
        assert message.email.endswith("@example.com")
        (file,) = (command for command in lasting if isinstance(command, File))
        assert file.file_name.endswith(".pdf")


def test_a_wish_is_for_one_of_those_who_are_there() -> None:
    """A department or somebody by name, as in the recording, of those that this server lists; the names are its own."""
    for name, parameter in (("asks_for_a_department", "department"), ("asks_for_an_operator", "operator")):
        _, tape = taped('extends = "rehearsal"', CATALOGUE[name].journey)
        steps = steps_of(tape)
        assert [step.detail for step in steps if isinstance(step, Does) and step.command == "Hello"] == [parameter]
        played = Stage('extends = "rehearsal"').play(replay(*steps))
        (hello,) = (command for command in played.commands if isinstance(command, Hello))
        floor = played.stage.switchboard.floor.routing.roster.colleagues
        there = {each.shown().dept for each in floor} | {each.name for each in floor}
        assert getattr(hello, parameter) in there - {""}


def test_the_same_visitor_says_the_same_again() -> None:
    """Byte for byte; another visitor says something else."""
    once, twice, other = (Stage(SITE, number=number).play(replay(*CHAT)).commands for number in (7, 7, 8))
    assert once == twice
    assert once != other


def test_a_recorded_browsing_is_browsing() -> None:
    """Images and who is there, no chat."""
    played = Stage(SITE).play(
        replay(Does("Connect"), Hears("connected", 0.1), Does("GetOperators", 1.0), Does("GetImage", 0.0, 5))
    )
    assert played.outcome is Outcome.BROWSED
    assert Counter(played.names) == {"Connect": 1, "GetOperators": 1, "GetImage": 1}


def test_the_times_do_not_drift() -> None:
    """A thousand previews, 33 ms apart, take 33 s."""
    typed = Does.previews(*((0.033, min(4000, number)) for number in range(1, 1001)))
    _, tape = taped(SITE, replay(*CHAT[:7], *typed, Does("Message", 0.5, 900), Does("Quit", 1.0)))
    times = [each["time"] for each in tape.messages if '"Preview"' in each["data"]]
    assert times[-1] - times[0] == pytest.approx(33.0 - 0.033, abs=1e-3)


@pytest.mark.parametrize("steps", [(), (Does("Hello"),), (Does("Connect"), Does("Connect"))])
def test_a_table_that_is_no_visit_is_refused(steps: tuple[Step, ...]) -> None:
    """When the locustfile is loaded, not in the run."""
    with pytest.raises(ConfigError, match="expected"):
        replay(*steps)
