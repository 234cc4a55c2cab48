"""Who is there, who has room, and who may take which chat. Knows nothing of what operators say, nor of queues."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from whoson_load.protocol.events import Operator
from whoson_load.simulator.settings import OperatorSettings

__all__ = ["Colleague", "Roster", "Wish"]


class Wish(NamedTuple):
    """Whom a visitor would like: "" for anybody."""

    department: str = ""
    operator: str = ""


class Colleague:
    """One operator at work.

    Attributes:
        settings: as the site file has them.
        status: as the site file has it at the start; the control side changes it.
        chats: how many are theirs, those ringing included; never above the settings' `max_chats`.
    """

    __slots__ = ("chats", "settings", "status")

    def __init__(self, settings: OperatorSettings) -> None:
        self.settings = settings
        self.status: str = settings.status
        self.chats = 0

    @property
    def name(self) -> str:
        """Unique on the site."""
        return self.settings.name

    @property
    def has_room(self) -> bool:
        """Whether one more chat would be taken now: requests go to those who are Online only."""
        return self.status == "Online" and (not self.settings.max_chats or self.chats < self.settings.max_chats)

    @property
    def is_there(self) -> bool:
        """Whether a visitor may wait for this one: Away and Be Right Back count as not there."""
        return self.status in ("Online", "Busy")

    def suits(self, wish: Wish) -> bool:
        """Whether the wish allows this one: of the wished department or of none, or the wished operator alone."""
        settings = self.settings
        if wish.operator and wish.operator.lower() != settings.name.lower():
            return False
        return not wish.department or settings.dept.lower() in ("", wish.department.lower())

    def lacks(self, skill: str) -> bool:
        """Whether a skill is wished for that this one does not have."""
        return bool(skill) and skill.lower() not in (has.lower() for has in self.settings.skills)

    def shown(self) -> Operator:
        """As visitors see them: somebody Online without room shows as Busy."""
        settings = self.settings
        return Operator(
            name=settings.name,
            email=settings.email,
            phone=settings.phone,
            dept=settings.dept,
            skills=settings.skills,
            is_bot=settings.is_bot,
            status="Busy" if self.status == "Online" and not self.has_room else self.status,
            lang=settings.lang,
        )


class Roster:
    """All operators of the site, in the order of the site file."""

    def __init__(self, operators: Iterable[OperatorSettings]) -> None:
        self.colleagues = [Colleague(settings) for settings in operators]

    def named(self, name: str) -> Colleague | None:
        """The one of this name, in any case; None when there is none."""
        return next((each for each in self.colleagues if each.name.lower() == name.lower()), None)

    def restore(self) -> None:
        """Give everybody the status of the site file again."""
        for each in self.colleagues:
            each.status = each.settings.status

    def best_for(self, wish: Wish, skill: str = "", besides: Colleague | None = None) -> Colleague | None:
        """Who is to take a chat: of those with room who pick up, those with the skill, then who has the fewest chats.

        Who picks up only when alone steps back while any person with room suits.

        Args:
            skill: wished for, but nobody is left waiting for it.
            besides: somebody who must not be it.
        """
        able = [
            each
            for each in self.colleagues
            if each.has_room and each.settings.picks_up and each.suits(wish) and each is not besides
        ]
        if any(not each.settings.is_bot for each in able):
            able = [each for each in able if not each.settings.only_if_alone]
        return min(able, key=lambda each: (each.lacks(skill), each.chats), default=None)

    def anybody_there(self, wish: Wish) -> bool:
        """Whether the wish could be met sooner or later."""
        return any(each.is_there and each.suits(wish) for each in self.colleagues)

    def anybody_has_room(self, wish: Wish) -> bool:
        """Whether somebody could take a chat now, be it somebody who never picks up."""
        return any(each.has_room and each.suits(wish) for each in self.colleagues)
