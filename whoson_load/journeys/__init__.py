"""What visitors do, as plain functions over a chat session."""

from __future__ import annotations

from whoson_load.journeys.catalogue import CATALOGUE, Entry, mix
from whoson_load.journeys.everyday import everyday
from whoson_load.journeys.visit import Journey, visit

__all__ = ["CATALOGUE", "Entry", "Journey", "everyday", "mix", "visit"]
