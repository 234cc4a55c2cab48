"""`whoson-load import-har`: makes a locustfile of a chat that a browser recorded, without what was said in it."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from whoson_load.cli.arguments import Parser
from whoson_load.errors import ConfigError
from whoson_load.visitors.disclosures import Disclosure, disclosed
from whoson_load.visitors.har import MOST_HAR_BYTES, Archive, read_har
from whoson_load.visitors.locustfile import write_locustfile
from whoson_load.visitors.recorded_chat import RecordedChat, choose_chat, find_chats
from whoson_load.visitors.recording import Does, length_of_time, length_s
from whoson_load.visitors.tracing import Traced, trace

__all__ = ["main"]

_DESCRIPTION: Final = """Make a locustfile of a chat with a WhosOn server that Chrome or Edge recorded: open the
developer tools, then the chat window, have the chat, and save all as HAR. The locustfile's visitors do what was done,
with the recorded pauses. Texts are made up, of the recorded lengths; secrets and personal data are taken out and
listed, by kind, number and place."""


def main(argv: list[str]) -> int:
    """Run the command.

    Args:
        argv: its arguments.

    Returns:
        0.

    Raises:
        ConfigError: wrong usage, a file that cannot be read or holds no such chat, or one that cannot be written.
    """
    parser = Parser(prog="whoson-load import-har", description=_DESCRIPTION, allow_abbrev=False)
    parser.add_argument("har", metavar="FILE.har", type=Path, help="as the browser saved it, not compressed")
    parser.add_argument(
        "-o",
        "--output",
        metavar="LOCUSTFILE",
        type=Path,
        required=True,
        help="the locustfile to write, such as chat.py",
    )
    parser.add_argument("--chat", metavar="N", type=_number, help="which chat, where the HAR holds several, from 1")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    options = parser.parse_args(argv)
    _check_output(options.output, force=options.force)
    try:
        archive = read_har(_content(options.har))
        chats = find_chats(archive)
        chat = choose_chat(chats, options.chat)
        traced = trace(chat)
    except ConfigError as problem:
        raise ConfigError(f"{options.har}: {problem}") from None
    _write(options.output, write_locustfile(traced.steps, traced.language, str(options.output)), force=options.force)
    for line in _told(archive, len(chats), chat, traced, options.output):
        print(line)
    return 0


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 6 and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a whole number from 1")
    return int(text)


def _check_output(path: Path, *, force: bool) -> None:
    """See what can be seen before the work is done."""
    if path.suffix != ".py":
        raise ConfigError(f"-o: got {path}, expected the name of a Python file, such as {path.stem or 'chat'}.py")
    try:
        is_folder, is_there = path.is_dir(), path.exists()
    except OSError as problem:
        raise ConfigError(f"-o: cannot write {path}: {problem.strerror}") from None
    if is_folder:
        raise ConfigError(f"-o: got the folder {path}, expected the name of a file")
    if is_there and not force:
        raise ConfigError(f"-o: got {path}, which is there; expected another name, or --force to write over it")


def _content(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise ConfigError("got a folder, expected a HAR file")
        if path.exists() and not path.is_file():
            raise ConfigError("got no regular file, expected a HAR file")
        with path.open("rb") as file:
            size_bytes = os.fstat(file.fileno()).st_size
            if size_bytes > MOST_HAR_BYTES:
                raise ConfigError(
                    f"got {size_bytes / 1e6:,.0f} MB, expected at most {MOST_HAR_BYTES / 1e6:,.0f} MB: save a HAR of"
                    " the chat window alone, or with less before and after the chat"
                )
            return file.read(MOST_HAR_BYTES + 1)
    except OSError as problem:
        raise ConfigError(f"cannot be read: {problem.strerror}") from None


def _write(path: Path, source: str, *, force: bool) -> None:
    try:
        with path.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
            file.write(source)
    except OSError as problem:
        raise ConfigError(f"-o: cannot write {path}: {problem.strerror}") from None


def _told(archive: Archive, chats: int, chat: RecordedChat, traced: Traced, output: Path) -> Iterator[str]:
    """What was made of what: no value of the recording is in it."""
    commands = sum(isinstance(step, Does) for step in traced.steps)
    which = f"chat {chat.number} of {chats}" if chats > 1 else "the chat"
    length = length_of_time(length_s(traced.steps))
    yield f"Wrote {output}: {which}, {commands} command{'s' * (commands != 1)} in {length}, language {traced.language}."
    yield ""
    yield "Taken out (what, how often, where):"
    yield from _table(disclosed(chat))
    yield ""
    yield "In their place come a made-up visitor's own data, answers, and texts of the same length."
    if archive.other_entries:
        yield f"Nothing was taken from other entries of the HAR, of which there are {archive.other_entries}."
    for note in traced.notes:
        yield f"Note: {note}"
    yield ""
    yield f"Run it: whoson-load run {shlex.quote(str(output))} --simulator"


def _table(found: Sequence[Disclosure]) -> Iterator[str]:
    widest = max((len(each.kind) for each in found), default=0)
    for kind, times, places in found:
        where = ", ".join(f"{place} {count}" if count > 1 else place for place, count in places.items())
        yield f"  {kind:<{widest}}  {times:>5}  {where}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
