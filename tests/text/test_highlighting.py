"""Where the words of a search stand, against a model that tries every word of the search at every word of the text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from api.text import tokens
from api.text.highlighting import Passage, passage
from api.text.queries import BadQuery, Query, Term, parse
from api.text.tokens import Token
from tests.drawing import drawn

WORDS = ["war", "wars", "crime", "crimes", "crimé", "of", "the", "2022", "戦争", "戦", "ΜΑΪ", "can't", "ﬁre", "Kriege"]

TEXTS = st.lists(st.sampled_from([*WORDS, ".", "\n", ", "]), max_size=60).map(" ".join)
TERMS = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(WORDS).map(lambda word: f"{word[:2]}*"),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(lambda words: f'"{" ".join(words)}"'),
    st.lists(st.sampled_from(WORDS), min_size=2, max_size=3).map("-".join),
    st.lists(st.sampled_from(WORDS), min_size=2, max_size=3).map(lambda words: f"{'-'.join(words)[:-1]}*"),
    st.sampled_from(WORDS).map(lambda word: f"-{word}"),
    st.just("OR"),
)
LANGUAGES = st.lists(st.sampled_from(["en", "de", "fr", "und"]), min_size=1, max_size=3, unique=True)


def model(text: str, query: Query, languages: list[str]) -> Passage | None:
    """Return what is expected."""
    found = list(tokens.tokens(text))
    wanted = [term for group in query.every for term in group]
    matches = sorted({(at, to) for term in wanted for at, to in _matches(found, term, languages)})
    if not matches:
        return None
    start = max(0, matches[0][0] - 60)
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    end = min(len(text), start + 240)
    while end < len(text) and not text[end].isspace():
        end += 1
    end = max(end, matches[0][1])
    return Passage(start, end, [each for each in matches if each[1] <= end])


def _matches(found: list[Token], term: Term, languages: list[str]) -> list[tuple[int, int]]:
    stretches = [found[at : at + len(term.words)] for at in range(len(found) - len(term.words) + 1)]
    return [(stretch[0].start, stretch[-1].end) for stretch in stretches if _is(stretch, term, languages)]


def _is(stretch: list[Token], term: Term, languages: list[str]) -> bool:
    words = [token.word for token in stretch]
    if term.stemmed:
        return any(tokens.stems(words, each) == tokens.stems(term.words, each) for each in languages)
    begins = term.open and words[-1].startswith(term.words[-1])
    return words[:-1] == list(term.words[:-1]) and (words[-1] == term.words[-1] or begins)


@settings(max_examples=drawn(100), deadline=None)
@given(text=TEXTS, typed=st.lists(TERMS, min_size=1, max_size=6).map(" ".join), languages=LANGUAGES)
def test_every_match_is_found_where_it_stands(text: str, typed: str, languages: list[str]) -> None:
    try:
        query = parse(typed)
    except BadQuery:
        return
    assert passage(text, query, languages) == model(text, query, languages)


def test_a_phrase_that_overlaps_itself_is_found_at_each_place() -> None:
    found = passage("no no no no", parse('"no no no"'), ["en"])
    assert found is not None
    assert found.matches == [(0, 8), (3, 11)]
