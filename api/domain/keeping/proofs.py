"""Whether what neither the log nor a document proves is as it was written: by seals, and by what migrations make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.domain.keeping import indexes
from api.storage import seals, tables
from api.storage.db import row, rows, walk
from api.storage.migrating import HISTORY, known

_BATCH = 200


def unproved() -> Iterator[tuple[str | None, str]]:
    """Yield what is wrong with rows that are sealed, in words, after the key of the row where it is one row alone.

    Inside `inspection()`.
    """
    for table in seals.SEALED:
        yield from _rows(table)
    yield from _last_uses()
    strange = rows(f"SELECT name FROM seal WHERE name NOT IN ({', '.join('?' * len(seals.SEALED))})", [*seals.SEALED])
    for (name,) in strange:
        yield str(name), f"The table seal has a row {name!r}, which no table has"


def _rows(table: str) -> Iterator[tuple[str | None, str]]:
    names = seals.columns(table)
    (key,) = tables.key(table)
    count, total = 0, 0
    for batch in walk(f"SELECT {key}, proof, {', '.join(names)} FROM {table} ORDER BY {key}", (), _BATCH):
        for of, own, *values in batch:
            count, total = count + 1, total + seals.weight(own)
            if _proof(table, dict(zip(names, values, strict=True))) != own:
                yield str(of), f"The row {of!r} of {table} is not what was written"
    held = row("SELECT held, total FROM seal WHERE name = ?", (table,)) or (0, 0)
    if held[0] != count:
        yield None, f"The table {table} has {count} rows, where {held[0]} were written"
    elif held[1] != seals.summed(total):
        yield None, f"The rows of {table} are not those that were written"


def _proof(table: str, values: dict[str, Any]) -> str | None:
    try:
        return seals.proof(table, values)
    except (TypeError, ValueError):
        # What is no text any more has no JSON.
        return None


def _last_uses() -> Iterator[tuple[str, str]]:
    for id, used, own in rows("SELECT id, last_used_at, use_proof FROM access_key"):
        try:
            right = own == (seals.use_proof(id, used) if used is not None else None)
        except (TypeError, ValueError):
            right = False
        if not right:
            yield str(id), f"When the access key {id!r} was last used is not what was written"


def history() -> Iterator[str]:
    """Yield what is wrong with the list of applied migrations, in words."""
    found = rows(f"SELECT id, name, applied, proof FROM {HISTORY} ORDER BY id")
    names = [name for _, name, _, _ in found]
    for each in sorted({*known()} ^ {str(name) for name in names}):
        state = "not applied" if each in known() else "none that this program knows"
        yield f"By the table {HISTORY} the migration {each!r} is {state}"
    for id, name, applied, own in found:
        try:
            right = own == seals.history_proof(id, name, applied)
        except (TypeError, ValueError):
            right = False
        if not right:
            yield f"What {HISTORY} says of the migration {name!r} is not what was written"


def index_state() -> Iterator[str]:
    """Yield what is wrong with what is noted of the indexes, in words."""
    found = rows("SELECT version, step, n, target FROM index_state")
    if len(found) != 1:
        yield f"The table index_state has {len(found)} rows instead of one"
        return
    version, step, n, target = found[0]
    under_way = any(step == each.name for each in indexes.steps()) and target == indexes.VERSION
    if not (version == indexes.VERSION or (under_way and version < indexes.VERSION)):
        yield f"The table index_state says that the indexes are of version {version}, not {indexes.VERSION}"
    if not under_way and (step, n, target) != ("", 0, 0):
        yield "What the table index_state says of indexes that are made anew cannot be"
