"""A steady population for hours: what grows, slows down or breaks only with time.

Run it:

    whoson-load run locustfiles/soak.py
    whoson-load run locustfiles/soak.py -u 500 -t 72h --host wss://chat.example.com --allow-target chat.example.com
"""

from argparse import ArgumentParser

from locust import between, events, task

from whoson_load import ChatVisitor, everyday


@events.init_command_line_parser.add_listener
def a_steady_population(parser: ArgumentParser) -> None:
    """100 visitors for 8 hours where the command line does not say otherwise, begun slowly so that none are in step."""
    parser.set_defaults(num_users=100, spawn_rate=0.5, run_time="8h")


class Visitor(ChatVisitor):
    """Chats again and again; whoever leaves makes room for another."""

    wait_time = between(1, 20)

    @task
    def chat(self) -> None:
        """Make a visit."""
        self.visit(everyday)
