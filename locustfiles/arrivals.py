"""The everyday mix, arriving as people do (the open model): they come when they come, however the server is doing.

Run it:

    whoson-load run locustfiles/arrivals.py --plan
    whoson-load run locustfiles/arrivals.py
    whoson-load run locustfiles/arrivals.py --arrivals "profile chats.csv x24" --max-visitors 500
"""

from locust import task

from whoson_load import ChatVisitor, everyday


class Visitor(ChatVisitor):
    """Comes when due, makes one visit and is gone; the run ends when the last one has left."""

    arrivals = "ramp to 60/min over 2m; hold 8m"

    @task
    def chat(self) -> None:
        """Make a visit."""
        self.visit(everyday)
