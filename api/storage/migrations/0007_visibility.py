"""Which speakers and outlets are known without a key, and when what record became known or unknown."""

from peewee import Database
from playhouse.migrate import SchemaMigrator

from api.storage import db as storage

TABLE = """CREATE TABLE visibility (
    record {exact} PRIMARY KEY, type {text} NOT NULL, version {int} NOT NULL, seq {int} NOT NULL,
    known_from {int} NOT NULL
){strict}"""
# Up to which entry the log does not say of a speaker or outlet whether it was made for a record that names it.
UNNOTED = "CREATE TABLE unnoted (seq {int} PRIMARY KEY){strict}"
NAMED = ("speaker", "outlet")
# Rows that are there count as known, as they did, until the indexes are made anew, which comes next.
SHOWN = "shown {int} NOT NULL DEFAULT 0"
HIDDEN = "hidden {int} NOT NULL DEFAULT 0"


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Make the tables and the columns, and have lists be counted along an index that tells who is known."""
    types = storage.dialect.TYPES
    for table in (TABLE, UNNOTED):
        db.execute_sql(table.format(**types))
    db.execute_sql("INSERT INTO unnoted SELECT max(seq) FROM entry HAVING max(seq) > 0")
    db.execute_sql("CREATE INDEX visibility_seq ON visibility (seq)")
    for named in NAMED:
        db.execute_sql(f"ALTER TABLE {named} ADD COLUMN {SHOWN.format(**types)}")
        db.execute_sql(f"UPDATE {named} SET shown = 1")
        db.execute_sql(f"DROP INDEX {named}_created_at_id")
        db.execute_sql(f"CREATE INDEX {named}_created_at_id ON {named} (created_at, id, merged_into, shown)")
    for table in ("name", "name_word"):
        db.execute_sql(f"ALTER TABLE {table} ADD COLUMN {HIDDEN.format(**types)}")
