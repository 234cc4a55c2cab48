"""Reading a site file: TOML in, settings out, and for every mistake its line. Knows nothing of what settings do."""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from whoson_load.errors import ConfigError
from whoson_load.simulator.delays import convert
from whoson_load.simulator.fault_settings import contradiction
from whoson_load.simulator.settings import Settings

__all__ = ["BUILT_IN", "load_settings", "parse_settings"]

BUILT_IN = ("default", "busy", "closed", "bots", "rehearsal")
"""The sites that come with the package, by name."""


def load_settings(site: str) -> Settings:
    """Read a site by the name of a built-in one, or from a file.

    Args:
        site: one of BUILT_IN, or a path.

    Raises:
        ConfigError: there is no such site, or the file is not as it has to be; names file and line.
    """
    try:
        written = _built_in(site) if site in BUILT_IN else Path(site).read_bytes()
    except OSError as problem:
        built_in = ", ".join(BUILT_IN)
        raise ConfigError(
            f"site {site}: {problem.strerror or problem}, expected {built_in} or a readable file"
        ) from None
    try:
        return parse_settings(written.decode("utf-8"), site)
    except UnicodeDecodeError as problem:
        line = written.count(b"\n", 0, problem.start) + 1
        raise ConfigError(f"{site}:{line}: got bytes that are no UTF-8, expected TOML") from None


def parse_settings(written: str, source: str) -> Settings:
    """Read the text of a site file.

    Args:
        source: what to call it in messages.

    Raises:
        ConfigError: it is no TOML, or a key or value is not what it has to be.
    """
    try:
        tables = _extended(tomllib.loads(written))
    except tomllib.TOMLDecodeError as problem:
        where = re.search(r"\(at line (\d+), column \d+\)$", str(problem))
        line = int(where[1]) if where else written.count("\n") + 1
        what = re.sub(r" \(at [^)]*\)$", "", str(problem))
        raise ConfigError(f"{source}:{line}: got no TOML ({what})") from None
    except RecursionError:
        raise ConfigError(f"{source}:1: got TOML nested too deeply") from None
    try:
        settings: Settings = msgspec.convert(tables, Settings, dec_hook=convert)
    except msgspec.ValidationError as problem:
        what, _, path = str(problem).partition(" - at `$")
        raise _mistake(written, source, path.rstrip("`"), what) from None
    for path, what in _contradictions(settings):
        raise _mistake(written, source, path, what)
    return settings


def _built_in(name: str) -> bytes:
    return resources.files("whoson_load.simulator").joinpath(f"sites/{name}.toml").read_bytes()


def _extended(tables: dict[str, Any]) -> dict[str, Any]:
    """Tables laid over the built-in site that they extend; a name of none is left for the check of the settings."""
    base = tables.get("extends", "")
    if base not in BUILT_IN:
        return tables
    return _laid_over(_extended(tomllib.loads(_built_in(base).decode())), tables)


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Tables key by key, everything else as a whole: a list replaces a list."""
    laid = dict(below)
    for key, value in above.items():
        old = laid.get(key)
        laid[key] = _laid_over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return laid


def _contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    """What no single key can be blamed for by its type: (path, what is wrong)."""
    access, site, queue = settings.access, settings.site, settings.queue
    if settings.extends not in ("", *BUILT_IN):
        yield ".extends", f"got {settings.extends!r}, expected one of {', '.join(BUILT_IN)}"
    for name, networks in (("whitelist", access.whitelist), ("blacklist", access.blacklist)):
        for network in networks:
            if not _is_network(network):
                yield f".access.{name}", f"got {network!r}, expected addresses and networks"
    for number, place in enumerate(settings.places):
        if place.network and not _is_network(place.network):
            yield f".places[{number}].network", f"got {place.network!r}, expected a network such as 195.62.193.0/24"
    yield from _twice(".operators", "name", [each.name.lower() for each in settings.operators])
    for survey, asked in (("pre_chat_survey", site.pre_chat_survey), ("post_chat_survey", site.post_chat_survey)):
        yield from _twice(f".site.{survey}.fields", "field_name", [each.field_name for each in asked.fields])
    for path, wrong, what in (
        (".talk.greetings", not settings.talk.greetings, "got none, expected at least one"),
        (".talk.replies", not settings.talk.replies, "got none, expected at least one"),
        (".site.domain", not site.domain.strip(), "got a blank domain, expected one"),
        (".queue.tick", queue.tick < 1_000_000, "got less than a millisecond, expected at least 1ms"),
        (".queue.message_every", queue.message_every < 1_000_000, "got less than a millisecond, expected at least 1ms"),
    ):
        if wrong:
            yield path, what
    problem = contradiction(settings.faults)
    if problem is not None:
        yield f".faults{problem[0]}", problem[1]


def _twice(path: str, key: str, names: list[str]) -> Iterator[tuple[str, str]]:
    for number, name in enumerate(names):
        if name in names[:number]:
            yield f"{path}[{number}].{key}", f"got {name!r} twice, expected names that differ"


def _is_network(written: str) -> bool:
    try:
        ipaddress.ip_network(written, strict=False)
    except ValueError:
        return False
    return True


_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+|\.\.\.)\]")
_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\-]+)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\-]+)\s*=")


def _mistake(written: str, source: str, path: str, what: str) -> ConfigError:
    steps: tuple[str | int, ...] = tuple(
        key or (int(index) if index.isdigit() else 0) for key, index in _STEP.findall(path)
    )
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", what)
    if unknown:
        steps, what = (*steps, unknown[1]), "got a key nobody knows"
    name = ".".join(str(step) for step in steps)
    lines = _lines_of(written)
    while steps and steps not in lines:
        steps = steps[:-1]
    return ConfigError(f"{source}:{lines.get(steps, 1)}: {name or 'the file'}: {what}")


def _lines_of(written: str) -> dict[tuple[str | int, ...], int]:
    """Where each table and key starts: path -> line, from 1. Keys of inline tables stand with what holds them."""
    lines: dict[tuple[str | int, ...], int] = {}
    arrays: dict[tuple[str | int, ...], int] = {}
    table: tuple[str | int, ...] = ()
    inside: str | None = None
    for number, line in enumerate(written.splitlines(), 1):
        if inside is None:
            if header := _HEADER.match(line):
                table = ()
                *outer, last = header[2].split(".")
                for step in outer:
                    table = (*table, step)
                    if table in arrays:
                        table = (*table, arrays[table])
                table = (*table, last)
                if header[1] == "[[":
                    arrays[table] = arrays.get(table, -1) + 1
                    table = (*table, arrays[table])
                lines.setdefault(table, number)
            elif key := _KEY.match(line):
                lines.setdefault((*table, *key[1].split(".")), number)
        for quotes in ('"""', "'''"):
            if inside in (None, quotes) and line.count(quotes) % 2:
                inside = None if inside else quotes
    return lines
