"""Rows that were written, taken down transaction by transaction, and written once more with nothing around them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from api.domain.indexing import words
from api.settings import Settings
from api.storage import sqlite
from api.storage.db import close_database, open_database, rows
from api.storage.tables import TABLES

Transaction = list[tuple[str, list[Sequence[Any]]]]

# Those that hold no rows of records.
_OTHERS = {
    "revision",
    "access_key",
    "history",
    "import_state",
    "index_state",
    "remembered_answer",
    "review",
    "relation",
    "seal",
    "unnoted",
}
# Whose a row of a table beside is, where that is not its column `record` or `statement`.
_WHOSE = {
    "name_word": "SELECT r.id FROM speaker r WHERE r.n = t.n AND t.type = 'speaker' "
    "UNION ALL SELECT r.id FROM outlet r WHERE r.n = t.n AND t.type = 'outlet'",
    "figure_word": "SELECT r.id FROM figure f JOIN statement r ON r.n = f.statement WHERE f.n = t.figure",
    **dict.fromkeys(
        ("statement_url", "mention", "topic", "figure"), "SELECT r.id FROM statement r WHERE r.n = statement"
    ),
    **dict.fromkeys(("entry", "name", "visibility"), "t.record"),
}


def taken_down(path: Path, together: int, *, after: int = 0) -> list[Transaction]:
    """Return the rows of all records that were logged `after` an entry, as if so many statements had been written in
    each transaction, with whoever was made for them before them.
    """
    open_database(Settings(database=f"sqlite:///{path.absolute()}", query_timeout=0))
    try:
        numbers, before = {}, 0
        for id, type in rows("SELECT record, type FROM entry WHERE seq > ? ORDER BY seq", (after,)):
            numbers[id] = before // together
            before += type == "statement"
        found: dict[int, Transaction] = defaultdict(list)
        for sql, of in _tables():
            parts: dict[int, list[Sequence[Any]]] = defaultdict(list)
            for id, row in of:
                if id in numbers:
                    parts[numbers[id]].append(row)
            for number, part in parts.items():
                found[number].append((sql, part))
        return [found[number] for number in sorted(found)]
    finally:
        close_database()


def _tables() -> Iterator[tuple[str, Iterator[tuple[str, Sequence[Any]]]]]:
    """Yield the statement that fills each table, and its rows with the ids of the records that they belong to."""
    for table in sorted(set(TABLES) - _OTHERS, key=_order):
        columns = [name for _, name, *_ in rows(f"PRAGMA table_info({table})")]
        whose = _WHOSE.get(table, "t.id")
        found = rows(f"SELECT ({whose}), {', '.join(f't.{name}' for name in columns)} FROM {table} t ORDER BY t.rowid")
        marks = ", ".join("?" * len(columns))
        yield f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", ((row[0], row[1:]) for row in found)
    yield sqlite.INDEX_WORDS, iter(sorted(_searched(), key=lambda each: each[1][0]))


def _order(table: str) -> int:
    first = ("entry", "outlet", "speaker", "source", "statement", "figure")
    return first.index(table) if table in first else len(first)


def _searched() -> Iterator[tuple[str, Sequence[Any]]]:
    for n, id, text in rows("SELECT n, id, document FROM statement"):
        held = words.of(n, orjson.loads(text))
        yield id, sqlite.search_row(held.place, " ".join(held.words), " ".join(held.stems))


def written(path: Path, transactions: list[Transaction], most: float, *, much: bool = False) -> list[float]:
    """Write transactions, for at most so many seconds, on a connection with the service's settings, or with those of
    an import if it is `much`; return when each was done, in seconds from the beginning.
    """
    database = sqlite.open_database(Settings(database=f"sqlite:///{path.absolute()}", query_timeout=0))
    connection = database.connection()
    connection.isolation_level = None
    if much:
        sqlite.expect_much(database)
    times: list[float] = []
    began = time.perf_counter()
    for each in transactions:
        connection.execute("BEGIN IMMEDIATE")
        for sql, found in each:
            connection.executemany(sql, found)
        connection.execute("COMMIT")
        times.append(time.perf_counter() - began)
        if times[-1] > most:
            break
    connection.close()
    return times
