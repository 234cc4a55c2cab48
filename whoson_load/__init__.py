"""Load tests for WhosOn chat servers, in Locust: visitors as they behave, latencies one can trust.

A locustfile imports what it needs from here:

    from whoson_load import ChatVisitor, Outcome, everyday

Asking for one of these names loads Locust (which patches the standard library) and adds our options and our run record
to it.
"""

from __future__ import annotations

import importlib

__all__ = ["ChatSession", "ChatVisitor", "Does", "Hears", "Manners", "Outcome", "__version__", "everyday", "replay"]

__version__ = "0.1.0"

_FROM_PLUGIN = frozenset(__all__) - {"__version__"}


def __getattr__(name: str) -> object:
    if name in _FROM_PLUGIN:
        return getattr(importlib.import_module("whoson_load.plugin"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
