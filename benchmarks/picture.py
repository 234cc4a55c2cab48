"""Draws the end of a run as a picture for the README: `python benchmarks/picture.py reports/RUN > docs/demo.svg`."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console

from whoson_load.record.reader import RunReader
from whoson_load.report.terminal import render_summary


def main() -> None:
    """Draw the run that the command line names."""
    folder = Path(sys.argv[1])
    summary = RunReader(folder).summary()
    if summary is None:
        sys.exit(f"{folder}: no summary.json, expected a run that ended")
    text = render_summary(summary, folder)
    console = Console(record=True, width=100, file=io.StringIO(), highlight=False)
    console.print(text, markup=False)
    picture = console.export_svg(title="whoson-load run locustfiles/visitors.py --simulator")
    # Rich would have the reader's browser fetch a font from elsewhere; any monospaced one will do.
    sys.stdout.write(re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL))


if __name__ == "__main__":
    main()
