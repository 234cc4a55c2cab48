from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.protocol.lines import LineKind, kind_of, utf16_length


@pytest.mark.parametrize("kind", [kind for kind in LineKind if kind is not LineKind.UNKNOWN])
def test_each_classname_of_the_specification_is_its_kind(kind: LineKind) -> None:
    """The classname as a server writes it, in capitals, and with its tokens in another order."""
    assert kind_of(kind.value) is kind
    assert kind_of(kind.value.upper()) is kind
    assert kind_of("  ".join(reversed(kind.value.split()))) is kind


@pytest.mark.parametrize(
    "classname, kind",
    [
        ("LineO", LineKind.OPERATOR),
        (" lineo ", LineKind.OPERATOR),
        ("lineo final urgent", LineKind.FINAL),
        ("linev new", LineKind.VISITOR),
        ("linev final", LineKind.VISITOR),
        ("lineo linet", LineKind.TRANSLATION),
        ("linewaiting1", LineKind.WAITING_1),
        ("lineo whisper", LineKind.UNKNOWN),
        ("final", LineKind.UNKNOWN),
        ("lineos", LineKind.UNKNOWN),
        ("", LineKind.UNKNOWN),
        (" ", LineKind.UNKNOWN),
    ],
)
def test_a_classname_is_read_by_its_tokens(classname: str, kind: LineKind) -> None:
    """Only the one token `lineo` is an operator's line; what nobody has heard of is unknown."""
    assert kind_of(classname) is kind


TOKENS = (
    st.sampled_from(["lineo", "LINEO", "linev", "final", "linesays", "linet", "queuemessage", "whisper"]) | st.text()
)


@given(st.lists(TOKENS, max_size=3).map(" ".join))
def test_only_lineo_alone_is_an_operators_line(classname: str) -> None:
    """A class that says more is never an operator's, and one without `final` never the final line."""
    kind, tokens = kind_of(classname), set(classname.lower().split())
    assert (kind is LineKind.OPERATOR) == (tokens == {"lineo"})
    assert (kind is LineKind.FINAL) == (tokens >= {"lineo", "final"})


@pytest.mark.parametrize(
    "line, length", [("", 0), ("abc", 3), ("é", 1), ("漢字", 2), ("🙂", 2), ("a\U0001f1ec", 3), ("\ud800", 1)]
)
def test_a_line_is_as_long_as_its_utf16_units(line: str, length: int) -> None:
    """A character outside the basic plane counts two, as on the server's platform."""
    assert utf16_length(line) == length
