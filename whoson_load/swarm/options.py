"""Our options beside Locust's own, and the settings read from them. Knows Locust's parser and no running test."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from whoson_load.client.dial import reach
from whoson_load.client.target import Deadlines, Target
from whoson_load.errors import ConfigError, ConnectError

__all__ = ["DEFAULT_DOMAIN", "Settings", "add_options", "expect_open", "read_target"]

DEFAULT_DOMAIN = "www.mycompany.com"
"""The site of the specification's examples, and of the simulator."""


class _Parser(Protocol):
    def add_argument_group(self, title: str, description: str) -> argparse._ArgumentGroup: ...


def add_options(parser: _Parser) -> None:
    """Add our options to Locust's parser; each is a flag, an environment variable and a line in locust.conf."""
    group = parser.add_argument_group(
        "WhosOn options",
        "The authentication string and the API key come from the environment: WHOSON_AUTH and WHOSON_API_KEY.",
    )

    def add(flag: str, help_text: str, default: object = None, **more: object) -> argparse.Action:
        variable = "WHOSON_" + flag.strip("-").upper().replace("-", "_")
        return group.add_argument(flag, default=default, help=help_text, env_var=variable, **more)  # type: ignore[arg-type]

    pace = add(
        "--pace", "human times N times shorter: reading, thinking, typing, patience (default: 1)", type=_positive
    )
    # Locust's start form shows what has this mark; the rest may hold what is nobody's business there.
    pace.include_in_web_ui = True  # type: ignore[attr-defined]
    arrivals = add(
        "--arrivals",
        "the rate curve along which visitors arrive (open model), such as 'ramp to 60/min over 5m; hold 10m'; replaces"
        " the locustfile's",
        type=_written,
        metavar="CURVE",
    )
    arrivals.include_in_web_ui = True  # type: ignore[attr-defined]
    add(
        "--max-visitors",
        "at most so many visitors in progress; who is due beyond is sent away and counted as capped (default: no cap)",
        type=_whole(1),
        metavar="N",
    )
    add(
        "--only-visitor",
        "make just the visit of the visitor with this number; needs --seed",
        type=_whole(0),
        metavar="N",
    )
    add("--domain", f"the site's domain as set up on the server (default: {DEFAULT_DOMAIN})", DEFAULT_DOMAIN)
    add(
        "--seed",
        "of everything random, and of the tag in visitors' names; the same seed makes the same visits (default: a new"
        " one, kept in the record)",
        type=int,
    )
    add(
        "--allow-target",
        "name a host that is not this machine a second time, to allow it; may be repeated",
        [],
        action="append",
        metavar="HOST",
    )
    add(
        "--allow-side-effects",
        "on a host that is not this machine, let visitors leave messages, have transcripts sent, upload files, and try"
        " what a strict server may blacklist this machine's address for: a session that is over, wrong answers",
        False,
        action="store_true",
    )
    add("--proxy", "an HTTP proxy to CONNECT through", metavar="http://HOST:PORT")
    add("--ca-file", "trust these certificates instead of the system's", metavar="FILE")
    add("--insecure", "do not verify certificates", False, action="store_true")
    add(
        "--header",
        "a further header of the upgrade request; may be repeated",
        [],
        action="append",
        metavar="'NAME: VALUE'",
    )
    add("--forward-visitor-ip", "send each visitor's address as X-Forwarded-For", False, action="store_true")
    add("--connect-timeout", "seconds for TCP, proxy, TLS and upgrade (default: 10)", 10.0, type=_positive, metavar="S")
    add(
        "--reply-timeout",
        "seconds for the event that a command calls for (default: 30)",
        30.0,
        type=_positive,
        metavar="S",
    )
    add(
        "--idle-timeout", "seconds for anything at all during a chat (default: 600)", 600.0, type=_positive, metavar="S"
    )
    add(
        "--objective",
        "what the run has to meet, such as 'echo p99 < 500ms', 'lost == 0' or 'abandoned < 5%%'; may be repeated",
        [],
        action="append",
        metavar="TEXT",
    )
    add("--out", "the folder that gets a folder for this run (default: reports)", "reports", metavar="DIR")
    add("--scrape", "sample this Prometheus endpoint of the server's machine beside the load", metavar="URL")
    add(
        "--scrape-series",
        'take this series of it: NAME or NAME{label="value"}, * in names allowed; may be repeated (default: CPU,'
        " memory and sockets as windows_exporter and node_exporter name them)",
        [],
        action="append",
        metavar="NAME",
    )
    add("--interval", "seconds that an interval of the record lasts (default: 5)", 5.0, type=_interval, metavar="S")
    add(
        "--no-page",
        "leave no report.html at the end, which takes a second; `whoson-load report RUN --format html` makes it later",
        False,
        action="store_true",
    )
    add("--run-name", "the end of that folder's name (default: the locustfile's)", metavar="NAME")


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a number above 0")
    return value


def _written(text: str) -> str:
    # A shell's variable that is not set; taken for no curve, it would make another run than was meant.
    if not text.strip():
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a curve such as 'constant 30/min for 10m'")
    return text


def _interval(text: str) -> float:
    seconds = _positive(text)
    if not 0.5 <= seconds <= 300 or round(seconds * 1000) != seconds * 1000:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected seconds from 0.5 to 300, to a thousandth")
    return seconds


def _whole(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) <= 15 and int(text) >= least):
            raise argparse.ArgumentTypeError(f"got {text!r}, expected a whole number of {least} or more")
        return int(text)

    return read


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run was asked to be, its target apart.

    Attributes:
        pace: human times are divided by it; None where neither option nor environment says, so that the locustfile may.
        seed: of everything random.
        out: the parent of the run's folder.
        run_name: the end of the folder's name.
        interval_s: how long an interval of the record lasts.
    """

    pace: float | None
    seed: int
    out: str
    run_name: str
    interval_s: float

    @classmethod
    def read(cls, options: argparse.Namespace, locustfile: str) -> Settings:
        """Read them from Locust's parsed options."""
        seed = options.seed if options.seed is not None else secrets.randbelow(2**31)
        name = options.run_name or locustfile.replace("\\", "/").rpartition("/")[2].removesuffix(".py") or "run"
        return cls(pace=options.pace, seed=seed, out=options.out, run_name=name, interval_s=options.interval)


def read_target(options: argparse.Namespace, host: str | None) -> Target:
    """Read the target from Locust's parsed options; nothing is looked up.

    Raises:
        ConfigError: a setting is not of its form, or there is no host.
        GuardError: the host may not be dialled.
    """
    if not host:
        raise ConfigError("--host: got none, expected ws://HOST:PORT")
    return Target.read(
        host,
        domain=options.domain,
        allowed=options.allow_target or (),
        proxy=options.proxy,
        ca_file=options.ca_file,
        insecure=options.insecure,
        headers=options.header or (),
        forward_visitor_ip=options.forward_visitor_ip,
        allow_side_effects=options.allow_side_effects,
        deadlines=Deadlines(
            connect_s=options.connect_timeout, reply_s=options.reply_timeout, idle_s=options.idle_timeout
        ),
    )


def expect_open(target: Target) -> None:
    """Look the target up and knock once, before visitors do.

    Raises:
        ConfigError: it cannot be looked up, or does not take a connection.
    """
    try:
        reach(target)
    except ConnectError as problem:
        where = f"--host: {target.address.url}" if target.proxy is None else "--proxy"
        raise ConfigError(f"{where}: {problem.detail}; is it there?") from None
