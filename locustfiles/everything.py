"""Every journey of the catalogue, each as often as any other: to rehearse, to find out what a server makes of it.

whoson-load run locustfiles/everything.py --site rehearsal -u 50 -r 10 -t 5m --pace 8
whoson-load run locustfiles/everything.py --site rehearsal -u 1 --seed 7 --only-visitor 12
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
        self.visit(everything)
