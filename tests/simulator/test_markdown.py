from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.simulator.markdown import render

TAGS = ("a", "b", "em", "strong", "code", "br")


@pytest.mark.parametrize(
    "markdown, html",
    [
        ("plain", "plain"),
        ("**bold**", "<strong>bold</strong>"),
        ("*slanted* and _slanted_", "<em>slanted</em> and <em>slanted</em>"),
        ("`code`", "<code>code</code>"),
        ("a\nb", "a<br>b"),
        ("2 * 3 * 4, snake_case_name", "2 * 3 * 4, snake_case_name"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("<b>x</b>", "<b>x</b>"),
        ("<script>x</script>", "x"),
        ('<b onclick="x">y</b>', "<b>y</b>"),
        ('<a href="javascript:x">y</a>', "<a>y</a>"),
        (
            '<a href="https://x.invalid/?a=1&b=2" class="c">y</a>',
            '<a href="https://x.invalid/?a=1&amp;b=2" target="_blank">y</a>',
        ),
        ("[words](https://x.invalid/a_b_c)", '<a href="https://x.invalid/a_b_c" target="_blank">words</a>'),
        ("[**w**](https://x.invalid/)", '<a href="https://x.invalid/" target="_blank">**w**</a>'),
        (
            "see https://x.invalid/a_b_c.",
            'see <a href="https://x.invalid/a_b_c" target="_blank">https://x.invalid/a_b_c</a>.',
        ),
    ],
)
def test_markdown_becomes_html(markdown: str, html: str) -> None:
    """Emphasis, code, links and line ends; text stays text."""
    assert render(markdown, TAGS) == html


def test_nothing_is_made_that_is_not_allowed() -> None:
    """Without tags, the words remain."""
    assert render("**a** *b* `c` [d](https://x.invalid/) <b>e</b>\nf", ()) == "a b c d e f"


@given(st.text(alphabet="ab <>&*_`[]()\"'/\n\x00:htps.", max_size=60))
def test_no_line_breaks_out_of_its_text(markdown: str) -> None:
    """Whatever is written, only allowed tags are tags."""
    html = render(markdown, ("b", "strong"))
    for tag in ("<b>", "</b>", "<strong>", "</strong>"):
        html = html.replace(tag, "")
    assert "<" not in html
    assert "\x00" not in html
