"""One visitor's chat as a synchronous conversation: say something, wait for what must come, live through the rest.

What the visitor hears is kept in `Hearing`; how waiting and sending work is `Connection`'s affair, and how bytes
travel `Wire`'s.

    with ChatSession.open(target, visitor, recorder) as chat:
        site = chat.connect()
        chat.hello(answers)
        operator = chat.wait_for_operator(patience_s)
        chat.type_and_send("Good morning", rhythm)
        chat.quit()
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from whoson_load.client.arrival import Arrival
from whoson_load.client.connection import Line, Visitor
from whoson_load.clock import monotonic_ns, wall_ns
from whoson_load.errors import Fault, LocalProtocolError, ReplyTimeout
from whoson_load.measurement.sample import (
    ACCEPTED,
    ACKNOWLEDGED,
    ECHO,
    GENERATOR_SEND,
    OPERATORJOINED,
)
from whoson_load.protocol import commands
from whoson_load.protocol.commands import Command
from whoson_load.protocol.conversation import State
from whoson_load.protocol.events import Accepted, NewLine, NotAccepted, Operator
from whoson_load.protocol.survey import encode_answers
from whoson_load.visitors.keystrokes import Act, Keystroke, Rhythm, type_out
from whoson_load.visitors.talk import with_token

__all__ = ["ChatSession", "Line", "Visitor"]

_PREVIEW, _MESSAGE, _START_TYPING = Act.PREVIEW, Act.MESSAGE, Act.START_TYPING  # an enumeration's attribute costs 60 ns


class ChatSession(Arrival):
    """What a visitor can say and ask, over a connection of its own."""

    __slots__ = ()

    # Before the chat

    def hello(
        self,
        answers: Iterable[tuple[str, str]] = (),
        *,
        department: str = "",
        operator: str = "",
        language: str | None = None,
        translate: bool = False,
    ) -> Accepted | NotAccepted:
        """Ask for a chat.

        Args:
            answers: of the pre-chat survey, (field name, value).
            department, operator: "" for any.
            language: two letters; None for the persona's own.
            translate: whether the server shall translate.

        Raises:
            TargetError: the server closed, or did not answer before the deadline.
        """
        persona = self.visitor.persona
        sent_ns = self._send(
            commands.Hello(
                persona.name,
                self.target.domain,
                department,
                operator,
                self.heard.session_id,
                persona.ip,
                persona.cookie_id,
                language or persona.language,
                "true" if translate else "false",
                encode_answers(answers),
            )
        )
        self.heard.expect(ACCEPTED, sent_ns)
        self.heard.expect(OPERATORJOINED, sent_ns)
        event, _ = self._answer(ACCEPTED, OPERATORJOINED)
        if not isinstance(event, Accepted | NotAccepted):  # the table lets nothing else answer Hello
            raise LocalProtocolError(f"got {event.name} for Hello, expected accepted or notaccepted")
        return event

    def wait_for_operator(self, patience_s: float) -> Operator | None:
        """Wait to be picked up.

        Returns:
            Who came; None when patience ran out or the server gave up first: `state` tells which.

        Raises:
            TargetError: the connection ended.
        """
        due_ns = monotonic_ns() + int(patience_s * 1e9)
        while self.state in (State.WAITING, State.QUEUED):
            if self._receive(due_ns) is None:
                break
        return self.heard.operator if self.state is State.CHATTING else None

    # The chat

    def say(self, text: str) -> bool:
        """Send a line at once and wait for its echo.

        Args:
            text: the ledger's token is put ahead of it, and the end of what is longer than a line may be is cut off.

        Returns:
            Whether the echo came; False when the chat ended first.

        Raises:
            TargetError: the connection ended, or the echo did not come before the deadline.
        """
        return self.talking and self._say(text)

    def type_and_send(self, text: str, rhythm: Rhythm) -> bool:
        """Type a line as people do, and send it: StartTyping, previews where the site allows them, StopTyping, Message.

        Returns, raises:
            As `say`.
        """
        return self.play(type_out(text, rhythm, self.visitor.rng))

    def type_and_drop(self, text: str, rhythm: Rhythm) -> bool:
        """Type a line, think better of it and send nothing.

        Returns:
            False when the chat ended first.
        """
        return self.play(type_out(text, rhythm, self.visitor.rng, sends=False))

    def play(self, keystrokes: Iterable[Keystroke]) -> bool:
        """Do timed typing actions, each at its time after now, without previews where the site does not allow them.

        Returns:
            False when the chat ended first; otherwise whether it goes on.

        Raises:
            TargetError: the connection ended, or an echo did not come before its deadline.
        """
        session_id, domain, previews = self.heard.session_id, self.target.domain, self.site.operator_preview
        lag = self._recorder.timer(GENERATOR_SEND)
        begun_ns = monotonic_ns()
        for at_s, act, shown in keystrokes:
            if act is _PREVIEW and not previews:
                continue
            due_ns = begun_ns + int(at_s * 1e9)
            if not self._stay_until(due_ns):
                return False
            lag(monotonic_ns() - due_ns)
            if act is _PREVIEW:
                self._send(commands.Preview(session_id, domain, shown))
            elif act is _MESSAGE:
                if not self._say(shown):
                    return False
            elif act is _START_TYPING:
                self._send(commands.StartTyping(session_id))
            else:
                self._send(commands.StopTyping(session_id))
        return self.talking

    def _say(self, text: str) -> bool:
        # The token is not typed: it is the instrument's, and would make every line take seconds longer.
        text = with_token(text, self._book.token)
        sent_ns = self._send(commands.Message(self.heard.session_id, self.target.domain, text))
        self._book.sent(sent_ns)
        heard = self.heard
        conversation = heard.conversation
        heard.expect(ECHO, sent_ns)
        due_ns = monotonic_ns() + int(self.target.deadlines.reply_s * 1e9)
        while heard.waits_for(ECHO):
            if self._receive(due_ns) is None:
                self._book.expire(wall_ns() + 1_000_000)
                self._give_up(ECHO)
            if not conversation.may_talk:
                # Ended by the server while the line was under way: nobody owes its echo any more.
                heard.drop(ECHO, now_ns=wall_ns())
                return False
        return True

    def wait_for_reply(self, patience_s: float) -> NewLine | None:
        """Wait for the operator's line after the visitor's own.

        Returns:
            The line, also one that came already; None when patience ran out or the chat ended.

        Raises:
            TargetError: the connection ended.
        """
        due_ns = monotonic_ns() + int(patience_s * 1e9)
        heard = self.heard
        while heard.reply is None and self.talking:
            if self._receive(due_ns) is None:
                break
        return heard.reply

    def wait_until(self, holds: Callable[[], bool], patience_s: float) -> bool:
        """Live through whatever arrives until something is so.

        Args:
            holds: asked at once, and after each event.

        Returns:
            Whether it is so; False when patience ran out.

        Raises:
            TargetError: the connection ended.
        """
        due_ns = monotonic_ns() + int(patience_s * 1e9)
        while not holds():
            if self._receive(due_ns) is None:
                return False
        return True

    def send_file(self, name: str, url: str) -> bool:
        """Send a file that lies in the document store, and wait for what the server makes of it.

        Args:
            name: as the operator shall see it.
            url: as the document store gave it.

        Returns:
            False when the server answered with an `error`: a forbidden extension, or uploads are off.

        Raises:
            TargetError: the connection ended, or neither a line nor an error came before the deadline.
        """
        self.heard.wanted_file = None
        self.heard.expect_line(name, url)
        return self._shown(commands.File(self.heard.session_id, self.target.domain, name, url))

    def answer_field(self, name: str, value: str) -> bool:
        """Answer a `requestfield`.

        Returns, raises:
            As `send_file`.
        """
        self.heard.wanted_field = None
        self.heard.expect_line(name, value)
        return self._shown(commands.DynamicField(self.heard.session_id, self.target.domain, name, value))

    def _shown(self, command: Command) -> bool:
        """Send what shows as a line of some class; an `error` that comes instead is about it."""
        heard = self.heard
        errors, lines = heard.errors, heard.lines
        self._send(command)
        due_ns = monotonic_ns() + int(self.target.deadlines.reply_s * 1e9)
        while heard.lines == lines and heard.errors == errors and self.talking:
            if self._receive(due_ns) is None:
                self._recorder.fault(Fault.REPLY_TIMEOUT)  # alone: no series times these
                raise ReplyTimeout(
                    Fault.REPLY_TIMEOUT, f"no line for {command.name} within {self.target.deadlines.reply_s:g} s"
                )
        return heard.errors == errors

    # After the chat, or without one

    def leave_message(
        self, text: str, *, department: str = "", email: str | None = None, phone: str | None = None
    ) -> None:
        """Leave a message; nothing answers it.

        Args:
            text: of the message; the ledger's token is not in it, since no line ever comes back.
            email, phone: None for the persona's own, "" for none.

        Raises:
            TargetError: the connection has ended.
        """
        persona, heard = self.visitor.persona, self.heard
        self._send(
            commands.LeaveMessage(
                heard.chat_uid,
                heard.session_id,
                self.target.domain,
                persona.ip,
                persona.name,
                department,
                persona.email if email is None else email,
                persona.phone if phone is None else phone,
                text,
            )
        )

    def transcript(self, email: str | None = None) -> None:
        """Ask for the transcript by e-mail; nothing answers it.

        Args:
            email: None for the persona's own, at a domain that is nobody's.

        Raises:
            TargetError: the connection has ended.
        """
        persona, heard = self.visitor.persona, self.heard
        self._send(
            commands.Transcript(
                heard.chat_uid,
                heard.session_id,
                self.target.domain,
                persona.ip,
                persona.email if email is None else email,
            )
        )

    def post_survey(self, answers: Iterable[tuple[str, str]]) -> bool:
        """Send the survey after a chat.

        Returns:
            False when the chat was never accepted, which calls for no survey, or when the server answered with `error`.

        Raises:
            TargetError: the server closed, or did not acknowledge before the deadline.
        """
        heard = self.heard
        if not heard.conversation.was_accepted or not heard.conversation.may_send("PostChatSurvey"):
            return False
        sent_ns = self._send(
            commands.PostChatSurvey(
                heard.chat_uid, heard.session_id, self.target.domain, self.visitor.persona.ip, encode_answers(answers)
            )
        )
        heard.expect(ACKNOWLEDGED, sent_ns)
        return self._answer_or_error(ACKNOWLEDGED) is not None
