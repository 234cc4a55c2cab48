"""A calm, a spike, a calm: does the server get over it, and how long do those wait who come in the midst of it?

Run it:

    whoson-load run locustfiles/spike.py --plan
    whoson-load run locustfiles/spike.py --host wss://chat.example.com --allow-target chat.example.com
"""

from locust import task

from whoson_load import ChatVisitor, everyday


class Visitor(ChatVisitor):
    """Comes when due: in the spike ten times as many do."""

    arrivals = "constant 20/min for 5m; spike 200/min for 1m; hold 9m"

    @task
    def chat(self) -> None:
        """Make a visit."""
        self.visit(everyday)
