"""Takes a picture of a run's page in Chromium, or of parts of it.

    python -m benchmarks.page_picture RUN|PAGE FILE [PART ...]

PAGE is one that was written already, such as a comparison's. A part is a CSS selector. The README's: docs/report.png
header '#answer' 'figure:has(#chart3)' 'figure:has(#chart6)' 'figure:has(#chart11)', of reports/example-missed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.browser.chromium import Chromium, find_chromium
from whoson_load.cli.report import summary_of
from whoson_load.page import page_of
from whoson_load.record.reader import RunReader

WIDTH = 1100
MARGIN = 16


def main() -> None:
    """Take the picture that the command line asks for: of the parts it names, one below the other, or of all."""
    run, file, *parts = sys.argv[1:]
    path = find_chromium()
    if path is None:
        sys.exit("no Chromium is there")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(run).resolve()
        if page.is_dir():
            reader, page = RunReader(page), Path(folder) / "report.html"
            page.write_text(page_of(reader, summary_of(reader)), "utf-8")
        with Chromium(path, Path(folder)) as browser:
            tab = browser.open(page.as_uri(), width=WIDTH)
            tab.wait_for("Bokeh.documents[0].is_idle && document.documentElement.dataset.drawn")
            pictures = [tab.picture(tab.box(part)) for part in parts or ["body"]]
    height = sum(each.height + MARGIN for each in pictures) + MARGIN
    stacked = Image.new("RGB", (WIDTH, height), "white")
    y = MARGIN
    for each in pictures:
        stacked.paste(each, ((WIDTH - each.width) // 2, y))
        y += each.height + MARGIN
    # A page has few colours: so many of them, none in dots of two others, are a third of the size.
    stacked.quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    main()
