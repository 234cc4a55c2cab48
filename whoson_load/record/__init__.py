"""The run record on disk: writes it while the run goes, and reads it whatever became of the run.

Knows the files and their formats; what they hold is declared in `measurement.run`.
"""

from __future__ import annotations

__all__: list[str] = []  # each module is imported by its own name
