"""Answers that are remembered, so that a write can be repeated without being done twice."""

from peewee import Database
from playhouse.migrate import SchemaMigrator

from api.storage import db as storage

TABLES = (
    """CREATE TABLE remembered_answer (
        n {key}, access_key {exact} NOT NULL, method {exact} NOT NULL, path {exact} NOT NULL, name {exact} NOT NULL,
        request {text} NOT NULL, status {int} NOT NULL, headers {text} NOT NULL, body {text} NOT NULL, nonce {text},
        at {exact} NOT NULL, UNIQUE (access_key, method, path, name)
    ){strict}""",
)
INDEXES = ("remembered_answer (at)",)


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Make the table and its index."""
    types = storage.dialect.TYPES
    for table in TABLES:
        db.execute_sql(table.format(**types))
    for index in INDEXES:
        name = "_".join(index.replace("(", "").replace(")", "").replace(",", "").split())
        db.execute_sql(f"CREATE INDEX {name} ON {index}")
