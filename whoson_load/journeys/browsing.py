"""The visitor who asks for nothing. Knows no chat."""

from __future__ import annotations

from whoson_load.client.session import ChatSession
from whoson_load.journeys.steps import arrive, is_there
from whoson_load.measurement.outcome import Outcome

__all__ = ["browses"]

_AVAILABLE, _NOT_AVAILABLE, _LOGO, _MOBILE_LOGO = 1, 2, 5, 8  # GetImage's image types


def browses(chat: ChatSession) -> Outcome:
    """Connect, load the site's images as its page does, look at it and leave without Hello.

    Whether anybody is there, free or busy, decides which button the page shows; a small screen has a logo of its own.
    """
    visitor = chat.visitor
    arrive(chat)
    anybody = any(is_there(each) for each in chat.operators())
    for image_type in (
        _AVAILABLE if anybody else _NOT_AVAILABLE,
        _MOBILE_LOGO if visitor.persona.mobile else _LOGO,
    ):
        chat.image(image_type)
    chat.idle(visitor.manners.browse_s(visitor.rng))
    return Outcome.BROWSED
