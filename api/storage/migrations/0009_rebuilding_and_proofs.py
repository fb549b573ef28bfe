"""How far the indexes are while they are made anew; and proofs of what neither log nor documents prove."""

from peewee import Database
from playhouse.migrate import SchemaMigrator

from api.storage import db as storage

# An older program notes the version alone, which says that nothing is under way.
STATE = (
    "step {exact} NOT NULL DEFAULT ''",
    "n {int} NOT NULL DEFAULT 0",
    "target {int} NOT NULL DEFAULT 0",
)


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Make the columns."""
    types = storage.dialect.TYPES
    for column in STATE:
        db.execute_sql(f"ALTER TABLE index_state ADD COLUMN {column.format(**types)}")
