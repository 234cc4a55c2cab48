"""What visitors do, as plain functions over a chat session."""

from __future__ import annotations

from whoson_load.journeys.catalogue import CATALOGUE, Entry, mix
from whoson_load.journeys.everyday import everyday
from whoson_load.journeys.recorded import replay
from whoson_load.journeys.visit import Journey, visit
from whoson_load.visitors.recording import Does, Hears

__all__ = ["CATALOGUE", "Does", "Entry", "Hears", "Journey", "everyday", "mix", "replay", "visit"]
