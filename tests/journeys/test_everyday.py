from __future__ import annotations

import pytest

from tests.journeys.stage import STEADY, Stage
from whoson_load.journeys.catalogue import CATALOGUE, Mishap
from whoson_load.journeys.everyday import everyday, wants_the_transcript
from whoson_load.measurement.outcome import Outcome
from whoson_load.protocol.commands import Hello, Message, PostChatSurvey
from whoson_load.protocol.survey import decode_answers

SITE = 'extends = "default"\n' + STEADY
ASKING = (
    SITE
    + '[habits]\nrequest_field = 1.0\n[[habits.fields]]\nfield_name = "Seats"\nfield_type = "numeric"\n'
    + "validate_low = 1\nvalidate_high = 500\n"
)


def test_an_everyday_chat_goes_from_connect_to_the_survey() -> None:
    """Connect, Hello, as many messages as the manners say, Quit, the survey; and it counts as served."""
    played = Stage(SITE).play(everyday)
    assert played.outcome is Outcome.SERVED
    kept = [name for name in played.names if name not in ("StartTyping", "Preview", "StopTyping")]
    assert kept == ["Connect", "Hello", "Message", "Message", "Quit", "PostChatSurvey"]


@pytest.mark.parametrize("name", [*CATALOGUE])
def test_every_chat_can_be_found_by_the_fields_of_its_run(name: str) -> None:
    """Each Hello brings the run's tag and the visitor's number, though the site asks for neither."""
    hellos = [each for each in Stage(SITE).play(CATALOGUE[name].journey).commands if isinstance(each, Hello)]
    assert bool(hellos) is (name not in ("browses", "leaves_a_message_at_once"))
    for hello in hellos:
        assert decode_answers(hello.survey)[-2:] == [("LoadTestRun", "test1"), ("LoadTestVisitor", "1")]


def test_a_field_of_the_site_keeps_its_name_to_itself() -> None:
    """Names are unique, says the specification: of two fields of one name the site's is the one that is answered."""
    own = SITE + '[[site.pre_chat_survey.fields]]\nfield_name = "LoadTestRun"\nenabled = false\n'
    (hello,) = [each for each in Stage(own).play(everyday).commands if isinstance(each, Hello)]
    assert [name for name, _ in decode_answers(hello.survey) if name.startswith("LoadTest")] == ["LoadTestVisitor"]


def test_a_requested_field_is_answered_in_an_everyday_chat() -> None:
    """Its line, which bears no token, is nothing the server did wrong; the answer is one the field accepts."""
    played = Stage(ASKING).play(everyday)
    assert "DynamicField" in played.names
    assert played.outcome is Outcome.SERVED
    assert played.tally.deviations == {}
    (chat,) = played.stage.switchboard.book
    assert 1 <= int(dict(chat.answers)["Seats"]) <= 500


@pytest.mark.parametrize(
    "site, outcome",
    [
        ('extends = "closed"', Outcome.TURNED_AWAY),
        (SITE + '[[operators]]\nname = "Ursula"\npicks_up = false\n[waiting]\nfinal_after = "30s"', Outcome.UNANSWERED),
        (SITE + '[[operators]]\nname = "Ursula"\npicks_up = false\n[waiting]\nfinal_after = "5m"', Outcome.ABANDONED),
        (SITE + '[[operators]]\nname = "Busy"\nstatus = "Busy"\n[queue]\ntimeout = "9s"', Outcome.QUEUE_TIMEOUT),
        (SITE + "[habits]\nhang_up = 1.0\n", Outcome.ENDED_BY_SERVER),
        (SITE + "[habits]\ntransfer = 1.0\n", Outcome.SERVED),
        (SITE + "[server]\nclose_after_quit = true\n", Outcome.SERVED),
        (SITE + "[server]\nquit_after_quit = true\nuid_at_connected = true\n", Outcome.SERVED),
    ],
)
def test_an_everyday_chat_ends_as_the_site_lets_it(site: str, outcome: Outcome) -> None:
    """One site after another, and none of them does anything wrong."""
    played = Stage(site).play(everyday)
    assert played.outcome is outcome
    assert played.problem is None
    assert played.tally.faults == {}
    assert played.tally.deviations == {}


def test_an_unanswerable_field_is_left_out_and_counted() -> None:
    """A required field that accepts nothing ends no visit."""
    impossible = (
        SITE + '[[site.pre_chat_survey.fields]]\nfield_name = "Never"\nmask = "(?!)"\nrequired = true\n'
        "[site.pre_chat_survey]\nenabled = true\n"
    )
    played = Stage(impossible).play(everyday)
    assert played.outcome is Outcome.SERVED
    assert played.tally.deviations == {"unanswerable survey field": 1}


@pytest.mark.parametrize("allowed", [True, False])
def test_the_transcript_is_asked_for_only_where_e_mail_may_be_sent(allowed: bool) -> None:
    """To an address that is nobody's."""
    played = Stage(SITE, side_effects=allowed).play(wants_the_transcript)
    assert played.outcome is Outcome.SERVED
    assert ("Transcript" in played.names) is allowed
    (chat,) = played.stage.switchboard.book
    assert all(address.endswith("@example.com") for address in chat.emails)
    assert len(chat.emails) == allowed


def test_how_far_a_line_was_typed_changes_nothing_after_the_chat() -> None:
    """Hung up on at any key of the second line, the visitor rates the chat in the same words."""
    steps = Stage(SITE).play(everyday).steps
    messages = [number for number, step in enumerate(steps) if step[:2] == ("sent", "Message")]
    second = next(
        number for number, step in enumerate(steps) if number > messages[0] and step[:2] == ("sent", "StartTyping")
    )
    surveys = set()
    for step in range(second, messages[1]):
        played = Stage(SITE, mishap=Mishap.QUIT, at_step=step).play(everyday)
        assert played.outcome is Outcome.ENDED_BY_SERVER
        surveys |= {command.survey for command in played.commands if isinstance(command, PostChatSurvey)}
    assert messages[1] - second > 2
    assert len(surveys) == 1


def test_a_reply_that_does_not_come_changes_no_line() -> None:
    """The same is said, sooner or later, whether operators answer or never do."""

    def said(site: str) -> list[str]:
        commands = Stage(site).play(everyday).commands
        return [command.text for command in commands if isinstance(command, Message)]

    assert said(SITE) == said(SITE + "[faults]\nvanishing_operators = { rate = 1.0 }\n")
