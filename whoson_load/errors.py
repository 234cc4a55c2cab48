"""What can go wrong, and whose fault it is. Knows nothing of sockets, Locust or files.

WhosOnLoadError
├── ConfigError              wrong usage or configuration                       (exit code 2)
├── GuardError               the run would touch, or keeps being refused by,
│                            a target it must leave alone                       (exit code 5)
├── LocalProtocolError       our own bug: we broke the conversation's rules     (exit code 1)
├── RecordError              the run record cannot be written                  (exit code 1)
│   └── UnreadableError      what was named is no record, or a broken one      (exit code 2)
└── TargetError              what the target did; ends as an outcome, is counted,
    │                        and never travels past the journey
    ├── ConnectError         no WebSocket came about
    ├── RemoteProtocolError  the target sent what no reading of the protocol allows
    ├── SessionClosed        the connection ended
    └── ReplyTimeout         an answer did not come before its deadline
"""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "ConfigError",
    "ConnectError",
    "Fault",
    "GuardError",
    "LocalProtocolError",
    "RecordError",
    "RemoteProtocolError",
    "ReplyTimeout",
    "SessionClosed",
    "TargetError",
    "UnreadableError",
    "WhosOnLoadError",
]


class Fault(StrEnum):
    """The closed set that everything a target can do wrong is folded into before it is counted.

    Texts that servers send are never counted as they are: one with an id in it would make a soak grow without bound.
    """

    UNRESOLVED = "unresolved"  # the host name has no address
    REFUSED = "refused"  # TCP refused, or nothing reachable
    CONNECT_TIMEOUT = "connect_timeout"  # TCP, proxy, TLS or upgrade took longer than the connect deadline
    TLS_FAILED = "tls_failed"  # certificate or handshake
    PROXY_REFUSED = "proxy_refused"  # the HTTP proxy did not answer CONNECT with 2xx
    UPGRADE_REFUSED = "upgrade_refused"  # the upgrade was answered with another HTTP status than 101
    REDIRECTED = "redirected"  # a redirect to where this run may not go, or one too many
    ACCESS_DENIED = "access_denied"  # an error event instead of `connected`
    CLOSED = "closed"  # a close frame; the code is kept apart
    RESET = "reset"  # the connection ended without a close frame
    HALF_FRAME = "half_frame"  # the connection ended inside a frame
    INVALID_FRAME = "invalid_frame"  # a frame that RFC 6455 forbids
    INVALID_UTF8 = "invalid_utf8"
    INVALID_JSON = "invalid_json"
    FRAME_TOO_LARGE = "frame_too_large"
    REPLY_TIMEOUT = "reply_timeout"  # the event a command calls for did not come before its deadline
    IDLE_TIMEOUT = "idle_timeout"  # nothing at all came for longer than the idle deadline
    UPLOAD_REFUSED = "upload_refused"  # the document store answered an upload with anything but a link
    GENERATOR_LIMIT = "generator_limit"  # this machine had no descriptor or port left: never the target's fault


class WhosOnLoadError(Exception):
    """The root of all errors this package raises on purpose; its text is one line fit for a user."""


class ConfigError(WhosOnLoadError):
    """Wrong usage or configuration: says what was got and what was expected."""


class GuardError(WhosOnLoadError):
    """A guard stopped the run to protect the target."""


class LocalProtocolError(WhosOnLoadError):
    """We were about to break the conversation's own rules: a bug of ours, never the target's."""


class RecordError(WhosOnLoadError):
    """The run record cannot be written (disk full, folder gone)."""


class UnreadableError(RecordError):
    """What was named cannot be read as a run record: missing, broken, foreign, or of a newer version."""


class TargetError(WhosOnLoadError):
    """What the target did wrong.

    Attributes:
        fault: the member of the closed set it counts as.
        detail: one line for people (HTTP status, close code, the operating system's words); never a counting key.
    """

    def __init__(self, fault: Fault, detail: str = "") -> None:
        super().__init__(f"{fault}: {detail}" if detail else str(fault))
        self.fault = fault
        self.detail = detail


class ConnectError(TargetError):
    """No WebSocket came about.

    Attributes:
        http_status: the status that answered the upgrade or the proxy's CONNECT, else None.
    """

    def __init__(self, fault: Fault, detail: str = "", http_status: int | None = None) -> None:
        super().__init__(fault, detail)
        self.http_status = http_status


class RemoteProtocolError(TargetError):
    """The target sent what no reading of the protocol allows."""


class SessionClosed(TargetError):
    """The connection ended.

    Attributes:
        close_code: the RFC 6455 close code, None when there was no close frame.
    """

    def __init__(self, fault: Fault, detail: str = "", close_code: int | None = None) -> None:
        super().__init__(fault, detail)
        self.close_code = close_code


class ReplyTimeout(TargetError):
    """An answer did not come before its deadline."""
