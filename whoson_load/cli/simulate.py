"""`whoson-load simulate`: runs the simulated server until it is told to end. Must never meet gevent nor visitors."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import ssl
import sys
import threading
from collections.abc import Callable
from typing import NoReturn, TypeVar

from whoson_load.errors import ConfigError
from whoson_load.simulator.delays import parse_delay
from whoson_load.simulator.event_loop import allow_many_sockets, run, settle_memory
from whoson_load.simulator.server import Server
from whoson_load.simulator.settings import Settings
from whoson_load.simulator.site_file import BUILT_IN, load_settings
from whoson_load.simulator.tuning import DELAYS, tuned

__all__ = ["SUMMARY", "main"]

SUMMARY = "run a WhosOn server of our own, for rehearsals and calibration"

T = TypeVar("T")


def main(argv: list[str]) -> int:
    """Run the command.

    Args:
        argv: its options.

    Returns:
        0 when it was told to end or the site file is fine, 2 when it could not begin.
    """
    options = _parser().parse_args(argv)
    try:
        settings = tuned(
            load_settings(options.site),
            pace=options.pace,
            delays={name: delay for name in DELAYS if (delay := getattr(options, f"{name}_delay")) is not None},
            operators=options.operators,
            max_chats=options.max_chats,
        )
        if options.check:
            print(f"{options.site}: fine ({settings.site.domain}, operators: {len(settings.operators)})")
            return 0
        tls = _tls(options.tls_cert, options.tls_key)
        allow_many_sockets()
        run(_serve(options, settings, tls))
    except ConfigError as problem:
        print(f"whoson-load simulate: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        pass  # a Ctrl-C before or after the server could listen for one
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="whoson-load simulate",
        description="Run a simulated WhosOn server. Once ready it prints one line of JSON with its two addresses.",
        epilog="Durations are written 20ms, 1.5s, 2m.",
    )
    number = parser.add_argument_group("where")
    number.add_argument("--host", default="127.0.0.1", help="address to listen on for chats (default: %(default)s)")
    number.add_argument(
        "--port", type=_port, default=8009, help="of the chats, 0 for a free one (default: %(default)s)"
    )
    number.add_argument(
        "--control-port",
        type=_port,
        help="of the control side, on 127.0.0.1, 0 for a free one (default: one above --port)",
    )
    number.add_argument("--tls-cert", metavar="FILE", help="certificate chain (PEM): serve wss instead of ws")
    number.add_argument("--tls-key", metavar="FILE", help="its private key (PEM), if it is not in the same file")
    what = parser.add_argument_group("what")
    what.add_argument(
        "--site",
        default="default",
        metavar="NAME|FILE",
        help=f"{', '.join(BUILT_IN)}, or a TOML file (default: %(default)s)",
    )
    what.add_argument("--check", action="store_true", help="only say whether the site file is fine")
    what.add_argument("--seed", type=int, default=0, help="of all randomness (default: %(default)s)")
    what.add_argument(
        "--pace",
        type=_positive,
        default=1.0,
        metavar="N",
        help="operators' human times become N times shorter (default: 1)",
    )
    what.add_argument("--operators", type=_count, metavar="N", help="so many operators, all of them Online")
    what.add_argument("--max-chats", type=_count, metavar="N", help="chats at once of each operator, 0 for any number")
    known = parser.add_argument_group("known times, whatever the site and the pace")
    for name, meaning in DELAYS.items():
        known.add_argument(f"--{name}-delay", type=_delay, metavar="DURATION", help=f"from {meaning}")
    parser.add_argument("--until-stdin-ends", action="store_true", help="end when standard input does")
    return parser


def _checked(convert: Callable[[str], T], accept: Callable[[T], bool], expected: str) -> Callable[[str], T]:
    def read(written: str) -> T:
        try:
            value = convert(written)
            if accept(value):
                return value
        except ValueError:
            pass
        raise argparse.ArgumentTypeError(f"got {written!r}, expected {expected}")

    return read


_port = _checked(int, lambda port: 0 <= port <= 65535, "a port, 0 to 65535")
_count = _checked(int, lambda count: 0 <= count <= 1_000_000, "a whole number, 0 or more")
_positive = _checked(float, lambda number: 0 < number < 1e6, "a number above 0")
_delay = _checked(parse_delay, lambda _: True, "a duration such as 20ms, 1.5s or 2m")


def _tls(certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    if certificate is None:
        if key is not None:
            raise ConfigError("got --tls-key without --tls-cert, expected both or a certificate that holds its key")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def no_password() -> str:
        raise ConfigError(f"the key of {certificate} is encrypted, expected one without a password")

    try:
        context.load_cert_chain(certificate, key, password=no_password)
    except ssl.SSLError as problem:
        raise ConfigError(f"{certificate} and {key or 'itself'} are no certificate and key that fit") from problem
    except OSError as problem:
        what = problem.strerror
        shown = f"{certificate} with {key}" if key else certificate
        raise ConfigError(f"cannot use the certificate {shown}: {what}") from None
    return context


async def _serve(options: argparse.Namespace, settings: Settings, tls: ssl.SSLContext | None) -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, told.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(told.set))
    server = Server(
        settings, seed=options.seed, host=options.host, port=options.port, control_port=options.control_port, tls=tls
    )
    try:
        addresses = await server.start()
        settle_memory()
        if options.until_stdin_ends:
            threading.Thread(target=_watch_stdin, args=(loop, told), daemon=True).start()
        with contextlib.suppress(BrokenPipeError):  # nobody wants to know: the server is of use all the same
            print(json.dumps(addresses._asdict()), flush=True)
        await told.wait()
    finally:
        await server.stop()


def _watch_stdin(loop: asyncio.AbstractEventLoop, told: asyncio.Event) -> None:
    # os.read, since a thread that waits in sys.stdin would hold a lock that the interpreter wants at its end.
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    with contextlib.suppress(RuntimeError):  # the loop is closed already
        loop.call_soon_threadsafe(told.set)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
