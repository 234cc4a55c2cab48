"""What a run measures: series, outcomes, histograms, the ledger, trust, and the types of the record.

Pure: knows no socket, no Locust, no file and no clock; every instant comes as an argument.
"""

from __future__ import annotations

__all__: list[str] = []  # each module is imported by its own name
