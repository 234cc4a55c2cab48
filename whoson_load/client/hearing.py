"""What one visitor has heard, and what it still waits to hear.

Knows no socket and reads no clock: a test feeds it events and times. Samples are taken here, when an event is heard,
whatever the visitor happens to be doing: a latency depends on when the event arrived, never on who was waiting for it.
"""

from __future__ import annotations

from html import unescape

from whoson_load.errors import Fault
from whoson_load.measurement.ledger import Fate, TokenBook
from whoson_load.measurement.recorder import Recorder
from whoson_load.measurement.sample import (
    ACCEPTED,
    ACKNOWLEDGED,
    CONNECT_CONNECTED,
    ECHO,
    IMAGE,
    OPERATORJOINED,
    OPERATORS,
    QUEUE_TICK,
    REPLY,
)
from whoson_load.protocol.conversation import Conversation
from whoson_load.protocol.events import (
    Connected,
    Error,
    Event,
    NewLine,
    NotAccepted,
    Operator,
    OperatorJoined,
    Queue,
    RequestField,
    RequestFile,
)
from whoson_load.protocol.lines import LineKind
from whoson_load.protocol.site import Site

__all__ = ["Hearing"]

_SAYS, _VISITOR, _OPERATOR = LineKind.SAYS, LineKind.VISITOR, LineKind.OPERATOR  # an attribute of an enumeration
_ECHOED = Fate.ECHOED  # costs 60 ns each time

_SERIES = {
    "connected": CONNECT_CONNECTED,
    "accepted": ACCEPTED,
    "operatorjoined": OPERATORJOINED,
    "operators": OPERATORS,
    "image": IMAGE,
    "acknowledged": ACKNOWLEDGED,
}
"""Event -> the series that its coming ends."""


class Hearing:
    """One visitor's ears and memory.

    Args:
        recorder: where samples and counts go.
        book: the ledger of this visitor's lines.

    Attributes:
        conversation: where the visit stands.
        session_id, chat_uid: "" before the server gave them; the last UID that was not blank.
        site: the site's settings; None before `connected`.
        operator: who took the chat; None before anybody did.
        lines: how many lines were heard, of whatever class but "X says:".
        reply: the operator's latest line since the visitor's own; None while there is none.
        replies: how many of them there are since.
        errors: how many `error` events were heard.
        error: the latest `error` event's text; a server does not say which command it is about.
        wanted_file: extensions an operator asks for and has not got.
        wanted_field: the field an operator asks for and has not got.
    """

    __slots__ = (
        "_book",
        "_own_line_ns",
        "_pending",
        "_recorder",
        "_tick_ns",
        "_untold",
        "chat_uid",
        "conversation",
        "error",
        "errors",
        "lines",
        "operator",
        "replies",
        "reply",
        "session_id",
        "site",
        "wanted_field",
        "wanted_file",
    )

    def __init__(self, recorder: Recorder, book: TokenBook) -> None:
        self._recorder = recorder
        self._book = book
        self._pending: dict[str, int] = {}
        self._own_line_ns = 0
        self._tick_ns = 0
        self._untold: list[tuple[str, ...]] = []
        self.conversation = Conversation()
        self.session_id = ""
        self.chat_uid = ""
        self.lines = self.errors = self.replies = 0
        self.site: Site | None = None
        self.operator: Operator | None = None
        self.reply: NewLine | None = None
        self.error: str | None = None
        self.wanted_file: RequestFile | None = None
        self.wanted_field: RequestField | None = None

    # What is waited for

    def expect(self, series: str, sent_ns: int) -> None:
        """A command was sent whose event will be a sample of this series."""
        self._pending[series] = sent_ns

    def expect_line(self, *words: str) -> None:
        """A command was sent that shows as a line without a token; any of these words in one tells that it is ours."""
        self._untold.append(tuple(word for word in words if word))

    def waits_for(self, series: str) -> bool:
        """Whether the event of this series is still to come."""
        return series in self._pending

    def drop(self, *series: str, now_ns: int | None = None) -> None:
        """Wait no longer, and call nobody to account: the visitor itself has gone on.

        Args:
            now_ns: wall clock, to count the time that was waited in vain; None where the wait goes on elsewhere.
        """
        for each in series:
            sent_ns = self._pending.pop(each, None)
            if sent_ns is not None and now_ns is not None:
                self._recorder.waited_in_vain(each, now_ns - sent_ns)

    def blame(self, fault: Fault, *series: str, now_ns: int | None = None) -> int:
        """What is waited for (of these series, or all) will not come: count each as an error of its series.

        Args:
            now_ns: as for `drop`.

        Returns:
            How many.
        """
        blamed = [each for each in series or tuple(self._pending) if each in self._pending]
        self.drop(*blamed, now_ns=now_ns)
        for each in blamed:
            self._recorder.error(each, fault)
        if blamed:
            self._recorder.fault(fault)
        return len(blamed)

    def start_anew(self, *, resumed: bool) -> None:
        """The visitor's page is loaded anew: what the server owed the old one it owes nobody.

        Args:
            resumed: whether the page still knows its session; otherwise the visit begins from the start, and only the
                ledger goes on.
        """
        self._pending.clear()
        self._untold.clear()
        self._own_line_ns = self._tick_ns = 0
        self.wanted_file = self.wanted_field = None
        if not resumed:
            self.conversation = Conversation()
            self.session_id = self.chat_uid = ""
            self.operator = self.reply = None
            self.replies = 0

    @property
    def owing(self) -> bool:
        """Whether the server owes the event of any command."""
        return bool(self._pending)

    # What is heard

    def hear(self, event: Event, at_ns: int) -> None:
        """Take in one event.

        Args:
            at_ns: when the kernel had it, wall clock.
        """
        if event.chat_uid:
            self.chat_uid = event.chat_uid
        if isinstance(event, NewLine):
            self._hear_line(event, at_ns)
            return
        recorder, name = self._recorder, event.name
        if not name:  # unknown or malformed, whatever it calls itself: it answers nothing and moves nothing
            recorder.event(getattr(event, "event_name", "") or "(nameless)")
            return
        recorder.event(name)
        if not self.conversation.event(event):
            recorder.deviation(f"unexpected {name}")
        series = _SERIES.get(name)
        if series is not None:
            sent_ns = self._pending.pop(series, 0)
            if sent_ns:
                recorder.sample(series, sent_ns, at_ns)
        self._remember(event, at_ns)

    def _hear_line(self, line: NewLine, at_ns: int) -> None:
        recorder, kind, classname = self._recorder, line.kind, line.classname
        try:  # as the recorder's own methods do, without four calls: of all that is heard, most are lines
            recorder.events["newline"] += 1
        except KeyError:
            recorder.event("newline")
        try:
            recorder.line_classes[classname] += 1
        except KeyError:
            recorder.line_class(classname)
        if not self.conversation.line(kind):
            recorder.deviation("unexpected newline")
        if kind is _SAYS:
            return
        self.lines += 1
        if kind is _VISITOR:
            self._hear_own_line(line, at_ns)
        elif kind is _OPERATOR:
            self._book.other_line(line.content)
            self.reply = line
            self.replies += 1
            if self._own_line_ns:
                recorder.sample(REPLY, self._own_line_ns, at_ns)
                self._own_line_ns = 0

    def _hear_own_line(self, line: NewLine, at_ns: int) -> None:
        entry = self._book.line(line.content, at_ns)
        if entry is None:
            if self._is_untold(line):
                self._own_line_ns = at_ns
                self.reply, self.replies = None, 0
            else:  # no token of ours, whole: a server that changes what visitors say
                self._recorder.deviation("linev without token")
        elif entry.fate is _ECHOED and entry.sent_ns is not None:
            self._recorder.sample(ECHO, entry.sent_ns, at_ns)
            self._pending.pop(ECHO, None)
            self._own_line_ns = at_ns
            self.reply, self.replies = None, 0

    def _is_untold(self, line: NewLine) -> bool:
        """Whether it is the line of a file or a field that the visitor gave."""
        content = unescape(line.content)
        for words in self._untold:
            if any(word in content for word in words):
                self._untold.remove(words)
                return True
        return False

    def _remember(self, event: Event, at_ns: int) -> None:
        match event:
            case Connected():
                self.session_id, self.site = event.session_id, event.site
            case Queue():
                if self._tick_ns:
                    self._recorder.sample(QUEUE_TICK, self._tick_ns, at_ns)
                self._tick_ns = at_ns
                self._recorder.peak("queue position", event.position)
            case OperatorJoined():
                self.operator = event.operator
                self._tick_ns = 0
            case NotAccepted():
                # An answer, though not the one hoped for: an outcome of the visit and no error of a series.
                self.drop(ACCEPTED, OPERATORJOINED, now_ns=at_ns)
            case Error():
                self.error = event.description
                self.errors += 1
            case RequestFile():
                self.wanted_file = event
            case RequestField():
                self.wanted_field = event
            case _:
                pass
