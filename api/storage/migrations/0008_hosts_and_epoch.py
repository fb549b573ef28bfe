"""The hosts of addresses, by which statements are found; and which history this is, which a restore changes."""

import secrets

from peewee import Database
from playhouse.migrate import SchemaMigrator

from api.storage import db as storage


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Make the column with its index, and the table with its one row, which is another in every database."""
    types = storage.dialect.TYPES
    db.execute_sql(f"ALTER TABLE statement_url ADD COLUMN host {types['exact']} NOT NULL DEFAULT ''")
    db.execute_sql("CREATE INDEX statement_url_host ON statement_url (host, statement)")
    db.execute_sql(f"CREATE TABLE history (epoch {types['exact']} NOT NULL){types['strict']}")
    db.execute_sql(f"INSERT INTO history (epoch) VALUES ('{secrets.token_hex(8)}')")
