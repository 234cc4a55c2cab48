from __future__ import annotations

import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from whoson_load.swarm import procfs

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

TCP = b"""  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F49 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 43602 1 0 100 0 0 10 0
   1: 0100007F:D431 0100007F:1F49 01 00000000:00000000 00:00000000 00000000     0        0 43603 1 0 20 4 30 10 -1
   2: 0100007F:D432 0100007F:1F49 06 00000000:00000000 03:00001770 00000000     0        0 0 3 0
   3: 0100007F:1F49 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 43604 1 0 20 4 30 10 -1
   4: 0100007F:D433 0100007F:1F4A 01 00000000:00000000 00:00000000 00000000     0        0 43605 1 0 20 4 30 10 -1
"""
TCP6 = b"""  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 00000000000000000000000001000000:C350 00000000000000000000000001000000:1F49 01 00000000:00000000 00:00000000
   1: B80D0120000000000000000001000000:C351 B80D0120000000000000000002000000:1F49 01 00000000:00000000 00:00000000
"""


@pytest.mark.skipif(sys.byteorder != "little", reason="the tables were taken on such a machine")
@pytest.mark.parametrize(
    "table, address, port, count",
    [
        (TCP, "127.0.0.1", 8009, 2),  # also the one that is only waiting for its end; not the server's own side
        (TCP, "127.0.0.1", 8010, 1),
        (TCP, "127.0.0.1", 9999, 0),
        (TCP, "10.0.0.1", 8009, 0),
        (TCP6, "::1", 8009, 1),
        (TCP6, "2001:db8::2", 8009, 1),
        (b"", "127.0.0.1", 8009, 0),
    ],
)
def test_sockets_to_an_address_are_counted(table: bytes, address: str, port: int, count: int) -> None:
    """Each line whose remote side it is, whatever its state."""
    assert procfs.count_sockets(table, address, port) == count


@pytest.mark.parametrize(
    "schedstat, delay_ns",
    [("4028 78607 1\n", 78_607), ("0 0 0\n", None), ("", None), ("1 2\n", None), ("a b c\n", None), ("5 0 1\n", 0)],
)
def test_run_delay_is_the_second_figure(schedstat: str, delay_ns: int | None) -> None:
    """A kernel without such statistics writes zeros: nothing is known then."""
    assert procfs.read_run_delay_ns(schedstat) == delay_ns


@on_linux
def test_this_process_s_own_sockets_are_found() -> None:
    """The figures of the real tables: every connection to a server takes one port."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = server.getsockname()[1]
        assert procfs.ports_in_use(["127.0.0.1"], port) == 0
        for _ in range(3):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        assert procfs.ports_in_use(["127.0.0.1", "::1"], port) == 3
    assert (procfs.ports_limit() or 0) > 1000


@on_linux
def test_this_process_s_own_descriptors_are_found() -> None:
    """One more socket is one more descriptor."""
    before = procfs.open_descriptors()
    with socket.socket():
        assert procfs.open_descriptors() == (before or 0) + 1
    assert procfs.descriptors_limit()


def test_nothing_is_known_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Other systems tell none of it, and it is no error."""
    absent = tmp_path / "absent"
    monkeypatch.setattr(procfs, "_SCHEDSTAT", absent)
    monkeypatch.setattr(procfs, "_DESCRIPTORS", absent)
    monkeypatch.setattr(procfs, "_SOCKETS", {4: absent, 6: absent})
    monkeypatch.setattr(procfs, "_PORT_RANGE", absent)
    assert procfs.run_delay_ns() is None
    assert procfs.open_descriptors() is None
    assert procfs.ports_in_use(["127.0.0.1"], 8009) is None
    assert procfs.ports_limit() is None
