"""A search index that forgets words at once, so that an erased record leaves none of its words in the file."""

from peewee import Database
from playhouse.migrate import SchemaMigrator

from api.storage import db as storage


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Set the option, which the index keeps; what it has only marked so far goes when it is made anew."""
    storage.dialect.forget_words_at_once(db)
