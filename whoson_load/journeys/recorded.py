"""A recorded visit, made again by whoever comes.

Knows nothing of recordings but their steps.

The times are the recorded visitor's, divided by the pace, and each counts from the step before: from the command, or
from the event that was waited for, whenever that comes. Where the server takes another way than in the recording, the
visitor does what a person would: what nobody is there to hear any more is left out, and patience ends every wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from whoson_load.client.session import ChatSession
from whoson_load.clock import monotonic_ns
from whoson_load.errors import SessionClosed
from whoson_load.journeys.choosing import departments_of, people_of
from whoson_load.journeys.files import give_file
from whoson_load.journeys.steps import answer_to, answers_to, marks, nobody_came
from whoson_load.journeys.visit import Journey
from whoson_load.measurement.outcome import Outcome
from whoson_load.protocol.conversation import State
from whoson_load.protocol.events import NotAccepted, Operator
from whoson_load.visitors.drafts import Drafts
from whoson_load.visitors.draws import pick
from whoson_load.visitors.keystrokes import Act, Keystroke
from whoson_load.visitors.recording import TYPING, Detail, Does, Hears, Step, check_visit

__all__ = ["replay"]

_WAITING: Final = frozenset({State.WAITING, State.QUEUED})
_OVER: Final = frozenset({State.ENDED, State.LEFT, State.TURNED_AWAY, State.QUEUE_TIMEOUT, State.UNANSWERED})

_WITHOUT_OPERATOR: Final = {
    State.CONNECTED: Outcome.BROWSED,
    State.LEFT: Outcome.BROWSED,
    State.UNANSWERED: Outcome.UNANSWERED,
    State.QUEUE_TIMEOUT: Outcome.QUEUE_TIMEOUT,
    State.ENDED: Outcome.ENDED_BY_SERVER,
}

_Typed: TypeAlias = tuple[Does, ...]


def replay(*steps: Step) -> Journey:
    """A journey that does what was recorded, with the recorded pauses.

    Raises:
        ConfigError: the steps make no visit.
    """
    check_visit(steps)
    acts = tuple(_acts(steps))
    lines = [step.detail for step in steps if isinstance(step, Does) and step.command == "Message"]
    texts = tuple(line if isinstance(line, str) else "" for line in lines)

    def recorded(chat: ChatSession) -> Outcome:
        """Make a recorded visit again."""
        return _Replay(chat, texts).play(acts)

    return recorded


def _acts(steps: tuple[Step, ...]) -> Iterator[Hears | Does | _Typed]:
    """The steps; what is typed without a look at the chat, up to the Message, is one act."""
    typed: list[Does] = []
    for step in steps:
        if isinstance(step, Does) and step.command in TYPING:
            typed.append(step)
            if step.command != "Message":
                continue
            yield tuple(typed)
        else:
            if typed:
                yield tuple(typed)
            yield step
        typed = []
    if typed:
        yield tuple(typed)


class _Replay:
    """One visit.

    Args:
        texts: of the lines that are sent; "" for one that is made up.
    """

    def __init__(self, chat: ChatSession, texts: tuple[str, ...]) -> None:
        self._chat = chat
        self._manners, self._rng = chat.visitor.manners, chat.visitor.rng
        self._drafts = Drafts(chat.visitor.persona.language, self._rng, texts)
        self._there: tuple[Operator, ...] = ()
        self._before_ns = monotonic_ns()  # when the step before was taken
        self._replies = 0  # how many lines of operators were waited for since the visitor's own
        self._turned_away = self._over = False
        self._outcome: Outcome | None = None

    def play(self, acts: Iterable[Hears | Does | _Typed]) -> Outcome:
        """Make the visit."""
        try:
            for act in acts:
                if isinstance(act, Hears):
                    self._hear(act)
                elif isinstance(act, Does):
                    self._do(act)
                else:
                    self._type(act)
                if self._over:
                    break
        except SessionClosed:
            # Nobody says who closes the connection after the end: a server that owes nothing any more may do so.
            if self._chat.heard.owing or self._chat.state not in _OVER:
                raise
        return self._outcome or self._standing()

    def _standing(self) -> Outcome:
        """What the visit has come to so far."""
        chat = self._chat
        if chat.heard.operator is not None:
            return Outcome.SERVED
        return Outcome.TURNED_AWAY if self._turned_away else _WITHOUT_OPERATOR.get(chat.state, Outcome.ABANDONED)

    # What is waited for

    def _hear(self, step: Hears) -> None:
        chat = self._chat
        waited_s = step.after_s / self._manners.pace
        # As long as the recorded visitor waited, and then as people do. Drawn whether there is anything to wait for or
        # not: what comes a moment sooner shall change no later draw.
        patience_s = waited_s + self._manners.patience_s(self._rng)
        reply_patience_s = waited_s + self._manners.reply_patience_s(self._rng)
        match step.event:
            case "accepted" if self._turned_away:
                self._over = True
            case "operatorjoined":
                self._wait_for_operator(patience_s)
            case "notaccepted" | "lineo final":
                self._wait_in_vain(patience_s)
            case "lineo":
                self._replies += 1
                enough_s = reply_patience_s if self._replies == 1 else waited_s
                self._wait_in_chat(lambda: chat.heard.replies >= self._replies, enough_s)
            case "requestfile":
                self._wait_in_chat(lambda: chat.heard.wanted_file is not None, reply_patience_s)
            case "requestfield":
                self._wait_in_chat(lambda: chat.heard.wanted_field is not None, reply_patience_s)
            case "quit":
                self._wait_in_chat(lambda: False, reply_patience_s)
                if chat.talking:
                    self._quit()  # else an operator who ends no chats would wait for the visitor
            case _:
                pass  # an answer: its command has waited for it
        self._before_ns = monotonic_ns()

    def _wait_for_operator(self, patience_s: float) -> None:
        chat = self._chat
        if chat.state in _WAITING:
            chat.wait_for_operator(patience_s)
        if chat.heard.operator is None and chat.state is not State.CONNECTED:
            self._outcome = Outcome.TURNED_AWAY if self._turned_away else nobody_came(chat)
            self._over = True

    def _wait_in_vain(self, patience_s: float) -> None:
        chat = self._chat
        chat.wait_until(lambda: chat.state not in _WAITING, patience_s)
        if chat.state in _WAITING or chat.state is State.CHATTING:
            # Whom nobody took in the recording has nothing to say to an operator who would, and leaves.
            self._outcome = nobody_came(chat)
            self._over = True

    def _wait_in_chat(self, holds: Callable[[], bool], patience_s: float) -> None:
        chat = self._chat
        chat.wait_until(lambda: holds() or not chat.talking, patience_s)

    # What is done

    def _type(self, typed: _Typed) -> None:
        """Type, and send what ends in a Message, at the recorded times from the first key on."""
        chat, pace = self._chat, self._manners.pace

        def keystrokes() -> Iterator[Keystroke]:
            at_s = 0.0
            for place, step in enumerate(typed):
                at_s += step.after_s / pace if place else 0.0
                act = Act(step.command)
                yield Keystroke(at_s, act, self._drafts.text(act, step.detail, chat.heard.operator))

        goes_on = chat.talking and self._stay(typed[0].after_s) and chat.play(keystrokes())
        if not goes_on and chat.state is State.ENDED and chat.heard.operator is not None:
            self._outcome = self._outcome or Outcome.ENDED_BY_SERVER
        if typed[-1].command == "Message":
            self._replies = 0
        self._before_ns = monotonic_ns()

    def _do(self, step: Does) -> None:
        """Do it when it is due, where the state allows it then."""
        allowed = self._chat.heard.conversation.may_send
        if not allowed(step.command):
            return
        self._stay(step.after_s)
        self._before_ns = monotonic_ns()
        if allowed(step.command):
            _DOINGS[step.command](self, step.detail)

    def _stay(self, after_s: float) -> bool:
        """Live until so long after the step before; False where a chat ended meanwhile."""
        due_ns = self._before_ns + int(after_s / self._manners.pace * 1e9)
        return self._chat.idle(max(0, due_ns - monotonic_ns()) / 1e9)

    def _look_around(self) -> None:
        self._there = self._chat.operators()

    def _hello(self, detail: Detail) -> None:
        chat, wishes = self._chat, str(detail).split()
        departments = departments_of(self._there) if "department" in wishes else []
        people = people_of(self._there) if "operator" in wishes else []
        answer = chat.hello(
            [*answers_to(chat, chat.site.pre_chat_survey.asked), *marks(chat)],
            department=pick(departments, self._rng) if departments else "",
            operator=pick(people, self._rng) if people else "",
            translate="translate" in wishes,
        )
        self._turned_away = isinstance(answer, NotAccepted)

    def _give_field(self) -> None:
        chat = self._chat
        request, chat.heard.wanted_field = chat.heard.wanted_field, None
        value = answer_to(chat, request.field) if request is not None else None
        if request is not None and value is not None:
            chat.answer_field(request.field.field_name, value)

    def _quit(self) -> None:
        self._outcome = self._outcome or self._standing()
        self._chat.quit()

    def _rate(self) -> None:
        # Also where all that is asked is optional, and left out: what was sent in the recording is sent.
        asked = self._chat.site.post_chat_survey.asked
        if asked:
            self._chat.post_survey(answers_to(self._chat, asked))

    def _ask_for_the_transcript(self) -> None:
        if self._chat.target.side_effects_allowed:
            self._chat.transcript()

    def _leave_message(self, detail: Detail) -> None:
        chat = self._chat
        if chat.site.leave_message_enabled and chat.target.side_effects_allowed:
            chat.leave_message(self._drafts.message(detail))
            if chat.heard.operator is None:
                self._outcome = Outcome.LEFT_MESSAGE


_DOINGS: Final[Mapping[str, Callable[[_Replay, Detail], object]]] = {
    "Connect": lambda self, _: self._chat.connect(),
    "GetOperators": lambda self, _: self._look_around(),
    "GetImage": lambda self, detail: self._chat.image(int(str(detail))),
    "Hello": lambda self, detail: self._hello(detail),
    "File": lambda self, detail: give_file(self._chat, str(detail), looking_s=0),
    "DynamicField": lambda self, _: self._give_field(),
    "Quit": lambda self, _: self._quit(),
    "PostChatSurvey": lambda self, _: self._rate(),
    "Transcript": lambda self, _: self._ask_for_the_transcript(),
    "LeaveMessage": lambda self, detail: self._leave_message(detail),
}
"""Command -> how it is made again; what is typed is not among them."""
