"""Snippets: where in a text the words of a search stand."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from api.text import tokens
from api.text.queries import Query
from api.text.tokens import Token

# How many characters of a passage stand before its first match, and how long it is.
_BEFORE, _LONG = 60, 240


class Passage(NamedTuple):
    """A stretch of a text with matches in it; all offsets count code points of the whole text."""

    start: int
    end: int
    matches: list[tuple[int, int]]


class Marker:
    """Finds the wanted words and phrases of a search in many texts.

    Each word is judged once, however many terms the search has and however often the word occurs; a phrase is looked
    for as one string among the others.
    """

    def __init__(self, query: Query, languages: list[str]) -> None:
        wanted = [term for group in query.every for term in group]
        words = [term.words[0] for term in wanted if term.stemmed]
        self._stems = {language: set(tokens.stems(words, language)) for language in languages}
        single = [term for term in wanted if len(term.words) == 1 and not term.stemmed]
        self._literal = {term.words[0] for term in single if not term.open}
        self._begun = tuple(term.words[0] for term in single if term.open)
        self._phrases = [(term.words, term.open) for term in wanted if len(term.words) > 1]
        self._judged: dict[str, bool] = {}

    def passage(self, text: str) -> Passage | None:
        """Return the stretch around the first match of any wanted word or phrase, None where there is none."""
        found = list(tokens.tokens(text))
        matches = sorted({(token.start, token.end) for token in found if self._fits(token.word)} | self._said(found))
        if not matches:
            return None
        start = _word_start(text, max(0, matches[0][0] - _BEFORE))
        end = max(matches[0][1], _word_end(text, min(len(text), start + _LONG)))
        return Passage(start, end, [match for match in matches if match[1] <= end])

    def _fits(self, word: str) -> bool:
        fits = self._judged.get(word)
        if fits is None:
            fits = self._judged[word] = (
                word in self._literal
                or word.startswith(self._begun)
                or any(not wanted.isdisjoint(tokens.stems([word], each)) for each, wanted in self._stems.items())
            )
        return fits

    def _said(self, found: list[Token]) -> set[tuple[int, int]]:
        """Return where the phrases stand."""
        if not self._phrases:
            return set()
        # No word has a space in it.
        line = " ".join(["", *(token.word for token in found), ""])
        begins = list(accumulate((len(token.word) + 1 for token in found), initial=0))
        places = set()
        for words, open in self._phrases:
            for at in _places(line, " ".join(["", *words, *([] if open else [""])])):
                first = bisect_left(begins, at)
                places.add((found[first].start, found[first + len(words) - 1].end))
        return places


def passage(text: str, query: Query, languages: list[str]) -> Passage | None:
    """Return the stretch of one text around the first match of any wanted word or phrase, None where there is none."""
    return Marker(query, languages).passage(text)


def _places(line: str, part: str) -> Iterator[int]:
    at = line.find(part)
    while at >= 0:
        yield at
        at = line.find(part, at + 1)


def _word_start(text: str, at: int) -> int:
    while at > 0 and not text[at - 1].isspace():
        at -= 1
    return at


def _word_end(text: str, at: int) -> int:
    while at < len(text) and not text[at].isspace():
        at += 1
    return at
