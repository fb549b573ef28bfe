"""Seals (checksums): proofs of rows that neither the log nor a document proves, each row's own and one of how many
there are.

They find what rots or was changed by hand. Whoever can write the database and knows this file can make them anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from peewee import Database

from api.storage import db as storage
from api.storage import tables
from api.storage.db import execute, insert, row, rows

# The tables, and which of their columns are no part of a row's proof, since they change without the right to write.
SEALED: dict[str, tuple[str, ...]] = {
    "access_key": ("last_used_at", "use_proof"),
    "remembered_answer": (),
    "import_state": (),
    "visibility": (),
    "unnoted": (),
}
_AT_ONCE = 500
# A sum of proofs stays below this, so that two of them are within what a database counts to.
_SUM = 2**62 - 1


def proof(table: str, values: Mapping[str, object]) -> str:
    """Return the proof of a row: SHA-256 of its table and of those of its values that are not null, by name.

    So a column that comes later and is null changes no proof.
    """
    held = sorted((name, value) for name, value in values.items() if value is not None)
    return hashlib.sha256(orjson.dumps([table, held], default=str)).hexdigest()


def use_proof(id: str, at: str) -> str:
    """Return the proof of when a key was last used, which is written without the right to write."""
    return proof("access_key", {"id": id, "last_used_at": at})


def columns(table: str) -> list[str]:
    """Return the columns of a table that the proof of a row covers."""
    return [name for name in tables.columns(table) if name not in ("proof", *SEALED[table])]


def add(table: str, values: Mapping[str, object]) -> None:
    """Insert a row with its proof, inside `writing()`."""
    own = proof(table, values)
    insert(table, {**values, "proof": own})
    _note(table, 1, weight(own))


def remove(table: str, condition: str, parameters: Sequence[object]) -> None:
    """Delete the rows that meet a condition, inside `writing()`."""
    (key,) = tables.key(table)
    found = rows(f"SELECT {key}, proof FROM {table} WHERE {condition}", parameters)
    for start in range(0, len(found), _AT_ONCE):
        some = found[start : start + _AT_ONCE]
        execute(f"DELETE FROM {table} WHERE {key} IN ({', '.join('?' * len(some))})", [each for each, _ in some])
        _note(table, -len(some), -sum(weight(own) for _, own in some))


def put(table: str, values: Mapping[str, object]) -> None:
    """Insert a row in the place of the one with its key, if there is one, inside `writing()`."""
    (key,) = tables.key(table)
    remove(table, f"{key} = ?", (values[key],))
    add(table, values)


def change(table: str, of: str, values: Mapping[str, object]) -> None:
    """Change values of the row with a key, inside `writing()`; one that was not as it should be stays so."""
    (key,) = tables.key(table)
    names = columns(table)
    found = row(f"SELECT proof, {', '.join(names)} FROM {table} WHERE {key} = ?", (of,))
    if found is None:
        return
    before, held = found[0], dict(zip(names, found[1:], strict=True))
    after = proof(table, {**held, **values}) if proof(table, held) == before else before
    changes = ", ".join(f"{name} = ?" for name in values)
    execute(f"UPDATE {table} SET {changes}, proof = ? WHERE {key} = ?", (*values.values(), after, of))
    _note(table, 0, weight(after) - weight(before))


def weight(own: object) -> int:
    """Return what a row with a proof adds to its table's sum."""
    try:
        return int(str(own)[:15], 16)
    except ValueError:
        return 0


def summed(total: int) -> int:
    """Return a sum of weights as it is noted."""
    return total & _SUM


def _note(table: str, count: int, weight: int) -> None:
    sql = (
        "INSERT INTO seal (name, held, total) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE "
        f"SET held = seal.held + excluded.held, total = (seal.total + excluded.total) & {_SUM}"
    )
    execute(sql, (table, count, summed(weight)))


def seal_rows(db: Database, table: str, names: Sequence[str], key: str) -> None:
    """Give every row of a table in a database its proof over some columns, and note how many there are."""
    mark = storage.dialect.PLACEHOLDER
    found = db.execute_sql(f"SELECT {key}, {', '.join(names)} FROM {table}").fetchall()
    total = 0
    for of, *values in found:
        own = proof(table, dict(zip(names, values, strict=True)))
        total += weight(own)
        db.execute_sql(f"UPDATE {table} SET proof = {mark} WHERE {key} = {mark}", (own, of))
    if found:
        values = (table, len(found), summed(total))
        db.execute_sql(f"INSERT INTO seal (name, held, total) VALUES ({mark}, {mark}, {mark})", values)


def seal_history(db: Database, table: str) -> None:
    """Give the migrations that were applied their proofs, as far as they have none."""
    mark = storage.dialect.PLACEHOLDER
    if "proof" in {column.name for column in db.get_columns(table)}:
        for id, *values in db.execute_sql(f"SELECT id, name, applied FROM {table} WHERE proof IS NULL").fetchall():
            own = history_proof(id, *values)
            db.execute_sql(f"UPDATE {table} SET proof = {mark} WHERE id = {mark}", (own, id))


def history_proof(id: object, name: object, applied: Any) -> str:
    """Return the proof of a migration that was applied."""
    return proof("schema_migration", {"id": id, "name": name, "applied": str(applied)})
