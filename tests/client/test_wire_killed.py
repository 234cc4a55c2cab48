from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import gevent
import pytest

from tests.client.kinds import MakeTarget, OpenWire, Serve
from tests.client.peers import Connection
from whoson_load.client.dial import Dialled, dial
from whoson_load.client.session import ChatSession, Visitor
from whoson_load.client.wire import Wire
from whoson_load.clock import monotonic_ns
from whoson_load.measurement.recorder import Recorder
from whoson_load.visitors.patience import MANNERS
from whoson_load.visitors.persona import Personas

Spawn = Callable[..., "gevent.Greenlet[..., Any]"]

FAR_NS = 20_000_000_000


def until(holds: Callable[[], object]) -> None:
    """Let the loop turn until something holds."""
    give_up_ns = monotonic_ns() + FAR_NS
    while not holds():
        assert monotonic_ns() < give_up_ns, "it never held"
        gevent.sleep(0.001)


def waiting(wire: Wire) -> Callable[[], bool]:
    """Whether somebody waits at a wire."""
    return lambda: wire._visitor is not None


def stays(connection: Connection) -> None:
    """A server that accepts and waits for the client to go."""
    connection.upgrade()
    connection.wait_for_the_end()


@pytest.mark.parametrize("stage", ["tcp", "proxy", "tls", "upgrade"])
def test_a_visitor_killed_while_it_dials(stage: str, serve: Serve, make_target: MakeTarget, spawn: Spawn) -> None:
    """Wherever it is on the way: nothing stays open."""
    reached = threading.Event()

    def silent(connection: Connection) -> None:
        reached.set()
        connection.wait_for_the_end()

    peer = serve(silent)
    options = {"proxy": peer.url.replace("ws:", "http:")} if stage == "proxy" else {}
    target = make_target(f"{'wss' if stage == 'tls' else 'ws'}://127.0.0.1:{peer.port}", **options)
    visitor = spawn(dial, target, ())
    if stage != "tcp":
        until(reached.is_set)
        until(lambda: peer.connections)
    gevent.sleep(0)
    visitor.kill()
    assert isinstance(visitor.value, gevent.GreenletExit)


def test_a_visitor_killed_while_its_name_is_resolved(
    make_target: MakeTarget, spawn: Spawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The resolver's answer then finds nobody."""
    monkeypatch.setattr("whoson_load.client.dial.green.getaddrinfo", lambda *_: gevent.get_hub().switch())
    visitor = spawn(dial, make_target("ws://name.invalid", allowed=["name.invalid"]), ())
    gevent.sleep(0)
    visitor.kill()
    assert isinstance(visitor.value, gevent.GreenletExit)


@pytest.mark.parametrize("wait_ns", [20_000_000, 3_000_000_000, FAR_NS])
def test_a_visitor_killed_while_it_waits(wait_ns: int, serve: Serve, open_wire: OpenWire, spawn: Spawn) -> None:
    """For something near or far: neither an event nor the time it waited for wakes the dead."""
    wire = open_wire(peer := serve(stays))
    visitor = spawn(wire.next, monotonic_ns() + wait_ns)
    gevent.sleep(0)  # it waits now
    visitor.kill()
    peer.connections[0].say_event("typing")
    until(lambda: wire._events)
    gevent.sleep(0.03)  # past the near wait's time: if its entry woke anybody, that would be an error in the loop
    assert visitor.dead
    received = wire.next(monotonic_ns() + FAR_NS)
    assert received is not None
    assert received[0].name == "typing"


def test_a_visitor_killed_while_it_waits_and_gone(serve: Serve, open_wire: OpenWire, spawn: Spawn) -> None:
    """What arrives after it has gone is read by nobody."""
    wire = open_wire(peer := serve(stays))

    def visit() -> None:
        try:
            wire.next(monotonic_ns() + FAR_NS)
        finally:
            wire.abandon()

    visitor = spawn(visit)
    until(waiting(wire))
    visitor.kill()
    with suppress(OSError):
        peer.connections[0].say_event("typing")
    gevent.sleep(0.005)
    assert wire._events == []


def test_a_visitor_killed_while_it_closes(serve: Serve, open_wire: OpenWire, spawn: Spawn) -> None:
    """It has gone all the same."""
    wire = open_wire(serve(stays))
    visitor = spawn(wire.close, 20, lambda received: None)
    until(waiting(wire))
    visitor.kill()
    assert wire._watcher is None


def test_a_descriptor_that_has_become_another_visitors_is_not_touched(
    serve: Serve, open_wire: OpenWire, reach_peer: Callable[..., Dialled], recorder: Recorder, spawn: Spawn
) -> None:
    """Neither the old wire's watcher, nor its wait, nor its end reads, wakes or closes for the new one."""
    peer = serve(stays)
    old = open_wire(peer)
    until(lambda: len(peer.connections) == 1)
    dialled = reach_peer(peer)
    until(lambda: len(peer.connections) == 2)
    visitor = spawn(old.next, monotonic_ns() + 30_000_000)
    gevent.sleep(0)  # it waits now
    descriptor = old._raw.fileno()
    visitor.kill()
    old.abandon()
    os.dup2(dialled.descriptor, descriptor)
    os.close(dialled.descriptor)
    new = Wire(replace(dialled, descriptor=descriptor), recorder, 20)
    hearing = spawn(new.next, monotonic_ns() + FAR_NS)
    until(waiting(new))
    gevent.sleep(0.05)  # past the old wait's time
    old.abandon()
    old.reset()
    old.close(1, lambda received: None)
    assert not hearing.dead
    peer.connections[1].say_event("typing")
    received = hearing.get(timeout=20)
    new.abandon()
    assert received is not None
    assert received[0].name == "typing"
    assert old._events == []


def test_many_visitors_killed_at_any_moment(serve: Serve, make_target: MakeTarget, spawn: Spawn) -> None:
    """A run that ends in the midst of everything: nobody is left, and nothing of theirs."""

    def script(connection: Connection) -> None:
        connection.upgrade()
        while True:
            connection.hear_command("StartTyping")
            connection.say(connection.event("typing") * 3)

    recorder, target = Recorder("test"), make_target(serve(script).url)
    rng = random.Random(7)

    def visit() -> None:
        while True:
            wire = Wire(dial(target, ()), recorder, 20)
            try:
                for _ in range(rng.randrange(5)):
                    wire.send(b'{"Command":"StartTyping","Parameters":["s"]}')
                    wire.next(monotonic_ns() + rng.randrange(5_000_000))
                if rng.random() < 0.5:
                    wire.close(0.002, lambda received: None)
            finally:
                wire.abandon()

    visitors = [spawn(visit) for _ in range(30)]
    for visitor in visitors:
        gevent.sleep(0.002)
        visitor.kill(block=False)
    gevent.joinall(visitors, timeout=20)
    assert [type(each.value) for each in visitors] == [gevent.GreenletExit] * 30


def test_a_killed_visitor_leaves_politely(serve: Serve, make_target: MakeTarget, spawn: Spawn) -> None:
    """Quit and the closing handshake, so that no operator waits for nobody."""
    said: list[object] = []
    chatting = threading.Event()

    def script(connection: Connection) -> None:
        connection.upgrade()
        connection.hear_command("Connect")
        connection.say_event("connected", {"SessionID": "s-1", "Domain": "www.mycompany.com"})
        connection.hear_command("Hello")
        connection.say(connection.event("accepted", "") + connection.event("operatorjoined", {"Name": "Howard"}))
        chatting.set()
        said.append(connection.hear_command("Quit"))
        said.append(connection.hear_close())
        connection.say_close(1000)

    target = make_target((peer := serve(script)).url)
    visitor = Visitor(Personas(1, "t").persona(1), MANNERS, random.Random(1), "t")

    def visit() -> None:
        with ChatSession.open(target, visitor, Recorder("test")) as chat:
            chat.connect()
            chat.hello()
            chat.wait_for_operator(20)
            chat.idle(20)

    visiting = spawn(visit)
    until(chatting.is_set)
    gevent.sleep(0.005)
    visiting.kill()
    peer.end_scripts()
    assert said == [["s-1", "www.mycompany.com"], 1000]


def test_a_visitor_killed_before_a_server_that_does_not_read_leaves_soon(
    serve: Serve, make_target: MakeTarget, spawn: Spawn
) -> None:
    """A Quit that finds no room is waited for as long as a close would be, not as long as a reply."""
    go_on = threading.Event()

    def script(connection: Connection) -> None:
        connection.upgrade()
        connection.hear_command("Connect")
        connection.say_event("connected", {"SessionID": "s-1", "Domain": "www.mycompany.com", "OperatorPreview": True})
        connection.hear_command("Hello")
        connection.say(connection.event("accepted", "") + connection.event("operatorjoined", {"Name": "Howard"}))
        go_on.wait(20)

    target = make_target(serve(script, narrow=True).url, close_s=0.05, reply_s=3600)
    visitor = Visitor(Personas(1, "t").persona(1), MANNERS, random.Random(1), "t")
    chats: list[ChatSession] = []

    def visit() -> None:
        with ChatSession.open(target, visitor, Recorder("test")) as chat:
            chats.append(chat)
            chat.connect()
            chat.hello()
            chat.wait_for_operator(20)
            while True:
                chat._line.send(b" " * 30_000)

    visiting = spawn(visit)
    until(lambda: chats and chats[0]._line._unsent)  # type: ignore[attr-defined]
    visiting.kill(timeout=20)
    assert visiting.dead
    go_on.set()
