"""The grammar of a search: what is typed, and what it is taken for."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.text import tokens
from api.text.queries import MOST_TERMS, BadQuery, Query, Term, parse

LETTERS = "abOR \"“”„-*:'.()NEAR战争\u0301กी\u200b^~&|!\\"

some = st.text(LETTERS, max_size=60)
texts = st.one_of(some, st.text(max_size=60), some.map(lambda text: text * 160))


def written(query: Query) -> str:
    """Return a query in a short form: `a|b ^c` is a or b, and not c; `'a b'` is literal, `a…` open."""
    every = ["|".join(map(written_term, group)) for group in query.every]
    return " ".join([*every, *(f"^{written_term(term)}" for term in query.never)])


def written_term(term: Term) -> str:
    text = " ".join(term.words) + ("…" if term.open else "")
    return f"'{text}'" if term.literal else text


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("war crimes", "war crimes"),
        ("War  CRIMES\t\n", "war crimes"),
        ('"war crimes"', "'war crimes'"),
        ("“war crimes” „im Krieg“", "'war crimes' 'im krieg'"),
        ('"war"', "'war'"),
        ("war -crimes", "war ^crimes"),
        ('war -"the crimes"', "war ^'the crimes'"),
        ("-crimes war", "war ^crimes"),
        ("war --crimes", "war ^crimes"),
        ("a OR b", "a|b"),
        ("a OR b OR c d", "a|b|c d"),
        ("a b OR c d", "a b|c d"),
        ('"a b" OR c*', "'a b'|c…"),
        ("a or b", "a or b"),
        ("OR", "or"),
        ("OR a", "or a"),
        ("a OR", "a or"),
        ("a OR OR b", "a|or b"),
        ('a "OR" b', "a 'or' b"),
        ("a OR -b", "a or ^b"),
        ("-a OR b", "or b ^a"),
        ("a OR !!!", "a or"),
        ("a !!! b", "a b"),
        ("commit*", "commit…"),
        ("*", None),
        ("* a", "a"),
        ("a* -b*", "a… ^b…"),
        ("a-b*", "'a b…'"),
        ("a-*", "a"),
        ("a**", "a"),
        ('"a b*"', "'a b'"),
        ("cafe\u0301*", "cafe…"),
        ("हिन्दी*", "हिन्दी…"),
        ("state-of-the-art", "'state of the art'"),
        ("don't", "'don t'"),
        ("don’t", "'don t'"),
        ("20.04", "'20 04'"),
        ('foo"bar', "'foo bar'"),
        ('"foo bar', "foo bar"),
        ('foo bar"', "foo bar"),
        ('"foo"bar', "'foo bar'"),
        ("a:b", "'a b'"),
        ("title:war", "'title war'"),
        ("NEAR(", "near"),
        ("NEAR(a b, 5)", "'near a' b 5"),
        ("a AND b NOT c", "a and b not c"),
        ("{a} ^b +c", "a b c"),
        ("乌克兰", "'乌克 克兰'"),
        ("战争", "'战争'"),
        ("克", "'克…'"),
        ("克*", "'克…'"),
        ("乌克*", "'乌克'"),
        ("abc克", "'abc 克…'"),
        ("2022年", "'2022 年…'"),
        ('"争 开始"', "'争 开始'"),
        ('"战争 开"', "'战争 争 开…'"),
        ('"克 克"', "'克 克…'"),
        ("-克 a", "a ^'克…'"),
        ("", None),
        ("   ", None),
        ('""', None),
        ("-", None),
        ("-a", None),
        ('-"a b" -c', None),
        ("😀", None),
        ("\u0301", None),
    ],
)
def test_what_a_query_means(text: str, meaning: str | None) -> None:
    if meaning is None:
        with pytest.raises(BadQuery):
            parse(text)
    else:
        assert written(parse(text)) == meaning


@settings(deadline=None)
@given(texts)
@example('"' * 10_000)
@example("(" * 10_000)
@example('-"' * 5_000)
@example("a" * 10_000)
@example("克" * 10_000)
@example("a OR " * 2_000)
@example("OR " * 3_000)
@example('" ' * 5_000)
def test_nothing_typed_raises_anything_but_bad_query(text: str) -> None:
    try:
        query = parse(text)
    except BadQuery:
        return
    assert query.every
    assert all(query.every)
    assert 1 <= len(query.terms) <= MOST_TERMS
    held = {word for term in query.terms for word in term.words}
    assert held <= {word[:end] for word in tokens.words(text) for end in (1, 2, len(word))}
    for term in query.terms:
        assert term.words
        assert all(term.words)
        assert term.literal or len(term.words) == 1


def test_a_query_of_too_many_words_says_so() -> None:
    assert len(parse("w " * MOST_TERMS).terms) == MOST_TERMS
    with pytest.raises(BadQuery, match="101 words"):
        parse("w " * (MOST_TERMS + 1))
