from __future__ import annotations

import re

from whoson_load.measurement import sample
from whoson_load.measurement.sample import HEADLINE, SERIES


def test_headline_series_are_the_four_every_table_shows() -> None:
    """The four headline series are known by exactly these names."""
    assert HEADLINE == ("connect", "accepted", "operatorjoined", "echo")


def test_every_constant_names_a_series_and_every_series_has_a_constant() -> None:
    """No series is spelt in two ways: each name stands once, as a constant of the module."""
    constants = {getattr(sample, name) for name in sample.__all__ if isinstance(getattr(sample, name), str)}
    assert constants == set(SERIES)


def test_table_tells_for_every_series_what_is_timed_from_where_to_where() -> None:
    """Every row has its key as its name, a begin, an end, and one whole sentence."""
    for name, series in SERIES.items():
        assert series.name == name
        assert series.begins
        assert series.ends
        assert re.fullmatch(r"[A-Z].*\.", series.description), name


def test_names_can_be_tags_of_a_histogram_log() -> None:
    """No name holds a comma or white space, which the log format cannot carry."""
    assert all(re.fullmatch(r"[a-z.]+", name) for name in SERIES)
