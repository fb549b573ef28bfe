"""Where in a text the words of a search stand."""

from __future__ import annotations

from typing import NamedTuple

from api.text import tokens
from api.text.queries import Query, Term
from api.text.tokens import Token

# How many characters of a passage stand before its first match, and how long it is.
_BEFORE, _LONG = 60, 240


class Passage(NamedTuple):
    """A stretch of a text with matches in it; all offsets count code points of the whole text."""

    start: int
    end: int
    matches: list[tuple[int, int]]


def passage(text: str, query: Query, languages: list[str]) -> Passage | None:
    """Return the stretch around the first match of any wanted word or phrase, None where there is none."""
    found = list(tokens.tokens(text))
    wanted = [term for group in query.every for term in group]
    matches = sorted({match for term in wanted for match in _matches(found, term, languages)})
    if not matches:
        return None
    start = _word_start(text, max(0, matches[0][0] - _BEFORE))
    end = max(matches[0][1], _word_end(text, min(len(text), start + _LONG)))
    return Passage(start, end, [match for match in matches if match[1] <= end])


def _matches(found: list[Token], term: Term, languages: list[str]) -> list[tuple[int, int]]:
    if term.stemmed:
        stems = [(language, set(tokens.stems(list(term.words), language))) for language in languages]
        return [
            (token.start, token.end)
            for token in found
            if any(set(tokens.stems([token.word], language)) & wanted for language, wanted in stems)
        ]
    *whole, last = term.words
    places = range(len(found) - len(whole))
    return [
        (found[at].start, found[at + len(whole)].end)
        for at in places
        if [token.word for token in found[at : at + len(whole)]] == whole
        and (found[at + len(whole)].word == last or (term.open and found[at + len(whole)].word.startswith(last)))
    ]


def _word_start(text: str, at: int) -> int:
    while at > 0 and not text[at - 1].isspace():
        at -= 1
    return at


def _word_end(text: str, at: int) -> int:
    while at < len(text) and not text[at].isspace():
        at += 1
    return at
