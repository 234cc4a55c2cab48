"""The control side, on loopback only: what the simulator knows, for calibrations to compare with, and its faults."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Protocol

import msgspec
from aiohttp import web

from whoson_load.simulator.chat import Chat
from whoson_load.simulator.delays import Delay, Duration
from whoson_load.simulator.fault_settings import changed
from whoson_load.simulator.operators import Colleague
from whoson_load.simulator.settings import Status
from whoson_load.simulator.switchboard import Switchboard

__all__ = ["Running", "control_app"]


class Running(Protocol):
    """The server, as the control side sees it."""

    switchboard: Switchboard

    @property
    def uptime_s(self) -> float:
        """Seconds since the start."""
        ...

    @property
    def connections(self) -> int:
        """How many WebSockets are open."""
        ...

    @property
    def event_loop(self) -> str:
        """Whose loop it runs on."""
        ...


def control_app(server: Running) -> web.Application:
    """The HTTP application of the control side.

    GET /state: counters, chats by state, operators, how often each fault struck. GET /chats: UID, state and ending of
    each chat that is kept. GET /chats/UID: all that is known of one, its lines and steps with their times in ns.
    GET /commands: what each session's visitor sent, word for word. GET /messages: what was left as messages.
    GET /faults: each fault's parameters and count. POST /faults: an object, fault -> parameters or null; those not
    named stay. POST /operators/NAME: an object with the operator's new `status`. POST /reset: counts from zero, forgets
    what is over, and puts back the site file's faults and statuses.
    """
    control = _Control(server)
    app = web.Application(middlewares=[_loopback_only], client_max_size=1024 * 1024)
    app.router.add_get("/state", control.state)
    app.router.add_get("/chats", control.chats)
    app.router.add_get("/chats/{uid}", control.chat)
    app.router.add_get("/commands", control.commands)
    app.router.add_get("/messages", control.messages)
    app.router.add_get("/faults", control.faults)
    app.router.add_post("/faults", control.set_faults)
    app.router.add_post("/operators/{name:.+}", control.set_operator)
    app.router.add_post("/reset", control.reset)
    return app


_LOOPBACK = re.compile(r"(127\.\d+\.\d+\.\d+|\[::1\]|localhost)(:\d+)?", re.IGNORECASE | re.ASCII)


@web.middleware
async def _loopback_only(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    # The socket is bound to loopback; the Host header keeps a web page from reaching it under a name of its own.
    if not _LOOPBACK.fullmatch(request.headers.get("Host", "")) or "Origin" in request.headers:
        raise web.HTTPForbidden(text="the control side answers on loopback only\n")
    return await handler(request)


def _json(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


class _Control:
    def __init__(self, server: Running) -> None:
        self._server = server

    async def state(self, _: web.Request) -> web.Response:
        server, switchboard = self._server, self._server.switchboard
        counts, routing = switchboard.floor.counts, switchboard.floor.routing
        return _json(
            {
                "site": switchboard.floor.site.domain,
                "event_loop": server.event_loop,
                "uptime_s": round(server.uptime_s, 3),
                "connections": server.connections,
                "commands": counts.commands,
                "events": counts.events,
                "line_classes": counts.line_classes,
                "incidents": counts.incidents,
                "chats": switchboard.chats_by_state(),
                "chats_total": switchboard.book.total,
                "sessions": len(switchboard.sessions),
                "queue": len(routing.queue),
                "operators": [_operator(each) for each in routing.roster.colleagues],
                "tracked_visitors": len(switchboard.reception.tracking),
                "left_messages": len(switchboard.reception.left_messages),
                "blacklist": switchboard.gate.blacklisted(),
                "documents": len(switchboard.documents),
                "faults": switchboard.faults.counts,
            }
        )

    async def chats(self, _: web.Request) -> web.Response:
        return _json([_summary(chat) for chat in self._server.switchboard.book])

    async def chat(self, request: web.Request) -> web.Response:
        chat = self._server.switchboard.book.get(request.match_info["uid"])
        if chat is None:
            raise web.HTTPNotFound(text="no chat of this UID is kept\n")
        transcript = chat.transcript
        return _json(
            {
                **_summary(chat),
                "visitor": chat.visitor_name,
                "visitor_ip": chat.visitor_ip,
                "language": chat.language,
                "answers": chat.answers,
                "emails": chat.emails,
                "visitor_record": chat.visit.tracked,
                "stamps": transcript.stamps,
                "lines_forgotten": transcript.lines_forgotten,
                "lines": [line._asdict() for line in transcript.lines],
            }
        )

    async def commands(self, _: web.Request) -> web.Response:
        return _json(
            [
                {
                    "session_id": each.session_id,
                    "chat_uid": each.chat_uid,
                    "visitor_ip": each.visitor_ip,
                    "cookie_id": each.cookie_id,
                    "commands": [command.decode("utf-8", "backslashreplace") for command in each.commands],
                }
                for each in self._server.switchboard.reception.log
            ]
        )

    async def messages(self, _: web.Request) -> web.Response:
        return _json(list(self._server.switchboard.reception.left_messages))

    async def faults(self, _: web.Request) -> web.Response:
        return _json(self._faults())

    def _faults(self) -> dict[str, Any]:
        faults = self._server.switchboard.faults
        return {
            name: {"parameters": _parameters(getattr(faults.settings, name)), "count": count}
            for name, count in faults.counts.items()
        }

    async def set_faults(self, request: web.Request) -> web.Response:
        faults = self._server.switchboard.faults
        try:
            faults.set(changed(faults.settings, await request.read()))
        except ValueError as problem:
            raise web.HTTPBadRequest(text=f"{problem}\n") from None
        return _json(self._faults())

    async def set_operator(self, request: web.Request) -> web.Response:
        switchboard, name = self._server.switchboard, request.match_info["name"]
        try:
            wish = msgspec.json.decode(await request.read(), type=_Shift)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            raise web.HTTPBadRequest(text=f"{problem}\n") from None
        if not switchboard.set_status(name, wish.status):
            raise web.HTTPNotFound(text="there is no operator of this name\n")
        return _json([_operator(each) for each in switchboard.floor.routing.roster.colleagues])

    async def reset(self, _: web.Request) -> web.Response:
        self._server.switchboard.reset()
        return _json({})


class _Shift(msgspec.Struct, forbid_unknown_fields=True):
    status: Status


def _operator(colleague: Colleague) -> dict[str, Any]:
    return {
        "name": colleague.name,
        "status": colleague.shown().status,
        "chats": colleague.chats,
        "max_chats": colleague.settings.max_chats,
    }


def _parameters(fault: msgspec.Struct | None) -> dict[str, Any] | None:
    """A fault's parameters, durations in nanoseconds."""
    if fault is None:
        return None
    shown = msgspec.structs.asdict(fault)
    for name, value in shown.items():
        if isinstance(value, Delay):
            shown[name] = {"kind": type(value).__name__.lower(), **asdict(value)}  # type: ignore[call-overload]
        elif isinstance(value, Duration):
            shown[name] = int(value)
    return shown


def _summary(chat: Chat) -> dict[str, Any]:
    return {
        "uid": chat.uid,
        "session_id": chat.visit.session_id,
        "state": chat.visit.conversation.state.value,
        "ending": chat.ending,
        "operator": chat.colleague.name if chat.colleague is not None else None,
    }
