"""What the figures of a run come to: its parts, its objectives, its drift, its staffing, and how two runs compare.

Pure: it is told what a record holds, and knows no file, no clock and no page.
"""

from __future__ import annotations

__all__: list[str] = []  # each module is imported by its own name
