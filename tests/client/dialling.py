"""Ports on which nobody listens, dialling that has to fail, and what was dialled given back."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.client.kinds import Reach
from tests.client.peers import Peer
from whoson_load.client.dial import Dialled
from whoson_load.errors import ConnectError


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def fails(reach: Reach, peer: Peer | str, **options: Any) -> ConnectError:  # noqa: ANN401 (those of Target.read)
    """The error that dialling a peer ends as."""
    with pytest.raises(ConnectError) as told:
        reach(peer, **options)
    assert "\n" not in str(told.value)
    return told.value


def release(dialled: Dialled) -> None:
    """Close what was dialled, as nobody else here does."""
    socket.socket(fileno=dialled.descriptor).close()
