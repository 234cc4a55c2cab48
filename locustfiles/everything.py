"""Every journey of the catalogue, each as often as any other: to rehearse, to find out what a server makes of it.

Run it:

    whoson-load run locustfiles/everything.py --site rehearsal -u 50 -r 10 -t 5m --pace 8 --forward-visitor-ip
    whoson-load run locustfiles/everything.py --site rehearsal --seed 7 --only-visitor 12

Each visitor comes with an address of its own here: one journey asks for a session that may be over, which a server may
hold against the address it comes from. On another machine's server it does so only with --allow-side-effects.
"""

from locust import between, task

from whoson_load import ChatVisitor
from whoson_load.journeys import CATALOGUE, mix

everything = mix(dict.fromkeys(CATALOGUE, 1))


class Visitor(ChatVisitor):
    """Speaks one of three languages; what it does is drawn from its own dice."""

    languages = ("en", "fr", "de")
    wait_time = between(1, 5)

    @task
    def do_something(self) -> None:
        """Make a visit."""
        self.visit(everything)
