"""How far the indexes are while they are made anew; and proofs of what neither log nor documents prove."""

from peewee import Database
from playhouse.migrate import SchemaMigrator

from api.storage import db as storage
from api.storage import seals

# An older program notes the version alone, which says that nothing is under way.
STATE = (
    "step {exact} NOT NULL DEFAULT ''",
    "n {int} NOT NULL DEFAULT 0",
    "target {int} NOT NULL DEFAULT 0",
)
SEAL = "CREATE TABLE seal (name {exact} PRIMARY KEY, held {int} NOT NULL, total {int} NOT NULL){strict}"
PROVED = {
    "access_key": "id",
    "remembered_answer": "n",
    "import_state": "file",
    "visibility": "record",
    "unnoted": "seq",
}
# A statement has its number in `place` as well; of the others nothing else may have it.
NUMBERED = ("speaker", "outlet", "source", "review", "relation")


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Make the columns and the table, and fill them."""
    types = storage.dialect.TYPES
    for column in STATE:
        db.execute_sql(f"ALTER TABLE index_state ADD COLUMN {column.format(**types)}")
    for table in NUMBERED:
        db.execute_sql(f"ALTER TABLE {table} ADD COLUMN n_again {types['int']} NOT NULL DEFAULT 0")
        db.execute_sql(f"UPDATE {table} SET n_again = n")
    db.execute_sql(SEAL.format(**types))
    for table, key in PROVED.items():
        names = [column.name for column in db.get_columns(table) if column.name not in seals.SEALED[table]]
        db.execute_sql(f"ALTER TABLE {table} ADD COLUMN proof {types['exact']}")
        seals.seal_rows(db, table, names, key)
    db.execute_sql(f"ALTER TABLE access_key ADD COLUMN use_proof {types['exact']}")
    mark = storage.dialect.PLACEHOLDER
    used = db.execute_sql("SELECT id, last_used_at FROM access_key WHERE last_used_at IS NOT NULL").fetchall()
    for id, at in used:
        proof = seals.use_proof(id, at)
        db.execute_sql(f"UPDATE access_key SET use_proof = {mark} WHERE id = {mark}", (proof, id))
    db.execute_sql(f"ALTER TABLE history ADD COLUMN proof {types['exact']}")
    (epoch,) = db.execute_sql("SELECT epoch FROM history").fetchone()
    db.execute_sql(f"UPDATE history SET proof = {mark}", (seals.proof("history", {"epoch": epoch}),))
    # The name of each migration is noted by peewee's own tool; its proof follows.
    db.execute_sql(f"ALTER TABLE schema_migration ADD COLUMN proof {types['exact']}")
