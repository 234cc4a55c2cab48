"""Texts with a person's or a number's place in them. Knows no chat."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

__all__ = ["fill", "office_time"]

_PLACE = re.compile(r"\{(\w+)\}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in the places that are named for them; other braces stay as they are."""
    return _PLACE.sub(lambda match: values.get(match[1], match[0]), text)


def office_time(wall_ns: int, utc_bias_minutes: int) -> datetime:
    """The time of day at the site's office."""
    return datetime.fromtimestamp(wall_ns / 1e9, UTC) + timedelta(minutes=utc_bias_minutes)
