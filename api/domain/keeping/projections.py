"""Index consistency: whether what the indexes hold of each record is what its document says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import orjson

from api.domain.core.kinds import Document, Kind
from api.domain.indexing import beside, citations, publicity, words
from api.domain.keeping import indexes
from api.storage import db as storage
from api.storage.db import row, rows

# So many documents are held at a time, and so many where each may have half a million characters.
_BATCH, _LONG = 200, 20
_SUM = 2**64 - 1


class _Searched:
    """What the search index should hold, summed up."""

    def __init__(self) -> None:
        self.sum = 0
        self.count = (0, 0, 0)
        # Whether every statement could be read.
        self.whole = True

    def add(self, each: words.Indexed) -> None:
        self.sum += storage.dialect.sum_of(each.place, each.words, each.stems)
        rows, words, stems = self.count
        self.count = rows + 1, words + len(each.words), stems + len(each.stems)


def unlike(kind: Kind) -> Iterator[tuple[str | None, str]]:
    """Yield the id of each record of a kind whose index values are not those of its document, and which they are.

    The id is None where the document cannot be read, which is for the log to notice; what follows is its id then. It
    is empty for what is in the search index and no statement has. Where the database has no sum of the search index,
    it is compared word by word.
    `_BATCH` records are held at a time.
    """
    searched = _Searched()
    for found in _batches(kind):
        yield from _unlike_of(kind, found, searched)
    if kind.searched:
        yield from _unlike_index(kind, searched)
    if kind.party:
        for id in citations.miscounted(kind.name):
            yield id, "cited"
        for id in publicity.mistaken(kind.name):
            yield id, "shown"


def _unlike_index(kind: Kind, searched: _Searched) -> Iterator[tuple[str, str]]:
    held = storage.indexed_sum()
    if held == searched.sum & _SUM:
        if searched.whole and storage.counted() != searched.count:
            yield "", "statement_search"
        return
    wrong = False
    for each in _unlike_words(kind):
        wrong = True
        yield each
    if held is not None and not wrong and searched.whole:
        # Every statement's words are there, and others besides.
        yield "", "statement_search"


def strays() -> Iterator[tuple[str, str]]:
    """Yield each table with rows that belong to no record, and one of what they belong to."""
    for id in publicity.strays():
        yield "visibility", id
    for table, keys, lost in beside.strays():
        if found := row(f"SELECT {', '.join(keys)} FROM {table} WHERE {lost} LIMIT 1"):
            yield table, ", ".join(map(str, found))
    if storage.dialect.LOST_WORDS:
        return
    expression = storage.dialect.match_stems([words.EVERY])
    searched = f"SELECT s.rowid FROM statement_search s WHERE {storage.dialect.MATCHES}"
    lost = f"{searched} AND s.rowid NOT IN (SELECT place FROM statement) LIMIT 1"
    if found := row(lost, (expression,)):
        yield "statement_search", str(found[0])


def _read(text: Any) -> Document:
    """Return a document, an empty one where it cannot be read."""
    try:
        document = orjson.loads(text)
    except (ValueError, TypeError):
        document = {}
    return document if isinstance(document, dict) else {}


def _batches(kind: Kind) -> Iterator[list[tuple[int, str, Document]]]:
    last, size = 0, _LONG if kind.public.secret else _BATCH
    sql = f"SELECT n, id, document FROM {kind.name} WHERE n > ? ORDER BY n LIMIT {size}"
    while found := rows(sql, (last,)):
        last = found[-1][0]
        yield [(n, id, _read(text)) for n, id, text in found]


def _unlike_of(
    kind: Kind, found: list[tuple[int, str, Document]], searched: _Searched
) -> Iterator[tuple[str | None, str]]:
    held = _rows_beside(kind, [n for n, _, _ in found])
    for n, id, document in found:
        try:
            expected = kind.tables.rows(n, document)
            columns = indexes.columns_of(kind, n, document, kind.draw(document))
            if kind.searched:
                searched.add(words.of(n, document))
        except indexes.UNREADABLE:
            # The document is not what the schema made; its hash tells of that.
            searched.whole = False
            yield None, id
            continue
        wrong = sorted(_columns_unlike(kind, n, columns))
        wrong += [name for name in expected if sorted(expected[name], key=repr) != _sorted(held[name][n])]
        if wrong:
            yield id, ", ".join(wrong)


def _unlike_words(kind: Kind) -> Iterator[tuple[str, str]]:
    """Yield each statement of which the search index does not hold the words."""
    for found in _batches(kind):
        placed = [(id, held) for n, id, document in found if (held := _words(n, document))]
        asked = [(each.place, each.words, each.stems) for _, each in placed]
        lacking = set(storage.unlike_words(asked)) if asked else set()
        yield from ((id, "statement_search") for id, each in placed if each.place in lacking)


def _words(n: int, document: Document) -> words.Indexed | None:
    try:
        return words.of(n, document)
    except indexes.UNREADABLE:
        return None


def _columns_unlike(kind: Kind, n: int, expected: dict[str, object]) -> Iterator[str]:
    stored = row(f"SELECT {', '.join(expected)} FROM {kind.name} WHERE n = ?", (n,)) or ()
    for (name, value), held in zip(expected.items(), stored, strict=True):
        if held != value:
            yield name


def _rows_beside(kind: Kind, numbers: list[int]) -> dict[str, dict[int, list[tuple[Any, ...]]]]:
    found: dict[str, dict[int, list[tuple[Any, ...]]]] = {}
    for each in kind.tables.declared:
        found[each.table] = defaultdict(list)
        for n, *rest in beside.held(each, numbers):
            found[each.table][n].append(tuple(rest))
    return found


def _sorted(found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(found, key=repr)
