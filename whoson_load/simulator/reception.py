"""What the server does with each command that is in its turn. Reads no frames and writes to no socket."""

from __future__ import annotations

import hmac
import re
import uuid
from collections import deque
from collections.abc import Callable
from html import escape
from pathlib import PurePosixPath
from typing import Any

from whoson_load.protocol import commands
from whoson_load.protocol.events import Acknowledged, Connected, Operators, Quit
from whoson_load.protocol.lines import MAX_LINE_CHARACTERS
from whoson_load.protocol.site import file_extensions
from whoson_load.protocol.survey import decode_answers
from whoson_load.simulator.book import ChatBook
from whoson_load.simulator.chat import Chat, Ending
from whoson_load.simulator.command_log import CommandLog
from whoson_load.simulator.documents import DocumentStore
from whoson_load.simulator.floor import Floor
from whoson_load.simulator.images import site_images
from whoson_load.simulator.lines import TooLong, shown_line
from whoson_load.simulator.places import Atlas
from whoson_load.simulator.policy import Gate
from whoson_load.simulator.tracking import Tracking
from whoson_load.simulator.visit import Visit

__all__ = ["Reception", "Refused"]

_MOST_FIELDS, _LONGEST_NAME = 200, 1000
_MOST_LEFT_MESSAGES = 10_000
_EMAIL = re.compile(r"[^@\s]{1,100}@[^@\s]{1,200}")


class Refused(Exception):
    """A command that the server does not carry out.

    Attributes:
        kind: the misdeed it counts as, a limit of the site's access settings; "" for none.
        fatal: whether the connection ends with it.
    """

    def __init__(self, description: str, kind: str = "invalid_data", *, fatal: bool = False) -> None:
        super().__init__(description)
        self.kind = kind
        self.fatal = fatal


class Reception:
    """Carries out commands.

    Args:
        gate: counts visits by address where the site counts them by Connect's parameter.
        book: of the chats.
        sessions: session ID -> visit, of all sessions that live.
        documents: where visitors' files lie before they are sent.
    """

    def __init__(
        self, floor: Floor, gate: Gate, book: ChatBook, sessions: dict[str, Visit], documents: DocumentStore
    ) -> None:
        self._documents = documents
        self._floor = floor
        self._gate = gate
        self._book = book
        self._sessions = sessions
        self._atlas = Atlas(floor.settings.places)
        self._images = site_images(floor.site.domain, floor.settings.images)
        self._extensions = frozenset(file_extensions(floor.site.allowed_file_types))
        self.tracking = Tracking()
        self.log = CommandLog(floor.settings.server.keep_commands_bytes)
        self.left_messages: deque[dict[str, str]] = deque(maxlen=_MOST_LEFT_MESSAGES)
        self._handlers: dict[type[commands.Command], Callable[[Visit, Any, int], None]] = {
            commands.Connect: self._connect,
            commands.GetOperators: self._get_operators,
            commands.GetImage: self._get_image,
            commands.Hello: self._hello,
            commands.Message: self._message,
            commands.Preview: self._preview,
            commands.StartTyping: self._typing,
            commands.StopTyping: self._typing,
            commands.File: self._file,
            commands.DynamicField: self._dynamic_field,
            commands.Quit: self._quit,
            commands.PostChatSurvey: self._post_chat_survey,
            commands.Transcript: self._transcript,
            commands.LeaveMessage: self._leave_message,
        }

    def carry_out(self, visit: Visit, command: commands.Command, received_ns: int) -> None:
        """Do what a command in its turn asks for.

        Raises:
            Refused: its contents cannot be.
        """
        self._handlers[type(command)](visit, command, received_ns)

    def _domain(self, domain: str) -> None:
        if domain != self._floor.site.domain:
            raise Refused(_not_monitored(domain))

    def _chat(self, visit: Visit, uid: str | None = None) -> Chat:
        chat = self._book.get(visit.chat_uid)
        if chat is None or (uid is not None and uid != visit.chat_uid):
            raise Refused("The chat is not known.")
        return chat

    def _answers(self, survey: str) -> list[tuple[str, str]]:
        try:
            answers = decode_answers(survey)
        except ValueError as problem:
            raise Refused(f"The survey cannot be read: {problem}.") from None
        names = {name for name, _ in answers}
        if len(answers) > _MOST_FIELDS or any(len(name) > _LONGEST_NAME for name in names):
            raise Refused(f"The survey has more than {_MOST_FIELDS} fields, or a name that is too long.")
        if len(names) < len(answers):
            raise Refused("The survey has two fields of one name.")
        return answers

    # ------------------------------------------------------------------ before a chat

    def _connect(self, visit: Visit, command: commands.Connect, _: int) -> None:
        floor, server = self._floor, self._floor.settings.server
        if not hmac.compare_digest(command.authentication.encode(), server.authentication.encode()):
            raise Refused("Access Denied", "bad_connects", fatal=True)
        if command.domain != floor.site.domain:
            raise Refused(_not_monitored(command.domain), "bad_connects", fatal=True)
        if not hmac.compare_digest(command.api_key.encode(), server.api_key.encode()):
            raise Refused("Access Denied: the API key is not valid.", "bad_connects", fatal=True)
        address = command.visitor_ip or visit.caller.address
        if floor.settings.access.address_counted == "parameter":
            if not self._gate.may_enter(address):
                raise Refused("Too many chats from this address.", "", fatal=True)
            self._gate.enter(address)
            visit.counted_for = address
        user_agent = command.user_agent or visit.caller.user_agent
        visit.tracked = self.tracking.visit(address, command.cookie_id, user_agent, command.referrer)
        visit.nth = visit.tracked.visits
        visit.visitor_ip = address
        visit.session_id = str(uuid.UUID(int=(floor.dice.bits() << 64) | floor.dice.bits(), version=4))
        self._sessions[visit.session_id] = visit
        self.log.begin(visit.session_id, address, command)
        if floor.settings.server.uid_at_connected:
            visit.chat_uid = self._book.new_uid()
        visit.tell(
            Connected(
                chat_uid=visit.chat_uid,
                session_id=visit.session_id,
                site=floor.site,
                geo_ip=self._atlas.place_of(address),
            )
        )

    def _get_operators(self, visit: Visit, command: commands.GetOperators, _: int) -> None:
        self._domain(command.domain)
        colleagues = self._floor.routing.roster.colleagues
        visit.tell(Operators(operators=tuple(each.shown() for each in colleagues)))

    def _get_image(self, visit: Visit, command: commands.GetImage, _: int) -> None:
        self._domain(command.domain)
        image = self._images.get(command.image_type)
        if image is None:
            raise Refused(f"There is no image of type {command.image_type[:20]!r}, expected 1, 2, 5 or 8.")
        visit.tell(image)

    def _hello(self, visit: Visit, command: commands.Hello, received_ns: int) -> None:
        floor = self._floor
        self._domain(command.domain)
        answers = self._answers(command.survey)
        if len(command.visitor_name) > _LONGEST_NAME:
            raise Refused(f"The visitor's name is longer than {_LONGEST_NAME} characters.")
        if command.translate.lower() not in ("true", "false", ""):
            raise Refused(f"Translation required is {command.translate[:20]!r}, expected true or false.")
        visit.chat_uid = visit.chat_uid or self._book.new_uid()
        chat = Chat(floor, visit, visit.chat_uid, command, answers)
        self._book.add(chat)
        floor.faults.chats_begun += 1
        if floor.settings.server.automatic_transcripts:
            self._promise_transcript(chat, answers)
        chat.start(received_ns)

    def _promise_transcript(self, chat: Chat, answers: list[tuple[str, str]]) -> None:
        """Send the transcript to an e-mail address among a survey's answers without being asked."""
        for _, answer in answers:
            if _EMAIL.fullmatch(answer):
                self._send_transcript(chat, answer)

    def _send_transcript(self, chat: Chat, email: str) -> None:
        if len(chat.emails) < _MOST_FIELDS:
            chat.emails.append(email)
        if chat.visit.tracked is not None:
            chat.visit.tracked.email = email
        self._floor.counts.incidents["transcripts_sent"] += 1

    # ------------------------------------------------------------------ in a chat

    def _message(self, visit: Visit, command: commands.Message, received_ns: int) -> None:
        self._domain(command.domain)
        try:
            shown = shown_line(command.text, self._floor.settings.chat)
        except TooLong as problem:
            raise Refused(str(problem), fatal=problem.fatal) from None
        self._chat(visit).hear(shown, received_ns)

    def _preview(self, visit: Visit, command: commands.Preview, _: int) -> None:
        self._domain(command.domain)
        if not self._floor.site.operator_preview:
            raise Refused("Chat preview is disabled.", "illegal_commands")
        self._chat(visit).touch()

    def _typing(self, visit: Visit, _command: commands.StartTyping | commands.StopTyping, _: int) -> None:
        self._chat(visit).touch()

    def _file(self, visit: Visit, command: commands.File, received_ns: int) -> None:
        self._domain(command.domain)
        chat = self._chat(visit)
        extension = PurePosixPath(command.file_name.replace("\\", "/")).suffix.lower().lstrip(".")
        if extension not in self._extensions:
            # What a visitor may well try: no misdeed.
            raise Refused("You cannot upload files of this type.", "")
        if not command.url.lower().startswith(("http://", "https://")):
            raise Refused("The file's link is no http or https URL.")
        if self._floor.settings.documents.links_must_be_stored and not self._documents.holds(command.url):
            raise Refused("The file's link leads to no stored document.")
        link = f'<a href="{escape(command.url)}" target="_blank">{escape(command.file_name)}</a>'
        chat.hear(link, received_ns)

    def _dynamic_field(self, visit: Visit, command: commands.DynamicField, received_ns: int) -> None:
        self._domain(command.domain)
        chat = self._chat(visit)
        if not command.field_name or len(chat.answers) >= _MOST_FIELDS:
            raise Refused("The field has no name, or the chat has too many fields.")
        chat.answers.append((command.field_name, command.value))
        chat.hear(escape(f"{command.field_name}: {command.value}"), received_ns)

    def _quit(self, visit: Visit, command: commands.Quit, received_ns: int) -> None:
        self._domain(command.domain)
        chat = self._book.get(visit.chat_uid)
        if chat is not None:
            chat.transcript.stamp("quit_received_ns", received_ns)
            chat.leave(Ending.BY_VISITOR)
        server = self._floor.settings.server
        if server.quit_after_quit:
            visit.tell(Quit(chat_uid=visit.chat_uid))
        if server.close_after_quit and visit.outlet is not None:
            visit.outlet.close(1000, "")

    # ------------------------------------------------------------------ after a chat

    def _post_chat_survey(self, visit: Visit, command: commands.PostChatSurvey, received_ns: int) -> None:
        self._domain(command.domain)
        chat = self._chat(visit, command.chat_uid)
        answers = self._answers(command.survey)
        if not visit.conversation.was_accepted:
            raise Refused("The chat was never accepted.", "illegal_commands")
        if len(chat.answers) + len(answers) <= 2 * _MOST_FIELDS:
            chat.answers.extend(answers)
        if self._floor.settings.server.automatic_transcripts:
            self._promise_transcript(chat, answers)
        chat.transcript.stamp("postchatsurvey_received_ns", received_ns)
        visit.tell(Acknowledged())

    def _transcript(self, visit: Visit, command: commands.Transcript, _: int) -> None:
        self._domain(command.domain)
        chat = self._chat(visit, command.chat_uid)
        if not _EMAIL.fullmatch(command.email):
            raise Refused("The transcript's address is no e-mail address.")
        self._send_transcript(chat, command.email)

    def _leave_message(self, visit: Visit, command: commands.LeaveMessage, _: int) -> None:
        self._domain(command.domain)
        if command.chat_uid not in ("", visit.chat_uid):
            raise Refused("The chat is not known.")
        if not command.visitor_name.strip() or not command.text.strip():
            raise Refused("A message needs a name and a text.")
        if len(command.text) > MAX_LINE_CHARACTERS * 10:
            raise Refused("The message is too long.")
        self._floor.counts.incidents["missed_chats"] += 1
        self.left_messages.append(
            {
                "chat_uid": command.chat_uid,
                "visitor_name": command.visitor_name[:_LONGEST_NAME],
                "department": command.department[:_LONGEST_NAME],
                "email": command.email[:_LONGEST_NAME],
                "phone": command.phone[:_LONGEST_NAME],
                "text": command.text,
            }
        )


def _not_monitored(domain: str) -> str:
    return f"The specified site ({domain[:100]}) is not being monitored by WhosOn. A chat session cannot be started."
