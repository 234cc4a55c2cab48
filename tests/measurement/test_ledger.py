from __future__ import annotations

import re
import tracemalloc
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from whoson_load.measurement.ledger import Fate, Line, TokenBook, in_flight, run_tag

DEADLINE_NS = 30
TAG = run_tag(1)


def book_of(visitor: int = 7, visit: int = 1, tag: str = TAG) -> tuple[TokenBook, Counter[str]]:
    """A ledger, and the counts it tells."""
    counts: Counter[str] = Counter()

    def count(fate: Fate, number: int) -> None:
        counts[fate.value] += number

    return TokenBook(tag, visitor, visit, DEADLINE_NS, count), counts


def say(book: TokenBook, now_ns: int = 0) -> str:
    """Send a line; its text."""
    text = f"Could you help me with {book.token} please"
    book.sent(now_ns)
    return text


def test_a_line_that_comes_back_is_echoed_and_knows_when_it_was_sent() -> None:
    """The everyday case: what was sent is seen again, and the latency can be told."""
    book, counts = book_of()
    text = say(book, 5)
    assert book.in_flight == 1
    assert book.line(text, 9) == Line(Fate.ECHOED, 1, 5)
    assert book.in_flight == 0
    assert counts == {"sent": 1, "echoed": 1}


@pytest.mark.parametrize(
    "markup",
    [
        "{}",
        "<b>{}</b>",
        "&lt;{}&gt;",
        '<a href="x">{}</a>',
        "*{}*",
        "« {} »",
        "{},{}",
        "a{}b",
        "wl {}",
        "x" * 4000 + "{}",
    ],
)
def test_the_token_survives_what_servers_do_to_text(markup: str) -> None:
    """Escaping, markup, links and neighbours leave the token readable."""
    book, _ = book_of()
    text = markup.replace("{}", book.token)
    book.sent(0)
    line = book.line(text, 1)
    assert line is not None
    assert line.fate is Fate.ECHOED


def test_tokens_are_letters_and_digits_only_and_all_different() -> None:
    """No token needs escaping, and no two of a run are the same."""
    tokens = set()
    for visitor in (0, 1, 11, 111):
        for visit in (1, 11, 111):
            book, _ = book_of(visitor, visit)
            for _ in range(12):
                tokens.add(book.token)
                book.sent(0)
    assert len(tokens) == 4 * 3 * 12
    assert all(re.fullmatch(r"[a-z0-9]{8,30}", token) for token in tokens)


def test_token_stays_until_it_is_sent() -> None:
    """A line composed and never sent leaves no hole in the numbers."""
    book, counts = book_of()
    assert book.token == book.token
    assert counts == {}


@pytest.mark.parametrize(
    "make, fate",
    [
        (lambda: book_of(8)[0], Fate.CROSSED),  # another visitor
        (lambda: book_of(7, 2)[0], Fate.CROSSED),  # another chat of the same visitor
        (lambda: book_of(77)[0], Fate.CROSSED),  # a number that begins alike
        (lambda: book_of(7, 11)[0], Fate.CROSSED),
        (lambda: book_of(7, 1, run_tag(2))[0], None),  # another run: not ours to judge
    ],
)
def test_a_token_of_another_chat_is_crossed(make: Callable[[], TokenBook], fate: Fate | None) -> None:
    """A visitor who sees somebody else's line is told from one who sees an old run's."""
    book, counts = book_of()
    own = say(book, 0)
    line = book.line(say(make(), 0), 1)
    assert (line.fate if line else None) is fate
    assert counts["crossed"] == (1 if fate else 0)
    assert book.line(own, 2) == Line(Fate.ECHOED, 1, 0)


def test_a_number_this_chat_never_sent_is_crossed() -> None:
    """A token that looks like ours from the future is not one of ours."""
    book, counts = book_of()
    text = book.token
    assert book.line(text, 0) == Line(Fate.CROSSED, 1)
    assert counts == {"crossed": 1}


def test_a_doubled_line_is_found_however_long_ago_its_first_was() -> None:
    """Line 1 comes again after a hundred thousand others."""
    book, counts = book_of()
    first = say(book, 0)
    book.line(first, 0)
    for now_ns in range(100_000):
        book.line(say(book, now_ns), now_ns)
    assert book.line(first, 100_000) == Line(Fate.DUPLICATED, 1)
    assert counts == {"sent": 100_001, "echoed": 100_001, "duplicated": 1}


def test_lines_out_of_order_are_echoed_and_reordered() -> None:
    """Three lines that come as 2, 3, 1: one of them came after a later one."""
    book, counts = book_of()
    one, two, three = (say(book, 0) for _ in range(3))
    assert [book.line(text, 1) for text in (two, three, one)] == [
        Line(Fate.ECHOED, 2, 0),
        Line(Fate.ECHOED, 3, 0),
        Line(Fate.ECHOED, 1, 0, reordered=True),
    ]
    assert counts == {"sent": 3, "echoed": 3, "reordered": 1}


def test_a_line_is_lost_after_its_deadline_and_not_before() -> None:
    """In flight until the deadline, lost from then on, whoever asks first."""
    book, counts = book_of()
    say(book, 0)
    assert book.next_deadline_ns() == DEADLINE_NS
    assert book.expire(DEADLINE_NS) == 0
    assert book.expire(DEADLINE_NS + 1) == 1
    assert book.expire(DEADLINE_NS + 2) == 0
    assert (counts, book.in_flight, book.next_deadline_ns()) == ({"sent": 1, "lost": 1}, 0, None)


def test_a_line_that_comes_too_late_stays_lost() -> None:
    """It is late once, and doubled if it comes yet again."""
    book, counts = book_of()
    text = say(book, 0)
    late_ns = DEADLINE_NS + 1
    assert [book.line(text, late_ns), book.line(text, late_ns)] == [Line(Fate.LATE, 1), Line(Fate.DUPLICATED, 1)]
    assert counts == {"sent": 1, "lost": 1, "late": 1, "duplicated": 1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "wl",
        f"wl{TAG}",
        f"wl{TAG}v",
        f"wl{TAG}v7c1n1",  # cut before its end
        f"wl{TAG}v7c1nz",
        f"wl{TAG}v7n1z",
        f"WL{TAG.upper()}V7C1N1Z",
        f"wl{TAG}v7c1n" + "9" * 100_000 + "z",
        f"wl{TAG}v\N{ARABIC-INDIC DIGIT SEVEN}c1n1z",
    ],
)
def test_a_line_without_a_whole_token_says_nothing(text: str) -> None:
    """Other text, cut tokens and numbers no sender ever reaches are not entered."""
    book, counts = book_of()
    say(book, 0)
    counts.clear()
    assert book.line(text, 1) is None
    assert book.other_line(text) is None
    assert counts == {}


def test_a_cut_token_does_not_hide_a_whole_one() -> None:
    """The first whole token of a line counts."""
    book, _ = book_of()
    text = book.token[:-1] + " " + book.token
    book.sent(0)
    assert book.line(text, 1) == Line(Fate.ECHOED, 1, 0)


def test_an_operator_may_quote_this_chats_lines_and_no_others() -> None:
    """A reply with one's own token is fine; one with somebody else's is a crossed line."""
    book, counts = book_of()
    own, other = say(book, 0), book_of(8)[0].token
    assert book.other_line(own) is None
    assert book.other_line("How can I help you?") is None
    assert book.other_line(other) == Line(Fate.CROSSED, 1)
    assert counts == {"sent": 1, "crossed": 1}
    assert book.in_flight == 1


@pytest.mark.parametrize("tag, visitor, visit", [("a b", 1, 1), ("", 1, 1), ("é", 1, 1), ("a", -1, 1), ("a", 1, -1)])
def test_what_makes_no_token_is_refused(tag: str, visitor: int, visit: int) -> None:
    """A tag or number that could not be read back is our own mistake."""
    with pytest.raises(ValueError, match="got "):
        TokenBook(tag, visitor, visit, DEADLINE_NS, lambda _fate, _count: None)


def test_run_tag_is_the_same_for_the_same_seed_only() -> None:
    """Every worker, and every run, finds the same tag for a seed, and another for another."""
    tags = {run_tag(seed) for seed in range(1000)}
    assert run_tag(7) == run_tag(7) == "5xsse"
    assert len(tags) > 990
    assert all(re.fullmatch(r"[a-z2-7]{5}", tag) for tag in tags)


def test_idle_ledger_is_small_and_a_long_visit_does_not_grow_it() -> None:
    """Below 500 bytes for a chat with nothing in flight, and no more after 20,000 lines, a hundred in a row lost."""

    def count(_fate: Fate, _number: int) -> None:
        pass

    tag = TAG
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        books = [TokenBook(tag, 1_000_000 + number, 1, DEADLINE_NS, count) for number in range(1000)]
        for book in books:
            book.line(say(book, 0), 0)
        idle, _ = tracemalloc.get_traced_memory()
        for now_ns in range(20_000):
            books[0].line(say(books[0], now_ns), now_ns)
        long_visit, _ = tracemalloc.get_traced_memory()
        for now_ns in range(20_000, 40_000):
            say(books[0], now_ns)
        losing, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (idle - before) / 1000 < 500
    assert long_visit - idle < 500
    assert losing - long_visit < 40_000


class Chats(RuleBasedStateMachine):
    """Two chats over a server that loses, doubles, reorders and misdelivers, against a model that forgets nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ns = 0
        self.books, self.counts = zip(*(book_of(visitor) for visitor in (1, 2)), strict=True)
        self.model: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        self.sent: list[tuple[int, int, str, int]] = []  # chat, number, text, when
        self.state: dict[tuple[int, int], str] = {}
        self.greatest = [0, 0]

    def expire_model(self, chat: int) -> None:
        """The model looks at every line ever sent."""
        for owner, number, _, sent_ns in self.sent:
            if owner == chat and self.state[owner, number] == "in flight" and self.now_ns - sent_ns > DEADLINE_NS:
                self.state[owner, number] = "lost"
                self.model[chat]["lost"] += 1

    @rule(chat=st.integers(0, 1))
    def send(self, chat: int) -> None:
        """A visitor sends a line."""
        self.expire_model(chat)
        text = say(self.books[chat], self.now_ns)
        number = sum(owner == chat for owner, *_ in self.sent) + 1
        self.sent.append((chat, number, text, self.now_ns))
        self.state[chat, number] = "in flight"
        self.model[chat]["sent"] += 1

    @rule(step_ns=st.integers(0, DEADLINE_NS))
    def wait(self, step_ns: int) -> None:
        """Time passes."""
        self.now_ns += step_ns

    @rule(chat=st.integers(0, 1))
    def expire(self, chat: int) -> None:
        """A visitor gives up what is overdue."""
        self.expire_model(chat)
        self.books[chat].expire(self.now_ns)

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), to=st.integers(0, 1))
    def deliver(self, data: st.DataObject, to: int) -> None:
        """The server delivers any line ever sent, to the right or the wrong chat, for the first time or again."""
        owner, number, text, _ = data.draw(st.sampled_from(self.sent))
        self.expire_model(to)
        self.books[to].line(text, self.now_ns)
        count = self.model[to]
        if owner != to:
            count["crossed"] += 1
        elif self.state[to, number] == "in flight":
            self.state[to, number] = "echoed"
            count["echoed"] += 1
            count["reordered"] += number < self.greatest[to]
            self.greatest[to] = max(self.greatest[to], number)
        elif self.state[to, number] == "lost":
            self.state[to, number] = "late"
            count["late"] += 1
        else:
            count["duplicated"] += 1

    @invariant()
    def ledgers_agree_with_the_model(self) -> None:
        """All counts are the model's once both have looked at the clock, and the sum holds."""
        for chat in (0, 1):
            self.expire_model(chat)
            self.books[chat].expire(self.now_ns)
            assert +self.counts[chat] == +self.model[chat]
            flying = [key for key, state in self.state.items() if key[0] == chat and state == "in flight"]
            assert self.books[chat].in_flight == len(flying) == in_flight(self.counts[chat])


TestChats = Chats.TestCase
TestChats.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@given(st.text(max_size=60))
def test_no_text_a_server_sends_breaks_the_ledger(text: str) -> None:
    """Any text at all, also right behind a token's beginning, is read or ignored."""
    book, _ = book_of()
    say(book, 0)
    for sent in (text, f"wl{TAG}v{text}", f"wl{TAG}v7c1n{text}"):
        book.line(sent, 1)
        book.other_line(sent)
