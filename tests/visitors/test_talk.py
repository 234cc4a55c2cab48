from __future__ import annotations

import html
import random
import re
import string
from statistics import fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whoson_load.errors import ConfigError
from whoson_load.visitors.draws import visit_random
from whoson_load.visitors.oddities import NO_ODDITIES, Oddities
from whoson_load.visitors.talk import LANGUAGES, MAX_LINE_UNITS, Kind, Talk, _book, shorten, with_token


def units(text: str) -> int:
    """UTF-16 units of a text."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def test_the_sentences_are_parallel_over_the_languages() -> None:
    """Every list has as many sentences in each language, with the same gaps, so that one translates the other."""
    english = _book("en")
    for language in LANGUAGES:
        book = _book(language)
        assert list(book) == list(english)
        for section, lists in english.items():
            assert list(book[section]) == list(lists)
            for name, sentences in lists.items():
                assert len(book[section][name]) == len(sentences), f"{language}: {section}.{name}"
                for own, other in zip(book[section][name], sentences, strict=True):
                    assert gaps(own) == gaps(other), f"{language}: {own}"
                    assert own.strip() == own != ""


def gaps(sentence: str) -> list[str]:
    """The names of the gaps of a sentence, sorted."""
    return sorted({name for _, name, _, _ in string.Formatter().parse(sentence) if name})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", Kind)
def test_a_line_is_ready_to_be_sent(language: str, kind: Kind) -> None:
    """No gap is left, nothing is empty, no line break is in it, and it is never longer than a line may be."""
    for number in range(500):
        line = Talk(language, visit_random(1, number, 0), Oddities(very_long=0.2)).line(kind)
        assert line.strip() == line != ""
        assert not re.search(r"\{(order|product|day)\}|\n|  ", line)
        assert units(line) <= MAX_LINE_UNITS


def test_the_same_visit_says_the_same() -> None:
    """All of a visit's talk comes from its stream."""
    one, other = (Talk("fr", visit_random(4, 5, 6)) for _ in range(2))
    kinds = [Kind.OPENING, "question", "answer", Kind.ANSWER, "thanks"]
    assert [one.line(kind) for kind in kinds] == [other.line(kind) for kind in kinds]


def test_a_visitor_keeps_to_the_order_and_the_product() -> None:
    """Whatever numbers a visitor names are one number, and no visitor names two products."""
    products = _book("en")["words"]["product"]
    for number in range(200):
        talk = Talk("en", visit_random(9, number, 0), NO_ODDITIES)
        said = " ".join(talk.line(kind) for kind in (Kind.OPENING, *[Kind.ANSWER, Kind.QUESTION] * 4)).lower()
        assert len(set(re.findall(r"\d{5,8}", said))) <= 1
        assert sum(product in said for product in products) <= 1


def test_nobody_asks_the_same_twice_before_having_asked_everything() -> None:
    """The eight questions an everyday chat may have at most differ from one another."""
    for number in range(200):
        talk = Talk("de", visit_random(2, number, 0), NO_ODDITIES)
        asked = [re.split(r"(?<=[.?!]) ", talk.line(Kind.QUESTION).lower())[-1] for _ in range(6)]
        assert len(set(asked)) == len(asked)


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_enough_variety(language: str) -> None:
    """Of 3,000 openings at least half are like no other, of 3,000 answers a third."""
    openings = [Talk(language, visit_random(1, number, 0), NO_ODDITIES).line("opening") for number in range(3000)]
    assert len(set(openings)) > 1500
    answers = [Talk(language, visit_random(1, number, 0), NO_ODDITIES).line("answer") for number in range(3000)]
    assert len(set(answers)) > 700


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_are_as_long_as_intended(language: str) -> None:
    """Openings have 5 to 30 words, 12 in the middle; answers are shorter, and some are a single word."""
    words = {
        kind: [len(Talk(language, visit_random(1, n, 0), NO_ODDITIES).line(kind).split()) for n in range(1000)]
        for kind in Kind
    }
    assert 10 <= median(words[Kind.OPENING]) <= 14
    assert sum(5 <= each <= 30 for each in words[Kind.OPENING]) > 930
    assert 6 <= median(words[Kind.ANSWER]) <= 11
    assert fmean(words[Kind.ANSWER]) < fmean(words[Kind.OPENING])
    assert 10 < words[Kind.ANSWER].count(1) < 200
    assert median(words[Kind.THANKS]) <= 7


@pytest.mark.parametrize("length", [1, 5, 399, 3990, MAX_LINE_UNITS])
def test_a_pasted_text_is_as_long_as_asked(length: int) -> None:
    """To the character, without a space at its end, and in one line."""
    for number in range(50):
        text = Talk("fr", visit_random(6, number, 0)).pasted(length)
        assert len(text) == units(text) == length
        assert text == text.strip()
        assert "\n" not in text


def test_a_translation_says_the_same() -> None:
    """Both lines name the same order, and are the same sentences: in one language they are equal."""
    for number in range(200):
        talk = Talk("fr", visit_random(3, number, 0))
        english, french = talk.translated("opening", "en")
        assert english != french
        assert re.findall(r"\d{5,8}", english) == re.findall(r"\d{5,8}", french)
    assert len(set(Talk("en", visit_random(3, 1, 0)).translated("opening", "en"))) == 1


def test_who_speaks_what_nobody_speaks_here_is_refused() -> None:
    """One line for an unknown language or kind."""
    with pytest.raises(ConfigError, match="language: got 'tlh', expected one of en, fr, de"):
        Talk("tlh", random.Random(1))
    with pytest.raises(ConfigError, match="language: got 'xx'"):
        Talk("en", random.Random(1)).translated("opening", "xx")
    with pytest.raises(ValueError, match="shouting"):
        Talk("en", random.Random(1)).line("shouting")


TAGS = re.compile(r"<[^>]*>?")

tokens = st.text(string.ascii_letters + string.digits, min_size=4, max_size=24)


@given(
    st.text(max_size=200) | st.sampled_from(["<b", "**a", "`", "[x](", "http://a.b/", "<!--", "<script>", ""]), tokens
)
def test_a_token_survives_what_servers_do_to_a_line(text: str, token: str) -> None:
    """Escaped, stripped of tags, cut off, or with its links made: the token stands first, as a word of its own."""
    line = with_token(text, token)
    for left in (html.escape(line), html.escape(html.escape(line)), TAGS.sub("", line), line[: len(token) + 1]):
        assert left.split()[0] == token
    linked = re.sub(r"(https?://\S+|www\.\S+)", r'<a href="\1">\1</a>', line)
    assert re.match(rf"{token}(?![A-Za-z0-9])", linked)


@given(st.text(min_size=3000, max_size=4100) | st.text("🙂a", min_size=1990, max_size=4100), tokens)
def test_a_line_with_a_token_is_never_too_long(text: str, token: str) -> None:
    """At most 4,000 UTF-16 units, and no character cut in half: what is left is the beginning of what was given."""
    line = with_token(text, token)
    assert units(line) <= MAX_LINE_UNITS
    assert f"{token} {text}".startswith(line)
    assert len(line) >= min(len(text), MAX_LINE_UNITS // 2 - 1)


@pytest.mark.parametrize(
    "text, limit, expected",
    [("abc", 3, "abc"), ("abcd", 3, "abc"), ("a🙂b", 2, "a"), ("a🙂b", 3, "a🙂"), ("🙂", 0, ""), ("é" * 5, 4, "é" * 4)],
)
def test_a_text_is_cut_between_characters(text: str, limit: int, expected: str) -> None:
    """A table of texts and limits, in UTF-16 units."""
    assert shorten(text, limit) == expected


@pytest.mark.parametrize("token", ["", "a b", "a_b", "é1", "x" * 4000, "a\n"])
def test_a_token_is_letters_and_digits(token: str) -> None:
    """Anything else might be escaped, linked or read as Markdown."""
    with pytest.raises(ValueError, match="token: got"):
        with_token("hello", token)
