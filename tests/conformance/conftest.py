"""Running servers, one a site, and visitors of the `websockets` library: nothing here knows our own protocol code."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

HERE = Path(__file__).parent
DOMAIN = "www.mycompany.com"
AGENT = "conformance/1.0"
PATIENCE_S = float(os.environ.get("CONFORMANCE_PATIENCE_S", "10"))
"""How long a test waits for what has to come; what comes late is no failure, what never comes is."""

QUICK = """
extends = "default"
[times]
pickup = "10ms"
greeting = "5ms"
reading = "5ms"
typing = "5ms"
"""

HOWARD = """
[[operators]]
name = "Howard Williams"
email = "howard@mycompany.com"
phone = "+441782822577"
skills = ["Sales", "Marketing"]
max_chats = {max_chats}
"""

STAFF = (
    HOWARD.format(max_chats=0)
    + """
[[operators]]
name = "Sue Sales"
dept = "Sales"
max_chats = 0
[[operators]]
name = "Bob Support"
dept = "Support"
lang = "fr"
max_chats = 0
[[operators]]
name = "Olive Office"
dept = "Office"
status = "Away"
[[operators]]
name = "Percy Pause"
dept = "Office"
status = "Be Right Back"
[[operators]]
name = "Bea Busy"
dept = "Desk"
status = "Busy"
"""
)

LIMITED = QUICK + '[access]\nmax_chats_from_one_address = 1\naddress_counted = "{counted}"\n' + STAFF

SITES: dict[str, str] = {
    "main": QUICK + '[talk]\nreplies = ["Noted."]\n' + STAFF,
    "pairs": QUICK + HOWARD.format(max_chats=2),
    "queue": QUICK
    + """
[queue]
limit = 2
timeout = "60s"
message_every = "400ms"
[waiting]
line_1_after = "50ms"
line_2_gap = "50ms"
final_after = "200ms"
"""
    + HOWARD.format(max_chats=1),
    "no_queue": QUICK + "[queue]\nenabled = false\n" + HOWARD.format(max_chats=1),
    "unanswered": QUICK
    + """
[waiting]
line_1_after = "60ms"
line_2_gap = "120ms"
final_after = "60s"
[[operators]]
name = "Ursula Late"
picks_up = false
""",
    "given_up": QUICK + '[waiting]\nfinal_after = "300ms"\n[[operators]]\nname = "Ursula Late"\npicks_up = false\n',
    "short_queue": QUICK + '[queue]\ntimeout = "300ms"\n' + HOWARD.format(max_chats=1),
    "closed": 'extends = "closed"\n',
    "out_of_hours": QUICK + '[hours]\nopens = "00:00"\ncloses = "00:00"\ndays = []\n' + STAFF,
    "forwarding": QUICK
    + '[site]\nleave_message_enabled = false\nforwarding_url = "https://www.mycompany.com/sorry"\n'
    + HOWARD.format(max_chats=1).replace("max_chats = 1", 'status = "Away"'),
    "strict": QUICK
    + """
[access]
bad_connects = 3
invalid_data = 3
illegal_commands = 3
blacklisted_for = "60s"
"""
    + STAFF,
    "forgiving": QUICK + '[access]\nbad_connects = 1\nblacklisted_for = "300ms"\n' + STAFF,
    "whitelist_error": QUICK + '[access]\nrefusal = "error"\nwhitelist = ["10.0.0.0/8"]\n',
    "whitelist_close": QUICK + '[access]\nrefusal = "close"\nwhitelist = ["10.0.0.0/8"]\n',
    "whitelist_http403": QUICK + '[access]\nrefusal = "http403"\nwhitelist = ["10.0.0.0/8"]\n',
    "whitelist_reset": QUICK + '[access]\nrefusal = "reset"\nwhitelist = ["10.0.0.0/8"]\n',
    "whitelist_open": QUICK + '[access]\nwhitelist = ["127.0.0.0/8"]\n',
    "blacklist": QUICK + '[access]\nblacklist = ["203.0.113.0/24"]\n' + STAFF,
    "blacklist_socket": QUICK + '[access]\nblacklist = ["127.0.0.0/8"]\n' + STAFF,
    "limit_socket": LIMITED.format(counted="socket"),
    "limit_forwarded": LIMITED.format(counted="forwarded"),
    "limit_parameter": LIMITED.format(counted="parameter"),
    "asking": QUICK
    + """
[habits]
request_file = 1.0
request_field = 1.0
[[habits.fields]]
field_name = "OrderNumber"
prompt = "Please enter the order number:"
length = 10
change_case = 1
"""
    + STAFF,
    "transferring": QUICK + "[habits]\ntransfer = 1.0\n" + STAFF,
    "hanging_up": QUICK + "[habits]\nhang_up = 1.0\n" + STAFF,
    "impatient": QUICK
    + '[chat]\ninactivity_line_after = "200ms"\ninactivity_quit_after = "400ms"\ninactivity_line = "Are you there?"\n'
    + STAFF,
    "reserved": QUICK + '[site]\noperator_preview = false\nallowed_file_types = ""\n' + STAFF,
    "once": QUICK
    + "[site]\nvisitor_single_use_files = 1\n[documents]\nmax_bytes = 1000\nlinks_must_be_stored = true\n"
    + STAFF,
    "markdown": QUICK
    + """
[talk]
greetings = ["**Bold** *slanted* `code` [page](https://www.mycompany.com/help) <b>fat</b><script>x</script> 3 < 4"]
"""
    + STAFF,
    "forced": QUICK + "[site.translation]\nforce_translation = true\n" + STAFF,
    "ends": QUICK + '[reconnect]\nreading = "ends"\nkept_for = "300ms"\n' + STAFF,
    "resume": QUICK.replace('reading = "5ms"', 'reading = "300ms"')
    + '[reconnect]\nreading = "resume"\nkept_for = "30s"\n'
    + STAFF,
    "other": QUICK
    + """
[server]
quit_after_quit = true
uid_at_connected = true
array_frames = true
acknowledges = true
accepts_noop = true
automatic_transcripts = true
[chat]
linesays = "after"
escape_html = false
too_long = "truncate"
"""
    + STAFF,
    "closing": QUICK + "[server]\nclose_after_quit = true\n" + STAFF,
    "bots": 'extends = "bots"\n',
    "bot_beside_person": QUICK
    + HOWARD.format(max_chats=1)
    + '[[operators]]\nname = "Ada"\nis_bot = true\nonly_if_alone = true\nmax_chats = 0\n',
    "skills": QUICK
    + """
[routing]
skill_field = "Topic"
[[operators]]
name = "Ann"
skills = ["Sales"]
max_chats = 0
[[operators]]
name = "Ben"
skills = ["Training"]
max_chats = 0
""",
}

Event = dict[str, Any]


class Visitor:
    """A visitor's browser.

    Args:
        url: of the chats.
        headers: further ones of the upgrade.
    """

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._open = contextlib.ExitStack()
        self.socket = self._open.enter_context(
            connect(
                url,
                additional_headers=headers,
                user_agent_header=AGENT,
                compression=None,
                open_timeout=PATIENCE_S,
                close_timeout=1,
                ping_interval=None,
            )
        )
        self.session_id = ""
        self.uid = ""
        self.site: Event = {}
        self.acknowledged: list[str] = []
        self._read: list[Event] = []

    def send(self, command: str, *parameters: str) -> None:
        """Send a command."""
        self.socket.send(json.dumps({"Command": command, "Parameters": list(parameters)}))

    def next(self, timeout_s: float = PATIENCE_S) -> Event:
        """The next event; TimeoutError when none comes."""
        while not self._read:
            frame = json.loads(self.socket.recv(timeout=timeout_s))
            self._read += frame if isinstance(frame, list) else [frame]
        event = self._read.pop(0)
        self.uid = event["ChatUid"] or self.uid
        if event["EventName"] == "ack":
            self.acknowledged.append(event["Data"])
            return self.next(timeout_s)
        return event

    def until(self, name: str, classname: str | None = None) -> Event:
        """The next event of a name, and of a classname if it is a line; those before it are passed over."""
        while True:
            event = self.next()
            if event["EventName"] == name and (classname is None or event["Data"]["Classname"] == classname):
                return event

    def line(self, classname: str) -> str:
        """The content of the next line of a class."""
        content: str = self.until("newline", classname)["Data"]["Content"]
        return content

    def heard(self, seconds: float = 0.15) -> list[Event]:
        """All that comes within some time."""
        end, events = time.monotonic() + seconds, []
        with contextlib.suppress(TimeoutError, ConnectionClosed):
            while (left := end - time.monotonic()) > 0 or self._read:
                events.append(self.next(max(left, 0.001)))
        return events

    def pending(self) -> list[Event]:
        """All that the server sent before it took a command that is sent now and has an answer of its own."""
        self.send("GetImage", self.session_id, DOMAIN, "2")
        events = []
        while (event := self.next())["EventName"] != "image":
            events.append(event)
        return events

    def connect(self, **changed: str) -> Event:
        """Send Connect; the event that answers it."""
        values = {
            "authentication": "myauthstring",
            "domain": DOMAIN,
            "ip": "195.62.193.194",
            "cookie": "287-3882882",
            "agent": "edge",
            "referrer": "https://www.google.com",
            "key": "abcdefg12345",
        }
        self.send("Connect", *(values | changed).values())
        event = self.next()
        if event["EventName"] == "connected":
            self.site = event["Data"]
            self.session_id = self.site["SessionID"]
        return event

    def hello(self, **changed: str) -> Event:
        """Send Hello; the event that answers it."""
        values = {
            "name": "Thomas",
            "domain": DOMAIN,
            "department": "",
            "operator": "",
            "session": self.session_id,
            "ip": "",
            "cookie": "287-3882882",
            "language": "en",
            "translate": "false",
            "survey": "<Fields><Field><Name>Company</Name><Value>IBM</Value></Field></Fields>",
        }
        self.send("Hello", *(values | changed).values())
        return self.next()

    def chat(self, **changed: str) -> Event:
        """Connect, say Hello and wait for the operator; the `operatorjoined`."""
        self.connect()
        self.hello(**changed)
        return self.until("operatorjoined")

    def say(self, text: str) -> None:
        """Send Message."""
        self.send("Message", self.session_id, DOMAIN, text)

    def quit(self) -> None:
        """Send Quit."""
        self.send("Quit", self.session_id, DOMAIN)

    def close_code(self) -> int | None:
        """The code that the server closes with, None for an end without a close frame."""
        try:
            while True:
                self.next()
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd is not None else None

    def is_open(self) -> bool:
        """Whether the server still answers on this socket."""
        try:
            self.pending()
        except ConnectionClosed:
            return False
        return True

    def drop(self) -> None:
        """End the socket without a goodbye."""
        self.socket.socket.close()

    def leave(self) -> None:
        """Quit the chat, if any, and close."""
        with contextlib.suppress(Exception):
            if self.session_id:
                self.quit()
        with contextlib.suppress(Exception):
            self._open.close()


class Site:
    """A running server.

    Args:
        addresses: of its chats and its control side.
    """

    def __init__(self, addresses: dict[str, str]) -> None:
        self.chat = addresses["chat"]
        self.control = addresses["control"]
        self._visitors: list[Visitor] = []

    def visitor(self, **headers: str) -> Visitor:
        """Somebody with an open WebSocket; underscores in the names of headers become dashes."""
        visitor = Visitor(self.chat, {name.replace("_", "-"): value for name, value in headers.items()})
        self._visitors.append(visitor)
        return visitor

    def ask(self, path: str, body: object = None) -> Any:  # noqa: ANN401 (JSON)
        """What the control side says: GET, or POST with a body."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.control + path, data=data)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as problem:
            # Closed here, or the next test would be blamed for what this one leaves open.
            with problem:
                raise AssertionError(f"{path}: HTTP {problem.code}") from None

    def record(self, visitor: Visitor) -> Any:  # noqa: ANN401 (JSON)
        """What the control side knows of a visitor's chat."""
        return self.ask(f"/chats/{visitor.uid}")

    def wait_until(self, condition: Callable[[Any], bool]) -> Any:  # noqa: ANN401 (JSON)
        """The state of the server once a condition holds."""
        end = time.monotonic() + PATIENCE_S
        while not condition(state := self.ask("/state")):
            assert time.monotonic() < end, state
            time.sleep(0.02)
        return state

    def upload(self, name: str, content_base64: str, domain: str = DOMAIN) -> str:
        """Store a document; the result of DocumentWriteForSite."""
        visitor = self.visitor()
        visitor.connect()
        request = (
            '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
            '<DocumentWriteForSite xmlns="http://www.whoson.com/webservices/kb/">'
            f"<Contents>{content_base64}</Contents><FileName>{name}</FileName><Domain>{domain}</Domain>"
            "</DocumentWriteForSite></s:Body></s:Envelope>"
        )
        address = visitor.site["WebServicesURL"] + "cannedresponseservice.asmx"
        post = urllib.request.Request(address, request.encode(), {"Content-Type": "text/xml; charset=utf-8"})
        with urllib.request.urlopen(post, timeout=PATIENCE_S) as answer:
            body: str = answer.read().decode()
        return body.partition("<DocumentWriteForSiteResult>")[2].partition("</DocumentWriteForSiteResult>")[0]

    def leave(self) -> None:
        """Send everybody home, and let no test find what another one left."""
        for visitor in self._visitors:
            visitor.leave()
        self._visitors.clear()
        self.ask("/reset", {})


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, dict[str, str]]]:
    """All sites, each served on ports of its own by one process."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "serve_sites.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(SITES) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, "the servers did not start"
        yield json.loads(line)
    finally:
        process.stdin.close()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


@pytest.fixture
def at(servers: dict[str, dict[str, str]]) -> Iterator[Callable[[str], Site]]:
    """Go to a site by its name."""
    sites: dict[str, Site] = {}

    def go(name: str) -> Site:
        return sites.setdefault(name, Site(servers[name]))

    yield go
    for site in sites.values():
        site.leave()


@pytest.fixture
def main(at: Callable[[str], Site]) -> Site:
    """The site with nothing special about it."""
    return at("main")


@pytest.fixture(scope="session")
def rules() -> list[dict[str, str]]:
    """The rules of `rules.toml`."""
    found: list[dict[str, str]] = tomllib.loads((HERE / "rules.toml").read_text(encoding="utf-8"))["rule"]
    return found
