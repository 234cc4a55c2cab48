"""What aiohttp has to complain about: bad requests are counted, anything else is shown. Knows no chat."""

from __future__ import annotations

import logging

from aiohttp.http_exceptions import HttpProcessingError

from whoson_load.simulator.counts import Counts

__all__ = ["complaints"]


def complaints(counts: Counts) -> logging.Logger:
    """A logger for aiohttp.

    Whoever sends nonsense shall not fill a log with it, nor stop the server at a pipe that nobody reads.
    """
    logger = logging.Logger("whoson_load.simulator.http")  # noqa: LOG001 (of this server alone)
    logger.addHandler(_Counter(counts))
    return logger


class _Counter(logging.Handler):
    def __init__(self, counts: Counts) -> None:
        super().__init__()
        self._counts = counts

    def emit(self, record: logging.LogRecord) -> None:
        problem = record.exc_info[1] if record.exc_info else None
        if isinstance(problem, HttpProcessingError | ConnectionError):
            self._counts.incidents["bad_requests"] += 1
        elif record.levelno >= logging.ERROR:
            self._counts.incidents["internal_errors"] += 1
            if logging.lastResort is not None:
                logging.lastResort.handle(record)
