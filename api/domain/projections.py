"""Whether what the indexes hold of each record is what its document says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import orjson

from api.domain import indexes, names, quantities, statements, words
from api.domain.kinds import Document, Kind
from api.storage import db as storage
from api.storage.db import row, rows

# So many documents are held at a time, and so many where each may have half a million characters.
_BATCH, _LONG = 200, 20
_SUM = 2**64 - 1
# What reading a document that is not what the schema made may raise.
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError)
Rows = dict[str, list[tuple[Any, ...]]]
# What tables beside hold of a record by its row number or its id, as SQL for a list of them; the key comes first.
_BESIDE: dict[str, dict[str, str]] = {
    "statement": {
        "statement_url": "SELECT statement, url FROM statement_url WHERE statement IN ({numbers})",
        "mention": "SELECT statement, record FROM mention WHERE statement IN ({numbers})",
        "topic": "SELECT statement, folded, label FROM topic WHERE statement IN ({numbers})",
        "figure": "SELECT statement, id, lower, upper, said_lower, document FROM figure WHERE statement IN ({numbers})",
        "figure_word": "SELECT f.statement, f.id, w.word FROM figure f JOIN figure_word w ON w.figure = f.n "
        "WHERE f.statement IN ({numbers})",
    },
    **{
        type: {
            "name": f"SELECT r.n, f.folded FROM name f JOIN {type} r ON r.id = f.record "
            f"WHERE f.type = '{type}' AND r.n IN ({{numbers}})",
            "name_word": f"SELECT n, word, stem FROM name_word WHERE type = '{type}' AND n IN ({{numbers}})",
        }
        for type in ("speaker", "outlet")
    },
}
# What no record has: rows of one that is gone, and words of a statement that is somewhere else.
_STRAYS = {
    **{
        table: f"SELECT statement FROM {table} f WHERE NOT EXISTS (SELECT 1 FROM statement t WHERE t.n = f.statement)"
        for table in ("statement_url", "mention", "topic", "figure")
    },
    "figure_word": "SELECT figure FROM figure_word w WHERE NOT EXISTS (SELECT 1 FROM figure f WHERE f.n = w.figure)",
    "name": "SELECT record FROM name f WHERE NOT EXISTS (SELECT 1 FROM speaker t WHERE t.id = f.record AND "
    "f.type = 'speaker') AND NOT EXISTS (SELECT 1 FROM outlet t WHERE t.id = f.record AND f.type = 'outlet')",
    "name_word": "SELECT n FROM name_word f WHERE NOT EXISTS (SELECT 1 FROM speaker t WHERE t.n = f.n AND "
    "f.type = 'speaker') AND NOT EXISTS (SELECT 1 FROM outlet t WHERE t.n = f.n AND f.type = 'outlet')",
}
# Who is merged into another is counted with that one.
_CITED = (
    "SELECT t.id FROM {type} t LEFT JOIN (SELECT coalesce(m.merged_into, m.n) AS n, count(*) AS found "
    "FROM statement c JOIN {type} m ON m.n = c.{type} WHERE c.status <> 'withheld' GROUP BY 1) s ON s.n = t.n "
    "WHERE t.cited <> coalesce(s.found, 0)"
)


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
    if kind.name == "statement" and (held := storage.indexed_sum()) != searched.sum & _SUM:
        wrong = False
        for each in _unlike_words(kind):
            wrong = True
            yield each
        if held is not None and not wrong and searched.whole:
            # Every statement's words are there, and others besides.
            yield "", "statement_search"
    if kind.name in ("speaker", "outlet"):
        for (id,) in rows(_CITED.format(type=kind.name)):
            yield id, "cited"


class _Searched:
    """What the search index should hold, summed up."""

    def __init__(self) -> None:
        self.sum = 0
        # Whether every statement could be read.
        self.whole = True

    def add(self, each: words.Indexed) -> None:
        self.sum += storage.dialect.sum_of(each.place, each.words, each.stems)


def strays() -> Iterator[tuple[str, str]]:
    """Yield each table with rows that belong to no record, and one of what they belong to."""
    for table, sql in _STRAYS.items():
        if found := row(f"{sql} LIMIT 1"):
            yield table, str(found[0])
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
    last = 0
    sql = f"SELECT n, id, document FROM {kind.name} WHERE n > ? ORDER BY n LIMIT {_LONG if kind.secret else _BATCH}"
    while found := rows(sql, (last,)):
        last = found[-1][0]
        yield [(n, id, _read(text)) for n, id, text in found]


def _unlike_of(
    kind: Kind, found: list[tuple[int, str, Document]], searched: _Searched
) -> Iterator[tuple[str | None, str]]:
    beside = _rows_beside(kind, [n for n, _, _ in found])
    for n, id, document in found:
        try:
            expected = _expected(kind, n, document)
            columns = indexes.columns_of(kind, n, document, kind.draw(document))
            if kind.name == "statement":
                searched.add(words.of(n, document))
        except _UNREADABLE:
            # The document is not what the schema made; its hash tells of that.
            searched.whole = False
            yield None, id
            continue
        wrong = sorted(_columns_unlike(kind, n, columns))
        wrong += [name for name in expected if sorted(expected[name], key=repr) != _sorted(beside[name][n])]
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
    except _UNREADABLE:
        return None


def _columns_unlike(kind: Kind, n: int, expected: dict[str, object]) -> Iterator[str]:
    stored = row(f"SELECT {', '.join(expected)} FROM {kind.name} WHERE n = ?", (n,)) or ()
    for (name, value), held in zip(expected.items(), stored, strict=True):
        if held != value:
            yield name


def _rows_beside(kind: Kind, numbers: list[int]) -> dict[str, dict[int, list[tuple[Any, ...]]]]:
    found: dict[str, dict[int, list[tuple[Any, ...]]]] = {}
    marks = ", ".join("?" * len(numbers))
    for table, sql in _BESIDE.get(kind.name, {}).items():
        found[table] = defaultdict(list)
        for n, *rest in rows(sql.format(numbers=marks), numbers) if numbers else ():
            found[table][n].append(tuple(rest))
    return found


def _expected(kind: Kind, n: int, document: Document) -> Rows:
    if kind.name == "statement":
        figures = quantities.rows_beside(document)
        return {
            **statements.rows_beside(document),
            "figure": [tuple(columns.values()) for columns, _ in figures],
            "figure_word": [(columns["id"], word) for columns, said in figures for word in said],
        }
    if kind.name in ("speaker", "outlet"):
        folded, called = names.rows_beside(*names.together(kind.name, n))
        # The names of who is merged lead to the one who stands for all, the words of the names to everyone.
        own = [] if "merged_into" in document else [(each,) for each in folded]
        return {"name": own, "name_word": list(called)}
    return {}


def _sorted(found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(found, key=repr)
