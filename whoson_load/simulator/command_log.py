"""What visitors sent, word for word: to hold one run against another. Knows no chat, and keeps no secret."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from whoson_load.protocol.commands import Command, Connect, encode_command

__all__ = ["CommandLog", "Received"]

_COMMAND_BYTES, _SESSION_BYTES = 50, 500  # what one costs beside its text, about


class Received(msgspec.Struct, gc=False):
    """The commands of one session.

    Attributes:
        visitor_ip, cookie_id: by which a visitor is known again; the address as Connect or the connection gave it.
        session_id, chat_uid: given by this server; no UID before Hello.
        commands: as they came, from Connect on; in Connect the two secrets are replaced by "***".
        size_bytes: what it counts for.
    """

    visitor_ip: str
    cookie_id: str
    session_id: str
    chat_uid: str = ""
    commands: list[bytes] = []
    size_bytes: int = _SESSION_BYTES


class CommandLog:
    """The commands of the latest sessions: of each all or none.

    What is no command, and what names no session of this server, is not kept: nobody can fill the log with it.

    Args:
        most_bytes: how much is kept of all sessions together. The session that began first is forgotten first, also
            while it goes on. 0 for nothing.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._sessions: dict[str, Received] = {}
        self._size_bytes = 0

    def __iter__(self) -> Iterator[Received]:
        return iter(self._sessions.values())

    def begin(self, session_id: str, visitor_ip: str, command: Connect) -> None:
        """A session has begun."""
        if self._most_bytes:
            self._sessions[session_id] = Received(visitor_ip, command.cookie_id, session_id)
            self._size_bytes += _SESSION_BYTES
            masked = msgspec.structs.replace(command, authentication="***", api_key="***")
            self._keep(self._sessions[session_id], encode_command(masked))

    def note(self, command: Command, payload: bytes, chat_uid: str) -> None:
        """A command was read, be it carried out or refused. Costs less than a microsecond.

        Args:
            command: any but Connect, which `begin` is for.
            payload: its frame's text.
            chat_uid: of the visit that sent it, "" for none.
        """
        received = self._sessions.get(getattr(command, "session_id", ""))
        if received is not None and not isinstance(command, Connect):
            received.chat_uid = chat_uid or received.chat_uid
            self._keep(received, payload)

    def clear(self) -> None:
        """Forget all; sessions that go on are not kept any more."""
        self._sessions.clear()
        self._size_bytes = 0

    def _keep(self, received: Received, payload: bytes) -> None:
        received.commands.append(payload)
        size_bytes = len(payload) + _COMMAND_BYTES
        received.size_bytes += size_bytes
        self._size_bytes += size_bytes
        while self._size_bytes > self._most_bytes:
            self._size_bytes -= self._sessions.pop(next(iter(self._sessions))).size_bytes
