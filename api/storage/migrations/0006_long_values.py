"""Indexes by the beginning of a value, however long that is; and texts that are compared by their code points."""

from peewee import Database
from playhouse.migrate import SchemaMigrator

from api.storage import db as storage
from api.storage.tables import TABLES as ALL

# Without the keys that held whole values; the order is that in which rows are found by the record they are of.
TABLES = {
    "statement_url": """
        statement {int} NOT NULL REFERENCES statement ON DELETE CASCADE, url {exact} NOT NULL""",
    "name": "type {text} NOT NULL, folded {exact} NOT NULL, record {exact} NOT NULL",
}
INDEXES = {
    "statement_url_statement": "statement_url (statement)",
    "statement_url_beginning": "statement_url ({beginning}, statement)",
    "name_record": "name (record)",
    "name_beginning": "name (type, {beginning})",
}
LONG = {"statement_url_beginning": "url", "name_beginning": "folded"}


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Make both tables anew, since SQLite cannot take a key away, and fill them from the old ones."""
    types = storage.dialect.TYPES
    for table, columns in TABLES.items():
        db.execute_sql(f"CREATE TABLE {table}_anew ({columns.format(**types)}){types['strict']}")
        db.execute_sql(f"INSERT INTO {table}_anew SELECT * FROM {table}")
        db.execute_sql(f"DROP TABLE {table}")
        db.execute_sql(f"ALTER TABLE {table}_anew RENAME TO {table}")
    for name, index in INDEXES.items():
        beginning = storage.beginning(LONG.get(name, ""))
        db.execute_sql(f"CREATE INDEX {name} ON {index.format(beginning=beginning)}")
    for statement in storage.dialect.compare_by_code_points(db, ALL):
        db.execute_sql(statement)
