"""Candidate retrieval: the few statements out of all that a quotation may be from, by what the search index holds of
them.

Each passage of the quotation is looked up by itself, and of each only so many statements, those of the fewest words
first. What is found by rare passages counts most. A quotation made of passages that many share is looked up by all of
them together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from math import log

from api.domain.indexing import words
from api.storage import db as storage
from api.storage.db import rows
from api.text import passages, tokens
from api.text.quotations import Quotation

# How many passages are looked up, and of each how many statements.
_MOST_PASSAGES, _EACH = 24, 32
# Which share of what speaks for the likeliest must speak for others.
_WORTH = 0.3
# So many of the best are given, and of a speaker so many besides.
MOST, MOST_OF_SPEAKER = 6, 4


def find(quotation: Quotation, speakers: list[int], *, withheld: bool, most: int = MOST) -> Iterator[list[int]]:
    """Yield row numbers of statements that may hold a quotation, the likeliest first, none twice.

    Who has not found it among the first gets those of the speakers with some row numbers, then those that hold
    passages together which many hold one by one. What is withheld takes nobody's place: it is looked at only where it
    is wanted.
    """
    marks = list(dict.fromkeys(mark for part in quotation.parts for mark in passages.of(tokens.words(part))))
    # Evenly from all of it, in whatever order they are.
    marks = marks[:: -(-len(marks) // _MOST_PASSAGES) or 1]
    single = [storage.dialect.match_stems([mark]) for mark in marks]
    if not marks and (folded := tokens.words(quotation.text)):
        single = [storage.dialect.match_phrase(tuple(folded), open=False)]
    hidden = None if withheld else words.withheld()
    given: set[int] = set()
    looked = _Lookup(hidden)
    for expressions, number in (
        (single, most),
        (_said_by(single, speakers), MOST_OF_SPEAKER),
        (_together(single), most),
    ):
        found = [each for each in map(words.number, looked.best(expressions, number)) if each not in given]
        given.update(found)
        if found:
            yield found
        if not looked.common:
            return


def _together(single: list[str]) -> list[str]:
    """Return the expressions for all of these, and for each half of them."""
    half = -(-len(single) // 2)
    parts = [single, single[:half], single[half:]] if len(single) > 1 else []
    return [storage.dialect.match_all(part) for part in parts]


def _said_by(expressions: list[str], speakers: list[int]) -> list[str]:
    """Return the expressions for the same said by some speakers; none where there are none."""
    if not speakers:
        return []
    said = storage.dialect.match_stems([words.mark(n) for n in speakers])
    return [storage.dialect.match_all([each, said]) for each in expressions]


class _Lookup:
    """Looks expressions up, without what one more finds. `common` tells whether any of them finds more statements
    than are looked at.
    """

    def __init__(self, hidden: str | None) -> None:
        self.hidden = hidden
        self.common = False

    def best(self, expressions: list[str], most: int) -> list[int]:
        """Return the places of the statements that most of the rarest expressions find."""
        if not expressions:
            return []
        found: list[list[int]] = [[] for _ in expressions]
        for number, place in rows(*self._sql(expressions)):
            found[number].append(place)
        weights: defaultdict[int, float] = defaultdict(float)
        for places in found:
            self.common = self.common or len(places) == _EACH
            for place in places:
                weights[place] += 1 + log(_EACH / len(places))
        least = _WORTH * max(weights.values(), default=0)
        near = [place for place, weight in weights.items() if weight >= least]
        return sorted(near, key=lambda place: (-weights[place], place))[:most]

    def _sql(self, expressions: list[str]) -> tuple[str, list[str]]:
        # The index gives the fewest words first.
        one = (
            "SELECT * FROM (SELECT {number} AS number, s.rowid AS place FROM statement_search s WHERE {matches} "
            "ORDER BY s.rowid LIMIT {each}) AS looked_up"
        )
        matches = storage.dialect.MATCHES
        parts = [one.format(number=number, matches=matches, each=_EACH) for number in range(len(expressions))]
        hidden = self.hidden
        wanted = [storage.dialect.match_without(each, hidden) if hidden else each for each in expressions]
        return " UNION ALL ".join(parts), wanted
