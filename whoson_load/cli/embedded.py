"""The simulator as a child of a run: on free ports, in its own process and session, ended only by who started it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from io import FileIO

from whoson_load.errors import WhosOnLoadError

__all__ = ["READY_TIMEOUT_S", "EmbeddedSimulator"]

READY_TIMEOUT_S = 30.0
"""How long the simulator may take to be ready; it needs less than a second on an idle machine."""

_END_TIMEOUT_S = 5.0


class EmbeddedSimulator:
    """A `whoson-load simulate` that lives as long as the run.

    Its standard input is a pipe from us: when this process ends, however it ends, the pipe does too, and the simulator
    with it. It has a session of its own, so that the terminal's Ctrl-C reaches only us: the visitors' Quits still find
    their server.

    Args:
        arguments: further ones for `whoson-load simulate`.

    Attributes:
        chat: the ws:// address; "" until it is ready.
        control: the http:// address of its control side.

    Raises:
        SystemExit: it refused its arguments, and has said why itself.
        WhosOnLoadError: it did not become ready.
    """

    def __init__(self, arguments: list[str]) -> None:
        self.chat = self.control = ""
        self._owner = os.getpid()
        # -P: a file of the user's folder shall not pass for a module of ours or of the standard library.
        command = [sys.executable, "-P", "-m", "whoson_load.cli.main", "simulate", "--port", "0", "--control-port", "0"]
        its_end, our_end = os.pipe()
        # As a file, whose close is at once: gevent puts that of a bare descriptor off until something else happens.
        self._lifeline = FileIO(our_end, "wb")
        try:
            self._process = subprocess.Popen(  # our own program
                [*command, "--until-stdin-ends", *arguments],
                stdin=its_end,
                stdout=subprocess.PIPE,
                start_new_session=sys.platform != "win32",
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        finally:
            os.close(its_end)
        if sys.platform != "win32":
            # A forked worker that kept our end of the pipe would keep the simulator alive after us.
            os.register_at_fork(after_in_child=self._let_go)
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
            deadline.join()  # a fork must not find it half-ended
        if not line:
            code = self._process.wait()
            if code == 2:
                raise SystemExit(code)
            raise WhosOnLoadError(f"the simulator ended with exit code {code} before it was ready")
        addresses = json.loads(line)
        self.chat, self.control = addresses["chat"], addresses["control"]

    def _let_go(self) -> None:
        self._lifeline.close()

    def stop(self) -> None:
        """End it, and wait until it is gone. Does nothing in any other process than the one that started it."""
        if os.getpid() != self._owner or self._lifeline.closed:
            return
        self._let_go()
        try:
            self._process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
