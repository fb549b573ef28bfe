"""What of a statement is searched, as the tokens that both databases index; and queries compiled for them.

The text, the attribution, topics and context are indexed by their words. The speaker's names are not: a
statement carries a mark of its speaker instead, and a query looks up whose names it fits, so that renaming a
speaker of a hundred thousand statements changes one row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from api.domain.core.kinds import Document
from api.domain.indexing import names
from api.domain.indexing.conditions import Conditions
from api.storage import db as storage
from api.storage.db import db, execute_many, row, rows, while_writing
from api.text import passages, tokens
from api.text.queries import Query, Term

ENGLISH = "en"
# None of these signs can be part of a token of a text, since they are neither letter nor digit nor mark.
_BREAK = "¦"
EVERY = "§"
_WITHHELD = "§withheld"
# PostgreSQL keeps so many places of a word, and none further back (section 12.11). Neither database finds phrases
# beyond them, so that both find the same.
_MOST_PLACES, _LAST_PLACE = 256, 16_383
# A search that fits more speakers than these looks them up in SQL; FTS5 takes seconds for 20,000 alternatives.
MOST_SPEAKERS = 2000
# And so many of all its words together.
_MOST_TOGETHER = 10_000
# The order of relevance: the fewest words first, then the newest.
_NEWEST = 2**32 - 1
# The steps of `indexes.rebuild` in which a search index that is made aside holds the first statements, and all.
FILLING, FILLED = "statements", "words"


@dataclass(frozen=True, slots=True, order=True)
class Indexed:
    """A statement as the search index holds it."""

    place: int
    words: list[str]
    stems: list[str]


class Spoken(NamedTuple):
    """What is indexed of a statement whoever said it: how many words, these in their order, and their stems."""

    length: int
    words: str
    stems: str


def spoken(document: Document) -> Spoken:
    """Return what is indexed of a statement whoever said it.

    Words are in their order, with a break between fields that no phrase crosses. Stems are English ones and,
    marked as such, those of the statement's own language; and with them the passages of its text.
    """
    text = tokens.words(document["text"])
    found = [*text]
    for field in (document["attributed_as"], *document["topics"], document["context"]):
        if field:
            found += [_BREAK, *tokens.words(field)]
    folded = set(found) - {_BREAK}
    stems = {stem for language in {ENGLISH, document["lang"]} for stem in _stems(folded, language)}
    stems.update(passages.of(text))
    return Spoken(len(found), " ".join(_placed(found)), " ".join(sorted(stems)))


def place(n: int, said: Spoken) -> int:
    """Return the place of a statement in the order of relevance: what is said in the fewest words comes first.

    This is BM25 with every word occurring once, as it does in a sentence. Of those that are alike, the newest is first.
    """
    return said.length << 32 | _NEWEST - n


def of(n: int, document: Document) -> Indexed:
    """Return what the index holds of a statement."""
    said = spoken(document)
    return Indexed(place(n, said), said.words.split(), _marked(said, document).split())


def _marked(said: Spoken, document: Document) -> str:
    """Return the stems of a statement with the marks of all statements, its speaker and its status."""
    marks = f"{said.stems} {EVERY}" if said.stems else EVERY
    if document["speaker"]:
        marks += f" {mark(names.number('speaker', document['speaker']['id']) or 0)}"
    return f"{marks} {_WITHHELD}" if document["status"] == "withheld" else marks


def _stems(folded: Iterable[str], language: str) -> list[str]:
    """Return the stems of words as they are indexed: English ones bare, others with their language."""
    if not tokens.has_stems(language):
        return []
    suffix = "" if tokens.primary(language) == ENGLISH else f"§{tokens.primary(language)}"
    return [stem + suffix for stem in tokens.stems(folded, language)]


def _placed(found: list[str]) -> list[str]:
    """Return words such that none stands where PostgreSQL would not know its place; what has none stands alone."""
    if len(found) <= _MOST_PLACES:
        return found
    kept = found[: _LAST_PLACE - 2]
    times = {word: 0 for word, count in Counter(kept).items() if count > _MOST_PLACES}
    for at, word in enumerate(kept) if times else ():
        if word in times:
            times[word] += 1
            if times[word] > _MOST_PLACES:
                kept[at] = _BREAK
    for word in sorted(set(found[_LAST_PLACE - 2 :]) - {_BREAK}):
        kept += [_BREAK, word]
    return kept


def mark(speaker: int) -> str:
    """Return the token by which a statement carries its speaker."""
    return f"§{speaker}"


def withheld() -> str:
    """Return the expression for all that is withheld."""
    found: str = storage.dialect.match_stems([_WITHHELD])
    return found


def number(place: int) -> int:
    """Return a statement's row number from its place in the index."""
    return _NEWEST - (place & _NEWEST)


def number_at(place: str) -> str:
    """Return the SQL that gives a statement's row number from its place in the index."""
    return f"{_NEWEST} - ({place} & {_NEWEST})"


def places(numbers: list[int]) -> dict[int, int]:
    """Return where statements stand in the search index by their columns, 0 where that cannot be."""
    marks = ", ".join("?" * len(numbers))
    found = rows(f"SELECT n, place FROM statement WHERE n IN ({marks})", numbers)
    return {n: place if number(place) == n else 0 for n, place in found}


def index(spoken: list[tuple[int, Document, Spoken]]) -> None:
    """Make statements findable, each given by its row number, its document and what is said in that."""
    _fill(storage.dialect.INDEX_WORDS, spoken)
    if aside := [each for each in spoken if _stands_aside(each[0])]:
        _fill(storage.dialect.INDEX_WORDS_ANEW, aside)


def index_again(spoken: list[tuple[int, Document, Spoken]], before: list[int]) -> None:
    """Index statements anew, which stood at the places `before`: where a new index is made aside, in that one."""
    storage.dialect.clear_places(db, [*before, *(place(n, said) for n, _, said in spoken)])
    _fill(storage.dialect.INDEX_WORDS_ANEW, spoken)


def _fill(sql: str, spoken: list[tuple[int, Document, Spoken]]) -> None:
    found = [(place(n, said), said.words, _marked(said, document)) for n, document, said in spoken]
    # In the order of the index, which is filled faster so.
    execute_many(sql, [storage.dialect.search_row(*each) for each in sorted(found)])


def _stands_aside(n: int) -> bool:
    """Tell whether a statement is, or is to be, in the search index that is made aside, as far as that has come."""
    if storage.dialect.INDEX_WORDS_ANEW == storage.dialect.INDEX_WORDS:
        return False
    known = while_writing()
    if (found := known.get("aside")) is None:
        found = known["aside"] = row("SELECT step, n FROM index_state") or ("", 0)
    return bool(found[0] == FILLED or (found[0] == FILLING and n <= found[1]))


def forget(n: int, document: Document) -> None:
    """Take a statement out of the index, given the document that it was indexed by."""
    old = of(n, document)
    storage.dialect.forget_words(db, old.place, old.words, old.stems, anew=False)
    if _stands_aside(n):
        storage.dialect.forget_words(db, old.place, old.words, old.stems, anew=True)


def compiled(query: Query, languages: list[str], *, withheld: bool) -> tuple[str, Conditions]:
    """Return the query in the database's own search language, and what of it is left to be asked of a row `t`.

    What is withheld is left out unless it is wanted. Languages are those by whose stems the words match.
    """
    dialect = storage.dialect
    every, never, beside = [], [], Conditions()
    left = _MOST_TOGETHER
    for group in query.every:
        expression, speakers, used = _any(group, languages, left, public=not withheld)
        left = max(0, left - used)
        if speakers.clauses:
            _or_said_by(beside, expression, speakers)
        else:
            every.append(expression)
    if query.never:
        expression, speakers, _ = _any(query.never, languages, left, public=not withheld)
        if speakers.clauses:
            _or_said_by(beside, expression, speakers, but=True)
        else:
            never.append(expression)
    if not withheld:
        never.append(dialect.match_stems([_WITHHELD]))
    wanted: str = dialect.match_all(every or [dialect.match_stems([EVERY])])
    return (dialect.match_without(wanted, dialect.match_any(never)) if never else wanted), beside


def _any(terms: Sequence[Term], languages: list[str], most: int, *, public: bool) -> tuple[str, Conditions, int]:
    """Return what finds any of the terms, the speakers that were too many to be part of it, and how many are.

    Each speaker is part of it once, however many terms fit, and at most about so many are.
    """
    known: set[int] = set()
    speakers = Conditions()
    for term in terms:
        called = names.called(term, min(MOST_SPEAKERS, most), public=public)
        if called is None or (len(term.words) == 1 and len(known.union(called)) > most):
            sql, parameters = names.calling(term, public=public)
            speakers.add(f"t.speaker IN ({sql})", *parameters)
        else:
            known.update(called)
    expressions = [_term(term, languages) for term in terms]
    if known:
        expressions.append(storage.dialect.match_stems([mark(n) for n in sorted(known)]))
    return storage.dialect.match_any(expressions), speakers, len(known)


def _or_said_by(beside: Conditions, expression: str, speakers: Conditions, *, but: bool = False) -> None:
    found = f"t.place IN (SELECT s.rowid FROM statement_search s WHERE {storage.dialect.MATCHES})"
    either = f"({' OR '.join(speakers.clauses)} OR {found})"
    # Where nobody is named as the speaker, the condition is unknown.
    beside.add(f"{either} IS NOT TRUE" if but else either, *speakers.parameters, expression)


def _term(term: Term, languages: list[str]) -> str:
    dialect = storage.dialect
    stems: list[str] = []
    phrases: list[str] = []
    for language in languages:
        if term.stemmed and tokens.has_stems(language):
            stems += _stems(list(term.words), language)
        elif not phrases:
            phrases.append(dialect.match_phrase(term.words, open=term.open))
    found: str = dialect.match_any([*phrases, *([dialect.match_stems(list(dict.fromkeys(stems)))] if stems else [])])
    return found
