"""The visitors' side of the wire: targets, connections, and the synchronous chat session."""

from __future__ import annotations

from whoson_load.client.session import ChatSession, Visitor
from whoson_load.client.target import Deadlines, Target

__all__ = ["ChatSession", "Deadlines", "Target", "Visitor"]
