"""Answers that are remembered, so that a write can be repeated; and who was merged into whom."""

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
MERGING = ("speaker", "outlet")


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Make the table and its index, and the columns by which those who were merged are found and left out of lists."""
    types = storage.dialect.TYPES
    for table in TABLES:
        db.execute_sql(table.format(**types))
    for index in INDEXES:
        name = "_".join(index.replace("(", "").replace(")", "").replace(",", "").split())
        db.execute_sql(f"CREATE INDEX {name} ON {index}")
    for named in MERGING:
        # Checked at the end of a transaction, so that a backup can be read back in any order.
        later = f"REFERENCES {named} DEFERRABLE INITIALLY DEFERRED"
        db.execute_sql(f"ALTER TABLE {named} ADD COLUMN merged_into {types['int']} {later}")
        # Few are merged, so this is small; whoever is not merged costs nothing.
        db.execute_sql(f"CREATE INDEX {named}_merged ON {named} (merged_into) WHERE merged_into IS NOT NULL")
        # Lists show who is not merged, and are counted along this index without visiting the rows.
        db.execute_sql(f"DROP INDEX {named}_created_at_id")
        db.execute_sql(f"CREATE INDEX {named}_created_at_id ON {named} (created_at, id, merged_into)")
