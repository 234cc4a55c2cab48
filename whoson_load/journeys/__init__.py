"""What visitors do, as plain functions over a chat session."""

from __future__ import annotations

from whoson_load.journeys.everyday import everyday
from whoson_load.journeys.visit import Journey, visit

__all__ = ["Journey", "everyday", "visit"]
