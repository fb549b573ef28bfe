"""Quotations taken apart: what counts as the same word, what is declared, and where everything stands."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.text import quotations

PIECES = (
    "we", "don't", "do not", "15,000", "fifteen thousand", "…", "...", "[...]", "[the president]", "[T]he", "“", "”",
    "—", "U.S.", "Kyiv", "café", "战争", "20%", "$5 million", "it's", "cannot", "٣", "!", "\n", "é", "twenty-five", "[",
    "]", "and", "a hundred", "1.5", "21st", "'", "walk[ed]", "\u200d", "\u0301",
)  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join) | st.lists(st.sampled_from(PIECES)).map("".join)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("We DON’T know", "we do not know"),
        ("They can't, won't and shan't", "they cannot; will not & shall not"),
        ("I've said we'll go, I'm sure you're right", "I have said we will go, I am sure you are right"),
        ("dont didnt", "don't didn't"),
        ("gonna wanna gotta", "going to want to got to"),
        ("Let's go", "let us go"),
        ("15,000 15 000 15\u202f000 15'000", "fifteen thousand fifteen thousand fifteen thousand fifteen thousand"),
        ("1.5 million", "1,500,000"),
        ("two hundred and fifty-six thousand one hundred", "256,100"),
        ("a hundred", "one hundred"),
        ("nineteen eighty-four, twenty twenty-two", "1984, 2022"),
        ("the 21st", "the twenty-first"),
        ("20%", "twenty percent"),
        ("$5 million, €3", "five million dollars, 3 euros"),
        ("“Café” — naïve; Wałęsa", "cafe naive walesa"),
        ("ﬁrst ＡＢＣ", "first abc"),
        ("1.000.000", "1,000,000"),
        ("2,5", "2.5"),
    ],
)
def test_wordings_that_are_the_same(one: str, other: str) -> None:
    assert quotations.read(one).forms == quotations.read(other).forms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("15,000", "16,000"),
        ("1.5", "15"),
        ("fifteen thousand", "fifty thousand"),
        ("one two three", "123"),
        ("a million; a hundred", "1,000,100"),
        ("we do", "we do not"),
        ("he is", "he has"),
        ("will", "would"),
        ("the first", "the 2nd"),
    ],
)
def test_wordings_that_differ(one: str, other: str) -> None:
    assert quotations.read(one).forms != quotations.read(other).forms


def test_what_an_apostrophe_hides_may_be_either_word() -> None:
    assert quotations.same("'s", "is")
    assert quotations.same("has", "'s")
    assert quotations.same("'d", "would")
    assert not quotations.same("is", "has")
    assert not quotations.same("'s", "was")


def test_ellipses_and_insertions_are_declared_with_their_places() -> None:
    found = quotations.read("“We [Americans] will … go […] [t]here . . . now …”")
    assert found.forms == ["we", "americans", "will", "go", "there", "now"]
    assert [word.bracketed for word in found.words] == [False, True, False, False, True, False]
    # Before the words that they part; the last parts nothing.
    assert found.breaks == {3, 4, 5}
    assert [(kind, text, found.text[at : at + len(text)]) for kind, text, at in found.declared] == [
        ("insertion", "[Americans]", "[Americans]"),
        ("ellipsis", "…", "…"),
        ("ellipsis", "[…]", "[…]"),
        ("insertion", "[t]here", "[t]here"),
        ("ellipsis", ". . .", ". . ."),
        ("ellipsis", "…", "…"),
    ]


def test_words_stand_where_they_are_printed() -> None:
    text = "«Don’t» pay $5 million, 战争!"
    found = [(text[word.start : word.end], word.form) for word in quotations.read(text).words]
    assert found == [
        ("Do", "do"),
        ("n’t", "not"),
        ("pay", "pay"),
        ("5 million", "#5000000"),
        ("$", "dollar"),
        ("战", "战"),
        ("争", "争"),
    ]


@settings(deadline=None)
@given(texts | st.text(max_size=60))
def test_every_word_has_a_place_in_the_text(text: str) -> None:
    found = quotations.read(text)
    for word in found.words:
        assert word.form
        assert 0 <= word.start < word.end <= len(text)
    assert all(0 < at < len(found.words) for at in found.breaks)
    assert all(text[at : at + len(shown)] == shown for _, shown, at in found.declared)


@settings(deadline=None)
@given(texts)
def test_case_and_composition_play_no_part(text: str) -> None:
    expected = quotations.read(text).forms
    assert quotations.read(unicodedata.normalize("NFD", text)).forms == expected
    assert quotations.read(text.upper()).forms == expected
