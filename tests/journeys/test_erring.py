from __future__ import annotations

import pytest

from tests.journeys.stage import STEADY, Stage
from whoson_load.journeys.erring import errs_first
from whoson_load.measurement.outcome import Outcome
from whoson_load.protocol.commands import DynamicField, Hello, PostChatSurvey
from whoson_load.protocol.survey import SurveyField, decode_answers, problem_with
from whoson_load.simulator.reception import Reception, Refused

SITE = 'extends = "default"\n' + STEADY
ASKING = (
    SITE
    + '[habits]\nrequest_field = 1.0\n[[habits.fields]]\nfield_name = "Seats"\nfield_type = "numeric"\n'
    + "validate_low = 1\nvalidate_high = 500\n"
)
SEATS = SurveyField(field_name="Seats", field_type="numeric", validate_low=1, validate_high=500)


def test_hello_carries_what_is_right() -> None:
    """The survey before the chat is judged by the page: what is sent passes."""
    stage = Stage(SITE)
    played = stage.play(errs_first)
    (hello,) = [command for command in played.commands if isinstance(command, Hello)]
    fields = {field.field_name: field for field in stage.switchboard.floor.site.pre_chat_survey.fields}
    answers = {name: value for name, value in decode_answers(hello.survey) if name in fields}
    assert answers
    assert not [problem for name, value in answers.items() if (problem := problem_with(fields[name], value))]
    assert played.outcome is Outcome.SERVED


def test_a_server_that_takes_anything_gets_what_is_wrong() -> None:
    """Wrong answers to a requested field and in the survey after the chat, once each."""
    played = Stage(ASKING).play(errs_first)
    given = [command.value for command in played.commands if isinstance(command, DynamicField)]
    assert given
    assert all(value == "" or problem_with(SEATS, value) for value in given)
    assert played.names.count("PostChatSurvey") == 1
    assert played.tally.deviations == {}


def test_a_server_that_judges_gets_the_right_answer_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each refusal is followed by an answer the field accepts."""
    give, hand_in = Reception._dynamic_field, Reception._post_chat_survey

    def judge_field(self: Reception, visit: object, command: DynamicField, received_ns: int) -> None:
        if not command.value or problem_with(SEATS, command.value):
            raise Refused("The value is not accepted.", "")
        give(self, visit, command, received_ns)  # type: ignore[arg-type]

    def judge_survey(self: Reception, visit: object, command: PostChatSurvey, received_ns: int) -> None:
        fields = {field.field_name: field for field in self._floor.site.post_chat_survey.fields}
        if any(problem_with(fields[name], value) for name, value in decode_answers(command.survey)):
            raise Refused("The survey is not accepted.", "")
        hand_in(self, visit, command, received_ns)  # type: ignore[arg-type]

    monkeypatch.setattr(Reception, "_dynamic_field", judge_field)
    monkeypatch.setattr(Reception, "_post_chat_survey", judge_survey)
    played = Stage(ASKING, number=2).play(errs_first)
    assert played.outcome is Outcome.SERVED
    given = [command.value for command in played.commands if isinstance(command, DynamicField)]
    assert problem_with(SEATS, given[1]) is None
    assert played.names.count("PostChatSurvey") == 2
    assert played.tally.events["acknowledged"] == 1


def test_nothing_wrong_is_sent_where_it_may_be_held_against_us() -> None:
    """Without leave for what outlasts the run the requested fields and the survey are right the first time."""
    played = Stage(ASKING, side_effects=False).play(errs_first)
    assert played.outcome is Outcome.SERVED
    given = [command.value for command in played.commands if isinstance(command, DynamicField)]
    assert given
    assert not [value for value in given if not value or problem_with(SEATS, value)]
    (survey,) = [command.survey for command in played.commands if isinstance(command, PostChatSurvey)]
    fields = {field.field_name: field for field in played.stage.switchboard.floor.site.post_chat_survey.fields}
    assert not [name for name, value in decode_answers(survey) if problem_with(fields[name], value)]
