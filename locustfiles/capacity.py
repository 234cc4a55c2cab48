"""How many visitors does the server hold? The everyday mix, and what it has to feel like however many there are.

Run it:

    whoson-load capacity locustfiles/capacity.py
    whoson-load capacity locustfiles/capacity.py --search arrivals --from 60 --to 6000 --within 10%
    whoson-load run locustfiles/capacity.py -u 200 -r 5 -t 10m
    whoson-load capacity locustfiles/capacity.py --host wss://chat.example.com --allow-target chat.example.com
"""

from locust import between, task

from whoson_load import ChatVisitor, everyday


class Visitor(ChatVisitor):
    """Chats again and again; the highest load is looked for at which all of these are met."""

    wait_time = between(1, 5)
    objectives = ("echo p99 < 500ms", "connect p95 < 2s", "accepted errors < 1%", "lost < 0.1%")

    @task
    def chat(self) -> None:
        """Make a visit."""
        self.visit(everyday)
