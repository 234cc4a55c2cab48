"""The everyday mix, a fixed number of visitors: a new one takes the seat of each who leaves (the closed model).

Run it:

    whoson-load run locustfiles/visitors.py -u 50 -r 10 -t 2m
    locust -f locustfiles/visitors.py --headless -u 50 -r 10 -t 2m --host ws://127.0.0.1:8009
"""

from locust import between, task

from whoson_load import ChatVisitor, everyday


class Visitor(ChatVisitor):
    """Connects, reads, fills in the survey, waits for an operator, chats for 3 to 8 turns, rates the chat, leaves."""

    wait_time = between(1, 5)

    @task
    def chat(self) -> None:
        """Make a visit."""
        self.visit(everyday)
