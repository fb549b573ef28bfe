"""The log, the four first record types with their columns, the names they are found by, and keys."""

from peewee import Database
from playhouse.migrate import SchemaMigrator

from api.storage import db as storage

RECORD = """
    n {key}, id {exact} NOT NULL UNIQUE, version {int} NOT NULL,
    document {text} NOT NULL, salt {text} NOT NULL, created_at {exact} NOT NULL
"""

TABLES = (
    """CREATE TABLE entry (
        seq {int} PRIMARY KEY, at {exact} NOT NULL, op {text} NOT NULL, type {text} NOT NULL,
        record {exact} NOT NULL, version {int} NOT NULL, by {text} NOT NULL, note {text},
        sha256 {text} NOT NULL, hash {text} NOT NULL, UNIQUE (record, version)
    ){strict}""",
    """CREATE TABLE revision (
        record {exact} NOT NULL, version {int} NOT NULL, document {text} NOT NULL, salt {text} NOT NULL,
        PRIMARY KEY (record, version)
    ){strict}""",
    f"CREATE TABLE speaker ({RECORD}, reference {{text}} NOT NULL){{strict}}",
    f"CREATE TABLE outlet ({RECORD}, reference {{text}} NOT NULL){{strict}}",
    f"CREATE TABLE source ({RECORD}, url {{text}} NOT NULL, outlet {{int}} REFERENCES outlet){{strict}}",
    f"""CREATE TABLE statement ({RECORD},
        kind {{text}} NOT NULL, status {{text}} NOT NULL,
        speaker {{int}} REFERENCES speaker, outlet {{int}} NOT NULL REFERENCES outlet,
        said_lower {{int}} NOT NULL, said_upper {{int}} NOT NULL,
        external_id {{exact}} UNIQUE, fingerprint {{int}} NOT NULL, mentions {{int}} NOT NULL
    ){{strict}}""",
    """CREATE TABLE statement_url (
        statement {int} NOT NULL REFERENCES statement ON DELETE CASCADE, url {exact} NOT NULL,
        PRIMARY KEY (statement, url)
    ){strict}""",
    """CREATE TABLE mention (
        statement {int} NOT NULL REFERENCES statement ON DELETE CASCADE, record {exact} NOT NULL,
        PRIMARY KEY (statement, record)
    ){strict}""",
    """CREATE TABLE name (
        type {text} NOT NULL, folded {exact} NOT NULL, record {exact} NOT NULL,
        PRIMARY KEY (type, folded, record)
    ){strict}""",
    """CREATE TABLE access_key (
        id {exact} PRIMARY KEY, name {text} NOT NULL, sha256 {exact} NOT NULL UNIQUE, scopes {text} NOT NULL,
        created_at {exact} NOT NULL, expires_at {exact}, revoked_at {exact}, last_used_at {exact}
    ){strict}""",
)

INDEXES = (
    "statement (said_lower, id)",
    "statement (speaker, said_lower, id)",
    "statement (outlet, said_lower, id)",
    "statement (kind, said_lower, id)",
    "statement (fingerprint)",
    "speaker (created_at, id)",
    "outlet (created_at, id)",
    "source (created_at, id)",
    "source (outlet)",
    "mention (record)",
    "name (record)",
)


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Make the tables and their indexes, and have the database itself guard the log and the history."""
    types = storage.dialect.TYPES
    for table in TABLES:
        db.execute_sql(table.format(**types))
    for index in INDEXES:
        name = "_".join(index.replace("(", "").replace(")", "").replace(",", "").split())
        db.execute_sql(f"CREATE INDEX {name} ON {index}")
    # Rows of `revision` may go, since the law can ask for an erasure; they may never be rewritten.
    guards = storage.dialect.append_only("entry", ("UPDATE", "DELETE", "TRUNCATE"))
    guards += storage.dialect.append_only("revision", ("UPDATE",))
    for statement in guards:
        db.execute_sql(statement)
