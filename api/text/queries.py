"""What is typed into a search box, as a small tree: words, phrases, beginnings of words, OR and minus.

The grammar: words AND; `"a phrase"`; `-word` and `-"a phrase"` must not occur; an uppercase `OR` joins its
two neighbours; `prefix*`. Everything else is literal: a chunk such as `state-of-the-art` or `20.04` is
looked for as the phrase of its words, a quotation mark without its pair is no mark at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from api.text.tokens import is_spaceless, sought, tokens

MOST_TERMS = 100
# A quoted phrase that begins where a word could and ends before white space, or a chunk without spaces.
_CHUNK = re.compile(r'(-?)(?:["“”„]([^"“”„]+)["“”](?=\s|$)|(\S+))')


class BadQuery(ValueError):
    """A query that cannot be answered; the message says why and what to write instead."""


@dataclass(frozen=True, slots=True)
class Term:
    """Words that must stand next to each other; one word alone matches by its stem.

    `literal` is set for quoted phrases, whose words are not stemmed even where there is but one;
    `open` where the last word is only the beginning of one.
    """

    words: tuple[str, ...]
    literal: bool = False
    open: bool = False

    @property
    def stemmed(self) -> bool:
        """Whether the term is one word that matches by its stem."""
        return len(self.words) == 1 and not self.literal and not self.open


@dataclass(frozen=True, slots=True)
class Query:
    """All of `every` must hold, each by one of its alternatives, and none of `never`."""

    every: tuple[tuple[Term, ...], ...]
    never: tuple[Term, ...]

    @property
    def terms(self) -> list[Term]:
        """Return every term, wherever it stands."""
        return [term for group in self.every for term in group] + list(self.never)


@lru_cache(maxsize=1024)
def parse(text: str) -> Query:
    """Return the tree of a query; raises BadQuery where it holds no word to search for."""
    every: list[list[Term]] = []
    never: list[Term] = []
    joining = False
    found = list(_CHUNK.finditer(text))
    for place, chunk in enumerate(found):
        if chunk[0] == "OR" and every and not joining and _can_join(found, place):
            joining = True
            continue
        term = _term(chunk)
        if term is None:
            continue
        if chunk[1] and not joining:
            never.append(term)
        elif joining:
            every[-1].append(term)
            joining = False
        else:
            every.append([term])
    if not every:
        only = "Words to leave out need a word to look for beside them." if never else "There is no word in it."
        raise BadQuery(only)
    query = Query(tuple(tuple(group) for group in every), tuple(never))
    if len(query.terms) > MOST_TERMS:
        raise BadQuery(f"It has {len(query.terms)} words; at most {MOST_TERMS} are taken.")
    return query


def _can_join(found: list[re.Match[str]], place: int) -> bool:
    """Tell whether OR at a place stands between two things that may be joined; elsewhere it is a word."""
    if place + 1 >= len(found):
        return False
    before, after = found[place - 1], found[place + 1]
    return not before[1] and not after[1] and _term(before) is not None and _term(after) is not None


def _term(chunk: re.Match[str]) -> Term | None:
    quoted = chunk[2]
    text = quoted if quoted is not None else chunk[3]
    found = list(tokens(text))
    if not found:
        return None
    if quoted is None and len(alone := sought(text)) == 1:
        # A possessive is one word. Of several that stand together each counts, as in a phrase.
        found = alone
    last = found[-1]
    literal, open = quoted is not None, quoted is None and text.endswith("*") and last.end == len(text) - 1
    if is_spaceless(last.word):
        # The last character of a run ends with the pair that holds it too. A run of one is the beginning of
        # the pair that it makes with whatever follows.
        paired = len(found) > 1 and found[-2].end == last.end
        found = found[:-1] if paired else found
        literal, open = True, not paired
    return Term(tuple(each.word for each in found), literal or len(found) > 1, open)
