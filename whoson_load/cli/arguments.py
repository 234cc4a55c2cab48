"""What all subcommands do the same with their arguments: complain in one line, write a page where it is wanted."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from whoson_load.errors import ConfigError
from whoson_load.record.journal import replace_file

__all__ = ["Parser", "refuse", "write_page"]


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        """Complain.

        Raises:
            ConfigError: always.
        """
        refuse(message)


def refuse(message: str) -> NoReturn:
    """Complain of an argument in one line, however many the message has.

    Raises:
        ConfigError: always.
    """
    raise ConfigError(" ".join(message.split()))


def write_page(page: str, path: Path | None) -> None:
    """Write a page to a file and say where, or to stdout.

    Args:
        path: None, or `-`, for stdout.

    Raises:
        RecordError: the file cannot be written.
    """
    if path is None or path == Path("-"):
        sys.stdout.write(page)
        return
    replace_file(path, page.encode())
    sys.stdout.write(f"Report: {path}\n")
