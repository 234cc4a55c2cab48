"""A run's progress in a terminal: lines that renew themselves within its width, and leave nothing behind."""

from __future__ import annotations

import os
import re
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.programs import VISITORS, Ended, Program, Programs, wait_until
from whoson_load.cli.progress import next_line_s
from whoson_load.measurement.sample import HEADLINE

if sys.platform == "win32":
    pytest.skip("a pseudo-terminal is POSIX", allow_module_level=True)

import fcntl
import pty
import termios

LINES = 24
WIDTHS = (120, 80, 50)


class Screen:
    """As much of a terminal as what we print asks for: it wraps, goes up, erases, and keeps what scrolled away.

    Attributes:
        lines: all that stands on it, from the beginning.
        snapshots: what stood on it whenever the program began to erase.
        cursor_shown: whether the cursor is.
        unknown: control sequences that it does not know.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._row = self._column = 0
        self.lines = [""]
        self.snapshots: list[list[str]] = []
        self._written_since = False
        self.cursor_shown = True
        self.unknown: list[str] = []

    def feed(self, written: str) -> None:
        """Take what a program wrote."""
        for part in re.findall(r"\x1b\[[?0-9;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+|\x1b.?", written):
            if part.startswith("\x1b"):
                self._control(part)
            elif part == "\r":
                self._column = 0
            elif part == "\n":
                self._down()
            else:
                for character in part:
                    self._put(character)

    def _control(self, sequence: str) -> None:
        number = int(re.sub(r"\D", "", sequence) or "1")
        if sequence.endswith("m"):
            pass
        elif sequence.endswith("A"):
            assert number <= LINES, "it goes up further than the screen is high"
            self._row = max(0, self._row - number)
        elif sequence.endswith("K"):
            if self._written_since:
                self.snapshots.append(list(self.lines))
                self._written_since = False
            self.lines[self._row] = "" if sequence == "\x1b[2K" else self.lines[self._row][: self._column]
        elif sequence in ("\x1b[?25l", "\x1b[?25h"):
            self.cursor_shown = sequence.endswith("h")
        else:
            self.unknown.append(sequence)

    def _down(self) -> None:
        self._row += 1
        if self._row == len(self.lines):
            self.lines.append("")

    def _put(self, character: str) -> None:
        self._written_since = True
        if self._column == self._width:
            self._down()
            self._column = 0
        line = self.lines[self._row].ljust(self._column)
        self.lines[self._row] = line[: self._column] + character + line[self._column + 1 :]
        self._column += 1


@dataclass(frozen=True)
class Watched:
    """A run whose terminal was watched."""

    ended: Ended
    screen: Screen


class Terminal:
    """A pseudo-terminal that a program runs in; all that it writes is kept."""

    def __init__(self, programs: Programs, width: int, *options: str) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, width, 0, 0))
        command = ("whoson-load", "run", VISITORS, "-u", "5", "-r", "5", "-t", "7s", "--pace", "60", "-L", "INFO")
        self.program: Program = programs.start(
            *command,
            "--interval",
            "1",
            "--out",
            f"out{width}",
            *options,
            stdin=slave,
            stdout=slave,
            environment={"TERM": "xterm-256color"},
        )
        os.close(slave)
        self._written = bytearray()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._width = width

    def _read(self) -> None:
        try:
            while data := os.read(self._master, 65536):
                self._written += data
        except OSError:  # Linux tells so that the other end is closed
            pass

    @property
    def written(self) -> bytes:
        """What has come so far."""
        return bytes(self._written)

    @property
    def echoes(self) -> bool:
        """Whether it shows what is typed, as a shell expects it to."""
        return bool(termios.tcgetattr(self._master)[3] & termios.ECHO)

    def watched(self) -> Watched:
        """What was seen, once it is over."""
        ended = self.program.end()
        self._reader.join(10)
        self.echoed = self.echoes
        os.close(self._master)
        screen = Screen(self._width)
        screen.feed(self._written.decode("utf-8"))
        return Watched(ended, screen)


@pytest.fixture(scope="module")
def terminals(shared_programs: Programs) -> Iterator[Callable[[int], Watched]]:
    """Runs in terminals of several widths, side by side."""
    under_way = {width: Terminal(shared_programs, width) for width in WIDTHS}
    done: dict[int, Watched] = {}

    def watch(width: int) -> Watched:
        if width not in done:
            done[width] = under_way[width].watched()
        return done[width]

    yield watch
    for width in WIDTHS:
        watch(width)


@pytest.fixture(params=WIDTHS)
def watched(request: pytest.FixtureRequest, terminals: Callable[[int], Watched]) -> Watched:
    """A run in a terminal."""
    return terminals(request.param)


@pytest.mark.parametrize(
    "now_s, every_s, least_s, line_s",
    [
        (1000.0, 5, 0.0, 1006.0),
        (1004.9, 5, 0.0, 1006.0),
        (1004.9, 5, 1.0, 1011.0),
        (1003.9, 5, 1.0, 1006.0),
        (1006.0, 5, 0.0, 1011.0),
        (1001.0, 60, 1.0, 1021.0),
    ],
)
def test_a_line_comes_when_an_interval_s_reports_are_in(
    now_s: float, every_s: float, least_s: float, line_s: float
) -> None:
    """Right after its end, and the first one not for an interval that had hardly begun to be one."""
    assert next_line_s(round(now_s * 1e9), every_s, least_s) == pytest.approx(line_s - now_s)


def test_a_run_in_a_terminal_ends_well(watched: Watched) -> None:
    """And gives the cursor back."""
    assert watched.ended.code == 0
    assert watched.screen.cursor_shown
    assert watched.screen.unknown == []


def test_progress_renews_itself(watched: Watched) -> None:
    """At least once a second or so, in its own place: it never stands on the screen twice."""
    shown = [snapshot for snapshot in watched.screen.snapshots if _progress(snapshot)]
    times = {time for snapshot in shown for time in re.findall(r"\d+/7 s", "\n".join(snapshot))}
    assert len(times) >= 4
    assert max(len(_progress(snapshot)) for snapshot in shown) == 1


def test_progress_has_a_bar_and_the_four_latencies(terminals: Callable[[int], Watched]) -> None:
    """And the visits, in a terminal as narrow as they come."""
    snapshots = ["\n".join(snapshot) for snapshot in terminals(80).screen.snapshots]
    last = [snapshot for snapshot in snapshots if "in progress" in snapshot][-1]
    assert "━" in last
    assert re.search(r"\d/7 s", last)
    header = next(line for line in last.splitlines() if "operatorjoined" in line and "connect" in line)
    assert header.split() == list(HEADLINE)
    for row in ("p50", "p99"):
        times = next(line for line in last.splitlines() if line.startswith(row))
        assert re.fullmatch(rf"{row}(?: +[\d.]+ (?:ms|s|min)){{{len(HEADLINE)}}}", times.rstrip())


def test_progress_leaves_nothing_behind(watched: Watched) -> None:
    """At the end there is one table, and the record's place."""
    text = "\n".join(watched.screen.lines)
    assert _progress(watched.screen.lines) == []
    assert "━" not in text
    assert text.count("Latencies") == 1
    assert text.count("Record: ") == 1


def test_what_is_logged_meanwhile_stands_above(watched: Watched) -> None:
    """Whole, and once."""
    text = "".join(watched.screen.lines).replace(" ", "")
    assert text.count("Allusersspawned:") == 1
    assert text.count("Shuttingdown(exitcode0)") == 1
    assert text.index("Allusersspawned:") < text.index("Latencies")


def test_a_second_ctrl_c_gives_the_terminal_back(programs: Programs) -> None:
    """The cursor, and the keys: Locust reads them one by one while a run goes on."""
    terminal = Terminal(programs, 80, "--stop-timeout", "300", "--pace", "1")
    before = terminal.echoes
    wait_until(lambda: b"in progress" in terminal.written, 40, "no progress was shown", of=terminal.program)
    assert (before, terminal.echoes) == (True, False)
    terminal.program.interrupt(times=2)
    watched = terminal.watched()
    assert watched.ended.code == 130
    assert watched.screen.cursor_shown
    assert terminal.echoed
    assert _progress(watched.screen.lines) == []


def _progress(lines: list[str]) -> list[str]:
    """The lines of a screen that count the visits in progress."""
    return [line for line in lines if re.match(r"[\d,]+ in progress", line)]
