"""What SQLite says of the schema of a database; and an empty database beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from peewee import Database, SqliteDatabase

# What the definition of a trigger that works begins with.
ENABLED = "CREATE TRIGGER"
# Written by SQLite itself, or of no meaning for what is stored.
_QUOTES = re.compile(r"[\"'`\[\]]")
# What the file's header says, of which nothing depends on the number of its writes.
_HEADER = ("application_id", "auto_vacuum", "encoding", "user_version")
# Of a search index (https://sqlite.org/fts5.html, section 6.11).
_FORMS = (("version", 4), ("version", 5))


def described(db: Database) -> dict[tuple[str, str, str], str]:
    """Return the definitions of all tables, indexes and triggers, of the search index's settings and the header."""
    found = {}
    for kind, table, name, text in db.execute_sql("SELECT type, tbl_name, name, sql FROM sqlite_master").fetchall():
        # Renaming a table writes its name in quotation marks.
        plain = " ".join(_QUOTES.sub("", str(text)).split())
        found[str(kind), str(table), "" if name == table else str(name)] = plain
    for name, value in db.execute_sql("SELECT k, v FROM statement_search_config").fetchall():
        # The form changes with the first word that is forgotten at once, and both forms are read alike.
        found["setting", "statement_search", str(name)] = "4 or 5" if (name, value) in _FORMS else str(value)
    for name in _HEADER:
        found["header", "file", name] = str(db.execute_sql(f"PRAGMA {name}").fetchone()[0])
    return found


@contextmanager
def scratch(db: Database) -> Iterator[Database | None]:
    """Give an empty database that is gone afterwards."""
    other = SqliteDatabase(":memory:")
    other.connect()
    try:
        yield other
    finally:
        other.close()
