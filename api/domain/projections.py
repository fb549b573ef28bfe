"""Whether what the indexes hold of each record is what its document says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import orjson

from api.domain import indexes, names, quantities, statements, words
from api.domain.kinds import Document, Kind
from api.storage import db as storage
from api.storage.db import db, row, rows

# So many documents are held at a time; a source may have half a million characters.
_BATCH = 200
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
_CITED = (
    "SELECT t.id FROM {type} t LEFT JOIN (SELECT {type} AS n, count(*) AS found FROM statement "
    "WHERE status <> 'withheld' GROUP BY {type}) s ON s.n = t.n WHERE t.cited <> coalesce(s.found, 0)"
)


def unlike(kind: Kind) -> Iterator[tuple[str | None, str]]:
    """Yield the id of each record of a kind whose index values are not those of its document, and which they are.

    The id is None where the document cannot be read, which is for the log to notice. `_BATCH` records are held at
    a time.
    """
    last = 0
    while found := rows(f"SELECT n, id, document FROM {kind.name} WHERE n > ? ORDER BY n LIMIT {_BATCH}", (last,)):
        last = found[-1][0]
        readable = [(n, id, _read(text)) for n, id, text in found]
        yield from _unlike_of(kind, readable)
    if kind.name in ("speaker", "outlet"):
        for (id,) in rows(_CITED.format(type=kind.name)):
            yield id, "cited"


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


def _unlike_of(kind: Kind, found: list[tuple[int, str, Document]]) -> Iterator[tuple[str | None, str]]:
    beside = _rows_beside(kind, [n for n, _, _ in found])
    placed = []
    for n, id, document in found:
        try:
            expected = _expected(kind, document)
            wrong = sorted(_columns_unlike(kind, n, document))
            wrong += [name for name in expected if sorted(expected[name], key=repr) != _sorted(beside[name][n])]
            if kind.name == "statement":
                searched = words.of(n, document)
                placed.append((id, searched))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            # The document is not what the schema made; its hash tells of that.
            yield None, id
            continue
        if wrong:
            yield id, ", ".join(wrong)
    yield from _unlike_words(placed)


def _unlike_words(placed: list[tuple[str, words.Indexed]]) -> Iterator[tuple[str, str]]:
    asked = [(each.place, each.words, each.stems) for _, each in placed]
    lacking = set(storage.dialect.unlike_words(db, asked)) if asked else set()
    yield from ((id, "statement_search") for id, each in placed if each.place in lacking)


def _columns_unlike(kind: Kind, n: int, document: Document) -> Iterator[str]:
    expected = indexes.columns_of(kind, document)
    if kind.name == "statement":
        expected["place"] = words.of(n, document).place
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


def _expected(kind: Kind, document: Document) -> Rows:
    if kind.name == "statement":
        figures = quantities.rows_beside(document)
        return {
            **statements.rows_beside(document),
            "figure": [tuple(columns.values()) for columns, _ in figures],
            "figure_word": [(columns["id"], word) for columns, said in figures for word in said],
        }
    if kind.name in ("speaker", "outlet"):
        folded, called = names.rows_beside(document)
        return {"name": [(each,) for each in folded], "name_word": list(called)}
    return {}


def _sorted(found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(found, key=repr)
