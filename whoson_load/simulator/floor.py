"""What all chats of a server share: settings, clock, dice, counters, operators. Holds no chat itself."""

from __future__ import annotations

from collections.abc import Callable

from whoson_load.protocol.events import Event
from whoson_load.protocol.site import Site
from whoson_load.simulator.counts import Counts
from whoson_load.simulator.delays import Delay
from whoson_load.simulator.dice import Dice
from whoson_load.simulator.encoding import event_encoder
from whoson_load.simulator.faults import Faults
from whoson_load.simulator.operators import Roster
from whoson_load.simulator.routing import Routing
from whoson_load.simulator.scheduler import Scheduler, Timer
from whoson_load.simulator.settings import Settings
from whoson_load.simulator.texts import office_time

__all__ = ["Floor"]


class Floor:
    """The office floor: what is there for all chats.

    Args:
        settings: of the site, paces applied.
        site: what `connected` says; the one object of all visits.
        scheduler: the clock and its timers.
        dice: for all randomness here.

    Attributes:
        chat_dice: never thrown; what each chat's own dice are made of.
    """

    def __init__(self, settings: Settings, site: Site, scheduler: Scheduler, dice: Dice, faults: Faults) -> None:
        self.settings = settings
        self.site = site
        self.scheduler = scheduler
        self.dice = dice
        self.chat_dice = dice.fork()
        self.faults = faults
        self.counts = Counts()
        self.routing = Routing(Roster(settings.operators), settings.queue)
        self.encode: Callable[[Event], bytes] = event_encoder()

    def after(self, delay_ns: int, callback: Callable[[], None]) -> Timer:
        """Call back once so many nanoseconds have passed, never before."""
        return self.scheduler.at(self.scheduler.now_ns() + delay_ns, callback)

    def after_delay(self, delay: Delay, dice: Dice, callback: Callable[[], None]) -> Timer:
        """Call back once a delay, drawn now, has passed."""
        return self.after(delay.draw_ns(dice), callback)

    def time_of_day(self) -> str:
        """The office's clock, as the specification's texts show it ("12:26")."""
        return office_time(self.scheduler.wall_ns(), self.site.utc_bias).strftime("%H:%M")

    def is_open(self) -> bool:
        """Whether these are office hours."""
        hours = self.settings.hours
        now = office_time(self.scheduler.wall_ns(), self.site.utc_bias)
        clock, day = now.strftime("%H:%M"), now.weekday()
        days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        if hours.opens < hours.closes:
            return days[day] in hours.days and hours.opens <= clock < hours.closes
        # Over midnight: the small hours belong to the day before.
        if clock >= hours.opens:
            return days[day] in hours.days
        return clock < hours.closes and days[day - 1] in hours.days
