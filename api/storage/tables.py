"""The tables: which there are; their columns and keys are what the migrations made, read from the database itself."""

from __future__ import annotations

from peewee import Database

from api.storage.store import current

# Those first that others refer to. The migrations make them, and nothing but these says a column.
TABLES = (
    *("entry", "revision", "outlet", "speaker", "source", "statement"),
    *("access_key", "figure", "figure_word", "history", "import_state", "index_state", "mention", "name", "name_word"),
    *("relation", "remembered_answer", "review", "seal", "statement_url", "topic", "unnoted", "visibility"),
)


def columns(table: str) -> list[str]:
    """Return the columns of a table of the open store, in the order in which they were added."""
    known = current().columns
    if not known.get(table):
        known[table] = columns_in(current().database, table)
    return known[table]


def columns_in(database: Database, table: str) -> list[str]:
    """Return the columns that a table has in a database at this moment."""
    return [column.name for column in database.get_columns(table)]


def key(table: str) -> list[str]:
    """Return the columns that tell a table's rows apart: its key, or all of them where it has none."""
    known = current().keys
    if not known.get(table):
        known[table] = list(current().database.get_primary_keys(table)) or columns(table)
    return known[table]


def forget() -> None:
    """Ask for columns and keys anew, after the schema has changed."""
    current().columns.clear()
    current().keys.clear()
