"""The tables beside records (secondary index tables), whose rows are drawn from the records' documents: each kind
declares its own.

Writing removes rows by that, `reindex` makes them anew, `verify` compares them, and backups leave them out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.domain.core.kinds import KINDS, Beside, Kind
from api.storage import db as storage
from api.storage import tables as columns
from api.storage.db import execute, rows

_AT_ONCE = 500


def by_number(table: str, type: str, holds: str) -> Beside:
    """Return the declaration of a table with the numbers of records of a kind, in a column of the kind's name."""
    return Beside(
        table,
        f"{type} IN ({{numbers}})",
        f"SELECT {type}, {holds} FROM {table}",
        f"NOT EXISTS (SELECT 1 FROM {type} r WHERE r.n = {table}.{type})",
    )


def tables() -> list[str]:
    """Return the names of all tables beside records."""
    return list(dict.fromkeys(each.table for kind in KINDS for each in kind.tables.declared))


def forget(kind: Kind, numbers: Sequence[int]) -> None:
    """Remove all rows beside the records with these numbers."""
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        for each in kind.tables.declared:
            execute(f"DELETE FROM {each.table} WHERE {each.of.format(numbers=_marks(some))}", some)


def held(each: Beside, numbers: Sequence[int]) -> list[tuple[Any, ...]]:
    """Return what a table holds of the records with these numbers, each row after the number of its record."""
    sql = f"{each.held} WHERE {each.of.format(numbers=_marks(numbers))}"
    return rows(sql, numbers) if numbers else []


def strays() -> list[tuple[str, tuple[str, ...], str]]:
    """Return every table beside, the columns of its key, and the condition by which a row of it is nobody's."""
    found: dict[str, str] = {}
    for kind in KINDS:
        for each in kind.tables.declared:
            others = (
                f"type NOT IN ({', '.join(repr(kind.name) for kind in _sharing(each.table))})" if each.typed else ""
            )
            lost = f"type = '{kind.name}' AND {each.lost}" if each.typed else each.lost
            found[each.table] = " OR ".join(filter(None, [found.get(each.table, others), lost]))
    keys = {table: tuple(columns.key(table)) for table in found}
    words = [("statement_search", ("rowid",), storage.dialect.LOST_WORDS)] if storage.dialect.LOST_WORDS else []
    return [*((table, keys[table], lost) for table, lost in found.items()), *words]


def _sharing(table: str) -> list[Kind]:
    return [kind for kind in KINDS if any(each.table == table for each in kind.tables.declared)]


def _marks(numbers: Sequence[int]) -> str:
    return ", ".join("?" * len(numbers))
