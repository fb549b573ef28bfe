"""Reviews and relations, and what statements are found by: more columns, topics, figures, full text."""

from peewee import Database
from playhouse.migrate import SchemaMigrator

from api.storage import db as storage

RECORD = """
    n {key}, id {exact} NOT NULL UNIQUE, version {int} NOT NULL,
    document {text} NOT NULL, salt {text} NOT NULL, created_at {exact} NOT NULL
"""
COLUMNS = (
    "form {exact} NOT NULL DEFAULT ''",
    "lang {exact} NOT NULL DEFAULT ''",
    "terms {exact} NOT NULL DEFAULT ''",
    "medium {exact}",
    "published_lower {int} NOT NULL DEFAULT 0",
    "published_upper {int} NOT NULL DEFAULT 0",
    # Where the statement's words stand in the full-text index; 0 until they are indexed.
    "place {int} NOT NULL DEFAULT 0",
)
TABLES = (
    f"CREATE TABLE review ({RECORD}, statement {{exact}} NOT NULL){{strict}}",
    f"CREATE TABLE relation ({RECORD}, subject {{exact}} NOT NULL, object {{exact}} NOT NULL){{strict}}",
    """CREATE TABLE topic (
        statement {int} NOT NULL REFERENCES statement ON DELETE CASCADE, folded {exact} NOT NULL,
        label {text} NOT NULL, PRIMARY KEY (statement, folded)
    ){strict}""",
    """CREATE TABLE figure (
        n {key}, id {exact} NOT NULL, statement {int} NOT NULL REFERENCES statement ON DELETE CASCADE,
        lower {real}, upper {real}, said_lower {int} NOT NULL, document {text} NOT NULL
    ){strict}""",
    """CREATE TABLE figure_word (
        word {exact} NOT NULL, figure {int} NOT NULL REFERENCES figure ON DELETE CASCADE,
        PRIMARY KEY (word, figure)
    ){strict}""",
    """CREATE TABLE name_word (
        type {exact} NOT NULL, word {exact} NOT NULL, stem {exact} NOT NULL, n {int} NOT NULL,
        PRIMARY KEY (type, word, n)
    ){strict}""",
    # What the indexes hold; a program with newer indexes makes them anew from the documents.
    "CREATE TABLE index_state (version {int} NOT NULL){strict}",
)
# Wide enough that counting and walking along them never visits the rows themselves.
WIDER = {
    "statement_said_lower_id": "said_lower, id, said_upper, status, kind, speaker, outlet",
    "statement_speaker_said_lower_id": "speaker, said_lower, id, said_upper, status, kind, outlet",
    "statement_outlet_said_lower_id": "outlet, said_lower, id, said_upper, status, kind, speaker",
    "statement_kind_said_lower_id": "kind, said_lower, id, said_upper, status, speaker, outlet",
}
CITED = "cited {int} NOT NULL DEFAULT 0"
INDEXES = (
    "review (created_at, id)",
    "review (statement)",
    "relation (created_at, id)",
    "relation (subject)",
    "relation (object)",
    "topic (folded, statement)",
    "figure (statement)",
    "figure (said_lower, id)",
    "figure_word (figure)",
    "name_word (type, stem)",
    "name_word (n)",
    "statement (created_at, id)",
    "statement (place)",
)


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Make the tables, columns and the search index; `onrecord migrate` then fills them from the documents."""
    types = storage.dialect.TYPES
    for column in COLUMNS:
        db.execute_sql(f"ALTER TABLE statement ADD COLUMN {column.format(**types)}")
    for named in ("speaker", "outlet"):
        db.execute_sql(f"ALTER TABLE {named} ADD COLUMN {CITED.format(**types)}")
    for table in TABLES:
        db.execute_sql(table.format(**types))
    for name, columns in WIDER.items():
        db.execute_sql(f"DROP INDEX {name}")
        db.execute_sql(f"CREATE INDEX {name} ON statement ({columns})")
    # Periods are few among dates; with an index of their own they are found beside any range of days.
    db.execute_sql("CREATE INDEX statement_periods ON statement (said_upper, said_lower) WHERE said_upper > said_lower")
    for index in INDEXES:
        name = "_".join(index.replace("(", "").replace(")", "").replace(",", "").split())
        db.execute_sql(f"CREATE INDEX {name} ON {index}")
    for statement in storage.dialect.SEARCH_TABLE:
        db.execute_sql(statement)
    db.execute_sql("INSERT INTO index_state (version) VALUES (0)")
