"""What a visitor does before there is a chat: connects to the site, asks who is there, looks at its images.

Knows nothing of the chat itself: that is `ChatSession`.
"""

from __future__ import annotations

from whoson_load.client.connection import Connection
from whoson_load.measurement.sample import (
    CONNECT,
    CONNECT_CONNECTED,
    GENERATOR_CONNECT,
    IMAGE,
    OPERATORS,
)
from whoson_load.protocol import commands
from whoson_load.protocol.events import Image, Operator, Operators
from whoson_load.protocol.site import Site

__all__ = ["Arrival"]


class Arrival(Connection):
    """A visit up to Hello, over a connection of its own."""

    __slots__ = ()

    def connect(self) -> Site:
        """Connect to the site.

        Raises:
            ConnectError: ACCESS_DENIED, the server answered with `error`.
            TargetError: it closed, or did not answer before the deadline.
        """
        persona, target = self.visitor.persona, self.target
        sent_ns = self._send(
            commands.Connect(
                target.authentication,
                target.domain,
                persona.ip,
                persona.cookie_id,
                persona.user_agent,
                persona.referrer,
                target.api_key,
            )
        )
        heard = self.heard
        heard.expect(CONNECT_CONNECTED, sent_ns)
        heard.expect(CONNECT, self._due_ns)
        _, at_ns = self._answer(CONNECT_CONNECTED, CONNECT)
        heard.drop(CONNECT)
        self._recorder.sample(CONNECT, self._due_ns, at_ns)
        self._recorder.sample(GENERATOR_CONNECT, self._due_ns + self._line.dialled_ns, sent_ns)
        return self.site

    def operators(self) -> tuple[Operator, ...]:
        """Ask who is there.

        Raises:
            TargetError: the server closed, or did not answer before the deadline.
        """
        sent_ns = self._send(commands.GetOperators(self.heard.session_id, self.target.domain))
        self.heard.expect(OPERATORS, sent_ns)
        event, _ = self._answer(OPERATORS)
        return event.operators if isinstance(event, Operators) else ()

    def image(self, image_type: int) -> Image | None:
        """Ask for an image of the site: 1 button available, 2 button not available, 5 logo, 8 mobile logo.

        Returns:
            None when the server answered with `error`: it has no such image.

        Raises:
            TargetError: the server closed, or did not answer before the deadline.
        """
        sent_ns = self._send(commands.GetImage(self.heard.session_id, self.target.domain, str(image_type)))
        self.heard.expect(IMAGE, sent_ns)
        event = self._answer_or_error(IMAGE)
        return event if isinstance(event, Image) else None
