"""Locust's web page of `whoson-load run --web`, as a browser meets it."""

from __future__ import annotations

import json
import re
import socket
import urllib.parse
import urllib.request
from typing import Any

from tests.programs import PAGE, Program, Programs, wait_until

# Without a pace on the command line the page's field is empty; the simulator's operators keep the class's.
HURRIED = """
from locust import task

from whoson_load import ChatVisitor, everyday


class Visitor(ChatVisitor):
    pace = 10

    @task
    def chat(self):
        self.visit(everyday)
"""


class Page:
    """Locust's web page, as a browser uses it.

    Attributes:
        host: the target that its form shows at first: the simulator.
        url: where it is, without a path.
    """

    def __init__(self, program: Program, port: int) -> None:
        self.program = program
        self.host = ""
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path: str) -> dict[str, Any]:
        """Fetch JSON."""
        fetched: dict[str, Any] = json.loads(self.fetch(path))
        return fetched

    def fetch(self, path: str) -> bytes:
        """Fetch anything."""
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            content: bytes = answer.read()
        return content

    def post(self, path: str, **form: object) -> dict[str, Any]:
        """Send a form."""
        data = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(self.url + path, data=data, timeout=30) as answer:
            said: dict[str, Any] = json.load(answer) if answer.headers.get_content_type() == "application/json" else {}
        return said

    @property
    def is_there(self) -> bool:
        """Whether it answers."""
        try:
            self.get("/stats/requests")
        except OSError:
            return False
        return True

    def start_form(self) -> str:
        """The page itself, with the form's values in it."""
        return self.fetch("/").decode("utf-8")

    def series(self) -> dict[str, int]:
        """The requests on it: name -> how many."""
        return {each["name"]: each["num_requests"] for each in self.get("/stats/requests")["stats"]}


def open_page(programs: Programs, *more: str) -> Page:
    """Start `whoson-load run --web` with a simulator and hurried visitors, and wait for the page."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    (programs.folder / "hurried.py").write_text(HURRIED, "utf-8")
    program = programs.start(
        *("whoson-load", "run", "hurried.py", "--web", "--web-port", str(port), "--out", "out", *more),
        environment=PAGE,
    )
    page = Page(program, port)
    wait_until(lambda: page.is_there, 30, "no page came up", of=program)
    (page.host,) = set(re.findall(r"ws://127\.0\.0\.1:\d+", page.start_form()))
    return page
