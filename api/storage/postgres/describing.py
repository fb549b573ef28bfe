"""What PostgreSQL says of the schema of a database; and an empty schema beside it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from peewee import Database, PeeweeException

from api.settings import Settings
from api.storage.postgres.connections import open_database

# What the definition of a trigger that works begins with: that it fires at its origin.
ENABLED = "O "
# Each gives kind, table, name and definition (PostgreSQL, chapter 53).
_PARTS = (
    "SELECT 'table', c.relname, '', concat_ws(' ', c.relkind, c.relpersistence, c.relrowsecurity, c.relhasrules) "
    "FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')",
    "SELECT 'column', c.relname, a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod), l.collname, "
    "a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid)) FROM pg_class c "
    "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "LEFT JOIN pg_collation l ON l.oid = a.attcollation "
    "LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.relkind IN ('r', 'p')",
    "SELECT 'index', c.relname, i.relname, concat_ws(' ', x.indisvalid, pg_get_indexdef(i.oid)) FROM pg_class c "
    "JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid WHERE true",
    "SELECT 'constraint', c.relname, k.conname, concat_ws(' ', k.convalidated, pg_get_constraintdef(k.oid)) "
    "FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid WHERE true",
    "SELECT 'trigger', c.relname, t.tgname, concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid), p.prosrc) "
    "FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid JOIN pg_proc p ON p.oid = t.tgfoid "
    "WHERE NOT t.tgisinternal",
    # Those of references have names that nobody gave.
    "SELECT 'references', c.relname, p.proname, string_agg(t.tgenabled::text, ' ' ORDER BY t.tgenabled) "
    "FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgisinternal",
)


def described(db: Database) -> dict[tuple[str, str, str], str]:
    """Return the definitions of all tables, columns, indexes, constraints and triggers, those that are off included."""
    (schema,) = db.execute_sql("SELECT current_schema()").fetchone()
    found = {}
    for part in _PARTS:
        own = f"{part} AND c.relnamespace = current_schema()::regnamespace"
        grouped = f"{own} GROUP BY c.relname, p.proname" if "string_agg" in part else own
        for kind, table, name, text in db.execute_sql(grouped.replace("%", "%%")).fetchall():
            found[kind, table, name] = str(text).replace(f"{schema}.", "")
    return found


@contextmanager
def scratch(db: Database) -> Iterator[Database | None]:
    """Give an empty schema, of which nothing is ever committed; None where none may be made."""
    other = open_database(Settings(database=db.database))
    other.connect()
    try:
        with other.atomic() as undone:
            yield other if _begun(other) else None
            undone.rollback()
    finally:
        other.close()


def _begun(other: Database) -> bool:
    name = f"onrecord_scratch_{secrets.token_hex(8)}"
    try:
        with other.atomic():
            other.execute_sql(f"CREATE SCHEMA {name}")
    except PeeweeException:
        return False
    other.execute_sql(f"SET LOCAL search_path = {name}")
    return True
