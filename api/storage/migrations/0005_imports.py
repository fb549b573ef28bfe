"""How far the import of each file has come, so that one that was broken off goes on where it stopped."""

from peewee import Database
from playhouse.migrate import SchemaMigrator

from api.storage import db as storage

TABLE = """CREATE TABLE import_state (
    file {exact} PRIMARY KEY, line {int} NOT NULL, created {int} NOT NULL, updated {int} NOT NULL,
    unchanged {int} NOT NULL, failed {int} NOT NULL, rejected {int} NOT NULL,
    at {exact} NOT NULL, finished {int} NOT NULL
){strict}"""


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Make the table."""
    db.execute_sql(TABLE.format(**storage.dialect.TYPES))
