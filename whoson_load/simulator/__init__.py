"""A WhosOn server of our own: the embedded default of every run and the ground truth of every figure.

Knows the protocol and nothing else of the package: no Locust, no gevent, none of the visitors' side.
"""

from __future__ import annotations

__all__: list[str] = []
