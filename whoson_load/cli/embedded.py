"""The simulator as a child of a run: started on free ports in its own process and session, ended only by the process that started it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from types import TracebackType
from typing import Self

from whoson_load.errors import ConfigError, WhosOnLoadError

__all__ = ["READY_TIMEOUT_S", "EmbeddedSimulator"]

READY_TIMEOUT_S = 30.0
"""How long the simulator may take to be ready; it needs less than a second on an idle machine."""

_END_TIMEOUT_S = 5.0


class EmbeddedSimulator:
    """A `whoson-load simulate` that lives as long as the run.

    Its standard input is a pipe from us: when this process ends, however it ends, the pipe does too, and the simulator with it. It has a session
    of its own, so that the terminal's Ctrl-C reaches only us: the visitors' Quits still find their server.

    Args:
        arguments: further ones for `whoson-load simulate`.

    Attributes:
        chat: the ws:// address; "" until it is ready.
        control: the http:// address of its control side.

    Raises:
        ConfigError: it refused its arguments (it has said why itself).
        WhosOnLoadError: it did not become ready.
    """

    def __init__(self, arguments: list[str]) -> None:
        self.chat = self.control = ""
        self._owner = os.getpid()
        command = [sys.executable, "-m", "whoson_load.cli.main", "simulate", "--port", "0", "--control-port", "0"]
        self._process = subprocess.Popen(  # noqa: S603  # our own program
            [*command, "--until-stdin-ends", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=sys.platform != "win32",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        if sys.platform != "win32":
            # A forked worker that kept our end of the pipe would keep the simulator alive after us.
            os.register_at_fork(after_in_child=self._forget)
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def _wait_until_ready(self) -> None:
        assert self._process.stdout is not None
        deadline = threading.Timer(READY_TIMEOUT_S, self._process.kill)
        deadline.start()
        try:
            line = self._process.stdout.readline()
        finally:
            deadline.cancel()
        if not line:
            code = self._process.wait()
            if code == 2:
                raise ConfigError("the simulator did not accept its settings (see above)")
            raise WhosOnLoadError(f"the simulator ended with exit code {code} before it was ready")
        addresses = json.loads(line)
        self.chat, self.control = addresses["chat"], addresses["control"]

    def _forget(self) -> None:
        if self._process.stdin is not None:
            os.close(self._process.stdin.fileno())

    def stop(self) -> None:
        """End it, and wait until it is gone. Does nothing in any other process than the one that started it."""
        if os.getpid() != self._owner or self._process.stdin is None:
            return
        process = self._process
        try:
            process.stdin.close()  # type: ignore[union-attr]
        except OSError:
            pass  # it is gone already
        try:
            process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
