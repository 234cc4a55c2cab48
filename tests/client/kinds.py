"""What the fixtures of the client's tests are, for the signatures that ask for them."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

from tests.client.peers import Peer
from tests.client.scripted import FakeClock, ScriptedLine
from whoson_load.client.dial import Dialled
from whoson_load.client.session import ChatSession
from whoson_load.client.target import Target
from whoson_load.client.wire import Wire

Serve = Callable[..., Peer]
MakeTarget = Callable[..., Target]
Reach = Callable[..., Dialled]
OpenWire = Callable[..., Wire]
Chatting = tuple[ChatSession, ScriptedLine, FakeClock]
MakeChat = Callable[..., Chatting]
Counted = Callable[[], SimpleNamespace]
