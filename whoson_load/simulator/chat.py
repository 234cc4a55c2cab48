"""The life of one chat, from Hello to its end: waiting, the operator, the lines. Knows no socket and reads no frame."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from html import escape

from whoson_load.protocol.commands import Hello
from whoson_load.protocol.events import Accepted, Event, NewLine, NotAccepted, OperatorJoined, Quit
from whoson_load.protocol.lines import LineKind
from whoson_load.simulator.attendance import Attendance
from whoson_load.simulator.floor import Floor
from whoson_load.simulator.hold import Hold, InQueue, WaitingLines
from whoson_load.simulator.inactivity import Inactivity
from whoson_load.simulator.operators import Colleague, Wish
from whoson_load.simulator.routing import Admission
from whoson_load.simulator.scheduler import Timer, cancel
from whoson_load.simulator.texts import fill
from whoson_load.simulator.transcript import Line, Transcript
from whoson_load.simulator.visit import Visit

__all__ = ["Chat", "Ending"]


class Ending(StrEnum):
    """How a chat ended."""

    TURNED_AWAY = "turned away"
    QUEUE_TIMEOUT = "queue timeout"
    UNANSWERED = "unanswered"
    BY_VISITOR = "by visitor"
    BY_OPERATOR = "by operator"
    INACTIVE = "inactive"
    DROPPED = "dropped"


class Chat:
    """One chat.

    Attributes:
        uid: unique on this server.
        visitor_name: as the chat shows it, escaped.
        visitor_ip: as Hello gave it, else as Connect or the connection did.
        answers: of the surveys and of requested fields: (field name, value), in the order they came.
        emails: whom transcripts are sent to.
        position: the place in the queue when last counted; kept by the queue.
        colleague: the operator who is about to pick up or has; None while nobody has.
        ending: how it ended, None while it goes on.
    """

    __slots__ = (
        "_attendance",
        "_echo_due_ns",
        "_floor",
        "_hold",
        "_inactivity",
        "_pickup",
        "_unread",
        "answers",
        "colleague",
        "dice",
        "emails",
        "ending",
        "language",
        "position",
        "skill",
        "transcript",
        "translate",
        "uid",
        "visit",
        "visitor_ip",
        "visitor_name",
        "wish",
    )

    def __init__(self, floor: Floor, visit: Visit, uid: str, hello: Hello, answers: list[tuple[str, str]]) -> None:
        self._floor = floor
        self.visit = visit
        self.uid = uid
        self.visitor_name = escape(hello.visitor_name) if floor.settings.chat.escape_html else hello.visitor_name
        self.visitor_ip = hello.visitor_ip or visit.visitor_ip
        self.language = hello.language.lower()
        self.translate = hello.translate.lower() == "true"
        self.wish = Wish(hello.department, hello.operator)
        self.skill = dict(answers).get(floor.settings.routing.skill_field, "")
        self.answers = answers
        self.emails: list[str] = []
        # The same visitor's same visit meets the same operators' whims, whoever else is there.
        self.dice = floor.chat_dice.of(self.visitor_ip, hello.cookie_id, visit.nth)
        self.transcript = Transcript()
        self.position = 0
        self.colleague: Colleague | None = None
        self.ending: Ending | None = None
        self._attendance: Attendance | None = None
        self._hold: Hold | None = None
        self._inactivity: Inactivity | None = None
        self._pickup: Timer | None = None
        self._echo_due_ns = 0
        self._unread = False
        visit.note = self._note

    # ------------------------------------------------------------------ waiting

    def start(self, received_ns: int) -> bool:
        """Answer Hello, and wait for somebody.

        Returns:
            Whether the chat was accepted.
        """
        floor = self._floor
        self.transcript.stamp("hello_received_ns", received_ns)
        admission = floor.routing.admit(self) if floor.is_open() else Admission.TURNED_AWAY
        if admission is Admission.TURNED_AWAY:
            self.tell(NotAccepted(chat_uid=self.uid, reason=self._refusal()))
            self._over(Ending.TURNED_AWAY)
            return False
        paging = fill(floor.settings.waiting.paging, {"time": floor.time_of_day(), "visitor": self.visitor_name})
        self.tell(
            Accepted(chat_uid=self.uid, paging_message=paging),
            NewLine(chat_uid=self.uid, classname=LineKind.PAGING.value, content=paging),
        )
        floor.routing.place(self, admission)
        if admission is Admission.QUEUED:
            self._hold = InQueue(floor, self, self._queue_timeout)
        else:
            self._hold = WaitingLines(floor, self, partial(self._over, Ending.UNANSWERED))
        return True

    def _refusal(self) -> str:
        site = self._floor.site
        if not site.leave_message_enabled and site.forwarding_url:
            return site.forwarding_url
        return fill(self._floor.settings.waiting.not_accepted, {"time": self._floor.time_of_day()})

    def _queue_timeout(self) -> None:
        self.tell(NotAccepted(chat_uid=self.uid, reason=self._refusal()))
        self._over(Ending.QUEUE_TIMEOUT)

    @property
    def is_ringing(self) -> bool:
        """Whether somebody is about to pick up."""
        return self.colleague is not None

    def ring(self, colleague: Colleague) -> None:
        """Let an operator pick up, as soon as operators do."""
        self.colleague = colleague
        delay = colleague.settings.pickup or self._floor.settings.times.pickup
        self._pickup = self._floor.after(delay.draw_ns(self.dice), partial(self._picked_up, colleague))

    def _picked_up(self, colleague: Colleague) -> None:
        self._stop_waiting()
        self._floor.routing.picked_up(self)
        self._join(colleague)
        self._inactivity = Inactivity(self._floor, self._warn, partial(self.quit, Ending.INACTIVE))

    def _stop_waiting(self) -> None:
        cancel(self._pickup)
        if self._hold is not None:
            self._hold.stop()
        self._pickup = self._hold = None

    # ------------------------------------------------------------------ talking

    @property
    def is_translated(self) -> bool:
        """Whether the operator's lines are translated for the visitor."""
        translation = self._floor.site.translation
        if self.colleague is None or not translation.enabled or not self.language:
            return False
        wanted = self.translate or translation.force_translation
        return wanted and self.colleague.settings.lang.lower() != self.language

    def _join(self, colleague: Colleague) -> None:
        self.tell(OperatorJoined(chat_uid=self.uid, operator=colleague.shown()))
        self._attendance = Attendance(self._floor, self, colleague, unread=self._unread)

    def hear(self, content: str, received_ns: int) -> None:
        """Take a visitor's line: echo it after the echo's delay, and let the operator read it then.

        Args:
            content: as the chat shows it, escaped.
            received_ns: when its frame was read.
        """
        scheduler = self._floor.scheduler
        now_ns = scheduler.now_ns()
        delay_ns = self._floor.settings.chat.echo_delay.draw_ns(self.dice)
        # Lines of one chat never overtake each other, whatever their delays.
        due_ns = self._echo_due_ns = max(self._echo_due_ns, now_ns + delay_ns)
        self.touch()
        if due_ns <= now_ns:
            self._echo(content, received_ns)
        else:
            scheduler.at(due_ns, partial(self._echo, content, received_ns))

    def _echo(self, content: str, received_ns: int) -> None:
        self.tell(*self.lines(self.visitor_name, LineKind.VISITOR, content), received_ns=received_ns)
        if self._attendance is not None:
            self._attendance.hear()
        else:
            self._unread = True

    def lines(self, speaker: str, kind: LineKind, content: str) -> tuple[NewLine, ...]:
        """What a line of either side comes as: "NAME says:", and the line itself."""
        line = NewLine(chat_uid=self.uid, classname=kind.value, content=content)
        where = self._floor.settings.chat.linesays
        if where == "never":
            return (line,)
        says = NewLine(chat_uid=self.uid, classname=LineKind.SAYS.value, content=f"{speaker} says:")
        return (says, line) if where == "before" else (line, says)

    def touch(self) -> None:
        """Note that the visitor is there."""
        if self._inactivity is not None:
            self._inactivity.touch()

    def _warn(self) -> None:
        line = self._floor.settings.chat.inactivity_line
        self.tell(NewLine(chat_uid=self.uid, classname=LineKind.OPERATOR.value, content=line))

    def transfer(self) -> bool:
        """Let another operator go on, if one has room; whether that came about."""
        if self.colleague is None or self._attendance is None:
            return False
        colleague = self._floor.routing.transfer(self, self.colleague)
        if colleague is None:
            return False
        self._attendance.stop()
        self._unread = False
        self.colleague = colleague
        self._join(colleague)
        return True

    def tell(self, *events: Event, received_ns: int | None = None) -> None:
        """Send events of this chat, together and in this order."""
        self.visit.tell(*events, received_ns=received_ns)

    def _note(self, events: tuple[Event, ...], received_ns: int | None, sent_ns: int | None) -> None:
        classes, keep = self._floor.counts.line_classes, self._floor.settings.server.keep_lines
        for event in events:
            if isinstance(event, NewLine):
                if sent_ns is not None:
                    classes[event.classname] = classes.get(event.classname, 0) + 1
                self.transcript.add(Line(event.classname, event.content, received_ns, sent_ns), keep)
            else:
                self.transcript.stamp(f"{event.name}_sent_ns", sent_ns)

    # ------------------------------------------------------------------ the end

    def quit(self, ending: Ending) -> None:
        """End the chat from this side."""
        if self.ending is None:
            if ending is Ending.INACTIVE:
                self._floor.counts.incidents["inactive_chats"] += 1
            self.tell(Quit(chat_uid=self.uid))
            self._over(ending)

    def hang_up(self) -> None:
        """The operator ends the chat."""
        self.quit(Ending.BY_OPERATOR)

    def leave(self, ending: Ending) -> None:
        """End the chat from the visitor's side: by Quit, or by a socket that has dropped for good."""
        if self.ending is None:
            self._over(ending)

    def _over(self, ending: Ending) -> None:
        self.ending = ending
        self.transcript.stamp("ended_ns", self._floor.scheduler.wall_ns())
        self._stop_waiting()
        if self._inactivity is not None:
            self._inactivity.stop()
            self._inactivity = None
        if self._attendance is not None:
            self._attendance.stop()
            self._attendance = None
        self._floor.routing.withdraw(self, self.colleague)
